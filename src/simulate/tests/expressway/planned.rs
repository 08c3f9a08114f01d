//! The planner's own plans of an estate with Expressway.

use crate::plan::testing::{CORE as C, EDGE as E, HQ, Scene, authority};

use super::super::scene::pem;
use super::*;

fn plan_of(scene: &Scene) -> Plan {
    let mut plan = scene
        .plan()
        .unwrap_or_else(|refusals| panic!("{refusals:#?}"));
    // The certificates of this scene are names; a step must carry what it names.
    for step in plan
        .clusters
        .values_mut()
        .flat_map(|cluster| &mut cluster.steps)
    {
        if let Action::UploadTrust {
            title, pem: text, ..
        } = &mut step.action
        {
            *text = pem(title);
        }
    }
    plan
}

/// The estate as it may be found: everything due, one side due, the chain there already.
fn scenes() -> Vec<(&'static str, Scene)> {
    let mut scenes = vec![
        ("both sides", Scene::with_expressway()),
        ("and tomcat", Scene::with_expressway().with_tomcat()),
    ];
    let mut edge = Scene::with_expressway();
    edge.renewed(C);
    scenes.push(("the edge alone", edge));
    let mut core = Scene::with_expressway();
    core.renewed(E);
    scenes.push(("the core alone", core));
    let mut there = Scene::with_expressway();
    for cluster in [C, E, HQ] {
        let corp = [
            authority("Corp Root", "Corp Root"),
            authority("Corp Issuing", "Corp Root"),
        ];
        let known = &mut there.of_cluster(cluster).certificates;
        known.extend(corp.map(|it| (it.sha256.clone(), it)));
        there.trusting(cluster);
    }
    scenes.push(("the chain is there", there));
    scenes
}

#[test]
fn what_the_planner_makes_of_expressway_holds() {
    for (name, scene) in scenes() {
        let proof = prove(&scene.observation, &plan_of(&scene));
        assert_eq!(told(&proof), "", "{name}");
        let reliance = proof.reliance.expect("connections are judged");
        assert!(
            reliance.held > 0 && reliance.judgements > reliance.connections,
            "{name}"
        );
    }
}

/// Each link is there for safety, follows from others, or spares users what may come to nothing; without any the plan
/// is refused.
#[test]
fn the_links_of_the_planner_are_what_makes_it_safe() {
    let mut missed = 0;
    for (name, scene) in scenes() {
        let whole = plan_of(&scene);
        for number in 0..whole.links.len() {
            let mut plan = whole.clone();
            plan.links.remove(number);
            missed += usize::from(!prove(&scene.observation, &plan).holds());
        }
        let unlinked = Plan {
            links: vec![],
            ..whole
        };
        let proof = prove(&scene.observation, &unlinked);
        assert!(
            invariants(&proof).contains("I26"),
            "{name}: {}",
            told(&proof)
        );
    }
    assert!(missed >= 10, "{missed}");
}
