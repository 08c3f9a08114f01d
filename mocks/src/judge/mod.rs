//! What no careful operator does: the lab's own judgement of restarts and writes.

mod phones;

use openssl::x509::X509;

use crate::state::{Cluster, Node, loaded_by, reason_prints};
use crate::upload;

pub(crate) use phones::{open_change, phone_trust_change, reset, works_for_phones};

/// The name of a violation, and what exactly happened.
pub(crate) type Violation = (&'static str, String);

/// Judges a restart that is about to begin.
///
/// claim: CUCM-TOMCAT-ORDER, CUCM-TOMCAT-SET-14, CUCM-DRF-NOT-DURING-BACKUP, CUCM-REPLICATION-GOOD
pub(crate) fn restart(cluster: &Cluster, node_name: &str, service: &str) -> Vec<Violation> {
    let Some(node) = cluster.node(node_name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if let Some((busy, what)) = restarting_elsewhere(cluster, node_name) {
        found.push((
            "two-nodes-restarting",
            format!("{service} on {node_name} while {what} on {busy} is not back"),
        ));
    }
    if let Some(detail) = previous_not_healthy(cluster, node_name) {
        found.push(("next-restart-before-previous-healthy", detail));
    }
    if let Some(detail) = before_publisher(cluster, node, service) {
        found.push(("subscriber-restarted-before-publisher", detail));
    }
    if let Some(detail) = without_new_certificate(cluster, node, service) {
        found.push(("restart-without-new-certificate", detail));
    }
    if node
        .service(service)
        .is_some_and(|(_, found)| found.reason.is_some())
    {
        let detail = format!("{service} on {node_name} was not running, and that is no fault");
        found.push(("restart-of-stopped-service", detail));
    }
    if service.starts_with("Cisco DRF") && backup_runs(cluster) {
        found.push((
            "restart-during-backup",
            format!("{service} on {node_name} while a backup or restore runs"),
        ));
    }
    found.extend(phones::restart(cluster, node, service));
    found.extend(bad_replication(
        cluster,
        &format!("restart of {service} on {node_name}"),
    ));
    found
}

/// Judges an identity upload before the node does.
///
/// claim: CUCM-SSO-OFF-FIRST, CUCM-UPLOAD-NO-CHAIN, CUCM-UPLOAD-NO-CSR
pub(crate) fn identity_upload(
    cluster: &Cluster,
    node_name: &str,
    purpose: &str,
    leaf: &X509,
) -> Vec<Violation> {
    let Some(node) = cluster.node(node_name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if !upload::chain_is_stored(node, purpose, leaf, &[]) {
        found.push((
            "identity-without-chain",
            format!("{purpose} on {node_name}: its authorities are not stored"),
        ));
    }
    if !node.pending.contains_key(purpose) {
        found.push((
            "identity-without-request",
            format!("{purpose} on {node_name}: no request is pending"),
        ));
    }
    if purpose.starts_with("tomcat")
        && let Some(enabled) = cluster.nodes.iter().find(|node| node.sso_enabled)
    {
        found.push((
            "sso-enabled-at-upload",
            format!("{purpose} on {node_name}: SSO is on at {}", enabled.name),
        ));
    }
    if purpose == "ipsec" && backup_runs(cluster) {
        found.push((
            "ipsec-during-backup",
            format!("{purpose} on {node_name} while a backup or restore runs"),
        ));
    }
    found.extend(phone_trust_change(cluster, node_name, purpose));
    found
}

fn backup_runs(cluster: &Cluster) -> bool {
    cluster.backup.running.is_some() || cluster.backup.restoring.is_some()
}

/// Judges any write while the database does not replicate.
pub(crate) fn bad_replication(cluster: &Cluster, what: &str) -> Option<Violation> {
    let bad = cluster.nodes.iter().find(|node| node.replication != 2)?;
    Some((
        "write-with-bad-replication",
        format!("{what} while {} is in state {}", bad.name, bad.replication),
    ))
}

fn restarting_elsewhere<'a>(cluster: &'a Cluster, node_name: &str) -> Option<(&'a str, &'a str)> {
    let others = cluster.nodes.iter().filter(|node| node.name != node_name);
    others
        .flat_map(|node| {
            node.services
                .iter()
                .map(move |(name, service)| (node, name, service))
        })
        .find(|(_, _, service)| service.in_transition())
        .map(|(node, name, _)| (node.name.as_str(), name.as_str()))
}

fn previous_not_healthy(cluster: &Cluster, node_name: &str) -> Option<String> {
    let previous = cluster
        .last_restarted
        .as_deref()
        .filter(|previous| *previous != node_name)?;
    let previous = cluster.node(previous)?;
    if let Some((name, _)) = previous
        .services
        .iter()
        .find(|(_, service)| !service.is_well())
    {
        return Some(format!(
            "{node_name} before {name} on {} is started again",
            previous.name
        ));
    }
    // Both publishers are where a new pass begins; what is stored for it is still to be loaded everywhere.
    let begins = [cluster.publisher(), cluster.presence_publisher()];
    let begins = begins.iter().flatten().any(|first| first.name == node_name);
    let unfinished = unfinished(cluster, previous).filter(|_| !begins)?;
    Some(format!(
        "{node_name} before {unfinished} of {} is in effect",
        previous.name
    ))
}

/// A purpose that the services restarted on a node in this pass load, and that is not in effect there.
fn unfinished(cluster: &Cluster, node: &Node) -> Option<&'static str> {
    let restarted = &cluster.memory.restarted;
    let loads = restarted.iter().flat_map(|service| {
        let purposes = loaded_by(service, cluster.numbers()).iter();
        purposes.map(move |purpose| (service, *purpose))
    });
    loads
        .filter(|(_, purpose)| node.stored(purpose).is_some())
        .find(|(service, purpose)| node.awaits(service, purpose) || !node.in_effect(purpose))
        .map(|(_, purpose)| purpose)
}

/// A purpose that a node's service is about to load while that of the node that goes first has not: the IM and
/// Presence database publisher for what only presence nodes hold, the publisher for all else.
///
/// claim: CUCM-TOMCAT-ORDER, IMP-PUBLISHER-FIRST
fn before_publisher(cluster: &Cluster, node: &Node, service: &str) -> Option<String> {
    let first = |purpose: &str| {
        let first = if purpose.starts_with("cup") {
            cluster.presence_publisher()
        } else {
            cluster.publisher()
        };
        first.filter(|first| first.name != node.name)
    };
    let mut awaited = loaded_by(service, cluster.numbers())
        .iter()
        .filter(|purpose| node.awaits(service, purpose));
    let (early, publisher) = awaited.find_map(|purpose| {
        let first = first(purpose).filter(|first| first.awaits(service, purpose))?;
        Some((purpose, first))
    })?;
    Some(format!(
        "{service} on {} for {early} while {} has not loaded its new certificate",
        node.name, publisher.name
    ))
}

fn without_new_certificate(cluster: &Cluster, node: &Node, service: &str) -> Option<String> {
    let found = node.services.get(service)?;
    // The vendor's instruction names the service although another restart took it along.
    let earlier = Some(&found.restarted_for).filter(|_| !found.restarted_along)?;
    let now = reason_prints(cluster, node, service);
    (!earlier.is_empty() && now.is_subset(earlier)).then(|| {
        format!(
            "{service} on {} already loaded this certificate in a restart",
            node.name
        )
    })
}
