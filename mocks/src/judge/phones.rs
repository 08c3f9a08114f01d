//! What no careful operator does to the trust of phones.

use std::collections::BTreeSet;

use super::Violation;
use crate::consequences::stands_in_for;
use crate::state::{Cluster, Face, Node, Release, Role, TrustList, loaded_by, reasons_of};

/// The purposes whose certificates phones are given or ask about.
const PHONE_TRUST: [&str; 4] = ["CallManager", "CallManager-ECDSA", "CAPF", "TVS"];

/// The purposes that the certificate trust list holds.
const IN_CTL: [&str; 2] = ["CallManager", "CAPF"];

/// Judges an upload or a regeneration that changes what phones trust, before it takes place.
///
/// claim: PHONE-ACCEPTS, PHONE-TVS-KNOWS
pub(crate) fn phone_trust_change(
    cluster: &Cluster,
    node_name: &str,
    purpose: &str,
) -> Vec<Violation> {
    let Some(node) = cluster.node(node_name) else {
        return Vec::new();
    };
    let purpose = match stands_in_for(purpose) {
        Some(other) if cluster.reuse => other,
        _ => purpose,
    };
    let others: &[&str] = match purpose {
        "CallManager" => &["TVS", "ITLRecovery"],
        "TVS" => &["CallManager", "ITLRecovery"],
        "ITLRecovery" => &["CallManager", "TVS"],
        _ => &[],
    };
    let mut found = Vec::new();
    for other in others {
        if let Some(open) = open_change(cluster, other) {
            found.push((
                "callmanager-and-tvs-in-flight",
                format!("{purpose} on {node_name} while {other} is not finished: {open}"),
            ));
        }
    }
    if purpose == "TVS" && takes_the_last_tvs(cluster, node) {
        found.push((
            "every-tvs-changed",
            format!("{node_name} was the last node with a TVS certificate that phones hold"),
        ));
    }
    if purpose == "CAPF" && node.role != Role::Publisher {
        found.push((
            "capf-beside-publisher",
            format!("CAPF on {node_name}, which is not the publisher"),
        ));
    }
    found
}

/// Judges a restart by what the lists of phones say.
///
/// claim: VOS-CTL-UPDATE
pub(super) fn restart(cluster: &Cluster, node: &Node, service: &str) -> Option<Violation> {
    let ctl = cluster.lists.ctl.as_ref().filter(|_| cluster.mixed_mode)?;
    let missing = reasons_of(service, cluster.numbers())
        .filter(|purpose| IN_CTL.contains(purpose))
        .find(|purpose| is_missing(ctl, node, purpose))?;
    Some((
        "restart-before-ctl-update",
        format!(
            "{service} on {} while the CTL lacks its {missing} certificate",
            node.name
        ),
    ))
}

fn is_missing(ctl: &TrustList, node: &Node, purpose: &str) -> bool {
    let in_use = purpose != "CAPF" || node.role == Role::Publisher;
    let stored = node.stored(purpose).filter(|_| in_use);
    stored.is_some_and(|print| !ctl.holds(&print))
}

/// Judges a reset of phones that somebody asks for.
pub(crate) fn reset(cluster: &Cluster, pool: &str) -> Option<Violation> {
    let nodes = cluster.nodes.iter();
    let mut pairs = nodes.flat_map(|node| PHONE_TRUST.map(|purpose| (node, purpose)));
    let release = cluster.numbers();
    let (node, purpose) = pairs.find(|(node, purpose)| {
        node.stored(purpose).is_some() && !works_for_phones(node, purpose, release)
    })?;
    Some((
        "reset-before-restart",
        format!(
            "phones of {pool} while {purpose} on {} is not in effect",
            node.name
        ),
    ))
}

/// Whether a purpose of a node is in effect for phones too: before 14SU1 the TFTP service must sign with it.
///
/// claim: CUCM-CALLMANAGER-SERVED, CUCM-PHONE-TRUST-SETS
pub(crate) fn works_for_phones(node: &Node, purpose: &str, release: Release) -> bool {
    let signs = purpose == "CallManager" && release < Release::FOURTEEN_SU1;
    node.in_effect(purpose) && !(signs && node.awaits(Face::Tftp.service(), purpose))
}

/// Why a change of a purpose is not finished: somewhere not in effect, or phones that did not come back from a reset
/// since. Nothing if it never changed or was finished.
pub(crate) fn open_change(cluster: &Cluster, purpose: &str) -> Option<String> {
    if !cluster.memory.changed.contains(purpose) {
        return None;
    }
    let holders: Vec<&Node> = cluster
        .nodes
        .iter()
        .filter(|node| node.stored(purpose).is_some())
        .collect();
    let release = cluster.numbers();
    let behind = |node: &&&Node| !works_for_phones(node, purpose, release);
    if let Some(node) = holders.iter().find(behind) {
        return Some(format!("not in effect on {}", node.name));
    }
    let key = |node: &&Node| (node.name.clone(), purpose.to_owned());
    let since = holders
        .iter()
        .filter_map(|node| cluster.memory.effective_ms.get(&key(node)));
    let since = since.max().copied().unwrap_or_default();
    let mut online = cluster.phones.iter().filter(|phone| phone.online);
    let behind = online.find(|phone| {
        !phone.registered || phone.fetched_ms.is_none_or(|fetched| fetched < since)
    })?;
    Some(format!("{} has not come back from a reset", behind.name))
}

/// Whether a phone knows this node's verification service and no other one of the cluster.
fn takes_the_last_tvs(cluster: &Cluster, node: &Node) -> bool {
    let verifying = |node: &&Node| {
        let mut services = node.services.keys();
        services.any(|service| loaded_by(service, cluster.numbers()).contains(&"TVS"))
    };
    let verifiers: Vec<&Node> = cluster.nodes.iter().filter(verifying).collect();
    if verifiers.len() < 2 {
        return false;
    }
    let rest: BTreeSet<String> = verifiers
        .iter()
        .filter(|other| other.name != node.name)
        .filter_map(|other| other.stored("TVS"))
        .collect();
    let own = node.stored("TVS").unwrap_or_default();
    let mut phones = cluster.phones.iter().filter(|phone| phone.is_able());
    phones.any(|phone| {
        let known = &phone.holding.itl.tvs;
        known.contains(&own) && known.is_disjoint(&rest)
    })
}
