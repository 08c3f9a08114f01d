//! A procedure: what a playbook says about renewing one purpose of one product. Data, no logic.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{ClaimId, KeyAlgorithm, Port, Product, Purpose, Release, ServiceName, Store};

/// The renewal of one purpose on one product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    /// The product.
    pub product: Product,
    /// The purpose.
    pub purpose: Purpose,
    /// The words behind the short source tags that the lines below use.
    pub sources: BTreeMap<String, String>,
    /// Stores that must hold the whole chain before the identity is uploaded.
    pub stores: Vec<StoreRule>,
    /// Distributions that the product allows for this purpose.
    pub multi_server: bool,
    /// Hash algorithm asked for in the request.
    pub hash: String,
    /// Usages that the issued certificate must carry, by release.
    pub usages: Vec<UsageRule>,
    /// What must hold before the first write of this purpose.
    pub preconditions: Vec<GateRule>,
    /// What to restart, by release; the first entry whose range holds the release and whose variant is wanted applies.
    pub restarts: Vec<RestartSet>,
    /// Ports that prove that the new certificate is served.
    pub proof: Vec<ProofRule>,
    /// Who else must be told or re-trusted afterwards; printed as reminders.
    pub reminders: Vec<SourcedText>,
    /// What cannot be undone, and the recovery recipe.
    pub irreversible: SourcedText,
}

/// A text with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcedText {
    /// The text.
    pub text: String,
    /// A tag of [`Procedure::sources`] with the place in it, such as `T217138`.
    pub source: String,
}

/// A trust store that takes the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRule {
    /// The store.
    pub store: Store,
    /// Whether an upload spreads to the other nodes of the cluster by itself.
    pub replicated: bool,
    /// Source tag.
    pub source: String,
}

/// Usages by release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRule {
    /// Releases.
    pub releases: ReleaseRange,
    /// Key usages.
    pub key_usage: Vec<String>,
    /// Extended key usages.
    pub extended_usage: Vec<String>,
    /// Source tag.
    pub source: String,
}

/// One precondition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRule {
    /// What must hold.
    pub gate: Gate,
    /// Source tag.
    pub source: String,
}

/// The gates that a playbook can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// SAML single sign-on is off on every node.
    SsoDisabled,
    /// No backup or restore runs.
    BackupIdle,
    /// Database replication is good on every node.
    ReplicationGood,
    /// Platform services that distribute requests and certificates run on every node.
    PlatformServicesUp,
}

/// What to restart after the upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartSet {
    /// Releases.
    pub releases: ReleaseRange,
    /// `default`, or the name by which a person chooses this one.
    pub variant: String,
    /// In this order on each node.
    pub services: Vec<RestartRule>,
    /// Why this choice, where documents disagree.
    pub note: Option<String>,
}

/// One service to restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartRule {
    /// The service; only restarted where it runs.
    pub service: ServiceName,
    /// On which nodes.
    pub nodes: NodeSelection,
    /// By which interface.
    pub by: ControlPath,
    /// Typical duration.
    pub takes: SignedDuration,
    /// What users lose meanwhile; empty if nothing.
    pub outage: String,
    /// Source tag.
    pub source: String,
    /// The claims that this line rests on.
    pub claims: Vec<ClaimId>,
}

/// Which nodes of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeSelection {
    /// Every node that holds the purpose.
    All,
    /// The publisher.
    Publisher,
    /// Every other call-processing node.
    Subscribers,
    /// IM and Presence nodes.
    ImPresence,
    /// Publisher and subscribers, no IM and Presence node.
    CallProcessing,
}

/// The interface by which a service is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPath {
    /// The platform shell: the only way for Cisco Tomcat and its containers.
    Shell,
    /// Control Center over SOAP.
    ControlCenter,
}

/// A port that proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRule {
    /// The port.
    pub port: Port,
    /// The kind of key to ask with.
    pub key: KeyAlgorithm,
    /// Whether this port always serves the purpose, or only counts on a node where it served the stored
    /// certificate of the purpose before the change (documents do not settle which it serves).
    pub always: bool,
    /// Source tag.
    pub source: String,
}

/// A range of releases by [`Release::level`]; both ends inclusive, open where `None`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReleaseRange {
    /// The first level.
    pub from: Option<(u32, u32, u32)>,
    /// The last level.
    pub to: Option<(u32, u32, u32)>,
}

impl ReleaseRange {
    /// Whether a release lies in the range.
    pub fn contains(&self, release: &Release) -> bool {
        let level = release.level();
        self.from.is_none_or(|from| from <= level) && self.to.is_none_or(|to| level <= to)
    }
}
