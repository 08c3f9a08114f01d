//! Assessment: an observation against the desired state gives findings. Pure.
//!
//! Each check looks at one concern and reports everything it sees; none stops at the first. What could
//! not be learned is a finding too, because a plan may not rest on it.

mod capf;
mod catalogue;
mod certificates;
mod chains;
mod clash;
mod cluster;
mod expressway;
mod hygiene;
mod node;
mod phones;
mod recovery;
mod requests;
mod reuse;
mod serving;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trust_list;
mod uploads;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{
    ClusterName, ClusterState, Desired, DesiredCertificate, Finding, FindingCode, NodeName,
    NodeSelection, NodeState, Observation, Procedure, Product, Purpose, Role, Severity,
};

pub use catalogue::{Explanation, explain, explanations};
pub use hygiene::{Superfluous, superfluous};
pub use uploads::{UPLOAD_ERRORS, UploadError};

/// What one check is given: a cluster, what it should be, and the moment.
struct Context<'a> {
    name: &'a ClusterName,
    state: &'a ClusterState,
    /// The desired certificates of this cluster, taken once: checks ask for them often, and an estate is large.
    wanted: Vec<&'a DesiredCertificate>,
    desired: &'a Desired,
    /// Every cluster: an Expressway lives on what its neighbours hold.
    estate: &'a BTreeMap<ClusterName, ClusterState>,
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

    /// The declared nodes of a kind.
    fn selected(
        &self,
        selection: NodeSelection,
    ) -> impl Iterator<Item = (&'a NodeName, &'a NodeState)> {
        let presence = self.state.presence_publisher.present();
        self.state.nodes.iter().filter(move |(name, state)| {
            let role = state.role;
            match selection {
                NodeSelection::All => true,
                NodeSelection::Publisher => role == Role::Publisher,
                NodeSelection::Subscribers => role == Role::Subscriber,
                NodeSelection::ImPresence => role == Role::ImPresence,
                NodeSelection::PresencePublisher => presence == Some(*name),
                NodeSelection::CallProcessing => {
                    matches!(role, Role::Publisher | Role::Subscriber)
                }
            }
        })
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

/// Every check of CUCM and Unity Connection, in no order that matters: findings are sorted.
const CHECKS: &[Check] = &[
    certificates::validity,
    certificates::signer,
    certificates::names,
    certificates::key_and_usages,
    certificates::sharing,
    serving::served,
    chains::of_identities,
    chains::ecdsa_twin,
    reuse::for_call_manager,
    capf::is_an_authority,
    capf::on_subscribers,
    capf::trusted_by_call_processing,
    recovery::validity,
    recovery::strength,
    trust_list::check,
    hygiene::entries,
    clash::of_authorities,
    requests::purposes,
    requests::ways,
    requests::copies,
    phones::counted,
    phones::away,
    cluster::membership,
    cluster::replication,
    cluster::security_mode,
    cluster::presence_publisher,
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
            estate: &observation.clusters,
            procedures,
            now,
        };
        let checks = match state.product {
            Product::Cucm | Product::UnityConnection => CHECKS,
            Product::ExpresswayC | Product::ExpresswayE => expressway::CHECKS,
        };
        let mut of_cluster: Vec<Finding> =
            checks.iter().flat_map(|check| check(&context)).collect();
        let mut of_due = serving::pending(&context, &of_cluster);
        of_due.extend(capf::phone_certificates(&context, &of_cluster));
        of_cluster.extend(of_due);
        findings.extend(of_cluster);
    }
    findings.sort();
    findings.dedup();
    findings
}
