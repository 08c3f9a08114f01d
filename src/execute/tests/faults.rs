//! Crashes after every write to disk, and every fault at every change.

use super::undisturbed;
use crate::execute::testing::{Fault, Scene, node};
use crate::execute::{Class, Outcome};
use crate::journal::testing::Fault as DiskFault;
use crate::journal::{JournalError, Verdict};
use crate::model::ControlPath;
use crate::plan::Action;

/// The changes of the plan, in order.
const CHANGES: usize = 9;

fn finished(scene: &Scene, outcome: &Outcome, effects: &[String], name: &str) {
    assert_eq!(outcome.class(), Class::Done, "{name}: {outcome:?}");
    assert_eq!(scene.effects(), effects, "{name}");
    let seen = scene.device.seen();
    for at in ["pub", "sub"].map(node) {
        let stored = seen.nodes[&at].identities[&"tomcat".into()]
            .present()
            .unwrap();
        let served = seen.nodes[&at]
            .served
            .values()
            .next()
            .unwrap()
            .present()
            .unwrap();
        assert_eq!(*stored, served.leaf, "{name}");
        let pins = scene.device.truth().pins[&at].clone();
        assert_eq!(
            pins,
            [stored.clone()].into(),
            "{name}: the pin moved forward"
        );
    }
    let closed = scene.journal().map(|_| ());
    assert!(
        matches!(closed, Err(JournalError::Illegal(_))),
        "{name}: the run is closed"
    );
}

#[test]
fn an_undisturbed_run_does_each_thing_once_in_order() {
    let scene = Scene::new();
    let journal = scene.journal().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outcome = runtime.block_on(scene.executor(std::sync::Arc::clone(&journal)).run());
    let at = |what: &str, name: &str| format!("{what} {}", node(name));
    let expected = vec![
        at("trust", "pub"),
        at("request", "pub"),
        at("request", "sub"),
        at("identity", "pub"),
        at("identity", "sub"),
        at("restart Cisco Tomcat", "pub"),
        at("restart Cisco DRF Local", "pub"),
        at("restart Cisco Tomcat", "sub"),
        at("restart Cisco DRF Local", "sub"),
    ];
    finished(&scene, &outcome, &expected, "undisturbed");
    assert_eq!(journal.replay().closed, Some(Verdict::Done {}));
    assert_eq!(scene.device.truth().sent, CHANGES);
    let cluster = &outcome.clusters[&"hq".into()];
    assert_eq!((cluster.done, cluster.steps), (13, 13));
}

#[test]
fn a_crash_at_any_write_ends_in_the_same_state_with_nothing_done_twice() {
    let effects = undisturbed();
    let mut struck = 0;
    for n in 1.. {
        let mut any = false;
        for fault in [
            DiskFault::Before(n),
            DiskFault::Half(n),
            DiskFault::After(n),
        ] {
            let scene = Scene::new();
            scene.disk.plant(Some(fault));
            if let Ok(outcome) = scene.run()
                && scene.disk.stopped()
            {
                assert!(outcome.class() >= Class::Failed, "{fault:?}: {outcome:?}");
            }
            if !scene.disk.stopped() {
                continue;
            }
            any = true;
            struck += 1;
            let sent = scene.device.truth().sent;
            let before = scene.effects().len();
            assert!(sent == before && before <= effects.len(), "{fault:?}");
            scene.disk.plant(None);
            if let Ok(journal) = scene.journal() {
                let intents: u32 =
                    journal.view(|run| run.steps.values().map(|it| it.attempts).sum());
                assert!(
                    intents as usize >= sent,
                    "{fault:?}: a change was sent without its intent"
                );
            }
            match scene.run() {
                Ok(outcome) => finished(&scene, &outcome, &effects, &format!("{fault:?}")),
                // The last record closed the run, and then the power went.
                Err(JournalError::Illegal(_)) => assert_eq!(scene.effects(), effects, "{fault:?}"),
                Err(other) => panic!("{fault:?}: {other}"),
            }
        }
        if !any {
            break;
        }
    }
    assert!(struck > 3 * 30, "only {struck} crashes were tried");
}

#[test]
fn a_fault_that_leaves_no_doubt_is_overcome_in_the_same_run() {
    let effects = undisturbed();
    let kinds = [
        Fault::NotSent,
        Fault::ActThenSilence,
        Fault::SilenceWithoutAct,
        Fault::ActThenRefuse,
        Fault::Late,
    ];
    for fault in kinds {
        for change in 0..CHANGES {
            let scene = Scene::new();
            scene.device.truth().faults.insert(change, fault);
            let outcome = scene.run().unwrap();
            finished(
                &scene,
                &outcome,
                &effects,
                &format!("{fault:?} at {change}"),
            );
            let again = matches!(fault, Fault::NotSent | Fault::SilenceWithoutAct);
            let sent = scene.device.truth().sent;
            assert_eq!(sent, CHANGES + usize::from(again), "{fault:?} at {change}");
        }
    }
}

#[test]
fn a_fault_that_a_person_must_mend_stops_the_run_and_resume_goes_on() {
    let effects = undisturbed();
    let kinds = [
        (Fault::Refuse, Class::Failed),
        (Fault::AcceptWithoutAct, Class::Failed),
        (Fault::Unauthorized, Class::Failed),
        (Fault::NotTrusted, Class::NotTrusted),
    ];
    for (fault, class) in kinds {
        for change in 0..CHANGES {
            let name = format!("{fault:?} at {change}");
            let scene = Scene::new();
            scene.device.truth().faults.insert(change, fault);
            let outcome = scene.run().unwrap();
            assert_eq!(outcome.class(), class, "{name}: {outcome:?}");
            assert_eq!(
                scene.device.truth().sent,
                change + 1,
                "{name}: nothing was sent after it"
            );
            assert_eq!(scene.effects(), effects[..change], "{name}");
            let cluster = &outcome.clusters[&"hq".into()];
            assert!(
                cluster.step.is_some() && !cluster.next.is_empty(),
                "{name}: {cluster:?}"
            );
            finished(&scene, &scene.run().unwrap(), &effects, &name);
        }
    }
}

#[test]
fn without_uptimes_an_unanswered_restart_stays_in_doubt_and_is_never_repeated() {
    for (fault, restart) in [(Fault::ActThenSilence, 6), (Fault::SilenceWithoutAct, 5)] {
        let scene = Scene::new();
        {
            let mut truth = scene.device.truth();
            truth.tells_uptime = false;
            truth.faults.insert(restart, fault);
        }
        let outcome = scene.run().unwrap();
        assert_eq!(outcome.class(), Class::InDoubt, "{fault:?}: {outcome:?}");
        let sent = scene.device.truth().sent;
        assert_eq!(
            scene.run().unwrap().class(),
            Class::InDoubt,
            "{fault:?}: a look settles nothing"
        );
        assert_eq!(
            scene.device.truth().sent,
            sent,
            "{fault:?}: it was not sent again"
        );
    }
}

/// A scene whose services restart as peers do.
fn of_peers() -> Scene {
    let mut scene = Scene::new();
    let plans = scene.plan.clusters.values_mut();
    for step in plans.flat_map(|plan| &mut plan.steps) {
        if let Action::RestartService { by, .. } = &mut step.action {
            *by = ControlPath::Peer;
        }
    }
    scene
}

#[test]
fn an_unanswered_restart_of_a_peer_is_waited_for_and_not_sent_again_in_the_same_run() {
    let undisturbed = of_peers();
    undisturbed.run().unwrap();
    let effects = undisturbed.effects();
    let scene = of_peers();
    scene.device.truth().faults.insert(5, Fault::Late);
    finished(&scene, &scene.run().unwrap(), &effects, "late");
    assert_eq!(scene.device.truth().sent, CHANGES);

    let scene = of_peers();
    let silence = Fault::SilenceWithoutAct;
    scene.device.truth().faults.insert(5, silence);
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::Failed, "{outcome:?}");
    assert_eq!(scene.device.truth().sent, 6);
    finished(&scene, &scene.run().unwrap(), &effects, "resumed");
    assert_eq!(scene.device.truth().sent, CHANGES + 1);
}

#[test]
fn two_crashes_are_survived_like_one() {
    let effects = undisturbed();
    for (first, second) in (5..60)
        .step_by(6)
        .flat_map(|n| (1..40).step_by(5).map(move |m| (n, m)))
    {
        let scene = Scene::new();
        scene.disk.plant(Some(DiskFault::Half(first)));
        scene.run().unwrap();
        scene.disk.plant(Some(DiskFault::After(second)));
        drop(scene.run());
        scene.disk.plant(None);
        let name = format!("{first}, then {second}");
        match scene.run() {
            Ok(outcome) => finished(&scene, &outcome, &effects, &name),
            Err(JournalError::Illegal(_)) => assert_eq!(scene.effects(), effects, "{name}"),
            Err(other) => panic!("{name}: {other}"),
        }
    }
}
