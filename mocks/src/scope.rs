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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::tests::world;

    #[test]
    fn before_release_14_the_presence_nodes_keep_their_own_tomcat_trust() {
        let (processing, first, second) = ("pub", "sub1", "sub2");
        for (release, from, expected) in [
            ("12.5.1.11900-146", processing, vec![]),
            ("12.5.1.11900-146", first, vec![second]),
            ("12.5.1.11900-146", second, vec![]),
            ("14.0.1.10000-20", processing, vec![first, second]),
            ("14.0.1.10000-20", second, vec![processing, first]),
        ] {
            let world = world();
            world.change_cluster("hq", |cluster| {
                cluster.release = release.to_owned();
                for node in cluster.nodes.iter_mut().skip(1) {
                    node.role = Role::ImPresence;
                }
            });
            let reached = world.read_cluster("hq", |cluster| {
                let from = format!("{from}.example.com");
                let nodes = receivers(cluster, &from, "tomcat-trust").into_iter();
                nodes.map(|node| node.host().to_owned()).collect::<Vec<_>>()
            });
            assert_eq!(reached.unwrap(), expected, "{release} {from}");
        }
    }
}
