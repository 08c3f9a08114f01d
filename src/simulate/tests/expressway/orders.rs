//! The adversarial orders against orders taken at random: whatever breaks in any of them, the proof names.

use std::collections::BTreeMap;

use crate::edges::expressway::{facts, join_all};
use crate::edges::{Edge as Connection, Site, walk};

use super::*;

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// One order that sequences and links allow.
fn any_order<'a>(plan: &'a Plan, numbers: &mut Numbers) -> Vec<(&'a ClusterName, &'a Step)> {
    let mut left: BTreeMap<&ClusterName, &[Step]> = plan
        .clusters
        .iter()
        .map(|(name, cluster)| (name, cluster.steps.as_slice()))
        .collect();
    let mut done: BTreeSet<&StepId> = BTreeSet::new();
    let mut sequence = Vec::new();
    loop {
        let ready: Vec<&ClusterName> = left
            .iter()
            .filter(|(_, steps)| {
                let next = steps.first();
                next.is_some_and(|next| {
                    let mut waits = plan.links.iter().filter(|link| link.then == next.id);
                    waits.all(|link| done.contains(&link.first))
                })
            })
            .map(|(name, _)| *name)
            .collect();
        if ready.is_empty() {
            break;
        }
        let name = ready[numbers.below(ready.len())];
        let (first, rest) = left[name].split_first().unwrap();
        left.insert(name, rest);
        done.insert(&first.id);
        sequence.push((name, first));
    }
    assert!(
        left.values().all(|steps| steps.is_empty()),
        "every step has its turn"
    );
    sequence
}

/// The connections that break in one order.
fn broken(observation: &Observation, sequence: &[(&ClusterName, &Step)]) -> Vec<Connection> {
    let facts = facts(observation);
    let mut site = Site::of(observation);
    let edges = join_all(&mut site, observation, &facts);
    let walked = walk(
        site,
        &edges,
        &observation.clusters,
        sequence,
        observation.to,
    );
    walked.broken.into_iter().map(|each| each.edge).collect()
}

#[test]
fn no_order_breaks_what_the_proof_does_not_name() {
    let observation = observed();
    let whole = good(&observation);
    let mut numbers = Numbers(20_261_122);
    let (mut with, mut without) = (0, 0);
    // Every choice of links that are there, and the naive plan.
    let choices = 1_usize << whole.links.len();
    let plans = (0..choices).map(|choice| {
        let links = whole.links.iter().enumerate();
        let kept = links.filter(|(number, _)| choice >> number & 1 == 1);
        Plan {
            links: kept.map(|(_, link)| link.clone()).collect(),
            ..whole.clone()
        }
    });
    for plan in plans.chain([naive()]) {
        let proof = prove(&observation, &plan);
        let named = proof.violations.iter().filter(|it| it.invariant == "I16");
        let named: BTreeSet<_> = named.flat_map(|it| it.nodes.iter().cloned()).collect();
        let mut met = BTreeSet::new();
        for _ in 0..20 {
            let sequence = any_order(&plan, &mut numbers);
            for edge in broken(&observation, &sequence) {
                met.extend(
                    [edge.relying(), edge.presenting()]
                        .iter()
                        .filter_map(|end| end.name().cloned()),
                );
            }
        }
        assert!(
            met.is_subset(&named),
            "{:?}\n{met:?}\n{}",
            plan.links,
            told(&proof)
        );
        if named.is_empty() {
            without += 1
        } else {
            with += 1
        }
    }
    assert!(with > 10 && without > 1, "{with} {without}");
}

#[test]
fn steps_come_no_earlier_than_links_allow() {
    use super::super::super::order::Order;
    let observation = observed();
    let plan = good(&observation);
    let order = Order::of(&plan).unwrap();
    let all: BTreeSet<&ClusterName> = plan.clusters.keys().collect();
    let steps: usize = plan
        .clusters
        .values()
        .map(|cluster| cluster.steps.len())
        .sum();
    for name in plan.clusters.keys() {
        let sequence = order.earliest(name, &all);
        assert_eq!(sequence.len(), steps);
        let at = |id: &StepId| {
            sequence
                .iter()
                .position(|(_, step)| step.id == *id)
                .unwrap()
        };
        assert!(
            plan.links
                .iter()
                .all(|link| at(&link.first) < at(&link.then))
        );
        for cluster in plan.clusters.values() {
            assert!(cluster.steps.is_sorted_by_key(|step| at(&step.id)));
        }
        // Nothing is done elsewhere before the first step that waits for it.
        let own = &plan.clusters[name].steps;
        let waits = own
            .iter()
            .position(|step| plan.links.iter().any(|link| link.then == step.id));
        let waits = waits.unwrap();
        assert!(sequence[..waits].iter().all(|(of, _)| *of == name));
    }
}
