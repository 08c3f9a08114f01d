//! Clusters whose steps wait for each other are carried out together.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::cluster::ClusterRun;
use super::outcome::{Class, Halt};
use crate::model::{ClusterName, StepId, Wave};
use crate::plan::{Plan, Step};

/// The clusters of a run that have come to their end, or as far as they come in this one.
#[derive(Default)]
pub(super) struct Ended(Mutex<BTreeSet<ClusterName>>);

impl Ended {
    pub(super) fn add(&self, cluster: &ClusterName) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.insert(cluster.clone());
    }

    fn contains(&self, cluster: &ClusterName) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.contains(cluster)
    }
}

/// The clusters of a plan in groups that links hold together, each with the number of the wave in which it changes:
/// the last in which any of them stands, because the others wait for that one.
pub(super) fn groups<'p>(plan: &'p Plan, waves: &[Wave]) -> Vec<(usize, Vec<&'p ClusterName>)> {
    let wave = |name: &ClusterName| {
        let stands = |wave: &Wave| wave.clusters.contains(name);
        waves.iter().position(stands).unwrap_or(waves.len())
    };
    let mut groups: Vec<(usize, Vec<&ClusterName>)> = plan
        .clusters
        .keys()
        .map(|name| (wave(name), vec![name]))
        .collect();
    for link in &plan.links {
        let (Some(first), Some(then)) = (owner(plan, &link.first), owner(plan, &link.then)) else {
            continue;
        };
        let (joined, mut rest): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|(_, names)| names.contains(&first) || names.contains(&then));
        let last = joined.iter().map(|(wave, _)| *wave).max();
        let names = joined.into_iter().flat_map(|(_, names)| names).collect();
        rest.push((last.unwrap_or(waves.len()), names));
        groups = rest;
    }
    groups
}

/// The cluster that a step belongs to.
fn owner<'p>(plan: &'p Plan, step: &StepId) -> Option<&'p ClusterName> {
    let has = |steps: &[Step]| steps.iter().any(|known| known.id == *step);
    let mut clusters = plan.clusters.iter();
    clusters
        .find(|(_, cluster)| has(&cluster.steps))
        .map(|(name, _)| name)
}

impl ClusterRun<'_> {
    /// Waits until every step of another cluster that comes before this one is done.
    pub(super) async fn await_links(&self, step: &Step) -> Result<(), Halt> {
        let links = &self.all.plan.links;
        for link in links.iter().filter(|link| link.then == step.id) {
            let done = || self.all.journal.view(|run| run.is_done(&link.first));
            let Some(other) = owner(&self.all.plan, &link.first).filter(|_| !done()) else {
                continue;
            };
            self.note(
                step,
                format!("waits for {} of {other}: {}", link.first, link.why),
            );
            loop {
                // Looked at before the journal: what was done right before the end counts.
                let ended = self.ended.contains(other);
                if done() {
                    break;
                }
                if ended {
                    return Err(Halt {
                        class: Class::Waiting,
                        step: Some(step.id.clone()),
                        what: format!(
                            "{} waits for {} of {other}, which has stopped before it: {}",
                            step.id, link.first, link.why
                        ),
                        next: format!("See to {other}, then `reissue resume`."),
                    });
                }
                self.may_go_on(step.id.as_str())?;
                self.pause().await;
            }
        }
        Ok(())
    }
}
