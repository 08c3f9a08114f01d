//! What every end holds: the evidence that edges are judged by.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    Appliance, ClusterName, ClusterState, KeyAlgorithm, NodeState, Observation, Observed, Port,
    Purpose, ServedChain, Store,
};

use super::evaluate::{evaluate, store_of_clients};
use super::{Anchors, Edge, Face, Party, Pool, Verdict};

/// What one end shows and trusts.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// What it presents.
    pub presents: BTreeMap<Face, Observed<ServedChain>>,
    /// What it trusts.
    pub stores: BTreeMap<Store, Observed<Anchors>>,
    /// Whether all its stores were read: one that is then not listed is empty.
    pub read: Observed<()>,
}

/// All ends, and the certificates that they speak of.
#[derive(Clone, Debug, Default)]
pub struct Site<'a> {
    /// The ends.
    pub parties: BTreeMap<Party, Holdings>,
    /// The certificates.
    pub pool: Pool<'a>,
}

/// One edge with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The edge.
    pub edge: Edge,
    /// What is said of it.
    pub verdict: Verdict,
}

/// Judges edges by what a site holds, in the order of the edges.
pub fn judge(site: &Site<'_>, edges: &[Edge], now: Timestamp) -> Vec<Judged> {
    let judged = edges.iter().map(|edge| Judged {
        edge: edge.clone(),
        verdict: site.verdict(edge, now),
    });
    judged.collect()
}

impl<'a> Site<'a> {
    /// Everything that was observed.
    pub fn of(observation: &'a Observation) -> Self {
        let mut site = Self::default();
        for (name, cluster) in &observation.clusters {
            site.join(name, cluster);
        }
        site
    }

    /// Adds one cluster.
    pub fn join(&mut self, name: &ClusterName, cluster: &'a ClusterState) {
        self.pool.join(&cluster.certificates);
        for (node, state) in &cluster.nodes {
            let holdings = holdings(
                state,
                Appliance::of(cluster.product, state.role),
                &self.pool,
            );
            self.parties.insert(Party::node(name, node), holdings);
        }
    }

    /// Judges one edge.
    pub fn verdict(&self, edge: &Edge, now: Timestamp) -> Verdict {
        let never = Observed::Unknown("this node was not observed".to_owned());
        let presenting = self.parties.get(edge.presenting());
        let presented = presenting.and_then(|holdings| holdings.presents.get(&edge.face));
        let asked_nothing = Observed::default();
        let presented = presented.unwrap_or(if presenting.is_some() {
            &asked_nothing
        } else {
            &never
        });
        let store = self.store(edge.relying(), &edge.store);
        match store {
            Ok(store) => evaluate(edge, presented, store, &self.pool, now),
            Err(otherwise) => evaluate(edge, presented, &otherwise, &self.pool, now),
        }
    }

    fn store(&self, of: &Party, store: &Store) -> Result<&Observed<Anchors>, Observed<Anchors>> {
        if let Some(why) = store_of_clients(of) {
            return Err(Observed::Unknown(why.to_owned()));
        }
        let Some(holdings) = self.parties.get(of) else {
            return Err(Observed::Unknown("this node was not observed".to_owned()));
        };
        holdings
            .stores
            .get(store)
            .ok_or_else(|| match &holdings.read {
                Observed::Present(()) | Observed::Absent => Observed::Absent,
                Observed::Unknown(why) => Observed::Unknown(why.clone()),
            })
    }
}

fn holdings(state: &NodeState, appliance: Appliance, pool: &Pool<'_>) -> Holdings {
    let served = state.served.iter().map(|(listener, chain)| {
        let face = Face::Port(listener.port.standard(), listener.key);
        (face, chain.clone())
    });
    // What a node sends along with these was not seen, so nothing is taken for granted.
    let stored = state.identities.iter().map(|(purpose, held)| {
        let chain = held.clone().map(|leaf| ServedChain {
            leaf,
            rest: Vec::new(),
        });
        (Face::Stored(purpose.clone()), chain)
    });
    let stores = state.trust.iter().map(|(store, entries)| {
        let anchors = match entries {
            Observed::Present(entries) => {
                let entries = entries.iter().map(|entry| &entry.sha256);
                Observed::Present(Anchors::of(entries, pool))
            }
            Observed::Absent => Observed::Absent,
            Observed::Unknown(why) => Observed::Unknown(why.clone()),
        };
        (store.clone(), anchors)
    });
    let mut presents: BTreeMap<Face, Observed<ServedChain>> = stored.chain(served).collect();
    if let Some(why) = state.inventory.unknown() {
        for purpose in appliance.purposes() {
            let face = Face::Stored(Purpose::from(purpose));
            presents
                .entry(face)
                .or_insert_with(|| Observed::Unknown(why.to_owned()));
        }
    }
    Holdings {
        presents,
        stores: stores.collect(),
        read: state.inventory.clone(),
    }
}

/// A port of the model, as an end shows it to a client that accepts one kind of key.
pub(super) fn face(port: Port, key: KeyAlgorithm) -> Face {
    Face::Port(port.standard(), key)
}
