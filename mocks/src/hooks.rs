//! Counting requests, and calling back at a chosen one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Before or after a request was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// The request has arrived and nothing has been done.
    BeforeActing,
    /// It was carried out and has not been answered.
    AfterActing,
}

/// Which requests a callback counts. Reads come in any order and number; changes come in one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    /// Every request and command.
    All,
    /// Only those that mean to change something.
    Changes,
}

/// The numbers of one request, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) all: usize,
    /// 0 for a request that only reads.
    pub(crate) changes: usize,
}

type Callback = Box<dyn FnOnce() + Send>;

/// The counter and the callbacks that wait for their request.
#[derive(Default)]
pub(crate) struct Hooks(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: usize,
    changes: usize,
    callbacks: BTreeMap<(Counted, usize, When), Vec<Callback>>,
}

impl Hooks {
    /// Calls back when the `number`-th of the counted requests, from 1, reaches that point.
    pub(crate) fn at(&self, counted: Counted, number: usize, when: When, callback: Callback) {
        self.lock()
            .callbacks
            .entry((counted, number, when))
            .or_default()
            .push(callback);
    }

    /// Counts a request and answers its numbers.
    pub(crate) fn count(&self, changes: bool) -> Numbers {
        let mut waiting = self.lock();
        waiting.requests += 1;
        waiting.changes += usize::from(changes);
        Numbers {
            all: waiting.requests,
            changes: if changes { waiting.changes } else { 0 },
        }
    }

    /// Runs what waits for this point, outside the lock.
    pub(crate) fn reach(&self, numbers: Numbers, when: When) {
        let callbacks = {
            let mut waiting = self.lock();
            let mut due = |counted, number| {
                let due = waiting.callbacks.remove(&(counted, number, when));
                due.unwrap_or_default()
            };
            let mut callbacks = due(Counted::All, numbers.all);
            callbacks.extend(due(Counted::Changes, numbers.changes));
            callbacks
        };
        for callback in callbacks {
            callback();
        }
    }

    /// How many of the counted requests have arrived.
    pub(crate) fn arrived(&self, counted: Counted) -> usize {
        let waiting = self.lock();
        match counted {
            Counted::All => waiting.requests,
            Counted::Changes => waiting.changes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
