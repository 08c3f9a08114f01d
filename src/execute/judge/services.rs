//! Services: whether they run, and since when.

use jiff::{SignedDuration, Timestamp};

use super::{Holds, Judgement, Look, fails, unknown};
use crate::model::{NodeName, NodeState, Observed, ServiceName, ServiceStatus, StepId};

pub(super) fn run<'a>(
    seen: &NodeState,
    node: &NodeName,
    services: impl Iterator<Item = &'a ServiceName>,
) -> Judgement {
    let states = match &seen.services {
        Observed::Present(states) => states,
        Observed::Absent => return fails(format!("services on {node}"), "it lists none"),
        Observed::Unknown(why) => return unknown(format!("the services of {node}"), why),
    };
    let down: Vec<String> = services
        .filter_map(|service| match states.get(service) {
            Some(state) if state.status == ServiceStatus::Started => None,
            Some(state) => Some(format!("{service} is {}", state.status)),
            None => Some(format!("{service} is not listed")),
        })
        .collect();
    if down.is_empty() {
        Holds
    } else {
        fails(
            format!("every expected service of {node} started"),
            down.join(", "),
        )
    }
}

/// Whether a service runs and began to after a step was first carried out.
pub(super) fn started_since(
    seen: &NodeState,
    node: &NodeName,
    service: &ServiceName,
    step: &StepId,
    look: Look<'_>,
) -> Judgement {
    let running = run(seen, node, std::iter::once(service));
    if running != Holds {
        return running;
    }
    let Some(acted) = look.artifacts.acted.get(step).copied() else {
        return unknown(
            format!("when step {step} was carried out"),
            "it was not recorded",
        );
    };
    let states = seen.services.present();
    let up = states.and_then(|states| states.get(service)?.up_seconds);
    match up.and_then(|up| began(up, look.ended)) {
        Some(began) if began < acted => fails(
            format!("{service} of {node} started after step {step}, at {acted:.0} or later"),
            format!("it has run since {began:.0}"),
        ),
        Some(_) => Holds,
        None => unknown(
            format!("since when {service} of {node} runs"),
            "the node does not say",
        ),
    }
}

/// When a service began that has been up for so many seconds at a moment.
fn began(up_seconds: u64, at: Timestamp) -> Option<Timestamp> {
    let up = i64::try_from(up_seconds).ok()?;
    at.checked_sub(SignedDuration::from_secs(up)).ok()
}
