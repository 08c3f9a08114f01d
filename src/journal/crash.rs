//! For crash tests of debug builds only: `REISSUE_KILL_AT_WRITE=n[:before|:half|:after]` ends the process with
//! SIGKILL at the n-th file content or record it writes in a run's directory, counted from 1. A release build knows
//! nothing of it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where in a write the process ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Before,
    Half,
    After,
}

static WRITES: AtomicU64 = AtomicU64::new(0);

/// Counts one write, and says where in it the process is to end.
pub(super) fn next() -> Option<Point> {
    let wanted = std::env::var("REISSUE_KILL_AT_WRITE").ok()?;
    let (number, point) = match wanted.split_once(':') {
        Some((number, "before")) => (number, Point::Before),
        Some((number, "half")) => (number, Point::Half),
        Some((number, _)) => (number, Point::After),
        None => (wanted.as_str(), Point::After),
    };
    let this = WRITES.fetch_add(1, Ordering::SeqCst) + 1;
    (number.parse() == Ok(this)).then_some(point)
}

/// Ends the process as a power cut would: nothing is flushed, nothing is dropped.
pub(super) fn kill() {
    #[cfg(unix)]
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}
