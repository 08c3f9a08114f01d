//! Why no plan is made: complete, and before the first write (promise P3).

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::model::{ClusterName, NodeName};

/// One reason not to plan. Nothing was written to any device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Refusal {
    /// The cluster; `None` if the request itself names nothing that exists.
    pub cluster: Option<ClusterName>,
    /// The nodes concerned; empty if it concerns the cluster as a whole.
    pub nodes: BTreeSet<NodeName>,
    /// The invariant that a plan would break, such as `I7`; `None` where this release simply cannot.
    pub invariant: Option<&'static str>,
    /// What was expected and what was found.
    pub says: String,
    /// What to do next.
    pub next: String,
}

impl Refusal {
    /// A refusal about a whole cluster.
    pub(super) fn of(
        cluster: &ClusterName,
        says: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            cluster: Some(cluster.clone()),
            nodes: BTreeSet::new(),
            invariant: None,
            says: says.into(),
            next: next.into(),
        }
    }

    /// The same, naming the invariant.
    pub(super) fn breaking(self, invariant: &'static str) -> Self {
        Self {
            invariant: Some(invariant),
            ..self
        }
    }

    /// The same, naming nodes.
    pub(super) fn at<'a>(mut self, nodes: impl IntoIterator<Item = &'a NodeName>) -> Self {
        self.nodes.extend(nodes.into_iter().cloned());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cluster) = &self.cluster {
            write!(formatter, "cluster {cluster}: ")?;
        }
        if !self.nodes.is_empty() {
            let nodes: Vec<&str> = self.nodes.iter().map(NodeName::as_str).collect();
            write!(formatter, "{}: ", nodes.join(", "))?;
        }
        write!(formatter, "{}", self.says)?;
        if let Some(invariant) = self.invariant {
            write!(formatter, " (invariant {invariant})")?;
        }
        write!(formatter, "\n  next: {}", self.next)
    }
}

impl std::error::Error for Refusal {}
