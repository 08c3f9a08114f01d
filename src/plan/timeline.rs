//! When what happens, from what the steps typically take. Waiting for a person or an issuer is not counted.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Serialize;

use crate::model::{NodeName, ServiceName, StepId};

use super::step::{Action, ClusterPlan, Reversal, Stage, Step};

/// The course of one cluster's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Every step in order.
    pub steps: Vec<Timed>,
    /// From the first step to the end of the last.
    pub total: SignedDuration,
    /// From the first disruptive step to the end of the stage that holds it: what a window must hold.
    pub window: SignedDuration,
    /// What users lose, by service: the sum over all nodes.
    pub outages: BTreeMap<ServiceName, Outage>,
    /// Where a change may be left for later, in order.
    pub safe_stops: Vec<SafeStop>,
    /// The first step that cannot be undone.
    pub no_return: Option<StepId>,
    /// Steps that wait for a person or an issuer, for as long as those take.
    pub waits: Vec<StepId>,
}

/// One step in time, counted from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timed {
    /// The step.
    pub step: StepId,
    /// When it starts.
    pub starts: SignedDuration,
    /// When it ends.
    pub ends: SignedDuration,
}

/// How long a service is missed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outage {
    /// What users notice.
    pub loses: String,
    /// The sum over all nodes.
    pub lasts: SignedDuration,
    /// On which nodes, one after the other.
    pub nodes: Vec<NodeName>,
}

/// A step after which a change may rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SafeStop {
    /// The step.
    pub after: StepId,
    /// What holds then.
    pub state: String,
}

/// Lays the steps of a plan out in time.
pub fn timeline(plan: &ClusterPlan) -> Timeline {
    let mut clock = SignedDuration::ZERO;
    let mut steps = Vec::new();
    let mut outages: BTreeMap<ServiceName, Outage> = BTreeMap::new();
    let mut disrupted: Option<SignedDuration> = None;
    let mut window = SignedDuration::ZERO;
    for step in &plan.steps {
        let starts = clock;
        clock = clock.saturating_add(step.takes);
        steps.push(Timed {
            step: step.id.clone(),
            starts,
            ends: clock,
        });
        if let Some(disruption) = &step.disruption {
            disrupted.get_or_insert(starts);
            let outage = outages.entry(disruption.service.clone()).or_default();
            outage.loses.clone_from(&disruption.loses);
            outage.lasts = outage.lasts.saturating_add(disruption.lasts);
            outage.nodes.extend(step.node.clone());
        }
        if let Some(begun) = disrupted.filter(|_| step.stage == Stage::Activate) {
            window = clock.saturating_sub(begun);
        }
    }
    Timeline {
        steps,
        total: clock,
        window,
        outages,
        safe_stops: safe_stops(&plan.steps),
        no_return: plan
            .steps
            .iter()
            .find(|step| matches!(step.reversal, Reversal::Irreversible { .. }))
            .map(|step| step.id.clone()),
        waits: plan
            .steps
            .iter()
            .filter(|step| waits(step))
            .map(|step| step.id.clone())
            .collect(),
    }
}

fn waits(step: &Step) -> bool {
    matches!(
        step.action,
        Action::Person { .. } | Action::AwaitCertificates { .. }
    )
}

/// A change may rest wherever no node is between its first restart and its proof.
fn safe_stops(steps: &[Step]) -> Vec<SafeStop> {
    let with_next = steps.iter().zip(steps.iter().skip(1));
    let mut stored = false;
    with_next
        .filter_map(|(step, next)| {
            stored |= matches!(step.action, Action::UploadIdentity { .. });
            let uploads_next = matches!(next.action, Action::UploadIdentity { .. });
            let state = match (&step.action, &step.node) {
                (Action::UploadTrust { .. }, _) if next.stage > Stage::Prepare => {
                    "the chains are trusted; nothing that is served has changed".to_owned()
                }
                (Action::AwaitCertificates { .. }, _) if next.stage > Stage::Request => {
                    "the certificates are there and checked; nothing that is served has changed".to_owned()
                }
                (Action::UploadIdentity { .. }, _) if !uploads_next => {
                    "the new certificates are stored; a node serves its old one until it restarts".to_owned()
                }
                (Action::Confirm { .. }, None) if step.stage == Stage::Activate => {
                    "every phone is back; the next certificate has not changed anything yet".to_owned()
                }
                // Restarts for what was added to stores, before any certificate is stored.
                (Action::Confirm { .. }, Some(node)) if !stored => format!(
                    "{node} has taken up what was added to its stores; nothing that is served has changed"
                ),
                (Action::Confirm { .. }, Some(_)) if next.stage != Stage::Activate => {
                    "every node of this purpose serves its new certificate".to_owned()
                }
                // Phones do not hold the new list yet: no place to rest.
                (Action::Confirm { .. }, Some(_))
                    if matches!(next.action, Action::ResetPhones { .. }) =>
                {
                    return None;
                }
                (Action::Confirm { .. }, Some(node)) => format!(
                    "{node} and the nodes before it serve the new certificate, the others the old one"
                ),
                _ => return None,
            };
            Some(SafeStop { after: step.id.clone(), state })
        })
        .collect()
}
