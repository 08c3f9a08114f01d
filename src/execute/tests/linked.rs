//! Steps that wait for a step of another cluster.

use crate::execute::testing::{Fault, Scene};
use crate::execute::{Class, Outcome, Progress};
use crate::model::Wave;
use crate::plan::{Edge, Stage};

/// Two clusters; the first upload of `hq` waits for the last proof of `other`, whose first upload waits for the trust
/// of `hq`.
fn linked() -> Scene {
    let mut scene = Scene::new();
    scene.add("other");
    let link = |first: &str, then: &str| Edge {
        first: first.into(),
        then: then.into(),
        why: "the other side trusts it first".to_owned(),
    };
    scene.plan.links = vec![link("hq-01", "other-05"), link("other-12", "hq-05")];
    scene
}

/// The steps of both clusters in the order in which they were done.
fn order(scene: &Scene) -> Vec<String> {
    let done = |progress: Progress| match progress {
        Progress::StepDone { step, .. } => Some(step.to_string()),
        _ => None,
    };
    scene.told.all().into_iter().filter_map(done).collect()
}

fn place(order: &[String], step: &str) -> usize {
    order.iter().position(|done| done == step).unwrap()
}

fn what(outcome: &Outcome, cluster: &str) -> (Class, String) {
    let cluster = &outcome.clusters[&cluster.into()];
    (cluster.class, cluster.what.clone())
}

#[test]
fn a_step_waits_for_the_other_cluster_in_any_wave_and_width() {
    let wave = |name: &str, clusters: &[&str], parallel| Wave {
        name: name.to_owned(),
        clusters: clusters.iter().copied().map(Into::into).collect(),
        parallel,
        max_failures: 1,
    };
    for waves in [
        vec![],
        vec![wave("all", &["hq", "other"], 1)],
        vec![wave("one", &["hq"], 1), wave("two", &["other"], 1)],
        vec![wave("one", &["other"], 1)],
    ] {
        let mut scene = linked();
        scene.limits.waves = waves;
        let outcome = scene.run().unwrap();
        assert_eq!(outcome.class(), Class::Done, "{outcome:?}");
        let order = order(&scene);
        assert_eq!(order.len(), 26);
        assert!(place(&order, "hq-01") < place(&order, "other-05"));
        assert!(place(&order, "other-12") < place(&order, "hq-05"));
    }
}

#[test]
fn when_the_other_cluster_stops_so_does_the_step_and_both_resume() {
    let scene = linked();
    // The fourth change is the first upload of an identity.
    let other = &scene.devices[&"other".into()];
    other.truth().faults.insert(4, Fault::Refuse);
    let outcome = scene.run().unwrap();
    let (class, words) = what(&outcome, "hq");
    assert_eq!(class, Class::Waiting);
    assert!(
        words.starts_with("hq-05 waits for other-12 of other, which has stopped before it"),
        "{words}"
    );
    assert!(what(&outcome, "other").0.is_failure());
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::Done, "{outcome:?}");
}

#[test]
fn a_stage_that_was_asked_for_last_ends_the_wait() {
    let mut scene = linked();
    scene.limits.until = Some(Stage::Install);
    let outcome = scene.run().unwrap();
    assert_eq!(what(&outcome, "other").0, Class::Done);
    let (class, words) = what(&outcome, "hq");
    assert_eq!(class, Class::Waiting, "{words}");
    scene.limits.until = None;
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}

#[test]
fn a_person_ends_the_wait() {
    let mut scene = linked();
    // Nothing begins at all, neither what waits nor what is waited for.
    scene.stop.ask();
    assert_eq!(scene.run().unwrap().class(), Class::Interrupted);
    scene.stop = crate::execute::Stop::default();
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}
