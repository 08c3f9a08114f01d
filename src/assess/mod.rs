//! Assessment: an observation against the desired state gives findings. Pure.
//!
//! Each check looks at one concern and reports everything it sees; none stops at the first. What could
//! not be learned is a finding too, because a plan may not rest on it.

mod catalogue;
mod certificates;
mod chains;
mod cluster;
mod node;
mod serving;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::model::{
    ClusterName, ClusterState, Desired, DesiredCertificate, Finding, FindingCode, NodeName,
    Observation, Procedure, Purpose, Severity,
};

pub use catalogue::{Explanation, explain, explanations};

/// What one check is given: a cluster, what it should be, and the moment.
struct Context<'a> {
    name: &'a ClusterName,
    state: &'a ClusterState,
    /// The desired certificates of this cluster, taken once: checks ask for them often, and an estate is large.
    wanted: Vec<&'a DesiredCertificate>,
    desired: &'a Desired,
    procedures: &'a [Procedure],
    now: Timestamp,
}

impl<'a> Context<'a> {
    /// The desired certificates of this cluster.
    fn wanted(&self) -> impl Iterator<Item = &'a DesiredCertificate> {
        self.wanted.iter().copied()
    }

    /// The procedure for a purpose on a node.
    fn procedure(&self, node: &NodeName, purpose: &Purpose) -> Option<&'a Procedure> {
        let appliance = self.state.appliance(node)?;
        self.procedures
            .iter()
            .find(|known| known.appliance == appliance && known.purpose == *purpose)
    }

    /// A finding about the cluster or one of its nodes.
    fn finding(
        &self,
        severity: Severity,
        code: &str,
        node: Option<&NodeName>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Finding {
        Finding {
            severity,
            cluster: self.name.clone(),
            node: node.cloned(),
            purpose: None,
            code: FindingCode::new(code),
            expected: expected.into(),
            found: found.into(),
            renewal_mends: false,
        }
    }
}

/// One concern.
type Check = fn(&Context<'_>) -> Vec<Finding>;

/// Every check, in no order that matters: findings are sorted.
const CHECKS: &[Check] = &[
    certificates::validity,
    certificates::signer,
    certificates::names,
    certificates::key_and_usages,
    certificates::sharing,
    serving::served,
    chains::of_identities,
    chains::reuse_for_call_manager,
    chains::ecdsa_twin,
    cluster::membership,
    cluster::replication,
    cluster::security_mode,
    cluster::phones,
    node::reachable,
    node::identity_of_the_box,
    node::release,
    node::clock,
    node::services,
    node::backups,
    node::single_sign_on,
];

/// Compares what was observed with what is desired, at a moment. Sorted by severity, cluster, node.
pub fn assess(
    observation: &Observation,
    desired: &Desired,
    procedures: &[Procedure],
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, state) in &observation.clusters {
        let wanted = desired
            .certificates
            .iter()
            .filter(|wanted| wanted.cluster == *name);
        let context = Context {
            name,
            state,
            wanted: wanted.collect(),
            desired,
            procedures,
            now,
        };
        let mut of_cluster: Vec<Finding> =
            CHECKS.iter().flat_map(|check| check(&context)).collect();
        of_cluster.extend(serving::pending(&context, &of_cluster));
        findings.extend(of_cluster);
    }
    findings.sort();
    findings.dedup();
    findings
}
