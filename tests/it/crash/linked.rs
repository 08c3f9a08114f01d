//! Clusters that wait for each other: one peer of Expressway on each side, and the publisher behind them.

use reissue_lab::expressway::ExpresswayConfig;
use reissue_lab::{Lab, When};

use super::judge::{Effects, effects};
use super::scene::{Point, Scene};
use super::sweep::all_survive;
use crate::support::{lab, no_violation, reissue};

/// Peers tell their uptime in whole seconds: between two restarts of one more than a second must pass.
const SCALE: f64 = 0.006;

fn linked() -> Lab {
    lab(|config| {
        config.time_scale = SCALE;
        config.subscribers = 0;
        config.timers.insert("request".to_owned(), "3s".to_owned());
        config.expressway = Some(ExpresswayConfig {
            core: 1,
            edge: 1,
            ..ExpresswayConfig::default()
        });
    })
}

/// Every peer serves what it stores, no change was made twice, and nothing is left to do.
#[track_caller]
fn judge(scene: &Scene, undisturbed: &Effects) {
    no_violation(&scene.lab);
    assert_eq!(&effects(&scene.lab), undisturbed);
    let served = scene.lab.look_expressways(|all| {
        let mut peers = all.clusters().into_iter().flat_map(|it| &it.peers);
        peers.all(|peer| peer.stored_sha256() == peer.served_sha256())
    });
    assert_eq!(served, Some(true));
    let again = reissue(&scene.lab, ["plan", "--json"]).expect(0);
    assert!(again.data()["digest"].is_null(), "{}", again.out);
}

/// Kills at some of the changes, before and after the device acts, and at some records.
fn survives(spread: usize) {
    let scene = Scene::on(linked(), &[]);
    let changes = scene.lab.changes();
    assert_eq!(scene.survive(&[]), 0);
    let undisturbed = effects(&scene.lab);
    judge(&scene, &undisturbed);
    let (changes, writes) = (scene.lab.changes() - changes, scene.writes());
    let mut points = Vec::new();
    for number in (1..=changes).step_by(spread) {
        points.push(Point::Change(number, When::AfterActing));
        points.push(Point::Change(number, When::BeforeActing));
    }
    let places = ["before", "half", "after"].into_iter().cycle();
    let records = (1..=writes).step_by(spread * 4);
    points.extend(
        records
            .zip(places)
            .map(|(number, place)| Point::Write(number, place)),
    );
    all_survive(&points, |point| {
        let scene = Scene::on(linked(), &[]);
        assert_eq!(scene.survive(&[*point]), 1, "{point} was not reached");
        scene.tell(&point.to_string(), || judge(&scene, &undisturbed));
        1
    });
}

#[test]
fn killed_while_linked_clusters_are_renewed() {
    survives(7);
}

#[test]
#[ignore = "long: every change"]
fn killed_at_every_change_of_linked_clusters() {
    survives(1);
}
