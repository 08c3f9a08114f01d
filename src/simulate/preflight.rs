//! What must be known and good before the first write (I11, I14, I24, I25), and purposes whose renewal
//! would touch phones (I2, I12).

use std::collections::BTreeSet;

use crate::model::{
    BackupJob, KeyAlgorithm, NodeName, Observed, Purpose, ServiceName, SubjectName,
};
use crate::plan::{Action, ClusterPlan};

use super::world::World;
use super::{Judge, identity};

pub(super) fn check(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    known_and_good(judge, world);
    requests_are_acceptable(judge, plan);
    no_phone_is_touched(judge, world, plan);
}

/// I25: all nodes reachable, a publisher, replication good, nothing unknown that a step rests on.
fn known_and_good(judge: &mut Judge<'_>, world: &World<'_>) {
    let publisher = world.seen.publisher().is_some();
    judge.require(publisher, "I25", None, &[], || {
        (
            "no node of the cluster is its publisher".to_owned(),
            "Name the publisher in the estate file.".to_owned(),
        )
    });
    for (name, node) in &world.seen.nodes {
        let gaps: [(&str, Option<String>); 4] = [
            (
                "its certificates",
                node.inventory.unknown().map(str::to_owned),
            ),
            ("its services", node.services.unknown().map(str::to_owned)),
            ("its single sign-on", node.sso.unknown().map(str::to_owned)),
            (
                "its backup state",
                node.backup_job.unknown().map(str::to_owned),
            ),
        ];
        for (what, gap) in gaps {
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
    replication_is_good(judge, world);
    judge.require(world.seen.security.present().is_some(), "I11", None, &[], || {
        (
            "the cluster security mode is unknown; in mixed mode certificates need a CTL update".to_owned(),
            OBSERVE_AGAIN.to_owned(),
        )
    });
}

const OBSERVE_AGAIN: &str = "Mend what keeps it from being read, observe and plan again.";

fn replication_is_good(judge: &mut Judge<'_>, world: &World<'_>) {
    let states = world.seen.replication.present();
    for name in world.seen.nodes.keys() {
        let good = states
            .and_then(|states| states.get(name))
            .is_some_and(crate::model::Replication::is_good);
        judge.require(good, "I25", None, &[name], || {
            (
                "database replication is not known to be good".to_owned(),
                "Repair it (`utils dbreplication runtimestate` on the publisher), then plan again."
                    .to_owned(),
            )
        });
    }
}

/// I24: no wildcard, no key over 4096 bits; and names that cannot be asked for.
fn requests_are_acceptable(judge: &mut Judge<'_>, plan: &ClusterPlan) {
    for step in &plan.steps {
        let Action::GenerateRequest {
            purpose,
            names,
            key,
            common_name,
            ..
        } = &step.action
        else {
            continue;
        };
        let wildcard = names
            .iter()
            .any(|name| matches!(name, SubjectName::Dns(name) if name.contains('*')))
            || common_name.contains('*');
        judge.require(!wildcard, "I24", Some(step), &[], || {
            (
                "the request asks for a wildcard name, which the platform refuses".to_owned(),
                "Name each host.".to_owned(),
            )
        });
        judge.require(key.bits <= 4096, "I24", Some(step), &[], || {
            (
                format!("{key} is longer than 4096 bits"),
                "Ask for rsa-4096 or less.".to_owned(),
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
}

/// This model holds no phones' trust lists yet, so it proves nothing about purposes that phones rely on.
fn no_phone_is_touched(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    let purposes: BTreeSet<&Purpose> = identity::purposes(plan).collect();
    for purpose in &purposes {
        let covered = purpose.as_str() == "tomcat";
        judge.require(covered, "I2", None, &[], || {
            (
                format!("renewing {purpose} is not covered by the proof of this release"),
                "Renew it by hand, following the vendor's procedure.".to_owned(),
            )
        });
    }
    let phone_service = |service: &ServiceName| {
        matches!(
            service.as_str(),
            "Cisco CallManager"
                | "Cisco Trust Verification Service"
                | "Cisco Certificate Authority Proxy Function"
        )
    };
    for step in &plan.steps {
        if let Action::RestartService { service, .. } = &step.action {
            judge.require(!phone_service(service), "I2", Some(step), &[], || {
                (
                    format!("{service} is not restarted for a tomcat certificate"),
                    "Plan again.".to_owned(),
                )
            });
        }
    }
    let tomcat = Purpose::from("tomcat");
    let call_manager = Purpose::from("CallManager");
    let shared: Vec<&NodeName> = world
        .nodes
        .iter()
        .filter(|(_, node)| {
            let held = node.identities.get(&tomcat);
            held.is_some() && held == node.identities.get(&call_manager)
        })
        .map(|(name, _)| name)
        .collect();
    let reused = purposes.contains(&tomcat) && !shared.is_empty();
    judge.require(!reused, "I12", None, &shared, || {
        (
            "tomcat is reused for CallManager: renewing it changes what phones trust".to_owned(),
            "Renew it by hand with the phone procedure.".to_owned(),
        )
    });
}
