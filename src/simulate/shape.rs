//! Whether a plan says what it means: identifiers, edges, and that every write promises to be read back.

use std::collections::BTreeMap;

use base64::Engine as _;

use crate::model::{Fingerprint, StepId};
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::Judge;

pub(super) fn check(judge: &mut Judge<'_>, plan: &ClusterPlan) {
    let mut places: BTreeMap<&StepId, usize> = BTreeMap::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let first = places.insert(&step.id, place).is_none();
        judge.require(first, "shape", Some(step), &[], || {
            (
                format!("two steps are called {}", step.id),
                PLAN_AGAIN.to_owned(),
            )
        });
        if let Some(node) = &step.node {
            judge.require(
                plan.nodes.contains(node),
                "shape",
                Some(step),
                &[node],
                || {
                    (
                        format!("{node} is not a node of this plan"),
                        PLAN_AGAIN.to_owned(),
                    )
                },
            );
        }
        reads_back(judge, step);
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
                PLAN_AGAIN.to_owned(),
            )
        });
    }
}

const PLAN_AGAIN: &str = "The plan file was changed or damaged; plan again.";

/// Every write names what must be seen afterwards (I22: a reply proves nothing).
fn reads_back(judge: &mut Judge<'_>, step: &Step) {
    let promised = match &step.action {
        Action::UploadTrust {
            store, sha256, pem, ..
        } => {
            let read = fingerprint_of(pem);
            judge.require(
                read.as_ref() == Some(sha256),
                "shape",
                Some(step),
                &[],
                || {
                    (
                        "the certificate in this step is not the one it names".to_owned(),
                        PLAN_AGAIN.to_owned(),
                    )
                },
            );
            step.node.as_ref().is_some_and(|at| {
                step.after.iter().any(|seen| {
                    matches!(seen, Condition::Trusts { node, store: into, sha256: of }
                        if node == at && into == store && of == sha256)
                })
            })
        }
        Action::GenerateRequest { purpose, nodes, .. } => {
            !nodes.is_empty()
                && nodes.iter().all(|at| {
                    step.after.iter().any(|seen| {
                        matches!(seen, Condition::RequestOf { node, purpose: of, step: by }
                            if node == at && of == purpose && *by == step.id)
                    })
                })
        }
        Action::UploadIdentity {
            purpose,
            request,
            nodes,
        } => {
            !nodes.is_empty()
                && nodes.iter().all(|at| {
                    step.after.iter().any(|seen| {
                        matches!(seen, Condition::IdentityOf { node, purpose: of, step: by }
                            if node == at && of == purpose && by == request)
                    })
                })
        }
        Action::RestartService { service, .. } => step.node.as_ref().is_some_and(|at| {
            step.after.iter().any(|seen| {
                matches!(seen, Condition::Runs { node, service: of } if node == at && of == service)
            })
        }),
        Action::Confirm { .. } => !step.after.is_empty(),
        Action::Person { .. } | Action::AwaitCertificates { .. } => true,
    };
    judge.require(promised, "I22", Some(step), &[], || {
        (
            "nothing would be read back after this step, and a device's answer proves nothing"
                .to_owned(),
            "Plan again; a step without its own read-back is never carried out.".to_owned(),
        )
    });
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
