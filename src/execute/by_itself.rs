//! What an Expressway peer puts into a request by itself.

use std::collections::BTreeSet;

use crate::model::{ClusterState, NodeName, Product, SigningRequest, SubjectName};

/// The names that may stand in a made request though nobody asked for them: on a peer its own, and in a cluster that of
/// the cluster, which is then the common name. No other node has any.
// claim: EXPRESSWAY-CSR-NAMES
pub(super) fn by_itself(
    state: &ClusterState,
    node: &NodeName,
    request: &SigningRequest,
) -> BTreeSet<SubjectName> {
    let mut names = BTreeSet::new();
    let Some(peer) = state.nodes.get(node) else {
        return names;
    };
    match state.product {
        Product::ExpresswayC | Product::ExpresswayE => {}
        Product::Cucm | Product::UnityConnection => return names,
    }
    let reported = peer.reported_name.present();
    names.insert(SubjectName::dns(node.as_str()));
    names.extend(reported.map(|name| SubjectName::dns(name)));
    if state.nodes.len() > 1 {
        // Most often nothing tells the cluster's name (claim EXPRESSWAY-CLUSTER-PATH): then it is the common name's.
        let told = peer.expressway.present();
        let told = told.and_then(|told| told.cluster_name.present());
        let cluster = told.or(request.common_name.as_ref());
        let named = |name: &SubjectName| request.names.contains(name);
        names.extend(cluster.map(|name| SubjectName::dns(name)).filter(named));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NodeState, Observed, Role};
    use crate::pki::testing::Recipe;

    const PEER: &str = "expe1.example.com";

    fn allowed(product: Product, peers: &[&str]) -> Vec<String> {
        let mut state = ClusterState::unasked(product);
        for peer in peers {
            let mut node = NodeState::unasked(Role::Peer);
            node.reported_name = Observed::Present(format!("in-{peer}"));
            state.nodes.insert(NodeName::from(*peer), node);
        }
        let mut recipe = Recipe::leaf("expe.example.com");
        recipe.names.push("dns:foreign.example.com".to_owned());
        let names = by_itself(&state, &NodeName::from(PEER), &recipe.request());
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_peer_adds_its_own_name_and_in_a_cluster_the_common_one() {
        let edge = Product::ExpresswayE;
        let own = ["dns:expe1.example.com", "dns:in-expe1.example.com"];
        assert_eq!(allowed(edge, &[PEER]), own);
        let both = allowed(edge, &[PEER, "expe2.example.com"]);
        assert_eq!(both, [&["dns:expe.example.com"][..], &own[..]].concat());
        assert_eq!(allowed(Product::Cucm, &[PEER]), [""; 0]);
        assert_eq!(allowed(edge, &["expe2.example.com"]), [""; 0]);
    }
}
