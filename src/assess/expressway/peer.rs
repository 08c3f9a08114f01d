//! What a peer says of its own condition.

use std::collections::BTreeMap;

use crate::model::{Finding, Interface, Observed, Port, Purpose, Severity, Store, ZoneKind};

use super::super::Context;
use super::{STORE, about_server, peers, presented};

/// The peer is the one of the two that the estate file says.
pub(super) fn product(context: &Context<'_>) -> Vec<Finding> {
    peers(context.state)
        .filter_map(|(name, _, told)| {
            let found = told.product.present()?;
            (*found != context.state.product).then(|| {
                context.finding(
                    Severity::Blocker,
                    "expressway-wrong-product",
                    Some(name),
                    context.state.product.to_string(),
                    format!("it says that it is {found}"),
                )
            })
        })
        .collect()
}

/// What could not be learned, once for each reason. What this release never asks is not told here.
pub(super) fn unknown(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, told) in peers(context.state) {
        let store = node.trust.get(&Store::from(STORE));
        let client = node.identities.get(&Purpose::from("client"));
        let zones = told.zones.present().into_iter().flatten();
        let silent = zones
            .filter(|zone| zone.kind != ZoneKind::Other)
            .find_map(|zone| zone.status.unknown());
        let facts = [
            ("the description of its interface", told.interface.unknown()),
            ("which Expressway it is", told.product.unknown()),
            ("its own name", told.own_name.unknown()),
            ("remote access", told.remote_access.unknown()),
            ("the domains", told.domains.unknown()),
            ("the zones", told.zones.unknown()),
            ("the status of a zone", silent),
            ("the tunnels", told.tunnels.unknown()),
            ("the CUCM servers", told.call_managers.unknown()),
            ("the IM and Presence servers", told.presence.unknown()),
            ("the alarms", told.alarms.unknown()),
            ("the trusted CA list", store.and_then(Observed::unknown)),
            ("the client certificate", client.and_then(Observed::unknown)),
        ];
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (fact, why) in facts {
            if let Some(why) = why {
                by_reason.entry(why).or_default().push(fact);
            }
        }
        findings.extend(by_reason.into_iter().map(|(why, facts)| {
            let expected = facts.join(", ");
            context.finding(Severity::Warning, "unknown-fact", Some(name), expected, why)
        }));
    }
    findings
}

/// The peer describes everything that this program asks.
pub(super) fn interface(context: &Context<'_>) -> Vec<Finding> {
    peers(context.state)
        .filter_map(|(name, _, told)| match told.interface.present()? {
            Interface::Matches => None,
            Interface::Lacks(paths) => Some(context.finding(
                Severity::Notice,
                "expressway-interface",
                Some(name),
                "a description (/api/raml) with everything that is asked",
                format!("without {}", paths.join(", ")),
            )),
        })
        .collect()
}

/// A port presents another certificate than the one stored: the peer was not restarted since.
// claim: EXPRESSWAY-PORTS
pub(super) fn served(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, _) in peers(context.state) {
        let Some(stored) = context.state.identity(name, &Purpose::from("server")) else {
            continue;
        };
        for port in [Port::Rest, Port::Zone, Port::Tunnel] {
            let other = |leaf: &&crate::model::Certificate| leaf.sha256 != stored.sha256;
            findings.extend(
                presented(context.state, node, port)
                    .find(other)
                    .map(|leaf| Finding {
                        renewal_mends: false,
                        ..about_server(
                            context,
                            Severity::Critical,
                            "served-differs",
                            name,
                            format!(
                                "port {port} serves the stored certificate {}",
                                stored.sha256.short()
                            ),
                            format!(
                                "serves {} ({}, until {})",
                                leaf.sha256.short(),
                                leaf.title(),
                                leaf.not_after
                            ),
                        )
                    }),
            );
        }
    }
    findings
}

/// Traversal zones are active.
pub(super) fn zones(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _, told) in peers(context.state) {
        let zones = told.zones.present().into_iter().flatten();
        for zone in zones.filter(|zone| zone.kind != ZoneKind::Other) {
            let connections = zone.connections.iter().map(|it| {
                let cause = &it.cause;
                (format!("to {}", it.address), &it.status, cause)
            });
            let whole = std::iter::once((String::new(), &zone.status, &zone.cause));
            let down: Vec<String> = whole
                .chain(connections)
                .filter_map(|(to, status, cause)| {
                    let status = status.present().filter(|status| !is_active(status))?;
                    let words = [to.as_str(), status, cause];
                    let words: Vec<&str> =
                        words.into_iter().filter(|word| !word.is_empty()).collect();
                    Some(words.join(" "))
                })
                .collect();
            if !down.is_empty() {
                findings.push(context.finding(
                    Severity::Critical,
                    "expressway-zone-down",
                    Some(name),
                    format!("zone {} is Active", zone.name),
                    down.join("; "),
                ));
            }
        }
    }
    findings
}

/// Where remote access is on, tunnels are up.
pub(super) fn tunnels(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _, told) in peers(context.state) {
        if told.remote_access != Observed::Present(true) {
            continue;
        }
        let Some(tunnels) = told.tunnels.present() else {
            continue; // `unknown` says so.
        };
        let down: Vec<String> = tunnels
            .iter()
            .filter(|tunnel| !is_active(&tunnel.status))
            .map(|tunnel| format!("{} {}", tunnel.peer, tunnel.status))
            .collect();
        let found = if tunnels.is_empty() {
            "none is established".to_owned()
        } else if down.is_empty() {
            continue;
        } else {
            down.join(", ")
        };
        findings.push(context.finding(
            Severity::Critical,
            "expressway-tunnel-down",
            Some(name),
            "SSH tunnels for remote access are active",
            found,
        ));
    }
    findings
}

/// An alarm of the peer's own about a certificate.
pub(super) fn alarms(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _, told) in peers(context.state) {
        let alarms = told.alarms.present().into_iter().flatten();
        let of_certificates =
            alarms.filter(|alarm| alarm.reason.to_ascii_lowercase().contains("certificate"));
        findings.extend(of_certificates.map(|alarm| {
            context.finding(
                Severity::Warning,
                "expressway-alarm",
                Some(name),
                "no alarm about certificates",
                format!("{} ({})", alarm.reason, alarm.state),
            )
        }));
    }
    findings
}

fn is_active(status: &str) -> bool {
    status.eq_ignore_ascii_case("active")
}
