//! Every point of a run, and many random ones: longer than a normal run of the tests may take.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use reissue_lab::When;

use super::Reference;
use super::judge::judge;
use super::random;
use super::scene::{Point, Scene};

/// How many labs run at a time.
const WORKERS: usize = 3;

#[test]
#[ignore = "long: an hour"]
fn killed_at_every_point() {
    let Reference {
        requests,
        writes,
        effects,
        ..
    } = Reference::two_nodes();
    let whens = [When::BeforeActing, When::AfterActing];
    let places = ["before", "half", "after"];
    let mut points: Vec<Point> = Vec::new();
    for number in 1..=*requests {
        points.extend(whens.map(|when| Point::Request(number, when)));
    }
    for number in 1..=*writes {
        points.extend(places.map(|place| Point::Write(number, place)));
    }
    all_survive(&points, |point| {
        let scene = Scene::new(1, 1);
        let struck = scene.survive(&[*point]);
        scene.tell(&point.to_string(), || judge(&scene, effects));
        struck
    });
}

#[test]
#[ignore = "long: half an hour"]
fn killed_at_random_up_to_five_times() {
    let reference = Reference::two_nodes();
    let seeds: Vec<u64> = (1000..1200).collect();
    all_survive(&seeds, |seed| random::survive(*seed, reference));
}

/// Runs many cases, a few at a time, and tells at the end which did not hold.
pub fn all_survive<T: Sync + std::fmt::Debug>(cases: &[T], case: impl Fn(&T) -> usize + Sync) {
    let (next, struck) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let Some(this) = cases.get(number) else { break };
                    if number % 50 == 0 {
                        println!(
                            "{number} of {} cases begun, {} s",
                            cases.len(),
                            began.elapsed().as_secs()
                        );
                    }
                    match catch_unwind(AssertUnwindSafe(|| case(this))) {
                        Ok(count) => _ = struck.fetch_add(count, Ordering::SeqCst),
                        Err(_) => failed.lock().expect("no panic").push(format!("{this:?}")),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    println!(
        "{} cases, {} kills struck, {} failed, {} s",
        cases.len(),
        struck.into_inner(),
        failed.len(),
        began.elapsed().as_secs()
    );
    assert!(failed.is_empty(), "did not survive: {failed:#?}");
}
