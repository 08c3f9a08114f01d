//! Runs listed, blocked by, closed; the real disk; locks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{STATE, clock, created, holding, opening, reference, started};
use crate::clock::Clock as _;
use crate::journal::testing::MemoryDisk;
use crate::journal::*;
use crate::model::{Fingerprint, RunId};

#[test]
fn a_plan_begun_again_within_a_second_is_another_run() {
    let disk = MemoryDisk::default();
    let (state, plan) = (Path::new(STATE), Fingerprint::of(b"plan"));
    let name = || run_id(&disk, state, clock().now(), &plan).to_string();
    let first = name();
    for number in 2..5 {
        let last = Path::new("/state/runs").join(name());
        disk.create_directory(&last).unwrap();
        assert_eq!(name(), format!("{first}-{number}"));
    }
}

#[test]
fn an_unfinished_run_blocks_its_clusters_until_it_is_closed() {
    let disk = Arc::new(MemoryDisk::default());
    let state = Path::new(STATE);
    let blocks = |cluster: &str| blocking_run(disk.as_ref(), state, &cluster.into()).unwrap();
    assert_eq!(blocks("hq"), None);
    disk.create_directory(Path::new("/state/runs/empty"))
        .unwrap();
    assert_eq!(blocks("hq"), None, "a run that never began blocks nothing");
    created(&disk).unwrap().record(started("hq-01", 1)).unwrap();
    assert_eq!(blocks("hq"), Some(RunId::from("one")));
    assert_eq!(blocks("branch"), None);
    let RunState::Known {
        clusters, verdict, ..
    } = run_summary(disk.as_ref(), state, &RunId::from("one")).state
    else {
        panic!("the run is unreadable");
    };
    assert_eq!(verdict, None);
    assert_eq!(
        clusters[0].next,
        Some(("hq-01".into(), StepStatus::InDoubt { attempt: 1 }))
    );
    let shared: Arc<dyn Disk> = Arc::<MemoryDisk>::clone(&disk);
    close(
        &shared,
        clock(),
        state,
        "one".into(),
        "kim".into(),
        "wrong plan".into(),
    )
    .unwrap();
    assert_eq!(blocks("hq"), None);
}

#[test]
fn a_damaged_run_blocks_every_cluster_until_it_is_closed() {
    let (mut bytes, _) = reference();
    bytes[40] ^= 1;
    let disk = holding(bytes.clone());
    let state = Path::new(STATE);
    assert_eq!(
        blocking_run(disk.as_ref(), state, &"branch".into()).unwrap(),
        Some(RunId::from("one"))
    );
    let shared: Arc<dyn Disk> = Arc::<MemoryDisk>::clone(&disk);
    close(
        &shared,
        clock(),
        state,
        "one".into(),
        "kim".into(),
        "damaged".into(),
    )
    .unwrap();
    assert_eq!(
        blocking_run(disk.as_ref(), state, &"branch".into()).unwrap(),
        None
    );
    assert_eq!(
        disk.bytes(Path::new("/state/runs/one/journal.damaged")),
        bytes
    );
}

#[test]
fn the_real_disk_keeps_what_it_confirmed() {
    let directory = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let open = || Journal::open(Arc::clone(&disk), clock(), directory.path(), "one".into());
    let create = || {
        Journal::create(
            Arc::clone(&disk),
            clock(),
            directory.path(),
            "one".into(),
            opening(),
        )
    };
    let journal = create().unwrap();
    journal.record(started("hq-01", 1)).unwrap();
    journal.keep("hq-01 request.pem", b"text").unwrap();
    assert!(create().is_err(), "a run is never begun twice");
    let (again, torn) = open().unwrap();
    assert_eq!((again.replay(), torn), (journal.replay(), 0));
    assert_eq!(again.plan_file().unwrap(), b"{}");
    assert!(
        directory
            .path()
            .join("runs/one/artifacts/hq-01%20request.pem")
            .is_file()
    );
}

#[test]
fn a_cluster_has_one_holder_and_others_learn_who() {
    let directory = tempfile::tempdir().unwrap();
    let take = |cluster: &str, run: &str| {
        let holder = Holder::here(RunId::from(run), Timestamp::UNIX_EPOCH);
        ClusterLock::take(directory.path(), &cluster.into(), &holder, Duration::ZERO)
    };
    let held = take("hq", "one").unwrap();
    match take("hq", "two") {
        Err(LockError::Held {
            holder: Some(holder),
            ..
        }) => {
            assert_eq!(
                (holder.run, holder.pid),
                (RunId::from("one"), std::process::id())
            );
        }
        other => panic!("{other:?}"),
    }
    let _other_cluster = take("../hq", "two").unwrap();
    drop(held);
    take("hq", "two").unwrap();
}

/// The process that [`a_killed_process_leaves_a_true_prefix`] lets be killed.
#[test]
#[ignore = "started by another test, as a process of its own"]
fn writes_until_it_is_killed() {
    let state = std::env::var_os("REISSUE_TEST_STATE").expect("started by the other test");
    let journal = Journal::create(
        Arc::new(RealDisk),
        clock(),
        Path::new(&state),
        "one".into(),
        opening(),
    );
    let journal = journal.unwrap();
    for attempt in 1..=3 {
        journal.record(started("hq-01", attempt)).unwrap();
    }
    panic!("it was not killed");
}

#[cfg(unix)]
#[test]
fn a_killed_process_leaves_a_true_prefix() {
    use std::os::unix::process::ExitStatusExt as _;
    // The plan and the first record are writes, too.
    for (point, attempts, torn) in [("before", 1, false), ("half", 1, true), ("after", 2, false)] {
        let directory = tempfile::tempdir().unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "journal::tests::runs::writes_until_it_is_killed",
            ])
            .env("REISSUE_TEST_STATE", directory.path())
            .env("REISSUE_KILL_AT_WRITE", format!("4:{point}"))
            .output()
            .unwrap();
        assert_eq!(child.status.signal(), Some(9), "{point}");
        let disk = Arc::new(RealDisk);
        let (journal, cut) = Journal::open(disk, clock(), directory.path(), "one".into()).unwrap();
        let record = journal.replay().steps[&"hq-01".into()].clone();
        assert_eq!((record.attempts, cut > 0), (attempts, torn), "{point}");
    }
}
