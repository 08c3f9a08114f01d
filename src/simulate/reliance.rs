//! Make before break between clusters (I16): no node shows a certificate that somebody who relies on it cannot verify.
//!
//! Between clusters no sequence says what comes first, only links do. For each cluster one order is taken in which its
//! steps come as early as the links allow. That is exact for each pair: whatever one end has to be given before the
//! other changes, and no link brings before, is missing then. What an edge is, is [`crate::edges`]' business.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::edges::expressway::{self, Facts};
use crate::edges::{Broken, Edge, Site, symptoms, walk};
use crate::model::{ClusterName, NodeName, Observation, StepId};

use super::order::Order;
use super::{Judge, Proof};

/// How much was looked at between clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reliance {
    /// Connections to, from and between Expressways whose ends the plan changes.
    pub connections: usize,
    /// Those that verified before the plan.
    pub held: usize,
    /// Orders of steps.
    pub orders: usize,
    /// Judgements of one connection in one state.
    pub judgements: usize,
}

/// Walks every order, and tells which connection breaks.
pub(super) fn check(proof: &mut Proof, observation: &Observation, order: &Order<'_>) {
    let facts = expressway::facts(observation);
    if facts.is_empty() {
        return;
    }
    let mut site = Site::of(observation);
    let all = expressway::join_all(&mut site, observation, &facts);
    let planned: BTreeSet<&ClusterName> = order.clusters().map(|(name, _)| name).collect();
    let concerned = |edge: &&Edge| clusters(edge).any(|name| planned.contains(name));
    let concerned: Vec<&Edge> = all.iter().filter(concerned).collect();
    if concerned.is_empty() {
        return;
    }
    let held = concerned
        .iter()
        .filter(|edge| site.verdict(edge, observation.to).holds());
    let mut reliance = Reliance {
        connections: concerned.len(),
        held: held.count(),
        ..Reliance::default()
    };
    let mut broken: BTreeMap<Edge, Broken> = BTreeMap::new();
    for (name, _) in order.clusters() {
        let own = concerned
            .iter()
            .filter(|edge| clusters(edge).any(|of| of == name));
        let own: Vec<Edge> = own.copied().cloned().collect();
        if own.is_empty() {
            continue;
        }
        let others: BTreeSet<&ClusterName> = own.iter().flat_map(clusters).collect();
        let sequence = order.earliest(name, &others);
        let site = site_of(observation, &facts, &others);
        let walked = walk(site, &own, &observation.clusters, &sequence, observation.to);
        reliance.orders += 1;
        reliance.judgements += walked.judged;
        if let Some(extent) = proof.clusters.get_mut(name) {
            extent.checks += walked.judged;
        }
        for each in walked.broken {
            broken.entry(each.edge.clone()).or_insert(each);
        }
    }
    proof.reliance = Some(reliance);
    tell(proof, broken.into_values().collect());
}

/// The clusters of an edge's ends.
fn clusters(edge: &Edge) -> impl Iterator<Item = &ClusterName> {
    [&edge.from, &edge.to]
        .into_iter()
        .filter_map(|end| end.cluster())
}

/// What some clusters hold.
fn site_of<'a>(
    observation: &'a Observation,
    facts: &'a [Facts],
    among: &BTreeSet<&ClusterName>,
) -> Site<'a> {
    let mut site = Site::default();
    for (name, cluster) in observation
        .clusters
        .iter()
        .filter(|(name, _)| among.contains(name))
    {
        site.join(name, cluster);
    }
    for pair in facts {
        let mut peers = pair.core.keys().chain(pair.edge.keys());
        if peers.any(|(cluster, _)| among.contains(cluster)) {
            expressway::join(&mut site, observation, pair);
        }
    }
    site
}

/// One violation for each step and each way to mend it: one authority that is missing breaks many connections.
fn tell(proof: &mut Proof, broken: Vec<Broken>) {
    let mut causes: BTreeMap<(ClusterName, StepId, String), Vec<Broken>> = BTreeMap::new();
    for each in broken {
        let cause = (each.cluster.clone(), each.step.clone(), each.avoid.clone());
        causes.entry(cause).or_default().push(each);
    }
    for ((cluster, step, avoid), mut edges) in causes {
        // What is known to break is told before what can no longer be told.
        edges.sort_by_key(|each| !each.verdict.is_broken());
        let Some((first, more)) = edges.split_first() else {
            continue;
        };
        let ends: BTreeSet<&NodeName> = edges
            .iter()
            .flat_map(|each| [each.edge.relying(), each.edge.presenting()])
            .filter_map(|end| end.name())
            .collect();
        let mut judge = Judge::new(&cluster);
        judge.breaks(
            "I16",
            None,
            &ends.into_iter().collect::<Vec<_>>(),
            says(first, more),
            avoid,
        );
        for violation in &mut judge.violations {
            violation.step = Some(step.clone());
        }
        proof.absorb(judge);
    }
}

fn says(first: &Broken, more: &[Broken]) -> String {
    let (edge, verdict) = (&first.edge, &first.verdict);
    let until = first.until.as_ref().map_or_else(
        || "and stays so".to_owned(),
        |until| format!("until {until}"),
    );
    let mut text = if verdict.is_broken() {
        format!("{edge} is {verdict}, from here {until}")
    } else {
        format!("{edge} is {verdict}; it was known to verify before, from here {until}")
    };
    if let Some(seen) = symptoms(edge, verdict).first() {
        text.push_str(&format!("; seen as: {seen}"));
    }
    let others: BTreeSet<String> = more
        .iter()
        .map(|each| {
            let on = each
                .edge
                .port
                .map_or_else(String::new, |port| format!(" on {port}"));
            format!(
                "{} to {}{on} ({})",
                each.edge.from, each.edge.to, each.edge.leg
            )
        })
        .collect();
    if !others.is_empty() {
        let others: Vec<String> = others.into_iter().collect();
        text.push_str(&format!("; so are {}", others.join(", ")));
    }
    text
}
