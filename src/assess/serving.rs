//! Checks of what ports present, and of requests that wait.

use crate::model::{Distribution, Finding, Listener, NodeName, Observed, Proof, Severity};

use super::Context;
use super::certificates::{about, held};

/// A port presents another certificate than the one stored: the service did not restart since.
pub(super) fn served(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (wanted, node, certificate) in held(context) {
        let Some(procedure) = context.procedure(node, &wanted.purpose) else {
            continue;
        };
        let Some(state) = context.state.nodes.get(node) else {
            continue;
        };
        let ports = procedure.proof.iter().filter_map(|rule| match rule.by {
            Proof::Port {
                port,
                key,
                always: true,
            } => Some(Listener { port, key }),
            Proof::Port { .. } | Proof::Service(_) => None,
        });
        for listener in ports {
            let finding = |severity, code, found: String| Finding {
                renewal_mends: false,
                ..about(
                    context,
                    severity,
                    code,
                    wanted,
                    node,
                    format!(
                        "port {listener} serves the stored certificate {}",
                        certificate.sha256.short()
                    ),
                    found,
                )
            };
            match state.served.get(&listener) {
                Some(Observed::Present(chain)) if chain.leaf == certificate.sha256 => {}
                Some(Observed::Present(chain)) => {
                    let title = context.state.certificates.get(&chain.leaf);
                    let found = format!(
                        "serves {} {}",
                        chain.leaf.short(),
                        title.map_or_else(String::new, |leaf| format!(
                            "({}, until {})",
                            leaf.title(),
                            leaf.not_after
                        ))
                    );
                    findings.push(finding(Severity::Critical, "served-differs", found));
                }
                Some(Observed::Absent) => findings.push(finding(
                    Severity::Critical,
                    "not-served",
                    "nothing answers with this kind of key".to_owned(),
                )),
                Some(Observed::Unknown(why)) => {
                    findings.push(finding(Severity::Blocker, "served-unknown", why.clone()));
                }
                None => findings.push(finding(
                    Severity::Blocker,
                    "served-unknown",
                    "not asked".to_owned(),
                )),
            }
        }
    }
    findings
}

/// A signing request waits. It blocks where the certificate is due, because a new one would destroy its key.
pub(super) fn pending(context: &Context<'_>, others: &[Finding]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in context.wanted() {
        let due = |node: &NodeName| {
            others.iter().any(|finding| {
                finding.renewal_mends
                    && finding.purpose.as_ref() == Some(&wanted.purpose)
                    && (wanted.distribution == Distribution::MultiServer
                        || finding.node.as_ref().is_none_or(|at| at == node))
            })
        };
        for node in &wanted.nodes {
            let waiting = context
                .state
                .nodes
                .get(node)
                .and_then(|state| state.pending.get(&wanted.purpose));
            let (found, mut severity) = match waiting {
                Some(Observed::Present(request)) => (
                    format!(
                        "a request for {} waits, key {}",
                        request.subject,
                        request.key.sha256.short()
                    ),
                    Severity::Notice,
                ),
                Some(Observed::Unknown(why)) => (why.clone(), Severity::Blocker),
                Some(Observed::Absent) | None => continue,
            };
            if due(node) {
                severity = Severity::Blocker;
            }
            findings.push(Finding {
                renewal_mends: false,
                ..about(
                    context,
                    severity,
                    "pending-request",
                    wanted,
                    node,
                    "no signing request that waits",
                    found,
                )
            });
        }
    }
    findings
}
