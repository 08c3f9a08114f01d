//! How a plan would not break an edge: what comes too late goes first, or is added.

use crate::model::{ClusterName, Fingerprint, Store, WHOLE_PEER};
use crate::plan::{Action, Step};

use super::expressway::TRUSTED_LIST;
use super::words::remedy;
use super::world::reached;
use super::{Break, Edge, Party, Verdict};

type Sequence<'s, 'a> = &'s [(&'a ClusterName, &'a Step)];

/// The way for an edge that the step at a place breaks.
pub(super) fn avoid(
    edge: &Edge,
    verdict: &Verdict,
    sequence: Sequence<'_, '_>,
    at: usize,
) -> String {
    let before = sequence
        .get(at)
        .map_or("the plan", |(_, step)| step.id.as_str());
    let Verdict::Broken(breaks) = verdict else {
        let (store, relying, presenting) = (&edge.store, edge.relying(), edge.presenting());
        return format!(
            "Before {before}, see to it that {store} of {relying} holds the whole chain of the new certificate of {presenting}."
        );
    };
    let ways = breaks
        .iter()
        .map(|each| way(edge, each, sequence, at, before));
    let ways: Vec<String> = ways.collect();
    ways.join(" ")
}

fn way(edge: &Edge, each: &Break, sequence: Sequence<'_, '_>, at: usize, before: &str) -> String {
    let remedy = remedy(edge, each);
    let Some((wanted, title)) = each.wanted() else {
        return format!("Before {before}, {remedy}.");
    };
    let (relying, store) = (edge.relying(), &edge.store);
    let brought = sequence
        .iter()
        .position(|it| brings(it, relying, store, wanted));
    // What a peer of Expressway stores counts after its restart; claim EXPRESSWAY-TRUST-AFTER-RESTART.
    let by_restart = store.as_str() == TRUSTED_LIST;
    match brought.and_then(|place| Some((place, &sequence.get(place)?.1.id))) {
        Some((place, upload)) if by_restart && place < at => {
            let loads = |(cluster, step): &&(&ClusterName, &Step)| {
                let whole = matches!(&step.action, Action::RestartService { service, .. } if service.as_str() == WHOLE_PEER);
                let node = step.node.as_ref();
                whole && node.is_some_and(|node| *relying == Party::node(cluster, node))
            };
            let later = sequence.iter().skip(at).find(loads);
            let how = later.map_or_else(
                || format!("Restart {relying} and confirm it after {upload} and before {before}"),
                |(_, step)| {
                    format!(
                        "Carry {} out and confirm {relying} before {before}",
                        step.id
                    )
                },
            );
            format!("{how}: it stores {title} and loads its list only when it restarts.")
        }
        Some((_, upload)) if by_restart => format!(
            "Carry {upload} out before {before}, and restart and confirm {relying} in between: {remedy}."
        ),
        Some((place, upload)) if place >= at => {
            format!("Carry {upload} out before {before}: {remedy}.")
        }
        None if by_restart => {
            format!("Before {before}, {remedy}, and restart and confirm that peer.")
        }
        _ => format!("Before {before}, {remedy}."),
    }
}

fn brings(
    (cluster, step): &(&ClusterName, &Step),
    to: &Party,
    store: &Store,
    wanted: &Fingerprint,
) -> bool {
    let Action::UploadTrust {
        store: into,
        sha256,
        ..
    } = &step.action
    else {
        return false;
    };
    let mut nodes = reached(step, into, sha256);
    into == store && sha256 == wanted && nodes.any(|node| *to == Party::node(cluster, node))
}
