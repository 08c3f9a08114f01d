//! What an upload would be refused for before any certificate exists: purposes, ways, requests.

use crate::model::{
    Distribution, Finding, NodeName, Observed, Severity, SigningRequest, SubjectName,
};

use super::Context;
use super::certificates::about;

/// A node that runs software without the purpose (upload error E10).
pub(super) fn purposes(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in context.wanted() {
        for node in &wanted.nodes {
            let Some(appliance) = context.state.appliance(node) else {
                continue;
            };
            if appliance
                .purposes()
                .any(|known| known == wanted.purpose.as_str())
            {
                continue;
            }
            findings.push(Finding {
                renewal_mends: false,
                ..about(
                    context,
                    Severity::Blocker,
                    "purpose-unknown",
                    wanted,
                    node,
                    format!("a purpose that {appliance} has"),
                    format!("{} is none", wanted.purpose),
                )
            });
        }
    }
    findings
}

/// A shared certificate on a release whose only way is the shell (upload error E16).
pub(super) fn ways(context: &Context<'_>) -> Vec<Finding> {
    context
        .wanted()
        .filter(|wanted| wanted.distribution == Distribution::MultiServer)
        .filter_map(|wanted| {
            let (node, release) = wanted.nodes.iter().find_map(|node| {
                let release = context.state.nodes.get(node)?.release.present()?;
                (!release.has_certificate_interface()).then_some((node, release))
            })?;
            Some(Finding {
                renewal_mends: false,
                ..about(
                    context,
                    Severity::Critical,
                    "multi-server-by-shell",
                    wanted,
                    node,
                    "release 14 or later for one certificate on all nodes",
                    format!("{release}, which is changed in the shell, one node at a time"),
                )
            })
        })
        .collect()
}

/// A shared request waits on one node and not on another that it names: the upload would fail there with upload
/// error E2 (claim: CUCM-CSR-MULTI-COPIED).
pub(super) fn copies(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in context
        .wanted()
        .filter(|wanted| wanted.distribution == Distribution::MultiServer)
    {
        let pending = |node: &NodeName| context.state.nodes.get(node)?.pending.get(&wanted.purpose);
        let shared = wanted.nodes.iter().find_map(|node| {
            let request = pending(node)?.present()?;
            let others = wanted.nodes.iter().filter(|other| *other != node);
            others
                .into_iter()
                .any(|other| names(request, other))
                .then_some((node, request))
        });
        let Some((holder, request)) = shared else {
            continue;
        };
        for node in wanted.nodes.iter().filter(|node| names(request, node)) {
            let found = match pending(node) {
                Some(Observed::Present(own)) if own.key.sha256 == request.key.sha256 => continue,
                Some(Observed::Present(_)) => "another request waits there",
                Some(Observed::Absent) => "no request waits there",
                Some(Observed::Unknown(_)) | None => continue,
            };
            findings.push(Finding {
                renewal_mends: false,
                ..about(
                    context,
                    Severity::Warning,
                    "request-missing",
                    wanted,
                    node,
                    format!("the shared request that waits on {holder}"),
                    found,
                )
            });
        }
    }
    findings
}

fn names(request: &SigningRequest, node: &NodeName) -> bool {
    request.names.contains(&SubjectName::dns(node.as_str()))
}
