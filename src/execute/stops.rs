//! The ways in which a cluster's part stops at a step, each recorded and with what a person does next.

use super::cluster::ClusterRun;
use super::evidence::Word;
use super::outcome::{Class, Halt};
use crate::driver::WriteError;
use crate::journal::Event;
use crate::plan::{Action, Condition, Step};

/// What a person does about a change that nobody planned.
pub(super) const FIND_OUT: &str = "Find out who changed it. Put it back and `reissue resume`, or give the run up \
    with `reissue runs close` and make a new plan.";

const LOOK: &str = "Look at the node yourself. If it is as the step wants it, `reissue mark` the step as done; \
    if the step did not happen, mark it as failed; then `reissue resume`.";

impl ClusterRun<'_> {
    /// A step failed, and the device may have acted.
    pub(super) fn failed(&self, step: &Step, class: Class, what: String, next: &str) -> Halt {
        self.fail(step, class, what, next, false)
    }

    /// A step failed, and no device can have acted because of it.
    pub(super) fn failed_unsent(
        &self,
        step: &Step,
        class: Class,
        what: String,
        next: &str,
    ) -> Halt {
        self.fail(step, class, what, next, true)
    }

    fn fail(&self, step: &Step, class: Class, what: String, next: &str, transient: bool) -> Halt {
        let event = Event::StepFailed {
            step: step.id.clone(),
            error: what.clone(),
            what_next: next.to_owned(),
            transient,
        };
        self.unless_unwritten(event, halt(class, step, what, next))
    }

    /// A step found what it may not change: recorded, and the cluster stops for a person.
    pub(super) fn diverged(
        &self,
        step: &Step,
        expected: String,
        found: String,
        next: &str,
    ) -> Halt {
        let what = format!("expected {expected}; found {found}");
        let id = step.id.clone();
        let event = Event::StepDiverged {
            step: id,
            expected,
            found,
        };
        self.unless_unwritten(event, halt(Class::InDoubt, step, what, next))
    }

    /// A step waits for somebody: recorded, and the cluster stops until it is resumed.
    pub(super) fn waits(&self, step: &Step, awaited: String, next: &str) -> Halt {
        let event = Event::Waiting {
            step: step.id.clone(),
            awaited: awaited.clone(),
        };
        self.unless_unwritten(event, halt(Class::Waiting, step, awaited, next))
    }

    /// A stop that cannot be written down says both.
    fn unless_unwritten(&self, event: Event, halt: Halt) -> Halt {
        match self.all.journal.record(event) {
            Ok(()) => halt,
            Err(error) => Halt {
                class: halt.class.max(Class::Failed),
                what: format!("{}; {error}", halt.what),
                ..halt
            },
        }
    }

    /// A change that never reached the device. Ends the step, unless it may be tried again now.
    pub(super) fn unsent(&self, step: &Step, error: &WriteError, last: bool) -> Result<(), Halt> {
        let (class, again, next) = match error {
            WriteError::Unauthorized(_) => (
                Class::Failed,
                false,
                "It is not tried again, because accounts lock after three. Mend the account, then \
                 `reissue resume`.",
            ),
            WriteError::NotTrusted(_) => (
                Class::NotTrusted,
                false,
                "Find out why the node shows another key or certificate before you trust it \
                 (`reissue trust`), then `reissue resume`.",
            ),
            WriteError::NotSent(_)
            | WriteError::Refused(_)
            | WriteError::Broken(_)
            | WriteError::Unknown(_) => (
                Class::Failed,
                !last,
                "Nothing was sent. Make the node reachable, then `reissue resume`.",
            ),
        };
        let halt = self.failed_unsent(step, class, error.to_string(), next);
        if again { Ok(()) } else { Err(halt) }
    }

    /// A precondition that does not pass by itself.
    pub(super) fn closed(
        &self,
        step: &Step,
        condition: &Condition,
        expected: &str,
        found: &str,
    ) -> Halt {
        match condition {
            Condition::SsoDisabled { .. } | Condition::SsoEnabled { .. } => {
                self.unready(step, format!("expected {expected}, found {found}"))
            }
            _ => self.diverged(step, expected.to_owned(), found.to_owned(), LOOK),
        }
    }

    /// The step could not be begun now. What an earlier attempt may have done stays open.
    pub(super) fn unready(&self, step: &Step, what: String) -> Halt {
        let acted = self
            .record_of(step)
            .is_some_and(|record| record.acted.is_some());
        let next = "Nothing was sent now. Mend it, then `reissue resume`.";
        self.fail(step, Class::Failed, what, next, !acted)
    }

    /// The device shows no trace of a change that it was sent.
    pub(super) fn without_effect(&self, step: &Step, word: &Word, found: &str) -> Halt {
        let what = format!("{word}, and it had no effect: {found}");
        let next = "Mend the cause, then `reissue resume`: it looks first and sends it again only if it \
                    still had no effect.";
        self.failed(step, Class::Failed, what, next)
    }

    /// A change that is seen in part when its wait is over.
    pub(super) fn in_part(&self, step: &Step, expected: String, found: String) -> Halt {
        if matches!(step.action, Action::RestartService { .. }) {
            let what = format!("the wait is over: expected {expected}, found {found}");
            let next = "See in the node's log why it does not come up; start it by hand if need be; then \
                        `reissue resume`.";
            return self.failed(step, Class::Failed, what, next);
        }
        let next = "It took effect in part. Mend the nodes that lack it (replication, services), then \
                    `reissue resume`.";
        self.diverged(step, expected, found, next)
    }
}

/// A step that stays in doubt: nothing is recorded, because nothing was learned.
pub(super) fn in_doubt(step: &Step, word: &Word, why: &str) -> Halt {
    let what = format!("{word}, and what came of it is not known: {why}");
    halt(Class::InDoubt, step, what, LOOK)
}

fn halt(class: Class, step: &Step, what: String, next: &str) -> Halt {
    Halt {
        class,
        step: Some(step.id.clone()),
        what,
        next: next.to_owned(),
    }
}
