//! What keeps a step from being begun.

use std::time::Duration;

use super::undisturbed;
use crate::clock::Clock as _;
use crate::execute::Class;
use crate::execute::testing::{Scene, node};
use crate::model::{ClusterState, Fingerprint, Observed, SsoState, TrustEntry};
use crate::pki::testing::Recipe;
use crate::plan::Stage;

/// One thing that another person does to the cluster, and a word of how it is told.
type Meddling = (&'static str, fn(&mut ClusterState), &'static str);

fn foreign_request(state: &mut ClusterState) {
    let request = Recipe::leaf("somebody.else").request();
    let seen = state.nodes.get_mut(&node("pub")).unwrap();
    seen.pending
        .insert("tomcat".into(), Observed::Present(request));
}

fn foreign_trust(state: &mut ClusterState) {
    let seen = state.nodes.get_mut(&node("sub")).unwrap();
    let entry = TrustEntry {
        file: "x".to_owned(),
        sha256: Fingerprint::of(b"x"),
    };
    seen.trust
        .insert("ipsec-trust".into(), Observed::Present(vec![entry]));
}

fn foreign_identity(state: &mut ClusterState) {
    let seen = state.nodes.get_mut(&node("sub")).unwrap();
    seen.identities.insert(
        "tomcat".into(),
        Observed::Present(Fingerprint::of(b"regenerated")),
    );
}

fn single_sign_on(state: &mut ClusterState) {
    state.nodes.get_mut(&node("pub")).unwrap().sso = Observed::Present(SsoState::Enabled);
}

const MEDDLINGS: [Meddling; 4] = [
    ("request", foreign_request, "tomcat request"),
    ("trust", foreign_trust, "ipsec-trust"),
    ("identity", foreign_identity, "tomcat identity"),
    (
        "single sign-on",
        single_sign_on,
        "single sign-on was off and is on",
    ),
];

#[test]
fn a_stale_plan_is_refused_by_the_fact_that_moved() {
    for (name, meddle, told) in MEDDLINGS {
        let scene = Scene::new();
        meddle(&mut scene.device.truth().state);
        let outcome = scene.run().unwrap();
        assert_eq!(outcome.class(), Class::Stale, "{name}");
        let what = &outcome.clusters[&"hq".into()].what;
        assert!(what.contains(told), "{name}: {what}");
        assert_eq!(scene.device.truth().sent, 0, "{name}");
        assert!(
            scene.journal().is_err(),
            "{name}: nothing is left to resume"
        );
    }
}

#[test]
fn what_moves_between_two_lives_of_a_run_stops_it() {
    for (name, meddle, told) in MEDDLINGS {
        let mut scene = Scene::new();
        scene.limits.until = Some(Stage::Prepare);
        assert_eq!(scene.run().unwrap().class(), Class::Done, "{name}");
        meddle(&mut scene.device.truth().state);
        scene.limits.until = None;
        let outcome = scene.run().unwrap();
        assert_eq!(outcome.class(), Class::InDoubt, "{name}");
        let what = &outcome.clusters[&"hq".into()].what;
        assert!(what.contains(told), "{name}: {what}");
        assert_eq!(scene.effects().len(), 1, "{name}: only the trust upload");
    }
}

#[test]
fn a_request_made_by_somebody_else_is_neither_overwritten_nor_used() {
    let mut scene = Scene::new();
    scene.limits.until = Some(Stage::Request);
    assert_eq!(scene.run().unwrap().class(), Class::Done);
    foreign_request(&mut scene.device.truth().state);
    scene.limits.until = None;
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::InDoubt);
    let cluster = &outcome.clusters[&"hq".into()];
    assert!(cluster.what.contains("another one"), "{cluster:?}");
    assert_eq!(scene.effects().len(), 3, "no identity was uploaded");
}

#[test]
fn no_request_is_made_over_another_one() {
    let scene = Scene::new();
    scene.device.truth().meddling = Some((1, foreign_request));
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::InDoubt);
    assert_eq!(scene.device.truth().sent, 1, "only the trust upload");
}

#[test]
fn a_request_that_is_not_what_was_asked_for_stops_the_run() {
    let scene = Scene::new();
    scene.device.truth().adds_name = Some("cluster.example.com".to_owned());
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::InDoubt);
    let what = &outcome.clusters[&"hq".into()].what;
    assert!(what.contains("dns:cluster.example.com"), "{what}");
    assert_eq!(scene.effects().len(), 2, "trust and one request");
}

#[test]
fn an_expired_plan_is_refused_before_its_first_step_only() {
    let scene = Scene::new();
    scene.time.pass(Duration::from_hours(25));
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::Stale);
    assert!(
        outcome.clusters[&"hq".into()].what.contains("valid until"),
        "{outcome:?}"
    );

    let mut scene = Scene::new();
    scene.limits.until = Some(Stage::Prepare);
    scene.run().unwrap();
    scene.time.pass(Duration::from_hours(25));
    scene.limits.until = None;
    assert_eq!(scene.run().unwrap().class(), Class::Done);
}

#[test]
fn a_wrong_certificate_is_refused_before_any_upload() {
    let effects = undisturbed();
    let scene = Scene::new();
    scene.sign(true, Some("www.hq.example.com"));
    let outcome = scene.run().unwrap();
    assert_eq!(outcome.class(), Class::Failed);
    let what = &outcome.clusters[&"hq".into()].what;
    assert!(
        what.contains("E5") && what.contains("SAN does not match"),
        "{what}"
    );
    assert_eq!(scene.effects(), effects[..3], "no identity was uploaded");
    scene.sign(true, None);
    assert_eq!(scene.run().unwrap().class(), Class::Done);
    assert_eq!(scene.effects(), effects);
}

#[test]
fn without_certificates_it_waits_and_days_later_goes_on() {
    let effects = undisturbed();
    let scene = Scene::new();
    scene.sign(false, None);
    let outcome = scene.run().unwrap();
    assert_eq!(
        (outcome.class(), outcome.class().exit_code()),
        (Class::Waiting, 6)
    );
    let cluster = &outcome.clusters[&"hq".into()];
    assert!(
        cluster.what.contains("hq.sub.hq.example.com.tomcat"),
        "{cluster:?}"
    );
    scene.time.pass(Duration::from_hours(72));
    scene.sign(true, None);
    assert_eq!(scene.run().unwrap().class(), Class::Done);
    assert_eq!(scene.effects(), effects);
}

#[test]
fn what_moves_before_a_restart_stops_it_wherever_it_is_in_the_cluster() {
    let effects = undisturbed();
    // After the uploads, and after the first restart of the publisher.
    for (sent, meddle) in [5, 6]
        .into_iter()
        .flat_map(|sent| MEDDLINGS.map(|it| (sent, it)))
    {
        let (name, meddle, told) = meddle;
        let scene = Scene::new();
        scene.device.truth().meddling = Some((sent, meddle));
        let outcome = scene.run().unwrap();
        assert_eq!(
            outcome.class(),
            Class::InDoubt,
            "{name} after {sent}: {outcome:?}"
        );
        let what = &outcome.clusters[&"hq".into()].what;
        let named = [
            told.split(" was ").next().unwrap(),
            "the tomcat certificate of sub",
        ];
        assert!(
            named.iter().any(|it| what.contains(it)),
            "{name} after {sent}: {what}"
        );
        assert_eq!(
            scene.effects(),
            effects[..sent],
            "{name} after {sent}: nothing restarted"
        );
    }
}

#[test]
fn a_service_that_began_to_run_after_its_certificate_came_is_not_restarted() {
    let mut scene = Scene::new();
    scene.limits.until = Some(Stage::Install);
    scene.run().unwrap();
    scene.time.pass(Duration::from_mins(10));
    let service = (node("sub"), "Cisco DRF Local".into());
    let now = scene.time.now();
    scene.device.truth().since.insert(service, now);
    scene.limits.until = None;
    assert_eq!(scene.run().unwrap().class(), Class::Done);
    let mut effects = undisturbed();
    let restart = format!("restart Cisco DRF Local {}", node("sub"));
    assert!(effects.contains(&restart));
    effects.retain(|effect| *effect != restart);
    assert_eq!(scene.effects(), effects);
}
