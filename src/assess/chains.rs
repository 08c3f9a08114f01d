//! Checks of chains in trust stores, and of certificates that depend on each other.

use std::collections::BTreeSet;

use crate::model::{
    Certificate, ClusterState, Finding, Fingerprint, NodeName, Observed, Purpose, Severity, Store,
};

use super::Context;

/// Walks from a certificate to a self-signed one through certificates of one store. Returns the
/// authorities met, or the name of the one that is missing.
pub(super) fn walk<'a>(
    state: &'a ClusterState,
    store: &BTreeSet<&Fingerprint>,
    leaf: &'a Certificate,
) -> Result<Vec<&'a Certificate>, &'a str> {
    let mut met = Vec::new();
    let mut current = leaf;
    while !current.is_self_signed() {
        let signer = current
            .signed_by
            .iter()
            .filter(|signer| store.contains(signer))
            .find_map(|signer| state.certificates.get(signer))
            .filter(|signer| {
                !met.iter()
                    .any(|seen: &&Certificate| seen.sha256 == signer.sha256)
            });
        let Some(signer) = signer else {
            return Err(&current.issuer);
        };
        met.push(signer);
        current = signer;
    }
    Ok(met)
}

/// Certificates with everything that they chain to, over every signature that was checked.
pub(super) fn above<'a>(
    state: &'a ClusterState,
    roots: BTreeSet<&'a Fingerprint>,
) -> BTreeSet<&'a Fingerprint> {
    let mut open: Vec<&Fingerprint> = roots.into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(current) = open.pop() {
        if seen.insert(current) {
            let signers = state.certificates.get(current).map(|it| &it.signed_by);
            open.extend(signers.into_iter().flatten());
        }
    }
    seen
}

/// The chain of a stored identity is not complete, or not valid, in the node's own store.
pub(super) fn of_identities(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in context.wanted() {
        for node in &wanted.nodes {
            let Some(procedure) = context.procedure(node, &wanted.purpose) else {
                continue;
            };
            let Some(certificate) = context.state.identity(node, &wanted.purpose) else {
                continue;
            };
            for rule in &procedure.stores {
                if wanted.purpose.as_str() == "CAPF" && rule.store.as_str() == "CallManager-trust" {
                    continue; // `capf::trusted_by_call_processing` looks at it on every node.
                }
                findings.extend(of_identity(
                    context,
                    &wanted.purpose,
                    node,
                    certificate,
                    &rule.store,
                ));
            }
        }
    }
    findings
}

fn of_identity(
    context: &Context<'_>,
    purpose: &Purpose,
    node: &NodeName,
    certificate: &Certificate,
    store: &Store,
) -> Vec<Finding> {
    let entries = context
        .state
        .nodes
        .get(node)
        .and_then(|state| state.trust.get(store));
    let held: BTreeSet<&Fingerprint> = match entries {
        Some(Observed::Present(entries)) => entries.iter().map(|entry| &entry.sha256).collect(),
        Some(Observed::Absent) | None => BTreeSet::new(),
        Some(Observed::Unknown(why)) => {
            return vec![Finding {
                purpose: Some(purpose.clone()),
                ..context.finding(
                    Severity::Blocker,
                    "trust-unknown",
                    Some(node),
                    format!("{store} can be read"),
                    why.clone(),
                )
            }];
        }
    };
    let about = |severity, code, expected: String, found: String| Finding {
        purpose: Some(purpose.clone()),
        ..context.finding(severity, code, Some(node), expected, found)
    };
    match walk(context.state, &held, certificate) {
        Err(missing) => vec![about(
            Severity::Warning,
            "chain-incomplete",
            format!(
                "{store} holds every authority above {}",
                certificate.title()
            ),
            format!("{missing} is not there"),
        )],
        Ok(authorities) => authorities
            .into_iter()
            .filter(|authority| !authority.valid_at(context.now))
            .map(|authority| {
                about(
                    Severity::Warning,
                    "chain-expired",
                    format!("every authority in {store} that {purpose} needs is valid"),
                    format!(
                        "{} is valid until {}",
                        authority.title(),
                        authority.not_after
                    ),
                )
            })
            .collect(),
    }
}

/// The elliptic-curve twin of a purpose is self-signed although the purpose is to be signed.
pub(super) fn ecdsa_twin(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in context.wanted().filter(|wanted| !wanted.purpose.is_ecdsa()) {
        let twin = Purpose::new(format!("{}-ECDSA", wanted.purpose));
        if context.wanted().any(|other| other.purpose == twin) {
            continue;
        }
        for node in &wanted.nodes {
            let Some(certificate) = context.state.identity(node, &twin) else {
                continue;
            };
            if certificate.is_self_signed() {
                findings.push(Finding {
                    purpose: Some(twin.clone()),
                    ..context.finding(
                        Severity::Notice,
                        "twin-self-signed",
                        Some(node),
                        format!("{twin} is signed like {}", wanted.purpose),
                        format!(
                            "{} is self-signed and no rule covers {twin}",
                            certificate.title()
                        ),
                    )
                });
            }
        }
    }
    findings
}
