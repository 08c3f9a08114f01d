//! A playbook as it is written, before anything is checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::yaml::{DurationText, Placed};

pub(super) type Word = Placed<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPlaybook {
    pub(super) format: Placed<u32>,
    pub(super) product: Word,
    pub(super) purpose: Word,
    /// Only assessed, never planned; then the sections about a renewal are left out.
    pub(super) assess_only: Option<RawText>,
    pub(super) sources: BTreeMap<Word, Word>,
    #[serde(default)]
    pub(super) stores: Placed<Vec<RawStore>>,
    #[serde(default)]
    pub(super) multi_server: bool,
    pub(super) hash: Option<Word>,
    #[serde(default)]
    pub(super) usages: Vec<RawUsage>,
    #[serde(default)]
    pub(super) preconditions: Vec<RawGate>,
    #[serde(default)]
    pub(super) restarts: Placed<Vec<RawRestartSet>>,
    pub(super) phones: Option<RawPhones>,
    #[serde(default)]
    pub(super) attended: Vec<RawAttended>,
    #[serde(default)]
    pub(super) proof: Placed<Vec<RawProof>>,
    #[serde(default)]
    pub(super) reminders: Vec<RawText>,
    pub(super) irreversible: RawText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) store: Word,
    pub(super) nodes: Word,
    pub(super) replicated: bool,
    pub(super) source: Word,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUsage {
    pub(super) releases: Word,
    pub(super) key_usage: Vec<Word>,
    pub(super) extended_usage: Vec<Word>,
    pub(super) source: Word,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGate {
    pub(super) gate: Word,
    pub(super) source: Word,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRestartSet {
    pub(super) releases: Word,
    pub(super) variant: Word,
    pub(super) note: Option<Word>,
    pub(super) services: Placed<Vec<RawRestart>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRestart {
    pub(super) service: Word,
    pub(super) nodes: Word,
    pub(super) by: Word,
    pub(super) takes: Placed<DurationText>,
    #[serde(default)]
    pub(super) outage: String,
    pub(super) source: Word,
    pub(super) claims: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPhones {
    pub(super) ctl: bool,
    pub(super) upload_resets: Option<Word>,
    pub(super) one_stays: bool,
    pub(super) source: Word,
    pub(super) claims: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAttended {
    pub(super) before: Word,
    pub(super) after: Word,
    pub(super) from_nodes: usize,
    pub(super) source: Word,
}

/// Either a port with its key, or a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProof {
    pub(super) port: Option<Word>,
    pub(super) key: Option<Word>,
    #[serde(default)]
    pub(super) always: bool,
    pub(super) service: Option<Word>,
    pub(super) source: Word,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawText {
    pub(super) text: Word,
    pub(super) source: Word,
}

/// The ledger: claims by their identifier.
pub(super) type RawLedger = BTreeMap<Word, RawClaim>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaim {
    pub(super) says: Word,
    pub(super) applies: Vec<Word>,
    pub(super) source: Word,
    pub(super) evidence: Word,
}
