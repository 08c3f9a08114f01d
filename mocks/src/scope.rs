//! How far things reach within a cluster: which nodes share a certificate, and which receive a trust certificate.

use crate::state::{Cluster, Node, Product, Release, Role};

/// Whether one certificate for several nodes is possible for a purpose of a product at all.
///
/// claim: CUCM-MULTI-SERVER-PURPOSES, IMP-MULTI-SERVER-PURPOSES, CUC-MULTI-SERVER-PURPOSES
pub(crate) fn can_be_shared(product: Product, purpose: &str) -> bool {
    match product {
        Product::UnityConnection => purpose.starts_with("tomcat"),
        Product::Cucm => ["tomcat", "CallManager", "cup-xmpp"]
            .iter()
            .any(|start| purpose.starts_with(start)),
    }
}

/// The nodes that a multi-server certificate of a purpose is for, or nothing where the purpose can have none.
///
/// claim: CUCM-MULTI-SERVER-COVERS, IMP-MULTI-SERVER-PURPOSES, CUC-MULTI-SERVER-PURPOSES
pub(crate) fn multi_server<'a>(cluster: &'a Cluster, purpose: &str) -> Option<Vec<&'a Node>> {
    let takes = |node: &&Node| {
        let presence = purpose.starts_with("cup") && is_presence(node);
        let processing = purpose.starts_with("CallManager") && node.role.processes_calls();
        purpose.starts_with("tomcat") || presence || processing
    };
    let nodes = cluster.nodes.iter().filter(takes);
    can_be_shared(cluster.product, purpose).then(|| nodes.collect())
}

/// The node on which multi-server requests of a purpose are made, where it matters.
///
/// claim: IMP-MULTI-SERVER-PURPOSES
pub(crate) fn maker<'a>(cluster: &'a Cluster, purpose: &str) -> Option<&'a Node> {
    let presence = purpose.starts_with("cup");
    cluster.presence_publisher().filter(|_| presence)
}

/// The other nodes that a trust certificate reaches by itself when it was stored on a node.
///
/// claim: CUCM-TRUST-REPLICATES, IMP-TRUST-SPREADS, IMP-TOMCAT-TRUST-SHARED, CUC-PURPOSES
pub(crate) fn receivers<'a>(cluster: &'a Cluster, stored_on: &str, store: &str) -> Vec<&'a Node> {
    let Some(origin) = cluster.node(stored_on) else {
        return Vec::new();
    };
    let reaches = |node: &&Node| {
        let both_presence = is_presence(origin) && is_presence(node);
        let among_presence = both_presence
            && cluster
                .presence_publisher()
                .is_some_and(|publisher| publisher.name == origin.name);
        match (cluster.product, store) {
            (Product::UnityConnection, _) => false,
            (_, "tomcat-trust") if cluster.numbers() >= Release::FOURTEEN => true,
            (_, "tomcat-trust") if is_presence(origin) => among_presence,
            (_, "tomcat-trust" | "CallManager-trust") => node.role.processes_calls(),
            (_, "cup-trust" | "cup-xmpp-trust") => among_presence,
            _ => false,
        }
    };
    let others = cluster.nodes.iter().filter(|node| node.name != origin.name);
    others.filter(reaches).collect()
}

fn is_presence(node: &Node) -> bool {
    node.role == Role::ImPresence
}
