//! A disk that fails: no device is changed without a record, and the run goes on when there is room again.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::reissue;
use crate::trial::{Trial, lab, writes};

/// The words of an apply with another state directory.
fn elsewhere(trial: &Trial, state: &Path) -> Vec<String> {
    let mut words = trial.words();
    words.extend(["--state-dir".to_owned(), state.display().to_string()]);
    words
}

#[test]
fn a_state_directory_that_cannot_be_made_stops_before_any_change() {
    let trial = Trial::new();
    let file = trial.lab.dir().join("a-file");
    std::fs::write(&file, "not a directory").unwrap();
    for state in [
        file.clone(),
        file.join("below"),
        Path::new("/proc/nowhere").to_owned(),
    ] {
        let ended = reissue(&trial.lab, elsewhere(&trial, &state)).expect(1);
        let shown = state.display().to_string();
        assert!(ended.err.contains(&shown), "{}", ended.err);
        assert_eq!(ended.err.matches("error: ").count(), 1, "{}", ended.err);
    }
    assert_eq!(writes(&trial.lab), 0);
    trial.untouched();
}

#[test]
fn a_state_directory_that_does_not_exist_is_made() {
    let trial = Trial::new();
    let state = trial.lab.dir().join("deep/down/state");
    reissue(&trial.lab, elsewhere(&trial, &state)).expect(0);
    assert!(state.join("runs").is_dir());
    trial.renewed();
}

#[test]
fn a_folder_for_requests_that_is_gone_stops_the_run_until_it_is_back() {
    let trial = Trial::new();
    let folder = trial.lab.dir().join("signing/out");
    std::fs::remove_dir(&folder).unwrap();
    let ended = trial.apply().expect(1);
    assert!(ended.out.contains("signing/out"), "{}", ended.out);
    assert!(ended.out.contains("next: "), "{}", ended.out);
    trial.untouched();
    std::fs::create_dir(&folder).unwrap();
    trial.resume().expect(0);
    trial.renewed();
}

#[test]
fn a_plan_that_cannot_be_written_is_no_plan() {
    let lab = lab(|_| {});
    for place in ["/proc/plan.json", "no/such/folder/plan.json"] {
        let ended = reissue(&lab, ["plan", "-o", place]).expect(1);
        assert!(ended.err.contains(place), "{}", ended.err);
        assert!(!ended.err.contains("To carry it out"), "{}", ended.err);
    }
}

/// Runs `apply` and then, with room again, `resume`, both on a small file system of their own that goes away with
/// the processes. Answers both exit codes, or `None` where this user may not make one.
#[cfg(target_os = "linux")]
fn on_a_small_disk(trial: &Trial, kilobytes: usize) -> Option<(i32, i32, String)> {
    let state = trial.lab.dir().join("small");
    std::fs::create_dir_all(&state).unwrap();
    let script = "mount -t tmpfs -o size=${SIZE}k small \"$STATE\" || exit 77
        \"$@\" --state-dir \"$STATE\" > \"$STATE.first\" 2>&1; echo first $?
        mount -o remount,size=64m \"$STATE\" || exit 77
        \"$PROGRAM\" resume --state-dir \"$STATE\" > \"$STATE.second\" 2>&1; echo second $?";
    let program = env!("CARGO_BIN_EXE_reissue");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh", program])
        .args(trial.words())
        .env("REISSUE_ESTATE", trial.lab.estate())
        .env("STATE", &state)
        .env("PROGRAM", program)
        .env("SIZE", kilobytes.to_string())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let code = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|code| code.trim().parse().ok())
    };
    let said = ["first", "second"]
        .map(|end| std::fs::read_to_string(state.with_extension(end)).unwrap_or_default());
    Some((code("first")?, code("second")?, said.join("\n---\n")))
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_and_room_lets_it_go_on() {
    let mut stopped = 0;
    for kilobytes in [16, 64, 96, 112, 128, 160] {
        let trial = Trial::new();
        let Some((first, second, said)) = on_a_small_disk(&trial, kilobytes) else {
            eprintln!("not tried: this user may not mount a small file system");
            return;
        };
        assert!(!said.contains("panicked"), "{said}");
        stopped += usize::from(first != 0);
        match first {
            0 => trial.renewed(),
            1 => {
                assert!(said.contains("space"), "{kilobytes} KiB: {said}");
                trial.harmless();
                assert_eq!(second, 0, "{kilobytes} KiB: {said}");
                if writes(&trial.lab) > 0 {
                    trial.renewed();
                }
            }
            code => panic!("{kilobytes} KiB: exit {code}\n{said}"),
        }
    }
    assert!(stopped > 1, "no disk was small enough");
}
