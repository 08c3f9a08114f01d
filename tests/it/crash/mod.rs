//! `kill -9` at any moment, then `resume`: the run ends as if nothing had happened.

#![allow(clippy::print_stdout, reason = "a sweep says how far it is")]

mod damage;
mod judge;
mod linked;
mod random;
pub mod scene;
mod sweep;

use std::sync::OnceLock;

use reissue_lab::When;

use judge::{Effects, effects, judge};
use scene::{Point, Scene};

/// What a run does that nobody disturbs, and how many points it offers.
struct Reference {
    effects: Effects,
    requests: usize,
    changes: usize,
    writes: usize,
}

impl Reference {
    fn of(clusters: usize, subscribers: usize) -> Self {
        let scene = Scene::new(clusters, subscribers);
        let (requests, changes) = (scene.lab.requests(), scene.lab.changes());
        assert_eq!(scene.survive(&[]), 0);
        let effects = effects(&scene.lab);
        judge(&scene, &effects);
        Self {
            effects,
            requests: scene.lab.requests() - requests,
            changes: scene.lab.changes() - changes,
            writes: scene.writes(),
        }
    }

    /// A publisher alone.
    fn one_node() -> &'static Self {
        static ONE_NODE: OnceLock<Reference> = OnceLock::new();
        ONE_NODE.get_or_init(|| Self::of(1, 0))
    }

    /// A publisher and a subscriber.
    fn two_nodes() -> &'static Self {
        static TWO_NODES: OnceLock<Reference> = OnceLock::new();
        TWO_NODES.get_or_init(|| Self::of(1, 1))
    }
}

/// Kills at each point, each in a run of its own, on a publisher alone. Each must strike.
#[track_caller]
fn survives_each(points: impl IntoIterator<Item = Point>) {
    let reference = Reference::one_node();
    for point in points {
        let scene = Scene::new(1, 0);
        assert_eq!(scene.survive(&[point]), 1, "{point} was not reached");
        scene.tell(&point.to_string(), || judge(&scene, &reference.effects));
    }
}

#[test]
fn killed_before_each_change() {
    survives_each(
        (1..=Reference::one_node().changes).map(|change| Point::Change(change, When::BeforeActing)),
    );
}

#[test]
fn killed_after_each_change() {
    survives_each(
        (1..=Reference::one_node().changes).map(|change| Point::Change(change, When::AfterActing)),
    );
}

#[test]
fn killed_while_it_writes() {
    let writes = Reference::one_node().writes;
    let spread = (0..8).map(|part| 1 + part * (writes - 1) / 7);
    survives_each(
        spread
            .zip(["before", "half", "after"].into_iter().cycle())
            .map(|(write, place)| Point::Write(write, place)),
    );
}

#[test]
fn killed_while_it_looks() {
    let requests = Reference::one_node().requests;
    // The last looks may be fewer in another run.
    survives_each((1..=4).map(|part| Point::Request(part * requests / 5, When::BeforeActing)));
}

#[test]
fn killed_again_while_it_resumes() {
    let reference = Reference::two_nodes();
    let changes = reference.changes;
    for points in [
        [
            Point::Change(2, When::AfterActing),
            Point::Request(3, When::AfterActing),
            Point::Change(2, When::AfterActing),
        ],
        [
            Point::Change(changes / 2, When::AfterActing),
            Point::Write(2, "half"),
            Point::Change(1, When::BeforeActing),
        ],
        [
            Point::Change(changes - 1, When::BeforeActing),
            Point::Write(1, "after"),
            Point::Request(12, When::BeforeActing),
        ],
    ] {
        let scene = Scene::new(1, 1);
        assert_eq!(
            scene.survive(&points),
            points.len(),
            "{points:?} were not all reached"
        );
        scene.tell(&format!("{points:?}"), || judge(&scene, &reference.effects));
    }
}

#[test]
fn killed_while_two_clusters_are_renewed() {
    let reference = Reference::of(2, 0);
    for point in [
        Point::Change(reference.changes / 3, When::AfterActing),
        Point::Change(reference.changes * 2 / 3, When::BeforeActing),
        Point::Write(reference.writes / 2, "half"),
    ] {
        let scene = Scene::new(2, 0);
        assert_eq!(scene.survive(&[point]), 1, "{point} was not reached");
        scene.tell(&point.to_string(), || judge(&scene, &reference.effects));
    }
}
