//! Restarts: one node at a time, those that lead first, each confirmed before the next (I8, I9, I10, I13, I28).

use std::collections::BTreeSet;

use crate::model::{BackupJob, NodeName, Observed, Purpose, ServiceName, StepId};
use crate::plan::{Action, Condition, Step};

use super::node::Node;
use super::world::World;
use super::{Judge, PLAN_AGAIN, catalogue, peers};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let (Action::RestartService { service, .. }, Some(at)) = (&step.action, &step.node) else {
        return;
    };
    let Some(node) = world.nodes.get(at) else {
        return;
    };
    let runs = node.ran.contains(service);
    judge.require(runs, "I8", Some(step), &[], || {
        (
            format!("{service} did not run there; a restart would start it"),
            "Restart only what runs.".to_owned(),
        )
    });
    one_at_a_time(judge, world, step, at);
    for_a_reason(judge, world, step, node, service);
    still_stored(judge, step, node, at);
    let of_pass = world.pass.as_ref().map(|pass| &pass.plain);
    let of_pass = of_pass.filter(|_| catalogue::is_of_phones(service));
    let twin = of_pass.map(|plain| Purpose::new(format!("{plain}-ECDSA")));
    for purpose in node.unproved.iter().chain(of_pass).chain(&twin) {
        leader_first(judge, world, step, at, purpose);
    }
    if node.unproved.is_empty() && of_pass.is_none() {
        leader_loads_first(judge, world, step, at, service);
    }
    if service.as_str().starts_with("Cisco DRF") {
        no_backup(judge, world, step);
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

/// I8: something new is stored there that waits to be loaded, or is stored in the cluster and phones are told of it by
/// this service; and it did not restart for that yet.
fn for_a_reason(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    node: &Node,
    service: &ServiceName,
) {
    let pass = world.pass.as_ref();
    let pass = pass.filter(|_| catalogue::is_of_phones(service));
    let authority = node.last_authority(service, |authority| world.is_to_load(authority));
    let due = !node.unproved.is_empty() || pass.is_some() || authority.is_some();
    judge.require(due, "I8", Some(step), &[], || {
        (
            "no new certificate is stored there that waits to be served: users lose the service for nothing".to_owned(),
            "Restart after the upload was read back, and once.".to_owned(),
        )
    });
    let stored = node.uploads.values().map(|upload| upload.at).max();
    let since = stored
        .max(pass.map(|pass| pass.last_upload))
        .max(authority)
        .unwrap_or(0);
    let again = node.restarted.get(service).is_some_and(|at| *at > since);
    judge.require(!again, "I8", Some(step), &[], || {
        (
            format!("{service} was restarted there already for this certificate"),
            "Restart it once.".to_owned(),
        )
    });
}

/// I28: right before a restart, what it is to load is still what is stored.
fn still_stored(judge: &mut Judge<'_>, step: &Step, node: &Node, at: &NodeName) {
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

/// I9: another node restarts for a purpose only when the publisher, and among presence nodes theirs, if the plan
/// changes it there too, serves it and is confirmed.
fn leader_first(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    at: &NodeName,
    purpose: &Purpose,
) {
    let leaders = [world.seen.publisher(), catalogue::leader(world.seen, at)];
    let mut leaders: Vec<&NodeName> = leaders.into_iter().flatten().collect();
    leaders.dedup();
    for leader in leaders.into_iter().filter(|leader| *leader != at) {
        let planned = world.planned.get(purpose);
        let planned = planned.is_some_and(|nodes| nodes.contains(leader));
        // A later round of TVS leaves the publisher as the former one proved it.
        let done = world.nodes.get(leader).is_some_and(|node| {
            node.issued(purpose).is_some()
                && !node.unproved.contains(purpose)
                && node.unconfirmed.is_empty()
        });
        judge.require(!planned || done, "I9", Some(step), &[at, leader], || {
            (
                format!("{leader} goes first and was not confirmed before {at} restarts"),
                format!("Restart and confirm {leader} first."),
            )
        });
    }
}

/// I9: where a service restarts for authorities alone, the leaders' restarts for the same, and they are confirmed, first.
fn leader_loads_first(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    at: &NodeName,
    service: &ServiceName,
) {
    let leaders = [world.seen.publisher(), catalogue::leader(world.seen, at)];
    let leaders: BTreeSet<&NodeName> = leaders.into_iter().flatten().collect();
    for leader in leaders.into_iter().filter(|leader| *leader != at) {
        let planned = world.restarts.get(leader);
        let planned = planned.is_some_and(|services| services.contains(service));
        let done = world.nodes.get(leader).is_some_and(|node| {
            let came = node.last_authority(service, |authority| world.is_to_load(authority));
            let started = node.started.get(service).copied();
            started >= came && node.unconfirmed.is_empty()
        });
        judge.require(!planned || done, "I9", Some(step), &[at, leader], || {
            (
                format!("{leader} goes first and was not confirmed before {at} restarts"),
                format!("Restart and confirm {leader} first."),
            )
        });
    }
}

/// I13: neither do the backup services restart under a job, nor does the certificate change by which they know each
/// other. The publisher's master runs the jobs of the cluster; claim CUCM-DRF-MASTER-PUBLISHER.
pub(super) fn no_backup(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let masters: Vec<&NodeName> = world
        .seen
        .publisher()
        .into_iter()
        .chain(&step.node)
        .collect();
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
            "it would break a backup, and nothing makes sure that none runs".to_owned(),
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
    let Some(node) = world.nodes.get(at) else {
        return;
    };
    if !node.unconfirmed.is_empty() || !node.unproved.is_empty() {
        looks_at_ports(judge, step, node, at);
        looks_at_starts(judge, world, step, node, at);
    }
    if !node.unconfirmed.is_empty() {
        looks_at_services(judge, step, node, at);
        peers::looks_at_peer(judge, world, step, node, at);
    }
}

/// I8: a port is asked for the new certificate only after a restart brought it there, and a service for a start since
/// an upload only if it started since.
fn sees_what_is_there(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    condition: &Condition,
) {
    if let Condition::StartedSince {
        node: at,
        service,
        step: upload,
    } = condition
    {
        let node = world.nodes.get(at);
        let started = node.is_some_and(|it| it.started_since(service, upload, world.release));
        judge.require(started, "I8", Some(step), &[at], || {
            (
                format!("{service} is asked for a start since {upload}, and nothing restarts it after that"),
                "Restart it after the upload, and ask then.".to_owned(),
            )
        });
    }
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
        let Some(request) = node
            .issued(purpose)
            .filter(|_| node.unproved.contains(purpose))
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

/// I8: where no port presents a purpose, the start of a service that loads it is what can be seen.
fn looks_at_starts(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    node: &Node,
    at: &NodeName,
) {
    for purpose in &node.unproved {
        let provers = node.provers(purpose, world.release);
        let upload = node.uploads.get(purpose);
        let looks = step.after.iter().any(|condition| {
            matches!(condition, Condition::StartedSince { node, service, step: since }
                if node == at && provers.contains(&service) && upload.is_some_and(|it| it.step == *since))
        });
        judge.require(provers.is_empty() || looks, "I8", Some(step), &[], || {
            let provers: Vec<&str> = provers.iter().map(|service| service.as_str()).collect();
            let provers = provers.join(" or ");
            (
                format!("no port presents {purpose} there, and nothing asks whether {provers} started since it was stored"),
                format!("Ask for a start of {provers} since the upload."),
            )
        });
    }
}

/// I9: whatever ran before runs again.
fn looks_at_services(judge: &mut Judge<'_>, step: &Step, node: &Node, at: &NodeName) {
    let healthy = step.after.iter().find_map(|condition| match condition {
        Condition::Healthy { node, services } if node == at => Some(services),
        _ => None,
    });
    let unasked: Vec<&str> = node
        .ran
        .iter()
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

/// I8 and I9: at the end every node that stores a new certificate serves it, and was confirmed.
pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>) {
    for (name, node) in &world.nodes {
        for purpose in &node.unproved {
            let behind = node.behind(purpose);
            let ports: Vec<String> = behind.iter().map(ToString::to_string).collect();
            let (says, remedy) = if ports.is_empty() {
                let says =
                    format!("nothing was seen that proves the new {purpose} certificate in effect");
                (
                    says,
                    "Restart what loads it, and confirm the node then.".to_owned(),
                )
            } else {
                let ports = ports.join(", ");
                let says = format!(
                    "at the end {ports} does not serve the new {purpose} certificate that is stored"
                );
                (says, format!("Restart on {name} what presents {ports}."))
            };
            judge.breaks("I8", None, &[name], says, remedy);
        }
        judge.require(node.unloaded.is_empty(), "I8", None, &[name], || {
            let uploads: Vec<&str> = node.unloaded.iter().map(StepId::as_str).collect();
            (
                format!("at the end nothing was seen that proves the authorities of {} loaded: the peer's list counts only after its restart", uploads.join(", ")),
                format!("Restart {name} after the last of them and confirm it."),
            )
        });
        let confirmed = node.unconfirmed.is_empty();
        judge.require(confirmed, "I9", None, &[name], || {
            (
                "the plan ends without having confirmed this node after its restarts".to_owned(),
                "Confirm it.".to_owned(),
            )
        });
    }
}
