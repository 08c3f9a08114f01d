//! The whole estate: what is due in each cluster, who must trust it before it is shown, and who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ClusterName, ClusterState, Product};

use super::Question;
use super::expressway::Party;
use super::facts::Refusals;
use super::family::Family;
use super::links::{self, Marks};
use super::refusal::Refusal;
use super::reliance;
use super::step::{ClusterPlan, Edge};
use super::trusting::Wanted;

/// A cluster of which everything is settled that does not depend on others.
pub(super) enum Settled<'a> {
    Family(Family<'a>),
    Party(Party<'a>),
}

/// Every plan of a cluster, and who waits for whom.
pub(super) type Planned = (BTreeMap<ClusterName, ClusterPlan>, Vec<Edge>);

/// Plans every cluster that was asked for.
///
/// # Errors
/// Every reason, over all clusters, why a part of it cannot be ordered safely.
pub(super) fn plan(question: &Question<'_>) -> Result<Planned, Refusals> {
    let mut refusals = Vec::new();
    let settled = settle(question, &mut refusals);
    let changes = reliance::changes(&settled);
    let wants = reliance::wants(question, &changes, &mut refusals);
    let mut plans = BTreeMap::new();
    let mut marks: BTreeMap<&ClusterName, Marks> = BTreeMap::new();
    for (name, cluster) in settled {
        let wanted = wants.get(name).map_or(&[][..], Vec::as_slice);
        match one(question, cluster, wanted) {
            Ok(Some((plan, mark))) => {
                plans.insert(name.clone(), plan);
                marks.insert(name, mark);
            }
            Ok(None) => {}
            Err(more) => refusals.extend(more),
        }
    }
    reliance::remind(question, &changes, &mut plans);
    if !refusals.is_empty() {
        refusals.sort();
        refusals.dedup();
        return Err(refusals);
    }
    let mut links = links::trust_first(&plans, &marks, &wants);
    links.extend(links::one_restart(question, &marks));
    links.sort();
    links.dedup();
    Ok((plans, links))
}

/// Settles every cluster that may be planned. One that no rule of the estate file covers may still have to trust
/// something for another.
fn settle<'a>(
    question: &Question<'a>,
    refusals: &mut Refusals,
) -> BTreeMap<&'a ClusterName, Settled<'a>> {
    let observed = &question.observation.clusters;
    let ruled = question
        .desired
        .certificates
        .iter()
        .map(|wanted| &wanted.cluster);
    let names: BTreeSet<&ClusterName> = ruled
        .chain(observed.keys())
        .filter(|cluster| question.options.takes_cluster(cluster))
        .collect();
    let mut settled = BTreeMap::new();
    for name in names {
        let Some(state) = observed.get(name) else {
            let says = "expected an observation of the cluster; it was not observed";
            let next = "Observe it, or leave it out with --except.";
            refusals.push(Refusal::of(name, says, next).breaking("I25"));
            continue;
        };
        match of_product(question, name, state) {
            Ok(cluster) => {
                settled.insert(name, cluster);
            }
            Err(more) => refusals.extend(more),
        }
    }
    settled
}

fn of_product<'a>(
    question: &Question<'a>,
    name: &'a ClusterName,
    state: &'a ClusterState,
) -> Result<Settled<'a>, Refusals> {
    match state.product {
        Product::Cucm | Product::UnityConnection => {
            Family::settle(question, name, state).map(Settled::Family)
        }
        Product::ExpresswayC | Product::ExpresswayE => {
            Party::settle(question, name, state).map(Settled::Party)
        }
    }
}

/// Plans one cluster with what it must trust for others.
fn one<'a>(
    question: &Question<'a>,
    cluster: Settled<'a>,
    wanted: &[Wanted<'a>],
) -> Result<Option<(ClusterPlan, Marks)>, Refusals> {
    Ok(match cluster {
        Settled::Family(family) => {
            let planned = family.plan(question, wanted)?;
            planned.map(|it| {
                let marks = Marks {
                    disturbs: it.disturbs,
                    loaded: it.loaded,
                    rounds: [None, None],
                };
                (it.plan, marks)
            })
        }
        Settled::Party(party) => {
            let planned = party.plan(question, wanted)?;
            planned.map(|it| {
                let marks = Marks {
                    disturbs: it.rounds[0].as_ref().map(|(first, _)| first.clone()),
                    loaded: it.loaded,
                    rounds: it.rounds,
                };
                (it.plan, marks)
            })
        }
    })
}
