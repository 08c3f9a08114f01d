//! What an execution is given from outside: waits, a timer, a listener, a way to be stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::driver::BoxFuture;
use crate::journal::DoneHow;
use crate::model::{ClusterName, StepId};

use super::outcome::Class;

/// How long each kind of wait may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Until Cisco Tomcat, or anything else that only the shell restarts, runs again.
    pub tomcat_restart: Duration,
    /// Until any other service runs again.
    pub service_restart: Duration,
    /// Until a port serves the new certificate and the node is healthy.
    pub served: Duration,
    /// Until an upload or request is seen on every node that should have it, or a passing obstacle is gone.
    pub replication: Duration,
    /// Until the issuer has signed; `None` waits until it has, or a person stops the run.
    pub issue: Option<Duration>,
    /// Until as many phones are registered as before.
    pub phones_back: Duration,
    /// How long after an unanswered change a device that shows no trace of it is watched before that is
    /// believed. Too short, and a slow device does a thing twice.
    pub settle: Duration,
    /// Between two looks.
    pub poll: Duration,
}

/// Measures waits; apart from [`crate::clock::Clock`], because the time of day jumps.
pub trait Timer: Send + Sync {
    /// The time since some fixed moment.
    fn elapsed(&self) -> Duration;

    /// Lets time pass.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// The machine's timer.
#[derive(Clone, Copy, Debug)]
pub struct SystemTimer(Instant);

impl Default for SystemTimer {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Timer for SystemTimer {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// Asks a run to stop: the step in hand is finished, no other is begun. Clones ask the same run.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a person may want to see while it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step is taken up.
    StepBegun {
        /// The step.
        step: StepId,
        /// Its place, from 1.
        number: usize,
        /// Steps in all.
        of: usize,
    },
    /// Something about the step in hand.
    StepNote {
        /// The step.
        step: StepId,
        /// In words.
        text: String,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: StepId,
        /// How.
        how: DoneHow,
    },
    /// The cluster's part ended at this step or before any.
    Stopped {
        /// The kind of end; [`Class::Waiting`] when it waits for somebody.
        class: Class,
        /// The step.
        step: Option<StepId>,
        /// What happened.
        what: String,
        /// What a person does next.
        next: String,
    },
    /// Every step of the cluster that was asked for is done.
    ClusterDone,
}

/// Is told what happens. Must not block for long.
pub trait Watch: Send + Sync {
    /// Takes one event of one cluster.
    fn tell(&self, cluster: &ClusterName, progress: &Progress);
}
