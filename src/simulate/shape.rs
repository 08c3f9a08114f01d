//! Whether a plan says what it means: identifiers, edges, references, and that every write promises to be
//! read back.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;

use crate::model::{Fingerprint, NodeName, Purpose, StepId};
use crate::plan::{Action, ClusterPlan, Condition, Stage, Step};

use super::world::World;
use super::{Judge, PLAN_AGAIN};

/// What helps where the plan contradicts itself.
const DAMAGED: &str = "The plan file was changed or damaged; plan again.";

pub(super) fn check(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    same_nodes(judge, world, plan);
    let mut places: BTreeMap<&StepId, usize> = BTreeMap::new();
    let mut requests: BTreeMap<&StepId, (&Purpose, &BTreeSet<NodeName>)> = BTreeMap::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let first = places.insert(&step.id, place).is_none();
        judge.require(first, "shape", Some(step), &[], || {
            (
                format!("two steps are called {}", step.id),
                DAMAGED.to_owned(),
            )
        });
        if let Action::GenerateRequest { purpose, nodes, .. } = &step.action {
            requests.insert(&step.id, (purpose, nodes));
        }
        has_its_place(judge, world, step);
        names_what_is(judge, world, step, &requests);
        reads_back(judge, step);
        states_its_time(judge, step);
    }
    for edge in &plan.edges {
        let ordered = match (places.get(&edge.first), places.get(&edge.then)) {
            (Some(first), Some(then)) => first < then,
            _ => false,
        };
        judge.require(ordered, "shape", None, &[], || {
            (
                format!(
                    "{} must come before {} ({}), and does not",
                    edge.first, edge.then, edge.why
                ),
                DAMAGED.to_owned(),
            )
        });
    }
    unneeded(judge, plan);
}

/// The plan is about the nodes that were observed.
fn same_nodes(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    let planned: BTreeSet<&NodeName> = plan.nodes.iter().collect();
    let seen: BTreeSet<&NodeName> = world.seen.nodes.keys().collect();
    let differing: Vec<&NodeName> = planned.symmetric_difference(&seen).copied().collect();
    judge.none(&differing, "shape", None, || {
        (
            "the plan and the observation do not have the same nodes".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
    let publisher = world.seen.publisher();
    let leads = plan.nodes.first() == publisher;
    let concerned: Vec<&NodeName> = publisher.into_iter().collect();
    judge.require(leads, "I9", None, &concerned, || {
        (
            "the publisher does not stand first among the plan's nodes".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// Every write acts on one node of the cluster and belongs to the stage at which a person may stop.
fn has_its_place(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let stage = match &step.action {
        Action::UploadTrust { .. } => Some(Stage::Prepare),
        Action::GenerateRequest { .. } | Action::AwaitCertificates { .. } => Some(Stage::Request),
        Action::UploadIdentity { .. } => Some(Stage::Install),
        Action::RestartService { .. } | Action::UpdateTrustList {} | Action::ResetPhones { .. } => {
            Some(Stage::Activate)
        }
        Action::Person { .. } | Action::Confirm { .. } => None,
    };
    let staged = stage.is_none_or(|stage| stage == step.stage);
    judge.require(staged, "shape", Some(step), &[], || {
        (
            format!("what it does does not belong to the stage {}: a person who stops before it would be misled", step.stage),
            DAMAGED.to_owned(),
        )
    });
    let placed = step
        .node
        .as_ref()
        .map_or(!super::writes(&step.action), |node| {
            world.nodes.contains_key(node)
        });
    judge.require(placed, "shape", Some(step), &[], || {
        (
            "it does not act on one node of the cluster".to_owned(),
            DAMAGED.to_owned(),
        )
    });
}

/// Conditions name nodes of the cluster, and requests that were made before for that node.
fn names_what_is(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    requests: &BTreeMap<&StepId, (&Purpose, &BTreeSet<NodeName>)>,
) {
    for condition in step.before.iter().chain(&step.after) {
        let (node, request) = match condition {
            Condition::RequestOf {
                node,
                purpose,
                step,
            }
            | Condition::IdentityOf {
                node,
                purpose,
                step,
            } => (node, Some((step, Some(purpose)))),
            Condition::Serves { node, step, .. } => (node, Some((step, None))),
            Condition::Trusts { node, .. }
            | Condition::NoRequest { node, .. }
            | Condition::IdentityIs { node, .. }
            | Condition::Runs { node, .. }
            | Condition::Healthy { node, .. }
            | Condition::SsoDisabled { node }
            | Condition::SsoEnabled { node }
            | Condition::BackupIdle { node } => (node, None),
            Condition::StartedSince { node, .. } => (node, None),
            Condition::TrustListHolds { .. }
            | Condition::PhonesReset { .. }
            | Condition::PhonesBack { .. }
            | Condition::ReplicationGood {}
            | Condition::PhonesAtLeast { .. } => continue,
        };
        let known = world.nodes.contains_key(node);
        judge.require(known, "shape", Some(step), &[node], || {
            (
                format!("a condition names {node}, which is no node of the cluster"),
                DAMAGED.to_owned(),
            )
        });
        let Some((id, purpose)) = request else {
            continue;
        };
        let made = requests.get(id).is_some_and(|(of, nodes)| {
            nodes.contains(node) && purpose.is_none_or(|purpose| purpose == *of)
        });
        judge.require(made, "shape", Some(step), &[node], || {
            (
                format!("a condition names {id} as this node's request; no step before made that"),
                DAMAGED.to_owned(),
            )
        });
    }
}

/// Every write names what must be seen afterwards (I22: a reply proves nothing).
fn reads_back(judge: &mut Judge<'_>, step: &Step) {
    let seen = |wanted: &dyn Fn(&Condition) -> bool| step.after.iter().any(wanted);
    let promised = match &step.action {
        Action::UploadTrust {
            store, sha256, pem, ..
        } => {
            let same = fingerprint_of(pem).as_ref() == Some(sha256);
            judge.require(same, "shape", Some(step), &[], || {
                (
                    "the certificate in this step is not the one it names".to_owned(),
                    DAMAGED.to_owned(),
                )
            });
            seen(&|it| {
                matches!(it, Condition::Trusts { node, store: into, sha256: of }
                    if Some(node) == step.node.as_ref() && into == store && of == sha256)
            })
        }
        Action::GenerateRequest { purpose, nodes, .. } => {
            let made = |at: &NodeName| {
                seen(&|it| {
                    matches!(it, Condition::RequestOf { node, purpose: of, step: by }
                        if node == at && of == purpose && *by == step.id)
                })
            };
            !nodes.is_empty() && nodes.iter().all(made)
        }
        Action::UploadIdentity {
            purpose,
            request,
            nodes,
        } => {
            let stored = |at: &NodeName| {
                seen(&|it| {
                    matches!(it, Condition::IdentityOf { node, purpose: of, step: by }
                        if node == at && of == purpose && by == request)
                })
            };
            !nodes.is_empty() && nodes.iter().all(stored)
        }
        Action::RestartService { service, .. } => seen(&|it| {
            matches!(it, Condition::Runs { node, service: of }
                if Some(node) == step.node.as_ref() && of == service)
        }),
        Action::UpdateTrustList {} => seen(&|it| matches!(it, Condition::TrustListHolds { .. })),
        Action::ResetPhones { pool } => seen(
            &|it| matches!(it, Condition::PhonesReset { pool: of, step: by } if of == pool && *by == step.id),
        ),
        Action::Confirm { .. } => !step.after.is_empty(),
        Action::Person { .. } | Action::AwaitCertificates { .. } => true,
    };
    judge.require(promised, "I22", Some(step), &[], || {
        (
            "what it does would not be read back, and a device's answer proves nothing".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I27: without its time nobody can say whether a step still fits the window.
fn states_its_time(judge: &mut Judge<'_>, step: &Step) {
    let disruptive =
        step.disruption.is_some() || matches!(step.action, Action::RestartService { .. });
    let lasts = step.disruption.as_ref().map(|it| it.lasts);
    let stated =
        !disruptive || (step.takes.is_positive() && lasts.is_none_or(|lasts| !lasts.is_negative()));
    judge.require(stated, "I27", Some(step), &[], || {
        (
            "it disturbs users and does not state how long, so that no window can be kept"
                .to_owned(),
            "Give the restart its time in the playbook.".to_owned(),
        )
    });
}

/// No authority is made trusted that no certificate of this plan needs.
fn unneeded(judge: &mut Judge<'_>, plan: &ClusterPlan) {
    let mut needed: BTreeSet<&Fingerprint> = BTreeSet::new();
    for step in &plan.steps {
        if let Action::AwaitCertificates { terms, .. } = &step.action {
            needed.extend(&terms.chain);
        }
    }
    for step in &plan.steps {
        let Action::UploadTrust { sha256, title, .. } = &step.action else {
            continue;
        };
        judge.require(needed.contains(sha256), "shape", Some(step), &[], || {
            (
                format!(
                    "the cluster would trust {title}, to which no certificate of this plan chains"
                ),
                DAMAGED.to_owned(),
            )
        });
    }
}

/// SHA-256 of the DER inside one PEM block.
fn fingerprint_of(pem: &str) -> Option<Fingerprint> {
    let mut inside = false;
    let mut text = String::new();
    for line in pem.lines().map(str::trim) {
        match line {
            "-----BEGIN CERTIFICATE-----" if !inside && text.is_empty() => inside = true,
            "-----END CERTIFICATE-----" if inside => inside = false,
            "" => {}
            line if inside => text.push_str(line),
            _ => return None,
        }
    }
    let der = base64::engine::general_purpose::STANDARD
        .decode(&text)
        .ok()?;
    (!inside && !der.is_empty()).then(|| Fingerprint::of(&der))
}
