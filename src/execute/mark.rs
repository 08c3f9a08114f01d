//! A person's decision about a step.

use std::collections::BTreeSet;

use super::gate::answers_for_phones;
use super::judge::Look;
use super::look::{scope, tally};
use crate::clock::Clock;
use crate::driver::Observe;
use crate::journal::{DoneHow, Event, Journal, JournalError, StepStatus};
use crate::model::{ClusterName, StepId};
use crate::plan::{Action, ClusterPlan, Plan, Step};

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The step is done.
    Done,
    /// The step did not happen; it may be carried out again.
    Failed,
}

/// A person's decision about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The step.
    pub step: StepId,
    /// What was decided.
    pub mark: Mark,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// Why a decision is not taken.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// The plan has no such step.
    #[error("the run has no step {0}; `reissue show` lists its steps")]
    NoSuchStep(StepId),
    /// Later steps need what only the step itself can learn.
    #[error("step {0} cannot be marked as done: {1}; `reissue resume` looks whether it is done")]
    NotByHand(StepId, &'static str),
    /// Only steps that wait for phones take a waiver.
    #[error(
        "step {0} waits for no phones, so there is nothing to waive; `reissue show` names the steps that do"
    )]
    NoGate(StepId),
    /// A name that the plan does not answer for.
    #[error(
        "expected names of phones that were registered when the plan was made; found {0}, which it does not answer for"
    )]
    NoSuchPhone(String),
    /// The journal refuses.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Writes a person's decision down, then looks. Answers what the look found against it, if anything: the
/// decision stands all the same, and the next steps have their own conditions.
///
/// # Errors
/// [`MarkError`].
pub async fn mark(
    journal: &Journal,
    plan: &Plan,
    device: &dyn Observe,
    clock: &dyn Clock,
    decision: Decision,
) -> Result<Option<String>, MarkError> {
    let Decision {
        step,
        mark,
        by,
        why,
    } = decision;
    let (name, cluster, known) = placed(plan, &step)?;
    let event = match mark {
        Mark::Done => {
            supplied(journal, &step, known)?;
            Event::StepDone {
                step: step.clone(),
                how: DoneHow::Marked { by, why },
            }
        }
        Mark::Failed => Event::StepFailed {
            step: step.clone(),
            error: format!("{by} says that it did not happen: {why}"),
            what_next: "`reissue resume` looks again and carries it out.".to_owned(),
            transient: true,
        },
    };
    journal.record(event)?;
    let state = device
        .observe(&scope(cluster, &known.after, &BTreeSet::new()))
        .await;
    let look = Look {
        state: &state,
        ended: clock.now(),
        artifacts: &journal.view(|run| run.artifacts_of(name, cluster)),
    };
    let tally = tally(&known.after, look);
    let agrees = tally.all_hold() == (mark == Mark::Done) || known.after.is_empty();
    Ok((!agrees).then(|| match mark {
        Mark::Done => tally.sentence(),
        Mark::Failed => "what the step wants is seen: the next run will find it done".to_owned(),
    }))
}

/// A step with its cluster.
pub(super) fn placed<'a>(
    plan: &'a Plan,
    step: &StepId,
) -> Result<(&'a ClusterName, &'a ClusterPlan, &'a Step), MarkError> {
    let found = plan.clusters.iter().find_map(|(name, cluster)| {
        let known = cluster.steps.iter().find(|known| known.id == *step)?;
        Some((name, cluster, known))
    });
    found.ok_or_else(|| MarkError::NoSuchStep(step.clone()))
}

/// A request or certificate that was never recorded cannot be replaced by a word.
fn supplied(journal: &Journal, step: &StepId, known: &Step) -> Result<(), MarkError> {
    let refuse = |why| Err(MarkError::NotByHand(step.clone(), why));
    journal.view(|run| match &known.action {
        Action::GenerateRequest { .. } if !run.artifacts.requests.contains_key(step) => {
            refuse("later steps need its request, which was not read back")
        }
        Action::AwaitCertificates { requests, .. }
            if !requests
                .iter()
                .all(|request| run.artifacts.leaves.contains_key(request)) =>
        {
            refuse("later steps need the certificates, which have not all arrived")
        }
        Action::Confirm { .. } if answers_for_phones(known) => {
            refuse("phones are waived by name (`--waive`), not all at once")
        }
        Action::Confirm { .. }
            if matches!(
                run.step(step).map(|it| &it.status),
                Some(StepStatus::Pending)
            ) =>
        {
            refuse("it was not looked at yet")
        }
        _ => Ok(()),
    })
}
