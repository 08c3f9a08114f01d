//! Every edge after every step of a plan: make before break (I16).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{ClusterName, ClusterState, Fingerprint, Observation, StepId, Store};
use crate::plan::{Action, ClusterPlan, Plan, Step};

use super::words::remedy;
use super::world::{Moved, What, World, reached};
use super::{Edge, Face, Party, Profile, Site, Verdict, family};

/// An edge that a plan breaks, or of which it can no longer be told whether it verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The cluster whose plan it is.
    pub cluster: ClusterName,
    /// The step that does it.
    pub step: StepId,
    /// The edge.
    pub edge: Edge,
    /// The worst that is said of it meanwhile.
    pub verdict: Verdict,
    /// The step after which it is as good as before; none if there is none.
    pub until: Option<StepId>,
    /// The earliest change of the order, or the further step, that avoids it.
    pub avoid: String,
}

/// Judges the edges inside each cluster of a plan after every step of it, at the end of the observation. What was broken
/// before the plan is not the plan's, and what lasts no longer than the restart of one of its ends is declared.
pub fn after_each_step(observation: &Observation, plan: &Plan) -> Vec<Broken> {
    let mut found = Vec::new();
    for (name, steps) in &plan.clusters {
        let Some(state) = observation.clusters.get(name) else {
            continue;
        };
        let mut site = Site::default();
        site.join(name, state);
        let edges = family::within(name, state);
        found.extend(walk(site, &edges, (name, state), steps, observation.to));
    }
    found
}

/// Judges some edges after every step of one cluster's plan; a site and edges that [`super::expressway::join`] has
/// added to are judged with the rest.
pub fn walk(
    site: Site<'_>,
    edges: &[Edge],
    (name, state): (&ClusterName, &ClusterState),
    plan: &ClusterPlan,
    now: Timestamp,
) -> Vec<Broken> {
    let mut shown: BTreeMap<(&Party, &Face), Vec<usize>> = BTreeMap::new();
    let mut trusted: BTreeMap<(&Party, &Store), Vec<usize>> = BTreeMap::new();
    for (at, edge) in edges.iter().enumerate() {
        let by_face = shown.entry((edge.presenting(), &edge.face)).or_default();
        by_face.push(at);
        let by_store = trusted.entry((edge.relying(), &edge.store)).or_default();
        by_store.push(at);
    }
    let mut verdicts: Vec<Verdict> = edges.iter().map(|edge| site.verdict(edge, now)).collect();
    let mut world = World::new(site, name, state, now);
    let mut open: BTreeMap<usize, Open> = BTreeMap::new();
    let mut found: Vec<(usize, Option<usize>, Broken)> = Vec::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let moved = world.apply(step);
        let mut again = BTreeSet::new();
        for Moved { party, what } in &moved {
            match what {
                What::Shows(face) => {
                    again.extend(shown.get(&(party, face)).into_iter().flatten().copied());
                }
                What::Trusts { store, dropped } => {
                    // More trust never breaks what verifies, where no name is looked up.
                    let may = |at: &usize| {
                        let edge = edges.get(*at);
                        let by_name = edge.is_some_and(|it| it.profile == Profile::Expressway);
                        *dropped || by_name || verdicts.get(*at).is_some_and(|it| !it.holds())
                    };
                    let of_store = trusted.get(&(party, store)).into_iter().flatten();
                    again.extend(of_store.copied().filter(may));
                }
            }
        }
        for at in again {
            let (Some(edge), Some(was)) = (edges.get(at), verdicts.get_mut(at)) else {
                continue;
            };
            let verdict = world.site.verdict(edge, now);
            let before = open.get(&at).map_or(rank(was), |open| open.rank);
            if rank(&verdict) <= before {
                if let Some(ended) = open.remove(&at)
                    && let Some((_, end, one)) = found.get_mut(ended.found)
                {
                    *end = Some(place);
                    one.until = Some(step.id.clone());
                }
            } else if let Some(known) = open.get(&at) {
                if let Some((_, _, one)) = found.get_mut(known.found)
                    && rank(&verdict) > rank(&one.verdict)
                {
                    one.verdict = verdict.clone();
                }
            } else {
                let (rank, found_at) = (before, found.len());
                open.insert(
                    at,
                    Open {
                        rank,
                        found: found_at,
                    },
                );
                let rest = plan.steps.get(place..).unwrap_or_default();
                let one = Broken {
                    cluster: name.clone(),
                    step: step.id.clone(),
                    edge: edge.clone(),
                    verdict: verdict.clone(),
                    until: None,
                    avoid: avoid(edge, &verdict, step, rest),
                };
                found.push((place, None, one));
            }
            *was = verdict;
        }
    }
    let undeclared = found.into_iter().filter(|(from, to, one)| {
        let steps = to.and_then(|to| plan.steps.get(*from..=to));
        steps.is_none_or(|steps| !steps.iter().all(|step| restarts_end(step, &one.edge)))
    });
    undeclared.map(|(_, _, one)| one).collect()
}

/// An edge that is worse than it was.
struct Open {
    /// How it was.
    rank: u8,
    /// Its place among what was found.
    found: usize,
}

/// What was known to verify may not become unknown either.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Holds { .. } => 0,
        Verdict::Unknown(_) => 1,
        Verdict::Broken(_) => 2,
    }
}

/// Whether a step belongs to the declared restart of one of an edge's ends.
fn restarts_end(step: &Step, edge: &Edge) -> bool {
    let is_end = [&edge.from, &edge.to]
        .iter()
        .any(|end| end.name() == step.node.as_ref());
    let restart = matches!(
        step.action,
        Action::RestartService { .. } | Action::Confirm { .. }
    );
    step.node.is_some() && is_end && restart
}

/// How the plan would not break an edge: the upload that comes too late goes first, or one is added.
fn avoid(edge: &Edge, verdict: &Verdict, at: &Step, from_here: &[Step]) -> String {
    let before = &at.id;
    let Verdict::Broken(breaks) = verdict else {
        let (store, relying, presenting) = (&edge.store, edge.relying(), edge.presenting());
        return format!(
            "Before {before}, see to it that {store} of {relying} holds the whole chain of the new certificate of {presenting}."
        );
    };
    let ways = breaks.iter().map(|each| {
        let late = each.wanted().and_then(|(sha256, _)| {
            from_here
                .iter()
                .find(|step| brings(step, edge.relying(), &edge.store, sha256))
        });
        match late {
            Some(late) => format!(
                "Carry {} out before {before}: {}.",
                late.id,
                remedy(edge, each)
            ),
            None => format!("Before {before}, {}.", remedy(edge, each)),
        }
    });
    let ways: Vec<String> = ways.collect();
    ways.join(" ")
}

fn brings(step: &Step, to: &Party, store: &Store, wanted: &Fingerprint) -> bool {
    let Action::UploadTrust {
        store: into,
        sha256,
        ..
    } = &step.action
    else {
        return false;
    };
    into == store
        && sha256 == wanted
        && to
            .name()
            .is_some_and(|to| reached(step, into, sha256).any(|node| node == to))
}
