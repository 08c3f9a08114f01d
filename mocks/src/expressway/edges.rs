//! Who trusts whom between Expressway-C, Expressway-E and the nodes behind them, judged from what is really presented.

use std::collections::BTreeMap;
use std::fmt;

use openssl::x509::X509;

use super::cluster::{Deployment, ExpresswayCluster};
use super::peer::Peer;
use super::verify::{self, ChainFault};
use super::{actions, settings, traffic};
use crate::agenda::Due;
use crate::log::{Channel, Kind, Place};
use crate::state::{Cluster, Face, Node, Presented, Product, Role, fingerprint, is_self_signed};
use crate::upload;
use crate::world::Scene;

/// What holds two machines together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// The traversal zone, on 7001.
    Zone,
    /// The SSH tunnels, on 2222.
    Tunnel,
    /// What Expressway-C checks in the certificate that Expressway-E sends with SIP SERVICE.
    Service,
    /// Expressway-C verifies a node on this port.
    Origin(u16),
    /// A node verifies Expressway-C with the authorities of its tomcat-trust and CallManager-trust.
    Trust,
}

impl Link {
    /// Whether the traffic server is the one who verifies. 5061 and 7400 are no traffic of its.
    pub(crate) fn is_traffic(self) -> bool {
        matches!(self, Self::Origin(8443 | 6972))
    }
}

/// A link between an Expressway-C peer and an Expressway-E peer or a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The Expressway-C peer.
    pub core: String,
    /// The Expressway-E peer or the node.
    pub far: String,
    /// What holds them together.
    pub link: Link,
}

impl fmt::Display for Edge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (core, far) = (&self.core, &self.far);
        match self.link {
            Link::Zone => write!(formatter, "zone {core} to {far}:7001"),
            Link::Tunnel => write!(formatter, "tunnels {core} to {far}:2222"),
            Link::Service => write!(formatter, "SIP SERVICE {far} to {core}"),
            Link::Origin(port) => write!(formatter, "MRA {core} to {far}:{port}"),
            Link::Trust => write!(formatter, "MRA {far} trusts {core}"),
        }
    }
}

/// Why a link does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeFault {
    /// The one who connects does not trust what it meets.
    FarChain(ChainFault),
    /// The other end does not trust who connects.
    CoreChain(ChainFault),
    /// The certificate that is met does not carry the name that was asked for.
    FarName(String),
    /// The certificate of Expressway-C does not carry the name that the zone wants.
    CoreName(String),
    /// A certificate lacks a usage.
    Usage(&'static str),
    /// A trust store of a node lacks authorities of Expressway-C.
    NotInStore(&'static str),
}

impl fmt::Display for EdgeFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FarChain(fault) => write!(formatter, "Expressway-C finds: {fault}"),
            Self::CoreChain(fault) => write!(formatter, "the other end finds: {fault}"),
            Self::FarName(name) => write!(formatter, "{name} is not in the certificate met"),
            Self::CoreName(name) => {
                write!(
                    formatter,
                    "{name} is not in the certificate of Expressway-C"
                )
            }
            Self::Usage(text) => formatter.write_str(text),
            Self::NotInStore(store) => {
                write!(formatter, "{store} lacks an authority of Expressway-C")
            }
        }
    }
}

/// How every link is.
pub type Edges = BTreeMap<Edge, Result<(), EdgeFault>>;

/// How links were when last looked at, and since when some are broken that held before.
#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) now: Edges,
    /// Likewise as the traffic server sees them, which may go on all the same.
    pub(crate) heard: Edges,
    broken_since: BTreeMap<Edge, u64>,
}

/// Judges every link.
pub(crate) fn judge(
    deployment: &Deployment,
    clusters: &BTreeMap<String, Cluster>,
    clock: i64,
) -> Edges {
    let mut edges = Edges::new();
    for core in &deployment.core.peers {
        let mut put = |far: &str, link, judged| {
            let edge = Edge {
                core: core.name.clone(),
                far: far.to_owned(),
                link,
            };
            edges.insert(edge, judged);
        };
        for (number, edge) in deployment.edge.peers.iter().enumerate() {
            let address = deployment.core.peer_addresses.get(number);
            let address = address.map_or("", String::as_str);
            let between = Traversal {
                deployment,
                core,
                edge,
                address,
                clock,
            };
            put(&edge.name, Link::Zone, between.zone());
            put(&edge.name, Link::Tunnel, between.tunnel());
            put(&edge.name, Link::Service, between.service());
        }
        for cluster in clusters.values() {
            for node in &cluster.nodes {
                for (face, port) in faces(cluster.product, node) {
                    let asked = deployment.advertised(&node.name);
                    let judged = origin(&deployment.core, core, node, face, asked, clock);
                    put(&node.name, Link::Origin(port), judged);
                }
                if cluster.product == Product::Cucm
                    && deployment.core.numbers().shows_itself_to_cucm()
                {
                    put(&node.name, Link::Trust, trust(core, node));
                }
            }
        }
    }
    edges
}

/// The ports of a node that Expressway-C connects to.
///
/// claim: EXPRESSWAY-MRA-PORTS
fn faces(product: Product, node: &Node) -> Vec<(Face, u16)> {
    match (product, node.role) {
        (Product::UnityConnection, _) => vec![(Face::Web, 8443)],
        (Product::Cucm, Role::ImPresence) => vec![(Face::Web, 8443), (Face::Xmpp, 7400)],
        (Product::Cucm, _) => vec![(Face::Web, 8443), (Face::Tftp, 6972), (Face::Sip, 5061)],
    }
}

struct Traversal<'a> {
    deployment: &'a Deployment,
    core: &'a Peer,
    edge: &'a Peer,
    address: &'a str,
    clock: i64,
}

impl Traversal<'_> {
    /// claim: EXPRESSWAY-ZONE-NAMES, EXPRESSWAY-ZONE-NEEDS-ROOT, EXPRESSWAY-ZONE-USAGES
    fn zone(&self) -> Result<(), EdgeFault> {
        let (served, offered) = (&self.edge.served, &self.core.offered);
        let (met, shown) = (&served.identity.certificate, &offered.identity.certificate);
        verify::chain(met, &served.chain, &self.core.loaded, self.clock)
            .map_err(EdgeFault::FarChain)?;
        if !verify::names_peer(met, self.address) {
            return Err(EdgeFault::FarName(self.address.to_owned()));
        }
        if !verify::has_server_auth(met) {
            return Err(EdgeFault::Usage("Expressway-E shows no serverAuth"));
        }
        verify::chain(shown, &offered.chain, &self.edge.loaded, self.clock)
            .map_err(EdgeFault::CoreChain)?;
        let wanted = &self.deployment.edge.verify_name;
        if !verify::names_peer(shown, wanted) {
            return Err(EdgeFault::CoreName(wanted.clone()));
        }
        let unchecked = self
            .deployment
            .edge
            .setting_is(settings::CHECK_USAGES, "Off");
        if verify::has_client_auth(shown) || unchecked {
            Ok(())
        } else {
            Err(EdgeFault::Usage("Expressway-C shows no clientAuth"))
        }
    }

    /// claim: EXPRESSWAY-TUNNELS-NEED-INTERMEDIATES, EXPRESSWAY-TUNNELS-CLIENT-AUTH
    fn tunnel(&self) -> Result<(), EdgeFault> {
        self.zone()?;
        let met = &self.edge.served.identity.certificate;
        let shown = &self.core.offered.identity.certificate;
        verify::chain(met, &[], &self.core.loaded, self.clock).map_err(EdgeFault::FarChain)?;
        verify::chain(shown, &[], &self.edge.loaded, self.clock).map_err(EdgeFault::CoreChain)?;
        if verify::has_client_auth(shown) {
            Ok(())
        } else {
            Err(EdgeFault::Usage(
                "Expressway-C shows no clientAuth to the tunnels",
            ))
        }
    }

    /// claim: EXPRESSWAY-SERVICE-USAGES
    fn service(&self) -> Result<(), EdgeFault> {
        let met = &self.edge.served.identity.certificate;
        let relaxed = self.deployment.core.numbers().is_at_least_15_4();
        if relaxed || (verify::has_client_auth(met) && verify::has_server_auth(met)) {
            Ok(())
        } else {
            Err(EdgeFault::Usage(
                "the certificate of Expressway-E lacks one of serverAuth and clientAuth",
            ))
        }
    }
}

/// What Expressway-C finds on a port of a node. 5061 and 7400 are no traffic of the traffic server and have always been
/// verified.
///
/// claim: EXPRESSWAY-ORIGIN-ENFORCED, EXPRESSWAY-ORIGIN-NAMES, EXPRESSWAY-KEY-PREFERENCE
fn origin(
    cluster: &ExpresswayCluster,
    core: &Peer,
    node: &Node,
    face: Face,
    asked: &str,
    clock: i64,
) -> Result<(), EdgeFault> {
    let by_traffic_server = matches!(face, Face::Web | Face::Tftp);
    if by_traffic_server && !cluster.numbers().verifies_origin() {
        return Ok(());
    }
    let Some(presented) = node.presented.get(&face) else {
        return Ok(());
    };
    let (leaf, sent) = shown_to(cluster, presented);
    verify::chain(&leaf, sent, &core.loaded, clock).map_err(EdgeFault::FarChain)?;
    if verify::names_origin(&leaf, asked) {
        Ok(())
    } else {
        Err(EdgeFault::FarName(asked.to_owned()))
    }
}

/// The leaf that a node shows to a client of this cluster's preference, with what comes along.
fn shown_to<'a>(cluster: &ExpresswayCluster, presented: &'a Presented) -> (X509, &'a [X509]) {
    match &presented.twin {
        Some(twin) if settings::prefers_elliptic(cluster) => (twin.certificate.clone(), &[]),
        _ => (
            presented.identity.certificate.clone(),
            presented.chain.as_slice(),
        ),
    }
}

/// claim: EXPRESSWAY-CUCM-TRUSTS-CORE, EXPRESSWAY-IMP-TRUSTS-CORE
fn trust(core: &Peer, node: &Node) -> Result<(), EdgeFault> {
    let second = if node.role == Role::ImPresence {
        ("cup-xmpp", "cup-xmpp-trust")
    } else {
        ("CallManager", "CallManager-trust")
    };
    let shown = &core.offered.identity.certificate;
    for (purpose, store) in [("tomcat", "tomcat-trust"), second] {
        let own = node.trusts.get(store).is_some_and(|store| {
            let mut held = store.iter().map(|held| fingerprint(held));
            held.any(|held| held == fingerprint(shown))
        });
        // A certificate that signed itself has nothing above it and must be there as it is.
        let whole = upload::chain_is_stored(node, purpose, shown, &[]);
        if !(own || whole && !is_self_signed(shown)) {
            return Err(EdgeFault::NotInStore(store));
        }
    }
    Ok(())
}

impl Scene<'_> {
    /// Looks at every link again. What held and no longer does is noted, and judged later unless it was planted.
    pub(crate) fn watch_edges(&mut self, planted: bool) {
        let Some(deployment) = self.expressways.as_mut() else {
            return;
        };
        let mut edges = judge(deployment, self.clusters, self.now.unix);
        traffic::note(deployment, &edges, self.now.unix);
        deployment.watched.heard.clone_from(&edges);
        if settings::goes_on(&deployment.core) {
            let heard = edges.iter_mut();
            heard
                .filter(|(edge, _)| edge.link.is_traffic())
                .for_each(|(_, judged)| *judged = Ok(()));
        }
        let watched = &mut deployment.watched;
        let before = std::mem::replace(&mut watched.now, edges);
        let mut lost = Vec::new();
        let mut regained = Vec::new();
        for (edge, judged) in &watched.now {
            let held = before.get(edge).is_some_and(Result::is_ok);
            match judged {
                Ok(()) if !held && before.contains_key(edge) => {
                    watched.broken_since.remove(edge);
                    regained.push(edge.clone());
                }
                Err(fault) if held && !planted => {
                    watched.broken_since.insert(edge.clone(), self.now.ms);
                    lost.push((edge.clone(), fault.to_string()));
                }
                _ => {}
            }
        }
        for edge in regained {
            let place = Place::new(&self.core_name(), &edge.core);
            self.note(
                &place,
                Channel::Lab,
                Kind::Effect,
                "edge-holds",
                &edge.to_string(),
            );
        }
        for (edge, fault) in lost {
            let place = Place::new(&self.core_name(), &edge.core);
            let detail = format!("{edge}: {fault}");
            self.note(&place, Channel::Lab, Kind::Effect, "edge-lost", &detail);
            let since = self.now.ms;
            self.later(actions::RESTART, Due::Edge { edge, since });
        }
    }

    /// claim: EXPRESSWAY-RESTART
    pub(crate) fn edge_is_due(&mut self, edge: &Edge, since: u64) {
        let Some(deployment) = self.expressways.as_ref() else {
            return;
        };
        let watched = &deployment.watched;
        let Some(Err(fault)) = watched.now.get(edge) else {
            return;
        };
        if watched.broken_since.get(edge) == Some(&since) {
            let detail = format!("{edge} held and is broken for longer than a restart: {fault}");
            let place = Place::new(&deployment.core.name, &edge.core);
            self.note(
                &place,
                Channel::Lab,
                Kind::Violation,
                "edge-broken",
                &detail,
            );
        }
    }

    fn core_name(&self) -> String {
        let deployment = self.expressways.as_ref();
        deployment.map_or_else(String::new, |deployment| deployment.core.name.clone())
    }
}
