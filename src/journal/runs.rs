//! The runs there are, and where each stands.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::disk::Disk;
use super::error::JournalError;
use super::event::{Event, Verdict};
use super::fold::{Replay, StepStatus};
use super::store::{Journal, disk_error, load, run_directory};
use crate::clock::Clock;
use crate::model::{ClusterName, Fingerprint, RunId, StepId};

/// One run, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Its name.
    pub id: RunId,
    /// Where it stands.
    pub state: RunState,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Its first record was never written: nothing was sent.
    NeverBegan,
    /// Its journal cannot be used; the text says why. It blocks new plans for every cluster, because
    /// nobody knows which it touched.
    Unreadable(String),
    /// It can be read.
    Known {
        /// When it was opened.
        opened: Timestamp,
        /// When its last event was.
        latest: Timestamp,
        /// Who opened it.
        operator: String,
        /// By cluster: steps done, steps in all, the next step with its state, why it stopped.
        clusters: Vec<ClusterProgress>,
        /// How it ended; `None` while it is unfinished.
        verdict: Option<Verdict>,
    },
}

/// One cluster's part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterProgress {
    /// The cluster.
    pub cluster: ClusterName,
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub steps: usize,
    /// The first step that is not done, and where it stands.
    pub next: Option<(StepId, StepStatus)>,
    /// Why it stopped last, if it did.
    pub stopped: Option<String>,
}

/// Lists every run under a state directory, oldest first.
///
/// # Errors
/// [`JournalError::Disk`] if the directory cannot be listed. A single bad run is in the list.
pub fn list_runs(disk: &dyn Disk, state: &Path) -> Result<Vec<RunSummary>, JournalError> {
    let directory = state.join("runs");
    let names = disk
        .list(&directory)
        .map_err(disk_error("list", &directory))?;
    Ok(names
        .into_iter()
        .map(|name| run_summary(disk, state, &RunId::new(name)))
        .collect())
}

/// Says where one run stands.
pub fn run_summary(disk: &dyn Disk, state: &Path, id: &RunId) -> RunSummary {
    let summary = match load(disk, &run_directory(state, id)) {
        Ok(loaded) => known(&loaded.replay),
        Err(JournalError::NeverBegan { .. }) => RunState::NeverBegan,
        Err(error) => RunState::Unreadable(error.to_string()),
    };
    RunSummary {
        id: id.clone(),
        state: summary,
    }
}

/// The name of a run that begins now: its moment in UTC and the start of its plan's digest. A plan that is begun
/// again within a second gets a number too.
pub fn run_id(disk: &dyn Disk, state: &Path, now: Timestamp, plan: &Fingerprint) -> RunId {
    // A folder that cannot be listed cannot be written to either, which is told when the run begins.
    let taken = disk.list(&state.join("runs")).unwrap_or_default();
    let digest: String = plan.short().chars().take(6).collect();
    let name = format!("{}-{digest}", now.strftime("%Y%m%d-%H%M%S"));
    let numbered = (2..=taken.len().saturating_add(1)).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name));
    RunId::new(free.unwrap_or(name))
}

/// The unfinished run that keeps a new plan from a cluster.
///
/// # Errors
/// [`JournalError::Disk`] if the runs cannot be listed.
pub fn blocking_run(
    disk: &dyn Disk,
    state: &Path,
    cluster: &ClusterName,
) -> Result<Option<RunId>, JournalError> {
    let blocks = |run: &RunSummary| match &run.state {
        RunState::NeverBegan => false,
        RunState::Unreadable(_) => true,
        RunState::Known {
            clusters, verdict, ..
        } => verdict.is_none() && clusters.iter().any(|part| part.cluster == *cluster),
    };
    Ok(list_runs(disk, state)?
        .into_iter()
        .find(blocks)
        .map(|run| run.id))
}

/// Gives a run up: it can no longer be resumed, and no longer blocks new plans. The caller holds the locks
/// of its clusters. A run whose journal is unreadable is set aside under another name.
///
/// # Errors
/// As [`Journal::open`] and [`Journal::record`].
pub fn close(
    disk: &Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    state: &Path,
    id: RunId,
    by: String,
    why: String,
) -> Result<(), JournalError> {
    let directory = run_directory(state, &id);
    match Journal::open(Arc::clone(disk), clock, state, id) {
        Ok((journal, _)) => journal.record(Event::RunClosed {
            verdict: Verdict::GivenUp { by, why },
        }),
        Err(JournalError::Damaged { .. }) => set_aside(disk.as_ref(), &directory),
        Err(other) => Err(other),
    }
}

/// Keeps a damaged journal's bytes for a person, out of the way of new runs.
fn set_aside(disk: &dyn Disk, directory: &Path) -> Result<(), JournalError> {
    let (from, to) = (directory.join("journal"), directory.join("journal.damaged"));
    let bytes = disk.read(&from).map_err(disk_error("read", &from))?;
    disk.write(&to, &bytes).map_err(disk_error("write", &to))?;
    disk.truncate(&from, 0).map_err(disk_error("cut", &from))
}

fn known(replay: &Replay) -> RunState {
    let progress = |(cluster, ids): (&ClusterName, &Vec<StepId>)| {
        let status = |id: &StepId| replay.step(id).map(|record| record.status.clone());
        ClusterProgress {
            cluster: cluster.clone(),
            done: ids
                .iter()
                .filter(|id| matches!(status(id), Some(StepStatus::Done(_))))
                .count(),
            steps: ids.len(),
            next: replay
                .next_step(cluster)
                .and_then(|id| Some((id.clone(), status(id)?))),
            stopped: replay.stopped.get(cluster).cloned(),
        }
    };
    RunState::Known {
        opened: replay.opened,
        latest: replay.latest,
        operator: replay.operator.clone(),
        clusters: replay.order.iter().map(progress).collect(),
        verdict: replay.closed.clone(),
    }
}
