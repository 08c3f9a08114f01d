//! The plan as data: immutable, serialisable, approved by its digest. What happened to a step is in the
//! journal, never here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{
    ClaimId, ClusterName, ControlPath, Distribution, Finding, Fingerprint, IssuerName, KeySpec,
    Listener, NodeName, Product, Purpose, Release, ServiceName, StepId, Store, SubjectName, Usages,
};

/// The format of a plan file that this release writes and reads.
pub const PLAN_FORMAT: u32 = 1;

/// A whole change, over all clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_FORMAT`].
    pub format: u32,
    /// When it was made.
    pub made: Timestamp,
    /// Until when its first step may start.
    pub valid_until: Timestamp,
    /// By cluster; clusters with nothing to do are not here.
    pub clusters: BTreeMap<ClusterName, ClusterPlan>,
    /// Why a step of one cluster comes before a step of another. Clusters that are linked, directly or through
    /// others, are carried out together; with their own sequences the links have no circle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Edge>,
}

/// The change in one cluster. Its steps are carried out one after the other, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterPlan {
    /// The product.
    pub product: Product,
    /// The publisher's release.
    pub release: Release,
    /// The cluster's nodes with the publisher first: the order in which nodes restart.
    pub nodes: Vec<NodeName>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Why a step comes before another. Every edge agrees with the order of `steps`.
    pub edges: Vec<Edge>,
    /// The facts that the plan rests on, by a readable key; `apply` refuses if any has moved.
    /// Made by [`super::basis`].
    pub basis: BTreeMap<String, String>,
    /// The phones that the plan answers for; `None` where it changes nothing that phones hold.
    pub phones: Option<PhoneBaseline>,
    /// What the plan answers.
    pub findings: Vec<Finding>,
    /// What a person should do before or after that the tool does not do.
    pub reminders: Vec<String>,
}

/// The phones of a cluster when the plan was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneBaseline {
    /// Registered phones by device pool; each must be back before the next certificate that phones hold changes.
    pub registered: BTreeMap<String, BTreeSet<String>>,
    /// Phones that were not registered, by name with the reason for which a person waived them (invariant I4).
    pub waived: BTreeMap<String, String>,
}

/// Why one step comes before another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The earlier step.
    pub first: StepId,
    /// The later step.
    pub then: StepId,
    /// The reason, for a person.
    pub why: String,
}

/// The parts of a change. A person may ask `apply` to stop after one (`--until`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Trust is spread; nothing restarts.
    Prepare,
    /// Requests are made and signed; may take days.
    Request,
    /// Identities are uploaded; stored, not served.
    Install,
    /// Services restart: this is what users notice.
    Activate,
    /// Everything is read again.
    Verify,
    /// What is no longer needed is cleared away: late and optional.
    Tidy,
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Prepare => "prepare",
            Self::Request => "request",
            Self::Install => "install",
            Self::Activate => "activate",
            Self::Verify => "verify",
            Self::Tidy => "tidy",
        })
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What a person types after `mark`.
    pub id: StepId,
    /// The part of the change it belongs to.
    pub stage: Stage,
    /// The node it acts on or looks at; `None` for the whole cluster.
    pub node: Option<NodeName>,
    /// What it does.
    pub action: Action,
    /// What must hold right before it.
    pub before: Vec<Condition>,
    /// What must be seen after it; until then it is not done.
    pub after: Vec<Condition>,
    /// What users lose while it runs.
    pub disruption: Option<Disruption>,
    /// How long it typically takes.
    pub takes: SignedDuration,
    /// The way back.
    pub reversal: Reversal,
    /// Codes of the findings it answers.
    pub because: BTreeSet<String>,
    /// Why it is there, in one sentence.
    pub why: String,
    /// The vendor documents it follows.
    pub sources: Vec<String>,
    /// The beliefs about the device that it rests on.
    pub rests_on: BTreeSet<ClaimId>,
}

/// What users lose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disruption {
    /// The service that restarts.
    pub service: ServiceName,
    /// What users notice.
    pub loses: String,
    /// For how long, typically.
    pub lasts: SignedDuration,
}

/// The way back from a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reversal {
    /// It changes nothing on a device.
    Nothing {},
    /// A person can undo it; the text says how.
    Manual {
        /// How.
        how: String,
    },
    /// A point of no return; the text says how to recover if the new state is bad.
    Irreversible {
        /// How to recover.
        recovery: String,
    },
}

/// Everything that a plan can do. Closed: a new action fails to compile in each stage until answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Waits until a person has done something and the conditions `after` are seen.
    /// Without conditions, only `reissue mark` ends it.
    Person {
        /// What to do.
        instruction: String,
    },
    /// Uploads one authority's certificate to one trust store of the step's node.
    UploadTrust {
        /// The store.
        store: Store,
        /// SHA-256 of the certificate.
        sha256: Fingerprint,
        /// Its common name, for a person.
        title: String,
        /// The certificate, clean PEM.
        pem: String,
    },
    /// Has the step's node make a key and a signing request. With multi-server distribution the node
    /// passes both on to every node of `nodes`.
    GenerateRequest {
        /// The purpose.
        purpose: Purpose,
        /// One node or all.
        distribution: Distribution,
        /// The nodes whose certificate this will be.
        nodes: BTreeSet<NodeName>,
        /// The subject's common name.
        common_name: String,
        /// Subject alternative names to ask for.
        names: BTreeSet<SubjectName>,
        /// The key.
        key: KeySpec,
        /// The hash.
        hash: String,
    },
    /// Hands the requests of some steps to the issuer and waits for the certificates.
    AwaitCertificates {
        /// The issuer.
        issuer: IssuerName,
        /// The [`Action::GenerateRequest`] steps.
        requests: BTreeSet<StepId>,
        /// What each certificate must be; anything else is refused before any upload.
        terms: IssueTerms,
    },
    /// Uploads the certificate that was issued for a request, to the step's node.
    UploadIdentity {
        /// The purpose.
        purpose: Purpose,
        /// The [`Action::GenerateRequest`] step.
        request: StepId,
        /// The nodes that must hold it afterwards.
        nodes: BTreeSet<NodeName>,
    },
    /// Restarts a service on the step's node.
    RestartService {
        /// The service.
        service: ServiceName,
        /// By which interface.
        by: ControlPath,
    },
    /// Has the publisher write the certificate trust list anew from the certificates that are stored.
    UpdateTrustList {},
    /// Resets every phone of one device pool, by the publisher.
    ResetPhones {
        /// The device pool.
        pool: String,
    },
    /// Waits until the step's node (or, without a node, every node) is as `after` says. Reads only.
    Confirm {
        /// What is confirmed, in a few words.
        what: String,
    },
}

/// What an issued certificate must be, beside matching its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueTerms {
    /// SHA-256 of the issuer's chain certificates, root first; the last one must have signed.
    pub chain: Vec<Fingerprint>,
    /// Key usages it must carry.
    pub key_usage: Usages,
    /// Extended key usages it must carry.
    pub extended_usage: Usages,
    /// The least time that must be left.
    pub at_least: SignedDuration,
}

/// Something that can be judged on an observation, and on nothing else but the artifacts of the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// A store of a node holds a certificate.
    Trusts {
        /// The node.
        node: NodeName,
        /// The store.
        store: Store,
        /// The certificate.
        sha256: Fingerprint,
    },
    /// No request waits on a node for a purpose.
    NoRequest {
        /// The node.
        node: NodeName,
        /// The purpose.
        purpose: Purpose,
    },
    /// The request that waits on a node is the one which a step of this run made.
    RequestOf {
        /// The node.
        node: NodeName,
        /// The purpose.
        purpose: Purpose,
        /// The step.
        step: StepId,
    },
    /// A node stores a certain identity certificate.
    IdentityIs {
        /// The node.
        node: NodeName,
        /// The purpose.
        purpose: Purpose,
        /// The certificate.
        sha256: Fingerprint,
    },
    /// A node stores the identity certificate that was issued for the request of a step.
    IdentityOf {
        /// The node.
        node: NodeName,
        /// The purpose.
        purpose: Purpose,
        /// The [`Action::GenerateRequest`] step.
        step: StepId,
    },
    /// A node serves the certificate that was issued for the request of a step.
    Serves {
        /// The node.
        node: NodeName,
        /// The port and kind of key.
        listener: Listener,
        /// The [`Action::GenerateRequest`] step.
        step: StepId,
    },
    /// A service of a node started after a step was carried out: what the step stored is in effect.
    StartedSince {
        /// The node.
        node: NodeName,
        /// The service.
        service: ServiceName,
        /// The step: an upload.
        step: StepId,
    },
    /// The certificate trust list carries the certificate that was issued for the request of a step.
    TrustListHolds {
        /// The [`Action::GenerateRequest`] step.
        step: StepId,
    },
    /// The phones of a pool that the plan answers for have been reset: each has changed its status since a step,
    /// or is not registered.
    PhonesReset {
        /// The device pool.
        pool: String,
        /// The [`Action::ResetPhones`] step.
        step: StepId,
    },
    /// Every phone that the plan answers for is registered again since the reset of its pool, in so many looks in a
    /// row; those that a person waived by name are left out.
    PhonesBack {
        /// The [`Action::ResetPhones`] steps.
        resets: BTreeSet<StepId>,
        /// How many looks.
        polls: u32,
    },
    /// A service of a node runs.
    Runs {
        /// The node.
        node: NodeName,
        /// The service.
        service: ServiceName,
    },
    /// Every service that ran on a node when the plan was made runs.
    Healthy {
        /// The node.
        node: NodeName,
        /// Those services.
        services: BTreeSet<ServiceName>,
    },
    /// Single sign-on is off on a node.
    SsoDisabled {
        /// The node.
        node: NodeName,
    },
    /// Single sign-on is on on a node.
    SsoEnabled {
        /// The node.
        node: NodeName,
    },
    /// No backup or restore runs on a node.
    BackupIdle {
        /// The node.
        node: NodeName,
    },
    /// Replication is good on every node of the cluster.
    ReplicationGood {},
    /// At least so many phones are registered in the cluster.
    PhonesAtLeast {
        /// The number.
        count: u64,
    },
    /// The traversal of an Expressway peer is as it was when the plan was made: these zones are active and at least
    /// so many SSH tunnels are established.
    Traverses {
        /// The peer.
        node: NodeName,
        /// The zones that were active.
        zones: BTreeSet<String>,
        /// The tunnels that were established.
        tunnels: u64,
    },
}
