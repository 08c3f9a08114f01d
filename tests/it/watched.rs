//! A process that is looked at from outside while it runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Ended, finish};

/// What was seen of a process.
pub struct Watched {
    pub ended: Ended,
    /// The most memory it held, in KiB; 0 where the system does not tell.
    pub peak: u64,
    /// How long it ran.
    pub took: Duration,
    /// Every command line and environment that was seen, as the system keeps them.
    pub seen: BTreeSet<Vec<u8>>,
}

/// Runs a command to its end, looking at it every few milliseconds.
pub fn watch(mut command: Command) -> Watched {
    let started = Instant::now();
    let child = command.spawn().expect("the program starts");
    let folder = Path::new("/proc").join(child.id().to_string());
    let over = AtomicBool::new(false);
    let (mut peak, mut seen) = (0, BTreeSet::new());
    let ended = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let ended = finish(child);
            over.store(true, Ordering::Relaxed);
            ended
        });
        while !over.load(Ordering::Relaxed) {
            peak = peak.max(high_water(&folder).unwrap_or(0));
            for file in ["cmdline", "environ"] {
                seen.extend(std::fs::read(folder.join(file)));
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        waiting.join().expect("no panic")
    });
    Watched {
        ended,
        peak,
        took: started.elapsed(),
        seen,
    }
}

fn high_water(folder: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
