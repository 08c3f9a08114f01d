//! The facts that only an Expressway has: its interface, and the settings by which its neighbours and the names of its
//! certificate were found. Whether zones are active is judged right before and after each change, not compared: it moves
//! with every restart at either end.

use crate::model::{Expressway, Interface, NodeName, Observed, Zone};

use super::{joined, told};

pub(super) fn facts(name: &NodeName, peer: &Expressway, tell: &mut impl FnMut(String, String)) {
    tell(
        format!("{name} is"),
        told(&peer.product, ToString::to_string),
    );
    tell(
        format!("{name} interface"),
        told(&peer.interface, |interface| match interface {
            Interface::Matches => "as expected".to_owned(),
            Interface::Lacks(calls) => format!("without {}", calls.join(", ")),
        }),
    );
    tell(
        format!("{name} remote access"),
        told(&peer.remote_access, |on| {
            if *on { "on" } else { "off" }.to_owned()
        }),
    );
    tell(
        format!("{name} domains"),
        told(&peer.domains, |domains| {
            joined(domains.iter().map(|domain| &domain.name))
        }),
    );
    tell(
        format!("{name} zones"),
        told(&peer.zones, |zones| joined(zones.iter().map(zone))),
    );
    for (what, servers) in [
        ("CUCM servers", &peer.call_managers),
        ("presence servers", &peer.presence),
    ] {
        if !matches!(servers, Observed::Absent) {
            let addresses = told(servers, |servers| {
                joined(servers.iter().map(|it| &it.address))
            });
            tell(format!("{name} {what}"), addresses);
        }
    }
}

/// A zone with where it leads and whom it expects.
fn zone(zone: &Zone) -> String {
    let to = zone
        .peer_addresses
        .iter()
        .map(|address| format!(" to {address}"));
    let expects = zone
        .verify_name
        .iter()
        .map(|name| format!(" expecting {name}"));
    let parts: String = to.chain(expects).collect();
    format!("{}{parts}", zone.name)
}
