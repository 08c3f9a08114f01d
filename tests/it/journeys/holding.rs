//! One run a cluster: the second waits or goes away, and an unfinished one is not forgotten.

use std::fs;

use reissue_lab::{Kind, Lab};

use super::{Journey, effects, says};
use crate::support::{
    count, finish, no_violation, reissue, renewed, small, start, stored, wait_until,
};

/// The only run of a lab.
#[track_caller]
fn only_run(lab: &Lab) -> String {
    let names: Vec<String> = fs::read_dir(lab.dir().join("state/runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    names[0].clone()
}

#[test]
fn of_two_runs_one_proceeds_and_the_other_learns_who_does() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    lab.pause_authority(true);
    let first = start(lab, journey.words(&[]));
    wait_until("the first run waits for its certificate", || {
        !effects(lab, "request-made").is_empty()
    });
    let run = only_run(lab);
    let holder = [format!("run {run}"), format!("process {}", first.id())];
    let holder = holder.each_ref().map(String::as_str);
    let close = ["runs", "close", &run, "--why", "in the way"];
    let mark = ["mark", "hq-01", "--failed", "--why", "in the way"];
    says(&journey.apply(&[]).expect(9), &holder);
    says(
        &journey.apply(&["--lock-timeout", "200ms"]).expect(9),
        &holder,
    );
    says(&journey.resume(&[]).expect(9), &holder);
    says(&reissue(lab, close).expect(9), &holder);
    says(&reissue(lab, mark).expect(9), &holder);
    assert_eq!(
        only_run(lab),
        run,
        "who does not get the cluster leaves no run"
    );

    // One that waits long enough gets the cluster, and finds it other than it was planned for.
    let patient = start(lab, journey.words(&["--lock-timeout", "60s"]));
    lab.pause_authority(false);
    finish(first).expect(0);
    says(&finish(patient).expect(5), &["tomcat identity was"]);
    renewed(lab, "hq", &before);
    no_violation(lab);
    assert_eq!(count(lab, Kind::Write, "POST csr"), 1);
    assert_eq!(count(lab, Kind::Write, "POST identity"), 1);
}

#[test]
fn an_unfinished_run_keeps_the_cluster_until_it_is_closed() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    journey.apply(&["--until", "prepare"]).expect(0);
    let run = only_run(lab);
    says(
        &journey.apply(&[]).expect(9),
        &[&run, "is not finished", "runs close"],
    );
    says(&reissue(lab, ["runs"]).expect(0), &[&run, "not finished"]);
    reissue(
        lab,
        ["runs", "close", &run, "--why", "another plan, CHG-42"],
    )
    .expect(0);
    says(&reissue(lab, ["runs"]).expect(0), &["CHG-42"]);
    says(&journey.resume(&[]).expect(0), &["Nothing to resume"]);
    says(&journey.resume(&[&run]).expect(0), &["has ended"]);
    // The old plan would upload an authority that is there by now.
    says(&journey.apply(&[]).expect(5), &["tomcat-trust"]);
    assert_eq!(lab.changes(), 1);

    let (file, digest) = crate::support::plan(lab);
    reissue(lab, crate::support::apply_with(&file, &digest, &[])).expect(0);
    renewed(lab, "hq", &before);
    no_violation(lab);
    assert_eq!(
        count(lab, Kind::Write, "POST trust"),
        1,
        "what is trusted is not sent again"
    );
}
