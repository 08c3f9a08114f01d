//! A playbook as it is written, before anything is checked. The doc comments become the descriptions in the JSON
//! Schema that editors show.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::words;
use crate::model::Appliance;
use crate::yaml::{DurationText, Placed};

pub(super) type Word = Placed<String>;

/// `14`, `12.5`, `14SU2`, `14SU1..`, `..12.5`, `12.5..14` or `..`.
const RELEASES: &str = r"^([0-9]+(\.[0-9]+)?(SU[0-9]+)?)?(\.\.([0-9]+(\.[0-9]+)?(SU[0-9]+)?)?)?$";

/// What renewing one purpose on one kind of node takes. Every line has a `source`: tags of `sources`, separated by
/// semicolons, each with words behind it if need be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "reissue playbook", rename = "Playbook")]
pub(super) struct RawPlaybook {
    /// The format of this file: 1.
    pub(super) format: Placed<u32>,
    /// The software of the nodes that it is for. Presence nodes of a CUCM cluster have playbooks of their own.
    #[schemars(extend("enum" = Appliance::ALL.map(|appliance| appliance.to_string())))]
    pub(super) product: Word,
    /// The purpose exactly as the platform prints it; case matters.
    #[schemars(extend("enum" = purposes()))]
    pub(super) purpose: Word,
    /// Why this purpose is never renewed by a plan, and how a person recovers from a bad one. Then every section about
    /// a renewal is left out: `stores`, `multi_server`, `hash`, `usages`, `preconditions`, `restarts`, `phones`,
    /// `attended`, `proof`.
    pub(super) assess_only: Option<RawText>,
    /// The documents: a short tag (capital letters, digits, hyphens) and the title with its date.
    pub(super) sources: BTreeMap<Word, Word>,
    /// Trust stores that must hold the whole chain before the certificate is uploaded.
    #[serde(default)]
    pub(super) stores: Placed<Vec<RawStore>>,
    /// Whether one certificate can serve several nodes. Default: false.
    #[serde(default)]
    pub(super) multi_server: Placed<bool>,
    /// The hash asked for in the request.
    #[schemars(extend("enum" = words::HASHES))]
    pub(super) hash: Option<Word>,
    /// What the issued certificate must carry, by release.
    #[serde(default)]
    pub(super) usages: Vec<RawUsage>,
    /// What must hold before the first write.
    #[serde(default)]
    pub(super) preconditions: Vec<RawGate>,
    /// What restarts after the upload, by release and variant.
    #[serde(default)]
    pub(super) restarts: Placed<Vec<RawRestartSet>>,
    /// What phones hold of it: for CallManager, its twin, CAPF and TVS, and for nothing else.
    pub(super) phones: Option<RawPhones>,
    /// What a person does around the restarts because no interface is known for it.
    #[serde(default)]
    pub(super) attended: Vec<RawAttended>,
    /// What proves that the new certificate is in effect.
    #[serde(default)]
    pub(super) proof: Placed<Vec<RawProof>>,
    /// What people have to do that the tool does not.
    #[serde(default)]
    pub(super) reminders: Vec<RawText>,
    /// What cannot be undone, and how to recover.
    pub(super) irreversible: RawText,
}

/// A trust store that takes the chain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Store")]
pub(super) struct RawStore {
    /// The store's name with its ending.
    #[schemars(extend("enum" = words::STORES))]
    pub(super) store: Word,
    /// The nodes of the cluster whose store must hold the chain; the upload is made on the first of them.
    #[schemars(extend("enum" = words::names(&words::SELECTIONS)))]
    pub(super) nodes: Word,
    /// Whether an upload on one node spreads to the others by itself; it is read back on every node either way.
    pub(super) replicated: bool,
    /// Where this comes from.
    pub(super) source: Word,
}

/// What an issued certificate must carry. What the node's own request asks for is required too; this is the least.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Usage")]
pub(super) struct RawUsage {
    /// The releases, such as 14..15 or 14SU1.. (12.5 and 14 in quotes).
    #[schemars(extend("pattern" = RELEASES))]
    pub(super) releases: Word,
    /// Key usages by their names in RFC 5280.
    #[schemars(extend("items" = serde_json::json!({"type": "string", "enum": words::KEY_USAGES})))]
    pub(super) key_usage: Vec<Word>,
    /// Extended key usages.
    #[schemars(extend("items" = serde_json::json!({"type": "string", "enum": words::EXTENDED_USAGES})))]
    pub(super) extended_usage: Vec<Word>,
    /// Where this comes from.
    pub(super) source: Word,
}

/// One precondition.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Precondition")]
pub(super) struct RawGate {
    /// What must hold.
    #[schemars(extend("enum" = words::names(&words::GATES)))]
    pub(super) gate: Word,
    /// Where this comes from.
    pub(super) source: Word,
}

/// What restarts on each node, in this order, each only where it runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RestartSet")]
pub(super) struct RawRestartSet {
    /// The releases, such as 14..15 or 14SU1.. (12.5 and 14 in quotes).
    #[schemars(extend("pattern" = RELEASES))]
    pub(super) releases: Word,
    /// `default` is taken when nobody names another. Two sets of one variant may not hold for the same release.
    pub(super) variant: Word,
    /// Why, where documents disagree.
    pub(super) note: Option<Word>,
    /// The services, in order.
    pub(super) services: Placed<Vec<RawRestart>>,
}

/// One service that restarts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Restart")]
pub(super) struct RawRestart {
    /// The exact name, as the platform prints it.
    #[schemars(extend("enum" = words::service_names()))]
    pub(super) service: Word,
    /// On which nodes of this kind.
    #[schemars(extend("enum" = words::names(&words::SELECTIONS)))]
    pub(super) nodes: Word,
    /// By which interface; Tomcat, its containers and `HAProxy` know the shell only.
    #[schemars(extend("enum" = words::names(&words::PATHS)))]
    pub(super) by: Word,
    /// How long it typically takes. Whole numbers with units: w, d, h, m, s, ms.
    pub(super) takes: Placed<DurationText>,
    /// What users lose meanwhile. Default: nothing.
    #[serde(default)]
    pub(super) outage: String,
    /// Where this comes from.
    pub(super) source: Word,
    /// What the line rests on, by names of the ledger.
    pub(super) claims: Vec<Word>,
}

/// What phones hold of a certificate. It is then renewed by itself: phones are reset, and the next such purpose waits
/// until they are back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Phones")]
pub(super) struct RawPhones {
    /// Whether the certificate trust list of a cluster in mixed mode holds it, and is updated before the restarts.
    pub(super) ctl: bool,
    /// Releases in which the upload itself resets phones. Default: none.
    #[schemars(extend("pattern" = RELEASES))]
    pub(super) upload_resets: Option<Word>,
    /// Whether not every node may change before phones have taken the new list.
    pub(super) one_stays: bool,
    /// Where this comes from.
    pub(super) source: Word,
    /// What this rests on, by names of the ledger.
    pub(super) claims: Vec<Word>,
}

/// What a person does before the first restart and undoes after the last.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Attended")]
pub(super) struct RawAttended {
    /// What to do before.
    pub(super) before: Word,
    /// What to do after.
    pub(super) after: Word,
    /// Only where the cluster has at least so many nodes of this kind.
    pub(super) from_nodes: usize,
    /// Where this comes from.
    pub(super) source: Word,
}

/// Either a port with its key, or a service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Proof")]
pub(super) struct RawProof {
    /// The standard number of a port that presents it, whatever port the estate file maps it to.
    #[schemars(with = "Option<u16>", extend("enum" = words::ports()))]
    pub(super) port: Option<Word>,
    /// For a port: the kind of key asked for.
    #[schemars(extend("enum" = words::names(&words::KEYS)))]
    pub(super) key: Option<Word>,
    /// For a port: whether it always serves the purpose, or only counts on a node where it served the stored
    /// certificate before the change. Default: false.
    #[serde(default)]
    pub(super) always: bool,
    /// A service that started after the certificate was stored; counts where the set that was chosen restarts it.
    #[schemars(extend("enum" = words::service_names()))]
    pub(super) service: Option<Word>,
    /// Where this comes from.
    pub(super) source: Word,
}

/// A text with where it comes from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Text")]
pub(super) struct RawText {
    /// The text.
    pub(super) text: Word,
    /// Where this comes from.
    pub(super) source: Word,
}

/// Every purpose of every kind of node, once.
fn purposes() -> Vec<&'static str> {
    let mut purposes: Vec<&str> = Appliance::ALL
        .into_iter()
        .flat_map(Appliance::purposes)
        .collect();
    purposes.sort_unstable();
    purposes.dedup();
    purposes
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
