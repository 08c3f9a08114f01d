//! What a plan asks of phones: who must come back, who was waived, and what each pass does to them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::StepId;
use crate::plan::{Action, ClusterPlan, Condition, PhoneBaseline, Stage, Step};

use super::super::words::{count, list};

/// The phones that a cluster's plan answers for.
#[derive(Serialize)]
pub(in crate::render) struct PhonesView {
    /// How many, by device pool.
    pub(in crate::render) registered: String,
    /// Absent phones by name, with the reason for which a person waived them.
    pub(in crate::render) waived: Vec<(String, String)>,
    /// What phones notice of each pass, in order.
    pub(in crate::render) passes: Vec<String>,
}

impl PhonesView {
    pub(super) fn of(plan: &ClusterPlan) -> Option<Self> {
        let phones = plan.phones.as_ref()?;
        Some(Self {
            registered: registered(phones),
            waived: phones
                .waived
                .iter()
                .map(|(name, why)| (name.clone(), why.clone()))
                .collect(),
            passes: passes(&plan.steps),
        })
    }
}

fn registered(phones: &PhoneBaseline) -> String {
    let pools: Vec<String> = phones
        .registered
        .iter()
        .map(|(pool, names)| match pool.as_str() {
            "" => format!("{} of no known device pool", names.len()),
            pool => format!("{} of {pool}", names.len()),
        })
        .collect();
    format!(
        "{} registered when this was planned, {}: each must come back, or is waived by name",
        count(number(phones), "phone"),
        list(&pools)
    )
}

fn number(phones: &PhoneBaseline) -> usize {
    phones.registered.values().map(BTreeSet::len).sum()
}

/// How a person goes on without a phone for which a step waits; `None` if it waits for none.
pub(super) fn way_on(step: &Step, plan: &ClusterPlan) -> Option<String> {
    let phones = number(plan.phones.as_ref()?);
    let waits = |condition: &Condition| {
        matches!(
            condition,
            Condition::PhonesBack { .. } | Condition::PhonesReset { .. }
        )
    };
    step.after.iter().any(waits).then(|| {
        format!(
            "answers for {}; if some stay away the run waits, and goes on without those that a person names: \
             reissue mark {} --waive NAME --why TEXT",
            count(phones, "phone"),
            step.id
        )
    })
}

/// Whether a step is the gate at the end of a pass.
pub(in crate::render) fn is_gate(step: &Step) -> bool {
    let back = |condition: &Condition| matches!(condition, Condition::PhonesBack { .. });
    step.stage == Stage::Activate && step.after.iter().any(back)
}

/// What one pass does, as far as phones notice.
#[derive(Default)]
struct Pass<'a> {
    purposes: Vec<&'a str>,
    /// Uploads because of which phones reset by themselves.
    by_itself: Vec<&'a StepId>,
    lists: Vec<&'a StepId>,
    resets: Vec<String>,
    loses: Vec<&'a str>,
    gate: Option<(&'a StepId, u32)>,
    /// A service has restarted: the next upload belongs to another pass.
    restarted: bool,
}

fn passes(steps: &[Step]) -> Vec<String> {
    let mut passes: Vec<Pass<'_>> = Vec::new();
    for step in steps {
        let uploads = matches!(step.action, Action::UploadIdentity { .. });
        if uploads && passes.last().is_none_or(|last| last.restarted) {
            passes.push(Pass::default());
        }
        if let Some(pass) = passes.last_mut().filter(|_| step.stage < Stage::Verify) {
            pass.take(step);
        }
    }
    passes.iter().map(Pass::told).collect()
}

impl<'a> Pass<'a> {
    fn take(&mut self, step: &'a Step) {
        match &step.action {
            Action::UploadIdentity { purpose, .. } => {
                if !self.purposes.contains(&purpose.as_str()) {
                    self.purposes.push(purpose.as_str());
                }
                if step.stage == Stage::Activate {
                    self.by_itself.push(&step.id);
                }
            }
            Action::UpdateTrustList {} => self.lists.push(&step.id),
            Action::ResetPhones { pool } => {
                self.resets.push(format!("{} ({pool})", step.id));
                self.restarted = true;
            }
            Action::RestartService { .. } => self.restarted = true,
            Action::Confirm { .. } => {
                for condition in &step.after {
                    if let Condition::PhonesBack { polls, .. } = condition {
                        self.gate = Some((&step.id, *polls));
                    }
                }
            }
            Action::Person { .. }
            | Action::UploadTrust { .. }
            | Action::GenerateRequest { .. }
            | Action::AwaitCertificates { .. } => {}
        }
        if let Some(disruption) = &step.disruption
            && !self.loses.contains(&disruption.loses.as_str())
        {
            self.loses.push(&disruption.loses);
        }
    }

    fn told(&self) -> String {
        let ids = |ids: &[&StepId]| list(&ids.iter().map(|id| id.as_str()).collect::<Vec<_>>());
        let mut told = Vec::new();
        if !self.by_itself.is_empty() {
            told.push(format!(
                "phones reset by themselves at {}",
                ids(&self.by_itself)
            ));
        }
        if !self.lists.is_empty() {
            told.push(format!(
                "their trust list is written anew at {}",
                ids(&self.lists)
            ));
        }
        if !self.resets.is_empty() {
            told.push(format!("they are reset by {}", list(&self.resets)));
        }
        match self.gate {
            Some((gate, polls)) => told.push(format!(
                "nothing goes on after {gate} until all are back in {} in a row",
                count(usize::try_from(polls).unwrap_or(usize::MAX), "look")
            )),
            None => told.push("phones hold nothing of it and are not reset".to_owned()),
        }
        if !self.loses.is_empty() {
            told.push(format!("meanwhile users lose: {}", self.loses.join(" / ")));
        }
        format!("{}: {}", list(&self.purposes), told.join("; "))
    }
}
