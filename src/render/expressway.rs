//! What is observed of an Expressway peer, as text.

use crate::model::{Expressway, Interface, NodeState, Observed, ZoneKind};

/// Two lines: how the peer fares, and what was not learned of it.
pub(super) fn lines(name: &str, node: &NodeState) -> Vec<String> {
    let Some(told) = node.expressway.present() else {
        return Vec::new();
    };
    let mut parts = vec![match node.release.present() {
        Some(release) => release.to_string(),
        None => "release unknown".to_owned(),
    }];
    parts.extend(
        told.up_seconds
            .present()
            .map(|up| format!("up {} h", up / 3600)),
    );
    parts.push(match &told.remote_access {
        Observed::Present(true) => "remote access on".to_owned(),
        Observed::Present(false) => "remote access off".to_owned(),
        Observed::Absent | Observed::Unknown(_) => "remote access unknown".to_owned(),
    });
    parts.push(zones(told));
    parts.push(match &told.tunnels {
        Observed::Present(tunnels) => {
            let up = tunnels.iter().filter(|tunnel| tunnel.is_established());
            match (up.count(), tunnels.len()) {
                (up, all) if up == all => format!("{all} tunnels"),
                (up, all) => format!("{up} of {all} tunnels"),
            }
        }
        Observed::Absent | Observed::Unknown(_) => "tunnels unknown".to_owned(),
    });
    parts.push(match &told.interface {
        Observed::Present(Interface::Matches) => "interface as known".to_owned(),
        Observed::Present(Interface::Lacks(paths)) => {
            format!("interface differs in {}", paths.join(", "))
        }
        Observed::Absent | Observed::Unknown(_) => "interface not described".to_owned(),
    });
    let name_column = format!("  {name:<24} ");
    let mut lines = vec![format!("{name_column}{}", parts.join("; "))];
    let unlearned = unlearned(told);
    if !unlearned.is_empty() {
        let indent = " ".repeat(name_column.len());
        lines.push(format!(
            "{indent}not learned: {}; revocation is never checked",
            unlearned.join(", ")
        ));
    }
    lines
}

fn zones(told: &Expressway) -> String {
    let Some(zones) = told.zones.present() else {
        return "zones unknown".to_owned();
    };
    let of_traversal = zones.iter().filter(|zone| zone.kind != ZoneKind::Other);
    let each: Vec<String> = of_traversal
        .map(|zone| {
            let status = zone.status.present().map_or("unknown", String::as_str);
            format!("zone {} {status}", zone.name)
        })
        .collect();
    if each.is_empty() {
        "no traversal zone".to_owned()
    } else {
        each.join(", ")
    }
}

/// Facts that no finding tells of, because this release never asks them.
fn unlearned(told: &Expressway) -> Vec<&'static str> {
    [
        (
            "VerifyOriginServer",
            told.verifies_origin.unknown().is_some(),
        ),
        (
            "the preferred kind of key",
            told.prefers.unknown().is_some(),
        ),
        (
            "the cluster's name and peers",
            told.cluster_name.unknown().is_some(),
        ),
    ]
    .into_iter()
    .filter_map(|(fact, unknown)| unknown.then_some(fact))
    .collect()
}
