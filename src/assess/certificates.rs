//! Checks of the identity certificates that the desired state names.

use std::collections::BTreeSet;

use crate::model::{
    Certificate, DesiredCertificate, Distribution, Finding, Fingerprint, NodeName, Observed,
    Severity, SubjectName,
};

use super::{Context, reuse};

/// Every desired certificate on every node that should hold it, where the node has one.
pub(super) fn held<'a>(
    context: &'a Context<'_>,
) -> impl Iterator<Item = (&'a DesiredCertificate, &'a NodeName, &'a Certificate)> {
    context.wanted().flat_map(move |wanted| {
        wanted.nodes.iter().filter_map(move |node| {
            let certificate = context.state.identity(node, &wanted.purpose)?;
            Some((wanted, node, certificate))
        })
    })
}

/// A finding about a certificate, by default mended by renewing it.
pub(super) fn about(
    context: &Context<'_>,
    severity: Severity,
    code: &str,
    wanted: &DesiredCertificate,
    node: &NodeName,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Finding {
    Finding {
        purpose: Some(wanted.purpose.clone()),
        renewal_mends: true,
        ..context.finding(severity, code, Some(node), expected, found)
    }
}

/// Missing, expired, expiring, not yet valid.
pub(super) fn validity(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in context.wanted() {
        for node in &wanted.nodes {
            let Some(state) = context.state.nodes.get(node) else {
                continue;
            };
            if state.inventory.present().is_none() {
                continue; // `node::reachable` says that the whole inventory is unknown.
            }
            match state.identities.get(&wanted.purpose) {
                Some(Observed::Present(_)) => {}
                Some(Observed::Unknown(why)) => findings.push(Finding {
                    renewal_mends: false,
                    ..about(
                        context,
                        Severity::Blocker,
                        "identity-unknown",
                        wanted,
                        node,
                        "a certificate that can be read",
                        why.clone(),
                    )
                }),
                Some(Observed::Absent) | None
                    if reuse::stands_in(context, node, &wanted.purpose) => {}
                Some(Observed::Absent) | None => findings.push(about(
                    context,
                    Severity::Critical,
                    "identity-missing",
                    wanted,
                    node,
                    format!("an identity certificate for {}", wanted.purpose),
                    "the node lists none",
                )),
            }
        }
    }
    findings.extend(held(context).filter_map(|(wanted, node, certificate)| {
        let left = certificate.not_after.duration_since(context.now);
        let days = left.as_hours() / 24;
        if certificate.not_before > context.now {
            let expected = format!("valid now, {}", context.now);
            let found = format!("valid only from {}", certificate.not_before);
            return Some(about(
                context,
                Severity::Critical,
                "not-yet-valid",
                wanted,
                node,
                expected,
                found,
            ));
        }
        if !certificate.valid_at(context.now) {
            return Some(about(
                context,
                Severity::Critical,
                "expired",
                wanted,
                node,
                "a certificate that is still valid",
                format!("expired {} ({} days ago)", certificate.not_after, -days),
            ));
        }
        (left < wanted.renew_before).then(|| {
            about(
                context,
                Severity::Warning,
                "expiring",
                wanted,
                node,
                format!(
                    "more than {} days left",
                    wanted.renew_before.as_hours() / 24
                ),
                format!("{days} days left, until {}", certificate.not_after),
            )
        })
    }));
    findings
}

/// Self-signed, signed by another authority, or signed with a broken hash.
pub(super) fn signer(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (wanted, node, certificate) in held(context) {
        let issuing = context
            .desired
            .issuers
            .get(&wanted.issuer)
            .and_then(|issuer| issuer.chain.last());
        let signed_by_issuer =
            issuing.is_some_and(|last| certificate.signed_by.contains(&last.certificate.sha256));
        let expected = issuing.map_or_else(
            || format!("signed by issuer {}", wanted.issuer),
            |last| format!("signed by {} ({})", last.certificate.title(), wanted.issuer),
        );
        if certificate.is_self_signed() {
            let found = format!("self-signed, {}", certificate.title());
            findings.push(about(
                context,
                Severity::Warning,
                "self-signed",
                wanted,
                node,
                expected,
                found,
            ));
        } else if !signed_by_issuer {
            let found = format!("signed by {}", certificate.issuer);
            findings.push(about(
                context,
                Severity::Warning,
                "wrong-issuer",
                wanted,
                node,
                expected,
                found,
            ));
        }
        let hash = certificate.signature.to_ascii_lowercase();
        if hash.contains("sha1") || hash.contains("md5") {
            findings.push(about(
                context,
                Severity::Warning,
                "weak-signature",
                wanted,
                node,
                "a signature with SHA-256 or better",
                certificate.signature.clone(),
            ));
        }
    }
    findings
}

/// The names that a certificate must carry: those of the topology and those that the estate file adds.
fn required_names(wanted: &DesiredCertificate, node: &NodeName) -> BTreeSet<SubjectName> {
    let mut names = wanted.also.clone();
    match wanted.distribution {
        Distribution::ThisServer => {
            names.insert(SubjectName::dns(node.as_str()));
        }
        Distribution::MultiServer => {
            names.extend(
                wanted
                    .nodes
                    .iter()
                    .map(|each| SubjectName::dns(each.as_str())),
            );
        }
    }
    names
}

/// Names that are missing, and names that nobody asked for. Nobody connects to CAPF by name, so that its names are
/// no reason to reset every phone.
pub(super) fn names(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let by_name = held(context).filter(|(wanted, ..)| wanted.purpose.as_str() != "CAPF");
    for (wanted, node, certificate) in by_name {
        let required = required_names(wanted, node);
        let missing: Vec<String> = required
            .difference(&certificate.names)
            .map(ToString::to_string)
            .collect();
        let extra: Vec<String> = certificate
            .names
            .difference(&required)
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            findings.push(about(
                context,
                Severity::Warning,
                "names-missing",
                wanted,
                node,
                format!("names {}", listed(&required)),
                format!("without {}", missing.join(", ")),
            ));
        }
        if !extra.is_empty() {
            findings.push(Finding {
                renewal_mends: false,
                ..about(
                    context,
                    Severity::Notice,
                    "names-extra",
                    wanted,
                    node,
                    format!("only {}", listed(&required)),
                    format!("also {}", extra.join(", ")),
                )
            });
        }
    }
    findings
}

/// The key is of another kind or shorter than asked; a required usage is missing.
pub(super) fn key_and_usages(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (wanted, node, certificate) in held(context) {
        let key = &certificate.key;
        if key.algorithm != wanted.key.algorithm || key.bits < wanted.key.bits {
            findings.push(about(
                context,
                Severity::Warning,
                "key-policy",
                wanted,
                node,
                format!("{} or longer", wanted.key),
                format!("{} with {} bits", key.algorithm, key.bits),
            ));
        }
        let release = context
            .state
            .nodes
            .get(node)
            .and_then(|state| state.release.present());
        let rule = release.and_then(|release| {
            let procedure = context.procedure(node, &wanted.purpose)?;
            procedure
                .usages
                .iter()
                .find(|rule| rule.releases.contains(release))
        });
        let Some(rule) = rule else { continue };
        let missing: Vec<&str> = [
            (&rule.key_usage, &certificate.key_usage),
            (&rule.extended_usage, &certificate.extended_usage),
        ]
        .into_iter()
        .flat_map(|(required, held)| {
            required.iter().filter(move |usage| {
                held.as_ref()
                    .is_none_or(|held| !held.contains(usage.as_str()))
            })
        })
        .map(String::as_str)
        .collect();
        if !missing.is_empty() {
            findings.push(about(
                context,
                Severity::Warning,
                "usage-missing",
                wanted,
                node,
                format!(
                    "usages {} ({})",
                    [rule.key_usage.as_slice(), &rule.extended_usage]
                        .concat()
                        .join(", "),
                    rule.source
                ),
                format!("without {}", missing.join(", ")),
            ));
        }
    }
    findings
}

/// One certificate for all was asked for and the nodes hold different ones.
pub(super) fn sharing(context: &Context<'_>) -> Vec<Finding> {
    context
        .wanted()
        .filter(|wanted| wanted.distribution == Distribution::MultiServer)
        .filter_map(|wanted| {
            let held: BTreeSet<&Fingerprint> = wanted
                .nodes
                .iter()
                .filter_map(|node| context.state.identity(node, &wanted.purpose))
                .map(|certificate| &certificate.sha256)
                .collect();
            (held.len() > 1).then(|| Finding {
                purpose: Some(wanted.purpose.clone()),
                renewal_mends: true,
                ..context.finding(
                    Severity::Warning,
                    "not-shared",
                    None,
                    format!("one certificate on all {} nodes", wanted.nodes.len()),
                    format!("{} different certificates", held.len()),
                )
            })
        })
        .collect()
}

/// Names in one line.
fn listed(names: &BTreeSet<SubjectName>) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
