//! What `--only` and `--except` may cut, and refusals as they are told.

use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

#[test]
fn cuts_that_another_step_needs() {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let mut scene = Scene::three_nodes();
    scene.options.except = Cut::read(&words(&["cucm-pub"]), &scene.desired).unwrap();
    let refusals = scene.plan().unwrap_err();
    assert_eq!(
        (refusals.len(), refusals[0].invariant),
        (1, Some("I9")),
        "{refusals:#?}"
    );

    let mut scene = Scene::three_nodes();
    scene.wanted().distribution = Distribution::MultiServer;
    scene.options.only = Cut::read(&words(&[PUBLISHER, "node:cucm-sub1"]), &scene.desired).unwrap();
    let refusals = scene.plan().unwrap_err();
    assert_eq!(
        (refusals.len(), refusals[0].invariant),
        (1, Some("I8")),
        "{refusals:#?}"
    );
    assert!(refusals[0].nodes.contains(&NodeName::from(SECOND)));

    let mut scene = Scene::three_nodes();
    scene.options.except = Cut::read(&words(&["cucm-sub2"]), &scene.desired).unwrap();
    assert!(!scene.planned().steps.iter().any(|step| {
        matches!(
            step.action,
            Action::UploadIdentity { .. } | Action::RestartService { .. }
        ) && step.node == Some(SECOND.into())
    }));

    for except in ["hq", "tomcat"] {
        let mut scene = Scene::three_nodes();
        scene.options.except = Cut::read(&words(&[except]), &scene.desired).unwrap();
        assert!(scene.plan().unwrap().clusters.is_empty());
    }

    let refusals = Cut::read(
        &words(&["hq", "cucm-sub9", "cluster:tomcat"]),
        &scene.desired,
    )
    .unwrap_err();
    assert_eq!(refusals.len(), 2);
    assert!(
        refusals[0]
            .to_string()
            .starts_with("`cucm-sub9` was expected to be a cluster, node or purpose")
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_not_nothing_to_do() {
    let mut scene = Scene::three_nodes();
    let identity = Observed::Unknown("no answer".to_owned());
    scene
        .node(SECOND)
        .identities
        .insert("tomcat".into(), identity);
    let refusals = scene.plan_with(&[]).unwrap_err();
    assert_eq!(refusals.len(), 1);
    assert_eq!(
        refusals[0].to_string(),
        "cluster hq: cucm-sub2.hq.example.com: expected to read the tomcat certificate; it is unknown whether it \
         is due: no answer (invariant I25)\n  next: Mend what the text names and observe again, or leave the node \
         or cluster out with --except."
    );
}

#[test]
fn one_bad_cluster_refuses_and_every_reason_is_told() {
    let mut scene = Scene::three_nodes();
    scene.node(FIRST).sso = Observed::Unknown("x".into());
    scene.node(SECOND).sso = Observed::Unknown("y".into());
    scene.cluster().security = Observed::Absent;
    let refusals = scene.plan().unwrap_err();
    assert_eq!(refusals.len(), 3, "{refusals:#?}");
}

#[test]
fn what_is_missing_on_a_node_for_one_reason_is_told_once() {
    let mut scene = Scene::three_nodes();
    let node = scene.node(SECOND);
    let gone = || "no route to host".to_owned();
    node.release = Observed::Unknown(gone());
    node.services = Observed::Unknown(gone());
    node.sso = Observed::Unknown(gone());
    let refusals = scene.plan().unwrap_err();
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert!(
        refusals[0]
            .says
            .contains("single sign-on, the release, the services; found: no route")
    );
}
