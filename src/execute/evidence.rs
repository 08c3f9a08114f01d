//! What a look proves about a change that may or may not have happened.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::by_itself::by_itself;
use super::judge::{Judgement, Look, judge, untouched};
use super::look::{Tally, tally};
use crate::journal::MadeRequest;
use crate::model::{
    ClusterState, ControlPath, NodeName, Observed, ServiceName, ServiceStatus, SigningRequest,
    SubjectName,
};
use crate::plan::{Action, Step};

/// What the device said to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It accepted.
    Accepted,
    /// It refused, in these words.
    Refused(String),
    /// It failed at it, by these words of its own; it may have acted, or done half.
    Broken(String),
    /// It said nothing, or this run did not live to hear it; the text says which.
    Silent(String),
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => formatter.write_str("the node accepted it"),
            Self::Refused(text) => write!(formatter, "the node refused it ({text})"),
            Self::Broken(text) | Self::Silent(text) => formatter.write_str(text),
        }
    }
}

/// What one look proves.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The change is seen in full.
    Applied,
    /// The node made this request; it is what was asked for and not recorded yet.
    Made(Box<MadeRequest>),
    /// The device shows no trace of the change.
    NotApplied(String),
    /// The change is seen in part, or is on its way.
    Partly { expected: String, found: String },
    /// Something else is there, which somebody else put there.
    Foreign { expected: String, found: String },
    /// The look did not tell.
    Undecided(String),
}

/// Judges one look. `acted` is when the change was sent at the earliest.
pub(super) fn evidence(step: &Step, word: &Word, acted: Timestamp, look: Look<'_>) -> Evidence {
    match &step.action {
        Action::RestartService { service, by } => {
            let told = *word == Word::Accepted && *by == ControlPath::Shell;
            restarted(step, service, told, acted, look)
        }
        Action::GenerateRequest { .. } if !look.artifacts.requests.contains_key(&step.id) => {
            requested(step, look.state)
        }
        Action::ResetPhones { .. } => reset(step, look),
        _ => by_conditions(step, look),
    }
}

fn by_conditions(step: &Step, look: Look<'_>) -> Evidence {
    let tally = tally(&step.after, look);
    // The list is written as a whole: one that lacks any of the certificates was written before.
    let whole = matches!(step.action, Action::UpdateTrustList {});
    match (&tally, tally.holding) {
        (Tally { unknown, .. }, _) if !unknown.is_empty() => Evidence::Undecided(tally.found()),
        (Tally { failing, .. }, _) if failing.is_empty() => Evidence::Applied,
        (_, holding) if holding == 0 || whole => Evidence::NotApplied(tally.found()),
        _ => Evidence::Partly {
            expected: tally.expected(),
            found: tally.found(),
        },
    }
}

/// A reset had no effect only if every phone of the pool is as it was before.
fn reset(step: &Step, look: Look<'_>) -> Evidence {
    let seen = by_conditions(step, look);
    let (Action::ResetPhones { pool }, Evidence::NotApplied(found)) = (&step.action, &seen) else {
        return seen;
    };
    if untouched(pool, &step.id, look) {
        return seen;
    }
    Evidence::Partly {
        expected: format!("every phone of device pool {pool} reset"),
        found: found.clone(),
    }
}

/// A request that was not there before the step is the step's own if it is what the step asked for.
fn requested(step: &Step, state: &ClusterState) -> Evidence {
    let Action::GenerateRequest { purpose, .. } = &step.action else {
        return Evidence::Undecided("the step makes no request".to_owned());
    };
    let Some(node) = &step.node else {
        return Evidence::Undecided("the step names no node".to_owned());
    };
    let pending = state
        .nodes
        .get(node)
        .and_then(|seen| seen.pending.get(purpose));
    match pending {
        Some(Observed::Present(request)) => {
            match misfit(step, &by_itself(state, node, request), request) {
                None => Evidence::Made(Box::new(MadeRequest {
                    public_key: request.key.sha256.clone(),
                    sha256: request.sha256.clone(),
                    pem: request.pem.clone(),
                })),
                Some((expected, found)) => Evidence::Foreign { expected, found },
            }
        }
        Some(Observed::Absent) => Evidence::NotApplied(format!("no {purpose} request on {node}")),
        Some(Observed::Unknown(why)) => Evidence::Undecided(why.clone()),
        None => Evidence::Undecided(unread_inventory(state, node)),
    }
}

fn unread_inventory(state: &ClusterState, node: &NodeName) -> String {
    let why = state
        .nodes
        .get(node)
        .and_then(|seen| seen.inventory.unknown());
    format!(
        "the requests of {node} are unknown: {}",
        why.unwrap_or("it does not list the purpose")
    )
}

/// How a request differs from what a step asks for, beside the names that a node puts in by itself. What the interface
/// makes of the names and of a multi-server request is not settled (cucm-rest-and-cli U1), so that nothing is taken for
/// granted.
fn misfit(
    step: &Step,
    own: &BTreeSet<SubjectName>,
    request: &SigningRequest,
) -> Option<(String, String)> {
    let Action::GenerateRequest {
        common_name,
        names,
        key,
        ..
    } = &step.action
    else {
        return None;
    };
    let mut expected = Vec::new();
    let mut found = Vec::new();
    let mut differ = |wanted: String, is: String| {
        expected.push(wanted);
        found.push(is);
    };
    if (request.key.algorithm, request.key.bits) != (key.algorithm, key.bits) {
        differ(
            format!("key {key}"),
            format!("{} with {} bits", request.key.algorithm, request.key.bits),
        );
    }
    let title = request.common_name.as_deref().unwrap_or_default();
    if !title.eq_ignore_ascii_case(common_name) && !own.contains(&SubjectName::dns(title)) {
        differ(format!("common name {common_name}"), format!("`{title}`"));
    }
    let mut extra = request.names.difference(names);
    if !names.is_subset(&request.names) || extra.any(|name| !own.contains(name)) {
        let listed = |names: &BTreeSet<_>| {
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        differ(
            format!("names {}", listed(names)),
            format!("names {}", listed(&request.names)),
        );
    }
    (!expected.is_empty()).then(|| {
        let request = format!("for the key {}", request.key.sha256.short());
        (
            format!("a request with {}", expected.join(", ")),
            format!("one {request} with {}", found.join(", ")),
        )
    })
}

/// Whether a service began to run after the request. Its uptime is counted back from the end of the look, so
/// that an instance counted as older than the request is older (claim: CUCM-CC-UPTIME).
fn restarted(
    step: &Step,
    service: &ServiceName,
    told_by_shell: bool,
    acted: Timestamp,
    look: Look<'_>,
) -> Evidence {
    let node = step.node.as_ref();
    let node = node.and_then(|node| look.state.nodes.get(node));
    let services = node.map(|node| &node.services);
    let service_state = match services {
        Some(Observed::Present(services)) => services.get(service),
        Some(Observed::Unknown(why)) => return Evidence::Undecided(why.clone()),
        Some(Observed::Absent) | None => None,
    };
    let Some(service_state) = service_state else {
        return Evidence::Undecided(format!("{service} is not listed"));
    };
    if service_state.status != ServiceStatus::Started {
        let found = format!("{service} is {}", service_state.status);
        return Evidence::Partly {
            expected: format!("{service} started"),
            found,
        };
    }
    let tally = tally(&step.after, look);
    let began = service_state
        .up_seconds
        .and_then(|up| i64::try_from(up).ok())
        .and_then(|up| look.ended.checked_sub(SignedDuration::from_secs(up)).ok());
    match began {
        Some(began) if began < acted => Evidence::NotApplied(format!(
            "{service} has run since {began:.0}, longer than the request"
        )),
        None if !told_by_shell && !serves_new(step, look) => Evidence::Undecided(format!(
            "{service} runs, and the node does not say since when"
        )),
        _ if tally.all_hold() => Evidence::Applied,
        _ => Evidence::Partly {
            expected: tally.expected(),
            found: tally.found(),
        },
    }
}

/// Whether a port shows a certificate that only a restart can have put there.
fn serves_new(step: &Step, look: Look<'_>) -> bool {
    use crate::plan::Condition::Serves;
    let mut serves = step
        .after
        .iter()
        .filter(|condition| matches!(condition, Serves { .. }))
        .peekable();
    serves.peek().is_some() && serves.all(|condition| judge(condition, look) == Judgement::Holds)
}
