//! Links between clusters: they mean steps that exist, close no circle, and say who is carried out together.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ClusterName, Fingerprint, StepId};
use crate::plan::{Action, Plan};

use super::order::{Order, places};
use super::{Judge, Proof};

/// What helps where the plan contradicts itself.
const DAMAGED: &str = "The plan file was changed or damaged; plan again.";

/// Whether links mean what is there; the order that they make, if they make one.
pub(super) fn check<'a>(proof: &mut Proof, plan: &'a Plan) -> Option<Order<'a>> {
    let places = places(plan);
    if !plan.links.is_empty() {
        named_once(proof, plan);
    }
    for link in &plan.links {
        let first = places.get(&link.first).map(|(cluster, _)| *cluster);
        let then = places.get(&link.then).map(|(cluster, _)| *cluster);
        let Some(concerned) = then.or(first).or_else(|| plan.clusters.keys().next()) else {
            continue;
        };
        let mut judge = Judge::new(concerned);
        let apart = first.is_some() && then.is_some() && first != then;
        judge.require(apart, "shape", None, &[], || {
            let what = match (first, then) {
                (None, _) => format!("no step is called {}", link.first),
                (_, None) => format!("no step is called {}", link.then),
                _ => "both belong to one cluster, which has an order of its own".to_owned(),
            };
            let (first, then, why) = (&link.first, &link.then, &link.why);
            let says = format!("a link says that {first} comes before {then} ({why}), and {what}");
            (says, DAMAGED.to_owned())
        });
        proof.absorb(judge);
    }
    match Order::of(plan) {
        Ok(order) => Some(order),
        Err(circle) => {
            closed(proof, plan, &circle);
            None
        }
    }
}

/// Links name steps without their cluster.
fn named_once(proof: &mut Proof, plan: &Plan) {
    let mut met: BTreeMap<&StepId, &ClusterName> = BTreeMap::new();
    for (name, cluster) in &plan.clusters {
        let mut judge = Judge::new(name);
        for step in &cluster.steps {
            let other = met.insert(&step.id, name).filter(|other| *other != name);
            judge.require(other.is_none(), "shape", Some(step), &[], || {
                let other = other.map(ClusterName::as_str).unwrap_or_default();
                (
                    format!(
                        "{other} has a step called {} too, so that a link to it means nothing",
                        step.id
                    ),
                    DAMAGED.to_owned(),
                )
            });
        }
        proof.absorb(judge);
    }
}

fn closed(proof: &mut Proof, plan: &Plan, circle: &[(&StepId, &StepId)]) {
    let places = places(plan);
    let begin = circle.first().and_then(|(then, _)| places.get(*then));
    let Some(name) = begin
        .map(|(name, _)| *name)
        .or_else(|| plan.clusters.keys().next())
    else {
        return;
    };
    let says: Vec<String> = circle
        .iter()
        .map(|(then, first)| format!("{then} waits for {first}"))
        .collect();
    let mut judge = Judge::new(name);
    judge.breaks(
        "shape",
        None,
        &[],
        format!(
            "steps of clusters wait for each other in a circle, so that none of them can begin: {}",
            says.join(", ")
        ),
        super::PLAN_AGAIN,
    );
    proof.absorb(judge);
}

/// For each cluster that is linked with others, the authorities of the certificates that those get.
pub(super) fn authorities_elsewhere(plan: &Plan) -> BTreeMap<&ClusterName, BTreeSet<&Fingerprint>> {
    let mut found = BTreeMap::new();
    for group in together(plan) {
        for name in &group {
            let others = group.iter().filter(|other| *other != name);
            let others = others.filter_map(|other| plan.clusters.get(*other));
            let steps = others.flat_map(|cluster| &cluster.steps);
            let chains = steps.filter_map(|step| match &step.action {
                Action::AwaitCertificates { terms, .. } => Some(&terms.chain),
                _ => None,
            });
            found.insert(*name, chains.flatten().collect());
        }
    }
    found
}

/// Clusters that are carried out together: linked directly or through others.
fn together(plan: &Plan) -> Vec<BTreeSet<&ClusterName>> {
    let places = places(plan);
    let mut groups: Vec<BTreeSet<&ClusterName>> = Vec::new();
    for link in &plan.links {
        let ends = [&link.first, &link.then].map(|step| places.get(step).map(|(name, _)| *name));
        let mut joined: BTreeSet<&ClusterName> = ends.into_iter().flatten().collect();
        groups.retain(|group| {
            let apart = group.is_disjoint(&joined);
            if !apart {
                joined.extend(group);
            }
            apart
        });
        groups.push(joined);
    }
    groups
}
