//! Who waits for whom: steps of one cluster that come before steps of another.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::neighbours::far;
use crate::model::{ClusterName, Product, Purpose, StepId};

use super::Question;
use super::step::{Action, ClusterPlan, Edge};
use super::trusting::Wanted;

/// Steps of a cluster that steps of others wait for, or that wait for them.
pub(super) struct Marks {
    /// The first restart for what the cluster must trust for others.
    pub(super) disturbs: Option<StepId>,
    /// After it everything counts that the cluster must trust for others.
    pub(super) loaded: Option<StepId>,
    /// First restart and last proof of the rounds of a cluster of peers: for the lists, then for the certificates.
    pub(super) rounds: [Option<(StepId, StepId)>; 2],
}

/// Everybody who verifies a new certificate trusts its chain before the first one is stored (invariants I16, I21), and
/// nobody restarts for it before it is there.
pub(super) fn trust_first(
    plans: &BTreeMap<ClusterName, ClusterPlan>,
    marks: &BTreeMap<&ClusterName, Marks>,
    wants: &BTreeMap<&ClusterName, Vec<Wanted<'_>>>,
) -> Vec<Edge> {
    let mut links = Vec::new();
    for (relier, wanted) in wants {
        let Some(loaded) = marks.get(relier).and_then(|marks| marks.loaded.as_ref()) else {
            continue;
        };
        let disturbs = marks.get(relier).and_then(|marks| marks.disturbs.as_ref());
        for each in wanted {
            let plan = plans.get(each.of);
            let issued = plan.and_then(|plan| last_wait(plan, each.purpose));
            links.extend(issued.zip(disturbs).map(|(first, then)| Edge {
                first: first.clone(),
                then: then.clone(),
                why: format!(
                    "nobody of {relier} is disturbed for {} certificates of {} that may never come",
                    each.purpose, each.of
                ),
            }));
            links.extend(plan.and_then(|plan| first_upload(plan, each.purpose)).map(|then| Edge {
                first: loaded.clone(),
                then: then.clone(),
                why: format!(
                    "{relier} verifies the {} certificates of {} and must trust the new ones before any is stored (I16)",
                    each.purpose, each.of
                ),
            }));
        }
    }
    links
}

fn first_upload<'p>(plan: &'p ClusterPlan, wanted: &Purpose) -> Option<&'p StepId> {
    let is = |action: &Action| matches!(action, Action::UploadIdentity { purpose, .. } if purpose == wanted);
    plan.steps
        .iter()
        .find(|step| is(&step.action))
        .map(|step| &step.id)
}

/// The step that waits for the certificates of a purpose.
fn last_wait<'p>(plan: &'p ClusterPlan, wanted: &Purpose) -> Option<&'p StepId> {
    let first = first_upload(plan, wanted)?;
    let before = plan.steps.iter().take_while(|step| step.id != *first);
    let waits = before.filter(|step| matches!(step.action, Action::AwaitCertificates { .. }));
    waits.last().map(|step| &step.id)
}

/// Peers of Expressway-C and Expressway-E that belong together restart one at a time over all of them: the lists of the
/// edge, those of the core, the certificates of the edge, those of the core.
pub(super) fn one_restart(
    question: &Question<'_>,
    marks: &BTreeMap<&ClusterName, Marks>,
) -> Vec<Edge> {
    let clusters = &question.observation.clusters;
    let of = |name: &ClusterName| clusters.get(name).map(|state| state.product);
    let mut links = Vec::new();
    let mut seen: BTreeSet<&ClusterName> = BTreeSet::new();
    for start in marks.keys().copied() {
        if seen.contains(start) {
            continue;
        }
        let mut together: BTreeSet<&ClusterName> = BTreeSet::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            if together.insert(name) {
                open.extend(far(clusters, name));
            }
        }
        let mut last: Option<(&ClusterName, &StepId)> = None;
        for round in 0..2 {
            for side in [Product::ExpresswayE, Product::ExpresswayC] {
                for name in together
                    .iter()
                    .copied()
                    .filter(|name| of(name) == Some(side))
                {
                    let marks = marks
                        .get(name)
                        .and_then(|marks| marks.rounds.get(round)?.as_ref());
                    let Some((first, proved)) = marks else {
                        continue;
                    };
                    links.extend(last.filter(|(other, _)| *other != name).map(
                        |(other, before)| Edge {
                            first: before.clone(),
                            then: first.clone(),
                            why: format!("one peer of {other} and {name} restarts at a time (I26)"),
                        },
                    ));
                    last = Some((name, proved));
                }
            }
        }
        seen.extend(together);
    }
    links
}
