//! What phones hold is renewed: the list, the reset, the gate, and what a person may waive.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::clock::Clock as _;
use crate::execute::testing::{Fault, GATE, POOL, RESET, Scene, node};
use crate::execute::{Class, ClusterOutcome, Decision, Mark, MarkError, mark, waive};
use crate::journal::JournalError;
use crate::model::{Observed, StepId, Window};
use crate::plan::{Action, Condition, Stage};

/// What an undisturbed run does.
fn effects() -> Vec<String> {
    let at = |what: &str, name: &str| format!("{what} {}", node(name));
    vec![
        at("request", "pub"),
        at("identity", "pub"),
        at("trust list", "pub"),
        at("restart Cisco CallManager", "pub"),
        at("restart Cisco TFTP", "sub"),
        format!("reset {POOL}"),
    ]
}

/// The changes of the plan that the tests below disturb, counted from 0.
const LIST: usize = 2;
const RESETTING: usize = 5;

fn ended(scene: &Scene) -> ClusterOutcome {
    let mut outcome = scene.run().unwrap();
    outcome.clusters.remove(&"hq".into()).unwrap()
}

#[track_caller]
fn done(scene: &Scene, name: &str) {
    let end = ended(scene);
    assert_eq!(end.class, Class::Done, "{name}: {end:?}");
    assert_eq!(scene.effects(), effects(), "{name}");
}

#[track_caller]
fn waits(scene: &Scene, step: &str) -> ClusterOutcome {
    let end = ended(scene);
    assert_eq!(end.class, Class::Waiting, "{end:?}");
    assert_eq!(end.class.exit_code(), 6);
    assert_eq!(end.step, Some(step.into()), "{end:?}");
    end
}

fn waived(scene: &Scene, step: &str, names: &[&str]) -> Result<usize, MarkError> {
    let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let (by, why) = ("kim".to_owned(), "the branch is closed".to_owned());
    let journal = scene.journal().unwrap();
    waive(&journal, &scene.plan, &step.into(), &names, by, why)
}

fn lose(scene: &Scene, name: &str) {
    scene.device.truth().lost.insert(name.to_owned());
}

#[test]
fn phones_are_renewed_step_by_step() {
    let scene = Scene::phones();
    let pins = scene.device.truth().pins.clone();
    done(&scene, "undisturbed");
    assert_eq!(
        scene.device.truth().pins,
        pins,
        "what phones hold proves no node"
    );
}

#[test]
fn a_gate_opens_only_after_so_many_looks_in_a_row() {
    let looks = |wanted: u32| {
        let mut scene = Scene::phones();
        let cluster = scene.plan.clusters.get_mut(&"hq".into()).unwrap();
        let gate = cluster.steps.iter_mut().find(|it| it.id.as_str() == GATE);
        for condition in &mut gate.unwrap().after {
            if let Condition::PhonesBack { polls, .. } = condition {
                *polls = wanted;
            }
        }
        done(&scene, "undisturbed");
        scene.device.truth().looks
    };
    assert_eq!(looks(9) - looks(3), 6);

    let scene = Scene::phones();
    scene.device.truth().flaps = true;
    waits(&scene, GATE);
}

#[test]
fn phones_that_stay_away_keep_the_gate_shut_until_they_are_back() {
    let scene = Scene::phones();
    lose(&scene, "SEP0B");
    let end = waits(&scene, GATE);
    assert!(end.what.contains("1 not registered: SEP0B"), "{}", end.what);
    assert!(end.next.contains("reissue resume"), "{}", end.next);
    let waive = format!("reissue mark {GATE} --waive");
    assert!(end.next.contains(&waive), "{}", end.next);
    let kept =
        std::path::Path::new("/state/runs/first/artifacts").join(format!("{GATE}.missing.txt"));
    assert_eq!(scene.disk.bytes(&kept), b"SEP0B\n");
    assert!(
        end.next.contains(&format!("@{}", kept.display())),
        "{}",
        end.next
    );
    waits(&scene, GATE);

    let now = scene.time.now();
    scene.device.truth().phones.get_mut("SEP0B").unwrap().1 = now;
    done(&scene, "back");
}

#[test]
fn a_census_that_was_not_read_in_full_opens_nothing() {
    for (step, why) in [(GATE, "HTTP 503"), (GATE, "page 3 of 4 is missing")] {
        let mut scene = Scene::phones();
        scene.limits.until = Some(Stage::Install);
        assert_eq!(ended(&scene).class, Class::Done);
        scene.limits.until = None;
        // The reset is seen; then the census fails.
        lose(&scene, "SEP0A");
        waits(&scene, step);
        let state = Observed::Unknown(why.to_owned());
        let before = std::mem::replace(&mut scene.device.truth().state.phones, state);
        let end = waits(&scene, step);
        assert!(end.what.contains(why), "{}", end.what);
        assert!(end.next.contains("stays shut"), "{}", end.next);
        scene.device.truth().state.phones = before;
    }
}

#[test]
fn without_the_publishers_clock_no_time_stamp_proves_anything() {
    let scene = Scene::phones();
    lose(&scene, "SEP0A");
    waits(&scene, GATE);
    let publisher = node("pub");
    let skew = |skew| {
        let mut truth = scene.device.truth();
        truth
            .state
            .nodes
            .get_mut(&publisher)
            .unwrap()
            .clock_skew_seconds = skew;
    };
    let now = scene.time.now();
    scene.device.truth().phones.get_mut("SEP0A").unwrap().1 = now;
    skew(Observed::Unknown("no date in the answer".to_owned()));
    let end = ended(&scene);
    assert_ne!(end.class, Class::Done, "{end:?}");
    skew(Observed::Present(0));
    done(&scene, "with the clock");
}

#[test]
fn a_person_waives_phones_by_name_and_it_is_written_down() {
    let scene = Scene::phones();
    lose(&scene, "SEP0B");
    lose(&scene, "SEP0C");
    waits(&scene, GATE);
    let refused = [
        (waived(&scene, GATE, &["SEP0B", "SEP0D"]), "SEP0D"),
        (waived(&scene, GATE, &[]), "no name"),
        (waived(&scene, "hq-08", &["SEP0B"]), "waits for no phones"),
        (waived(&scene, "hq-99", &["SEP0B"]), "no step hq-99"),
    ];
    for (outcome, words) in refused {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let waits_for = waits(&scene, GATE).what;
    assert!(waits_for.contains("SEP0B, SEP0C"), "{waits_for}");

    assert_eq!(waived(&scene, GATE, &["sep0b"]).unwrap(), 1);
    let waits_for = waits(&scene, GATE).what;
    assert!(waits_for.contains("1 not registered: SEP0C"), "{waits_for}");
    assert_eq!(waived(&scene, GATE, &["SEP0C"]).unwrap(), 1);
    done(&scene, "waived");
}

#[test]
fn a_waiver_is_of_one_cluster_and_counts_at_its_later_gates() {
    let scene = Scene::phones();
    lose(&scene, "SEP0B");
    waits(&scene, GATE);
    waived(&scene, GATE, &["SEP0B"]).unwrap();
    let replay = scene.journal().unwrap().replay();
    let cluster = &scene.plan.clusters[&"hq".into()];
    let own = replay.artifacts_of(&"hq".into(), cluster);
    assert_eq!(own.waived, ["SEP0B".to_owned()].into());
    assert_eq!(own.resets, [(StepId::from(RESET), POOL.to_owned())].into());
    let other = replay.artifacts_of(&"elsewhere".into(), cluster);
    assert_eq!(other.waived, BTreeSet::new());
    done(&scene, "the verification asks for phones too");
}

#[test]
fn a_gate_is_not_marked_as_done() {
    let scene = Scene::phones();
    lose(&scene, "SEP0B");
    waits(&scene, GATE);
    let decision = Decision {
        step: GATE.into(),
        mark: Mark::Done,
        by: "kim".to_owned(),
        why: "it will be fine".to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (journal, device) = (scene.journal().unwrap(), scene.device.as_ref());
    let outcome = runtime.block_on(mark(
        &journal,
        &scene.plan,
        device,
        scene.time.as_ref(),
        decision,
    ));
    assert!(
        matches!(outcome, Err(MarkError::NotByHand(..))),
        "{outcome:?}"
    );
}

#[test]
fn what_became_of_a_list_or_a_reset_without_an_answer_is_seen() {
    let faults = [
        (Fault::ActThenSilence, 0),
        (Fault::SilenceWithoutAct, 1),
        (Fault::ActThenRefuse, 0),
        (Fault::NotSent, 1),
        (Fault::Late, 0),
    ];
    for change in [LIST, RESETTING] {
        for (fault, again) in faults {
            let name = format!("{fault:?} at {change}");
            let scene = Scene::phones();
            scene.device.truth().faults.insert(change, fault);
            done(&scene, &name);
            assert_eq!(scene.device.truth().sent, effects().len() + again, "{name}");
        }
    }
}

#[test]
fn a_reset_that_only_some_phones_followed_is_not_repeated() {
    let scene = Scene::phones();
    scene.device.truth().busy.insert("SEP0B".to_owned());
    let end = waits(&scene, RESET);
    assert!(end.what.contains("1 not reset yet: SEP0B"), "{}", end.what);
    assert_eq!(scene.effects(), effects());
    // Its call ends days later.
    scene.time.pass(Duration::from_hours(48));
    let now = scene.time.now();
    scene.device.truth().phones.get_mut("SEP0B").unwrap().1 = now;
    done(&scene, "followed late");
}

#[test]
fn a_phone_that_does_not_follow_a_reset_can_be_waived_there() {
    let scene = Scene::phones();
    scene.device.truth().busy.insert("SEP0B".to_owned());
    waits(&scene, RESET);
    waived(&scene, RESET, &["SEP0B"]).unwrap();
    done(&scene, "waived");
}

#[test]
fn a_service_that_restarted_by_itself_after_the_upload_is_not_restarted_again() {
    // The trust list is written after the upload, and only a restart after it makes both effective (I11).
    for (listed, restarts) in [(false, 0), (true, 1)] {
        let mut scene = Scene::phones();
        let cluster = scene.plan.clusters.get_mut(&"hq".into()).unwrap();
        cluster
            .steps
            .retain(|step| listed || step.action != Action::UpdateTrustList {});
        for step in &mut cluster.steps {
            if step.action == (Action::UpdateTrustList {}) {
                step.stage = Stage::Activate;
            }
        }
        scene.device.truth().restarts_itself = Some("Cisco CallManager".into());
        scene.limits.until = Some(Stage::Install);
        assert_eq!(ended(&scene).class, Class::Done);
        scene.limits.until = None;
        scene.time.pass(Duration::from_mins(1));
        let end = ended(&scene);
        assert_eq!(end.class, Class::Done, "{end:?}");
        let again = format!("restart Cisco CallManager {}", node("pub"));
        let count = scene.effects().iter().filter(|it| **it == again).count();
        assert_eq!(count, restarts, "{listed}");
        let other = format!("restart Cisco TFTP {}", node("sub"));
        assert!(scene.effects().contains(&other));
    }
}

#[test]
fn a_list_that_somebody_wrote_back_stops_the_run() {
    let scene = Scene::phones();
    scene.device.truth().meddling = Some((LIST + 1, |state| state.ctl = Observed::Absent));
    let end = ended(&scene);
    // Right after the list was written it is not seen; the step itself notices.
    assert_eq!(end.class, Class::Failed, "{end:?}");
    let mut scene = Scene::phones();
    scene.limits.until = Some(Stage::Install);
    assert_eq!(ended(&scene).class, Class::Done);
    scene.device.truth().state.ctl = Observed::Absent;
    scene.limits.until = None;
    let end = ended(&scene);
    assert_eq!(end.class, Class::InDoubt, "{end:?}");
    assert!(end.what.contains("certificate trust list"), "{}", end.what);
    assert_eq!(scene.effects(), effects()[..3], "nothing restarted");
}

#[test]
fn a_service_that_started_before_the_pass_is_restarted() {
    // TFTP of the subscriber holds none of the pass's certificates, and started after an earlier certificate.
    let scene = Scene::phones();
    let before = scene.time.now() - Duration::from_secs(20);
    let service = (node("sub"), "Cisco TFTP".into());
    scene.device.truth().since.insert(service, before);
    done(&scene, "restarted");
}

#[test]
fn an_upload_that_resets_phones_waits_for_the_window() {
    let mut scene = Scene::phones();
    let upload = &mut scene.plan.clusters.get_mut(&"hq".into()).unwrap().steps[2];
    upload.stage = Stage::Activate;
    scene.device.truth().resets_itself = true;
    let now = scene.time.now().to_zoned(jiff::tz::TimeZone::UTC);
    let window = |lasts| Window {
        clusters: ["hq".into()].into(),
        days: vec![now.date().weekday()],
        from: now.time(),
        lasts: Duration::from_secs(lasts),
        zone: "UTC".to_owned(),
    };
    scene.limits.windows = vec![window(1)];
    let end = waits(&scene, "hq-03");
    assert!(end.what.contains("no change window"), "{}", end.what);
    assert_eq!(scene.effects(), effects()[..1]);
    scene.limits.windows = vec![window(24 * 3600)];
    done(&scene, "in the window");
}

#[test]
fn before_an_upload_that_resets_phones_the_whole_cluster_is_looked_at() {
    let mut scene = Scene::phones();
    let upload = &mut scene.plan.clusters.get_mut(&"hq".into()).unwrap().steps[2];
    upload.stage = Stage::Activate;
    scene.device.truth().meddling = Some((1, |state| {
        let other = crate::model::Fingerprint::of(b"regenerated");
        let seen = state.nodes.get_mut(&node("sub")).unwrap();
        seen.identities
            .insert("tomcat".into(), Observed::Present(other));
    }));
    let end = ended(&scene);
    assert_eq!(end.class, Class::InDoubt, "{end:?}");
    assert!(end.what.contains("tomcat identity"), "{}", end.what);
    assert_eq!(scene.effects(), effects()[..1], "nothing was uploaded");
}

#[test]
fn a_killed_run_waits_and_resets_no_phone_twice() {
    use crate::journal::testing::Fault as DiskFault;
    for n in 1.. {
        let scene = Scene::phones();
        scene.disk.plant(Some(DiskFault::After(n)));
        drop(scene.run());
        if !scene.disk.stopped() {
            assert!(n > 20, "only {n} crashes were tried");
            break;
        }
        scene.disk.plant(None);
        match scene.run() {
            Ok(outcome) => assert_eq!(outcome.class(), Class::Done, "{n}: {outcome:?}"),
            Err(JournalError::Illegal(_)) => {}
            Err(other) => panic!("{n}: {other}"),
        }
        assert_eq!(scene.effects(), effects(), "{n}");
    }
}
