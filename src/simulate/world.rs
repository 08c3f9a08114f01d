//! The symbolic state of one cluster: what its nodes hold, serve and trust, as far as steps and what was
//! read back after them can tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ClusterState, Fingerprint, KeyAlgorithm, Listener, NodeName, Observed, Port, Purpose,
    ServiceName, SsoState, StepId, Store,
};
use crate::plan::{Action, ClusterPlan, Condition, IssueTerms, Step};

/// A certificate: one that exists, or the one that will be issued for the request of a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    Known(Fingerprint),
    Issued(StepId),
}

/// A signing request on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    None,
    /// Somebody else's, or one that could not be ruled out.
    Foreign,
    /// Made by a step of this plan.
    Of(StepId),
}

/// One node.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) trust: BTreeMap<Store, BTreeSet<Fingerprint>>,
    pub(super) requests: BTreeMap<Purpose, Request>,
    pub(super) identities: BTreeMap<Purpose, Held>,
    /// What each listener presents, where it is known to present a purpose's certificate.
    pub(super) serves: BTreeMap<Listener, (Purpose, Held)>,
    /// Services that this plan restarted and whose node was not confirmed since.
    pub(super) unconfirmed: BTreeSet<ServiceName>,
    /// Services restarted since an identity was last stored.
    pub(super) restarted: BTreeSet<ServiceName>,
    pub(super) sso: Option<SsoState>,
}

/// The cluster.
pub(super) struct World<'a> {
    pub(super) seen: &'a ClusterState,
    pub(super) plan: &'a ClusterPlan,
    pub(super) nodes: BTreeMap<NodeName, Node>,
    /// Requests whose certificate was received and found in order, with the terms it was held to.
    pub(super) issued: BTreeMap<StepId, &'a IssueTerms>,
    /// The purpose in flight, from its first request until its last confirmation.
    pub(super) in_flight: Option<Purpose>,
    /// The node in which something restarts or may have restarted.
    pub(super) restarting: Option<NodeName>,
    /// Nodes confirmed to serve what was issued, in order.
    pub(super) confirmed: Vec<NodeName>,
}

/// Which service presents which ports. Source: cucm-certificate-rules §4.1, cucm-rest-and-cli §0 fact 9.
pub(super) fn ports_of(service: &ServiceName) -> &'static [Port] {
    match service.as_str() {
        "Cisco Tomcat" => &[Port::Rest, Port::Soap],
        "Cisco Tftp" => &[Port::Tftp],
        "Cisco CallManager" => &[Port::Sip],
        _ => &[],
    }
}

/// Stores whose entries the platform spreads over the cluster by itself. Source: rule U12.
pub(super) fn is_replicated(store: &Store) -> bool {
    matches!(store.as_str(), "tomcat-trust" | "CallManager-trust")
}

impl<'a> World<'a> {
    /// The state that was observed.
    pub(super) fn observed(seen: &'a ClusterState, plan: &'a ClusterPlan) -> Self {
        let nodes = seen.nodes.iter().map(|(name, state)| {
            let trust = state.trust.iter().filter_map(|(store, entries)| {
                let held = entries
                    .present()?
                    .iter()
                    .map(|entry| entry.sha256.clone())
                    .collect();
                Some((store.clone(), held))
            });
            let requests = state.pending.iter().map(|(purpose, request)| {
                let request = match request {
                    Observed::Absent => Request::None,
                    Observed::Present(_) | Observed::Unknown(_) => Request::Foreign,
                };
                (purpose.clone(), request)
            });
            let identities: BTreeMap<_, _> = state
                .identities
                .iter()
                .filter_map(|(purpose, held)| {
                    Some((purpose.clone(), Held::Known(held.present()?.clone())))
                })
                .collect();
            let serves = state.served.iter().filter_map(|(listener, chain)| {
                let leaf = Held::Known(chain.present()?.leaf.clone());
                let purpose = identities
                    .iter()
                    .find(|(_, held)| **held == leaf)
                    .map(|(purpose, _)| purpose.clone())
                    .or_else(|| always_serves(*listener))?;
                Some((*listener, (purpose, leaf)))
            });
            let node = Node {
                trust: trust.collect(),
                requests: requests.collect(),
                serves: serves.collect(),
                identities,
                sso: state.sso.present().copied(),
                ..Node::default()
            };
            (name.clone(), node)
        });
        Self {
            seen,
            plan,
            nodes: nodes.collect(),
            issued: BTreeMap::new(),
            in_flight: None,
            restarting: None,
            confirmed: Vec::new(),
        }
    }

    /// What a node has waiting for a purpose. A purpose that its inventory does not mention has none only
    /// if the inventory was read.
    pub(super) fn request(&self, node: &NodeName, purpose: &Purpose) -> Request {
        let known = self
            .nodes
            .get(node)
            .and_then(|node| node.requests.get(purpose))
            .cloned();
        known.unwrap_or_else(|| {
            let read = self
                .seen
                .nodes
                .get(node)
                .is_some_and(|node| node.inventory.present().is_some());
            if read {
                Request::None
            } else {
                Request::Foreign
            }
        })
    }

    /// Whether a node's store was seen to hold every one of some certificates.
    pub(super) fn trusts(&self, node: &NodeName, store: &Store, chain: &[Fingerprint]) -> bool {
        let held = self.nodes.get(node).and_then(|node| node.trust.get(store));
        chain
            .iter()
            .all(|each| held.is_some_and(|held| held.contains(each)))
    }

    /// The step that made a request.
    pub(super) fn generating(&self, id: &StepId) -> Option<&'a Step> {
        self.plan
            .steps
            .iter()
            .find(|step| step.id == *id && matches!(step.action, Action::GenerateRequest { .. }))
    }

    /// The step has begun: what it touches can no longer be relied on.
    pub(super) fn begin(&mut self, step: &Step) {
        match &step.action {
            Action::GenerateRequest { purpose, nodes, .. } => {
                self.in_flight = Some(purpose.clone());
                for node in nodes {
                    self.set_request(node, purpose, Request::Of(step.id.clone()));
                }
            }
            Action::UploadIdentity {
                purpose,
                request,
                nodes,
            } => {
                self.in_flight = Some(purpose.clone());
                for node in nodes {
                    self.set_request(node, purpose, Request::None);
                    if let Some(node) = self.nodes.get_mut(node) {
                        node.identities
                            .insert(purpose.clone(), Held::Issued(request.clone()));
                        node.restarted.clear();
                    }
                }
            }
            Action::RestartService { service, .. } => {
                let Some(at) = &step.node else { return };
                self.restarting = Some(at.clone());
                if let Some(node) = self.nodes.get_mut(at) {
                    node.unconfirmed.insert(service.clone());
                    node.restarted.insert(service.clone());
                    let stored = node.identities.clone();
                    for (listener, (purpose, held)) in &mut node.serves {
                        if ports_of(service).contains(&listener.port)
                            && let Some(now) = stored.get(purpose)
                        {
                            *held = now.clone();
                        }
                    }
                }
            }
            Action::Person { .. }
            | Action::UploadTrust { .. }
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
            self.issued
                .extend(requests.iter().map(|request| (request.clone(), terms)));
        }
        for condition in &step.after {
            self.see(condition);
        }
        if let (Action::Confirm { .. }, Some(at)) = (&step.action, &step.node) {
            let confirms = |condition: &Condition| matches!(condition, Condition::Healthy { node, .. } if node == at);
            if step.after.iter().any(confirms) {
                if let Some(node) = self.nodes.get_mut(at) {
                    node.unconfirmed.clear();
                }
                if self.restarting.as_ref() == Some(at) {
                    self.restarting = None;
                }
                self.confirmed.push(at.clone());
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
                    node.trust
                        .entry(store.clone())
                        .or_default()
                        .insert(sha256.clone());
                }
            }
            Condition::SsoDisabled { node } => self.set_sso(node, SsoState::Disabled),
            Condition::SsoEnabled { node } => self.set_sso(node, SsoState::Enabled),
            Condition::NoRequest { .. }
            | Condition::RequestOf { .. }
            | Condition::IdentityIs { .. }
            | Condition::IdentityOf { .. }
            | Condition::Serves { .. }
            | Condition::Runs { .. }
            | Condition::Healthy { .. }
            | Condition::BackupIdle { .. }
            | Condition::ReplicationGood {}
            | Condition::PhonesAtLeast { .. } => {}
        }
    }

    fn set_request(&mut self, node: &NodeName, purpose: &Purpose, request: Request) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.requests.insert(purpose.clone(), request);
        }
    }

    fn set_sso(&mut self, node: &NodeName, state: SsoState) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.sso = Some(state);
        }
    }
}

/// Listeners that present one purpose whatever they present now.
fn always_serves(listener: Listener) -> Option<Purpose> {
    match (listener.port, listener.key) {
        (Port::Rest | Port::Soap, KeyAlgorithm::Rsa) => Some(Purpose::from("tomcat")),
        (Port::Rest | Port::Soap, KeyAlgorithm::Ec) => Some(Purpose::from("tomcat-ECDSA")),
        _ => None,
    }
}
