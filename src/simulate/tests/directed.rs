//! One planted fault for each invariant: it is found under its number, at its node, and nothing else is.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::*;
use crate::plan::{Action, ClusterPlan, Condition, Stage, Step};

use super::scene::{
    FIRST, NAMESAKE, PLAIN, PUBLISHER, ROOT, Scene, Setting, certificate, entry, fingerprint,
};
use super::{of_cluster, planned, prove, told};

/// A fault, the invariants that it breaks, and the node that must be named.
type Fault = (
    &'static str,
    Setting,
    &'static [&'static str],
    &'static str,
    fn(&mut Scene, &mut ClusterPlan),
);

const SHARED: Setting = Setting {
    distribution: Distribution::MultiServer,
    ..PLAIN
};
const SIGNED_ON: Setting = Setting {
    single_sign_on: true,
    ..PLAIN
};
const TWIN: Setting = Setting {
    twin: true,
    ..PLAIN
};

fn place(plan: &ClusterPlan, nth: usize, wanted: fn(&Action) -> bool) -> usize {
    let places = plan.steps.iter().enumerate();
    let mut found = places.filter(|(_, step)| wanted(&step.action));
    found.nth(nth).expect("the plan has such a step").0
}

fn is_trust(action: &Action) -> bool {
    matches!(action, Action::UploadTrust { .. })
}
fn is_request(action: &Action) -> bool {
    matches!(action, Action::GenerateRequest { .. })
}
fn is_wait(action: &Action) -> bool {
    matches!(action, Action::AwaitCertificates { .. })
}
fn is_upload(action: &Action) -> bool {
    matches!(action, Action::UploadIdentity { .. })
}
fn is_restart(action: &Action) -> bool {
    matches!(action, Action::RestartService { .. })
}
fn is_person(action: &Action) -> bool {
    matches!(action, Action::Person { .. })
}
fn is_confirm(action: &Action) -> bool {
    matches!(action, Action::Confirm { .. })
}

fn step(plan: &mut ClusterPlan, nth: usize, wanted: fn(&Action) -> bool) -> &mut Step {
    let at = place(plan, nth, wanted);
    &mut plan.steps[at]
}

fn remove(plan: &mut ClusterPlan, nth: usize, wanted: fn(&Action) -> bool) -> Step {
    let at = place(plan, nth, wanted);
    plan.steps.remove(at)
}

fn asked(step: &mut Step) -> (&mut BTreeSet<SubjectName>, &mut KeySpec, &mut Purpose) {
    match &mut step.action {
        Action::GenerateRequest {
            names,
            key,
            purpose,
            ..
        } => (names, key, purpose),
        other => panic!("{other:?} asks for nothing"),
    }
}

const FAULTS: &[Fault] = &[
    (
        "an intermediate before its root",
        PLAIN,
        &["I5"],
        PUBLISHER,
        |_, plan| {
            plan.steps.swap(0, 1);
            let (first, second) = plan.steps.split_at_mut(1);
            std::mem::swap(&mut first[0].before, &mut second[0].before);
        },
    ),
    (
        "a subscriber that was not seen to trust the chain",
        PLAIN,
        &["I5"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_trust).after.truncate(1);
        },
    ),
    (
        "a chain that is not asked for again",
        PLAIN,
        &["I5"],
        PUBLISHER,
        |_, plan| {
            let before = &mut step(plan, 0, is_upload).before;
            before.retain(|it| !matches!(it, Condition::Trusts { .. }));
        },
    ),
    (
        "a chain without its root",
        PLAIN,
        &["I5", "shape"],
        "",
        |_, plan| {
            if let Action::AwaitCertificates { terms, .. } = &mut step(plan, 0, is_wait).action {
                terms.chain.remove(0);
            }
        },
    ),
    (
        "an authority that has expired",
        PLAIN,
        &["I5"],
        "",
        |scene, _| {
            let root = fingerprint(ROOT);
            let known = &mut scene.cluster().certificates;
            known.get_mut(&root).unwrap().not_after = "2026-01-01T00:00:00Z".parse().unwrap();
        },
    ),
    (
        "an authority on which a served certificate rests would go",
        PLAIN,
        &["I5"],
        FIRST,
        |scene, _| {
            let old = fingerprint("Old Root");
            let known = &mut scene.cluster().certificates;
            known.get_mut(&old).unwrap().common_name = Some(ROOT.to_owned());
            known.get_mut(&old).unwrap().not_before = "2015-01-01T00:00:00Z".parse().unwrap();
        },
    ),
    (
        "an authority that nobody read",
        PLAIN,
        &["I5"],
        PUBLISHER,
        |scene, _| {
            scene.cluster().certificates.remove(&fingerprint(ROOT));
        },
    ),
    (
        "no certificate was waited for",
        PLAIN,
        &["I6", "shape"],
        PUBLISHER,
        |_, plan| {
            remove(plan, 0, is_wait);
        },
    ),
    (
        "a wait before the request",
        PLAIN,
        &["I6"],
        "",
        |_, plan| {
            let wait = remove(plan, 0, is_wait);
            plan.steps.insert(2, wait);
        },
    ),
    (
        "another node's request",
        PLAIN,
        &["I6", "I7", "shape"],
        FIRST,
        |_, plan| {
            let other = step(plan, 0, is_request).id.clone();
            if let Action::UploadIdentity { request, .. } = &mut step(plan, 1, is_upload).action {
                *request = other;
            }
        },
    ),
    (
        "a request that waits already",
        PLAIN,
        &["I7"],
        FIRST,
        |scene, _| {
            let waiting = Observed::Unknown("timed out".to_owned());
            scene.node(FIRST).pending.insert("tomcat".into(), waiting);
        },
    ),
    (
        "a request that nobody answers",
        PLAIN,
        &["I7"],
        FIRST,
        |_, plan| {
            remove(plan, 1, is_upload);
            plan.steps
                .retain(|step| !(is_restart(&step.action) && step.node == Some(FIRST.into())));
            plan.steps
                .retain(|step| !(is_confirm(&step.action) && step.node != Some(PUBLISHER.into())));
            let id = step(plan, 1, is_request).id.clone();
            for step in &mut plan.steps {
                step.after
                    .retain(|it| !matches!(it, Condition::Serves { step, .. } if *step == id));
            }
        },
    ),
    (
        "a restart of what did not run",
        PLAIN,
        &["I8"],
        FIRST,
        |scene, _| {
            let Observed::Present(services) = &mut scene.node(FIRST).services else {
                panic!()
            };
            services.get_mut(&"Cisco Tftp".into()).unwrap().status = ServiceStatus::Stopped;
        },
    ),
    (
        "a port that nobody looks at",
        PLAIN,
        &["I8"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_confirm).after.remove(0);
        },
    ),
    (
        "a service that presents it and is not restarted",
        PLAIN,
        &["I8"],
        FIRST,
        |_, plan| {
            let tftp = |step: &Step| matches!(&step.action, Action::RestartService { service, .. } if service.as_str() == "Cisco Tftp");
            plan.steps
                .retain(|step| !(tftp(step) && step.node == Some(FIRST.into())));
        },
    ),
    (
        "a shared certificate that leaves a node out",
        SHARED,
        &["I6", "I8"],
        FIRST,
        |_, plan| {
            if let Action::GenerateRequest { nodes, .. } = &mut step(plan, 0, is_request).action {
                nodes.remove(&FIRST.into());
            }
            plan.edges.clear();
            let only = |it: &Condition| {
                !format!("{it:?}").contains(FIRST) || matches!(it, Condition::Trusts { .. })
            };
            for step in &mut plan.steps {
                let own = step.node == Some(PUBLISHER.into());
                if own && !matches!(step.action, Action::UploadTrust { .. }) {
                    step.after.retain(only);
                }
            }
            plan.steps.retain(|step| {
                step.node != Some(FIRST.into())
                    && !(is_confirm(&step.action) && step.node.is_none())
            });
            if let Action::UploadIdentity { nodes, .. } = &mut step(plan, 0, is_upload).action {
                nodes.remove(&FIRST.into());
            }
            // The shared request comes from another node.
            step(plan, 0, is_request).node = Some(FIRST.into());
        },
    ),
    (
        "the subscriber before the publisher",
        PLAIN,
        &["I9"],
        FIRST,
        |_, plan| {
            let of = |name: &'static str| {
                move |step: &&Step| step.stage == Stage::Activate && step.node == Some(name.into())
            };
            let first: Vec<Step> = plan.steps.iter().filter(of(FIRST)).cloned().collect();
            let publisher: Vec<Step> = plan.steps.iter().filter(of(PUBLISHER)).cloned().collect();
            let at = plan
                .steps
                .iter()
                .position(|step| step.stage == Stage::Activate)
                .unwrap();
            plan.steps.retain(|step| step.stage != Stage::Activate);
            plan.steps
                .splice(at..at, first.into_iter().chain(publisher));
        },
    ),
    (
        "a service that may stay down",
        PLAIN,
        &["I9"],
        PUBLISHER,
        |_, plan| {
            for condition in &mut step(plan, 0, is_confirm).after {
                if let Condition::Healthy { services, .. } = condition {
                    services.remove(&"Cisco CallManager".into());
                }
            }
        },
    ),
    (
        "two nodes that restart together",
        PLAIN,
        &["I9", "I10"],
        PUBLISHER,
        |_, plan| {
            let confirm = remove(plan, 0, is_confirm);
            let at = place(plan, 0, is_confirm);
            plan.steps.insert(at, confirm);
        },
    ),
    (
        "an unknown security mode",
        PLAIN,
        &["I11"],
        "",
        |scene, _| {
            scene.cluster().security = Observed::Unknown("AXL is down".to_owned());
        },
    ),
    (
        "a certificate that CallManager uses too",
        PLAIN,
        &["I12"],
        FIRST,
        |scene, _| {
            let held = Observed::Present(fingerprint(FIRST));
            scene
                .node(FIRST)
                .identities
                .insert("CallManager".into(), held);
        },
    ),
    (
        "a reuse that only port 5061 tells",
        PLAIN,
        &["I12"],
        FIRST,
        |scene, _| {
            let chain = ServedChain {
                leaf: fingerprint(FIRST),
                rest: vec![],
            };
            let sip = Listener {
                port: Port::Sip,
                key: KeyAlgorithm::Rsa,
            };
            scene
                .node(FIRST)
                .served
                .insert(sip, Observed::Present(chain));
        },
    ),
    (
        "a backup that nobody looks for",
        PLAIN,
        &["I13"],
        FIRST,
        |_, plan| {
            for step in &mut plan.steps {
                if step.node == Some(FIRST.into()) {
                    step.before
                        .retain(|it| !matches!(it, Condition::BackupIdle { .. }));
                }
            }
        },
    ),
    (
        "single sign-on that stays on",
        SIGNED_ON,
        &["I14"],
        FIRST,
        |_, plan| {
            remove(plan, 0, is_person);
        },
    ),
    (
        "single sign-on that stays off",
        SIGNED_ON,
        &["I14"],
        FIRST,
        |_, plan| {
            remove(plan, 1, is_person);
        },
    ),
    (
        "single sign-on that comes back too early",
        SIGNED_ON,
        &["I14"],
        FIRST,
        |_, plan| {
            let on = remove(plan, 1, is_person);
            let at = place(plan, 0, is_confirm);
            plan.steps.insert(at, on);
        },
    ),
    (
        "single sign-on that is not looked at again",
        PLAIN,
        &["I14"],
        PUBLISHER,
        |_, plan| {
            let before = &mut step(plan, 0, is_upload).before;
            before.retain(|it| !matches!(it, Condition::SsoDisabled { .. }));
        },
    ),
    (
        "a request without the node's name",
        PLAIN,
        &["I18"],
        FIRST,
        |_, plan| {
            asked(step(plan, 1, is_request)).0.clear();
        },
    ),
    (
        "a write that is not read back",
        PLAIN,
        &["I22"],
        PUBLISHER,
        |_, plan| {
            step(plan, 0, is_restart).after.clear();
        },
    ),
    (
        "a younger namesake that stays",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            namesake(scene, "2026-01-01T00:00:00Z");
        },
    ),
    (
        "a namesake that began with it",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            namesake(scene, "2025-01-01T00:00:00Z");
        },
    ),
    (
        "an entry that nobody could read",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            let held = Observed::Present(vec![entry("unreadable")]);
            scene.node(FIRST).trust.insert("tomcat-trust".into(), held);
        },
    ),
    (
        "a store that nobody could read",
        PLAIN,
        &["I22"],
        FIRST,
        |scene, _| {
            let held = Observed::Unknown("timed out".to_owned());
            scene.node(FIRST).trust.insert("tomcat-trust".into(), held);
        },
    ),
    ("a wildcard", PLAIN, &["I24"], FIRST, |_, plan| {
        asked(step(plan, 1, is_request))
            .0
            .insert(SubjectName::dns("*.hq.example.com"));
    }),
    ("a key of 8192 bits", PLAIN, &["I24"], FIRST, |_, plan| {
        asked(step(plan, 1, is_request)).1.bits = 8192;
    }),
    (
        "a key of the other kind",
        PLAIN,
        &["I24"],
        FIRST,
        |_, plan| {
            *asked(step(plan, 1, is_request)).1 = "ec-384".parse().unwrap();
        },
    ),
    (
        "replication that is broken",
        PLAIN,
        &["I25"],
        FIRST,
        |scene, _| {
            let Observed::Present(states) = &mut scene.cluster().replication else {
                panic!()
            };
            states.get_mut(&FIRST.into()).unwrap().state = Some(4);
        },
    ),
    (
        "services that are unknown",
        PLAIN,
        &["I25"],
        "an-imp.hq.example.com",
        |scene, _| {
            let name = "an-imp.hq.example.com";
            let mut more = Setting {
                presence: true,
                trusted: super::Trusted::Everywhere,
                ..PLAIN
            }
            .scene();
            more.node(name).sso = Observed::Unknown("timed out".to_owned());
            let cluster = more.cluster().clone();
            *scene.cluster() = cluster;
        },
    ),
    (
        "a node that was not observed",
        PLAIN,
        &["I25"],
        "sub9.hq.example.com",
        |scene, _| {
            let Observed::Present(listed) = &mut scene.cluster().listed else {
                panic!()
            };
            listed.insert("sub9.hq.example.com".into(), Role::Subscriber);
        },
    ),
    (
        "a node that is not authenticated",
        PLAIN,
        &["I25"],
        FIRST,
        |scene, _| {
            scene.cluster().network = Observed::Present([(FIRST.into(), false)].into());
        },
    ),
    (
        "a backup that runs",
        PLAIN,
        &["I13", "I25"],
        PUBLISHER,
        |scene, _| {
            scene.node(PUBLISHER).backup_job =
                Observed::Present(BackupJob::Running("30 %".to_owned()));
        },
    ),
    (
        "a first write that does not ask for replication",
        PLAIN,
        &["I25"],
        PUBLISHER,
        |_, plan| {
            plan.steps[0].before.clear();
        },
    ),
    (
        "a second purpose before the first is in service",
        TWIN,
        &["I26"],
        PUBLISHER,
        |_, plan| {
            let second = remove(plan, 2, is_upload);
            let at = place(plan, 0, is_restart);
            plan.steps.insert(at, second);
        },
    ),
    (
        "a restart that does not say how long it takes",
        PLAIN,
        &["I27"],
        PUBLISHER,
        |_, plan| {
            step(plan, 0, is_restart).takes = SignedDuration::ZERO;
        },
    ),
    (
        "a request made by somebody meanwhile",
        PLAIN,
        &["I28"],
        FIRST,
        |_, plan| {
            step(plan, 1, is_request).before.clear();
        },
    ),
    (
        "a request replaced before the upload",
        PLAIN,
        &["I28"],
        FIRST,
        |_, plan| {
            let before = &mut step(plan, 1, is_upload).before;
            before.retain(|it| !matches!(it, Condition::RequestOf { .. }));
        },
    ),
    (
        "a certificate replaced before the restart",
        PLAIN,
        &["I28"],
        PUBLISHER,
        |_, plan| {
            let before = &mut step(plan, 0, is_restart).before;
            before.retain(|it| !matches!(it, Condition::IdentityOf { .. }));
        },
    ),
    (
        "a restart of what phones rely on",
        PLAIN,
        &["I2"],
        PUBLISHER,
        |_, plan| {
            let mut restart = step(plan, 0, is_restart).clone();
            restart.id = "hq-99".into();
            let service = ServiceName::from("Cisco CallManager");
            restart.after = vec![Condition::Runs {
                node: PUBLISHER.into(),
                service: service.clone(),
            }];
            restart.action = Action::RestartService {
                service,
                by: ControlPath::ControlCenter,
            };
            let at = place(plan, 0, is_restart);
            plan.steps.insert(at, restart);
        },
    ),
    (
        "a product that the proof does not know",
        PLAIN,
        &["I2"],
        FIRST,
        |_, plan| {
            plan.product = Product::UnityConnection;
        },
    ),
    (
        "a write that hides in another stage",
        PLAIN,
        &["shape"],
        PUBLISHER,
        |_, plan| {
            step(plan, 0, is_upload).stage = Stage::Prepare;
        },
    ),
    (
        "an authority that nothing needs",
        PLAIN,
        &["shape"],
        PUBLISHER,
        |scene, plan| {
            let other = certificate("Other Root", "Other Root");
            scene
                .cluster()
                .certificates
                .insert(other.sha256.clone(), other);
            let mut more = plan.steps[0].clone();
            more.id = "hq-99".into();
            more.after = vec![Condition::Trusts {
                node: PUBLISHER.into(),
                store: "tomcat-trust".into(),
                sha256: fingerprint("Other Root"),
            }];
            more.action = Action::UploadTrust {
                store: "tomcat-trust".into(),
                sha256: fingerprint("Other Root"),
                title: "Other Root".to_owned(),
                pem: super::scene::pem("Other Root"),
            };
            plan.steps.insert(1, more);
        },
    ),
];

/// Another authority of the root's name in a subscriber's store, on which nothing rests.
fn namesake(scene: &mut Scene, begins: &str) {
    let held = Observed::Present(vec![entry(NAMESAKE)]);
    scene.node(FIRST).trust.insert("tomcat-trust".into(), held);
    let known = &mut scene.cluster().certificates;
    known.get_mut(&fingerprint(NAMESAKE)).unwrap().not_before = begins.parse().unwrap();
}

#[test]
fn a_planted_fault_is_found_under_its_number_and_node() {
    let mut wrong = Vec::new();
    for (name, setting, invariants, node, plant) in FAULTS {
        let mut scene = setting.scene();
        let mut plan = planned(&scene);
        of_cluster(&mut plan).edges.clear();
        plant(&mut scene, of_cluster(&mut plan));
        let proof = prove(&scene.observation, &plan);
        let found: BTreeSet<&str> = proof.violations.iter().map(|it| it.invariant).collect();
        let node = NodeName::from(*node);
        let named = |invariant: &&str| {
            let mut of = proof
                .violations
                .iter()
                .filter(|it| it.invariant == *invariant);
            of.any(|it| node.as_str().is_empty() || it.nodes.contains(&node))
        };
        let wordless = proof
            .violations
            .iter()
            .any(|it| it.says.is_empty() || it.remedy.is_empty());
        if found != invariants.iter().copied().collect()
            || !invariants.iter().any(named)
            || wordless
        {
            wrong.push(format!(
                "{name}: expected {invariants:?} at {node}, found\n{}",
                told(&proof)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_invariant_of_this_release_has_a_planted_fault() {
    let planted: BTreeSet<&str> = FAULTS.iter().flat_map(|fault| fault.2).copied().collect();
    for invariant in [
        "I2", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13", "I14", "I18", "I22", "I24",
        "I25", "I26", "I27", "I28", "shape",
    ] {
        assert!(planted.contains(invariant), "{invariant}");
    }
}
