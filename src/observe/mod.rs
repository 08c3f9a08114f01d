//! Asks every cluster of an estate at once. Collecting never fails as a whole: what could not be learned is
//! unknown, with its reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use crate::clock::Clock;
use crate::driver::{NodeAccess, Observe, Scope};
use crate::estate::Cluster;
use crate::model::{ClusterName, ClusterState, OBSERVATION_FORMAT, Observation, Port};

/// Clusters asked at the same time. Each asks several nodes at once in turn.
const CLUSTERS_AT_ONCE: usize = 8;

/// Asks everything about every cluster.
pub async fn observe_all(
    readers: &BTreeMap<ClusterName, Arc<dyn Observe>>,
    clock: &dyn Clock,
) -> Observation {
    let from = clock.now();
    let scope = Scope::everything();
    let asks: Vec<_> = readers
        .iter()
        .map(|(name, reader)| ask(name, reader.as_ref(), &scope))
        .collect();
    let clusters = stream::iter(asks)
        .buffer_unordered(CLUSTERS_AT_ONCE)
        .collect()
        .await;
    Observation {
        format: OBSERVATION_FORMAT,
        from,
        to: clock.now(),
        clusters,
    }
}

async fn ask(
    name: &ClusterName,
    reader: &dyn Observe,
    scope: &Scope,
) -> (ClusterName, ClusterState) {
    (name.clone(), reader.observe(scope).await)
}

/// The nodes of a declared cluster in the form in which a reader wants them.
pub fn nodes(cluster: &Cluster) -> Vec<NodeAccess> {
    const PORTS: [Port; 5] = [Port::Rest, Port::Soap, Port::Tftp, Port::Sip, Port::Ssh];
    let access = |node: &crate::estate::Node| NodeAccess {
        name: node.name.clone(),
        role: node.role,
        address: node.address.clone(),
        ports: PORTS
            .into_iter()
            .map(|port| (port, node.port(port)))
            .collect(),
    };
    cluster.nodes.values().map(access).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::FrozenClock;
    use crate::driver::BoxFuture;
    use crate::model::Product;

    struct Fake(Product);

    impl Observe for Fake {
        fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
            assert_eq!(*scope, Scope::everything());
            Box::pin(std::future::ready(ClusterState::unasked(self.0)))
        }
    }

    #[test]
    fn every_cluster_is_asked_everything_and_kept_under_its_name() {
        let readers: BTreeMap<ClusterName, Arc<dyn Observe>> = (0..20)
            .map(|number| {
                let product = if number % 2 == 0 {
                    Product::Cucm
                } else {
                    Product::ExpresswayC
                };
                let reader: Arc<dyn Observe> = Arc::new(Fake(product));
                (ClusterName::new(format!("c{number:02}")), reader)
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let observation =
            runtime.block_on(observe_all(&readers, &FrozenClock(Timestamp::UNIX_EPOCH)));
        assert_eq!(observation.clusters.len(), 20);
        assert_eq!(
            observation.clusters[&ClusterName::from("c01")].product,
            Product::ExpresswayC
        );
        assert_eq!(
            observation.clusters[&ClusterName::from("c18")].product,
            Product::Cucm
        );
        assert_eq!(
            (observation.from, observation.to),
            (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
        );
    }
}
