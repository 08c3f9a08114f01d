//! `ITLRecovery`: it signs the list that phones trust and is the last way back. It is never renewed by a plan.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::model::{Certificate, Finding, Fingerprint, KeyAlgorithm, NodeName, Purpose, Severity};

use super::Context;

const ITL_RECOVERY: &str = "ITLRecovery";

/// People set the first alert at 90 days (cucm-certificate-rules §6), and this change needs two rounds of phone resets.
const AHEAD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What phones hold beside it: the keys that the recovery is compared with.
const HELD_BY_PHONES: [&str; 3] = ["CallManager", "CAPF", "TVS"];

/// Each `ITLRecovery` certificate once, with the first node that lists it: from 12.5 on all nodes have the same.
fn recoveries<'a>(
    context: &'a Context<'_>,
) -> BTreeMap<&'a Fingerprint, (&'a NodeName, &'a Certificate)> {
    let purpose = Purpose::from(ITL_RECOVERY);
    let mut found = BTreeMap::new();
    for node in context.state.nodes.keys() {
        if let Some(certificate) = context.state.identity(node, &purpose) {
            found
                .entry(&certificate.sha256)
                .or_insert((node, certificate));
        }
    }
    found
}

fn about(
    context: &Context<'_>,
    severity: Severity,
    code: &str,
    node: &NodeName,
    expected: String,
    found: String,
) -> Finding {
    Finding {
        purpose: Some(Purpose::from(ITL_RECOVERY)),
        ..context.finding(severity, code, Some(node), expected, found)
    }
}

/// It ends soon, or has ended.
pub(super) fn validity(context: &Context<'_>) -> Vec<Finding> {
    let longest = context.wanted().map(|wanted| wanted.renew_before).max();
    let ahead = longest.map_or(AHEAD, |longest| longest.max(AHEAD));
    recoveries(context)
        .into_values()
        .filter_map(|(node, certificate)| {
            let left = certificate.not_after.duration_since(context.now);
            let severity = if certificate.valid_at(context.now) {
                Severity::Warning
            } else {
                Severity::Critical
            };
            (left < ahead).then(|| {
                about(
                    context,
                    severity,
                    "itl-recovery-expiring",
                    node,
                    format!("more than {} days left", ahead.as_hours() / 24),
                    format!(
                        "{} days left, until {}",
                        left.as_hours() / 24,
                        certificate.not_after
                    ),
                )
            })
        })
        .collect()
}

/// Its key is shorter than those of the other certificates that phones hold. Source: T214231, rules §2.
pub(super) fn strength(context: &Context<'_>) -> Vec<Finding> {
    let others = context.state.nodes.keys().flat_map(|node| {
        HELD_BY_PHONES
            .iter()
            .filter_map(move |purpose| context.state.identity(node, &Purpose::from(*purpose)))
    });
    let shortest = others
        .filter(|certificate| certificate.key.algorithm == KeyAlgorithm::Rsa)
        .map(|certificate| certificate.key.bits)
        .min();
    let Some(shortest) = shortest else {
        return Vec::new();
    };
    recoveries(context)
        .into_values()
        .filter(|(_, certificate)| certificate.key.algorithm == KeyAlgorithm::Rsa)
        .filter(|(_, certificate)| certificate.key.bits < shortest)
        .map(|(node, certificate)| {
            about(
                context,
                Severity::Warning,
                "itl-recovery-weak",
                node,
                format!("an RSA key of {shortest} bits or more, as CallManager, CAPF and TVS have"),
                format!("{} bits", certificate.key.bits),
            )
        })
        .collect()
}
