//! The proof: walks a plan over the observed state symbolically and checks the safety invariants in every
//! state that a prefix of it can leave behind, with its last step done, half done or not done.
//!
//! This is the second opinion. It reads the plan's data and shares no code with the planner: what a step
//! must look like, what it does to a device and what must hold are written here once more, from the
//! invariants' own text.

mod activation;
mod baseline;
mod catalogue;
mod identity;
mod links;
mod node;
mod order;
mod pass;
mod peers;
mod phones;
mod preflight;
mod reliance;
mod requests;
mod reuse;
mod shape;
mod stores;
#[cfg(test)]
mod tests;
mod trust;
mod world;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{ClusterName, NodeName, Observation, StepId};
use crate::plan::{Action, ClusterPlan, Plan, Step};

pub use phones::{ClassProof, Holds, PhoneClass, Presence, Stranded};
pub use reliance::Reliance;
use world::World;

/// What helps where the plan itself is wrong, not the cluster.
const PLAN_AGAIN: &str = "Plan again; if it stays, do not carry this plan out and report it.";

/// What the proof says of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// By cluster: how much was looked at.
    pub clusters: BTreeMap<ClusterName, Extent>,
    /// By cluster whose plan changes what phones hold: every class of its phones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub phones: BTreeMap<ClusterName, Vec<ClassProof>>,
    /// What was looked at of connections between clusters; none where the plan changes no end of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reliance: Option<Reliance>,
    /// Everything that is wrong, in the order of the plan. Empty: the plan is safe in this model.
    pub violations: Vec<Violation>,
}

impl Proof {
    /// Whether no invariant fails.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }

    /// Adds what was judged of a cluster beside its own walk.
    fn absorb(&mut self, judge: Judge<'_>) {
        let extent = self.clusters.entry(judge.cluster.clone()).or_default();
        extent.checks += judge.extent.checks;
        self.violations.extend(judge.violations);
    }
}

/// How much was looked at in one cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// Steps.
    pub steps: usize,
    /// Distinct states after a prefix, crash prefixes included.
    pub states: usize,
    /// Single judgements made.
    pub checks: usize,
}

/// One invariant that fails in one reachable state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// The cluster.
    pub cluster: ClusterName,
    /// The step whose doing, half-doing or absence breaks it; `None` if it holds for no order of steps.
    pub step: Option<StepId>,
    /// The number of the invariant, `I9`, or `shape` where the plan contradicts itself.
    pub invariant: &'static str,
    /// The nodes concerned.
    pub nodes: Vec<NodeName>,
    /// What must hold, and what the state is instead.
    pub says: String,
    /// What would make it safe.
    pub remedy: String,
}

/// Proves a plan against the observation it was made from.
pub fn prove(observation: &Observation, plan: &Plan) -> Proof {
    let mut proof = Proof::default();
    let mut elsewhere = links::authorities_elsewhere(plan);
    for (name, cluster) in &plan.clusters {
        let mut judge = Judge::new(name);
        match observation.clusters.get(name) {
            Some(state) => {
                let world = World::observed(
                    state,
                    observation.to,
                    cluster,
                    elsewhere.remove(name).unwrap_or_default(),
                );
                let phones = walk(&mut judge, world, cluster);
                if !phones.is_empty() {
                    proof.phones.insert(name.clone(), phones);
                }
            }
            None => judge.breaks(
                "I25",
                None,
                &[],
                "the observation does not contain this cluster",
                "Observe the cluster and plan again.",
            ),
        }
        proof.clusters.insert(name.clone(), judge.extent);
        proof.violations.extend(judge.violations);
    }
    if let Some(order) = links::check(&mut proof, plan) {
        peers::check(&mut proof, observation, &order);
        reliance::check(&mut proof, observation, &order);
    }
    proof
}

/// Walks one cluster's plan, step by step; what comes out is the section of its phones.
fn walk<'a>(judge: &mut Judge<'_>, mut world: World<'a>, plan: &'a ClusterPlan) -> Vec<ClassProof> {
    shape::check(judge, &world, plan);
    preflight::check(judge, &world, plan);
    baseline::check(judge, &world, plan);
    judge.extent.states = 1;
    reset_now(judge, &mut world, None);
    for step in &plan.steps {
        judge.extent.steps += 1;
        // The step has not begun: may it, in this state?
        trust::before(judge, &world, step);
        requests::before(judge, &world, step);
        identity::before(judge, &world, step);
        pass::before(judge, &world, step);
        activation::before(judge, &world, step);
        // It has begun and nobody knows how far it came. Whatever it touches is in flight.
        world.begin(step);
        judge.extent.states += 1;
        reset_now(judge, &mut world, Some(step));
        trust::while_open(judge, &world, step);
        activation::while_open(judge, &world, step);
        // It is done, and what it promised was seen.
        world.finish(step);
        judge.extent.states += 1;
        reset_now(judge, &mut world, Some(step));
    }
    activation::at_the_end(judge, &world);
    requests::at_the_end(judge, &world, plan);
    identity::at_the_end(judge, &world);
    pass::at_the_end(judge, &world);
    let phones = world.phones.as_ref();
    phones
        .map(|phones| phones.proofs(&world))
        .unwrap_or_default()
}

/// What a reset of every phone would do in this state: by the plan, by the platform, or by somebody who unplugs one.
fn reset_now(judge: &mut Judge<'_>, world: &mut World<'_>, step: Option<&Step>) {
    if let Some(mut phones) = world.phones.take() {
        phones.judge(judge, world, step);
        world.phones = Some(phones);
    }
}

/// Whether an action changes a device.
fn writes(action: &Action) -> bool {
    match action {
        Action::UploadTrust { .. }
        | Action::GenerateRequest { .. }
        | Action::UploadIdentity { .. }
        | Action::UpdateTrustList {}
        | Action::ResetPhones { .. }
        | Action::RestartService { .. } => true,
        Action::Person { .. } | Action::AwaitCertificates { .. } | Action::Confirm { .. } => false,
    }
}

/// Collects what the checks say.
struct Judge<'a> {
    cluster: &'a ClusterName,
    extent: Extent,
    violations: Vec<Violation>,
}

impl<'a> Judge<'a> {
    fn new(cluster: &'a ClusterName) -> Self {
        Self {
            cluster,
            extent: Extent::default(),
            violations: Vec::new(),
        }
    }

    /// One judgement over some nodes: it holds when none of them is wrong.
    fn none(
        &mut self,
        wrong: &[&NodeName],
        invariant: &'static str,
        step: Option<&Step>,
        otherwise: impl FnOnce() -> (String, String),
    ) {
        self.require(wrong.is_empty(), invariant, step, wrong, otherwise);
    }

    /// One judgement: when it does not hold, `otherwise` says what is the case and what to do.
    fn require(
        &mut self,
        holds: bool,
        invariant: &'static str,
        step: Option<&Step>,
        nodes: &[&NodeName],
        otherwise: impl FnOnce() -> (String, String),
    ) {
        self.extent.checks += 1;
        if !holds {
            let (says, remedy) = otherwise();
            self.breaks(invariant, step, nodes, says, remedy);
        }
    }

    fn breaks(
        &mut self,
        invariant: &'static str,
        step: Option<&Step>,
        nodes: &[&NodeName],
        says: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        // Where nothing narrower is named, it is the step's own node that is concerned.
        let own = step
            .and_then(|step| step.node.as_ref())
            .filter(|_| nodes.is_empty());
        self.violations.push(Violation {
            cluster: self.cluster.clone(),
            step: step.map(|step| step.id.clone()),
            invariant,
            nodes: nodes.iter().copied().chain(own).cloned().collect(),
            says: says.into(),
            remedy: remedy.into(),
        });
    }
}
