//! Shared certificates, variants, several purposes, and the timeline.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

use super::outline;

#[test]
fn a_shared_certificate_has_one_request_and_one_upload_but_every_node_restarts() {
    let mut scene = Scene::three_nodes();
    scene.wanted().distribution = Distribution::MultiServer;
    scene.wanted().also = [SubjectName::dns("cucm.hq.example.com")].into();
    let plan = scene.planned();
    let outline = outline(&plan);
    let lines = |what: &str| outline.iter().filter(|line| line.contains(what)).count();
    assert_eq!(
        (
            lines("request request"),
            lines("upload"),
            lines("restart Cisco Tomcat @")
        ),
        (1, 1, 3)
    );
    let (common_name, names) = plan
        .steps
        .iter()
        .find_map(|step| match &step.action {
            Action::GenerateRequest {
                common_name, names, ..
            } => Some((common_name.clone(), names.clone())),
            _ => None,
        })
        .unwrap();
    assert_eq!(common_name, "cucm-pub-ms.hq.example.com");
    let expected = [PUBLISHER, FIRST, SECOND, "cucm.hq.example.com"].map(SubjectName::dns);
    assert_eq!(names, expected.into());
}

#[test]
fn a_shared_certificate_keeps_the_common_name_that_it_has() {
    let mut scene = Scene::three_nodes();
    scene.wanted().distribution = Distribution::MultiServer;
    let shared = Certificate {
        not_after: moment("2026-12-01T00:00:00Z"),
        names: [PUBLISHER, FIRST, SECOND].map(SubjectName::dns).into(),
        ..certificate("voice.hq.example.com", "Corp Issuing")
    };
    for node in [PUBLISHER, FIRST, SECOND] {
        scene
            .node(node)
            .identities
            .insert("tomcat".into(), Observed::Present(shared.sha256.clone()));
    }
    scene
        .cluster()
        .certificates
        .insert(shared.sha256.clone(), shared);
    let request = scene
        .planned()
        .steps
        .into_iter()
        .find_map(|step| match step.action {
            Action::GenerateRequest { common_name, .. } => Some(common_name),
            _ => None,
        });
    assert_eq!(request.as_deref(), Some("voice.hq.example.com"));
}

#[test]
fn variants_and_services_that_do_not_run_shape_the_restarts() {
    let mut scene = Scene::three_nodes();
    scene
        .options
        .variants
        .insert("tomcat".into(), "minimal".to_owned());
    let plan = scene.planned();
    let minimal = outline(&plan);
    let old = |it: &String| it.contains("6972/rsa serves the old certificate until");
    assert_eq!(
        plan.reminders.iter().filter(|it| old(it)).count(),
        3,
        "{:?}",
        plan.reminders
    );
    assert_eq!(
        minimal
            .iter()
            .filter(|line| line.contains("restart"))
            .count(),
        3
    );

    let mut scene = Scene::three_nodes();
    let Observed::Present(services) = &mut scene.node(FIRST).services else {
        unreachable!()
    };
    services
        .get_mut(&ServiceName::from("Cisco Tftp"))
        .unwrap()
        .status = ServiceStatus::NotActivated;
    let outline = outline(&scene.planned());
    assert!(
        !outline
            .iter()
            .any(|line| line == "activate restart Cisco Tftp @cucm-sub1")
    );
}

#[test]
fn purposes_that_phones_hold_nothing_of_share_the_wait_and_the_restarts() {
    let mut scene = Scene::three_nodes();
    let mut twin = scene.desired.certificates[0].clone();
    twin.purpose = "tomcat-ECDSA".into();
    twin.key = "ec-384".parse().unwrap();
    scene.desired.certificates.insert(0, twin);
    let mut ecdsa = procedure();
    ecdsa.purpose = "tomcat-ECDSA".into();
    ecdsa
        .proof
        .retain(|rule| matches!(rule.by, Proof::Port { always: true, .. }));
    for rule in &mut ecdsa.proof {
        if let Proof::Port { key, .. } = &mut rule.by {
            *key = KeyAlgorithm::Ec;
        }
    }
    scene.procedures.push(ecdsa);
    for name in [PUBLISHER, FIRST, SECOND] {
        let node = scene.node(name);
        node.identities
            .insert("tomcat-ECDSA".into(), Observed::Absent);
        for port in [Port::Rest, Port::Soap] {
            let chain = ServedChain {
                leaf: fingerprint("ec"),
                rest: vec![],
            };
            node.served.insert(
                Listener {
                    port,
                    key: KeyAlgorithm::Ec,
                },
                Observed::Present(chain),
            );
        }
    }
    let plan = scene.planned();
    let outline = outline(&plan);
    assert_eq!(
        outline.iter().filter(|line| line.contains("await")).count(),
        1
    );
    assert_eq!(
        outline.iter().filter(|line| line.contains("trust")).count(),
        2
    );
    let uploads: Vec<usize> = (0..outline.len())
        .filter(|at| outline[*at].contains("upload"))
        .collect();
    let restarts: Vec<&String> = outline
        .iter()
        .filter(|line| line.contains("restart"))
        .collect();
    let once: BTreeSet<&String> = restarts.iter().copied().collect();
    assert_eq!(
        restarts.len(),
        once.len(),
        "each service restarts once on each node"
    );
    let first = outline.iter().position(|line| line.contains("restart"));
    assert!(
        first > uploads.last().copied(),
        "everything is stored before anything restarts"
    );
    let proof = plan.steps.iter().find(|step| {
        step.stage == Stage::Activate && matches!(step.action, Action::Confirm { .. })
    });
    let ports: BTreeSet<String> = proof
        .unwrap()
        .after
        .iter()
        .filter_map(|condition| match condition {
            Condition::Serves { listener, .. } => Some(listener.to_string()),
            _ => None,
        })
        .collect();
    assert!(
        ports.contains("443/rsa") && ports.contains("443/ecdsa"),
        "{ports:?}"
    );
}

#[test]
fn the_timeline_adds_up() {
    let plan = Scene::three_nodes().planned();
    let timeline = timeline(&plan);
    let sum = plan
        .steps
        .iter()
        .fold(SignedDuration::ZERO, |sum, step| sum + step.takes);
    assert_eq!(timeline.total, sum);
    assert_eq!(timeline.steps.last().unwrap().ends, sum);
    let tomcat = &timeline.outages[&ServiceName::from("Cisco Tomcat")];
    assert_eq!(
        (tomcat.lasts, tomcat.nodes.len()),
        (SignedDuration::from_mins(30), 3)
    );
    assert!(
        !timeline
            .outages
            .contains_key(&ServiceName::from("Cisco DRF Local"))
    );
    assert_eq!(
        timeline.no_return.as_ref().map(StepId::as_str),
        Some("hq-07")
    );
    let stops: Vec<&str> = timeline
        .safe_stops
        .iter()
        .map(|stop| stop.after.as_str())
        .collect();
    assert_eq!(
        stops,
        ["hq-02", "hq-06", "hq-09", "hq-16", "hq-22", "hq-28"]
    );
    assert_eq!(
        timeline
            .waits
            .iter()
            .map(StepId::as_str)
            .collect::<Vec<_>>(),
        ["hq-06"]
    );
}
