//! Steps that only look: proofs, and what a person does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cluster::{ClusterRun, Seen};
use super::gate::names_phones;
use super::look::tally;
use super::outcome::{Class, Halt};
use crate::driver::proves_nodes;
use crate::journal::DoneHow;
use crate::model::{NodeName, Purpose, StepId};
use crate::plan::{Action, Condition, Stage, Step};

/// So many looks in a row must agree; a node that flaps while it starts is not up.
const IN_A_ROW: u32 = 2;

/// What did not hold when a wait was over.
struct Unheld {
    found: String,
    /// Nothing but phones was missing.
    only_phones: bool,
    seen: Seen,
}

fn looks_in_a_row(condition: &Condition) -> u32 {
    match condition {
        Condition::PhonesBack { polls, .. } => IN_A_ROW.max(*polls),
        _ => IN_A_ROW,
    }
}

impl ClusterRun<'_> {
    /// Waits until everything is as it should be, and stays so.
    pub(super) async fn confirm(&self, step: &Step, what: &str) -> Result<(), Halt> {
        let wait = step
            .after
            .iter()
            .map(|condition| self.wait_of(condition))
            .max();
        if let Err(Unheld {
            found,
            seen,
            only_phones,
        }) = self.hold(step, wait.unwrap_or_default()).await?
        {
            if only_phones {
                return Err(self.short_of_phones(step, &seen));
            }
            let class = match step.stage {
                Stage::Verify => Class::Verification,
                _ => Class::Failed,
            };
            let what = format!("not confirmed: {what}: {found}");
            let next = "Nothing further is changed. Mend what is not as it should be, then `reissue resume`: \
                       it looks again.";
            return Err(self.failed(step, class, what, next));
        }
        self.settle_leaves(step)?;
        self.done(step, DoneHow::Seen {})
    }

    /// Looks whether a person did something; if not, the run waits for it.
    pub(super) async fn person(&self, step: &Step, instruction: &str) -> Result<(), Halt> {
        if step.after.is_empty() {
            let next = format!(
                "When it is done: `reissue mark {} --done --why …`, then `reissue resume`.",
                step.id
            );
            return Err(self.waits(step, instruction.to_owned(), &next));
        }
        match self.hold(step, Duration::ZERO).await? {
            Ok(()) => self.done(step, DoneHow::Seen {}),
            Err(Unheld { found, .. }) => {
                let next = format!("When it is done: `reissue resume`. Seen now: {found}");
                Err(self.waits(step, instruction.to_owned(), &next))
            }
        }
    }

    /// Looks until `after` holds in several looks in a row. The inner error says what did not hold when the
    /// wait was over; a look that holds is always followed by the next one.
    async fn hold(&self, step: &Step, wait: Duration) -> Result<Result<(), Unheld>, Halt> {
        let scope = self.scope_of(&step.after, &BTreeSet::new());
        let deadline = self.deadline(wait);
        let artifacts = self.artifacts();
        let looks = step.after.iter().map(looks_in_a_row).max();
        let mut holding: u32 = 0;
        let mut told = String::new();
        loop {
            let seen = self.look(&scope).await;
            let tally = tally(&step.after, seen.with(&artifacts));
            if tally.all_hold() {
                holding = holding.saturating_add(1);
                if Some(holding) >= looks {
                    return Ok(Ok(()));
                }
            } else {
                holding = 0;
                let text = tally.sentence();
                if self.past(deadline) {
                    let only_phones = tally.unmet().all(names_phones);
                    return Ok(Err(Unheld {
                        found: text,
                        only_phones,
                        seen,
                    }));
                }
                if text != told {
                    self.note(step, text.clone());
                    told = text;
                }
            }
            self.may_go_on(step.id.as_str())?;
            self.pause().await;
        }
    }

    fn wait_of(&self, condition: &Condition) -> Duration {
        let waits = self.all.waits;
        match condition {
            Condition::PhonesAtLeast { .. }
            | Condition::PhonesReset { .. }
            | Condition::PhonesBack { .. } => waits.phones_back,
            Condition::ReplicationGood {} | Condition::Trusts { .. } => waits.replication,
            Condition::Runs { .. }
            | Condition::Healthy { .. }
            | Condition::StartedSince { .. }
            | Condition::Traverses { .. } => waits.served.max(waits.service_restart),
            _ => waits.served,
        }
    }

    /// Nodes that were seen to serve the new certificate that proves them may present no other from now on.
    fn settle_leaves(&self, step: &Step) -> Result<(), Halt> {
        let artifacts = self.artifacts();
        let mut leaves = BTreeMap::<&NodeName, BTreeSet<_>>::new();
        for condition in &step.after {
            let Condition::Serves { node, step, .. } = condition else {
                continue;
            };
            if !self.asked_for(step).is_some_and(proves_nodes) {
                continue;
            }
            leaves
                .entry(node)
                .or_default()
                .extend(artifacts.leaves.get(step).map(|leaf| &leaf.sha256));
        }
        for (node, leaves) in leaves {
            for leaf in leaves {
                self.device.settle_leaf(node, leaf).map_err(|why| {
                    let what =
                        format!("{node} serves its new certificate; its pin was not kept: {why}");
                    self.failed(
                        step,
                        Class::Failed,
                        what,
                        "Make the disk writable, then `reissue resume`.",
                    )
                })?;
            }
        }
        Ok(())
    }

    /// The purpose of the certificate that a step asks for.
    fn asked_for(&self, request: &StepId) -> Option<&Purpose> {
        let step = self.plan.steps.iter().find(|step| step.id == *request)?;
        match &step.action {
            Action::GenerateRequest { purpose, .. } => Some(purpose),
            _ => None,
        }
    }
}
