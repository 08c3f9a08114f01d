//! The trusted CA list of a peer.
// claim: EXPRESSWAY-TRUST-LIST

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Certificate, Finding, Fingerprint, Severity};

use super::super::{Context, chains};
use super::{STORE, about_server, held, peers};

/// Every authority above a peer's own certificates is in its own list; else it refuses or warns at an upload, and the
/// other peers cannot be sure of it either.
pub(super) fn own_chain(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, _) in peers(context.state) {
        let Some(store) = held(context.state, node, STORE) else {
            continue; // `peer::unknown` says so.
        };
        let store: BTreeSet<&Fingerprint> = store.iter().map(|held| &held.sha256).collect();
        for purpose in node.identities.keys() {
            let Some(certificate) = context.state.identity(name, purpose) else {
                continue;
            };
            let about = |severity, code, expected: String, found: String| Finding {
                purpose: Some(purpose.clone()),
                renewal_mends: false,
                ..about_server(context, severity, code, name, expected, found)
            };
            if certificate.is_self_signed() {
                continue; // `self-signed` says so where the estate file asks for an authority.
            }
            match chains::walk(context.state, &store, certificate) {
                Err(missing) => findings.push(about(
                    Severity::Critical,
                    "expressway-unrecognized-authority",
                    format!(
                        "every authority above {} in its own list",
                        certificate.title()
                    ),
                    format!("{missing} is not there"),
                )),
                Ok(authorities) => findings.extend(
                    authorities
                        .into_iter()
                        .filter(|authority| !authority.valid_at(context.now))
                        .map(|authority| {
                            about(
                                Severity::Warning,
                                "chain-expired",
                                format!("every authority in {STORE} that {purpose} needs is valid"),
                                format!(
                                    "{} is valid until {}",
                                    authority.title(),
                                    authority.not_after
                                ),
                            )
                        }),
                ),
            }
        }
    }
    findings
}

/// Of two certificates with one common name only the first in the list counts (`CSCwa12905`).
pub(super) fn same_name(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, _) in peers(context.state) {
        let mut by_name: BTreeMap<&str, Vec<&Certificate>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for certificate in held(context.state, node, STORE).unwrap_or_default() {
            if let Some(common) = certificate.common_name.as_deref()
                && seen.insert(&certificate.sha256)
            {
                by_name.entry(common).or_default().push(certificate);
            }
        }
        for (common, holders) in by_name {
            let Some((first, others)) = holders
                .split_first()
                .filter(|(_, others)| !others.is_empty())
            else {
                continue;
            };
            let shadowed: Vec<String> = others.iter().map(|it| short(it)).collect();
            findings.push(context.finding(
                Severity::Critical,
                "expressway-same-name",
                Some(name),
                format!("one certificate named {common} in {STORE}"),
                format!(
                    "{} stands first; without effect: {}",
                    short(first),
                    shadowed.join(", ")
                ),
            ));
        }
    }
    findings
}

fn short(certificate: &Certificate) -> String {
    format!(
        "{} (until {})",
        certificate.sha256.short(),
        certificate.not_after
    )
}
