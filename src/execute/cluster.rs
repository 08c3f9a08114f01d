//! One cluster's part: the check before its first step, then one step after the other.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::judge::Look;
use super::linked::Ended;
use super::look::{scope, tally};
use super::outcome::{Class, Halt};
use super::run::Executor;
use super::standing::{refused_for, standing};
use super::stops::FIND_OUT;
use super::surroundings::Progress;
use crate::driver::{Actuate, Scope};
use crate::journal::{Artifacts, DoneHow, Event, Replay, StepRecord, StepStatus};
use crate::model::{ClusterName, ClusterState, NodeName};
use crate::plan::{
    Action, ClusterPlan, Condition, Moved, Stage, Step, Touched, basis, moved, touched,
};

/// What one look at a cluster showed.
pub(super) struct Seen {
    pub(super) state: ClusterState,
    /// When the look began and ended.
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
}

impl Seen {
    /// The look with what the run has learned.
    pub(super) fn with<'a>(&'a self, artifacts: &'a Artifacts) -> Look<'a> {
        Look {
            state: &self.state,
            ended: self.ended,
            artifacts,
        }
    }
}

/// Whether users may notice a step: a window binds it, and the whole cluster is looked at before it.
pub(super) fn disrupts(step: &Step) -> bool {
    let acts = match &step.action {
        Action::RestartService { .. } | Action::ResetPhones { .. } => true,
        // Phones reset by themselves because of it.
        Action::UploadIdentity { .. } => step.stage == Stage::Activate,
        _ => false,
    };
    acts || step.disruption.is_some()
}

/// One cluster of a run.
pub(super) struct ClusterRun<'a> {
    pub(super) all: &'a Executor,
    pub(super) name: &'a ClusterName,
    pub(super) plan: &'a ClusterPlan,
    pub(super) device: &'a dyn Actuate,
    /// The clusters that go no further.
    pub(super) ended: &'a Ended,
}

impl ClusterRun<'_> {
    /// Goes on from where the journal stands. `seen` is an observation of just now, if there is one.
    pub(super) async fn run(&self, seen: Option<ClusterState>) -> Result<(), Halt> {
        if self.next().is_none() {
            return Ok(());
        }
        self.check_basis(seen).await?;
        while let Some((index, step)) = self.next() {
            if self
                .all
                .limits
                .until
                .is_some_and(|until| step.stage > until)
            {
                return Ok(());
            }
            self.may_go_on(&step.id.to_string())?;
            self.await_links(step).await?;
            self.in_window(step)?;
            let begun = Progress::StepBegun {
                step: step.id.clone(),
                number: index + 1,
                of: self.plan.steps.len(),
            };
            self.tell(&begun);
            self.carry_out(index, step).await.map_err(|halt| Halt {
                step: halt.step.or_else(|| Some(step.id.clone())),
                ..halt
            })?;
        }
        Ok(())
    }

    async fn carry_out(&self, index: usize, step: &Step) -> Result<(), Halt> {
        match &step.action {
            Action::UploadTrust { .. }
            | Action::GenerateRequest { .. }
            | Action::UploadIdentity { .. }
            | Action::UpdateTrustList {}
            | Action::ResetPhones { .. }
            | Action::RestartService { .. } => self.change(index, step).await,
            Action::AwaitCertificates {
                issuer,
                requests,
                terms,
            } => self.certificates(step, issuer, requests, terms).await,
            Action::Confirm { what } => self.confirm(step, what).await,
            Action::Person { instruction } => self.person(step, instruction).await,
        }
    }

    /// The first step that is not done. Steps that were done out of order by a mark are passed over.
    fn next(&self) -> Option<(usize, &Step)> {
        let open = |(_, step): &(usize, &Step)| !self.all.journal.view(|run| run.is_done(&step.id));
        self.plan.steps.iter().enumerate().find(open)
    }

    /// Stops before a step, if a person asked.
    pub(super) fn may_go_on(&self, before: &str) -> Result<(), Halt> {
        if !self.all.stop.asked() {
            return Ok(());
        }
        Err(Halt {
            class: Class::Interrupted,
            step: None,
            what: format!("stopped before {before}, as asked"),
            next: "Go on with `reissue resume`.".to_owned(),
        })
    }

    /// A step that users notice is begun only in a change window that stays open as long as the step
    /// typically takes (invariant I27). A cluster that is in no window is not bound.
    fn in_window(&self, step: &Step) -> Result<(), Halt> {
        let windows = || {
            self.all
                .limits
                .windows
                .iter()
                .filter(|window| window.clusters.contains(self.name))
        };
        if !disrupts(step) || windows().next().is_none() {
            return Ok(());
        }
        let now = self.all.clock.now();
        let ends = now.checked_add(step.takes).unwrap_or(Timestamp::MAX);
        if windows()
            .filter_map(|window| window.closes(now))
            .any(|closes| ends <= closes)
        {
            return Ok(());
        }
        let next = windows().filter_map(|window| window.opens(now)).min();
        let opens = next.map_or_else(|| "never".to_owned(), |next| format!("at {next:.0}"));
        Err(Halt {
            class: Class::Waiting,
            step: Some(step.id.clone()),
            what: format!(
                "no change window of {} is open for the {:#} that {} takes; the next opens {opens}",
                self.name, step.takes, step.id
            ),
            next: "Go on with `reissue resume` when it is open.".to_owned(),
        })
    }

    /// The whole cluster must be as it was when the plan was made, but for what its own steps changed.
    async fn check_basis(&self, mut seen: Option<ClusterState>) -> Result<(), Halt> {
        let last = self
            .plan
            .steps
            .iter()
            .rposition(|step| self.was_touched(step));
        let now = self.all.clock.now();
        if last.is_none() && now > self.plan_valid_until() {
            return Err(Halt {
                class: Class::Stale,
                step: None,
                what: format!(
                    "the plan was valid until {:.0}, it is {now:.0}",
                    self.plan_valid_until()
                ),
                next: "Make a new plan.".to_owned(),
            });
        }
        let changed = last.map_or_else(Touched::default, |last| touched(self.plan, last));
        let deadline = self.deadline(self.patience());
        let drift = loop {
            let seen = match seen.take() {
                Some(state) => Seen {
                    state,
                    began: now,
                    ended: now,
                },
                None => self.look(&Scope::without_phones()).await,
            };
            let drift = self.drift(&seen, &changed);
            let settled = drift.is_empty() || !drift.iter().all(unread);
            if settled || self.past(deadline) || self.all.stop.asked() {
                break drift;
            }
            self.pause().await;
        };
        if drift.is_empty() {
            return Ok(());
        }
        let (class, next) = match last {
            _ if drift.iter().all(unread) => (
                Class::Failed,
                "Make the nodes readable again, then `reissue resume`, or apply anew.",
            ),
            None => (Class::Stale, "Make a new plan."),
            Some(_) => (Class::InDoubt, FIND_OUT),
        };
        Err(Halt {
            class,
            step: None,
            what: moves(&drift),
            next: next.to_owned(),
        })
    }

    /// How long the cluster may take to be readable: a restart of an earlier attempt may still be under way.
    fn patience(&self) -> Duration {
        let waits = self.all.waits;
        match self.next() {
            Some((_, step)) if matches!(step.action, Action::RestartService { .. }) => {
                waits.served.max(waits.tomcat_restart)
            }
            _ => waits.served,
        }
    }

    fn was_touched(&self, step: &Step) -> bool {
        self.record_of(step).is_some_and(|record| {
            record.attempts > 0
                || matches!(
                    record.status,
                    StepStatus::Done(_) | StepStatus::Waiting { .. }
                )
        })
    }

    fn plan_valid_until(&self) -> Timestamp {
        self.all.plan.valid_until
    }

    /// What moved that no step of ours may have moved, and what our steps brought about and is gone. What was
    /// unknown before proves nothing either way.
    pub(super) fn drift(&self, seen: &Seen, changed: &Touched) -> Vec<Moved> {
        let foreign = moved(&self.plan.basis, &basis(&seen.state))
            .into_iter()
            .filter(|fact| fact.was != UNKNOWN && !changed.covers(&fact.fact));
        let undone = self.all.journal.view(|run| {
            let standing = standing(self.plan, run);
            let tally = tally(standing, seen.with(&run.artifacts));
            let gone = |(condition, was, is): (&Condition, String, String)| Moved {
                fact: "what this run brought about".to_owned(),
                was,
                is: match refused_for(condition) {
                    Some(why) => format!("{is} ({why})"),
                    None => is,
                },
            };
            tally.failing.into_iter().map(gone).collect::<Vec<_>>()
        });
        foreign.chain(undone).collect()
    }

    /// Asks the cluster.
    pub(super) async fn look(&self, scope: &Scope) -> Seen {
        let began = self.all.clock.now();
        let state = self.device.observe(scope).await;
        Seen {
            state,
            began,
            ended: self.all.clock.now(),
        }
    }

    /// The scope for a step's own conditions.
    pub(super) fn scope_of<'s>(
        &self,
        conditions: impl IntoIterator<Item = &'s Condition>,
        certificates_of: &BTreeSet<NodeName>,
    ) -> Scope {
        scope(self.plan, conditions, certificates_of)
    }

    pub(super) fn artifacts(&self) -> Artifacts {
        let own = |run: &Replay| run.artifacts_of(self.name, self.plan);
        self.all.journal.view(own)
    }

    pub(super) fn record_of(&self, step: &Step) -> Option<StepRecord> {
        self.all.journal.view(|run| run.step(&step.id).cloned())
    }

    pub(super) fn tell(&self, progress: &Progress) {
        self.all.watch.tell(self.name, progress);
    }

    pub(super) fn note(&self, step: &Step, text: impl Into<String>) {
        self.tell(&Progress::StepNote {
            step: step.id.clone(),
            text: text.into(),
        });
    }

    pub(super) async fn pause(&self) {
        self.all.timer.sleep(self.all.waits.poll).await;
    }

    /// The moment of the timer at which a wait is over.
    pub(super) fn deadline(&self, wait: Duration) -> Duration {
        self.all.timer.elapsed().saturating_add(wait)
    }

    pub(super) fn past(&self, deadline: Duration) -> bool {
        self.all.timer.elapsed() >= deadline
    }

    /// A step is done.
    pub(super) fn done(&self, step: &Step, how: DoneHow) -> Result<(), Halt> {
        self.all.journal.record(Event::StepDone {
            step: step.id.clone(),
            how: how.clone(),
        })?;
        self.tell(&Progress::StepDone {
            step: step.id.clone(),
            how,
        });
        Ok(())
    }
}

/// The word of [`basis`] for a fact that was not learned.
const UNKNOWN: &str = "unknown";

/// Whether a fact only could not be read now.
pub(super) fn unread(fact: &Moved) -> bool {
    fact.is == UNKNOWN
}

/// What moved, old and new, each by name.
pub(super) fn moves(drift: &[Moved]) -> String {
    let each = drift.iter().map(|Moved { fact, was, is }| {
        if fact.ends_with(" running services") && !was.is_empty() && was != UNKNOWN {
            format!("{fact}: {}", difference(was, is))
        } else {
            format!("{fact} was {was} and is {is}")
        }
    });
    each.collect::<Vec<_>>().join("; ")
}

/// What two long lists do not have in common.
fn difference(was: &str, is: &str) -> String {
    let [before, after] = [was, is].map(|list| list.split(", ").collect::<BTreeSet<_>>());
    let named = |words: Vec<&str>| match words.as_slice() {
        [] => "none".to_owned(),
        words => words.join(", "),
    };
    format!(
        "gone {}; new {}",
        named(before.difference(&after).copied().collect()),
        named(after.difference(&before).copied().collect())
    )
}
