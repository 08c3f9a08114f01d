//! A cluster's plan while it grows: numbers steps, keeps the reasons between them.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::{ClusterName, Procedure, StepId};

use super::beliefs::{self, Way};
use super::facts::Site;
use super::step::{Action, ClusterPlan, Condition, Edge, Reversal, Stage, Step};

/// Steps and edges so far.
pub(super) struct Draft {
    cluster: ClusterName,
    /// How certificates are read and changed.
    way: Way,
    pub(super) steps: Vec<Step>,
    /// Some of them several times, until the plan is finished.
    edges: Vec<Edge>,
    /// What must hold before the first write; taken by the first step that writes.
    pub(super) first_write: Vec<Condition>,
}

impl Draft {
    pub(super) fn new(site: &Site<'_>, first_write: Vec<Condition>) -> Self {
        let way = if site.release.has_certificate_interface() {
            Way::Rest
        } else {
            Way::Shell
        };
        Self::of(site.cluster, way, first_write)
    }

    pub(super) fn of(cluster: &ClusterName, way: Way, first_write: Vec<Condition>) -> Self {
        Self {
            cluster: cluster.clone(),
            way,
            steps: Vec::new(),
            edges: Vec::new(),
            first_write,
        }
    }

    /// Goes on behind steps that are complete; what is added writes nothing.
    pub(super) fn behind(site: &Site<'_>, steps: Vec<Step>) -> Self {
        Self {
            steps,
            ..Self::new(site, Vec::new())
        }
    }

    /// The number that the next step will get, for conditions that name it.
    pub(super) fn next(&self) -> StepId {
        StepId::new(format!("{}-{:02}", self.cluster, self.steps.len() + 1))
    }

    /// Adds a step at the end and gives it the next number.
    pub(super) fn add(&mut self, mut step: Step) -> StepId {
        let id = self.next();
        if writes(&step.action) {
            step.before
                .splice(..0, std::mem::take(&mut self.first_write));
            each_once(&mut step.before);
        }
        step.rests_on.extend(beliefs::of(&step, self.way));
        step.id = id.clone();
        self.steps.push(step);
        id
    }

    /// Says why one step comes before another.
    pub(super) fn edge(&mut self, first: &StepId, then: &StepId, why: impl Into<String>) {
        self.edges.push(Edge {
            first: first.clone(),
            then: then.clone(),
            why: why.into(),
        });
    }

    /// Says why some steps come before another.
    pub(super) fn edges<'a>(
        &mut self,
        firsts: impl IntoIterator<Item = &'a StepId>,
        then: &StepId,
        why: &str,
    ) {
        for first in firsts {
            self.edge(first, then, why);
        }
    }

    /// Moves steps and edges into a plan.
    pub(super) fn finish(mut self, plan: &mut ClusterPlan) {
        self.edges.sort();
        self.edges.dedup();
        plan.steps = self.steps;
        plan.edges = self.edges;
    }
}

/// Leaves of equal conditions the first.
fn each_once(conditions: &mut Vec<Condition>) {
    let mut seen = BTreeSet::new();
    let new: Vec<bool> = conditions.iter().map(|it| seen.insert(it)).collect();
    let mut new = new.into_iter();
    conditions.retain(|_| new.next().unwrap_or(true));
}

/// Whether an action changes a device.
pub(super) fn writes(action: &Action) -> bool {
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

/// A step that reads or waits, to be filled where it differs.
pub(super) fn step(stage: Stage, action: Action, why: impl Into<String>) -> Step {
    Step {
        id: StepId::new(""),
        stage,
        node: None,
        action,
        before: Vec::new(),
        after: Vec::new(),
        disruption: None,
        takes: SignedDuration::ZERO,
        reversal: Reversal::Nothing {},
        because: BTreeSet::new(),
        why: why.into(),
        sources: Vec::new(),
        rests_on: BTreeSet::new(),
    }
}

/// Sources with the words behind their tags: `T217138 step 5; SG14` gives two, the first of them
/// `T217138 step 5: Create New Certificates …`.
pub(super) fn cited(procedure: &Procedure, sources: &[&str]) -> Vec<String> {
    let mut cited = Vec::new();
    let parts = sources.iter().flat_map(|source| source.split(';'));
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let tag = part.split_whitespace().next().unwrap_or(part);
        let line = match procedure.sources.get(tag) {
            Some(words) => format!("{part}: {words}"),
            None => part.to_owned(),
        };
        if !cited.contains(&line) {
            cited.push(line);
        }
    }
    cited
}
