//! Events to the state of every step. A sequence that this program cannot have written is refused.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::artifacts::{Artifacts, IssuedLeaf, MadeRequest};
use super::event::{DoneHow, Entry, Event, Verdict};
use crate::model::{ClusterName, Fingerprint, StepId};

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
    /// Requests and certificates.
    pub artifacts: Artifacts,
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
            stopped: BTreeMap::new(),
            closed: None,
        })
    }

    /// Takes one more event, or leaves everything as it was and says why it cannot follow.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), String> {
        if let Some(verdict) = &self.closed {
            return Err(format!("the run is closed ({verdict})"));
        }
        match &entry.event {
            Event::RunOpened { .. } => return Err("the run is already open".to_owned()),
            Event::Resumed { .. } => self.stopped.clear(),
            Event::StepStarted { step, attempt } => self.start(step, *attempt, entry.at)?,
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
                self.request_made(step, made)?;
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
                self.issued(request, leaf)?;
            }
            Event::StepDone { step, how } => self.done(step, how)?,
            Event::StepFailed {
                step,
                error,
                transient,
                ..
            } => {
                let record = self.open_step(step)?;
                if *transient {
                    record.acted = None;
                }
                record.status = StepStatus::Failed {
                    error: error.clone(),
                    transient: *transient,
                };
            }
            Event::StepDiverged { step, found, .. } => {
                self.open_step(step)?.status = StepStatus::Diverged {
                    found: found.clone(),
                };
            }
            Event::Waiting { step, awaited } => {
                self.open_step(step)?.status = StepStatus::Waiting {
                    awaited: awaited.clone(),
                };
            }
            Event::ClusterStopped { cluster, why } => {
                self.stopped.insert(cluster.clone(), why.clone());
            }
            Event::RunClosed { verdict } => self.close(verdict)?,
        }
        self.latest = entry.at;
        Ok(())
    }

    /// Where a step stands; `None` if the run has no such step.
    pub fn step(&self, step: &StepId) -> Option<&StepRecord> {
        self.steps.get(step)
    }

    /// Whether every step of a cluster is done, or else the first that is not.
    pub fn next_step(&self, cluster: &ClusterName) -> Option<&StepId> {
        let done = |id: &&StepId| {
            !matches!(
                self.steps.get(*id),
                Some(StepRecord {
                    status: StepStatus::Done(_),
                    ..
                })
            )
        };
        self.order.get(cluster)?.iter().find(done)
    }

    /// Whether any step was ever begun, or waits, or was marked.
    pub fn untouched(&self) -> bool {
        self.steps.values().all(|record| {
            record.attempts == 0
                && matches!(
                    record.status,
                    StepStatus::Pending | StepStatus::Failed { .. }
                )
        })
    }

    fn open_step(&mut self, step: &StepId) -> Result<&mut StepRecord, String> {
        let record = self
            .steps
            .get_mut(step)
            .ok_or_else(|| format!("the run has no step {step}"))?;
        match record.status {
            StepStatus::Done(_) => Err(format!("step {step} is done")),
            _ => Ok(record),
        }
    }

    fn start(&mut self, step: &StepId, attempt: u32, at: Timestamp) -> Result<(), String> {
        let record = self.open_step(step)?;
        let expected = record.attempts.saturating_add(1);
        if attempt != expected {
            return Err(format!(
                "step {step} begins attempt {attempt} instead of {expected}"
            ));
        }
        *record = StepRecord {
            status: StepStatus::InDoubt { attempt },
            attempts: attempt,
            acted: Some(at),
        };
        Ok(())
    }

    fn request_made(&mut self, step: &StepId, made: MadeRequest) -> Result<(), String> {
        if self.open_step(step)?.attempts == 0 {
            return Err(format!("step {step} has a request and was never begun"));
        }
        if self.artifacts.requests.contains_key(step) {
            return Err(format!("step {step} has a second request"));
        }
        self.artifacts.requests.insert(step.clone(), made);
        Ok(())
    }

    fn issued(&mut self, request: &StepId, leaf: IssuedLeaf) -> Result<(), String> {
        if !self.artifacts.requests.contains_key(request) {
            return Err(format!(
                "step {request} made no request, yet a certificate was issued"
            ));
        }
        if self.artifacts.leaves.contains_key(request) {
            return Err(format!("step {request} has a second certificate"));
        }
        self.artifacts.leaves.insert(request.clone(), leaf);
        Ok(())
    }

    fn done(&mut self, step: &StepId, how: &DoneHow) -> Result<(), String> {
        let record = self.open_step(step)?;
        if *how == (DoneHow::Performed {}) && record.attempts == 0 {
            return Err(format!("step {step} was performed and never begun"));
        }
        record.status = StepStatus::Done(how.clone());
        Ok(())
    }

    fn close(&mut self, verdict: &Verdict) -> Result<(), String> {
        let unfinished = self
            .order
            .keys()
            .find_map(|cluster| self.next_step(cluster));
        if let (Verdict::Done {}, Some(step)) = (verdict, unfinished) {
            return Err(format!("the run cannot be done while step {step} is not"));
        }
        self.closed = Some(verdict.clone());
        Ok(())
    }
}
