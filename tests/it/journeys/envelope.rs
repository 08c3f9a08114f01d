//! `--json`: one envelope on standard output, whatever the command and however it ends.

use std::fs;

use serde_json::Value;

use super::{Journey, says};
use crate::support::{reissue, small};

/// A command's envelope, held to its exit code.
#[track_caller]
fn envelope(journey: &Journey, words: &[&str], code: i32) -> Value {
    let ended = reissue(&journey.lab, words.iter().chain(&["--json"])).expect(code);
    let envelope: Value = serde_json::from_str(&ended.out)
        .unwrap_or_else(|error| panic!("{words:?}: {error}\n{}", ended.out));
    assert_eq!(envelope["format"], 1, "{words:?}");
    assert_eq!(envelope["command"], words[0], "{words:?}");
    assert_eq!(envelope["exit"], code, "{words:?}");
    assert!(envelope["error"].is_null(), "{words:?}: {envelope}");
    envelope
}

#[test]
fn every_command_answers_with_one_envelope() {
    let journey = Journey::on(small(|_| {}));
    let path = |name: &str| journey.lab.dir().join(name).display().to_string();
    let (plan, observed, starter) = (path("plan.json"), path("observed.json"), path("new.yaml"));
    envelope(&journey, &["observe", "-o", &observed], 0);
    let from = ["--observation", observed.as_str()];
    let (certificate, chain) = (path("ca/issuing.pem"), path("ca/corp-chain.pem"));
    let rows: [&[&str]; 18] = [
        &["init", &starter],
        &["doctor"],
        &["secret", "list"],
        &["trust", "list"],
        &["status"],
        &["assess", from[0], from[1]],
        &["explain"],
        &["explain", "expired"],
        &["plan", from[0], from[1]],
        &["show", &plan],
        &["simulate", &plan, from[0], from[1]],
        &["graph", &plan],
        &["runs"],
        &["resume"],
        &["schema", "estate"],
        &["playbook", "list"],
        &["completions", "bash"],
        &["man"],
    ];
    for row in rows {
        envelope(&journey, row, 0);
    }
    envelope(&journey, &["lint", &certificate, "--chain", &chain], 3);
    let words = journey.words(&["--until", "prepare"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let applied = envelope(&journey, &words, 0);
    let run = applied["data"]["run"].as_str().unwrap();
    assert_eq!(applied["data"]["clusters"]["hq"]["done"], 1);
    envelope(&journey, &["report"], 0);
    envelope(&journey, &["verify"], 8);
    envelope(
        &journey,
        &["mark", "hq-02", "--failed", "--why", "a trial"],
        0,
    );
    envelope(&journey, &["runs", "close", run, "--why", "a trial"], 0);
}

#[test]
fn a_failure_is_an_envelope_too_and_is_told_to_people() {
    let journey = Journey::on(small(|_| {}));
    let missing = journey.lab.dir().join("missing.json").display().to_string();
    let rows: [(&[&str], &str); 6] = [
        (&["show", &missing], "missing.json"),
        (&["explain", "expird"], "expired"),
        (&["verify"], "no run"),
        (&["mark", "hq-01", "--done", "--why", "x"], "no run"),
        (&["plan", "--only", "nowhere"], "nowhere"),
        (
            &["trust", "add", "nowhere.example.com"],
            "nowhere.example.com",
        ),
    ];
    for (words, names) in rows {
        let ended = reissue(&journey.lab, words.iter().chain(&["--json"]));
        let envelope: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(envelope["exit"], ended.code, "{words:?}");
        assert_ne!(ended.code, 0, "{words:?}");
        let error = envelope["error"].to_string();
        assert!(
            error.contains(names) && ended.err.contains(names),
            "{words:?}: {error}"
        );
    }
}

#[test]
fn data_goes_to_standard_output_and_talk_to_standard_error() {
    let journey = Journey::on(small(|_| {}));
    let file = journey.file.display().to_string();
    let planned = reissue(&journey.lab, ["plan", "-o", &file]).expect(0);
    assert!(planned.err.contains("Plan written to") && !planned.out.contains("Plan written to"));
    let refused = reissue(&journey.lab, ["apply", &file]).expect(2);
    assert_eq!(refused.out, "");
    says(&refused, &["nobody accepted"]);
    let journal = journey.lab.dir().join("state/runs");
    assert!(
        fs::read_dir(journal).is_err(),
        "what was not approved leaves no run"
    );
    assert_eq!(journey.lab.changes(), 0);
}
