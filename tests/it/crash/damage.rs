//! A journal that lost its end or was changed: a true prefix goes on, anything else is refused. Nothing is done twice.

use std::fs;
use std::path::Path;

use super::Reference;
use super::judge::{Effects, effects};
use super::scene::{Point, Scene};
use reissue_lab::When;

/// Where the records of a journal end.
fn ends(journal: &[u8]) -> Vec<usize> {
    let ends = journal
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at + 1).collect()
}

fn resume(scene: &Scene) -> (Option<i32>, String) {
    let end = scene.run(&["resume".to_owned()], None);
    (end.code, end.says)
}

/// Requests and restarts that happened more often than in an undisturbed run.
fn repeated(done: &Effects, undisturbed: &Effects) -> Vec<String> {
    done.iter()
        .filter(|((_, what, _), _)| ["request-made", "restart-begin"].contains(&what.as_str()))
        .filter(|(effect, count)| undisturbed.get(*effect) < Some(count))
        .map(|(effect, count)| format!("{effect:?} {count} times"))
        .collect()
}

fn finished() -> (Scene, std::path::PathBuf, Vec<u8>) {
    let scene = Scene::new(1, 0);
    scene.survive(&[]);
    let journal = scene.journal().expect("a journal");
    let whole = fs::read(&journal).expect("it can be read");
    (scene, journal, whole)
}

#[test]
fn a_finished_run_whose_journal_lost_its_end_repeats_nothing() {
    let (scene, journal, whole) = finished();
    let before = effects(&scene.lab);
    for end in ends(&whole) {
        for cut in [end, end - 30] {
            fs::write(&journal, &whole[..cut]).expect("it can be written");
            let (code, says) = resume(&scene);
            let what = format!(
                "cut after {cut} of {} bytes → {code:?}\n{says}",
                whole.len()
            );
            assert!(matches!(code, Some(0 | 5 | 7)), "{what}");
            assert_eq!(effects(&scene.lab), before, "{what}");
        }
    }
}

#[test]
fn a_half_run_whose_journal_lost_its_end_repeats_nothing() {
    let undisturbed = &Reference::one_node().effects;
    let half = Point::Change(Reference::one_node().changes - 2, When::AfterActing);
    for lost in [1, 3, 6] {
        let scene = Scene::new(1, 0);
        assert_eq!(scene.run(&scene.apply(), Some(half)).code, None);
        let journal = scene.journal().expect("a journal");
        let whole = fs::read(&journal).expect("it can be read");
        let ends = ends(&whole);
        fs::write(&journal, &whole[..ends[ends.len() - 1 - lost]]).expect("it can be written");
        let (code, says) = resume(&scene);
        let what = format!("{lost} records lost → {code:?}\n{says}");
        assert!(matches!(code, Some(0 | 7)), "{what}");
        let repeated = repeated(&effects(&scene.lab), undisturbed);
        assert!(repeated.is_empty(), "{what}\n{}", repeated.join("\n"));
    }
}

#[test]
fn a_changed_journal_is_refused_by_name() {
    let (scene, journal, whole) = finished();
    let ends = ends(&whole);
    let asked = scene.lab.requests();
    for (number, end) in ends.iter().enumerate() {
        // The last line feed of all is no change but a lost end.
        for (back, bit) in [(2, 0x01), (40, 0x10)] {
            let mut changed = whole.clone();
            changed[end - back] ^= bit;
            refused(&scene, &journal, &changed, number);
        }
    }
    let twice = [&whole[..ends[2]], &whole[ends[1]..]].concat();
    refused(&scene, &journal, &twice, 3);
    let dropped = [&whole[..ends[1]], &whole[ends[2]..]].concat();
    refused(&scene, &journal, &dropped, 2);
    assert_eq!(scene.lab.requests(), asked, "a device was asked");
}

#[track_caller]
fn refused(scene: &Scene, journal: &Path, bytes: &[u8], record: usize) {
    fs::write(journal, bytes).expect("it can be written");
    let (code, says) = resume(scene);
    assert_eq!(code, Some(7), "record {record}\n{says}");
    assert!(
        says.contains(&format!("damaged at record {record}:")),
        "record {record}\n{says}"
    );
}
