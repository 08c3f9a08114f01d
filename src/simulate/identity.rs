//! Requests and identity uploads (I5, I6, I7, I14, I26).

use crate::model::{NodeName, Purpose, SsoState, Store};
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::Judge;
use super::world::{Held, Request, World};

/// The purposes that a plan changes.
pub(super) fn purposes(plan: &ClusterPlan) -> impl Iterator<Item = &Purpose> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::GenerateRequest { purpose, .. } | Action::UploadIdentity { purpose, .. } => {
            Some(purpose)
        }
        Action::Person { .. }
        | Action::UploadTrust { .. }
        | Action::AwaitCertificates { .. }
        | Action::RestartService { .. }
        | Action::Confirm { .. } => None,
    })
}

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    match &step.action {
        Action::GenerateRequest { purpose, nodes, .. } => {
            one_purpose(judge, world, step, purpose);
            for node in nodes {
                judge.require(world.request(node, purpose) == Request::None, "I7", Some(step), &[node], || {
                    (
                        format!("a request for {purpose} waits there already; a new one destroys its key"),
                        "Finish or delete the waiting request first.".to_owned(),
                    )
                });
                let guarded = step.before.iter().any(|condition| {
                    matches!(condition, Condition::NoRequest { node: at, purpose: of } if at == node && of == purpose)
                });
                judge.require(guarded, "I28", Some(step), &[node], || {
                    (
                        "nothing checks, right before the step, that nobody made a request meanwhile".to_owned(),
                        "Plan again.".to_owned(),
                    )
                });
            }
        }
        Action::AwaitCertificates {
            requests, terms, ..
        } => {
            for request in requests {
                judge.require(
                    world.generating(request).is_some(),
                    "I6",
                    Some(step),
                    &[],
                    || {
                        (
                            format!("{request} makes no request"),
                            "Plan again.".to_owned(),
                        )
                    },
                );
            }
            judge.require(!terms.chain.is_empty(), "I5", Some(step), &[], || {
                (
                    "no chain is named that the certificate must have".to_owned(),
                    "Plan again.".to_owned(),
                )
            });
        }
        Action::UploadIdentity {
            purpose,
            request,
            nodes,
        } => {
            one_purpose(judge, world, step, purpose);
            upload(judge, world, step, purpose, request, nodes.iter());
        }
        Action::Person { .. }
        | Action::UploadTrust { .. }
        | Action::RestartService { .. }
        | Action::Confirm { .. } => {}
    }
}

fn upload<'a>(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    purpose: &Purpose,
    request: &crate::model::StepId,
    nodes: impl Iterator<Item = &'a NodeName>,
) {
    let made = world.generating(request).map(|step| &step.action);
    let covers = match made {
        Some(Action::GenerateRequest {
            purpose: of,
            nodes: its,
            ..
        }) => of == purpose && step.node.as_ref().is_some_and(|at| its.contains(at)),
        _ => false,
    };
    judge.require(covers, "I6", Some(step), &[], || {
        (
            format!("{request} is not a request for {purpose} on this node"),
            "Plan again.".to_owned(),
        )
    });
    let terms = world.issued.get(request);
    judge.require(terms.is_some(), "I6", Some(step), &[], || {
        (
            format!("the certificate for {request} was not received and checked before this step"),
            "Wait for the certificates before the first upload.".to_owned(),
        )
    });
    let store = Store::new(format!(
        "{}-trust",
        purpose.as_str().trim_end_matches("-ECDSA")
    ));
    for node in nodes {
        judge.require(
            world.request(node, purpose) == Request::Of(request.clone()),
            "I6",
            Some(step),
            &[node],
            || {
                (
                    format!("the request that waits for {purpose} is not the one of {request}"),
                    "Generate, sign and upload one request at a time.".to_owned(),
                )
            },
        );
        let guarded = step.before.iter().any(|condition| {
            matches!(condition, Condition::RequestOf { node: at, purpose: of, step: by }
                if at == node && of == purpose && by == request)
        });
        judge.require(guarded, "I28", Some(step), &[node], || {
            (
                "nothing checks, right before the upload, that the request is still the one that was signed".to_owned(),
                "Plan again.".to_owned(),
            )
        });
        if let Some(terms) = terms {
            judge.require(world.trusts(node, &store, &terms.chain), "I5", Some(step), &[node], || {
                (
                    format!("{store} was not seen to hold root and intermediates; the node would refuse the upload"),
                    format!("Upload the chain to {store} of {node} and read it back first."),
                )
            });
        }
        let sso_off = world.nodes.get(node).and_then(|node| node.sso) == Some(SsoState::Disabled);
        judge.require(sso_off, "I14", Some(step), &[node], || {
            (
                "SAML single sign-on is not known to be off".to_owned(),
                "Disable it, and plan again, or let the plan's own step ask for it.".to_owned(),
            )
        });
    }
}

/// I26: one purpose in flight per cluster.
fn one_purpose(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, purpose: &Purpose) {
    let free = world.in_flight.as_ref().is_none_or(|open| open == purpose);
    judge.require(free, "I26", Some(step), &[], || {
        let open = world
            .in_flight
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        (
            format!("{open} is not finished in this cluster"),
            format!("Finish {open} before {purpose}."),
        )
    });
}

pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    for step in &plan.steps {
        let Action::GenerateRequest { purpose, nodes, .. } = &step.action else {
            continue;
        };
        for node in nodes {
            let held = world
                .nodes
                .get(node)
                .and_then(|node| node.identities.get(purpose));
            let stored = held == Some(&Held::Issued(step.id.clone()));
            judge.require(stored, "I7", Some(step), &[node], || {
                (
                    format!("the request made here is never answered by an upload of {purpose}"),
                    "A request that nobody finishes blocks the next renewal; plan again."
                        .to_owned(),
                )
            });
        }
    }
    for (name, node) in &world.nodes {
        let was = world
            .seen
            .nodes
            .get(name)
            .and_then(|node| node.sso.present().copied());
        let same = was.is_none() || was == node.sso;
        judge.require(same, "I14", None, &[name], || {
            (
                "single sign-on was on before and is not on again at the end".to_owned(),
                "The plan must ask for it to be enabled again.".to_owned(),
            )
        });
    }
}
