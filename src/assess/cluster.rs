//! Checks of a cluster as a whole: who belongs to it, whether its database is one, its phones.

use std::collections::BTreeSet;

use crate::model::{Finding, NodeName, Observed, Role, Severity};

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

/// Database replication is good on every declared node.
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
        .keys()
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
        Observed::Absent => vec![unknown(
            context,
            "ClusterSecurityMode",
            "the parameter has no row",
        )],
        Observed::Unknown(why) => vec![unknown(context, "ClusterSecurityMode", why)],
    }
}

/// Without a count of registered phones nothing can be said afterwards about who came back.
pub(super) fn phones(context: &Context<'_>) -> Vec<Finding> {
    match &context.state.phones {
        Observed::Unknown(why) => vec![context.finding(
            Severity::Warning,
            "phones-unknown",
            None,
            "the number of registered phones",
            why.clone(),
        )],
        Observed::Present(_) | Observed::Absent => Vec::new(),
    }
}

/// A fact of the cluster that a plan may not do without.
fn unknown(context: &Context<'_>, fact: &str, why: &str) -> Finding {
    context.finding(Severity::Blocker, "unknown-fact", None, fact, why)
}
