//! The symbolic state of one cluster: what its nodes hold, serve and trust, as far as steps and what was
//! read back after them can tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    Appliance, ClusterState, Fingerprint, NodeName, Observed, Purpose, Release, SecurityMode,
    ServiceName, SsoState, StepId,
};
use crate::plan::{Action, ClusterPlan, Condition, IssueTerms, PhoneBaseline, Step};

use super::catalogue::{self, PhonePart};
use super::node::{Node, Request, Upload};
use super::pass::Pass;
use super::phones::Phones;
use super::reuse;

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
    /// The nodes on which the plan stores a purpose sooner or later.
    pub(super) planned: BTreeMap<&'a Purpose, BTreeSet<&'a NodeName>>,
    /// Services that the plan restarts, by node.
    pub(super) restarts: BTreeMap<&'a NodeName, BTreeSet<&'a ServiceName>>,
    /// The authorities of certificates of other clusters that are carried out together with this one.
    pub(super) elsewhere: BTreeSet<&'a Fingerprint>,
    /// Which purposes are CallManager's as well.
    pub(super) reused: BTreeSet<Purpose>,
    /// The publisher's release.
    pub(super) release: &'a Release,
    /// The place of the step that is looked at.
    pub(super) moment: usize,
    /// The phones that the plan answers for.
    pub(super) baseline: Option<&'a PhoneBaseline>,
    /// The open pass of a purpose that phones hold.
    pub(super) pass: Option<Pass<'a>>,
    /// What phones hold and are offered; none where the plan changes nothing of it.
    pub(super) phones: Option<Phones<'a>>,
}

impl<'a> World<'a> {
    /// The state that was observed.
    pub(super) fn observed(
        seen: &'a ClusterState,
        at: Timestamp,
        plan: &'a ClusterPlan,
        elsewhere: BTreeSet<&'a Fingerprint>,
    ) -> Self {
        let mut planned: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        let mut restarts: BTreeMap<&NodeName, BTreeSet<&ServiceName>> = BTreeMap::new();
        for step in &plan.steps {
            match (&step.action, &step.node) {
                (Action::UploadIdentity { purpose, nodes, .. }, _) => {
                    planned.entry(purpose).or_default().extend(nodes);
                }
                (Action::RestartService { service, .. }, Some(node)) => {
                    restarts.entry(node).or_default().insert(service);
                }
                _ => {}
            }
        }
        let publisher = seen.publisher().and_then(|name| seen.nodes.get(name));
        let release = publisher.and_then(|node| node.release.present());
        let release = release.unwrap_or(&plan.release);
        let nodes = seen.nodes.iter().map(|(name, state)| {
            let restarts = restarts.get(name).cloned().unwrap_or_default();
            let appliance = Appliance::of(seen.product, state.role);
            let node = Node::observed(state, appliance, release, &restarts);
            (name.clone(), node)
        });
        let mut world = Self {
            seen,
            at,
            nodes: nodes.collect(),
            asked: BTreeMap::new(),
            issued: BTreeMap::new(),
            planned,
            restarts: restarts.clone(),
            elsewhere,
            reused: reuse::found(seen, release),
            release,
            moment: 0,
            baseline: plan.phones.as_ref(),
            pass: None,
            phones: None,
        };
        if world
            .planned
            .keys()
            .any(|purpose| world.phone_part(purpose).is_some())
        {
            world.phones = Some(Phones::observed(&world));
        }
        world
    }

    /// What phones hold of a purpose: with reuse, tomcat is CallManager; claim CUCM-REUSE.
    pub(super) fn phone_part(&self, purpose: &Purpose) -> Option<PhonePart> {
        if self.reused.contains(purpose) {
            return Some(PhonePart::CallManager);
        }
        catalogue::known(purpose).and_then(|known| known.phones)
    }

    /// Whether two purposes may be in flight together: none that phones hold, or twins.
    pub(super) fn belong_together(&self, one: &Purpose, other: &Purpose) -> bool {
        let of_platform = |purpose| self.phone_part(purpose).is_none();
        one.plain_str() == other.plain_str() || (of_platform(one) && of_platform(other))
    }

    /// Whether phones hold a certificate trust list; not where the mode is unknown, which is refused elsewhere.
    pub(super) fn is_mixed(&self) -> bool {
        self.seen.security == Observed::Present(SecurityMode::Mixed)
    }

    /// Nodes on which something new is stored that was not seen in effect, or that restarted and were not confirmed.
    pub(super) fn unfinished(&self) -> Vec<&NodeName> {
        let open = |node: &Node| !node.unproved.is_empty() || !node.unconfirmed.is_empty();
        let nodes = self.nodes.iter().filter(|(_, node)| open(node));
        nodes.map(|(name, _)| name).collect()
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

    /// The step has begun: what it touches can no longer be relied on.
    pub(super) fn begin(&mut self, step: &'a Step) {
        self.moment += 1;
        match &step.action {
            Action::UploadTrust { store, sha256, .. } => {
                if let Some(at) = &step.node {
                    self.replace(at, store, sha256);
                    self.take(at, &step.id, store, sha256);
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
                for name in nodes {
                    let upload = Upload {
                        step: step.id.clone(),
                        at: self.moment,
                    };
                    if let Some(node) = self.nodes.get_mut(name) {
                        node.store(purpose, request, upload, self.release);
                    }
                }
            }
            Action::RestartService { service, .. } => {
                let at = step.node.as_ref().and_then(|at| self.nodes.get_mut(at));
                if let Some(node) = at {
                    node.restart(service, self.moment, self.release);
                }
            }
            Action::Person { .. }
            | Action::UpdateTrustList {}
            | Action::ResetPhones { .. }
            | Action::AwaitCertificates { .. }
            | Action::Confirm { .. } => {}
        }
        self.begin_pass(step);
        if let Some(mut phones) = self.phones.take() {
            phones.begin(self, step);
            self.phones = Some(phones);
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
        self.confirm(step);
        let back = self.finish_pass(step);
        if let Some(mut phones) = self.phones.take() {
            phones.finish(self, step, back);
            self.phones = Some(phones);
        }
    }

    /// A confirmation of a node's health ends its restarts, and proves what it asks for.
    fn confirm(&mut self, step: &Step) {
        let (Action::Confirm { .. }, Some(at)) = (&step.action, &step.node) else {
            return;
        };
        let asks = |it: &Condition| matches!(it, Condition::Healthy { node, .. } if node == at);
        if !step.after.iter().any(asks) {
            return;
        }
        let release = self.release;
        if let Some(node) = self.nodes.get_mut(at) {
            node.unconfirmed.clear();
            let open = std::mem::take(&mut node.unproved);
            let behind = open
                .into_iter()
                .filter(|of| !proves(node, at, of, step, release));
            node.unproved = behind.collect();
            let waits = std::mem::take(&mut node.unloaded).into_iter();
            let waits = waits.filter(|upload| !node.shows_loaded(at, upload, step));
            node.unloaded = waits.collect();
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
            | Condition::PhonesAtLeast { .. }
            | Condition::Traverses { .. } => {}
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

/// Whether a confirmation shows a purpose's new certificate in effect: by every port that presents it, or by the start
/// of a service that loads it; nothing has to be shown where nothing runs that would load it.
fn proves(node: &Node, at: &NodeName, purpose: &Purpose, step: &Step, release: &Release) -> bool {
    let provers = node.provers(purpose, release);
    let started = |service: &&ServiceName| {
        step.after.iter().any(|condition| {
            matches!(condition, Condition::StartedSince { node: of, service: by, step: upload }
                if of == at && by == *service
                    && node.uploads.get(purpose).is_some_and(|it| it.step == *upload)
                    && node.started_since(by, upload, release))
        })
    };
    node.behind(purpose).is_empty() && (provers.is_empty() || provers.iter().any(started))
}
