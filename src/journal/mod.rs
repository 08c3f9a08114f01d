//! The journal: what happened in a run, on disk before anything else happens.
//!
//! A run is one directory: `runs/<id>/plan.json` (the approved plan, as it was), `runs/<id>/journal`
//! (records, only ever appended) and `runs/<id>/artifacts/` (requests and certificates, for people).
//! Nothing here talks to a device. Nothing here is secret: requests and certificates are public.

mod artifacts;
#[cfg(debug_assertions)]
mod crash;
mod disk;
mod error;
mod event;
mod fold;
mod lock;
mod record;
mod runs;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use artifacts::{Artifacts, IssuedLeaf, MadeRequest};
pub use disk::{Disk, RealDisk};
pub use error::JournalError;
pub use event::{DoneHow, Entry, Event, JOURNAL_FORMAT, Verdict};
pub use fold::{Replay, StepRecord, StepStatus};
pub use lock::{ClusterLock, Holder, LockError};
pub use runs::{
    ClusterProgress, RunState, RunSummary, blocking_run, close, list_runs, run_id, run_summary,
};
pub use store::{Journal, Opening, RunRecord, read_run};
