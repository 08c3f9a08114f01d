//! The symbolic state of one cluster: what its nodes hold, serve and trust, as far as steps and what was
//! read back after them can tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    Certificate, ClusterState, Fingerprint, NodeName, Purpose, ServiceName, SsoState, StepId, Store,
};
use crate::plan::{Action, ClusterPlan, Condition, IssueTerms, Step};

use super::node::{Held, Node, Request};

/// What a step asked for that makes requests.
pub(super) struct Asked<'a> {
    pub(super) purpose: &'a Purpose,
    pub(super) by: Option<&'a NodeName>,
    pub(super) nodes: &'a BTreeSet<NodeName>,
}

/// The cluster.
pub(super) struct World<'a> {
    pub(super) seen: &'a ClusterState,
    /// When the observation ended.
    pub(super) at: Timestamp,
    pub(super) nodes: BTreeMap<NodeName, Node>,
    /// Requests made so far, by their step.
    pub(super) asked: BTreeMap<StepId, Asked<'a>>,
    /// Requests whose certificate was received and found in order, with the terms it was held to.
    pub(super) issued: BTreeMap<StepId, &'a IssueTerms>,
    /// The purposes that the plan stores on the publisher sooner or later.
    pub(super) on_publisher: BTreeSet<&'a Purpose>,
}

/// Stores whose entries the platform spreads over the cluster by itself. Source: rule U12.
pub(super) fn is_replicated(store: &Store) -> bool {
    matches!(store.as_str(), "tomcat-trust" | "CallManager-trust")
}

/// The store that must hold the chain of a purpose's certificate. Elliptic-curve twins share it.
/// Source: cucm-certificate-rules §1.
pub(super) fn store_of(purpose: &Purpose) -> Store {
    let plain = purpose.as_str().trim_end_matches("-ECDSA");
    Store::new(format!("{plain}-trust"))
}

impl<'a> World<'a> {
    /// The state that was observed.
    pub(super) fn observed(seen: &'a ClusterState, at: Timestamp, plan: &'a ClusterPlan) -> Self {
        let publisher = seen.publisher();
        let mut on_publisher = BTreeSet::new();
        let mut restarts: BTreeMap<&NodeName, BTreeSet<&ServiceName>> = BTreeMap::new();
        for step in &plan.steps {
            match (&step.action, &step.node) {
                (Action::UploadIdentity { purpose, nodes, .. }, _) => {
                    let leads = publisher.is_some_and(|publisher| nodes.contains(publisher));
                    on_publisher.extend(leads.then_some(purpose));
                }
                (Action::RestartService { service, .. }, Some(node)) => {
                    restarts.entry(node).or_default().insert(service);
                }
                _ => {}
            }
        }
        let nodes = seen.nodes.iter().map(|(name, state)| {
            let restarts = restarts.remove(name).unwrap_or_default();
            (name.clone(), Node::observed(state, &restarts))
        });
        Self {
            seen,
            at,
            nodes: nodes.collect(),
            asked: BTreeMap::new(),
            issued: BTreeMap::new(),
            on_publisher,
        }
    }

    /// What a node has waiting for a purpose. A purpose that its inventory does not mention has none only
    /// if the inventory was read.
    pub(super) fn request(&self, node: &NodeName, purpose: &Purpose) -> Request {
        let known = self
            .nodes
            .get(node)
            .and_then(|node| node.requests.get(purpose));
        let read = || {
            let state = self.seen.nodes.get(node);
            state.is_some_and(|state| state.inventory.present().is_some())
        };
        match known {
            Some(request) => request.clone(),
            None if read() => Request::None,
            None => Request::Foreign,
        }
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
        if is_replicated(store) {
            self.nodes.keys().collect()
        } else {
            vec![at]
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

    /// The step has begun: what it touches can no longer be relied on.
    pub(super) fn begin(&mut self, step: &'a Step) {
        match &step.action {
            Action::UploadTrust { store, sha256, .. } => {
                if let Some(at) = &step.node {
                    self.replace(at, store, sha256);
                }
            }
            Action::GenerateRequest { purpose, nodes, .. } => {
                let by = step.node.as_ref();
                let asked = Asked { purpose, by, nodes };
                self.asked.insert(step.id.clone(), asked);
                self.set_requests(nodes, purpose, &Request::Of(step.id.clone()));
            }
            Action::UploadIdentity {
                purpose,
                request,
                nodes,
            } => {
                self.set_requests(nodes, purpose, &Request::None);
                self.store(nodes, purpose, request);
            }
            Action::RestartService { service, .. } => {
                let at = step.node.as_ref().and_then(|at| self.nodes.get_mut(at));
                if let Some(node) = at {
                    node.restart(service);
                }
            }
            Action::Person { .. }
            | Action::UpdateTrustList {}
            | Action::ResetPhones { .. }
            | Action::AwaitCertificates { .. }
            | Action::Confirm { .. } => {}
        }
    }

    /// The step is done: what its conditions promise was seen, and nothing more.
    pub(super) fn finish(&mut self, step: &'a Step) {
        if let Action::AwaitCertificates {
            requests, terms, ..
        } = &step.action
        {
            let made = requests
                .iter()
                .filter(|request| self.asked.contains_key(*request));
            let received: Vec<_> = made.map(|request| (request.clone(), terms)).collect();
            self.issued.extend(received);
        }
        for condition in &step.after {
            self.see(condition);
        }
        let confirms = |at: &NodeName| {
            let asks = |it: &Condition| matches!(it, Condition::Healthy { node, .. } if node == at);
            matches!(step.action, Action::Confirm { .. }) && step.after.iter().any(asks)
        };
        if let Some(at) = step.node.as_ref().filter(|at| confirms(at))
            && let Some(node) = self.nodes.get_mut(at)
        {
            node.unconfirmed.clear();
            let unproved = std::mem::take(&mut node.unproved);
            let behind = unproved.into_iter().filter(|of| !node.is_served(of));
            node.unproved = behind.collect();
        }
    }

    /// What an upload drops: older namesakes, wherever the store takes effect.
    fn replace(&mut self, at: &NodeName, store: &Store, sha256: &Fingerprint) {
        let Some(incoming) = self.seen.certificates.get(sha256) else {
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

    fn store(&mut self, nodes: &BTreeSet<NodeName>, purpose: &Purpose, request: &StepId) {
        for name in nodes {
            if let Some(node) = self.nodes.get_mut(name) {
                let issued = Held::Issued(request.clone());
                node.identities.insert(purpose.clone(), issued);
                node.unproved.insert(purpose.clone());
                node.restarted.clear();
            }
        }
    }

    fn see(&mut self, condition: &Condition) {
        match condition {
            Condition::Trusts {
                node,
                store,
                sha256,
            } => {
                if let Some(node) = self.nodes.get_mut(node) {
                    let held = node.trust.entry(store.clone()).or_default();
                    held.insert(sha256.clone());
                }
            }
            Condition::SsoDisabled { node } => self.set_sso(node, SsoState::Disabled),
            Condition::SsoEnabled { node } => self.set_sso(node, SsoState::Enabled),
            Condition::NoRequest { .. }
            | Condition::RequestOf { .. }
            | Condition::IdentityIs { .. }
            | Condition::IdentityOf { .. }
            | Condition::Serves { .. }
            | Condition::StartedSince { .. }
            | Condition::TrustListHolds { .. }
            | Condition::PhonesReset { .. }
            | Condition::PhonesBack { .. }
            | Condition::Runs { .. }
            | Condition::Healthy { .. }
            | Condition::BackupIdle { .. }
            | Condition::ReplicationGood {}
            | Condition::PhonesAtLeast { .. } => {}
        }
    }

    fn set_requests(&mut self, nodes: &BTreeSet<NodeName>, purpose: &Purpose, request: &Request) {
        for name in nodes {
            if let Some(node) = self.nodes.get_mut(name) {
                node.requests.insert(purpose.clone(), request.clone());
            }
        }
    }

    fn set_sso(&mut self, node: &NodeName, state: SsoState) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.sso = Some(state);
        }
    }
}
