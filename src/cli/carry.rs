//! The commands that may write to a device: apply and resume.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::driver::Actuate;
use crate::driver::cucm::CucmWriter;
use crate::driver::expressway::{ExpresswayWriter, Undescribed};
use crate::execute::{Executor, Stop, SystemTimer};
use crate::journal::{
    ClusterLock, Holder, Journal, LockError, Opening, RealDisk, RunState, blocking_run, list_runs,
    read_run, run_id,
};
use crate::model::{ClusterName, ClusterState, RunId};
use crate::plan::{Plan, file};
use crate::render::{self, ProgressWatch};
use crate::simulate::prove;
use crate::transport::WriteAccess;

use super::approval;
use super::arguments::RunOptions;
use super::exit::{CliError, Exit};
use super::means::{limits, signers, waits};
use super::output::{Output, talk};
use super::planning::{digest, read_plan};
use super::session::{Reader, Readers, Session};
use super::signals::Signals;

/// `apply FILE`.
pub(super) async fn apply(
    session: &Session,
    output: Output,
    path: &Path,
    options: &RunOptions,
) -> Result<Exit, CliError> {
    let plan = read_plan(path)?;
    if plan.clusters.is_empty() {
        return Ok(output.result(Exit::Done, &(), || {
            "Nothing to do: the plan has no steps.\n".to_owned()
        }));
    }
    let digest = digest(&plan)?;
    let clusters: Vec<ClusterName> = plan.clusters.keys().cloned().collect();
    known_clusters(session, &clusters)?;
    let disk = Arc::new(RealDisk);
    let id = run_id(
        disk.as_ref(),
        &session.state_dir,
        session.clock.now(),
        &digest,
    );
    let _locks = lock(session, &clusters, &id, options)?;
    for cluster in &clusters {
        let blocking = blocking_run(disk.as_ref(), &session.state_dir, cluster)
            .map_err(|error| CliError::new(Exit::Failed, error))?;
        if let Some(run) = blocking {
            let error = LockError::Unfinished {
                cluster: cluster.clone(),
                run,
            };
            return Err(CliError::new(Exit::Held, error));
        }
    }
    approval::ask(&plan, &digest, session.library.claims(), options)?;
    let readers = session.readers(Some(&clusters))?;
    let seen = prove_again(session, &readers, &plan).await?;
    let opening = Opening {
        operator: operator(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        plan: digest,
        plan_file: file::save(&plan)
            .map_err(|error| CliError::new(Exit::Failed, error))?
            .into_bytes(),
        steps: plan
            .clusters
            .iter()
            .map(|(name, cluster)| {
                (
                    name.clone(),
                    cluster.steps.iter().map(|step| step.id.clone()).collect(),
                )
            })
            .collect(),
    };
    let clock = Arc::clone(&session.clock);
    let journal = Journal::create(disk, clock, &session.state_dir, id, opening)
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    carry_out(
        session,
        output,
        Work {
            plan,
            journal,
            seen,
        },
        &readers,
        options,
    )
    .await
}

/// `resume [RUN]`.
pub(super) async fn resume(
    session: &Session,
    output: Output,
    run: Option<&str>,
    options: &RunOptions,
) -> Result<Exit, CliError> {
    let disk = Arc::new(RealDisk);
    let Some(id) = unfinished(session, run)? else {
        return Ok(output.result(Exit::Done, &(), || {
            "Nothing to resume: no run is unfinished.\n".to_owned()
        }));
    };
    let plan = plan_of(session, &id)?;
    let clusters: Vec<ClusterName> = plan.clusters.keys().cloned().collect();
    known_clusters(session, &clusters)?;
    let _locks = lock(session, &clusters, &id, options)?;
    let clock = Arc::clone(&session.clock);
    let (journal, torn) = Journal::open(disk, clock, &session.state_dir, id)
        .map_err(|error| CliError::new(Exit::InDoubt, error))?;
    if torn > 0 {
        talk(&format!(
            "The last record of the journal was not written to its end ({torn} bytes): cut off. Nothing was sent because of it."
        ));
    }
    if journal.view(|replay| replay.closed.is_some()) {
        return Ok(output.result(Exit::Done, &(), || {
            "Nothing to resume: the run has ended.\n".to_owned()
        }));
    }
    journal
        .record(crate::journal::Event::Resumed {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            operator: operator(),
        })
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    let readers = session.readers(Some(&clusters))?;
    let work = Work {
        plan,
        journal,
        seen: BTreeMap::new(),
    };
    carry_out(session, output, work, &readers, options).await
}

/// A plan with its journal, and what was just observed of its clusters.
struct Work {
    plan: Plan,
    journal: Journal,
    seen: BTreeMap<ClusterName, ClusterState>,
}

/// The plan that a run began with, if it is still the one its journal names.
pub(super) fn plan_of(session: &Session, id: &RunId) -> Result<Plan, CliError> {
    let record = read_run(&RealDisk, &session.state_dir, id)
        .map_err(|error| CliError::new(Exit::InDoubt, error))?;
    let path = session
        .state_dir
        .join("runs")
        .join(id.as_str())
        .join("plan.json");
    let plan = read_plan(&path)?;
    let found = digest(&plan)?;
    if found == record.replay.plan {
        return Ok(plan);
    }
    Err(CliError::new(
        Exit::InDoubt,
        format!(
            "{} holds plan {found}, but run {id} began with {}",
            path.display(),
            record.replay.plan
        ),
    )
    .hint("restore the file from a copy, or give the run up with `reissue runs close`"))
}

/// The named run, or the latest one that is not finished.
pub(super) fn unfinished(session: &Session, run: Option<&str>) -> Result<Option<RunId>, CliError> {
    if let Some(run) = run {
        return Ok(Some(RunId::from(run)));
    }
    let runs = list_runs(&RealDisk, &session.state_dir)
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    let open = runs.into_iter().rev().find(|run| match &run.state {
        RunState::NeverBegan => false,
        RunState::Unreadable(_) => true,
        RunState::Known { verdict, .. } => verdict.is_none(),
    });
    match open {
        Some(run) => match run.state {
            RunState::Unreadable(why) => Err(CliError::new(Exit::InDoubt, why)),
            RunState::NeverBegan | RunState::Known { .. } => Ok(Some(run.id)),
        },
        None => Ok(None),
    }
}

/// Every cluster of a plan must be in the estate file before anything is locked or asked.
fn known_clusters(session: &Session, clusters: &[ClusterName]) -> Result<(), CliError> {
    let missing: Vec<&str> = clusters
        .iter()
        .filter(|name| !session.estate.clusters.contains_key(*name))
        .map(ClusterName::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(CliError::new(
        Exit::Usage,
        format!(
            "the plan changes {}, which the estate file does not have",
            missing.join(", ")
        ),
    )
    .hint("use the estate file that the plan was made from"))
}

/// Takes every cluster of a run, in one order for all processes.
fn lock(
    session: &Session,
    clusters: &[ClusterName],
    id: &RunId,
    options: &RunOptions,
) -> Result<Vec<ClusterLock>, CliError> {
    let patience = patience(&options.lock_timeout)?;
    let holder = Holder::here(id.clone(), session.clock.now());
    clusters
        .iter()
        .map(|cluster| {
            ClusterLock::take(&session.state_dir, cluster, &holder, patience).map_err(|error| {
                let held = matches!(error, LockError::Held { .. } | LockError::Unfinished { .. });
                CliError::new(if held { Exit::Held } else { Exit::Failed }, error)
            })
        })
        .collect()
}

fn patience(text: &str) -> Result<Duration, CliError> {
    let wrong = || {
        CliError::new(Exit::Usage, format!("`{text}` is not a duration"))
            .hint("write it like 30s, 5m or 500ms")
    };
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).map_err(|_| wrong())
}

/// The plan is proved against the devices as they are now; a stale one is told by the executor, which names
/// each fact that moved.
async fn prove_again(
    session: &Session,
    readers: &Readers,
    plan: &Plan,
) -> Result<BTreeMap<ClusterName, ClusterState>, CliError> {
    let observation = session.observe(readers).await?;
    let unmoved = plan.clusters.iter().all(|(name, cluster)| {
        let basis = observation.clusters.get(name).map(crate::plan::basis);
        basis.is_some_and(|now| crate::plan::moved(&cluster.basis, &now).is_empty())
    });
    let proof = prove(&observation, plan);
    if unmoved && !proof.holds() {
        return Err(CliError::new(
            Exit::Refused,
            format!("the plan is not safe:\n{}", render::proof(&proof)),
        )
        .hint("nothing was changed; mend what each line names, then plan again"));
    }
    Ok(observation.clusters)
}

async fn carry_out(
    session: &Session,
    output: Output,
    Work {
        plan,
        journal,
        seen,
    }: Work,
    readers: &Readers,
    options: &RunOptions,
) -> Result<Exit, CliError> {
    let devices: BTreeMap<ClusterName, Arc<dyn Actuate>> = readers
        .iter()
        .map(|(name, reader)| (name.clone(), writer(reader, options)))
        .collect();
    let id = journal.id().clone();
    talk(&format!(
        "Run {id}; its record is {}",
        journal.directory().display()
    ));
    let stop = Stop::default();
    listen(&stop);
    let watch = Arc::new(ProgressWatch::new(&plan, !output.is_json()));
    let executor = Executor {
        signers: signers(session)?,
        seen: Mutex::new(seen),
        plan,
        journal: Arc::new(journal),
        devices,
        clock: Arc::clone(&session.clock),
        timer: Arc::new(SystemTimer::default()),
        waits: waits(session),
        watch: Arc::clone(&watch) as Arc<dyn crate::execute::Watch>,
        stop,
        limits: limits(session, options),
    };
    let outcome = executor.run().await;
    watch.finish();
    let exit = exit_of(&outcome);
    Ok(
        output.result(exit, &render::outcome_json(&id, &outcome), || {
            render::outcome(&id, &outcome)
        }),
    )
}

/// The write side of a cluster.
fn writer(reader: &Reader, options: &RunOptions) -> Arc<dyn Actuate> {
    let granted = WriteAccess::granted();
    match reader {
        Reader::Cucm(reader) => Arc::new(CucmWriter::new(Arc::clone(reader), granted)),
        Reader::Expressway(reader) => {
            let undescribed = if options.write_undescribed {
                Undescribed::Sent
            } else {
                Undescribed::Held
            };
            let reader = Arc::clone(reader);
            Arc::new(ExpresswayWriter::new(reader, granted, undescribed))
        }
    }
}

fn exit_of(outcome: &crate::execute::Outcome) -> Exit {
    use crate::execute::Class;
    match outcome.class() {
        Class::Done => Exit::Done,
        Class::Waiting => Exit::Waiting,
        Class::Interrupted => Exit::Interrupted,
        Class::Stale => Exit::Stale,
        Class::Failed => Exit::Failed,
        Class::Verification => Exit::Unverified,
        Class::NotTrusted => Exit::NotTrusted,
        Class::InDoubt => Exit::InDoubt,
    }
}

/// The first interrupt lets the step in hand end; the second ends the process now. Either way the run is
/// resumable.
fn listen(stop: &Stop) {
    let stop = stop.clone();
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        stop.ask();
        talk(
            "Stopping: the step in hand is finished first. Once more ends the program now; the run stays resumable.",
        );
        signals.next().await;
        talk("Ended at once. `reissue resume` looks at what became of the step in hand.");
        #[expect(clippy::exit, reason = "the second interrupt means now")]
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
}

/// Who runs this, for the record.
pub(super) fn operator() -> String {
    let name = ["SUDO_USER", "LOGNAME", "USER"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}
