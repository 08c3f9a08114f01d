//! The order of steps over clusters: each cluster's sequence and the links between them, and in which orders they may be
//! carried out.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ClusterName, StepId};
use crate::plan::{Plan, Step};

/// A step by its cluster and its place there.
type Place<'a> = (&'a ClusterName, usize);

/// One cluster's steps, and how many steps of each other cluster are done before each of them.
#[derive(Debug, Default)]
struct Line<'a> {
    steps: &'a [Step],
    needs: Vec<BTreeMap<&'a ClusterName, usize>>,
}

/// What comes before what.
#[derive(Debug)]
pub(super) struct Order<'a> {
    lines: BTreeMap<&'a ClusterName, Line<'a>>,
    /// Every step in one order that all links allow.
    whole: Vec<Place<'a>>,
}

/// Where each step of a plan is.
pub(super) fn places(plan: &Plan) -> BTreeMap<&StepId, Place<'_>> {
    let mut places = BTreeMap::new();
    for (name, cluster) in &plan.clusters {
        for (place, step) in cluster.steps.iter().enumerate() {
            places.entry(&step.id).or_insert((name, place));
        }
    }
    places
}

impl<'a> Order<'a> {
    /// The order of a plan; where steps wait for each other in a circle, who waits for whom there. Links whose steps do
    /// not exist order nothing.
    pub(super) fn of(plan: &'a Plan) -> Result<Self, Vec<(&'a StepId, &'a StepId)>> {
        let places = places(plan);
        let mut waits: BTreeMap<Place<'a>, Vec<Place<'a>>> = BTreeMap::new();
        for link in &plan.links {
            if let (Some(first), Some(then)) = (places.get(&link.first), places.get(&link.then)) {
                waits.entry(*then).or_default().push(*first);
            }
        }
        let lines = plan.clusters.iter().map(|(name, cluster)| {
            let steps = cluster.steps.as_slice();
            let needs = Vec::with_capacity(steps.len());
            (name, Line { steps, needs })
        });
        let mut order = Self {
            lines: lines.collect(),
            whole: Vec::new(),
        };
        let names: Vec<&ClusterName> = plan.clusters.keys().collect();
        loop {
            let before = order.whole.len();
            for name in &names {
                order.go_on(name, &waits);
            }
            if order.whole.len() == before {
                break;
            }
        }
        if order
            .lines
            .values()
            .all(|line| line.needs.len() == line.steps.len())
        {
            Ok(order)
        } else {
            Err(order.circle(&waits))
        }
    }

    /// Carries a cluster's steps out until one waits for another cluster.
    fn go_on(&mut self, name: &'a ClusterName, waits: &BTreeMap<Place<'a>, Vec<Place<'a>>>) {
        while let Some((place, firsts)) = self.next(name, waits) {
            let done = |(of, at): &&Place<'_>| self.needs(of, *at).is_some();
            if !firsts.iter().all(|first| done(&first)) {
                return;
            }
            let before = place
                .checked_sub(1)
                .and_then(|place| self.needs(name, place));
            let mut needs = before.cloned().unwrap_or_default();
            for (of, at) in firsts {
                let theirs = self.needs(of, *at).into_iter().flatten();
                let own = (*of, at + 1);
                for (of, count) in theirs.map(|(of, count)| (*of, *count)).chain([own]) {
                    let known = needs.entry(of).or_default();
                    *known = count.max(*known);
                }
            }
            needs.remove(name);
            if let Some(line) = self.lines.get_mut(name) {
                line.needs.push(needs);
            }
            self.whole.push((name, place));
        }
    }

    /// The next step of a cluster, with the steps that it waits for.
    fn next<'w>(
        &self,
        name: &'a ClusterName,
        waits: &'w BTreeMap<Place<'a>, Vec<Place<'a>>>,
    ) -> Option<(usize, &'w [Place<'a>])> {
        let line = self.lines.get(name)?;
        let place = line.needs.len();
        line.steps.get(place)?;
        Some((place, waits.get(&(name, place)).map_or(&[], Vec::as_slice)))
    }

    fn needs(&self, of: &ClusterName, at: usize) -> Option<&BTreeMap<&'a ClusterName, usize>> {
        self.lines.get(of)?.needs.get(at)
    }

    fn step(&self, (of, at): Place<'_>) -> Option<&'a Step> {
        self.lines.get(of)?.steps.get(at)
    }

    /// Who waits for whom where nobody can go on, from one cluster to the next until it closes.
    fn circle(&self, waits: &BTreeMap<Place<'a>, Vec<Place<'a>>>) -> Vec<(&'a StepId, &'a StepId)> {
        let mut hops: Vec<(&'a ClusterName, &'a StepId, &'a StepId)> = Vec::new();
        let mut stuck = self
            .lines
            .iter()
            .filter(|(_, line)| line.needs.len() < line.steps.len());
        let mut at = stuck.next().map(|(name, _)| *name);
        while let Some(name) = at {
            if let Some(from) = hops.iter().position(|(met, ..)| *met == name) {
                hops.drain(..from);
                break;
            }
            let Some((place, firsts)) = self.next(name, waits) else {
                break;
            };
            let open = firsts.iter().find(|(of, at)| self.needs(of, *at).is_none());
            let step = self.step((name, place));
            let (Some(open), Some(step)) = (open, step) else {
                break;
            };
            let Some(first) = self.step(*open) else {
                break;
            };
            hops.push((name, &step.id, &first.id));
            at = Some(open.0);
        }
        hops.into_iter()
            .map(|(_, then, first)| (then, first))
            .collect()
    }

    /// The clusters, with their steps.
    pub(super) fn clusters(&self) -> impl Iterator<Item = (&'a ClusterName, &'a [Step])> {
        self.lines.iter().map(|(name, line)| (*name, line.steps))
    }

    /// The steps of a cluster.
    pub(super) fn steps(&self, of: &ClusterName) -> &'a [Step] {
        self.lines.get(of).map_or(&[], |line| line.steps)
    }

    /// Whether a step of one cluster is done before a step of another begins, in every order.
    pub(super) fn precedes(&self, (of, at): Place<'_>, (then, place): Place<'_>) -> bool {
        let needs = self.needs(then, place);
        needs
            .and_then(|needs| needs.get(of))
            .is_some_and(|count| *count > at)
    }

    /// The order in which the steps of one cluster come as early as the links allow: before each of them nothing is done
    /// elsewhere that it does not wait for. The steps of some other clusters follow.
    pub(super) fn earliest(
        &self,
        of: &'a ClusterName,
        others: &BTreeSet<&ClusterName>,
    ) -> Vec<(&'a ClusterName, &'a Step)> {
        let mut done: BTreeMap<&ClusterName, usize> = BTreeMap::new();
        let mut sequence = Vec::new();
        for (place, step) in self.steps(of).iter().enumerate() {
            let none = BTreeMap::new();
            let needs = self.needs(of, place).unwrap_or(&none);
            let is_new = |(name, count): (&&ClusterName, &usize)| {
                done.get(*name).is_none_or(|done| done < count)
            };
            if needs.iter().any(is_new) {
                let due = |(name, at): &Place<'a>| needs.get(name).is_some_and(|count| at < count);
                self.carry_out(&mut sequence, &mut done, due);
            }
            sequence.push((of, step));
        }
        let rest = |(name, _): &Place<'a>| *name != of && others.contains(*name);
        self.carry_out(&mut sequence, &mut done, rest);
        sequence
    }

    fn carry_out(
        &self,
        sequence: &mut Vec<(&'a ClusterName, &'a Step)>,
        done: &mut BTreeMap<&'a ClusterName, usize>,
        which: impl Fn(&Place<'a>) -> bool,
    ) {
        for (name, at) in self.whole.iter().filter(|place| which(place)) {
            let known = done.entry(*name).or_default();
            if at < known {
                continue;
            }
            *known = at + 1;
            sequence.extend(self.step((*name, *at)).map(|step| (*name, step)));
        }
    }
}
