//! The edges of Expressway: Core to CUCM, IM and Presence and Unity Connection and back, Core with Edge, clients to Edge.
//! Source: expressway §2.3, §3, §7, §8.
// claim: EXPRESSWAY-TRUST-LIST, EXPRESSWAY-NAME-CHECK, EXPRESSWAY-ENFORCES

mod facts;
mod traversal;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Appliance, Certificate, ClusterName, Fingerprint, KeyAlgorithm, Listener, NodeName,
    Observation, Observed, Port, Purpose, ServedChain, Store,
};

pub use facts::facts;

use super::site::face;
use super::{
    Anchors, Basis, Edge, Face, Holdings, Leg, NameCheck, Party, Profile, Side, Site, Usage,
};
use traversal::{TUNNELS, ZONE, sign_in, traversal};

/// A release of Expressway, such as (14, 2, 5).
pub type ExpresswayRelease = (u32, u32, u32);

/// The trusted CA list of a peer, as plans and observations call it.
pub const TRUSTED_LIST: &str = "trusted-ca";
/// The first release with a client certificate of its own. Source: expressway §2.4; claim EXPRESSWAY-CLIENT-STORE.
pub(super) const OWN_CLIENT_FROM: ExpresswayRelease = (15, 5, 0);

/// The first release whose traffic server verifies every request, whatever the TLS verify mode. Source: expressway §7
/// (TAC-MRA says 14.0.8, the release note 14.2.0).
const VERIFIES_FROM: ExpresswayRelease = (14, 0, 8);
/// The first release that shows its certificate to CUCM. Source: expressway §7.
const SHOWS_FROM: ExpresswayRelease = (14, 0, 2);
/// The port of CUCM's SIP with OAuth. Source: expressway §7.
const OAUTH: u16 = 5091;

const SERVERS: Basis = Basis::Documented("expressway §7: what Expressway-C verifies");
const BACK: Basis =
    Basis::Documented("expressway §7: from X14.0.2 Expressway-C shows its certificate to CUCM");
const RELEASE: Basis = Basis::Assumed(
    "the release of this Expressway was not observed, and not every one verifies this",
);
const PREFERENCE: Basis = Basis::Assumed(
    "which kind of key this Expressway prefers was not observed, and it may take the other",
);
const UNITY: Basis =
    Basis::Assumed("no interface tells which clusters of Unity Connection this Expressway serves");
const MIXED: Basis = Basis::Assumed(
    "used only where phones or trunks are secure towards Expressway, which nobody observed",
);

/// One peer, as its own answers tell.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Its release.
    pub release: Observed<ExpresswayRelease>,
    /// Its trusted CA list, in the order of the list.
    pub trusted: Observed<Vec<Fingerprint>>,
    /// What it presents as a server.
    pub server: Observed<ServedChain>,
    /// What it presents as a client; before X15.5 the same.
    pub client: Observed<ServedChain>,
    /// The kind of key its traffic server prefers: ECDSA when fresh from X14.2, RSA when upgraded from 14.0 and later.
    pub prefers: Observed<KeyAlgorithm>,
    /// Whether its traffic server verifies at all (`VerifyOriginServer`). Unknown counts as the default, on.
    // claim: EXPRESSWAY-VERIFY-ORIGIN-SWITCH
    pub verifies_origin: Observed<bool>,
}

/// All that the edges need to know of one Core and one Edge cluster that belong together.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The peers of Expressway-C, each with its cluster.
    pub core: BTreeMap<(ClusterName, NodeName), Peer>,
    /// The peers of Expressway-E.
    pub edge: BTreeMap<(ClusterName, NodeName), Peer>,
    /// Certificates seen on them, read together, that the site does not have otherwise.
    pub certificates: BTreeMap<Fingerprint, Certificate>,
    /// The clusters that Expressway-C was told of.
    pub serves: BTreeSet<ClusterName>,
    /// The name by which CUCM advertises a node (System > Server); a node that is not here is known by its own name.
    pub advertised: BTreeMap<NodeName, Observed<String>>,
    /// No traversal zone is one of Unified Communications, so that there are no SSH tunnels beside it.
    pub without_tunnels: bool,
    /// The peer addresses of the traversal zone on Expressway-C.
    pub peer_addresses: Observed<BTreeSet<String>>,
    /// The TLS verify subject name of the traversal zone on Expressway-E.
    pub verify_subject: Observed<String>,
    /// The domains of Expressway-E under which clients sign in.
    pub domains: Observed<BTreeSet<String>>,
}

/// Adds the peers to a site, and gives every edge that has to do with them.
pub fn join<'a>(site: &mut Site<'a>, observation: &Observation, facts: &'a Facts) -> Vec<Edge> {
    site.pool.join(&facts.certificates);
    for ((cluster, name), peer) in facts.core.iter().chain(&facts.edge) {
        let holdings = holdings(peer, site);
        site.parties.insert(Party::node(cluster, name), holdings);
    }
    legs(observation, facts)
}

/// The same for every pair of clusters that belong together; what two pairs share is one edge.
pub fn join_all<'a>(
    site: &mut Site<'a>,
    observation: &Observation,
    facts: &'a [Facts],
) -> Vec<Edge> {
    let mut met = BTreeSet::new();
    let edges = facts.iter().flat_map(|pair| join(site, observation, pair));
    edges.filter(|edge| met.insert(edge.clone())).collect()
}

fn holdings(peer: &Peer, site: &Site<'_>) -> Holdings {
    let anchors = peer
        .trusted
        .clone()
        .map(|entries| Anchors::of(&entries, &site.pool));
    let rsa = |port| Face::Port(port, KeyAlgorithm::Rsa);
    let server = [rsa(ZONE), rsa(TUNNELS), rsa(Port::Soap.standard())]
        .map(|face| (face, peer.server.clone()));
    Holdings {
        presents: server
            .into_iter()
            .chain([(Face::Client, peer.client.clone())])
            .collect(),
        stores: [(Store::from(TRUSTED_LIST), anchors)].into(),
        read: peer.trusted.clone().map(|_| ()),
    }
}

/// Every edge that has to do with Expressway.
pub fn legs(observation: &Observation, facts: &Facts) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (core, peer) in &facts.core {
        for cluster in &facts.serves {
            let Some(state) = observation.clusters.get(cluster) else {
                continue;
            };
            for (node, seen) in &state.nodes {
                let server = Server {
                    at: Party::node(cluster, node),
                    appliance: Appliance::of(state.product, seen.role),
                    name: advertised(facts, node),
                };
                let answers = |port, key| match seen.served.get(&Listener { port, key }) {
                    Some(Observed::Absent) => false,
                    Some(Observed::Present(_) | Observed::Unknown(_)) => true,
                    None => key == KeyAlgorithm::Rsa,
                };
                edges.extend(to_server(core, peer, &server, answers));
            }
        }
        for (edge, other) in &facts.edge {
            edges.extend(traversal(facts, core, (edge, other)));
        }
    }
    edges.extend(facts.edge.keys().flat_map(|edge| sign_in(facts, edge)));
    edges
}

/// A server that clients reach through Expressway-C.
struct Server {
    at: Party,
    appliance: Appliance,
    name: NameCheck,
}

type At = (ClusterName, NodeName);

fn party((cluster, node): &At) -> Party {
    Party::node(cluster, node)
}

fn advertised(facts: &Facts, node: &NodeName) -> NameCheck {
    match facts.advertised.get(node) {
        None => one_of([node.as_str()], true),
        Some(Observed::Present(name)) => one_of([name.as_str()], true),
        Some(Observed::Absent) => NameCheck::Unknown("CUCM advertises no name for it".to_owned()),
        Some(Observed::Unknown(why)) => NameCheck::Unknown(why.clone()),
    }
}

fn one_of<'n>(names: impl IntoIterator<Item = &'n str>, common_name: bool) -> NameCheck {
    NameCheck::AnyOf {
        names: names.into_iter().map(str::to_owned).collect(),
        common_name,
    }
}

/// Whether a peer does something since a release, and how sure that is.
fn since(peer: &Peer, from: ExpresswayRelease, basis: &Basis) -> Option<Basis> {
    match peer.release.present() {
        Some(release) if *release < from => None,
        Some(_) => Some(basis.clone()),
        None => Some(RELEASE),
    }
}

fn to_server(
    core: &At,
    peer: &Peer,
    server: &Server,
    answers: impl Fn(Port, KeyAlgorithm) -> bool,
) -> Vec<Edge> {
    let mut edges = Vec::new();
    let base = |port: u16, leg, face, key, basis| Edge {
        from: party(core),
        to: server.at.clone(),
        port: Some(port),
        leg,
        verifier: Side::Connecting,
        store: TRUSTED_LIST.into(),
        whole_chain: false,
        name: NameCheck::Nothing,
        key,
        face,
        profile: Profile::Expressway,
        usages: [Usage::ServerAuth].into(),
        basis,
    };
    // Names are compared by the traffic server only; 7400 and 5061 are not its traffic (I).
    let https: &[Port] = match server.appliance {
        Appliance::Cucm => &[Port::Soap, Port::Tftp],
        Appliance::ImPresence | Appliance::UnityConnection => &[Port::Soap],
        Appliance::ExpresswayC | Appliance::ExpresswayE => &[],
    };
    for port in https {
        let basis = match server.appliance {
            Appliance::UnityConnection => &UNITY,
            _ => &SERVERS,
        };
        let off = peer.verifies_origin == Observed::Present(false);
        let Some(basis) = since(peer, VERIFIES_FROM, basis).filter(|_| !off) else {
            continue;
        };
        for (key, basis) in keys(peer, &basis, |key| answers(*port, key)) {
            let shown = face(*port, key);
            let edge = base(port.standard(), Leg::TrafficServer, shown, key, basis);
            edges.push(Edge {
                name: server.name.clone(),
                ..edge
            });
        }
    }
    let rsa = KeyAlgorithm::Rsa;
    match server.appliance {
        Appliance::Cucm => {
            let sip = Port::Sip.standard();
            if answers(Port::Sip, rsa) {
                edges.push(base(sip, Leg::Sip, face(Port::Sip, rsa), rsa, MIXED));
            }
            let stored = Face::Stored(Purpose::from("CallManager"));
            edges.push(base(OAUTH, Leg::Sip, stored, rsa, MIXED));
        }
        Appliance::ImPresence if answers(Port::Xmpp, rsa) => {
            let shown = face(Port::Xmpp, rsa);
            edges.push(base(Port::Xmpp.standard(), Leg::Xmpp, shown, rsa, SERVERS));
        }
        _ => {}
    }
    edges.extend(shown_back(core, peer, server));
    edges
}

/// One edge for the kind of key that is preferred and presented; both, and neither for sure, where nobody knows.
fn keys(
    peer: &Peer,
    basis: &Basis,
    answers: impl Fn(KeyAlgorithm) -> bool,
) -> Vec<(KeyAlgorithm, Basis)> {
    let both = [KeyAlgorithm::Ec, KeyAlgorithm::Rsa];
    let there: Vec<KeyAlgorithm> = both.into_iter().filter(|key| answers(*key)).collect();
    match (peer.prefers.present(), there.as_slice()) {
        (_, [only]) => vec![(*only, basis.clone())],
        (Some(key), _) => there
            .into_iter()
            .filter(|one| one == key)
            .map(|one| (one, basis.clone()))
            .collect(),
        (None, _) => there.into_iter().map(|one| (one, PREFERENCE)).collect(),
    }
}

/// What Core shows when it connects, verified by the server with its own stores.
fn shown_back(core: &At, peer: &Peer, server: &Server) -> Vec<Edge> {
    let (stores, port, leg): (&[&str], _, _) = match server.appliance {
        Appliance::Cucm => (
            &["tomcat-trust", "CallManager-trust"],
            Port::Tftp,
            Leg::TrafficServer,
        ),
        Appliance::ImPresence => (&["cup-xmpp-trust", "tomcat-trust"], Port::Xmpp, Leg::Xmpp),
        Appliance::UnityConnection | Appliance::ExpresswayC | Appliance::ExpresswayE => {
            return Vec::new();
        }
    };
    let Some(basis) = since(peer, SHOWS_FROM, &BACK) else {
        return Vec::new();
    };
    let edges = stores.iter().map(|store| Edge {
        from: party(core),
        to: server.at.clone(),
        port: Some(port.standard()),
        leg,
        verifier: Side::Listening,
        store: (*store).into(),
        whole_chain: false,
        name: NameCheck::Nothing,
        key: KeyAlgorithm::Rsa,
        face: Face::Client,
        profile: Profile::Cucm,
        usages: BTreeSet::new(),
        basis: basis.clone(),
    });
    edges.collect()
}
