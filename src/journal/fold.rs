//! Events to the state of every step. A sequence that this program cannot have written is refused.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::artifacts::{Artifacts, IssuedLeaf, MadeRequest};
use super::event::{DoneHow, Entry, Event, Verdict};
use crate::model::{ClusterName, Fingerprint, StepId};
use crate::plan::{Action, ClusterPlan};

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Begun, and not known how it ended. Only a look at the device settles it.
    InDoubt {
        /// The attempt.
        attempt: u32,
    },
    /// Done.
    Done(DoneHow),
    /// Failed.
    Failed {
        /// What happened.
        error: String,
        /// It is certain that no device acted.
        transient: bool,
    },
    /// Something else was found than the step wants or may change.
    Diverged {
        /// What was found.
        found: String,
    },
    /// It waits for somebody outside.
    Waiting {
        /// For what.
        awaited: String,
    },
}

/// Where a step stands, and what was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// Where it stands.
    pub status: StepStatus,
    /// How often it was begun.
    pub attempts: u32,
    /// When it was last begun in a way that may have reached the device. `None`: no device can have acted.
    pub acted: Option<Timestamp>,
}

/// A run, as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// When it was opened.
    pub opened: Timestamp,
    /// When the last event was.
    pub latest: Timestamp,
    /// Who opened it.
    pub operator: String,
    /// The digest of its plan.
    pub plan: Fingerprint,
    /// Its steps by cluster, in order.
    pub order: BTreeMap<ClusterName, Vec<StepId>>,
    /// Where each stands.
    pub steps: BTreeMap<StepId, StepRecord>,
    /// What the run learned. Phones are left out: [`Self::artifacts_of`].
    pub artifacts: Artifacts,
    /// Phones that a person waived, by gate.
    pub waived: BTreeMap<StepId, BTreeSet<String>>,
    /// Why clusters stopped, since the run was last taken up.
    pub stopped: BTreeMap<ClusterName, String>,
    /// How it ended, if it did.
    pub closed: Option<Verdict>,
}

impl Replay {
    /// Begins with the first record.
    ///
    /// # Errors
    /// A sentence, if it does not open a run.
    pub(super) fn begin(entry: &Entry) -> Result<Self, String> {
        let Event::RunOpened {
            operator,
            plan,
            steps,
            ..
        } = &entry.event
        else {
            return Err("the first record does not open a run".to_owned());
        };
        let pending = StepRecord {
            status: StepStatus::Pending,
            attempts: 0,
            acted: None,
        };
        Ok(Self {
            opened: entry.at,
            latest: entry.at,
            operator: operator.clone(),
            plan: plan.clone(),
            order: steps.clone(),
            steps: steps
                .values()
                .flatten()
                .map(|id| (id.clone(), pending.clone()))
                .collect(),
            artifacts: Artifacts::default(),
            waived: BTreeMap::new(),
            stopped: BTreeMap::new(),
            closed: None,
        })
    }

    /// Says why an event cannot follow, if it cannot.
    pub(super) fn check(&self, event: &Event) -> Result<(), String> {
        if let Some(verdict) = &self.closed {
            return Err(format!("the run is closed ({verdict})"));
        }
        match event {
            Event::RunOpened { .. } => Err("the run is already open".to_owned()),
            Event::Resumed { .. } | Event::ClusterStopped { .. } => Ok(()),
            Event::StepStarted { step, attempt } => {
                let expected = self.unfinished(step)?.attempts.saturating_add(1);
                expect(*attempt == expected, || {
                    format!("step {step} begins attempt {attempt} instead of {expected}")
                })
            }
            Event::RequestMade { step, .. } => {
                let begun = self.unfinished(step)?.attempts > 0;
                expect(begun, || {
                    format!("step {step} has a request and was never begun")
                })?;
                let first = !self.artifacts.requests.contains_key(step);
                expect(first, || format!("step {step} has a second request"))
            }
            Event::Issued { request, .. } => {
                let asked = self.artifacts.requests.contains_key(request);
                expect(asked, || {
                    format!("a certificate for step {request}, which made no request")
                })?;
                let first = !self.artifacts.leaves.contains_key(request);
                expect(first, || format!("step {request} has a second certificate"))
            }
            Event::StepDone { step, how } => {
                let begun = self.unfinished(step)?.attempts > 0;
                let fits = begun || *how != DoneHow::Performed {};
                expect(fits, || {
                    format!("step {step} was performed and never begun")
                })
            }
            Event::PhonesWaived { step, phones, .. } => {
                self.unfinished(step)?;
                expect(!phones.is_empty(), || {
                    format!("step {step} has a waiver that names no phone")
                })
            }
            Event::StepFailed { step, .. }
            | Event::StepDiverged { step, .. }
            | Event::Waiting { step, .. } => self.unfinished(step).map(|_| ()),
            Event::RunClosed { verdict } => {
                let left = self
                    .order
                    .keys()
                    .find_map(|cluster| self.next_step(cluster));
                let fits = *verdict != Verdict::Done {} || left.is_none();
                expect(fits, || {
                    "the run cannot be done while a step is not".to_owned()
                })
            }
        }
    }

    /// Takes one more event, which [`Self::check`] let pass.
    pub(super) fn take(&mut self, entry: &Entry) {
        self.latest = entry.at;
        match &entry.event {
            Event::RunOpened { .. } => {}
            Event::Resumed { .. } => self.stopped.clear(),
            Event::StepStarted { step, attempt } => self.begun(step, *attempt, entry.at),
            Event::PhonesWaived { step, phones, .. } => {
                let waived = self.waived.entry(step.clone()).or_default();
                waived.extend(phones.iter().cloned());
            }
            Event::RequestMade {
                step,
                public_key,
                sha256,
                pem,
            } => {
                let made = MadeRequest {
                    public_key: public_key.clone(),
                    sha256: sha256.clone(),
                    pem: pem.clone(),
                };
                self.artifacts.requests.insert(step.clone(), made);
            }
            Event::Issued {
                request,
                sha256,
                pem,
            } => {
                let leaf = IssuedLeaf {
                    sha256: sha256.clone(),
                    pem: pem.clone(),
                };
                self.artifacts.leaves.insert(request.clone(), leaf);
            }
            Event::StepDone { step, how } => {
                let acted = &mut self.artifacts.acted;
                acted.entry(step.clone()).or_insert(entry.at);
                self.set(step, |record| record.status = StepStatus::Done(how.clone()));
            }
            Event::StepFailed {
                step,
                error,
                transient,
                ..
            } => self.set(step, |record| {
                let (error, transient) = (error.clone(), *transient);
                record.acted = record.acted.filter(|_| !transient);
                record.status = StepStatus::Failed { error, transient };
            }),
            Event::StepDiverged { step, found, .. } => self.set(step, |record| {
                record.status = StepStatus::Diverged {
                    found: found.clone(),
                };
            }),
            Event::Waiting { step, awaited } => self.set(step, |record| {
                record.status = StepStatus::Waiting {
                    awaited: awaited.clone(),
                };
            }),
            Event::ClusterStopped { cluster, why } => {
                self.stopped.insert(cluster.clone(), why.clone());
            }
            Event::RunClosed { verdict } => self.closed = Some(verdict.clone()),
        }
    }

    /// Where a step stands; `None` if the run has no such step.
    pub fn step(&self, step: &StepId) -> Option<&StepRecord> {
        self.steps.get(step)
    }

    /// Whether a step is done.
    pub fn is_done(&self, step: &StepId) -> bool {
        self.step(step)
            .is_some_and(|record| matches!(record.status, StepStatus::Done(_)))
    }

    /// The first step of a cluster that is not done; `None` if all are.
    pub fn next_step(&self, cluster: &ClusterName) -> Option<&StepId> {
        self.order.get(cluster)?.iter().find(|id| !self.is_done(id))
    }

    /// Whether no step was ever begun or done, and none waits: nothing of the run is left to go on with.
    pub fn untouched(&self) -> bool {
        self.steps.values().all(|record| {
            record.attempts == 0
                && matches!(
                    record.status,
                    StepStatus::Pending | StepStatus::Failed { .. }
                )
        })
    }

    /// What the run learned that concerns one cluster, with the phones that its plan answers for.
    pub fn artifacts_of(&self, cluster: &ClusterName, plan: &ClusterPlan) -> Artifacts {
        let own = self.order.get(cluster).into_iter().flatten();
        let waived = own.filter_map(|step| self.waived.get(step)).flatten();
        let pools = plan.steps.iter().filter_map(|step| match &step.action {
            Action::ResetPhones { pool } => Some((step.id.clone(), pool.clone())),
            _ => None,
        });
        Artifacts {
            waived: waived.cloned().collect(),
            phones: plan.phones.clone().unwrap_or_default(),
            resets: pools.collect(),
            ..self.artifacts.clone()
        }
    }

    /// An attempt continues the round of one whose end is not known; after any known end a new round begins.
    fn begun(&mut self, step: &StepId, attempt: u32, at: Timestamp) {
        let open = |record: &StepRecord| matches!(record.status, StepStatus::InDoubt { .. });
        if !self.step(step).is_some_and(open) {
            self.artifacts.acted.insert(step.clone(), at);
        }
        self.set(step, |record| {
            record.status = StepStatus::InDoubt { attempt };
            record.attempts = attempt;
            record.acted = Some(at);
        });
    }

    fn unfinished(&self, step: &StepId) -> Result<&StepRecord, String> {
        let record = self
            .step(step)
            .ok_or_else(|| format!("the run has no step {step}"))?;
        expect(!self.is_done(step), || format!("step {step} is done"))?;
        Ok(record)
    }

    fn set(&mut self, step: &StepId, change: impl FnOnce(&mut StepRecord)) {
        if let Some(record) = self.steps.get_mut(step) {
            change(record);
        }
    }
}

fn expect(fits: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if fits { Ok(()) } else { Err(why()) }
}
