//! How runs end: stopped, waiting, marked, failed, and what other clusters do meanwhile.

use std::sync::Arc;

use super::undisturbed;
use crate::execute::testing::{Fault, Scene, node};
use crate::execute::{Class, Decision, Mark, MarkError, Progress, mark};
use crate::journal::{DoneHow, StepStatus};
use crate::model::{Observed, PhoneCensus, SsoState, StepId, Wave, Window};
use crate::plan::{Action, Condition, Stage, Step};

fn decide(scene: &Scene, step: &str, decision: Mark) -> Result<Option<String>, MarkError> {
    let journal = scene.journal().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let decision = Decision {
        step: StepId::from(step),
        mark: decision,
        by: "kim".to_owned(),
        why: "seen in the shell".to_owned(),
    };
    let (device, clock) = (scene.device.as_ref(), scene.time.as_ref());
    runtime.block_on(mark(&journal, &scene.plan, device, clock, decision))
}

fn status(scene: &Scene, step: &str) -> StepStatus {
    scene
        .journal()
        .unwrap()
        .replay()
        .step(&step.into())
        .unwrap()
        .status
        .clone()
}

#[test]
fn a_person_stops_it_between_steps_and_resumes() {
    let effects = undisturbed();
    let mut scene = Scene::new();
    scene.stop.ask();
    let outcome = scene.run().unwrap();
    assert_eq!(
        (outcome.class(), outcome.class().exit_code()),
        (Class::Interrupted, 130)
    );
    assert_eq!(scene.device.truth().sent, 0);
    scene.stop = crate::execute::Stop::default();
    assert_eq!(scene.run().unwrap().class(), Class::Done);
    assert_eq!(scene.effects(), effects);
}

#[test]
fn phones_that_do_not_come_back_fail_the_verification() {
    let scene = Scene::new();
    let phones = |count| {
        scene.device.truth().state.phones = Observed::Present(PhoneCensus {
            counted: [(node("pub"), count)].into(),
            registered: std::collections::BTreeMap::new(),
            configured: Observed::default(),
        });
    };
    phones(7);
    let outcome = scene.run().unwrap();
    assert_eq!(
        (outcome.class(), outcome.class().exit_code()),
        (Class::Verification, 8)
    );
    let what = &outcome.clusters[&"hq".into()].what;
    assert!(
        what.contains("expected at least 10 registered phones, found 7"),
        "{what}"
    );
    phones(10);
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}

#[test]
fn what_a_person_switches_when_asked_is_no_foreign_change() {
    let mut scene = Scene::new();
    let cluster = scene.plan.clusters.get_mut(&"hq".into()).unwrap();
    let by_person = |id: &str, stage, condition| Step {
        id: id.into(),
        stage,
        action: Action::Person {
            instruction: id.to_owned(),
        },
        before: Vec::new(),
        after: vec![condition],
        ..cluster.steps[0].clone()
    };
    let off = by_person(
        "off",
        Stage::Install,
        Condition::SsoDisabled { node: node("pub") },
    );
    let on = by_person(
        "on",
        Stage::Verify,
        Condition::SsoEnabled { node: node("pub") },
    );
    cluster.steps.insert(4, off);
    cluster.steps.push(on);
    cluster
        .basis
        .insert(format!("{} single sign-on", node("pub")), "on".to_owned());
    let switch = |state| {
        let mut truth = scene.device.truth();
        truth.state.nodes.get_mut(&node("pub")).unwrap().sso = Observed::Present(state);
    };
    for (state, waits) in [(SsoState::Enabled, "off"), (SsoState::Disabled, "on")] {
        switch(state);
        let outcome = scene.run().unwrap();
        assert_eq!(outcome.class(), Class::Waiting, "{outcome:?}");
        assert_eq!(outcome.clusters[&"hq".into()].what, waits);
    }
    switch(SsoState::Enabled);
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}

#[test]
fn what_spread_by_itself_is_not_sent_again() {
    let effects = undisturbed();
    let mut scene = Scene::new();
    let steps = &mut scene.plan.clusters.get_mut(&"hq".into()).unwrap().steps;
    let second = Step {
        id: "hq-01b".into(),
        node: Some(node("sub")),
        ..steps[0].clone()
    };
    steps.insert(1, second);
    let journal = scene.journal().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outcome = runtime.block_on(scene.executor(Arc::clone(&journal)).run());
    assert_eq!(outcome.class(), Class::Done);
    assert_eq!(scene.effects(), effects);
    let status = journal
        .replay()
        .step(&"hq-01b".into())
        .unwrap()
        .status
        .clone();
    assert_eq!(status, StepStatus::Done(DoneHow::FoundAlreadyDone {}));
}

#[test]
fn what_flaps_is_not_confirmed() {
    let scene = Scene::new();
    scene.device.truth().flaps = true;
    assert_eq!(scene.run().unwrap().class(), Class::Verification);
    scene.device.truth().flaps = false;
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}

#[test]
fn unknown_phones_are_not_enough_phones() {
    let scene = Scene::new();
    scene.device.truth().state.phones = Observed::Unknown("rate limit".to_owned());
    assert_eq!(scene.run().unwrap().class(), Class::Verification);
}

#[test]
fn a_restart_in_doubt_follows_what_the_person_says() {
    for (decision, restarts) in [(Mark::Done, 1), (Mark::Failed, 2)] {
        let scene = Scene::new();
        {
            let mut truth = scene.device.truth();
            truth.tells_uptime = false;
            truth.faults.insert(5, Fault::ActThenSilence);
        }
        assert_eq!(scene.run().unwrap().class(), Class::InDoubt);
        assert!(matches!(
            status(&scene, "hq-07"),
            StepStatus::InDoubt { attempt: 1 }
        ));
        decide(&scene, "hq-07", decision).unwrap();
        scene.device.truth().tells_uptime = true;
        assert_eq!(scene.run().unwrap().class(), Class::Done, "{decision:?}");
        let done = format!("restart Cisco Tomcat {}", node("pub"));
        let count = scene
            .effects()
            .iter()
            .filter(|effect| **effect == done)
            .count();
        assert_eq!(count, restarts, "{decision:?}");
    }
}

#[test]
fn a_mark_is_told_what_the_look_says_against_it() {
    let mut scene = Scene::new();
    scene.limits.until = Some(Stage::Request);
    scene.run().unwrap();
    let against = decide(&scene, "hq-05", Mark::Done).unwrap().unwrap();
    assert!(against.contains("tomcat certificate of pub"), "{against}");
    assert!(matches!(
        decide(&scene, "hq-99", Mark::Done),
        Err(MarkError::NoSuchStep(_))
    ));
}

#[test]
fn a_request_cannot_be_marked_into_being() {
    let mut scene = Scene::new();
    scene.limits.until = Some(Stage::Prepare);
    scene.run().unwrap();
    for step in ["hq-02", "hq-04"] {
        let outcome = decide(&scene, step, Mark::Done);
        assert!(
            matches!(outcome, Err(MarkError::NotByHand(..))),
            "{step}: {outcome:?}"
        );
    }
}

#[test]
fn a_persons_step_waits_until_it_is_marked() {
    let mut scene = Scene::new();
    let steps = &mut scene.plan.clusters.get_mut(&"hq".into()).unwrap().steps;
    let instruction = "Take a backup.".to_owned();
    steps[0].action = Action::Person { instruction };
    steps[0].after.clear();
    steps.truncate(1);
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::Waiting);
    assert_eq!(outcome.clusters[&"hq".into()].what, "Take a backup.");
    assert_eq!(decide(&scene, "hq-01", Mark::Done).unwrap(), None);
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}

#[test]
fn a_failed_cluster_leaves_the_others_going_until_too_many_fail() {
    for (max_failures, other) in [(2, Class::Done), (1, Class::Interrupted)] {
        let effects = undisturbed();
        let mut scene = Scene::new();
        let wave = |name: &str, clusters: &[&str], max_failures| Wave {
            name: name.to_owned(),
            clusters: clusters.iter().map(|name| (*name).into()).collect(),
            parallel: 1,
            max_failures,
        };
        scene.limits.waves = vec![
            wave("canary", &["hq"], max_failures),
            wave("all", &["second"], 1),
        ];
        let second = scene.add("second");
        scene.device.truth().faults.insert(2, Fault::Refuse);
        let outcome = scene.run().unwrap();
        assert_eq!(outcome.class(), Class::Failed);
        assert_eq!(
            outcome.clusters[&"second".into()].class,
            other,
            "{max_failures:?}: {outcome:?}"
        );
        assert_eq!(
            second.truth().effects.is_empty(),
            other == Class::Interrupted
        );
        assert_eq!(
            scene.run().unwrap().class(),
            Class::Done,
            "{max_failures:?}"
        );
        assert_eq!(
            (scene.effects(), second.truth().effects.clone()),
            (effects.clone(), effects)
        );
    }
}

#[test]
fn everything_is_told() {
    let scene = Scene::new();
    let told = Arc::clone(&scene.told);
    scene.run().unwrap();
    let told = told.all();
    let count = |wanted: fn(&Progress) -> bool| told.iter().filter(|it| wanted(it)).count();
    assert_eq!(
        count(|it| matches!(it, Progress::StepBegun { of: 13, .. })),
        13
    );
    assert_eq!(count(|it| matches!(it, Progress::StepDone { .. })), 13);
    assert_eq!(told.last(), Some(&Progress::ClusterDone));
}

#[test]
fn an_observation_is_believed_only_while_it_is_fresh() {
    let mut scene = Scene::new();
    let second = scene.add("second");
    let executor = scene.executor(scene.journal().unwrap());
    *executor.seen.lock().unwrap() = [
        ("hq".into(), scene.device.seen()),
        ("second".into(), second.seen()),
    ]
    .into();
    let enabled = Observed::Present(SsoState::Enabled);
    second
        .truth()
        .state
        .nodes
        .get_mut(&node("pub"))
        .unwrap()
        .sso = enabled;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outcome = runtime.block_on(executor.run());
    assert_eq!(outcome.clusters[&"hq".into()].class, Class::Done);
    assert_eq!(outcome.clusters[&"second".into()].class, Class::Stale);
    assert_eq!(second.truth().sent, 0);
}

#[test]
fn nothing_restarts_outside_a_change_window() {
    let mut scene = Scene::new();
    let now = crate::clock::Clock::now(&*scene.time);
    let opens = now.to_zoned(jiff::tz::TimeZone::UTC);
    let window = |from: jiff::civil::Time, seconds| Window {
        clusters: ["hq".into()].into(),
        days: vec![opens.date().weekday()],
        from,
        lasts: std::time::Duration::from_secs(seconds),
        zone: "UTC".to_owned(),
    };
    // Open now, and shut again before any restart would be over.
    scene.limits.windows = vec![window(opens.time(), 1)];
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::Waiting);
    let stopped = &outcome.clusters[&"hq".into()];
    assert!(
        stopped.what.contains("no change window"),
        "{}",
        stopped.what
    );
    let restarts = |scene: &Scene| {
        scene
            .effects()
            .iter()
            .filter(|effect| effect.contains("restart"))
            .count()
    };
    assert_eq!(restarts(&scene), 0);
    scene.limits.windows = vec![window(opens.time(), 24 * 3600)];
    assert_eq!(scene.run().unwrap().class(), Class::Done);
    assert!(restarts(&scene) > 0);
}
