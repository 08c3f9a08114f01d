//! A run over all clusters: some at a time, each for itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;

use super::cluster::ClusterRun;
use super::linked::{Ended, groups};
use super::outcome::{Class, ClusterOutcome, Halt, Outcome};
use super::surroundings::{Progress, Stop, Timer, Waits, Watch};
use crate::clock::Clock;
use crate::driver::Actuate;
use crate::issue::Issuer;
use crate::journal::{Event, Journal, Verdict};
use crate::model::{ClusterName, ClusterState, IssuerName, Wave, Window};
use crate::pki::Parsed;
use crate::plan::{ClusterPlan, Plan, Stage};

/// How long an observation made right before the run counts as one of now.
const SEEN_KEEPS: Duration = Duration::from_mins(1);

/// How far and how wide a run goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Stop when every step of this stage and those before it is done.
    pub until: Option<Stage>,
    /// Clusters in the order in which they change; those in no wave change last, one at a time. Clusters that links hold
    /// together change together and count as one, in the last wave in which any of them stands.
    pub waves: Vec<Wave>,
    /// When services may restart; a cluster that is in no window is not bound.
    pub windows: Vec<Window>,
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

/// One wave's turn.
struct Turn<'a> {
    wave: &'a Wave,
    /// When the run began, by its timer.
    began: Duration,
    failures: AtomicU32,
    /// The earlier wave after which no other cluster is begun.
    halted: Option<String>,
    ended: &'a Ended,
}

impl Turn<'_> {
    /// The wave whose failures keep any other cluster from being begun.
    fn full(&self) -> Option<String> {
        let failed = self.failures.load(Ordering::SeqCst) >= self.wave.max_failures.max(1);
        self.halted
            .clone()
            .or_else(|| failed.then(|| self.wave.name.clone()))
    }
}

impl Executor {
    /// Goes on from where the journal stands until every cluster is done or has stopped.
    pub async fn run(&self) -> Outcome {
        let began = self.timer.elapsed();
        let mut clusters = BTreeMap::new();
        let mut halted = None;
        let ended = Ended::default();
        let waves = self.waves();
        let groups = groups(&self.plan, &waves);
        for (number, wave) in waves.iter().enumerate() {
            let turn = Turn {
                wave,
                began,
                failures: AtomicU32::new(0),
                halted: halted.clone(),
                ended: &ended,
            };
            let turns = groups.iter().filter(|(turn, _)| *turn == number);
            let runs = turns.map(|(_, names)| {
                let plans = names
                    .iter()
                    .filter_map(|name| self.plan.clusters.get_key_value(*name));
                join_all(plans.map(|(name, plan)| self.cluster(name, plan, &turn)))
            });
            let outcomes: Vec<Vec<_>> = futures_util::stream::iter(runs)
                .buffer_unordered(usize::try_from(wave.parallel).unwrap_or(usize::MAX).max(1))
                .collect()
                .await;
            clusters.extend(outcomes.into_iter().flatten());
            halted = turn.full();
        }
        let mut outcome = Outcome {
            clusters,
            unwritten: None,
        };
        outcome.unwritten = self.close(&outcome).err();
        outcome
    }

    /// The waves; clusters of the plan that are in none come last, one at a time.
    fn waves(&self) -> Vec<Wave> {
        let named = |name: &&ClusterName| {
            self.limits
                .waves
                .iter()
                .any(|wave| wave.clusters.contains(*name))
        };
        let rest = self
            .plan
            .clusters
            .keys()
            .filter(|name| !named(name))
            .cloned()
            .collect();
        let last = Wave {
            name: "the rest".to_owned(),
            clusters: rest,
            parallel: 1,
            max_failures: u32::MAX,
        };
        self.limits.waves.iter().cloned().chain([last]).collect()
    }

    async fn cluster(
        &self,
        name: &ClusterName,
        plan: &ClusterPlan,
        turn: &Turn<'_>,
    ) -> (ClusterName, ClusterOutcome) {
        let waited = self.timer.elapsed().saturating_sub(turn.began);
        let mut seen = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
        seen = seen.filter(|_| waited <= SEEN_KEEPS);
        let end = match (turn.full(), self.devices.get(name)) {
            (Some(wave), _) => Err(Halt {
                class: Class::Interrupted,
                step: None,
                what: format!("not begun, because too many clusters of wave `{wave}` failed"),
                next: "Mend those first, then `reissue resume`.".to_owned(),
            }),
            (None, Some(device)) => {
                ClusterRun {
                    all: self,
                    name,
                    plan,
                    device: device.as_ref(),
                    ended: turn.ended,
                }
                .run(seen)
                .await
            }
            (None, None) => Err(Halt {
                class: Class::Failed,
                step: None,
                what: format!("the plan has cluster {name}, the estate has none of that name"),
                next: "Use the estate file that the plan was made from.".to_owned(),
            }),
        };
        turn.ended.add(name);
        let outcome = self.conclude(name, plan, end);
        if outcome.class.is_failure() {
            turn.failures.fetch_add(1, Ordering::SeqCst);
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
