//! What a journal says, one event a record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{ClusterName, Fingerprint, StepId};

/// The format of a journal that this release writes and reads. It stands in the first record.
pub const JOURNAL_FORMAT: u32 = 1;

/// One record: an event with its place and moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 0.
    pub seq: u64,
    /// When it was written, by the operator's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The run began. Always and only the first record.
    RunOpened {
        /// [`JOURNAL_FORMAT`].
        format: u32,
        /// The release that opened the run.
        tool: String,
        /// Who asked for it.
        operator: String,
        /// The digest of the plan.
        plan: Fingerprint,
        /// Every step of the plan by cluster, in order.
        steps: BTreeMap<ClusterName, Vec<StepId>>,
    },
    /// The run was taken up again.
    Resumed {
        /// The release.
        tool: String,
        /// Who asked for it.
        operator: String,
    },
    /// The intent to carry out a step. On disk before the first byte goes to a device.
    StepStarted {
        /// The step.
        step: StepId,
        /// Its attempt, from 1.
        attempt: u32,
    },
    /// The request that a step had a node make was read back.
    RequestMade {
        /// The step.
        step: StepId,
        /// SHA-256 of its public key.
        public_key: Fingerprint,
        /// SHA-256 of the request's DER.
        sha256: Fingerprint,
        /// The request.
        pem: String,
    },
    /// A certificate for a request arrived and passed every check.
    Issued {
        /// The step that made the request.
        request: StepId,
        /// SHA-256 of the certificate's DER.
        sha256: Fingerprint,
        /// The certificate, one clean block.
        pem: String,
    },
    /// A step is done: what it wants was seen.
    StepDone {
        /// The step.
        step: StepId,
        /// How it came to be done.
        how: DoneHow,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: StepId,
        /// What was expected and what happened.
        error: String,
        /// What a person does next.
        what_next: String,
        /// It is certain that no device acted, so that the step may simply be tried again.
        transient: bool,
    },
    /// A step found what it neither wants nor may change.
    StepDiverged {
        /// The step.
        step: StepId,
        /// What should be.
        expected: String,
        /// What is.
        found: String,
    },
    /// A person waived phones that have not come back, by name, so that a gate may open without them.
    PhonesWaived {
        /// The gate.
        step: StepId,
        /// The phones.
        phones: BTreeSet<String>,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A step waits for somebody outside.
    Waiting {
        /// The step.
        step: StepId,
        /// For what.
        awaited: String,
    },
    /// A cluster's part stopped before its end.
    ClusterStopped {
        /// The cluster.
        cluster: ClusterName,
        /// Why.
        why: String,
    },
    /// The run ended; nothing follows.
    RunClosed {
        /// How.
        verdict: Verdict,
    },
}

/// How a step came to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DoneHow {
    /// This run did it and saw the result.
    Performed {},
    /// A look showed that it was done already.
    FoundAlreadyDone {},
    /// It changes no device, and what it waits for was seen.
    Seen {},
    /// A person said so.
    Marked {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verdict {
    /// Every step is done.
    Done {},
    /// It was refused before its first step.
    NothingDone {
        /// Why.
        why: String,
    },
    /// A person gave it up.
    GivenUp {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done {} => formatter.write_str("done"),
            Self::NothingDone { why } => write!(formatter, "refused before its first step: {why}"),
            Self::GivenUp { by, why } => write!(formatter, "given up by {by}: {why}"),
        }
    }
}
