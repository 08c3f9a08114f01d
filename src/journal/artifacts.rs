//! What a run learned that its later steps need: requests made, certificates issued, when steps acted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Fingerprint, StepId};
use crate::plan::PhoneBaseline;

/// What a run learned, by step. The last three fields are one cluster's, as [`super::Replay::artifacts_of`] fills them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// The requests that nodes made.
    pub requests: BTreeMap<StepId, MadeRequest>,
    /// The certificates that were issued for them.
    pub leaves: BTreeMap<StepId, IssuedLeaf>,
    /// When each step was first begun in its last round of attempts, by the operator's clock: the earliest moment
    /// at which a device can have acted because of it. A step that was never begun and is done counts from when it
    /// was found done.
    pub acted: BTreeMap<StepId, Timestamp>,
    /// Phones of the cluster that a person waived during the run.
    pub waived: BTreeSet<String>,
    /// The phones that the cluster's plan answers for.
    pub phones: PhoneBaseline,
    /// The device pool that each step of the cluster's plan resets.
    pub resets: BTreeMap<StepId, String>,
}

/// A request that a node made for this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRequest {
    /// SHA-256 of its public key.
    pub public_key: Fingerprint,
    /// SHA-256 of its DER.
    pub sha256: Fingerprint,
    /// The request.
    pub pem: String,
}

/// A certificate that was issued for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLeaf {
    /// SHA-256 of its DER.
    pub sha256: Fingerprint,
    /// One clean PEM block.
    pub pem: String,
}
