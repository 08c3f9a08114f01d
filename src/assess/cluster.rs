//! Checks of a cluster as a whole: who belongs to it, and whether its database is one.

use std::collections::BTreeSet;

use crate::model::{Finding, NodeName, NodeSelection, Observed, Product, Role, Severity};

use super::Context;

/// The nodes that the cluster lists are the nodes that the estate file declares, and all are authenticated.
pub(super) fn membership(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let declared: BTreeSet<&NodeName> = context.state.nodes.keys().collect();
    match &context.state.listed {
        Observed::Present(listed) => {
            for (name, role) in listed.iter().filter(|(name, _)| !declared.contains(name)) {
                findings.push(context.finding(
                    Severity::Blocker,
                    "node-undeclared",
                    Some(name),
                    "every node of the cluster is in the estate file",
                    format!("the publisher lists {name} as {role}; the estate file does not"),
                ));
            }
            for name in declared.iter().filter(|name| !listed.contains_key(**name)) {
                findings.push(context.finding(
                    Severity::Blocker,
                    "node-unlisted",
                    Some(name),
                    "every declared node belongs to the cluster",
                    "the publisher does not list it",
                ));
            }
            for (name, role) in listed {
                let stated = context.state.nodes.get(name).map(|node| node.role);
                if stated.is_some_and(|stated| stated != *role) {
                    findings.push(context.finding(
                        Severity::Blocker,
                        "role-differs",
                        Some(name),
                        format!("{role}, as the publisher lists it"),
                        format!("{} in the estate file", stated.unwrap_or(Role::Peer)),
                    ));
                }
            }
        }
        Observed::Absent if context.state.product == Product::UnityConnection => {
            findings.extend(by_network(context));
        }
        Observed::Absent => findings.push(unknown(
            context,
            "the node list",
            "the publisher lists no node",
        )),
        Observed::Unknown(why) => findings.push(unknown(context, "the node list", why)),
    }
    match &context.state.network {
        Observed::Present(network) => {
            for (name, _) in network.iter().filter(|(_, authenticated)| !**authenticated) {
                findings.push(context.finding(
                    Severity::Blocker,
                    "node-unauthenticated",
                    Some(name),
                    "authenticated in `show network cluster`",
                    "not authenticated",
                ));
            }
        }
        Observed::Absent => {}
        Observed::Unknown(why) => findings.push(unknown(context, "`show network cluster`", why)),
    }
    findings
}

/// Unity Connection has no AXL node list: `show network cluster` names its nodes (claim: CUC-SHELL).
fn by_network(context: &Context<'_>) -> Vec<Finding> {
    let network = match &context.state.network {
        Observed::Present(network) => network,
        Observed::Absent => return vec![unknown(context, "the node list", "no node is shown")],
        Observed::Unknown(_) => return Vec::new(), // Said of `show network cluster` itself.
    };
    let declared = &context.state.nodes;
    let undeclared = network
        .keys()
        .filter(|name| !declared.contains_key(*name))
        .map(|name| {
            context.finding(
                Severity::Blocker,
                "node-undeclared",
                Some(name),
                "every node of the cluster is in the estate file",
                format!("`show network cluster` shows {name}; the estate file does not name it"),
            )
        });
    let unlisted = declared
        .keys()
        .filter(|name| !network.contains_key(*name))
        .map(|name| {
            context.finding(
                Severity::Blocker,
                "node-unlisted",
                Some(name),
                "every declared node belongs to the cluster",
                "`show network cluster` does not show it",
            )
        });
    undeclared.chain(unlisted).collect()
}

/// Database replication is good on every declared node. Whether IM and Presence nodes are listed is not settled, so
/// that one of those counts only if it is.
pub(super) fn replication(context: &Context<'_>) -> Vec<Finding> {
    let states = match &context.state.replication {
        Observed::Present(states) => states,
        Observed::Absent => return Vec::new(),
        Observed::Unknown(why) => return vec![unknown(context, "database replication", why)],
    };
    let expected = "2, Setup Completed";
    let missing = context
        .state
        .nodes
        .iter()
        .filter(|(_, node)| node.role != Role::ImPresence)
        .map(|(name, _)| name)
        .filter(|name| !states.contains_key(*name))
        .map(|name| {
            context.finding(
                Severity::Blocker,
                "replication-bad",
                Some(name),
                expected,
                "the publisher shows no replication state for it",
            )
        });
    let bad = states
        .iter()
        .filter(|(_, state)| !state.is_good())
        .map(|(name, state)| {
            let number = state
                .state
                .map_or_else(|| "-".to_owned(), |number| number.to_string());
            context.finding(
                Severity::Blocker,
                "replication-bad",
                Some(name),
                expected,
                format!("{number}, {}", state.words),
            )
        });
    missing.chain(bad).collect()
}

/// The security mode decides whether a CTL update belongs into a plan; unknown is a stop.
pub(super) fn security_mode(context: &Context<'_>) -> Vec<Finding> {
    match &context.state.security {
        Observed::Present(_) => Vec::new(),
        Observed::Absent if context.state.product != Product::Cucm => Vec::new(),
        Observed::Absent => vec![unknown(
            context,
            "ClusterSecurityMode",
            "the parameter has no row",
        )],
        Observed::Unknown(why) => vec![unknown(context, "ClusterSecurityMode", why)],
    }
}

/// The IM and Presence node that keeps the presence database: requests of presence purposes are made there, and their
/// chains enter there (claims IMP-PUBLISHER, IMP-TRUST-SPREADS).
pub(super) fn presence_publisher(context: &Context<'_>) -> Vec<Finding> {
    let nodes = context.selected(NodeSelection::ImPresence).count();
    let found = match &context.state.presence_publisher {
        Observed::Present(_) => return Vec::new(),
        Observed::Absent => "no node is shown as `cups DBPub`",
        Observed::Unknown(why) => why,
    };
    if nodes == 0 {
        return Vec::new();
    }
    let expected = "the IM and Presence database publisher";
    let code = "presence-publisher-unknown";
    let of_presence = |node: &NodeName| {
        context.state.nodes.get(node).map(|state| state.role) == Some(Role::ImPresence)
    };
    let mut findings: Vec<Finding> = context
        .wanted()
        .filter(|wanted| !wanted.nodes.is_empty() && wanted.nodes.iter().all(of_presence))
        .map(|wanted| Finding {
            purpose: Some(wanted.purpose.clone()),
            ..context.finding(Severity::Blocker, code, None, expected, found)
        })
        .collect();
    // For the other purposes it only decides which of several nodes restarts first.
    if findings.is_empty() && nodes > 1 {
        findings.push(context.finding(Severity::Warning, code, None, expected, found));
    }
    findings
}

/// A fact of the cluster that a plan may not do without.
fn unknown(context: &Context<'_>, fact: &str, why: &str) -> Finding {
    context.finding(Severity::Blocker, "unknown-fact", None, fact, why)
}
