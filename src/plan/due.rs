//! What is due: the smallest set of certificates that answers the findings (promise P4).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ClusterName, ClusterState, DesiredCertificate, Distribution, Finding, NodeName, Observed,
    Product, Purpose, Role, Severity,
};

use super::Question;
use super::facts::presence_leader;
use super::refusal::Refusal;

/// One purpose that is due in a cluster.
pub(super) struct Due<'a> {
    /// What it should be.
    pub(super) wanted: &'a DesiredCertificate,
    /// The nodes to renew, in restart order.
    pub(super) nodes: Vec<NodeName>,
    /// The findings that this answers; empty when a person forces it.
    pub(super) findings: Vec<&'a Finding>,
}

/// The nodes of a cluster in restart order: publisher, subscribers by name, the presence publisher, other IM and
/// Presence nodes by name. Source: cucm-certificate-rules O5, §4.7, invariant I9.
pub(super) fn restart_order(state: &ClusterState) -> Vec<NodeName> {
    let leader = presence_leader(state);
    let rank = |name: &NodeName, role| match role {
        Role::ImPresence if Some(name) == leader.as_ref() => 2,
        Role::ImPresence => 3,
        Role::Publisher => 0,
        Role::Subscriber | Role::Peer => 1,
    };
    let mut names: Vec<(u8, &NodeName)> = state
        .nodes
        .iter()
        .map(|(name, node)| (rank(name, node.role), name))
        .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name.clone()).collect()
}

/// Every purpose of a cluster that is due and selected, in the order of renewal.
///
/// # Errors
/// Refusals: a certificate of which nobody can say whether it is due, or a cut that breaks an invariant.
/// Where blockers stand as well, they say more and are given instead.
pub(super) fn due<'a>(
    question: &Question<'a>,
    cluster: &ClusterName,
    state: &ClusterState,
) -> Result<Vec<Due<'a>>, Vec<Refusal>> {
    let mut wanted: Vec<&DesiredCertificate> = question
        .desired
        .certificates
        .iter()
        .filter(|wanted| wanted.cluster == *cluster)
        .filter(|wanted| question.options.takes_purpose(&wanted.purpose))
        .collect();
    // By the wanted order, `tomcat` before `tomcat-ECDSA`; a person finds the same order in every plan.
    wanted.sort_by_key(|wanted| {
        (
            place(&question.desired.order, &wanted.purpose),
            &wanted.purpose,
        )
    });
    let order = restart_order(state);
    let mut all = Vec::new();
    let mut cuts = Vec::new();
    let mut unknown = Vec::new();
    for wanted in wanted {
        let findings = answered(question, wanted);
        let selected: BTreeSet<&NodeName> = wanted
            .nodes
            .iter()
            .filter(|node| question.options.takes_node(node))
            .collect();
        let due_nodes = due_nodes(question, wanted, &findings);
        unknown.extend(
            selected
                .iter()
                .filter_map(|node| undecided(cluster, state, wanted, node)),
        );
        if due_nodes.iter().any(|node| selected.contains(node)) {
            cuts.extend(unsafe_cut(cluster, state, wanted, &due_nodes, &selected));
            let nodes = order
                .iter()
                .filter(|node| selected.contains(node) && due_nodes.contains(node))
                .cloned()
                .collect();
            all.push(Due {
                wanted,
                nodes,
                findings,
            });
        }
    }
    if all.is_empty() && unknown.is_empty() {
        return Ok(all);
    }
    let purposes = all.iter().map(|due| &due.wanted.purpose).collect();
    let blockers = blockers(question, cluster, &purposes);
    let mut refusals = if blockers.is_empty() {
        unknown
    } else {
        blockers
    };
    refusals.extend(cuts);
    if refusals.is_empty() {
        Ok(all)
    } else {
        Err(refusals)
    }
}

/// Where a purpose stands in the order of renewal; one that is not named comes last among those that go together.
pub(super) fn place(order: &[Purpose], purpose: &Purpose) -> usize {
    let plain = purpose.plain();
    let named = order.iter().position(|named| *named == plain);
    named.unwrap_or(order.len())
}

/// The findings that renewing a purpose mends.
fn answered<'a>(question: &Question<'a>, wanted: &DesiredCertificate) -> Vec<&'a Finding> {
    let mut findings: Vec<&Finding> = question
        .findings
        .iter()
        .filter(|finding| {
            finding.renewal_mends
                && finding.cluster == wanted.cluster
                && finding.purpose.as_ref() == Some(&wanted.purpose)
                && finding
                    .node
                    .as_ref()
                    .is_none_or(|node| wanted.nodes.contains(node))
        })
        .collect();
    findings.sort();
    findings.dedup();
    findings
}

/// A shared certificate is due on every node as soon as it is due on one.
fn due_nodes<'a>(
    question: &Question<'_>,
    wanted: &'a DesiredCertificate,
    findings: &[&Finding],
) -> BTreeSet<&'a NodeName> {
    let whole = question.options.force_renew
        || (wanted.distribution == Distribution::MultiServer && !findings.is_empty())
        || findings.iter().any(|finding| finding.node.is_none());
    wanted
        .nodes
        .iter()
        .filter(|node| {
            whole
                || findings
                    .iter()
                    .any(|finding| finding.node.as_ref() == Some(*node))
        })
        .collect()
}

/// Says so if nobody can tell whether a certificate is due: silence would read as "nothing to do".
fn undecided(
    cluster: &ClusterName,
    state: &ClusterState,
    wanted: &DesiredCertificate,
    node: &NodeName,
) -> Option<Refusal> {
    let why = match state.nodes.get(node) {
        None => "the node was not observed",
        Some(seen) => match seen.identities.get(&wanted.purpose) {
            Some(Observed::Present(_) | Observed::Absent) => return None,
            Some(Observed::Unknown(why)) => why,
            None => seen.inventory.unknown()?,
        },
    };
    let refusal = Refusal::of(
        cluster,
        format!(
            "expected to read the {} certificate; it is unknown whether it is due: {why}",
            wanted.purpose
        ),
        "Mend what the text names and observe again, or leave the node or cluster out with --except.",
    );
    Some(refusal.breaking("I25").at([node]))
}

/// A cut may not leave a node with a stored certificate that no step proves, nor pass over the publisher.
fn unsafe_cut(
    cluster: &ClusterName,
    state: &ClusterState,
    wanted: &DesiredCertificate,
    due_nodes: &BTreeSet<&NodeName>,
    selected: &BTreeSet<&NodeName>,
) -> Option<Refusal> {
    let left_out: Vec<&NodeName> = due_nodes.difference(selected).copied().collect();
    let purpose = &wanted.purpose;
    if wanted.distribution == Distribution::MultiServer && !left_out.is_empty() {
        let refusal = Refusal::of(
            cluster,
            format!(
                "expected every node of the shared {purpose} certificate; these are cut away, would get \
                 it all the same and would serve it unproved after their next restart"
            ),
            "Select all nodes of the certificate, or none.",
        );
        return Some(refusal.breaking("I8").at(left_out));
    }
    // Peers have no publisher.
    if matches!(state.product, Product::ExpresswayC | Product::ExpresswayE) {
        return None;
    }
    let order = restart_order(state);
    let first = order.iter().find(|node| wanted.nodes.contains(*node))?;
    left_out.contains(&first).then(|| {
        Refusal::of(
            cluster,
            format!(
                "expected the publisher first: its {purpose} certificate is due and is cut away"
            ),
            "Select the publisher as well, or renew it first.",
        )
        .breaking("I9")
        .at([first])
    })
}

/// Findings that forbid any change in the cluster. Facts of one node that are missing for the same reason
/// are told together.
pub(super) fn blockers(
    question: &Question<'_>,
    cluster: &ClusterName,
    purposes: &BTreeSet<&Purpose>,
) -> Vec<Refusal> {
    let mut causes: BTreeMap<(&str, &Option<NodeName>, &str), BTreeSet<&str>> = BTreeMap::new();
    let standing = question
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker && finding.cluster == *cluster)
        .filter(|finding| !finding.renewal_mends)
        .filter(|finding| {
            let of = finding.purpose.as_ref();
            purposes.is_empty() || of.is_none_or(|purpose| purposes.contains(purpose))
        });
    for finding in standing {
        let cause = (finding.code.as_str(), &finding.node, finding.found.as_str());
        causes.entry(cause).or_default().insert(&finding.expected);
    }
    causes
        .into_iter()
        .map(|((code, node, found), expected)| {
            let expected: Vec<&str> = expected.into_iter().collect();
            let says = format!("{code}: expected {}; found: {found}", expected.join(", "));
            let explained = crate::assess::explain(code);
            let next = explained.map_or("Mend it and observe again.", |it| it.remedy);
            let refusal = Refusal {
                invariant: broken_by(code),
                ..Refusal::of(cluster, says, next)
            };
            refusal.at(node)
        })
        .collect()
}

/// The invariant behind a blocker; `None` where it is a gate of its own.
fn broken_by(code: &str) -> Option<&'static str> {
    match code {
        "pending-request" => Some("I7"),
        "reuse-unknown" => Some("I12"),
        "ctl-missing" | "ctl-unknown" => Some("I11"),
        "presence-publisher-unknown" => Some("I9"),
        "backup-running" => Some("I13"),
        "unknown-fact"
        | "identity-unknown"
        | "served-unknown"
        | "replication-bad"
        | "node-unauthenticated"
        | "platform-service-down" => Some("I25"),
        _ => None,
    }
}
