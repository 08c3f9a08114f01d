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
    pub(super) sources: BTreeMap<Word, Word>,
    pub(super) stores: Placed<Vec<RawStore>>,
    pub(super) multi_server: bool,
    pub(super) hash: Word,
    pub(super) usages: Vec<RawUsage>,
    pub(super) preconditions: Vec<RawGate>,
    pub(super) restarts: Placed<Vec<RawRestartSet>>,
    pub(super) proof: Placed<Vec<RawProof>>,
    #[serde(default)]
    pub(super) reminders: Vec<RawText>,
    pub(super) irreversible: RawText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) store: Word,
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
pub(super) struct RawProof {
    pub(super) port: Word,
    pub(super) key: Word,
    pub(super) always: bool,
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
