//! A run over all clusters: some at a time, each for itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;

use super::cluster::ClusterRun;
use super::outcome::{Class, ClusterOutcome, Halt, Outcome};
use super::surroundings::{Progress, Stop, Timer, Waits, Watch};
use crate::clock::Clock;
use crate::driver::Actuate;
use crate::issue::Issuer;
use crate::journal::{Event, Journal, Verdict};
use crate::model::{ClusterName, ClusterState, IssuerName};
use crate::pki::Parsed;
use crate::plan::{ClusterPlan, Plan, Stage};

/// How long an observation made right before the run counts as one of now.
const SEEN_KEEPS: Duration = Duration::from_mins(1);

/// How far and how wide a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Stop when every step of this stage and those before it is done.
    pub until: Option<Stage>,
    /// So many clusters at a time, at least one.
    pub parallel_clusters: usize,
    /// When so many clusters have failed, the others begin no further step; `None`: they go on.
    pub max_failures: Option<usize>,
}

/// An issuer with the authorities that it signs with.
#[derive(Clone)]
pub struct Signer {
    /// The way to it.
    pub issuer: Arc<dyn Issuer>,
    /// Its chain.
    pub chain: Vec<Parsed>,
}

/// Everything that carrying out a plan takes. The caller holds the locks of the plan's clusters, has checked
/// that the plan is the one the journal names, and has had it proved.
pub struct Executor {
    /// The plan.
    pub plan: Plan,
    /// The run's journal, new or taken up again.
    pub journal: Arc<Journal>,
    /// The write side of each cluster.
    pub devices: BTreeMap<ClusterName, Arc<dyn Actuate>>,
    /// What was just observed of some clusters; the check before their first step uses it instead of asking
    /// again, if that check comes within a minute.
    pub seen: Mutex<BTreeMap<ClusterName, ClusterState>>,
    /// Who signs.
    pub signers: BTreeMap<IssuerName, Signer>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Measures waits.
    pub timer: Arc<dyn Timer>,
    /// How long to wait for what.
    pub waits: Waits,
    /// Who is told.
    pub watch: Arc<dyn Watch>,
    /// How a person stops it.
    pub stop: Stop,
    /// How far and how wide.
    pub limits: Limits,
}

impl Executor {
    /// Goes on from where the journal stands until every cluster is done or has stopped.
    pub async fn run(&self) -> Outcome {
        let failures = AtomicUsize::new(0);
        let began = self.timer.elapsed();
        let runs = self
            .plan
            .clusters
            .iter()
            .map(|(name, plan)| self.cluster(name, plan, began, &failures));
        let clusters: BTreeMap<_, _> = futures_util::stream::iter(runs)
            .buffer_unordered(self.limits.parallel_clusters.max(1))
            .collect()
            .await;
        let mut outcome = Outcome {
            clusters,
            unwritten: None,
        };
        outcome.unwritten = self.close(&outcome).err();
        outcome
    }

    async fn cluster(
        &self,
        name: &ClusterName,
        plan: &ClusterPlan,
        began: Duration,
        failures: &AtomicUsize,
    ) -> (ClusterName, ClusterOutcome) {
        let waited = self.timer.elapsed().saturating_sub(began);
        let mut seen = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        seen = seen.filter(|_| waited <= SEEN_KEEPS);
        let end = match self.devices.get(name) {
            Some(device) => {
                ClusterRun {
                    all: self,
                    name,
                    plan,
                    device: device.as_ref(),
                    failures,
                }
                .run(seen)
                .await
            }
            None => Err(Halt {
                class: Class::Failed,
                step: None,
                what: format!("the plan has cluster {name}, the estate has none of that name"),
                next: "Use the estate file that the plan was made from.".to_owned(),
            }),
        };
        let outcome = self.conclude(name, plan, end);
        if outcome.class.is_failure() {
            failures.fetch_add(1, Ordering::SeqCst);
        }
        (name.clone(), outcome)
    }

    /// Writes down and tells how a cluster's part ended.
    fn conclude(
        &self,
        name: &ClusterName,
        plan: &ClusterPlan,
        end: Result<(), Halt>,
    ) -> ClusterOutcome {
        let mut halt = match end {
            Ok(()) => {
                self.watch.tell(name, &Progress::ClusterDone);
                let what = match self.limits.until {
                    Some(stage) if self.journal.view(|run| run.next_step(name).is_some()) => {
                        format!("done up to the stage {stage}, as asked")
                    }
                    _ => "every step is done".to_owned(),
                };
                Halt {
                    class: Class::Done,
                    step: None,
                    what,
                    next: String::new(),
                }
            }
            Err(halt) => {
                let Halt {
                    class,
                    step,
                    what,
                    next,
                } = &halt;
                self.watch.tell(
                    name,
                    &Progress::Stopped {
                        class: *class,
                        step: step.clone(),
                        what: what.clone(),
                        next: next.clone(),
                    },
                );
                halt
            }
        };
        if halt.class != Class::Done {
            let event = Event::ClusterStopped {
                cluster: name.clone(),
                why: halt.what.clone(),
            };
            if let Err(error) = self.journal.record(event) {
                halt.class = halt.class.max(Class::Failed);
                halt.what = format!("{}; {error}", halt.what);
            }
        }
        let done = self.journal.view(|run| {
            plan.steps
                .iter()
                .filter(|step| run.is_done(&step.id))
                .count()
        });
        ClusterOutcome {
            class: halt.class,
            step: halt.step,
            what: halt.what,
            next: halt.next,
            done,
            steps: plan.steps.len(),
        }
    }

    /// Ends the run if nothing of it is left, or if it was refused before anything was done: then nothing is
    /// left to resume and a new plan must not be kept waiting.
    fn close(&self, outcome: &Outcome) -> Result<(), crate::journal::JournalError> {
        let replay = self.journal.replay();
        let verdict = if self
            .plan
            .clusters
            .keys()
            .all(|name| replay.next_step(name).is_none())
        {
            Verdict::Done {}
        } else if replay.untouched() && outcome.class().is_failure() {
            let whys: Vec<&str> = outcome
                .clusters
                .values()
                .map(|cluster| cluster.what.as_str())
                .collect();
            Verdict::NothingDone {
                why: whys.join("; "),
            }
        } else {
            return Ok(());
        };
        self.journal.record(Event::RunClosed { verdict })
    }
}
