//! How a run ended, by cluster, and with which exit code.

use std::collections::BTreeMap;

use crate::journal::JournalError;
use crate::model::{ClusterName, StepId};

/// The kinds of end, from best to worst. A run ends as the worst of its clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Done, or done as far as was asked.
    Done,
    /// It waits for somebody outside; `resume` goes on.
    Waiting,
    /// A person stopped it; `resume` goes on.
    Interrupted,
    /// The plan is too old, or something moved since it was made.
    Stale,
    /// A step failed.
    Failed,
    /// Every step was done and the final look does not agree.
    Verification,
    /// A device is not the one that was pinned.
    NotTrusted,
    /// It is unknown whether a step took effect, or something was found that nobody planned.
    InDoubt,
}

impl Class {
    /// The exit code of the process (design §7).
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Stale => 5,
            Self::Waiting => 6,
            Self::InDoubt => 7,
            Self::Verification => 8,
            Self::NotTrusted => 10,
            Self::Interrupted => 130,
        }
    }

    /// Whether it counts against `max_failures`.
    pub(super) fn is_failure(self) -> bool {
        !matches!(self, Self::Done | Self::Waiting | Self::Interrupted)
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// By cluster.
    pub clusters: BTreeMap<ClusterName, ClusterOutcome>,
    /// Why the end could not be written down, if it could not.
    pub unwritten: Option<JournalError>,
}

impl Outcome {
    /// The worst of the clusters.
    pub fn class(&self) -> Class {
        let unwritten = self.unwritten.as_ref().map(|_| Class::Failed);
        let clusters = self.clusters.values().map(|cluster| cluster.class);
        clusters.chain(unwritten).max().unwrap_or(Class::Done)
    }
}

/// How one cluster's part ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterOutcome {
    /// The kind.
    pub class: Class,
    /// The step at which it ended; `None` if it ended before or behind all steps.
    pub step: Option<StepId>,
    /// What happened: expected and found.
    pub what: String,
    /// What a person does next; empty if nothing.
    pub next: String,
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub steps: usize,
}

/// The end of a cluster's part before its last step.
#[derive(Debug)]
pub(super) struct Halt {
    pub(super) class: Class,
    pub(super) step: Option<StepId>,
    pub(super) what: String,
    pub(super) next: String,
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        Self {
            class: Class::Failed,
            step: None,
            what: error.to_string(),
            next: "Mend the disk, then `reissue resume`.".to_owned(),
        }
    }
}
