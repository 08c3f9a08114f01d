//! Which clusters of an estate belong together, by what their Expressways say. Pure reading of what was observed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{
    Certificate, ClusterName, ClusterState, Expressway, KeyAlgorithm, Listener, NodeName,
    NodeState, Observed, Port, Product, Purpose, SubjectName, ZoneKind,
};

/// Every cluster that was observed.
type Estate = BTreeMap<ClusterName, ClusterState>;

/// The peers that answered, with what they say of themselves.
pub fn peers(state: &ClusterState) -> impl Iterator<Item = (&NodeName, &NodeState, &Expressway)> {
    state.nodes.iter().filter_map(|(name, node)| {
        let told = node.expressway.present()?;
        Some((name, node, told.as_ref()))
    })
}

/// The Expressway clusters at the other end of this one's zones; none for a cluster of another product.
pub fn far<'a>(estate: &'a Estate, name: &ClusterName) -> Vec<&'a ClusterName> {
    let Some(state) = estate.get(name) else {
        return Vec::new();
    };
    let (core, other) = match state.product {
        Product::ExpresswayC => (true, Product::ExpresswayE),
        Product::ExpresswayE => (false, Product::ExpresswayC),
        Product::Cucm | Product::UnityConnection => return Vec::new(),
    };
    let of = |product| {
        let clusters = estate.iter();
        clusters.filter(move |(_, state)| state.product == product)
    };
    // One of each: they can only belong together.
    let only = of(state.product).count() == 1 && of(other).count() == 1;
    of(other)
        .filter(|(_, far)| {
            only || if core {
                linked(state, far)
            } else {
                linked(far, state)
            }
        })
        .map(|(name, _)| name)
        .collect()
}

/// Whether a zone of the core leads to a peer of the edge.
fn linked(core: &ClusterState, edge: &ClusterState) -> bool {
    zone_addresses(core)
        .into_iter()
        .any(|address| node_at(edge, &address).is_some() || named_by_any(edge, &address))
}

/// Where the traversal zones of Expressway-C connect to.
pub fn zone_addresses(core: &ClusterState) -> BTreeSet<String> {
    peers(core)
        .flat_map(|(_, _, told)| told.zones.present().into_iter().flatten())
        .filter(|zone| zone.kind != ZoneKind::Other)
        .flat_map(|zone| zone.peer_addresses.iter().cloned())
        .collect()
}

/// The names that the traversal zones of Expressway-E expect in the certificate of Expressway-C.
pub fn verify_names(edge: &ClusterState) -> BTreeSet<String> {
    peers(edge)
        .flat_map(|(_, _, told)| told.zones.present().into_iter().flatten())
        .filter(|zone| zone.kind != ZoneKind::Other)
        .filter_map(|zone| zone.verify_name.clone())
        .collect()
}

/// The node that has a name.
pub fn node_at<'a>(state: &'a ClusterState, address: &str) -> Option<&'a NodeName> {
    let is = |name: &str| name.eq_ignore_ascii_case(address.trim_end_matches('.'));
    state
        .nodes
        .iter()
        .find(|(name, node)| {
            let own = node.reported_name.present();
            is(name.as_str()) || own.is_some_and(|own| is(own))
        })
        .map(|(name, _)| name)
}

/// Whether the certificate of any peer has a name.
pub fn named_by_any(edge: &ClusterState, address: &str) -> bool {
    edge.nodes.iter().any(|(name, node)| {
        answers_with(edge, name, node).is_some_and(|certificate| names(certificate, address))
    })
}

/// The CUCM clusters whose publishers an Expressway-C connects to, by the names that it has for them.
pub fn served<'a>(estate: &'a Estate, core: &ClusterState) -> Vec<&'a ClusterName> {
    let addresses: BTreeSet<&str> = peers(core)
        .flat_map(|(_, _, told)| [&told.call_managers, &told.presence])
        .filter_map(Observed::present)
        .flatten()
        .map(|server| server.address.as_str())
        .collect();
    let cucm: Vec<(&ClusterName, &ClusterState)> = estate
        .iter()
        .filter(|(_, state)| state.product == Product::Cucm)
        .collect();
    // Known by IP addresses, which an observation does not have: the only one there is.
    let only = cucm.len() == 1 && addresses.iter().any(|it| it.parse::<IpAddr>().is_ok());
    let named = |state: &ClusterState| {
        addresses
            .iter()
            .any(|address| server_at(state, address).is_some())
    };
    cucm.into_iter()
        .filter(|(_, state)| only || named(state))
        .map(|(name, _)| name)
        .collect()
}

/// The node that a server's name means: in full, or its host name alone.
pub fn server_at<'a>(state: &'a ClusterState, address: &str) -> Option<&'a NodeName> {
    node_at(state, address).or_else(|| {
        let short = |name: &&NodeName| name.short().eq_ignore_ascii_case(address);
        state.nodes.keys().find(short)
    })
}

/// What a node presents on a port, for every kind of key that it has.
pub fn presented<'a>(
    state: &'a ClusterState,
    node: &'a NodeState,
    port: Port,
) -> impl Iterator<Item = &'a Certificate> {
    [KeyAlgorithm::Rsa, KeyAlgorithm::Ec]
        .into_iter()
        .filter_map(move |key| {
            let chain = node.served.get(&Listener { port, key })?.present()?;
            state.certificates.get(&chain.leaf)
        })
}

/// The certificate with which a peer answers: the one that it serves, or else the one that it stores.
pub fn answers_with<'a>(
    state: &'a ClusterState,
    name: &NodeName,
    node: &'a NodeState,
) -> Option<&'a Certificate> {
    [Port::Zone, Port::Rest]
        .into_iter()
        .find_map(|port| presented(state, node, port).next())
        .or_else(|| state.identity(name, &Purpose::from("server")))
}

/// Whether a certificate has a name or address among its alternative names. Zones do not look at the common name.
// claim: EXPRESSWAY-ZONE-NAMES
pub fn names(certificate: &Certificate, name: &str) -> bool {
    certificate.names.contains(&SubjectName::dns(name))
        || name
            .parse()
            .is_ok_and(|address| certificate.names.contains(&SubjectName::Ip(address)))
}
