//! When steps acted, and phones that a person waived.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::journal::fold::Replay;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Folds events that follow one another by a second, the first of which opens the run.
fn folded(events: Vec<Event>) -> Replay {
    let entry = |seq: u64, event| Entry {
        seq,
        at: at(i64::try_from(seq).unwrap()),
        event,
    };
    let Opening {
        operator,
        tool,
        plan,
        steps,
        ..
    } = opening();
    let opened = Event::RunOpened {
        format: JOURNAL_FORMAT,
        tool,
        operator,
        plan,
        steps,
    };
    let mut replay = Replay::begin(&entry(0, opened)).unwrap();
    for (seq, event) in (1..).zip(events) {
        replay.check(&event).unwrap();
        replay.take(&entry(seq, event));
    }
    replay
}

fn waived(step: &str, phones: &[&str]) -> Event {
    Event::PhonesWaived {
        step: step.into(),
        phones: phones.iter().map(|name| (*name).to_owned()).collect(),
        by: "kim".to_owned(),
        why: "the branch is closed".to_owned(),
    }
}

#[test]
fn a_step_acted_when_its_last_round_of_attempts_began() {
    let seen = Event::StepDone {
        step: "hq-01".into(),
        how: DoneHow::FoundAlreadyDone {},
    };
    let resumed = || Event::Resumed {
        tool: "0.1.0".to_owned(),
        operator: "kim".to_owned(),
    };
    let rows: Vec<(&str, Vec<Event>, i64)> = vec![
        ("begun once", vec![started("hq-01", 1), done("hq-01")], 1),
        (
            "the first attempt may act late, so that it counts",
            vec![started("hq-01", 1), resumed(), started("hq-01", 2)],
            1,
        ),
        (
            "the first one never left",
            vec![
                started("hq-01", 1),
                failed("hq-01", true),
                started("hq-01", 2),
            ],
            3,
        ),
        (
            "the first one was seen to have had no effect",
            vec![
                started("hq-01", 1),
                failed("hq-01", false),
                started("hq-01", 2),
            ],
            3,
        ),
        (
            "a person says that it is done after it failed",
            vec![started("hq-01", 1), failed("hq-01", false), done("hq-01")],
            1,
        ),
        ("found done", vec![resumed(), seen], 2),
    ];
    for (name, events, second) in rows {
        let acted = folded(events).artifacts.acted;
        assert_eq!(acted, [("hq-01".into(), at(second))].into(), "{name}");
    }
}

#[test]
fn a_waiver_is_kept_by_gate_and_read_again() {
    let disk = Arc::new(MemoryDisk::default());
    let journal = created(&disk).unwrap();
    for event in [
        started("hq-01", 1),
        done("hq-01"),
        waived("hq-02", &["SEP0B"]),
        waived("hq-02", &["SEP0A"]),
        waived("hq-03", &["SEP0C"]),
    ] {
        journal.record(event).unwrap();
    }
    let (again, _) = reopened(&disk).unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let kept = [
        (StepId::from("hq-02"), names(&["SEP0A", "SEP0B"])),
        (StepId::from("hq-03"), names(&["SEP0C"])),
    ];
    assert_eq!(again.replay().waived, kept.into());
    assert_eq!(
        again.replay().next_step(&"hq".into()),
        Some(&"hq-02".into())
    );
    for refused in [
        waived("hq-02", &[]),
        waived("hq-01", &["SEP0A"]),
        waived("hq-09", &["SEP0A"]),
    ] {
        let outcome = journal.record(refused.clone());
        assert!(
            matches!(outcome, Err(JournalError::Illegal(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn records_are_written_as_they_were_and_read_as_they_are() {
    // A journal of this format from before phones were waived, and what a waiver looks like in it.
    let records = [
        r#"{"seq":0,"at":"2026-01-01T00:00:00Z","event":{"run-opened":{"format":1,"tool":"0.1.0","operator":"kim","plan":"8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4","steps":{"hq":["hq-01","hq-02"]}}}}"#,
        r#"{"seq":1,"at":"2026-01-01T00:00:01Z","event":{"step-started":{"step":"hq-01","attempt":1}}}"#,
        r#"{"seq":2,"at":"2026-01-01T00:00:02Z","event":{"step-done":{"step":"hq-01","how":{"performed":{}}}}}"#,
        r#"{"seq":3,"at":"2026-01-01T00:00:03Z","event":{"waiting":{"step":"hq-02","awaited":"phones"}}}"#,
        r#"{"seq":4,"at":"2026-01-01T00:00:04Z","event":{"phones-waived":{"step":"hq-02","phones":["SEP0B"],"by":"kim","why":"closed"}}}"#,
    ];
    let mut link = record::START;
    let mut bytes = Vec::new();
    for json in records {
        let (framed, next) = record::seal(&link, json);
        bytes.extend(framed);
        link = next;
    }
    let disk = holding(bytes);
    let read = read_run(disk.as_ref(), Path::new(STATE), &RunId::from("one")).unwrap();
    let written: Vec<String> = read
        .entries
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap())
        .collect();
    assert_eq!(written, records);
    let acted = &read.replay.artifacts.acted[&StepId::from("hq-01")];
    assert_eq!(acted.to_string(), "2026-01-01T00:00:01Z");
}
