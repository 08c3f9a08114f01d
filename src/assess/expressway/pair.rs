//! Expressway-C and Expressway-E, each with the other.
// claim: EXPRESSWAY-ZONE-NAMES, EXPRESSWAY-FULL-CHAIN, EXPRESSWAY-SAME-RELEASE

use std::collections::{BTreeMap, BTreeSet};

use crate::model::neighbours::{
    named_by_any, node_at, verify_names as verify_names_of, zone_addresses,
};
use crate::model::{ClusterState, Expressway, Finding, Observed, Severity, ZoneKind};

use super::super::Context;
use super::authorities::lacking;
use super::neighbours::far;
use super::{STORE, about_server, answers_with, connects_with, held, is_core, names, peers};

/// Where a zone of Expressway-C connects to is a name of that peer of Expressway-E.
pub(super) fn peer_addresses(context: &Context<'_>) -> Vec<Finding> {
    if is_core(context) {
        return Vec::new();
    }
    let code = "expressway-zone-peer-name";
    let addresses: BTreeSet<String> = far(context).into_iter().flat_map(zone_addresses).collect();
    let mut findings = Vec::new();
    for address in addresses {
        let expected = format!(
            "{address}, where a zone of Expressway-C connects to, is a name in the certificate"
        );
        let Some(name) = node_at(context.state, &address) else {
            let known = |(name, node)| answers_with(context.state, name, node).is_some();
            let all_known = context.state.nodes.iter().all(known);
            if all_known && !named_by_any(context.state, &address) {
                let found = "no peer of this cluster has it";
                findings.push(context.finding(Severity::Critical, code, None, expected, found));
            }
            continue;
        };
        let node = context.state.nodes.get(name);
        let certificate = node.and_then(|node| answers_with(context.state, name, node));
        if let Some(certificate) = certificate.filter(|certificate| !names(certificate, &address)) {
            let found = format!("{} does not have it", certificate.title());
            findings.push(about_server(
                context,
                Severity::Critical,
                code,
                name,
                expected,
                found,
            ));
        }
    }
    findings
}

/// The name that a zone of Expressway-E expects is a name of every peer of Expressway-C.
pub(super) fn verify_names(context: &Context<'_>) -> Vec<Finding> {
    if !is_core(context) {
        return Vec::new();
    }
    let wanted: BTreeSet<String> = far(context).into_iter().flat_map(verify_names_of).collect();
    let mut findings = Vec::new();
    for (name, node, _) in peers(context.state) {
        let Some(certificate) = connects_with(context.state, name, node) else {
            continue;
        };
        for wanted in wanted.iter().filter(|wanted| !names(certificate, wanted)) {
            findings.push(about_server(
                context,
                Severity::Critical,
                "expressway-zone-verify-name",
                name,
                format!("{wanted}, the TLS verify subject name on Expressway-E, is a name in the certificate of every peer"),
                format!("{} does not have it", certificate.title()),
            ));
        }
    }
    findings
}

/// The whole chain of the other side is in the list of each peer.
pub(super) fn authorities(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, told) in peers(context.state) {
        let Some(store) = held(context.state, node, STORE) else {
            continue; // `peer::unknown` says so.
        };
        // One finding for each set of missing authorities, naming the peers that they are missing for.
        let mut missing: BTreeMap<Vec<String>, BTreeSet<&str>> = BTreeMap::new();
        for far in far(context) {
            for (other, certificate) in shown(far, is_core(context)) {
                let lacks = lacking(far, certificate, &store);
                if !lacks.is_empty() {
                    missing.entry(lacks).or_default().insert(other);
                }
            }
        }
        findings.extend(missing.into_iter().map(|(lacks, others)| {
            let others: Vec<&str> = others.into_iter().collect();
            context.finding(
                Severity::Critical,
                "expressway-far-authority-missing",
                Some(name),
                format!(
                    "every authority above the certificate of {}",
                    others.join(", ")
                ),
                format!("without {}{}", lacks.join(", "), symptom(told)),
            )
        }));
    }
    findings
}

/// What the other side shows: Expressway-E when it is connected to, Expressway-C when it connects.
fn shown(
    far: &ClusterState,
    far_is_edge: bool,
) -> impl Iterator<Item = (&str, &crate::model::Certificate)> {
    peers(far).filter_map(move |(name, node, _)| {
        let certificate = if far_is_edge {
            answers_with(far, name, node)
        } else {
            connects_with(far, name, node)
        };
        Some((name.as_str(), certificate?))
    })
}

/// A root is enough for the zone, not for the tunnels.
fn symptom(told: &Expressway) -> &'static str {
    let zones = told.zones.present();
    let active = zones.is_some_and(|zones| {
        zones.iter().any(|zone| {
            zone.kind == ZoneKind::UnifiedCommunications
                && matches!(&zone.status, Observed::Present(status) if status.eq_ignore_ascii_case("active"))
        })
    });
    let none = told.tunnels.present().is_some_and(Vec::is_empty);
    if active && none {
        "; the zone is active and no tunnel is established, as this does"
    } else {
        ""
    }
}

/// Both sides, and all peers of each, run one release.
pub(super) fn releases(context: &Context<'_>) -> Vec<Finding> {
    if !is_core(context) {
        return Vec::new();
    }
    let sides = std::iter::once(context.state).chain(far(context));
    let mut by_release: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, node, _) in sides.flat_map(peers) {
        if let Some(release) = node.release.present() {
            let on = by_release.entry(release.as_str()).or_default();
            on.push(name.as_str());
        }
    }
    if by_release.len() < 2 {
        return Vec::new();
    }
    let found: Vec<String> = by_release
        .into_iter()
        .map(|(release, names)| format!("{release} on {}", names.join(", ")))
        .collect();
    vec![context.finding(
        Severity::Warning,
        "expressway-release-mixed",
        None,
        "one release on Expressway-C and Expressway-E",
        found.join("; "),
    )]
}
