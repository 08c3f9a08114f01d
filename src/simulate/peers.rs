//! Peers of Expressway: restarted one at a time over both sides of a traversal, and seen to have loaded what they were
//! given and to traverse again (I8, I9, I25, I26).

use std::collections::BTreeSet;

use crate::model::neighbours::far;
use crate::model::{
    ClusterName, ClusterState, NodeName, Observation, Observed, Product, StepId, WHOLE_PEER,
    ZoneKind,
};
use crate::plan::{Action, Condition, Step};

use super::node::Node;
use super::order::Order;
use super::world::World;
use super::{Judge, Proof};

/// What a confirmation after the restart of a peer looks at beside what it does of any node.
pub(super) fn looks_at_peer(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    node: &Node,
    at: &NodeName,
) {
    if !world.is_expressway() {
        return;
    }
    let restarted = node.started.values().max().copied();
    let since = |upload: &&StepId| {
        let stored = node.authorities.get(*upload).map(|it| it.at);
        stored < restarted && !node.shows_loaded(at, upload, step)
    };
    let unseen: Vec<&str> = node
        .unloaded
        .iter()
        .filter(since)
        .map(StepId::as_str)
        .collect();
    judge.require(unseen.is_empty(), "I8", Some(step), &[], || {
        (
            format!("nothing asks whether the peer started after {}, and its list counts only since then", unseen.join(", ")),
            format!("Ask for a start of {WHOLE_PEER} since the last upload to its list, or for a certificate that it presents only since then."),
        )
    });
    let active = world
        .seen
        .nodes
        .get(at)
        .map(active_zones)
        .unwrap_or_default();
    let asked = step.after.iter().any(|condition| {
        matches!(condition, Condition::Traverses { node, zones, .. } if node == at && active.is_subset(&zones.iter().map(String::as_str).collect()))
    });
    judge.require(active.is_empty() || asked, "I9", Some(step), &[], || {
        let active: Vec<&str> = active.iter().copied().collect();
        (
            format!("the confirmation does not ask whether these zones are active again, which were before: {}", active.join(", ")),
            "Ask for the traversal of the peer.".to_owned(),
        )
    });
}

/// The traversal zones of a peer that were active.
fn active_zones(node: &crate::model::NodeState) -> BTreeSet<&str> {
    let told = node.expressway.present();
    let zones = told
        .and_then(|told| told.zones.present())
        .into_iter()
        .flatten();
    let active = zones.filter(|zone| {
        let status = zone.status.present();
        zone.kind != ZoneKind::Other && status.is_some_and(|it| it.eq_ignore_ascii_case("active"))
    });
    active.map(|zone| zone.name.as_str()).collect()
}

/// The restart of a peer, from its step to the one that confirms it.
struct Outage<'a> {
    node: &'a NodeName,
    step: &'a Step,
    from: usize,
    /// None: nothing confirms it.
    to: Option<usize>,
}

fn outages(steps: &[Step]) -> Vec<Outage<'_>> {
    let restarts = steps.iter().enumerate().filter_map(|(from, step)| {
        let Action::RestartService { service, .. } = &step.action else {
            return None;
        };
        let node = step
            .node
            .as_ref()
            .filter(|_| service.as_str() == WHOLE_PEER)?;
        let confirms = |step: &Step| {
            let healthy =
                |it: &Condition| matches!(it, Condition::Healthy { node: of, .. } if of == node);
            matches!(step.action, Action::Confirm { .. })
                && step.node.as_ref() == Some(node)
                && step.after.iter().any(healthy)
        };
        let to = steps
            .iter()
            .skip(from)
            .position(confirms)
            .map(|after| from + after);
        Some(Outage {
            node,
            step,
            from,
            to,
        })
    });
    restarts.collect()
}

/// What must hold over both sides of every traversal.
pub(super) fn check(proof: &mut Proof, observation: &Observation, order: &Order<'_>) {
    for (name, _) in order.clusters() {
        let Some(state) = observation.clusters.get(name) else {
            continue;
        };
        let others = far(&observation.clusters, name).into_iter();
        for (far, other) in others.filter_map(|far| observation.clusters.get_key_value(far)) {
            // Each pair once, from its Expressway-C if that is in the plan.
            let from_here = state.product == Product::ExpresswayC || order.steps(far).is_empty();
            if from_here {
                let mut judge = Judge::new(name);
                one_release(&mut judge, state, other);
                one_at_a_time(&mut judge, order, name, far);
                proof.absorb(judge);
            }
        }
    }
}

/// I25: both sides run one release, as the vendor demands. Source: expressway §8, §10; claim EXPRESSWAY-SAME-RELEASE.
fn one_release(judge: &mut Judge<'_>, own: &ClusterState, other: &ClusterState) {
    let peers = own.nodes.iter().chain(&other.nodes);
    let unknown = peers
        .clone()
        .filter(|(_, node)| node.release.present().is_none());
    let unknown: Vec<&NodeName> = unknown.map(|(name, _)| name).collect();
    judge.none(&unknown, "I25", None, || {
        (
            "its release could not be read, and what a peer demands of a certificate depends on it"
                .to_owned(),
            super::preflight::OBSERVE_AGAIN.to_owned(),
        )
    });
    let releases = peers.filter_map(|(_, node)| match &node.release {
        Observed::Present(release) => Some(release.as_str()),
        Observed::Absent | Observed::Unknown(_) => None,
    });
    let releases: BTreeSet<&str> = releases.collect();
    judge.require(releases.len() < 2, "I25", None, &[], || {
        let releases: Vec<&str> = releases.iter().copied().collect();
        (
            format!(
                "Expressway-C and Expressway-E run different releases: {}",
                releases.join(", ")
            ),
            "Bring both to one release first.".to_owned(),
        )
    });
}

/// I26: of two peers that traverse together one is confirmed before the other may restart.
fn one_at_a_time(judge: &mut Judge<'_>, order: &Order<'_>, core: &ClusterName, edge: &ClusterName) {
    let others = outages(order.steps(edge));
    for own in outages(order.steps(core)) {
        let before =
            |one: &Outage<'_>, of: &ClusterName, other: &Outage<'_>, then: &ClusterName| {
                one.to
                    .is_some_and(|to| order.precedes((of, to), (then, other.from)))
            };
        let apart = |other: &&Outage<'_>| {
            before(&own, core, other, edge) || before(other, edge, &own, core)
        };
        let together: Vec<&Outage<'_>> = others.iter().filter(|other| !apart(other)).collect();
        let nodes: BTreeSet<&NodeName> = together.iter().map(|other| other.node).collect();
        let nodes: Vec<&NodeName> = [own.node].into_iter().chain(nodes).collect();
        judge.require(together.is_empty(), "I26", Some(own.step), &nodes, || {
            let steps: Vec<String> = together
                .iter()
                .map(|other| format!("{} ({})", other.step.id, other.node))
                .collect();
            let steps = steps.join(", ");
            (
                format!("nothing keeps the restart of {} apart from {steps}: both ends of a traversal could be down, and neither could be confirmed", own.node),
                format!("Link the confirmation of one with the restart of the other: {} and {steps}.", own.step.id),
            )
        });
    }
}
