//! Which clusters of the estate belong together.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::{ClusterState, NodeName, Observed, Product, ZoneKind};

use super::super::Context;
use super::{answers_with, names, peers};

/// The Expressway clusters at the other end of this one's zones.
pub(super) fn far<'a>(context: &Context<'a>) -> Vec<&'a ClusterState> {
    let of = |product| {
        let clusters = context.estate.values();
        clusters.filter(move |state| state.product == product)
    };
    let core = context.state.product == Product::ExpresswayC;
    let other = if core {
        Product::ExpresswayE
    } else {
        Product::ExpresswayC
    };
    // One of each: they can only belong together.
    if of(context.state.product).count() == 1 && of(other).count() == 1 {
        return of(other).collect();
    }
    of(other)
        .filter(|far| {
            if core {
                linked(context.state, far)
            } else {
                linked(far, context.state)
            }
        })
        .collect()
}

/// Whether a zone of the core leads to a peer of the edge.
fn linked(core: &ClusterState, edge: &ClusterState) -> bool {
    zone_addresses(core)
        .into_iter()
        .any(|address| node_at(edge, &address).is_some() || named_by_any(edge, &address))
}

/// Where the traversal zones of Expressway-C connect to.
pub(super) fn zone_addresses(core: &ClusterState) -> BTreeSet<String> {
    peers(core)
        .flat_map(|(_, _, told)| told.zones.present().into_iter().flatten())
        .filter(|zone| zone.kind != ZoneKind::Other)
        .flat_map(|zone| zone.peer_addresses.iter().cloned())
        .collect()
}

/// The peer that has a name.
pub(super) fn node_at<'a>(edge: &'a ClusterState, address: &str) -> Option<&'a NodeName> {
    let is = |name: &str| name.eq_ignore_ascii_case(address.trim_end_matches('.'));
    edge.nodes
        .iter()
        .find(|(name, node)| {
            let own = node.reported_name.present();
            is(name.as_str()) || own.is_some_and(|own| is(own))
        })
        .map(|(name, _)| name)
}

/// Whether the certificate of any peer has a name.
pub(super) fn named_by_any(edge: &ClusterState, address: &str) -> bool {
    edge.nodes.iter().any(|(name, node)| {
        answers_with(edge, name, node).is_some_and(|certificate| names(certificate, address))
    })
}

/// The CUCM clusters whose publishers Expressway-C connects to, by the names that it has for them.
pub(super) fn unified<'a>(context: &Context<'a>) -> Vec<&'a ClusterState> {
    let addresses: BTreeSet<&str> = peers(context.state)
        .flat_map(|(_, _, told)| [&told.call_managers, &told.presence])
        .filter_map(Observed::present)
        .flatten()
        .map(|server| server.address.as_str())
        .collect();
    let named = |state: &ClusterState| {
        addresses
            .iter()
            .any(|address| server_at(state, address).is_some())
    };
    let cucm: Vec<&ClusterState> = context
        .estate
        .values()
        .filter(|state| state.product == Product::Cucm)
        .collect();
    // Known by IP addresses, which an observation does not have: the only one there is.
    if cucm.len() == 1 && addresses.iter().any(|it| it.parse::<IpAddr>().is_ok()) {
        return cucm;
    }
    cucm.into_iter().filter(|state| named(state)).collect()
}

/// The node that a server's name means: in full, or its host name alone.
pub(super) fn server_at<'a>(state: &'a ClusterState, address: &str) -> Option<&'a NodeName> {
    node_at(state, address).or_else(|| {
        let short = |name: &&NodeName| name.short().eq_ignore_ascii_case(address);
        state.nodes.keys().find(short)
    })
}
