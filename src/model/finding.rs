//! Findings: what `assess` says is not as it should be.

use serde::{Deserialize, Serialize};

use super::{ClusterName, FindingCode, NodeName, Purpose};

/// How bad a finding is. Ordered: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// No change may begin while it stands: a gate of preflight.
    Blocker,
    /// Something is broken or will be at the next restart.
    Critical,
    /// It becomes critical with time or under a policy.
    Warning,
    /// Worth knowing.
    Notice,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Blocker => "blocker",
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        })
    }
}

/// One deviation, with everything a person needs to act on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The cluster.
    pub cluster: ClusterName,
    /// The node; `None` if it concerns the cluster.
    pub node: Option<NodeName>,
    /// The purpose; `None` if it concerns no certificate.
    pub purpose: Option<Purpose>,
    /// The stable code; `reissue explain CODE` prints cause, remedy and source.
    pub code: FindingCode,
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
    /// Whether renewing the purpose on this node (or cluster) mends it.
    pub renewal_mends: bool,
}
