//! Same input, same plan; nothing that is not due.

use crate::model::*;
use crate::plan::file::content_digest;
use crate::plan::testing::*;
use crate::plan::*;

#[test]
fn nothing_due_is_an_empty_plan() {
    let mut scene = Scene::three_nodes();
    for node in [PUBLISHER, FIRST, SECOND] {
        let certificate = scene.certificate(node);
        certificate.not_after = moment("2030-01-01T00:00:00Z");
        certificate.signed_by = [fingerprint("Corp Issuing")].into();
        for name in ["Corp Root", "Corp Issuing"] {
            scene.trust(node, authority(name, "Corp Root"));
        }
    }
    let findings = scene.findings();
    assert!(
        !findings.iter().any(|finding| finding.renewal_mends),
        "{findings:#?}"
    );
    assert!(scene.plan().unwrap().clusters.is_empty());
}

#[test]
fn only_the_node_that_is_due_is_renewed() {
    let mut scene = Scene::three_nodes();
    for node in [PUBLISHER, SECOND] {
        let certificate = scene.certificate(node);
        certificate.not_after = moment("2030-01-01T00:00:00Z");
        certificate.signed_by = [fingerprint("Corp Issuing")].into();
    }
    let plan = scene.planned();
    let written: Vec<&str> = plan
        .steps
        .iter()
        .filter(|step| {
            matches!(
                step.action,
                Action::UploadIdentity { .. } | Action::RestartService { .. }
            )
        })
        .map(|step| step.node.as_ref().unwrap().as_str())
        .collect();
    assert!(
        !written.is_empty() && written.iter().all(|node| *node == FIRST),
        "{written:?}"
    );
    let answered: Vec<&str> = plan
        .findings
        .iter()
        .map(|finding| finding.node.as_ref().unwrap().as_str())
        .collect();
    assert!(!answered.is_empty() && answered.iter().all(|node| *node == FIRST));

    scene.wanted().distribution = Distribution::MultiServer;
    let uploads = scene
        .planned()
        .steps
        .into_iter()
        .find_map(|step| match step.action {
            Action::UploadIdentity { nodes, .. } => Some(nodes.len()),
            _ => None,
        });
    assert_eq!(
        uploads,
        Some(3),
        "a shared certificate is renewed as a whole"
    );
}

#[test]
fn force_renews_what_is_not_due() {
    let mut scene = Scene::three_nodes();
    assert!(scene.plan_with(&[]).unwrap().clusters.is_empty());
    scene.options.force_renew = true;
    assert_eq!(scene.plan_with(&[]).unwrap().clusters.len(), 1);
}

#[test]
fn the_order_of_input_does_not_matter() {
    let scene = Scene::three_nodes();
    let mut shuffled = Scene::of(&[
        (FIRST, Role::Subscriber),
        (SECOND, Role::Subscriber),
        (PUBLISHER, Role::Publisher),
    ]);
    for node in [PUBLISHER, FIRST, SECOND] {
        let store = shuffled
            .node(node)
            .trust
            .get_mut(&Store::from("tomcat-trust"))
            .unwrap();
        let Observed::Present(entries) = store else {
            unreachable!()
        };
        entries.reverse();
    }
    shuffled.procedures.insert(
        0,
        Procedure {
            appliance: Appliance::UnityConnection,
            ..procedure()
        },
    );
    let mut findings = shuffled.findings();
    findings.reverse();
    let twice: Vec<Finding> = findings.iter().chain(&findings).cloned().collect();
    assert_eq!(shuffled.plan_with(&twice).unwrap(), scene.plan().unwrap());
}

#[test]
fn planning_again_later_gives_the_same_content() {
    let scene = Scene::three_nodes();
    let first = scene.plan().unwrap();
    let mut later = first.clone();
    later.made = moment("2026-11-23T01:00:00Z");
    assert_eq!(
        content_digest(&first).unwrap(),
        content_digest(&later).unwrap()
    );
    assert_ne!(file::digest(&first).unwrap(), file::digest(&later).unwrap());
}

#[test]
fn a_hundred_clusters_of_eight_nodes_are_planned_quickly() {
    let names: Vec<String> = (0..8)
        .map(|at| format!("node{at}.hq.example.com"))
        .collect();
    let nodes: Vec<(&str, Role)> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            (
                name.as_str(),
                if at == 0 {
                    Role::Publisher
                } else {
                    Role::Subscriber
                },
            )
        })
        .collect();
    let mut scene = Scene::of(&nodes);
    let one = scene.cluster().clone();
    let wanted = scene.wanted().clone();
    for at in 0..100 {
        let name = ClusterName::new(format!("c{at}"));
        scene.observation.clusters.insert(name.clone(), one.clone());
        scene.desired.certificates.push(DesiredCertificate {
            cluster: name,
            ..wanted.clone()
        });
    }
    let findings = scene.findings();
    let plan = scene.plan_with(&findings).unwrap();
    assert_eq!(plan.clusters.len(), 101);
}
