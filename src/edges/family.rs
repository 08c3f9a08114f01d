//! The edges inside the CUCM family that an observation shows: nodes of a cluster among themselves, CUCM with IM and
//! Presence, Unity Connection with CUCM. Names are not compared on any of them as far as any source says, and no
//! extended usage is demanded; ECDSA is preferred nowhere, so its edges are assumed.

use std::collections::BTreeSet;

use crate::model::{
    Appliance, ClusterName, ClusterState, KeyAlgorithm, Listener, NodeName, NodeState, Observation,
    Observed, Port, Product, Purpose,
};

use super::site::face;
use super::{Basis, Edge, Face, Leg, NameCheck, Party, Profile, Side};

const WEB: Basis = Basis::Documented(
    "cucm-certificate-rules §1, §10: nodes verify each other's tomcat certificate with tomcat-trust",
);
const BACKUP: Basis = Basis::Documented(
    "cucm-certificate-rules §4.5, §11: DRF fails where ipsec-trust lacks a node's ipsec certificate",
);
const PRESENCE: Basis = Basis::Documented(
    "cucm-certificate-rules §4.7: CallManager in cup-trust, cup in CallManager-trust, then a restart of each side",
);
const ECDSA: Basis = Basis::Assumed("the two ends may agree on RSA instead, which nobody observed");
const UNITY: Basis = Basis::Assumed(
    "field knowledge (cucm-certificate-rules §4.8, K): only where the two clusters are integrated, which nobody observed",
);

/// Every edge between the nodes of an observation, except those of phones.
pub fn graph(observation: &Observation) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (name, cluster) in &observation.clusters {
        edges.extend(within(name, cluster));
    }
    let of = |product| {
        let clusters = observation.clusters.iter();
        clusters.filter(move |(_, cluster)| cluster.product == product)
    };
    for (unity, mail) in of(Product::UnityConnection) {
        for (calls, cluster) in of(Product::Cucm) {
            edges.extend(between(unity, mail, calls, cluster));
        }
    }
    edges
}

/// One node, as edges take it.
#[derive(Clone, Copy)]
struct End<'a> {
    cluster: &'a ClusterName,
    name: &'a NodeName,
    state: &'a NodeState,
    appliance: Appliance,
}

fn ends<'a>(
    name: &'a ClusterName,
    cluster: &'a ClusterState,
) -> impl Iterator<Item = End<'a>> + Clone {
    cluster.nodes.iter().map(move |(node, state)| End {
        cluster: name,
        name: node,
        state,
        appliance: Appliance::of(cluster.product, state.role),
    })
}

/// The edges inside one cluster.
pub(super) fn within(name: &ClusterName, cluster: &ClusterState) -> Vec<Edge> {
    if matches!(cluster.product, Product::ExpresswayC | Product::ExpresswayE) {
        return Vec::new();
    }
    let publisher = cluster.publisher();
    let mut edges = Vec::new();
    for from in ends(name, cluster) {
        for to in ends(name, cluster).filter(|to| to.name != from.name) {
            edges.extend(web(from, to, &WEB));
            // Backups are between the publisher, the only master, and every other node.
            if (publisher == Some(from.name) || publisher == Some(to.name)) && stores(to, "ipsec") {
                let face = Face::Stored(Purpose::from("ipsec"));
                edges.push(edge(
                    from,
                    to,
                    (None, Leg::Backup, "ipsec-trust"),
                    face,
                    KeyAlgorithm::Rsa,
                    &BACKUP,
                ));
            }
            let store = match (from.appliance, to.appliance) {
                (Appliance::ImPresence, Appliance::Cucm) => "cup-trust",
                (Appliance::Cucm, Appliance::ImPresence) => "CallManager-trust",
                _ => continue,
            };
            edges.extend(listening(from, to, Port::Sip, Leg::Sip, store, &PRESENCE));
        }
    }
    edges
}

/// Unity Connection asks CUCM's web services, and CUCM and Unity Connection trunk over TLS.
fn between(
    unity: &ClusterName,
    mail: &ClusterState,
    calls: &ClusterName,
    cluster: &ClusterState,
) -> Vec<Edge> {
    let mut edges = Vec::new();
    let call_processing = ends(calls, cluster).filter(|end| end.appliance == Appliance::Cucm);
    for one in ends(unity, mail) {
        for other in call_processing.clone() {
            edges.extend(web(one, other, &UNITY));
            // Unity Connection secures its SIP ports with tomcat (I).
            if stores(one, "tomcat") {
                let face = Face::Stored(Purpose::from("tomcat"));
                let at = (None, Leg::Sip, "CallManager-trust");
                edges.push(edge(other, one, at, face, KeyAlgorithm::Rsa, &UNITY));
            }
        }
    }
    edges
}

fn web(from: End<'_>, to: End<'_>, basis: &Basis) -> Vec<Edge> {
    listening(from, to, Port::Soap, Leg::Web, "tomcat-trust", basis)
}

/// One edge for each kind of key that a port presents, or may present as far as anybody knows.
fn listening(
    from: End<'_>,
    to: End<'_>,
    port: Port,
    leg: Leg,
    store: &str,
    basis: &Basis,
) -> Vec<Edge> {
    let keys = [
        (KeyAlgorithm::Rsa, basis),
        (
            KeyAlgorithm::Ec,
            if matches!(basis, Basis::Documented(_)) {
                &ECDSA
            } else {
                basis
            },
        ),
    ];
    let answers = |key: KeyAlgorithm| match to.state.served.get(&Listener { port, key }) {
        Some(Observed::Present(_)) => true,
        Some(Observed::Absent) => false,
        // Where it could not be learned, one edge says so; a second one would say nothing more.
        Some(Observed::Unknown(_)) | None => key == KeyAlgorithm::Rsa,
    };
    let keys = keys.into_iter().filter(|(key, _)| answers(*key));
    let edges = keys.map(|(key, basis)| {
        edge(
            from,
            to,
            (Some(port.standard()), leg, store),
            face(port, key),
            key,
            basis,
        )
    });
    edges.collect()
}

fn edge(
    from: End<'_>,
    to: End<'_>,
    (port, leg, store): (Option<u16>, Leg, &str),
    face: Face,
    key: KeyAlgorithm,
    basis: &Basis,
) -> Edge {
    Edge {
        from: Party::node(from.cluster, from.name),
        to: Party::node(to.cluster, to.name),
        port,
        leg,
        verifier: Side::Connecting,
        store: store.into(),
        whole_chain: false,
        name: NameCheck::Nothing,
        key,
        face,
        profile: Profile::Cucm,
        usages: BTreeSet::new(),
        basis: basis.clone(),
    }
}

/// Whether a node holds a purpose, or may as far as anybody knows.
fn stores(of: End<'_>, purpose: &str) -> bool {
    of.state.identities.contains_key(&Purpose::from(purpose))
        || of.state.inventory.unknown().is_some()
}
