//! What should be: the estate file's rules, resolved for every cluster and purpose.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Certificate, ClusterName, IssuerName, KeySpec, NodeName, Purpose, SubjectName};

/// The whole desired state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// One entry for each cluster and purpose that a rule of the estate file covers.
    pub certificates: Vec<DesiredCertificate>,
    /// The issuers that those entries name.
    pub issuers: BTreeMap<IssuerName, Issuer>,
    /// The last successful backup may not be older than this at the first write; `None`: no such policy.
    pub backup_not_older_than: Option<SignedDuration>,
    /// How long a plan may wait for its first step.
    pub valid_for: SignedDuration,
    /// The order in which purposes are renewed, without twins; those that are not named come with the first.
    pub order: Vec<Purpose>,
    /// How many looks in a row must see every phone back before the next certificate that phones hold changes.
    pub phone_polls: u32,
}

/// The order of the vendor's notes (rule O2). The Security Guide has TVS before CallManager (rule O3).
pub const DEFAULT_ORDER: [&str; 5] = ["tomcat", "ipsec", "CAPF", "CallManager", "TVS"];

/// How many looks in a row must see every phone back, unless the estate file says otherwise.
pub const DEFAULT_PHONE_POLLS: u32 = 3;

/// What the certificates of one purpose in one cluster should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredCertificate {
    /// The cluster.
    pub cluster: ClusterName,
    /// The purpose.
    pub purpose: Purpose,
    /// The declared nodes that hold this purpose.
    pub nodes: BTreeSet<NodeName>,
    /// Who is to sign.
    pub issuer: IssuerName,
    /// One certificate for each node, or one for all.
    pub distribution: Distribution,
    /// The key to ask for.
    pub key: KeySpec,
    /// Names beside those that the topology requires.
    pub also: BTreeSet<SubjectName>,
    /// A certificate is due when less than this is left.
    pub renew_before: SignedDuration,
    /// Which rules of the estate file matched and which of them won, for a person.
    pub rule: String,
}

/// How many nodes share one certificate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Each node has its own key and certificate.
    ThisServer,
    /// All nodes share one key and one certificate that names them all.
    MultiServer,
}

/// An issuer's chain: public, so a plan may carry it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Every authority above the leaf, root first, each signed by the one before.
    pub chain: Vec<Authority>,
}

/// One certificate of an issuer's chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its facts.
    pub certificate: Certificate,
    /// A clean single PEM block.
    pub pem: String,
}
