//! Which clusters of an estate belong together, as the answers of Expressway tell.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{
    Certificate, ClusterName, ClusterState, Expressway, KeyAlgorithm, Listener, NodeName,
    NodeState, Observed, Port, Product, Purpose, ZoneKind,
};

/// Some clusters of an estate, each with its name.
type Neighbours<'a> = Vec<(&'a ClusterName, &'a ClusterState)>;

/// The clusters at the other end of the traversal zones of a cluster: of Expressway-E for one of Expressway-C, and the
/// other way round. Where there is one of each, they can only belong together. Nothing for a cluster of another product.
pub fn far_side<'a>(
    clusters: &'a BTreeMap<ClusterName, ClusterState>,
    of: &ClusterName,
) -> Neighbours<'a> {
    let Some(own) = clusters.get(of) else {
        return Vec::new();
    };
    let other = match own.product {
        Product::ExpresswayC => Product::ExpresswayE,
        Product::ExpresswayE => Product::ExpresswayC,
        Product::Cucm | Product::UnityConnection => return Vec::new(),
    };
    let all = |product| {
        let clusters = clusters.iter();
        clusters.filter(move |(_, state)| state.product == product)
    };
    if all(own.product).count() == 1 && all(other).count() == 1 {
        return all(other).collect();
    }
    let linked = |far: &ClusterState| match own.product {
        Product::ExpresswayC => traverses(own, far),
        _ => traverses(far, own),
    };
    all(other).filter(|(_, far)| linked(far)).collect()
}

/// Whether a zone of Expressway-C leads to a peer of Expressway-E.
fn traverses(core: &ClusterState, edge: &ClusterState) -> bool {
    core.zone_addresses()
        .into_iter()
        .any(|address| edge.node_at(&address).is_some() || edge.is_named(&address))
}

/// The CUCM clusters whose publishers Expressway-C connects to, by the names that it has for them. Where it has only
/// addresses, which an observation does not have, the only CUCM cluster there is. Which clusters of Unity Connection it
/// connects to no interface tells (expressway §3).
pub fn served_by<'a>(
    clusters: &'a BTreeMap<ClusterName, ClusterState>,
    core: &ClusterName,
) -> Neighbours<'a> {
    let told = clusters.get(core).into_iter().flat_map(ClusterState::peers);
    let addresses: BTreeSet<&str> = told
        .flat_map(|(_, _, told)| [&told.call_managers, &told.presence])
        .filter_map(Observed::present)
        .flatten()
        .map(|server| server.address.as_str())
        .collect();
    let cucm = clusters.iter();
    let cucm: Neighbours<'_> = cucm
        .filter(|(_, state)| state.product == Product::Cucm)
        .collect();
    if cucm.len() == 1 && addresses.iter().any(|it| it.parse::<IpAddr>().is_ok()) {
        return cucm;
    }
    let named = |state: &ClusterState| {
        let mut addresses = addresses.iter();
        addresses.any(|address| state.server_at(address).is_some())
    };
    cucm.into_iter().filter(|(_, state)| named(state)).collect()
}

impl ClusterState {
    /// The Expressway peers that answered, with what they say of themselves.
    pub fn peers(&self) -> impl Iterator<Item = (&NodeName, &NodeState, &Expressway)> {
        self.nodes.iter().filter_map(|(name, node)| {
            let told = node.expressway.present()?;
            Some((name, node, told.as_ref()))
        })
    }

    /// Where the traversal zones of Expressway-C connect to.
    pub fn zone_addresses(&self) -> BTreeSet<String> {
        self.peers()
            .flat_map(|(_, _, told)| told.zones.present().into_iter().flatten())
            .filter(|zone| zone.kind != ZoneKind::Other)
            .flat_map(|zone| zone.peer_addresses.iter().cloned())
            .collect()
    }

    /// The node that has a name, in the estate file or by itself.
    pub fn node_at(&self, address: &str) -> Option<&NodeName> {
        let is = |name: &str| name.eq_ignore_ascii_case(address.trim_end_matches('.'));
        self.nodes
            .iter()
            .find(|(name, node)| {
                let own = node.reported_name.present();
                is(name.as_str()) || own.is_some_and(|own| is(own))
            })
            .map(|(name, _)| name)
    }

    /// The node that a server's name means: in full, or its host name alone.
    pub fn server_at(&self, address: &str) -> Option<&NodeName> {
        self.node_at(address).or_else(|| {
            let short = |name: &&NodeName| name.short().eq_ignore_ascii_case(address);
            self.nodes.keys().find(short)
        })
    }

    /// Whether the certificate of any peer has a name.
    pub fn is_named(&self, address: &str) -> bool {
        self.nodes.iter().any(|(name, node)| {
            let certificate = self.answers_with(name, node);
            certificate.is_some_and(|certificate| certificate.is_named(address))
        })
    }

    /// What a node presents on a port, for every kind of key that it has.
    pub fn presented<'a>(
        &'a self,
        node: &'a NodeState,
        port: Port,
    ) -> impl Iterator<Item = &'a Certificate> {
        [KeyAlgorithm::Rsa, KeyAlgorithm::Ec]
            .into_iter()
            .filter_map(move |key| {
                let chain = node.served.get(&Listener { port, key })?.present()?;
                self.certificates.get(&chain.leaf)
            })
    }

    /// The certificate with which a peer answers: the one that it serves, or else the one that it stores.
    pub fn answers_with<'a>(
        &'a self,
        name: &NodeName,
        node: &'a NodeState,
    ) -> Option<&'a Certificate> {
        [Port::Zone, Port::Rest]
            .into_iter()
            .find_map(|port| self.presented(node, port).next())
            .or_else(|| self.identity(name, &Purpose::from("server")))
    }
}
