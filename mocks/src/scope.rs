//! How far things reach within a cluster: which nodes share a certificate, and which receive a trust certificate.

use crate::state::{Cluster, Node, Product, Role};

/// The nodes that a multi-server certificate of a purpose is for, or nothing where the purpose can have none.
///
/// claim: CUCM-MULTI-SERVER-PURPOSES, IMP-MULTI-SERVER-PURPOSES, CUC-MULTI-SERVER-PURPOSES
pub(crate) fn multi_server<'a>(cluster: &'a Cluster, purpose: &str) -> Option<Vec<&'a Node>> {
    let of = |takes: fn(&Node) -> bool| {
        let nodes = cluster.nodes.iter().filter(|node| takes(node));
        Some(nodes.collect())
    };
    match (cluster.product, purpose) {
        (_, "tomcat" | "tomcat-ECDSA") => of(|_| true),
        (Product::Cucm, "CallManager" | "CallManager-ECDSA") => of(processes_calls),
        (Product::Cucm, purpose) if purpose.starts_with("cup-xmpp") => of(is_presence),
        _ => None,
    }
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
            (_, "tomcat-trust") if cluster.version().0 >= 14 => true,
            (_, "tomcat-trust") if is_presence(origin) => among_presence,
            (_, "tomcat-trust" | "CallManager-trust") => processes_calls(node),
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

fn processes_calls(node: &Node) -> bool {
    !is_presence(node)
}
