//! Plans that break an edge, and those that do not.

use super::*;
use crate::edges::expressway::{Facts, Peer, join};
use crate::model::{ClusterName, NodeName, StepId};
use crate::plan::testing::{FIRST, PUBLISHER, SECOND, Scene};
use crate::plan::{Action, ClusterPlan, Plan, Step};

fn plan_of(scene: &Scene) -> Plan {
    scene
        .plan()
        .unwrap_or_else(|refusals| panic!("{refusals:#?}"))
}

fn hq(plan: &mut Plan) -> &mut ClusterPlan {
    plan.clusters.get_mut(&ClusterName::from("hq")).unwrap()
}

fn is_trust(step: &Step, of: &str) -> bool {
    matches!(&step.action, Action::UploadTrust { title, .. } if title == of)
}

fn place(plan: &ClusterPlan, wanted: impl Fn(&Step) -> bool) -> usize {
    plan.steps.iter().position(wanted).expect("such a step")
}

fn restarts(step: &Step, of: &str) -> bool {
    matches!(&step.action, Action::RestartService { service, .. } if service.as_str() == "Cisco Tomcat")
        && step.node == Some(of.into())
}

#[test]
fn a_good_plan_breaks_nothing() {
    let scene = Scene::three_nodes();
    let plan = plan_of(&scene);
    assert!(
        plan.clusters
            .values()
            .any(|cluster| cluster.steps.iter().any(|step| restarts(step, PUBLISHER)))
    );
    assert_eq!(after_each_step(&scene.observation, &plan), []);
}

#[test]
fn an_authority_that_comes_after_the_restart_is_found_with_the_step_to_move() {
    let scene = Scene::three_nodes();
    let mut plan = plan_of(&scene);
    let cluster = hq(&mut plan);
    let from = place(cluster, |step| is_trust(step, "Corp Issuing"));
    let moved = cluster.steps.remove(from);
    let at = place(cluster, |step| restarts(step, FIRST)) + 1;
    cluster.steps.insert(at, moved.clone());
    let broken = after_each_step(&scene.observation, &plan);
    assert!(!broken.is_empty());
    let first = &broken[0];
    assert_eq!(
        first.edge.presenting().name(),
        Some(&NodeName::from(PUBLISHER))
    );
    let expected = |name: &str| {
        let step = plan
            .clusters
            .values()
            .flat_map(|cluster| &cluster.steps)
            .find(|step| restarts(step, name));
        step.map(|step| step.id.clone())
    };
    assert_eq!(Some(&first.step), expected(PUBLISHER).as_ref());
    assert_eq!(first.until.as_ref(), Some(&moved.id));
    assert!(
        first
            .verdict
            .to_string()
            .starts_with("broken: the intermediate Corp Issuing"),
        "{}",
        first.verdict
    );
    let start = format!(
        "Carry {} out before {}: upload Corp Issuing to tomcat-trust of ",
        moved.id, first.step
    );
    assert!(first.avoid.starts_with(&start), "{}", first.avoid);
}

#[test]
fn an_authority_that_never_comes_is_found_with_the_step_to_add() {
    let scene = Scene::three_nodes();
    let without = |titles: &[&str]| {
        let mut plan = plan_of(&scene);
        let steps = &mut hq(&mut plan).steps;
        steps.retain(|step| !titles.iter().any(|title| is_trust(step, title)));
        after_each_step(&scene.observation, &plan)
    };
    let both = without(&["Corp Root", "Corp Issuing"]);
    // Each of three nodes restarts, and the other two verify it.
    assert_eq!(both.len(), 6);
    assert!(
        both.iter()
            .all(|each| each.until.is_none() && each.verdict.is_broken())
    );
    let first = &both[0];
    let expected = format!(
        "Before {}, upload Corp Issuing to tomcat-trust of {}.",
        first.step,
        first.edge.relying()
    );
    assert_eq!(first.avoid, expected);
    // With the intermediate alone nothing is called broken, and nothing is called fine.
    let root = without(&["Corp Root"]);
    assert_eq!(root.len(), 6);
    let first = &root[0];
    let says = first.verdict.to_string();
    assert!(
        says.starts_with("unknown: the store holds Corp Issuing but not Corp Root"),
        "{says}"
    );
    assert!(
        first
            .avoid
            .contains("holds the whole chain of the new certificate")
    );
}

#[test]
fn what_was_broken_before_is_not_the_plans() {
    let mut scene = Scene::three_nodes();
    let plan = plan_of(&scene);
    for name in [PUBLISHER, FIRST, SECOND] {
        scene
            .node(name)
            .trust
            .insert("tomcat-trust".into(), Observed::Present(Vec::new()));
    }
    assert!(
        judge(
            &Site::of(&scene.observation),
            &graph(&scene.observation),
            now()
        )
        .iter()
        .all(|each| each.verdict.is_broken())
    );
    assert_eq!(after_each_step(&scene.observation, &plan), []);
}

/// An upload that drops the authority of the same name which the certificates of today need.
#[test]
fn a_namesake_that_drops_the_old_authority_is_found() {
    let mut scene = Scene::three_nodes();
    let plan = plan_of(&scene);
    let new = scene
        .cluster()
        .certificates
        .get_mut(&fingerprint("Corp Root"))
        .unwrap();
    new.common_name = Some("Old Root".to_owned());
    let broken = after_each_step(&scene.observation, &plan);
    let uploads: Vec<&StepId> = plan
        .clusters
        .values()
        .flat_map(|cluster| &cluster.steps)
        .filter(|step| is_trust(step, "Corp Root"))
        .map(|step| &step.id)
        .collect();
    assert!(!broken.is_empty());
    assert!(
        broken.iter().all(|each| uploads.contains(&&each.step)),
        "{broken:#?}"
    );
    assert!(
        broken[0].avoid.contains("upload Old Root to tomcat-trust"),
        "{}",
        broken[0].avoid
    );
}

/// The case that the whole module is for: Expressway-C does not know the new authority of CUCM (I16).
#[test]
fn expressway_that_lacks_the_new_authority_is_found_before_the_first_restart() {
    let scene = Scene::three_nodes();
    let mut plan = plan_of(&scene);
    let mut facts = Facts {
        serves: ["hq".into()].into(),
        ..Facts::default()
    };
    let old = authority("Old Root", "Old Root");
    facts.certificates.insert(old.sha256.clone(), old);
    let peer = Peer {
        release: Observed::Present((14, 2, 0)),
        trusted: Observed::Present(vec![fingerprint("Old Root")]),
        prefers: Observed::Present(KeyAlgorithm::Rsa),
        ..Peer::default()
    };
    facts
        .core
        .insert(("exp-c".into(), "vcsc.example.com".into()), peer);
    let name = ClusterName::from("hq");
    let found = |facts: &Facts, plan: &ClusterPlan| {
        let mut site = Site::of(&scene.observation);
        let edges = join(&mut site, &scene.observation, facts);
        let sequence: Vec<_> = plan.steps.iter().map(|step| (&name, step)).collect();
        let clusters = &scene.observation.clusters;
        walk(site, &edges, clusters, &sequence, now()).broken
    };
    let broken = found(&facts, hq(&mut plan));
    assert_eq!(
        broken
            .iter()
            .filter(|each| each.edge.port == Some(8443))
            .count(),
        3
    );
    let first = &broken[0];
    assert_eq!(
        first.avoid,
        format!(
            "Before {}, upload Corp Issuing to trusted-ca of vcsc.example.com, and restart and confirm that peer.",
            first.step
        )
    );
    let line = symptoms(&first.edge, &first.verdict).remove(0);
    assert!(
        line.contains("Error=unable to get local issuer certificate"),
        "{line}"
    );
    let core = facts.core.values_mut().next().unwrap();
    core.trusted = Observed::Present(
        ["Old Root", "Corp Root", "Corp Issuing"]
            .map(fingerprint)
            .into(),
    );
    assert_eq!(found(&facts, hq(&mut plan)), []);
}
