//! Every edge after every step of a plan: make before break (I16).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{ClusterName, ClusterState, Observation, StepId, Store};
use crate::plan::{Action, Plan, Step};

use super::avoid::avoid;
use super::world::{Moved, What, World};
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

/// What came of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// The edges that it breaks, in the order in which that is seen.
    pub broken: Vec<Broken>,
    /// How many edges verified before its first step.
    pub held: usize,
    /// How often an edge was judged.
    pub judged: usize,
}

/// Judges the edges inside each cluster of a plan after every step of it, at the end of the observation. What was broken
/// before the plan is not the plan's, and what lasts no longer than the restart of one of its ends is declared.
pub fn after_each_step(observation: &Observation, plan: &Plan) -> Vec<Broken> {
    let mut found = Vec::new();
    for (name, plan) in &plan.clusters {
        let Some(state) = observation.clusters.get(name) else {
            continue;
        };
        let mut site = Site::default();
        site.join(name, state);
        let edges = family::within(name, state);
        let sequence: Vec<_> = plan.steps.iter().map(|step| (name, step)).collect();
        let clusters = &observation.clusters;
        found.extend(walk(site, &edges, clusters, &sequence, observation.to).broken);
    }
    found
}

/// Judges some edges after every step of a sequence, which may belong to several clusters; a site and edges that
/// [`super::expressway::join`] has added to are judged with the rest. An edge may be broken while one of its ends
/// restarts: from the restart until the node is confirmed.
pub fn walk<'a>(
    site: Site<'a>,
    edges: &[Edge],
    clusters: &'a BTreeMap<ClusterName, ClusterState>,
    sequence: &[(&'a ClusterName, &'a Step)],
    now: Timestamp,
) -> Walked {
    let mut watch = Watch::over(&site, edges, sequence, now);
    let mut world = World::new(site, clusters, now);
    for (place, (cluster, step)) in sequence.iter().enumerate() {
        let moved = world.apply(cluster, step);
        if let (Action::RestartService { .. }, Some(node)) = (&step.action, &step.node) {
            watch.restarting.insert(Party::node(cluster, node));
        }
        for at in watch.touched(&moved) {
            watch.judge(&world.site, at, place);
        }
        if matches!(step.action, Action::Confirm { .. }) {
            let confirmed = |party: &Party| match &step.node {
                Some(node) => *party == Party::node(cluster, node),
                None => party.cluster() == Some(*cluster),
            };
            watch.restarting.retain(|party| !confirmed(party));
        }
        watch.tell();
    }
    watch.restarting.clear();
    watch.tell();
    watch.walked
}

/// The edges of a walk, and how each fares.
struct Watch<'e, 'a> {
    edges: &'e [Edge],
    sequence: &'e [(&'a ClusterName, &'a Step)],
    now: Timestamp,
    shown: BTreeMap<(&'e Party, &'e Face), Vec<usize>>,
    trusted: BTreeMap<(&'e Party, &'e Store), Vec<usize>>,
    verdicts: Vec<Verdict>,
    open: BTreeMap<usize, Open>,
    /// Nodes between a restart and its confirmation.
    restarting: BTreeSet<Party>,
    walked: Walked,
}

/// An edge that is worse than it was.
struct Open {
    /// How it was.
    rank: u8,
    /// The place of the step that did it.
    since: usize,
    /// The worst that is said of it.
    worst: Verdict,
    /// Its place among what is told: it was so while none of its ends restarted.
    told: Option<usize>,
}

impl<'e, 'a> Watch<'e, 'a> {
    fn over(
        site: &Site<'_>,
        edges: &'e [Edge],
        sequence: &'e [(&'a ClusterName, &'a Step)],
        now: Timestamp,
    ) -> Self {
        let mut shown: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut trusted: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, edge) in edges.iter().enumerate() {
            let by_face = shown.entry((edge.presenting(), &edge.face)).or_default();
            by_face.push(at);
            let by_store = trusted.entry((edge.relying(), &edge.store)).or_default();
            by_store.push(at);
        }
        let verdicts: Vec<Verdict> = edges.iter().map(|edge| site.verdict(edge, now)).collect();
        let walked = Walked {
            broken: Vec::new(),
            held: verdicts.iter().filter(|verdict| verdict.holds()).count(),
            judged: verdicts.len(),
        };
        Self {
            edges,
            sequence,
            now,
            shown,
            trusted,
            verdicts,
            open: BTreeMap::new(),
            restarting: BTreeSet::new(),
            walked,
        }
    }

    /// The edges that may fare differently now.
    fn touched(&self, moved: &BTreeSet<Moved>) -> BTreeSet<usize> {
        let mut again = BTreeSet::new();
        for Moved { party, what } in moved {
            match what {
                What::Shows(face) => {
                    let of_face = self.shown.get(&(party, face));
                    again.extend(of_face.into_iter().flatten().copied());
                }
                What::Trusts { store, dropped } => {
                    // More trust never breaks what verifies, where no name is looked up.
                    let may = |at: &usize| {
                        let edge = self.edges.get(*at);
                        let by_name = edge.is_some_and(|it| it.profile == Profile::Expressway);
                        let holds = self.verdicts.get(*at).is_some_and(Verdict::holds);
                        *dropped || by_name || !holds
                    };
                    let of_store = self.trusted.get(&(party, store)).into_iter().flatten();
                    again.extend(of_store.copied().filter(may));
                }
            }
        }
        again
    }

    fn judge(&mut self, site: &Site<'_>, at: usize, place: usize) {
        let (Some(edge), Some(was)) = (self.edges.get(at), self.verdicts.get_mut(at)) else {
            return;
        };
        let verdict = site.verdict(edge, self.now);
        self.walked.judged += 1;
        let before = self.open.get(&at).map_or(rank(was), |open| open.rank);
        if rank(&verdict) <= before {
            let ended = self.open.remove(&at).and_then(|open| open.told);
            let ended = ended.and_then(|told| self.walked.broken.get_mut(told));
            if let (Some(ended), Some((_, step))) = (ended, self.sequence.get(place)) {
                ended.until = Some(step.id.clone());
            }
        } else {
            let open = self.open.entry(at).or_insert_with(|| Open {
                rank: before,
                since: place,
                worst: verdict.clone(),
                told: None,
            });
            if rank(&verdict) > rank(&open.worst) {
                open.worst = verdict.clone();
                let told = open.told.and_then(|told| self.walked.broken.get_mut(told));
                if let Some(told) = told {
                    told.verdict = verdict.clone();
                }
            }
        }
        *was = verdict;
    }

    /// Tells what is broken now and not by the restart of one of its ends.
    fn tell(&mut self) {
        for (at, open) in &mut self.open {
            let (Some(edge), Some((cluster, step))) =
                (self.edges.get(*at), self.sequence.get(open.since))
            else {
                continue;
            };
            let declared = [&edge.from, &edge.to]
                .iter()
                .any(|end| self.restarting.contains(*end));
            if declared || open.told.is_some() {
                continue;
            }
            open.told = Some(self.walked.broken.len());
            self.walked.broken.push(Broken {
                cluster: (*cluster).clone(),
                step: step.id.clone(),
                edge: edge.clone(),
                verdict: open.worst.clone(),
                until: None,
                avoid: avoid(edge, &open.worst, self.sequence, open.since),
            });
        }
    }
}

/// What was known to verify may not become unknown either.
fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Holds { .. } => 0,
        Verdict::Unknown(_) => 1,
        Verdict::Broken(_) => 2,
    }
}
