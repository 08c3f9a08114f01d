//! The certificate authority of phones: it must be one, its chain must be known to call processing, and phones
//! may hold certificates that the old one signed.

use std::collections::BTreeSet;

use crate::model::{
    Finding, Fingerprint, NodeSelection, Observed, Product, Purpose, Role, Severity, Store,
};

use super::Context;
use super::certificates::{about, held};
use super::chains::walk;

const CAPF: &str = "CAPF";

/// Whether CAPF is to be signed in this cluster.
fn is_wanted(context: &Context<'_>) -> bool {
    context
        .wanted()
        .any(|wanted| wanted.purpose.as_str() == CAPF)
}

/// CAPF signs certificates for phones, so its own must say that it may. Source: cucm-certificate-rules §2.
pub(super) fn is_an_authority(context: &Context<'_>) -> Vec<Finding> {
    held(context)
        .filter(|(wanted, ..)| wanted.purpose.as_str() == CAPF)
        .filter_map(|(wanted, node, certificate)| {
            let may = |usage: &str| {
                let usages = certificate.key_usage.as_ref();
                usages.is_some_and(|usages| usages.contains(usage))
            };
            let lacking: Vec<&str> = [
                (certificate.authority, "CA:TRUE"),
                (may("digitalSignature"), "digitalSignature"),
                (may("keyCertSign"), "keyCertSign"),
            ]
            .into_iter()
            .filter_map(|(has, what)| (!has).then_some(what))
            .collect();
            (!lacking.is_empty()).then(|| {
                about(
                    context,
                    Severity::Critical,
                    "capf-not-authority",
                    wanted,
                    node,
                    "CA:TRUE with path length 0, digitalSignature and keyCertSign",
                    format!("without {}", lacking.join(", ")),
                )
            })
        })
        .collect()
}

/// Subscribers up to 12.5 hold a CAPF certificate that nothing uses. Source: T217138, invariant I15.
pub(super) fn on_subscribers(context: &Context<'_>) -> Vec<Finding> {
    let purpose = Purpose::from(CAPF);
    let cucm = context.state.product == Product::Cucm;
    let subscribers = context.state.nodes.iter().filter(|(_, state)| {
        cucm && state.role == Role::Subscriber && state.identities.contains_key(&purpose)
    });
    subscribers
        .filter_map(|(node, _)| {
            let certificate = context.state.identity(node, &purpose)?;
            let expired = !certificate.valid_at(context.now);
            (expired || is_wanted(context)).then(|| Finding {
                purpose: Some(purpose.clone()),
                ..context.finding(
                    Severity::Notice,
                    "capf-on-subscriber",
                    Some(node),
                    "CAPF is used on the publisher only",
                    format!(
                        "{} until {}: left alone{}",
                        certificate.title(),
                        certificate.not_after,
                        if expired { "; it has expired" } else { "" }
                    ),
                )
            })
        })
        .collect()
}

/// Call processing checks the certificates of phones against CallManager-trust, so that the chain of a signed
/// CAPF has to be there too. Source: cucm-certificate-rules §4.3 (SG14).
pub(super) fn trusted_by_call_processing(context: &Context<'_>) -> Vec<Finding> {
    let store = Store::from("CallManager-trust");
    let mut findings = Vec::new();
    for (wanted, _, certificate) in held(context) {
        if wanted.purpose.as_str() != CAPF || certificate.is_self_signed() {
            continue;
        }
        for (node, state) in context.selected(NodeSelection::CallProcessing) {
            let about = |severity, code, expected: String, found: String| Finding {
                purpose: Some(wanted.purpose.clone()),
                ..context.finding(severity, code, Some(node), expected, found)
            };
            let entries: BTreeSet<&Fingerprint> = match state.trust.get(&store) {
                Some(Observed::Present(entries)) => {
                    entries.iter().map(|entry| &entry.sha256).collect()
                }
                Some(Observed::Unknown(why)) => {
                    let expected = format!("{store} can be read");
                    findings.push(about(
                        Severity::Blocker,
                        "trust-unknown",
                        expected,
                        why.clone(),
                    ));
                    continue;
                }
                // `node::reachable` says that the whole inventory is unknown.
                Some(Observed::Absent) | None if state.inventory.present().is_none() => continue,
                Some(Observed::Absent) | None => BTreeSet::new(),
            };
            if let Err(missing) = walk(context.state, &entries, certificate) {
                findings.push(about(
                    Severity::Critical,
                    "capf-trust-missing",
                    format!(
                        "{store} holds every authority above {}",
                        certificate.title()
                    ),
                    format!("{missing} is not there"),
                ));
            }
        }
    }
    findings
}

/// Phones hold certificates of their own that the old CAPF signed, and CAPF is due.
pub(super) fn phone_certificates(context: &Context<'_>, others: &[Finding]) -> Vec<Finding> {
    let due = others.iter().any(|finding| {
        finding.renewal_mends
            && finding
                .purpose
                .as_ref()
                .is_some_and(|it| it.as_str() == CAPF)
    });
    let profiles = context
        .state
        .phones
        .present()
        .and_then(|census| census.configured.present());
    let Some(profiles) = profiles.filter(|_| due) else {
        return Vec::new();
    };
    let count = |value: Option<bool>| profiles.values().filter(|it| it.lsc == value).count();
    let (with, unknown) = (count(Some(true)), count(None));
    if with + unknown == 0 {
        return Vec::new();
    }
    let mut found = format!("{with} of {} phones hold one", profiles.len());
    if unknown > 0 {
        found.push_str(&format!(", of {unknown} it is not known"));
    }
    vec![Finding {
        purpose: Some(Purpose::from(CAPF)),
        ..context.finding(
            Severity::Warning,
            "lsc-in-use",
            None,
            "no phone holds a certificate that the present CAPF signed",
            found,
        )
    }]
}
