//! One run's directory: opened, continued, appended to.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::disk::Disk;
use super::error::JournalError;
use super::event::{Entry, Event, JOURNAL_FORMAT};
use super::fold::Replay;
use super::record::{self, Link};
use crate::clock::Clock;
use crate::model::{ClusterName, Fingerprint, RunId, StepId};

/// What a new run begins with.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Who asked for it.
    pub operator: String,
    /// The release of this program.
    pub tool: String,
    /// The digest of the plan.
    pub plan: Fingerprint,
    /// The plan file, byte for byte.
    pub plan_file: Vec<u8>,
    /// Every step by cluster, in order.
    pub steps: BTreeMap<ClusterName, Vec<StepId>>,
}

/// The journal of one run, open for appending. One process at a time holds it, by the clusters' locks.
pub struct Journal {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    id: RunId,
    directory: PathBuf,
    end: Mutex<End>,
}

struct End {
    link: Link,
    seq: u64,
    replay: Replay,
    broken: Option<String>,
}

/// What reading a journal brought to light.
pub(super) struct Loaded {
    entries: Vec<Entry>,
    pub(super) replay: Replay,
    link: Link,
    seq: u64,
    whole: u64,
    torn: usize,
}

impl Journal {
    /// Begins a run under `<state>/runs/<id>`.
    ///
    /// # Errors
    /// [`JournalError::Disk`]; also if a run of that name is there.
    pub fn create(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        state: &Path,
        id: RunId,
        opening: Opening,
    ) -> Result<Self, JournalError> {
        let directory = run_directory(state, &id);
        disk.create_directory(&directory)
            .map_err(disk_error("create", &directory))?;
        let artifacts = directory.join("artifacts");
        disk.create_directory(&artifacts)
            .map_err(disk_error("create", &artifacts))?;
        let plan = directory.join("plan.json");
        disk.write(&plan, &opening.plan_file)
            .map_err(disk_error("write", &plan))?;
        let entry = Entry {
            seq: 0,
            at: clock.now(),
            event: Event::RunOpened {
                format: JOURNAL_FORMAT,
                tool: opening.tool,
                operator: opening.operator,
                plan: opening.plan,
                steps: opening.steps,
            },
        };
        let replay = Replay::begin(&entry).map_err(JournalError::Illegal)?;
        let (bytes, link) = record::seal(&record::START, &text(&entry)?);
        let path = directory.join("journal");
        disk.write(&path, &bytes)
            .map_err(disk_error("write", &path))?;
        let end = Mutex::new(End {
            link,
            seq: 1,
            replay,
            broken: None,
        });
        Ok(Self {
            disk,
            clock,
            id,
            directory,
            end,
        })
    }

    /// Takes a run up again. Says how many bytes of an incomplete last record were cut off; the write of
    /// that record never ended, so nothing was sent because of it.
    ///
    /// # Errors
    /// If the run is not there, damaged, of another format, or the disk refuses.
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        state: &Path,
        id: RunId,
    ) -> Result<(Self, usize), JournalError> {
        let directory = run_directory(state, &id);
        let loaded = load(disk.as_ref(), &directory)?;
        if loaded.torn > 0 {
            let path = directory.join("journal");
            disk.truncate(&path, loaded.whole)
                .map_err(disk_error("cut", &path))?;
        }
        let end = End {
            link: loaded.link,
            seq: loaded.seq,
            replay: loaded.replay,
            broken: None,
        };
        Ok((
            Self {
                disk,
                clock,
                id,
                directory,
                end: Mutex::new(end),
            },
            loaded.torn,
        ))
    }

    /// Appends one event; when this returns, it is on the medium.
    ///
    /// # Errors
    /// [`JournalError::Illegal`] if the event cannot follow, and nothing was written.
    /// [`JournalError::Disk`] if the disk refused; from then on every call is [`JournalError::Broken`].
    pub fn record(&self, event: Event) -> Result<(), JournalError> {
        let mut end = self.end();
        if let Some(why) = &end.broken {
            return Err(JournalError::Broken(why.clone()));
        }
        let entry = Entry {
            seq: end.seq,
            at: self.clock.now(),
            event,
        };
        end.replay
            .check(&entry.event)
            .map_err(JournalError::Illegal)?;
        let (bytes, link) = record::seal(&end.link, &text(&entry)?);
        let path = self.directory.join("journal");
        if let Err(source) = self.disk.append(&path, &bytes) {
            end.broken = Some(source.to_string());
            return Err(JournalError::Disk {
                what: "append to",
                path,
                source,
            });
        }
        end.link = link;
        end.seq = end.seq.saturating_add(1);
        end.replay.take(&entry);
        Ok(())
    }

    /// Keeps a file for people under `artifacts/`. The journal itself holds what later steps need.
    ///
    /// # Errors
    /// [`JournalError::Disk`]; the run ends as after a failed record.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let mut end = self.end();
        if let Some(why) = &end.broken {
            return Err(JournalError::Broken(why.clone()));
        }
        let path = self
            .directory
            .join("artifacts")
            .join(super::lock::file_name(name));
        self.disk.write(&path, bytes).map_err(|source| {
            end.broken = Some(source.to_string());
            JournalError::Disk {
                what: "write",
                path,
                source,
            }
        })
    }

    /// Where the run stands.
    pub fn replay(&self) -> Replay {
        self.view(Clone::clone)
    }

    /// Looks at where the run stands without copying it.
    pub fn view<T>(&self, look: impl FnOnce(&Replay) -> T) -> T {
        look(&self.end().replay)
    }

    /// The run's name.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// The run's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The plan file as it was when the run began.
    ///
    /// # Errors
    /// [`JournalError::Disk`].
    pub fn plan_file(&self) -> Result<Vec<u8>, JournalError> {
        let path = self.directory.join("plan.json");
        self.disk.read(&path).map_err(disk_error("read", &path))
    }

    /// A writer that panicked left a record that is whole or torn, and this state as it was before.
    fn end(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run as its journal tells it, event by event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Every event, in order.
    pub entries: Vec<Entry>,
    /// Where the run stands after them.
    pub replay: Replay,
}

/// Reads a run's journal without changing anything.
///
/// # Errors
/// As [`Journal::open`].
pub fn read_run(disk: &dyn Disk, state: &Path, id: &RunId) -> Result<RunRecord, JournalError> {
    let loaded = load(disk, &run_directory(state, id))?;
    Ok(RunRecord {
        entries: loaded.entries,
        replay: loaded.replay,
    })
}

/// Where a run lives.
pub(super) fn run_directory(state: &Path, id: &RunId) -> PathBuf {
    state.join("runs").join(super::lock::file_name(id.as_str()))
}

/// Reads and folds a journal without changing anything.
pub(super) fn load(disk: &dyn Disk, directory: &Path) -> Result<Loaded, JournalError> {
    let path = directory.join("journal");
    let bytes = disk.read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound if !listed(disk, directory) => JournalError::NoSuchRun {
            path: directory.to_owned(),
        },
        io::ErrorKind::NotFound => JournalError::NeverBegan { path: path.clone() },
        _ => JournalError::Disk {
            what: "read",
            path: path.clone(),
            source,
        },
    })?;
    let damaged = |record, why| JournalError::Damaged {
        path: path.clone(),
        record,
        why,
    };
    let scanned = record::scan(&bytes).map_err(|found| damaged(found.record, found.why))?;
    let Some((first, others)) = scanned.records.split_first() else {
        return Err(JournalError::NeverBegan { path });
    };
    check_format(first, &path)?;
    let opened = parse(first, 0).map_err(|why| damaged(0, why))?;
    let mut replay = Replay::begin(&opened).map_err(|why| damaged(0, why))?;
    let mut entries = vec![opened];
    let mut seq = 1;
    for json in others {
        let entry = parse(json, seq).map_err(|why| damaged(seq, why))?;
        replay
            .check(&entry.event)
            .map_err(|why| damaged(seq, why))?;
        replay.take(&entry);
        entries.push(entry);
        seq += 1;
    }
    let whole = scanned.whole as u64;
    Ok(Loaded {
        entries,
        replay,
        link: scanned.link,
        seq,
        whole,
        torn: scanned.torn,
    })
}

/// Whether a run's directory is there, if only as an empty one: it may never have begun.
fn listed(disk: &dyn Disk, directory: &Path) -> bool {
    let names = directory
        .parent()
        .and_then(|runs| disk.list(runs).ok())
        .unwrap_or_default();
    names.iter().any(|name| directory.ends_with(name))
}

/// The format is read before anything else, so that a later format is named and not called damage.
fn check_format(first: &str, path: &Path) -> Result<(), JournalError> {
    let format = serde_json::from_str::<Value>(first).ok().and_then(|entry| {
        entry
            .pointer("/event/run-opened/format")
            .and_then(Value::as_u64)
    });
    match format {
        Some(found) if found != u64::from(JOURNAL_FORMAT) => Err(JournalError::Version {
            path: path.to_owned(),
            found,
            known: JOURNAL_FORMAT,
        }),
        _ => Ok(()),
    }
}

fn parse(json: &str, seq: u64) -> Result<Entry, String> {
    let entry: Entry =
        serde_json::from_str(json).map_err(|error| format!("it is not a record: {error}"))?;
    if entry.seq == seq {
        Ok(entry)
    } else {
        Err(format!("it says that it is record {}", entry.seq))
    }
}

fn text(entry: &Entry) -> Result<String, JournalError> {
    serde_json::to_string(entry).map_err(|error| JournalError::Illegal(error.to_string()))
}

pub(super) fn disk_error(
    what: &'static str,
    path: &Path,
) -> impl Fn(io::Error) -> JournalError + use<> {
    let path = path.to_owned();
    move |source| JournalError::Disk {
        what,
        path: path.clone(),
        source,
    }
}
