//! Journals under every cut, every flipped bit and every failed call.

mod phones;
mod runs;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::testing::{Fault, MemoryDisk};
use super::*;
use crate::clock::FrozenClock;
use crate::model::{ClusterName, Fingerprint, RunId, StepId};

const STATE: &str = "/state";
const PATH: &str = "/state/runs/one/journal";

fn clock() -> Arc<FrozenClock> {
    Arc::new(FrozenClock(Timestamp::UNIX_EPOCH))
}

fn opening() -> Opening {
    let steps = ["hq-01", "hq-02", "hq-03", "hq-04"]
        .map(StepId::from)
        .to_vec();
    Opening {
        operator: "kim".to_owned(),
        tool: "0.1.0".to_owned(),
        plan: Fingerprint::of(b"plan"),
        plan_file: b"{}".to_vec(),
        steps: [(ClusterName::from("hq"), steps)].into(),
    }
}

fn created(disk: &Arc<MemoryDisk>) -> Result<Journal, JournalError> {
    let disk = Arc::<MemoryDisk>::clone(disk);
    Journal::create(
        disk,
        clock(),
        Path::new(STATE),
        RunId::from("one"),
        opening(),
    )
}

fn reopened(disk: &Arc<MemoryDisk>) -> Result<(Journal, usize), JournalError> {
    let disk = Arc::<MemoryDisk>::clone(disk);
    Journal::open(disk, clock(), Path::new(STATE), RunId::from("one"))
}

fn started(step: &str, attempt: u32) -> Event {
    Event::StepStarted {
        step: StepId::from(step),
        attempt,
    }
}

fn done(step: &str) -> Event {
    Event::StepDone {
        step: StepId::from(step),
        how: DoneHow::Performed {},
    }
}

fn failed(step: &str, transient: bool) -> Event {
    Event::StepFailed {
        step: StepId::from(step),
        error: "the node said no".to_owned(),
        what_next: "look".to_owned(),
        transient,
    }
}

fn request(step: &str) -> Event {
    Event::RequestMade {
        step: StepId::from(step),
        public_key: Fingerprint::of(b"key"),
        sha256: Fingerprint::of(b"request"),
        pem: "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"
            .to_owned(),
    }
}

/// The nineteen events that follow the first record of the reference journal.
fn story() -> Vec<Event> {
    let mut events = vec![
        started("hq-01", 1),
        failed("hq-01", true),
        started("hq-01", 2),
        done("hq-01"),
    ];
    events.extend([started("hq-02", 1), request("hq-02"), done("hq-02")]);
    events.push(Event::ClusterStopped {
        cluster: "hq".into(),
        why: "a person asked".to_owned(),
    });
    events.push(Event::Resumed {
        tool: "0.1.0".to_owned(),
        operator: "kim".to_owned(),
    });
    events.push(started("hq-03", 1));
    events.push(Event::Waiting {
        step: "hq-03".into(),
        awaited: "one certificate".to_owned(),
    });
    events.push(Event::Resumed {
        tool: "0.1.0".to_owned(),
        operator: "sam".to_owned(),
    });
    events.push(started("hq-03", 2));
    events.push(Event::Issued {
        request: "hq-02".into(),
        sha256: Fingerprint::of(b"leaf"),
        pem: "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n".to_owned(),
    });
    events.extend([done("hq-03"), started("hq-04", 1), failed("hq-04", false)]);
    events.push(Event::StepDone {
        step: "hq-04".into(),
        how: DoneHow::Marked {
            by: "kim".to_owned(),
            why: "seen in the GUI".to_owned(),
        },
    });
    events.push(Event::RunClosed {
        verdict: Verdict::Done {},
    });
    events
}

/// The reference journal's bytes, and what it says after each record.
fn reference() -> (Vec<u8>, Vec<Replay>) {
    let disk = Arc::new(MemoryDisk::default());
    let journal = created(&disk).unwrap();
    let mut states = vec![journal.replay()];
    for event in story() {
        journal.record(event).unwrap();
        states.push(journal.replay());
    }
    assert_eq!(states.len(), 20);
    (disk.bytes(Path::new(PATH)), states)
}

fn lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

fn holding(bytes: Vec<u8>) -> Arc<MemoryDisk> {
    let disk = Arc::new(MemoryDisk::default());
    disk.put(Path::new(PATH), bytes);
    disk
}

#[test]
fn cut_at_every_byte_it_is_a_true_prefix() {
    let (bytes, states) = reference();
    for length in 0..=bytes.len() {
        let whole = lines(&bytes[..length]);
        let disk = holding(bytes[..length].to_vec());
        match reopened(&disk) {
            Ok((journal, torn)) => {
                assert_eq!(journal.replay(), states[whole - 1], "cut at {length}");
                assert_eq!(torn == 0, bytes[length - 1] == b'\n', "cut at {length}");
                assert_eq!(disk.bytes(Path::new(PATH)).len() + torn, length);
            }
            Err(JournalError::NeverBegan { .. }) => assert_eq!(whole, 0, "cut at {length}"),
            Err(other) => panic!("cut at {length}: {other}"),
        }
    }
}

#[test]
fn with_any_bit_flipped_it_is_refused_by_record_number() {
    let (bytes, _) = reference();
    for at in 0..bytes.len() {
        let record = lines(&bytes[..at]) as u64;
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            match reopened(&holding(flipped)) {
                Err(JournalError::Damaged { record: named, .. }) => assert_eq!(named, record),
                Err(other) => panic!("byte {at} bit {bit}: {other}"),
                Ok(_) => panic!("byte {at} bit {bit}: accepted"),
            }
        }
    }
}

#[test]
fn dropped_repeated_and_swapped_records_are_refused() {
    let (bytes, _) = reference();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..lines.len() - 1 {
        let mut dropped = lines.clone();
        dropped.remove(at);
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at]);
        let mut swapped = lines.clone();
        swapped.swap(at, at + 1);
        for changed in [dropped, repeated, swapped] {
            let outcome = reopened(&holding(changed.concat())).map(|_| ());
            assert!(
                matches!(outcome, Err(JournalError::Damaged { .. })),
                "at {at}: {outcome:?}"
            );
        }
    }
}

#[test]
fn a_torn_tail_is_cut_before_the_next_record() {
    let (bytes, states) = reference();
    let disk = holding(bytes[..bytes.len() - 3].to_vec());
    let (journal, torn) = reopened(&disk).unwrap();
    assert!(torn > 0);
    journal
        .record(Event::RunClosed {
            verdict: Verdict::Done {},
        })
        .unwrap();
    let (again, torn) = reopened(&disk).unwrap();
    assert_eq!(
        (again.replay().closed, torn),
        (states[19].closed.clone(), 0)
    );
}

#[test]
fn whatever_call_fails_the_journal_stays_a_prefix_and_takes_nothing_more() {
    let (_, states) = reference();
    let faults = (1..=25).flat_map(|n| [Fault::Before(n), Fault::Half(n), Fault::After(n)]);
    let mut struck = 0;
    for fault in faults {
        let disk = Arc::new(MemoryDisk::default());
        disk.plant(Some(fault));
        if let Ok(journal) = created(&disk) {
            let results: Vec<bool> = story()
                .into_iter()
                .map(|event| journal.record(event).is_ok())
                .collect();
            let kept = results.iter().take_while(|ok| **ok).count();
            assert!(
                results[kept..].iter().all(|ok| !ok),
                "{fault:?}: went on after a failure"
            );
            assert_eq!(journal.replay(), states[kept], "{fault:?}");
        }
        struck += usize::from(disk.stopped());
        disk.plant(None);
        match reopened(&disk) {
            Ok((journal, _)) => assert!(states.contains(&journal.replay()), "{fault:?}"),
            Err(JournalError::NeverBegan { .. } | JournalError::NoSuchRun { .. }) => {}
            Err(other) => panic!("{fault:?}: {other}"),
        }
    }
    assert_eq!(struck, 3 * 23, "4 calls open the run, 19 continue it");
}

#[test]
fn after_one_failed_write_a_disk_that_works_again_is_not_believed() {
    let disk = Arc::new(MemoryDisk::default());
    let journal = created(&disk).unwrap();
    disk.plant(Some(Fault::Once(1)));
    let failed = journal.record(started("hq-01", 1));
    assert!(
        matches!(failed, Err(JournalError::Disk { .. })),
        "{failed:?}"
    );
    let next = journal.record(started("hq-01", 1));
    assert!(matches!(next, Err(JournalError::Broken(_))), "{next:?}");
    let kept = journal.keep("request.pem", b"text");
    assert!(matches!(kept, Err(JournalError::Broken(_))), "{kept:?}");
}

#[test]
fn an_event_that_cannot_follow_is_refused_and_not_written() {
    let finish = || Event::RunClosed {
        verdict: Verdict::Done {},
    };
    let cases: Vec<(&str, Vec<Event>, Event)> = vec![
        ("unknown step", vec![], started("hq-09", 1)),
        ("attempt left out", vec![], started("hq-01", 2)),
        ("performed, never begun", vec![], done("hq-01")),
        (
            "begun when done",
            vec![started("hq-01", 1), done("hq-01")],
            started("hq-01", 2),
        ),
        (
            "failed when done",
            vec![started("hq-01", 1), done("hq-01")],
            failed("hq-01", true),
        ),
        ("request of a step never begun", vec![], request("hq-02")),
        (
            "second request",
            vec![started("hq-02", 1), request("hq-02")],
            request("hq-02"),
        ),
        (
            "certificate without request",
            vec![],
            Event::Issued {
                request: "hq-02".into(),
                sha256: Fingerprint::of(b""),
                pem: String::new(),
            },
        ),
        ("done too early", vec![], finish()),
        (
            "after the end",
            vec![Event::RunClosed {
                verdict: Verdict::GivenUp {
                    by: "kim".into(),
                    why: "no".into(),
                },
            }],
            started("hq-01", 1),
        ),
    ];
    for (name, before, event) in cases {
        let disk = Arc::new(MemoryDisk::default());
        let journal = created(&disk).unwrap();
        for event in before {
            journal.record(event).unwrap();
        }
        let bytes = disk.bytes(Path::new(PATH));
        let outcome = journal.record(event);
        assert!(
            matches!(outcome, Err(JournalError::Illegal(_))),
            "{name}: {outcome:?}"
        );
        assert_eq!(disk.bytes(Path::new(PATH)), bytes, "{name}");
    }
}

#[test]
fn another_format_is_refused_by_its_number() {
    let json =
        r#"{"seq":0,"at":"2026-01-01T00:00:00Z","event":{"run-opened":{"format":2,"new":1}}}"#;
    let (line, _) = record::seal(&record::START, json);
    let outcome = reopened(&holding(line)).map(|_| ());
    assert!(
        matches!(outcome, Err(JournalError::Version { found: 2, .. })),
        "{outcome:?}"
    );
}
