//! Counting requests, and calling back at a chosen one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Before or after a request was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// The request has arrived and nothing has been done.
    BeforeActing,
    /// It was carried out and has not been answered.
    AfterActing,
}

type Callback = Box<dyn FnOnce() + Send>;

/// The counter and the callbacks that wait for their request.
#[derive(Default)]
pub(crate) struct Hooks(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: usize,
    callbacks: BTreeMap<(usize, When), Vec<Callback>>,
}

impl Hooks {
    /// Calls back when the `number`-th request, counted from 1, reaches that point.
    pub(crate) fn at(&self, number: usize, when: When, callback: Callback) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting
            .callbacks
            .entry((number, when))
            .or_default()
            .push(callback);
    }

    /// Counts a request and answers its number.
    pub(crate) fn count(&self) -> usize {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.requests += 1;
        waiting.requests
    }

    /// Runs what waits for this point, outside the lock.
    pub(crate) fn reach(&self, number: usize, when: When) {
        let callbacks = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting
                .callbacks
                .remove(&(number, when))
                .unwrap_or_default()
        };
        for callback in callbacks {
            callback();
        }
    }

    pub(crate) fn requests(&self) -> usize {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .requests
    }
}
