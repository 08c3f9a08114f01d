//! What a node will do with an authority's certificate whose name its store already holds.

use std::fmt;

use jiff::Timestamp;

use crate::model::{Certificate, Fingerprint};

/// What an upload to a trust store will do. A node answers with success in every case but the refusal, so only
/// a read-back by fingerprint proves it. Source: cucm-upload-errors §3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustPrediction {
    /// The store holds nothing of that name: it will be added.
    Stored,
    /// The store holds this very certificate.
    Identical,
    /// It will be stored, and these will be removed.
    Replaces(Vec<Fingerprint>),
    /// The node will report success, keep this one and not store the upload.
    SilentlyKept {
        /// The one that stays.
        kept: Fingerprint,
        /// Why.
        because: KeptBecause,
    },
    /// It has expired: the node will refuse it.
    Refused,
}

/// Why a node keeps what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBecause {
    /// The stored one became valid later, which the node takes for newer.
    StartsLater,
    /// Both became valid in the same second. No source says what happens; taken as kept (claim: UPLOAD-SAME-START).
    StartsTogether,
    /// Both have the same serial number, so the node is expected not to compare dates (claim: UPLOAD-SAME-SERIAL).
    SameSerial,
}

impl TrustPrediction {
    /// Whether the store will hold the certificate afterwards.
    pub fn will_hold(&self) -> bool {
        matches!(self, Self::Stored | Self::Identical | Self::Replaces(_))
    }
}

impl fmt::Display for KeptBecause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::StartsLater => "the stored one starts later, which counts as newer",
            Self::StartsTogether => "both start in the same second (not documented; taken as kept)",
            Self::SameSerial => "both have the same serial number (inferred)",
        })
    }
}

/// Predicts an upload into a store that holds `existing`, on a node whose clock says `now`.
///
/// A store keeps one certificate for each common name, whatever its key or signature. A certificate without a
/// common name is compared by its whole subject (claim: UPLOAD-NO-COMMON-NAME).
pub fn predict_trust_upload(
    existing: &[&Certificate],
    incoming: &Certificate,
    now: Timestamp,
) -> TrustPrediction {
    let same_name = || {
        existing
            .iter()
            .filter(|stored| stored.title() == incoming.title())
    };
    if same_name().any(|stored| stored.sha256 == incoming.sha256) {
        return TrustPrediction::Identical;
    }
    if now > incoming.not_after {
        return TrustPrediction::Refused;
    }
    let keeps = |stored: &Certificate| {
        if stored.serial == incoming.serial {
            Some(KeptBecause::SameSerial)
        } else if stored.not_before > incoming.not_before {
            Some(KeptBecause::StartsLater)
        } else if stored.not_before == incoming.not_before {
            Some(KeptBecause::StartsTogether)
        } else {
            None
        }
    };
    for stored in same_name() {
        if let Some(because) = keeps(stored) {
            return TrustPrediction::SilentlyKept {
                kept: stored.sha256.clone(),
                because,
            };
        }
    }
    let replaced: Vec<Fingerprint> = same_name().map(|stored| stored.sha256.clone()).collect();
    if replaced.is_empty() {
        TrustPrediction::Stored
    } else {
        TrustPrediction::Replaces(replaced)
    }
}
