//! What trust stores hold in the symbolic state, and what an upload to one does.

use crate::model::{Certificate, Fingerprint, NodeName, Purpose, StepId, Store};

use super::catalogue::{self, Nodes};
use super::node::Authority;
use super::world::World;

impl<'a> World<'a> {
    /// The stores that must hold the chain of a purpose's certificate, each with its nodes.
    pub(super) fn stores_of(&self, purpose: &Purpose) -> Vec<(Store, Nodes)> {
        let known = catalogue::known(purpose);
        let own = known.into_iter().flat_map(|known| known.trust).copied();
        let more = self.reused.contains(purpose);
        own.chain(more.then_some(("CallManager-trust", Nodes::CallProcessing)))
            .map(|(store, nodes)| (Store::from(store), nodes))
            .collect()
    }

    /// Whether this is a cluster of Expressway.
    pub(super) fn is_expressway(&self) -> bool {
        catalogue::is_expressway(self.seen.product)
    }

    /// Whether an authority is a reason to restart what loads it: on a peer of Expressway any is; on other nodes what
    /// others show to them.
    pub(super) fn is_to_load(&self, authority: &Authority) -> bool {
        self.is_expressway() || self.elsewhere.contains(&authority.sha256)
    }

    /// Whether a node's store was seen to hold every one of some certificates.
    pub(super) fn trusts(&self, node: &NodeName, store: &Store, chain: &[Fingerprint]) -> bool {
        let held = self.nodes.get(node).and_then(|node| node.trust.get(store));
        chain
            .iter()
            .all(|each| held.is_some_and(|held| held.contains(each)))
    }

    /// The nodes on which an upload to a store of one node takes effect.
    pub(super) fn reached<'n>(&'n self, at: &'n NodeName, store: &Store) -> Vec<&'n NodeName> {
        match catalogue::spreads_to(self.seen, self.release, at, store.as_str()) {
            Some(nodes) => {
                let others = self.nodes.keys();
                others
                    .filter(|node| *node == at || nodes.contain(self.seen, node))
                    .collect()
            }
            None => vec![at],
        }
    }

    /// Certificates of one common name in a node's store, beside one of them.
    pub(super) fn namesakes(
        &self,
        node: &NodeName,
        store: &Store,
        incoming: &Certificate,
    ) -> Vec<&'a Certificate> {
        let held = self.nodes.get(node).and_then(|node| node.trust.get(store));
        held.into_iter()
            .flatten()
            .filter(|each| **each != incoming.sha256)
            .filter_map(|each| self.seen.certificates.get(each))
            .filter(|each| each.title().eq_ignore_ascii_case(incoming.title()))
            .collect()
    }

    /// An authority is stored wherever the store takes effect.
    pub(super) fn take(
        &mut self,
        at: &NodeName,
        step: &StepId,
        store: &Store,
        sha256: &Fingerprint,
    ) {
        let reached: Vec<NodeName> = self.reached(at, store).into_iter().cloned().collect();
        for name in reached {
            let authority = Authority {
                store: store.clone(),
                sha256: sha256.clone(),
                at: self.moment,
            };
            if let Some(node) = self.nodes.get_mut(&name) {
                node.take(step, authority);
            }
        }
    }

    /// What an upload drops: older namesakes, wherever the store takes effect. The list of a peer of Expressway drops
    /// nothing (claim EXPRESSWAY-TRUST-APPENDS).
    pub(super) fn replace(&mut self, at: &NodeName, store: &Store, sha256: &Fingerprint) {
        let incoming = self.seen.certificates.get(sha256);
        let Some(incoming) = incoming.filter(|_| !self.is_expressway()) else {
            return;
        };
        let reached: Vec<NodeName> = self.reached(at, store).into_iter().cloned().collect();
        for name in reached {
            let dropped = self.namesakes(&name, store, incoming);
            let held = self.nodes.get_mut(&name);
            let Some(held) = held.and_then(|node| node.trust.get_mut(store)) else {
                continue;
            };
            for old in dropped {
                held.remove(&old.sha256);
            }
        }
    }
}
