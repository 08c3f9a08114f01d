//! A procedure: what a playbook says about renewing one purpose of one product. Data, no logic.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Appliance, ClaimId, KeyAlgorithm, Port, Purpose, Release, ServiceName, Store};

/// The renewal of one purpose on one kind of node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Procedure {
    /// The software of the nodes that it is for.
    pub appliance: Appliance,
    /// The purpose.
    pub purpose: Purpose,
    /// Why this purpose is never renewed by a plan, and how a person recovers from a bad one; `None` where it
    /// can be planned.
    pub assess_only: Option<SourcedText>,
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
    /// What phones hold of it; `None` if they hold nothing.
    pub phones: Option<PhoneRule>,
    /// What a person does around the restarts because no interface is known for it.
    pub attended: Vec<AttendedRule>,
    /// What proves that the new certificate is in effect.
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
    /// The nodes whose store must hold the chain.
    pub nodes: NodeSelection,
    /// Whether an upload on the first of these nodes spreads to the others by itself.
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
    /// Every node of the cluster.
    All,
    /// The publisher.
    Publisher,
    /// Every other call-processing node.
    Subscribers,
    /// IM and Presence nodes.
    ImPresence,
    /// The IM and Presence node that keeps the presence database.
    PresencePublisher,
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
    /// The call that restarts a whole Expressway peer. What restarts is [`WHOLE_PEER`].
    Peer,
}

/// The one service that an Expressway peer is taken for: all of it starts and restarts together.
pub const WHOLE_PEER: &str = "Expressway";

/// What phones hold of a certificate. Such a purpose is renewed by itself: its services restart, phones are reset, and
/// the next purpose waits until they are back (invariants I2, I12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneRule {
    /// In mixed mode the certificate trust list holds it and is updated before the restarts (invariant I11).
    pub ctl: bool,
    /// Releases in which the upload itself resets phones.
    pub upload_resets: ReleaseRange,
    /// Whether not every node may change before phones have taken the new list (invariant I3).
    pub one_stays: bool,
    /// Source tag.
    pub source: String,
    /// The claims that this rests on.
    pub claims: Vec<ClaimId>,
}

/// What a person does before the first restart of the purpose and undoes after the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendedRule {
    /// What to do before.
    pub before: String,
    /// What to do after.
    pub after: String,
    /// Only where the cluster has at least so many nodes of this kind.
    pub from_nodes: usize,
    /// Source tag.
    pub source: String,
}

/// One proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofRule {
    /// What is looked at.
    pub by: Proof,
    /// Source tag.
    pub source: String,
}

/// What proves that a certificate is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A port presents it.
    Port {
        /// The port.
        port: Port,
        /// The kind of key to ask with.
        key: KeyAlgorithm,
        /// Whether this port always serves the purpose, or only counts on a node where it served the stored
        /// certificate of the purpose before the change (documents do not settle which it serves).
        always: bool,
    },
    /// A service started after the certificate was stored: for purposes that no port presents.
    Service(ServiceName),
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
