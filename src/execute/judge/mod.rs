//! Conditions judged on what was seen. Pure. What was not seen satisfies nothing.

mod phones;
mod services;
mod traversal;

use jiff::Timestamp;

use crate::journal::{Artifacts, IssuedLeaf};
use crate::model::{
    BackupJob, ClusterState, Fingerprint, Listener, NodeName, NodeState, Observed, Purpose, Role,
    SsoState, StepId, Store,
};
use crate::plan::Condition;

pub(super) use phones::{not_back, untouched};

/// One look at a cluster, with what the run has learned so far.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What was seen.
    pub state: &'a ClusterState,
    /// When the look ended, by the operator's clock. Uptimes are counted back from it, so that an instance that
    /// counts as older than a step is older (claim: CUCM-CC-UPTIME).
    pub ended: Timestamp,
    /// What the run has learned, as [`crate::journal::Replay::artifacts_of`] the cluster tells it.
    pub artifacts: &'a Artifacts,
}

/// What a look says of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It holds.
    Holds,
    /// It does not.
    Fails {
        /// What should be.
        expected: String,
        /// What is.
        found: String,
    },
    /// It could not be learned.
    Unknown {
        /// Why.
        why: String,
    },
}

use Judgement::{Fails, Holds, Unknown};

/// Judges one condition.
pub fn judge(condition: &Condition, look: Look<'_>) -> Judgement {
    let Look {
        state, artifacts, ..
    } = look;
    match condition {
        Condition::Trusts {
            node,
            store,
            sha256,
        } => on(state, node, |seen| trusts(seen, node, store, sha256)),
        Condition::NoRequest { node, purpose } => {
            on(state, node, |seen| no_request(seen, node, purpose))
        }
        Condition::RequestOf {
            node,
            purpose,
            step,
        } => on(state, node, |seen| {
            request_of(seen, node, purpose, step, artifacts)
        }),
        Condition::IdentityIs {
            node,
            purpose,
            sha256,
        } => on(state, node, |seen| {
            identity(state, seen, node, purpose, sha256)
        }),
        Condition::IdentityOf {
            node,
            purpose,
            step,
        } => with_leaf(step, artifacts, |leaf| {
            on(state, node, |seen| {
                identity(state, seen, node, purpose, &leaf.sha256)
            })
        }),
        Condition::Serves {
            node,
            listener,
            step,
        } => with_leaf(step, artifacts, |leaf| {
            on(state, node, |seen| {
                serves(state, seen, node, *listener, &leaf.sha256)
            })
        }),
        Condition::StartedSince {
            node,
            service,
            step,
        } => on(state, node, |seen| {
            services::started_since(seen, node, service, step, look)
        }),
        Condition::TrustListHolds { step } => {
            with_leaf(step, artifacts, |leaf| phones::listed(step, leaf, state))
        }
        Condition::PhonesReset { pool, step } => phones::reset(pool, step, look),
        Condition::PhonesBack { resets, .. } => phones::back(resets, look),
        Condition::Runs { node, service } => on(state, node, |seen| {
            services::run(seen, node, std::iter::once(service))
        }),
        Condition::Healthy { node, services } => on(state, node, |seen| {
            services::run(seen, node, services.iter())
        }),
        Condition::SsoDisabled { node } => on(state, node, |seen| {
            single_sign_on(seen, node, SsoState::Disabled)
        }),
        Condition::SsoEnabled { node } => on(state, node, |seen| {
            single_sign_on(seen, node, SsoState::Enabled)
        }),
        Condition::BackupIdle { node } => on(state, node, |seen| backup_idle(seen, node)),
        Condition::ReplicationGood {} => replication(state),
        Condition::PhonesAtLeast { count } => phones::at_least(state, *count),
        Condition::Traverses {
            node,
            zones,
            tunnels,
        } => on(state, node, |seen| {
            traversal::goes(seen, node, zones, *tunnels)
        }),
    }
}

fn fails(expected: impl Into<String>, found: impl Into<String>) -> Judgement {
    Fails {
        expected: expected.into(),
        found: found.into(),
    }
}

fn unknown(what: impl std::fmt::Display, why: &str) -> Judgement {
    Unknown {
        why: format!("{what} is unknown: {why}"),
    }
}

fn on(
    state: &ClusterState,
    node: &NodeName,
    judge: impl FnOnce(&NodeState) -> Judgement,
) -> Judgement {
    state
        .nodes
        .get(node)
        .map_or_else(|| unknown(node, "it was not observed"), judge)
}

fn with_leaf(
    step: &StepId,
    artifacts: &Artifacts,
    judge: impl FnOnce(&IssuedLeaf) -> Judgement,
) -> Judgement {
    match artifacts.leaves.get(step) {
        Some(leaf) => judge(leaf),
        None => unknown(
            format!("the certificate for the request of {step}"),
            "none was recorded",
        ),
    }
}

fn trusts(seen: &NodeState, node: &NodeName, store: &Store, sha256: &Fingerprint) -> Judgement {
    let expected = || format!("{} in {store} of {node}", sha256.short());
    match (seen.trusts(store, sha256), seen.trust.get(store)) {
        (Some(true), _) => Holds,
        (Some(false), _) => fails(expected(), "the store does not hold it"),
        (None, Some(entries)) => unknown(
            format!("{store} of {node}"),
            entries.unknown().unwrap_or("not asked"),
        ),
        (None, None) => unknown(format!("{store} of {node}"), inventory_gap(seen)),
    }
}

/// Why the certificate inventory of a node is unknown.
fn inventory_gap(seen: &NodeState) -> &str {
    seen.inventory
        .unknown()
        .unwrap_or("the node does not list it")
}

fn no_request(seen: &NodeState, node: &NodeName, purpose: &Purpose) -> Judgement {
    match seen.pending.get(purpose) {
        Some(Observed::Absent) => Holds,
        Some(Observed::Present(request)) => fails(
            format!("no {purpose} request waiting on {node}"),
            format!(
                "one for the key {} with subject {}",
                request.key.sha256.short(),
                request.subject
            ),
        ),
        Some(Observed::Unknown(why)) => unknown(format!("the {purpose} request of {node}"), why),
        None => unknown(
            format!("the {purpose} request of {node}"),
            inventory_gap(seen),
        ),
    }
}

fn request_of(
    seen: &NodeState,
    node: &NodeName,
    purpose: &Purpose,
    step: &StepId,
    artifacts: &Artifacts,
) -> Judgement {
    let what = || format!("the {purpose} request of {node}");
    let Some(made) = artifacts.requests.get(step) else {
        return unknown(format!("the request of {step}"), "none was recorded");
    };
    let expected = || {
        format!(
            "the {purpose} request of {step} (key {}) on {node}",
            made.public_key.short()
        )
    };
    match seen.pending.get(purpose) {
        Some(Observed::Present(found)) if found.key.sha256 == made.public_key => Holds,
        Some(Observed::Present(found)) => fails(
            expected(),
            format!("another one, for the key {}", found.key.sha256.short()),
        ),
        Some(Observed::Absent) => fails(expected(), "no request"),
        Some(Observed::Unknown(why)) => unknown(what(), why),
        None => unknown(what(), inventory_gap(seen)),
    }
}

fn identity(
    state: &ClusterState,
    seen: &NodeState,
    node: &NodeName,
    purpose: &Purpose,
    leaf: &Fingerprint,
) -> Judgement {
    let what = || format!("the {purpose} certificate of {node}");
    match seen.identities.get(purpose) {
        Some(Observed::Present(found)) if found == leaf => Holds,
        Some(Observed::Present(found)) => fails(
            format!("{} stored as {}", leaf.short(), what()),
            named(state, found),
        ),
        Some(Observed::Absent) => fails(format!("{} stored as {}", leaf.short(), what()), "none"),
        Some(Observed::Unknown(why)) => unknown(what(), why),
        None => unknown(what(), inventory_gap(seen)),
    }
}

fn serves(
    state: &ClusterState,
    seen: &NodeState,
    node: &NodeName,
    listener: Listener,
    leaf: &Fingerprint,
) -> Judgement {
    let expected = || format!("{node} serving {} on {listener}", leaf.short());
    match seen.served.get(&listener) {
        Some(Observed::Present(chain)) if chain.leaf == *leaf => Holds,
        Some(Observed::Present(chain)) => fails(expected(), named(state, &chain.leaf)),
        Some(Observed::Absent) => fails(expected(), "nothing is served there"),
        Some(Observed::Unknown(why)) => unknown(format!("what {node} serves on {listener}"), why),
        None => unknown(format!("what {node} serves on {listener}"), "not asked"),
    }
}

fn named(state: &ClusterState, found: &Fingerprint) -> String {
    match state.certificates.get(found) {
        Some(certificate) => format!(
            "{} ({}, issued by {})",
            found.short(),
            certificate.title(),
            certificate.issuer
        ),
        None => found.short().to_owned(),
    }
}

fn single_sign_on(seen: &NodeState, node: &NodeName, wanted: SsoState) -> Judgement {
    let word = |state| match state {
        SsoState::Enabled => "on",
        SsoState::Disabled => "off",
    };
    let expected = || format!("single sign-on {} on {node}", word(wanted));
    match &seen.sso {
        Observed::Present(found) if *found == wanted => Holds,
        Observed::Present(found) => fails(expected(), format!("it is {}", word(*found))),
        Observed::Absent => fails(expected(), "the node has none"),
        Observed::Unknown(why) => unknown(format!("single sign-on of {node}"), why),
    }
}

fn backup_idle(seen: &NodeState, node: &NodeName) -> Judgement {
    match &seen.backup_job {
        Observed::Present(BackupJob::Idle) => Holds,
        Observed::Present(BackupJob::Running(what)) => fails(
            format!("no backup or restore running on {node}"),
            what.as_str(),
        ),
        Observed::Absent => fails(format!("a backup state of {node}"), "the node has none"),
        Observed::Unknown(why) => unknown(format!("the backup state of {node}"), why),
    }
}

/// Publisher and subscribers must be listed; whether IM and Presence nodes are is not settled, so that one
/// of those counts only if it is.
fn replication(state: &ClusterState) -> Judgement {
    let states = match &state.replication {
        Observed::Present(states) => states,
        Observed::Absent => return fails("good replication on every node", "no node is listed"),
        Observed::Unknown(why) => return unknown("replication", why),
    };
    let listed = |role| matches!(role, Role::Publisher | Role::Subscriber);
    let missing = state
        .nodes
        .iter()
        .find(|(name, node)| listed(node.role) && !states.contains_key(*name));
    if let Some((name, _)) = missing {
        return unknown(format!("replication of {name}"), "it is not listed");
    }
    let bad: Vec<String> = states
        .iter()
        .filter(|(_, replication)| !replication.is_good())
        .map(|(name, replication)| format!("{name}: {}", replication.words))
        .collect();
    if bad.is_empty() {
        Holds
    } else {
        fails("good replication on every node", bad.join(", "))
    }
}
