//! Whether a plan says what it means: identifiers, edges, references, and that every write promises to be
//! read back.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;

use crate::model::{Fingerprint, NodeName, Purpose, StepId};
use crate::plan::{Action, ClusterPlan, Condition, Stage, Step};

use super::world::World;
use super::{Judge, PLAN_AGAIN, catalogue};

/// What helps where the plan contradicts itself.
const DAMAGED: &str = "The plan file was changed or damaged; plan again.";

pub(super) fn check(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    same_nodes(judge, world, plan);
    let mut places: BTreeMap<&StepId, usize> = BTreeMap::new();
    let mut made = Made::default();
    for (place, step) in plan.steps.iter().enumerate() {
        let first = places.insert(&step.id, place).is_none();
        judge.require(first, "shape", Some(step), &[], || {
            (
                format!("two steps are called {}", step.id),
                DAMAGED.to_owned(),
            )
        });
        made.add(step);
        has_its_place(judge, world, step);
        names_what_is(judge, world, step, &made);
        reads_back(judge, step);
        states_its_time(judge, world, step);
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
    unneeded(judge, world, plan);
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
    if world.is_expressway() {
        return;
    }
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
        // Where the upload itself resets phones, it is what users notice.
        Action::UploadIdentity { .. } if resets_phones(world, step) => Some(Stage::Activate),
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

/// What the steps up to one make that conditions may name.
#[derive(Default)]
struct Made<'a> {
    requests: BTreeMap<&'a StepId, (&'a Purpose, &'a BTreeSet<NodeName>)>,
    uploads: BTreeMap<&'a StepId, BTreeSet<&'a NodeName>>,
    resets: BTreeMap<&'a StepId, &'a str>,
}

impl<'a> Made<'a> {
    fn add(&mut self, step: &'a Step) {
        match &step.action {
            Action::GenerateRequest { purpose, nodes, .. } => {
                self.requests.insert(&step.id, (purpose, nodes));
            }
            Action::UploadIdentity { nodes, .. } => {
                self.uploads.insert(&step.id, nodes.iter().collect());
            }
            Action::ResetPhones { pool } => {
                self.resets.insert(&step.id, pool);
            }
            Action::UploadTrust { .. } => {
                let nodes = step.after.iter().filter_map(node_of).chain(&step.node);
                self.uploads.insert(&step.id, nodes.collect());
            }
            Action::Person { .. }
            | Action::AwaitCertificates { .. }
            | Action::RestartService { .. }
            | Action::UpdateTrustList {}
            | Action::Confirm { .. } => {}
        }
    }

    /// The first step that a condition names as something which no step up to there is.
    fn lacks(&self, condition: &'a Condition) -> Option<&'a StepId> {
        let request = |step, node: Option<&NodeName>, purpose: Option<&Purpose>| {
            self.requests.get(step).is_some_and(|(of, nodes)| {
                node.is_none_or(|node| nodes.contains(node))
                    && purpose.is_none_or(|purpose| purpose == *of)
            })
        };
        let (step, made) = match condition {
            Condition::RequestOf {
                node,
                purpose,
                step,
            }
            | Condition::IdentityOf {
                node,
                purpose,
                step,
            } => (step, request(step, Some(node), Some(purpose))),
            Condition::Serves { node, step, .. } => (step, request(step, Some(node), None)),
            Condition::TrustListHolds { step } => (step, request(step, None, None)),
            Condition::StartedSince { node, step, .. } => {
                let nodes = self.uploads.get(step);
                (step, nodes.is_some_and(|nodes| nodes.contains(node)))
            }
            Condition::PhonesReset { pool, step } => {
                (step, self.resets.get(step) == Some(&pool.as_str()))
            }
            Condition::PhonesBack { resets, .. } => {
                return resets.iter().find(|step| !self.resets.contains_key(step));
            }
            Condition::Trusts { .. }
            | Condition::NoRequest { .. }
            | Condition::IdentityIs { .. }
            | Condition::Runs { .. }
            | Condition::Healthy { .. }
            | Condition::SsoDisabled { .. }
            | Condition::SsoEnabled { .. }
            | Condition::BackupIdle { .. }
            | Condition::ReplicationGood {}
            | Condition::PhonesAtLeast { .. }
            | Condition::Traverses { .. } => return None,
        };
        (!made).then_some(step)
    }
}

/// The node that a condition looks at.
fn node_of(condition: &Condition) -> Option<&NodeName> {
    match condition {
        Condition::RequestOf { node, .. }
        | Condition::IdentityOf { node, .. }
        | Condition::Serves { node, .. }
        | Condition::Trusts { node, .. }
        | Condition::NoRequest { node, .. }
        | Condition::IdentityIs { node, .. }
        | Condition::Runs { node, .. }
        | Condition::Healthy { node, .. }
        | Condition::SsoDisabled { node }
        | Condition::SsoEnabled { node }
        | Condition::BackupIdle { node }
        | Condition::StartedSince { node, .. }
        | Condition::Traverses { node, .. } => Some(node),
        Condition::TrustListHolds { .. }
        | Condition::PhonesReset { .. }
        | Condition::PhonesBack { .. }
        | Condition::ReplicationGood {}
        | Condition::PhonesAtLeast { .. } => None,
    }
}

/// Conditions name nodes of the cluster, and steps that made before what they are taken for.
fn names_what_is(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, made: &Made<'_>) {
    for condition in step.before.iter().chain(&step.after) {
        let node = node_of(condition);
        let nodes: Vec<&NodeName> = node.into_iter().collect();
        let known = nodes.iter().all(|node| world.nodes.contains_key(*node));
        judge.require(known, "shape", Some(step), &nodes, || {
            (
                "a condition names what is no node of the cluster".to_owned(),
                DAMAGED.to_owned(),
            )
        });
        let lacking = made.lacks(condition);
        judge.require(lacking.is_none(), "shape", Some(step), &nodes, || {
            let id = lacking.map(StepId::as_str).unwrap_or_default();
            (
                format!("a condition names {id} for what no step before made of it: a request, an upload or a reset"),
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

/// I27: without its time nobody can say whether a step still fits the window, and without what users lose no window
/// is kept for it.
fn states_its_time(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let resets = matches!(step.action, Action::ResetPhones { .. }) || resets_phones(world, step);
    judge.require(!resets || step.disruption.is_some(), "I27", Some(step), &[], || {
        (
            "it resets phones and does not say that users lose them, so that no window is kept for it".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
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

/// Whether a step is an upload that resets phones by itself.
fn resets_phones(world: &World<'_>, step: &Step) -> bool {
    match &step.action {
        Action::UploadIdentity { purpose, .. } => {
            world.phone_part(purpose).is_some() && catalogue::resets_phones(world.release)
        }
        _ => false,
    }
}

/// No authority is made trusted that no certificate of this cluster needs, nor one of a cluster that is carried out
/// together with it.
fn unneeded(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    let mut needed: BTreeSet<&Fingerprint> = world.elsewhere.clone();
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
