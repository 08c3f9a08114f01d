//! What must be known and good before the first write (I6, I11, I24, I25), and what this proof covers (I2).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Appliance, BackupJob, KeyAlgorithm, NodeName, Observed, Product, Purpose, Replication,
    SubjectName,
};
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::world::World;
use super::{Judge, PLAN_AGAIN, catalogue};

pub(super) const OBSERVE_AGAIN: &str =
    "Mend what keeps it from being read, observe and plan again.";

/// More bits than this no node takes. Source: cucm-certificate-rules §2.
const LONGEST_KEY: u32 = 4096;

pub(super) fn check(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    // A cluster that is only read again for others is not written to.
    if plan.steps.iter().any(|step| super::writes(&step.action)) {
        known_and_good(judge, world);
        members(judge, world);
        replication(judge, world, plan);
    }
    for step in &plan.steps {
        acceptable(judge, step);
        as_the_shell_asks(judge, world, step);
    }
    covered(judge, world, plan);
    presence_is_led(judge, world, plan);
}

/// I25: a publisher, and nothing unknown that a step rests on. I11: the security mode is known.
fn known_and_good(judge: &mut Judge<'_>, world: &World<'_>) {
    let publisher = world.seen.publisher().is_some() || world.is_expressway();
    judge.require(publisher, "I25", None, &[], || {
        (
            "no node of the cluster is its publisher".to_owned(),
            "Name the publisher in the estate file.".to_owned(),
        )
    });
    for (name, node) in &world.seen.nodes {
        let facts = [
            ("its certificates", node.inventory.unknown()),
            ("its services", node.services.unknown()),
            ("its single sign-on", node.sso.unknown()),
            ("its backup state", node.backup_job.unknown()),
            ("what it says of itself", node.expressway.unknown()),
        ];
        for (what, gap) in facts {
            judge.require(gap.is_none(), "I25", None, &[name], || {
                let why = gap.unwrap_or_default();
                (
                    format!("{what} could not be read: {why}"),
                    OBSERVE_AGAIN.to_owned(),
                )
            });
        }
        let idle = !matches!(node.backup_job, Observed::Present(BackupJob::Running(_)));
        judge.require(idle, "I25", None, &[name], || {
            (
                "a backup or restore runs".to_owned(),
                "Wait until it has ended, then plan again.".to_owned(),
            )
        });
    }
    // Unity Connection and Expressway have no such mode.
    let has_none = world.is_expressway()
        || (world.seen.product == Product::UnityConnection
            && world.seen.security == Observed::Absent);
    let mode = world.seen.security.present();
    judge.require(mode.is_some() || has_none, "I11", None, &[], || {
        (
            "the cluster security mode is unknown; in mixed mode certificates of phones need a CTL update".to_owned(),
            OBSERVE_AGAIN.to_owned(),
        )
    });
}

/// I25: the nodes that the cluster lists were all observed, and the publisher's platform knows them.
fn members(judge: &mut Judge<'_>, world: &World<'_>) {
    // No question tells the peers of an Expressway cluster (claim EXPRESSWAY-CLUSTER-PATH).
    if world.is_expressway() {
        return;
    }
    let seen = &world.seen.nodes;
    let listed = world.seen.listed.present();
    judge.require(listed.is_some(), "I25", None, &[], || {
        (
            "the publisher's list of nodes could not be read".to_owned(),
            OBSERVE_AGAIN.to_owned(),
        )
    });
    if let Some(listed) = listed {
        let here = listed.keys().filter(|node| !seen.contains_key(*node));
        let there = seen.keys().filter(|node| !listed.contains_key(*node));
        let differing: Vec<&NodeName> = here.chain(there).collect();
        judge.none(&differing, "I25", None, || {
            (
                "the nodes that the publisher lists are not those that were observed".to_owned(),
                "Let the estate file name exactly the cluster's nodes, then observe again."
                    .to_owned(),
            )
        });
    }
    let network = &world.seen.network;
    judge.require(network.unknown().is_none(), "I25", None, &[], || {
        (
            "whether the nodes are authenticated in the cluster could not be read".to_owned(),
            OBSERVE_AGAIN.to_owned(),
        )
    });
    let strangers = network.present().into_iter().flatten();
    let strangers = strangers.filter(|(_, authenticated)| !**authenticated);
    let strangers: Vec<&NodeName> = strangers.map(|(name, _)| name).collect();
    judge.none(&strangers, "I25", None, || {
        (
            "not authenticated in the cluster: what spreads does not reach it".to_owned(),
            "Look at `show network cluster` on the publisher and mend it first.".to_owned(),
        )
    });
}

/// I25: replication is good everywhere, and the first write asks for it again. One node has none.
fn replication(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    if world.seen.nodes.len() < 2 || world.is_expressway() {
        return;
    }
    // Documents do not say that Unity Connection reports any.
    let has_none = world.seen.product == Product::UnityConnection
        && world.seen.replication == Observed::Absent;
    let states = world.seen.replication.present();
    let good = |node: &NodeName| {
        let state = states.and_then(|states| states.get(node));
        has_none || state.is_some_and(Replication::is_good)
    };
    let bad: Vec<&NodeName> = world.seen.nodes.keys().filter(|node| !good(node)).collect();
    judge.none(&bad, "I25", None, || {
        (
            "database replication is not known to be good".to_owned(),
            "Repair it (`utils dbreplication runtimestate` on the publisher), then plan again."
                .to_owned(),
        )
    });
    let first = plan.steps.iter().find(|step| super::writes(&step.action));
    let asked = first.is_none_or(|step| {
        let mut before = step.before.iter();
        before.any(|condition| matches!(condition, Condition::ReplicationGood {}))
    });
    judge.require(asked, "I25", first, &[], || {
        (
            "the first write does not ask whether replication is still good".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I24: no wildcard, no key over 4096 bits, no kind of key that the purpose cannot hold.
fn acceptable(judge: &mut Judge<'_>, step: &Step) {
    let Action::GenerateRequest {
        purpose,
        names,
        key,
        common_name,
        ..
    } = &step.action
    else {
        return;
    };
    let wildcard = names
        .iter()
        .any(|name| matches!(name, SubjectName::Dns(name) if name.contains('*')));
    let wildcard = wildcard || common_name.contains('*');
    judge.require(!wildcard, "I24", Some(step), &[], || {
        (
            "the request asks for a wildcard name, which the platform refuses".to_owned(),
            "Name each host.".to_owned(),
        )
    });
    judge.require(key.bits <= LONGEST_KEY, "I24", Some(step), &[], || {
        (
            format!("{key} is longer than {LONGEST_KEY} bits"),
            "Ask for a shorter key.".to_owned(),
        )
    });
    let kind = (key.algorithm == KeyAlgorithm::Ec) == purpose.is_ecdsa();
    judge.require(kind, "I24", Some(step), &[], || {
        (
            format!("{purpose} cannot hold a key of kind {key}"),
            "Ask for the kind that the purpose holds.".to_owned(),
        )
    });
}

/// I6: before there is a certificate interface the shell makes requests, and leaves no choice. Source: claim
/// VOS-CSR-GEN-CONTENT.
fn as_the_shell_asks(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let Action::GenerateRequest {
        purpose,
        names,
        key,
        common_name,
        ..
    } = &step.action
    else {
        return;
    };
    let own = step.node.as_ref().map(NodeName::as_str);
    let named =
        own.is_some_and(|own| common_name == own && names.iter().eq([&SubjectName::dns(own)]));
    let bits = if purpose.is_ecdsa() { 384 } else { 2048 };
    let interface = world.release.has_certificate_interface() || world.is_expressway();
    let fits = interface || (named && key.bits == bits);
    judge.require(fits, "I6", Some(step), &[], || {
        (
            format!(
                "on release {} the shell makes a request with the node's own name alone and a key of {bits} bits: the certificate would not be what this step asks for",
                world.release
            ),
            format!("Ask for the node's own name and a key of {bits} bits."),
        )
    });
}

/// The purposes that a plan changes, with the nodes that get them.
fn purposes(plan: &ClusterPlan) -> BTreeMap<&Purpose, BTreeSet<&NodeName>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for step in &plan.steps {
        if let Action::GenerateRequest { purpose, nodes, .. }
        | Action::UploadIdentity { purpose, nodes, .. } = &step.action
        {
            found.entry(purpose).or_default().extend(nodes);
        }
    }
    found
}

/// I9: which presence node goes first is known where presence certificates change.
fn presence_is_led(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    let own = |(purpose, _): &(&Purpose, BTreeSet<&NodeName>)| {
        let known = catalogue::known(purpose);
        known.is_some_and(|known| {
            known.is_held_by(Appliance::ImPresence) && !known.is_held_by(Appliance::Cucm)
        })
    };
    let Some((purpose, nodes)) = purposes(plan).into_iter().find(own) else {
        return;
    };
    let leads = world.seen.presence_publisher.present();
    let leads = leads.is_some_and(|name| world.nodes.contains_key(name));
    let nodes: Vec<&NodeName> = nodes.into_iter().collect();
    judge.require(leads, "I9", None, &nodes, || {
        (
            format!("which presence node keeps the presence database is unknown, so that nobody can say which goes first with {purpose}"),
            OBSERVE_AGAIN.to_owned(),
        )
    });
}

/// I2: nothing is proved of what phones and peers hold of a purpose that this proof does not know.
fn covered(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    let product = world.seen.product;
    let known = plan.product == product;
    for (purpose, nodes) in purposes(plan) {
        let covered = known && catalogue::known(purpose).is_some();
        let nodes: Vec<&NodeName> = nodes.into_iter().collect();
        judge.require(covered, "I2", None, &nodes, || {
            (
                format!(
                    "renewing {purpose} of {} is not covered by the proof of this release",
                    plan.product
                ),
                "Renew it by hand, following the vendor's procedure.".to_owned(),
            )
        });
    }
}
