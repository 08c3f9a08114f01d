//! Restarts: one node at a time, publisher first, each confirmed before the next (I8, I9, I10, I13, I28).

use crate::model::{BackupJob, NodeName, Observed, Purpose, ServiceName, ServiceStatus};
use crate::plan::{Action, Condition, Step};

use super::node::{Node, ports_of};
use super::world::World;
use super::{Judge, PLAN_AGAIN};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let (Action::RestartService { service, .. }, Some(at)) = (&step.action, &step.node) else {
        return;
    };
    let Some(node) = world.nodes.get(at) else {
        return;
    };
    let runs = ran(world, at).any(|running| running == service);
    judge.require(runs, "I8", Some(step), &[], || {
        (
            format!("{service} did not run there; a restart would start it"),
            "Restart only what runs.".to_owned(),
        )
    });
    one_at_a_time(judge, world, step, at);
    for_a_reason(judge, step, node, at, service);
    for purpose in &node.unproved {
        publisher_first(judge, world, step, at, purpose);
    }
    if service.as_str().starts_with("Cisco DRF") {
        no_backup(judge, world, step, at);
    }
}

/// I10: no other node restarts or was left unconfirmed.
fn one_at_a_time(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, at: &NodeName) {
    let open = world.nodes.iter();
    let open = open.filter(|(name, node)| *name != at && !node.unconfirmed.is_empty());
    let open: Vec<&NodeName> = open.map(|(name, _)| name).collect();
    let concerned: Vec<&NodeName> = open.iter().copied().chain([at]).collect();
    judge.require(open.is_empty(), "I10", Some(step), &concerned, || {
        let open: Vec<&str> = open.iter().map(|node| node.as_str()).collect();
        let open = open.join(", ");
        (
            format!(
                "{open} restarted and was not confirmed healthy and serving: two nodes could be down"
            ),
            format!("Confirm {open} before the first restart on {at}."),
        )
    });
}

/// I8: something new is stored there and this service did not restart for it yet. I28: right before, it is
/// still what is stored.
fn for_a_reason(
    judge: &mut Judge<'_>,
    step: &Step,
    node: &Node,
    at: &NodeName,
    service: &ServiceName,
) {
    judge.require(!node.unproved.is_empty(), "I8", Some(step), &[], || {
        (
            "no new certificate is stored there that waits to be served: users lose the service for nothing".to_owned(),
            "Restart after the upload was read back, and once.".to_owned(),
        )
    });
    judge.require(
        !node.restarted.contains(service),
        "I8",
        Some(step),
        &[],
        || {
            (
                format!("{service} was restarted there already for this certificate"),
                "Restart it once.".to_owned(),
            )
        },
    );
    for purpose in &node.unproved {
        let issued = node.issued(purpose);
        let guarded = step.before.iter().any(|condition| {
            matches!(condition, Condition::IdentityOf { node, purpose: of, step: by }
                if node == at && of == purpose && Some(by) == issued)
        });
        judge.require(guarded, "I28", Some(step), &[], || {
            (
                format!("nothing checks, right before the restart, that the new {purpose} certificate is the stored one"),
                PLAN_AGAIN.to_owned(),
            )
        });
    }
}

/// I9: another node restarts for a purpose only when the publisher, if the plan changes it there too, serves
/// it and is confirmed.
fn publisher_first(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    at: &NodeName,
    purpose: &Purpose,
) {
    let Some(publisher) = world.seen.publisher() else {
        return;
    };
    let done = world.nodes.get(publisher).is_some_and(|node| {
        node.issued(purpose).is_some()
            && !node.unproved.contains(purpose)
            && node.unconfirmed.is_empty()
    });
    let ready = at == publisher || !world.on_publisher.contains(purpose) || done;
    judge.require(ready, "I9", Some(step), &[at, publisher], || {
        (
            format!("{publisher} is the publisher and was not confirmed before {at} restarts"),
            format!("Restart and confirm {publisher} first."),
        )
    });
}

/// I13: the backup services do not restart under a job. The publisher's master runs the jobs of the
/// cluster; claim CUCM-DRF-MASTER-PUBLISHER.
fn no_backup(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, at: &NodeName) {
    let masters: Vec<&NodeName> = world.seen.publisher().into_iter().chain([at]).collect();
    let busy = masters.iter().any(|master| {
        let job = world.seen.nodes.get(*master).map(|node| &node.backup_job);
        matches!(
            job,
            Some(Observed::Present(BackupJob::Running(_)) | Observed::Unknown(_))
        )
    });
    let guarded = step.before.iter().any(
        |condition| matches!(condition, Condition::BackupIdle { node } if masters.contains(&node)),
    );
    judge.require(!busy && guarded, "I13", Some(step), &[], || {
        (
            "restarting it would break a backup, and nothing makes sure that none runs".to_owned(),
            "Check for a backup right before.".to_owned(),
        )
    });
}

/// I8 and I9: what is looked at can come true, and a confirmation after a restart looks at everything.
pub(super) fn while_open(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    for condition in &step.after {
        sees_what_is_there(judge, world, step, condition);
    }
    let (Action::Confirm { .. }, Some(at)) = (&step.action, &step.node) else {
        return;
    };
    if let Some(node) = world
        .nodes
        .get(at)
        .filter(|node| !node.unconfirmed.is_empty())
    {
        looks_at_ports(judge, step, node, at);
        looks_at_services(judge, world, step, at);
    }
}

/// I8: a port is asked for the new certificate only after a restart brought it there.
fn sees_what_is_there(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    condition: &Condition,
) {
    let Condition::Serves {
        node,
        listener,
        step: request,
    } = condition
    else {
        return;
    };
    let held = world.nodes.get(node).and_then(|node| {
        let (purpose, _) = node.serves.get(listener)?;
        let fresh = !node.behind(purpose).contains(listener);
        node.issued(purpose).filter(|_| fresh)
    });
    judge.require(held == Some(request), "I8", Some(step), &[node], || {
        (
            format!("port {listener} is asked for the certificate for {request}, which no restart has brought there"),
            "Restart the service that presents it after the upload, and ask then.".to_owned(),
        )
    });
}

fn looks_at_ports(judge: &mut Judge<'_>, step: &Step, node: &Node, at: &NodeName) {
    for (listener, (purpose, _)) in &node.serves {
        let restarted = |service: &ServiceName| ports_of(service).contains(&listener.port);
        let Some(request) = node
            .issued(purpose)
            .filter(|_| node.unproved.contains(purpose))
            .filter(|_| node.unconfirmed.iter().any(restarted))
        else {
            continue;
        };
        let looks = step.after.iter().any(|condition| {
            matches!(condition, Condition::Serves { node, listener: on, step: by }
                if node == at && on == listener && by == request)
        });
        judge.require(looks, "I8", Some(step), &[], || {
            (
                format!(
                    "port {listener} is not looked at, though it must serve the new certificate"
                ),
                "Look at every port that the restarted service presents.".to_owned(),
            )
        });
    }
}

fn looks_at_services(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, at: &NodeName) {
    let healthy = step.after.iter().find_map(|condition| match condition {
        Condition::Healthy { node, services } if node == at => Some(services),
        _ => None,
    });
    let unasked: Vec<&str> = ran(world, at)
        .filter(|service| !healthy.is_some_and(|services| services.contains(*service)))
        .map(ServiceName::as_str)
        .collect();
    judge.require(unasked.is_empty(), "I9", Some(step), &[], || {
        (
            format!(
                "the confirmation does not ask whether these run again, which ran before: {}",
                unasked.join(", ")
            ),
            "Ask for every service that ran.".to_owned(),
        )
    });
}

/// The services that ran on a node when it was observed.
fn ran<'w>(world: &World<'w>, at: &NodeName) -> impl Iterator<Item = &'w ServiceName> {
    let services = world
        .seen
        .nodes
        .get(at)
        .and_then(|node| node.services.present());
    services
        .into_iter()
        .flatten()
        .filter(|(_, state)| state.status == ServiceStatus::Started)
        .map(|(service, _)| service)
}

/// I8 and I9: at the end every node that stores a new certificate serves it, and was confirmed.
pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>) {
    for (name, node) in &world.nodes {
        for purpose in &node.unproved {
            let behind = node.behind(purpose);
            let ports: Vec<String> = behind.iter().map(ToString::to_string).collect();
            let (says, remedy) = if ports.is_empty() {
                let says = format!("no port was seen to serve the new {purpose} certificate");
                (says, "Confirm the node after its last restart.".to_owned())
            } else {
                let ports = ports.join(", ");
                let says = format!(
                    "at the end {ports} does not serve the new {purpose} certificate that is stored"
                );
                (says, format!("Restart on {name} what presents {ports}."))
            };
            judge.breaks("I8", None, &[name], says, remedy);
        }
        let confirmed = node.unconfirmed.is_empty();
        judge.require(confirmed, "I9", None, &[name], || {
            (
                "the plan ends without having confirmed this node after its restarts".to_owned(),
                "Confirm it.".to_owned(),
            )
        });
    }
}
