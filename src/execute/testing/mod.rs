//! A cluster in memory, a plan for it, and time that passes only when somebody waits.

mod device;
mod phones;
mod plan;
mod scene;
mod truth;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub(super) use device::{Fault, MemoryCluster};
pub(super) use phones::{GATE, POOL, RESET};
pub(super) use plan::node;
pub(super) use scene::Scene;

use super::surroundings::{Progress, Timer, Watch};
use crate::clock::Clock;
use crate::driver::BoxFuture;
use crate::model::ClusterName;

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Time that passes only in [`Timer::sleep`].
pub(super) struct MemoryTime(Mutex<Duration>);

impl MemoryTime {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Duration::ZERO))
    }

    pub(super) fn pass(&self, time: Duration) {
        *held(&self.0) += time;
    }
}

impl Clock for MemoryTime {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(*held(&self.0)).unwrap();
        "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap() + passed
    }
}

impl Timer for MemoryTime {
    fn elapsed(&self) -> Duration {
        *held(&self.0)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.pass(time);
        // What else goes on has its turn meanwhile.
        Box::pin(tokio::task::yield_now())
    }
}

/// Remembers what it was told.
#[derive(Default)]
pub(super) struct Told(Mutex<Vec<Progress>>);

impl Told {
    pub(super) fn all(&self) -> Vec<Progress> {
        held(&self.0).clone()
    }
}

impl Watch for Told {
    fn tell(&self, _cluster: &ClusterName, progress: &Progress) {
        held(&self.0).push(progress.clone());
    }
}
