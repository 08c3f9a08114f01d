//! Restarts: one node at a time, publisher first, each confirmed before the next (I8, I9, I10).

use crate::model::{BackupJob, KeyAlgorithm, Listener, NodeName, Observed, Port, Role, StepId};
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::Judge;
use super::world::{Held, World, ports_of};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let (Action::RestartService { service, .. }, Some(at)) = (&step.action, &step.node) else {
        return;
    };
    let runs = world
        .seen
        .nodes
        .get(at)
        .and_then(|node| node.services.present())
        .is_some_and(|services| {
            services
                .get(service)
                .is_some_and(|state| state.status == crate::model::ServiceStatus::Started)
        });
    judge.require(runs, "I8", Some(step), &[at], || {
        (
            format!("{service} did not run there; a restart would start it"),
            "Restart only what runs.".to_owned(),
        )
    });
    let other = world.restarting.as_ref().filter(|node| *node != at);
    judge.require(other.is_none(), "I10", Some(step), &[at], || {
        let other = other.map_or_else(String::new, ToString::to_string);
        (
            format!("{other} restarted and was not confirmed healthy and serving"),
            format!("Confirm {other} before the first restart on {at}."),
        )
    });
    let stored = issued_on(world, at);
    judge.require(stored.is_some(), "I8", Some(step), &[at], || {
        (
            "no new certificate is stored there, so that the restart would change nothing but the service".to_owned(),
            "Restart after the upload was read back.".to_owned(),
        )
    });
    let again = world
        .nodes
        .get(at)
        .is_some_and(|node| node.restarted.contains(service));
    judge.require(!again, "I8", Some(step), &[at], || {
        (
            format!("{service} was restarted there already for this certificate"),
            "Restart it once.".to_owned(),
        )
    });
    if let Some(request) = stored {
        let guarded = step.before.iter().any(|condition| {
            matches!(condition, Condition::IdentityOf { node, step, .. } if node == at && step == request)
        });
        judge.require(guarded, "I28", Some(step), &[at], || {
            (
                "nothing checks, right before the restart, that the new certificate is the stored one".to_owned(),
                "Plan again.".to_owned(),
            )
        });
    }
    publisher_first(judge, world, step, at);
    if service.as_str().starts_with("Cisco DRF") {
        let idle = matches!(
            world.seen.nodes.get(at).map(|node| &node.backup_job),
            Some(Observed::Present(BackupJob::Idle))
        );
        let guarded = step
            .before
            .iter()
            .any(|condition| matches!(condition, Condition::BackupIdle { .. }));
        judge.require(idle && guarded, "I13", Some(step), &[at], || {
            (
                "restarting it would break a backup, and nothing makes sure that none runs"
                    .to_owned(),
                "Check for a backup right before.".to_owned(),
            )
        });
    }
}

/// I9: a subscriber restarts only when the publisher, if it changes too, is confirmed.
fn publisher_first(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, at: &NodeName) {
    let Some(publisher) = world.seen.publisher() else {
        return;
    };
    let changes = world.plan.steps.iter().any(|step| {
        matches!(step.action, Action::RestartService { .. })
            && step.node.as_ref() == Some(publisher)
    });
    let is_publisher = world
        .seen
        .nodes
        .get(at)
        .is_some_and(|node| node.role == Role::Publisher);
    let ready = is_publisher || !changes || world.confirmed.contains(publisher);
    judge.require(ready, "I9", Some(step), &[at, publisher], || {
        (
            format!("{publisher} is the publisher and was not confirmed before this node restarts"),
            format!("Restart and confirm {publisher} first."),
        )
    });
}

/// I10 and I9 in the half-done state: no other node is in an unconfirmed restart.
pub(super) fn while_open(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let open: Vec<&NodeName> = world
        .nodes
        .iter()
        .filter(|(_, node)| !node.unconfirmed.is_empty())
        .map(|(name, _)| name)
        .collect();
    judge.require(open.len() <= 1, "I10", Some(step), &open, || {
        (
            "two nodes of the cluster could be down at once".to_owned(),
            "Confirm the first before the second restarts.".to_owned(),
        )
    });
    let Action::Confirm { .. } = &step.action else {
        return;
    };
    let Some(at) = &step.node else { return };
    let Some(node) = world
        .nodes
        .get(at)
        .filter(|node| !node.unconfirmed.is_empty())
    else {
        return;
    };
    // A confirmation after a restart must look at the new certificate on every port that the restarted
    // services present, and at every service that ran before.
    for (listener, (_, held)) in &node.serves {
        let (Held::Issued(request), true) = (
            held,
            node.unconfirmed
                .iter()
                .any(|service| ports_of(service).contains(&listener.port)),
        ) else {
            continue;
        };
        judge.require(
            looks_at(step, at, *listener, request),
            "I8",
            Some(step),
            &[at],
            || {
                (
                    format!(
                        "port {listener} is not looked at, though it must serve the new certificate"
                    ),
                    "Look at every port that the restarted service presents.".to_owned(),
                )
            },
        );
    }
    let ran = world
        .seen
        .nodes
        .get(at)
        .and_then(|node| node.services.present());
    let healthy = step.after.iter().find_map(|condition| match condition {
        Condition::Healthy { node, services } if node == at => Some(services),
        _ => None,
    });
    for (service, state) in ran.into_iter().flatten() {
        if state.status != crate::model::ServiceStatus::Started {
            continue;
        }
        let asked = healthy.is_some_and(|services| services.contains(service));
        judge.require(asked, "I9", Some(step), &[at], || {
            (
                format!(
                    "{service} ran before, and the confirmation does not ask whether it runs again"
                ),
                "Ask for every service that ran.".to_owned(),
            )
        });
    }
}

fn looks_at(step: &Step, at: &NodeName, listener: Listener, request: &StepId) -> bool {
    step.after.iter().any(|condition| {
        matches!(condition, Condition::Serves { node, listener: on, step }
            if node == at && *on == listener && step == request)
    })
}

/// The request whose certificate a node stores, if this plan stored one.
fn issued_on<'w>(world: &'w World<'_>, node: &NodeName) -> Option<&'w StepId> {
    world
        .nodes
        .get(node)?
        .identities
        .values()
        .find_map(|held| match held {
            Held::Issued(request) => Some(request),
            Held::Known(_) => None,
        })
}

/// I8: at the end every node that stores a new certificate serves it, and was confirmed.
pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>, _plan: &ClusterPlan) {
    for (name, node) in &world.nodes {
        let Some(request) = issued_on(world, name) else {
            continue;
        };
        for port in [Port::Rest, Port::Soap] {
            let listener = Listener {
                port,
                key: KeyAlgorithm::Rsa,
            };
            let serves = node.serves.get(&listener).map(|(_, held)| held);
            judge.require(serves == Some(&Held::Issued(request.clone())), "I8", None, &[name], || {
                (
                    format!("at the end port {listener} does not serve the certificate that is stored"),
                    format!("Restart Cisco Tomcat on {name} after the upload."),
                )
            });
        }
        let confirmed = node.unconfirmed.is_empty() && world.confirmed.contains(name);
        judge.require(confirmed, "I9", None, &[name], || {
            (
                "the plan ends without having confirmed this node".to_owned(),
                "Confirm it.".to_owned(),
            )
        });
    }
}
