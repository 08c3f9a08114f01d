//! Where a run waits for somebody: a person, an authority, the next change window.

use std::fs;

use reissue_lab::{Kind, Lab};
use serde_json::Value;

use super::{Journey, restarted_once, says};
use crate::support::{count, no_violation, reissue, renewed, small, stored, tomcat};

/// The step at which the only cluster stopped.
#[track_caller]
fn waits_at(outcome: &Value) -> String {
    let cluster = &outcome["clusters"]["hq"];
    assert_eq!(cluster["class"], "waiting", "{cluster}");
    assert_ne!(cluster["next"], "", "a person is told what to do");
    cluster["step"].as_str().unwrap().to_owned()
}

fn single_sign_on(lab: &Lab, on: bool) {
    assert!(lab.change("hq", "cucm-pub", |node| node.sso_enabled = on));
}

/// Single sign-on is on: the run waits until a person has switched it off, and again until it is back on.
#[track_caller]
fn with_single_sign_on(end: impl FnOnce(&Journey, &str)) {
    let journey = Journey::on(small(|config| config.sso = true));
    let before = stored(&journey.lab, "hq");
    let off = waits_at(&journey.apply(&["--json"]).expect(6).data());
    assert_eq!(waits_at(&journey.resume(&["--json"]).expect(6).data()), off);
    assert_eq!(
        count(&journey.lab, Kind::Write, "POST identity"),
        0,
        "single sign-on is on"
    );
    single_sign_on(&journey.lab, false);
    let on = waits_at(&journey.resume(&["--json"]).expect(6).data());
    assert_ne!(on, off);
    renewed(&journey.lab, "hq", &before);
    end(&journey, &on);
    says(
        &reissue(&journey.lab, ["runs"]).expect(0),
        &["14 of 14 steps"],
    );
    no_violation(&journey.lab);
    restarted_once(&journey.lab, 6);
}

#[test]
fn a_run_waits_until_single_sign_on_is_off_and_on_again() {
    with_single_sign_on(|journey, _| {
        single_sign_on(&journey.lab, true);
        journey.resume(&[]).expect(0);
    });
}

#[test]
fn a_person_may_say_that_a_step_is_done() {
    with_single_sign_on(|journey, step| {
        let words = [
            "mark",
            step,
            "--done",
            "--why",
            "stays off until Monday, CHG-42",
        ];
        let marked = reissue(&journey.lab, words).expect(0);
        says(&marked, &["is marked", "a look says otherwise"]);
        journey.resume(&[]).expect(0);
        says(&reissue(&journey.lab, ["report"]).expect(0), &["CHG-42"]);
    });
}

#[test]
fn a_run_waits_for_the_authority() {
    let journey = Journey::on(small(|config| {
        config.timers.insert("issue".to_owned(), "300ms".to_owned());
    }));
    let before = stored(&journey.lab, "hq");
    journey.lab.pause_authority(true);
    let gate = waits_at(&journey.apply(&["--json"]).expect(6).data());
    assert_eq!(
        waits_at(&journey.resume(&["--json"]).expect(6).data()),
        gate
    );
    says(
        &reissue(&journey.lab, ["runs"]).expect(0),
        &["not finished", "waiting"],
    );
    assert_eq!(count(&journey.lab, Kind::Write, "POST csr"), 1);
    assert_eq!(count(&journey.lab, Kind::Write, "POST identity"), 0);
    journey.lab.pause_authority(false);
    let signed = journey.lab.dir().join("signing/in");
    crate::support::wait_until("the certificate is issued", || {
        fs::read_dir(&signed).unwrap().count() == 1
    });
    journey.resume(&[]).expect(0);
    renewed(&journey.lab, "hq", &before);
    no_violation(&journey.lab);
    assert_eq!(
        count(&journey.lab, Kind::Write, "POST csr"),
        1,
        "no second request"
    );
    restarted_once(&journey.lab, 6);
}

/// Hands the request to the lab's authority and prints what it signs; notes each call.
const SIGN: &str = r#"
echo "$REISSUE_REQUEST" >> "$1/calls"
cat > "$1/signing/out/$REISSUE_REQUEST.part"
mv "$1/signing/out/$REISSUE_REQUEST.part" "$1/signing/out/$REISSUE_REQUEST.csr"
until [ -s "$1/signing/in/$REISSUE_REQUEST.pem" ]; do sleep 0.01; done
cat "$1/signing/in/$REISSUE_REQUEST.pem"
"#;

#[test]
fn a_program_issues_certificates_and_is_asked_once() {
    let lab = small(|_| {});
    let program = lab.dir().join("sign.sh");
    fs::write(&program, SIGN).unwrap();
    let estate = fs::read_to_string(lab.estate()).unwrap();
    let (program, dir) = (program.display(), lab.dir().display());
    let folder = "kind: folder, requests: signing/out, issued: signing/in,";
    let command = format!("kind: command, command: [/bin/sh, {program}, {dir}],");
    assert!(estate.contains(folder));
    fs::write(lab.estate(), estate.replace(folder, &command)).unwrap();

    let journey = Journey::on(lab);
    let before = stored(&journey.lab, "hq");
    journey.apply(&["--until", "request"]).expect(0);
    journey.resume(&[]).expect(0);
    renewed(&journey.lab, "hq", &before);
    no_violation(&journey.lab);
    let calls = fs::read_to_string(journey.lab.dir().join("calls")).unwrap();
    assert_eq!(calls.lines().count(), 1, "{calls}");
}

#[test]
fn a_run_rests_where_it_is_asked_to() {
    let journey = Journey::on(small(|_| {}));
    let before = stored(&journey.lab, "hq");
    let served = || tomcat(&journey.lab, "hq").remove(0).rest.unwrap();
    says(
        &journey.apply(&["--until", "request"]).expect(0),
        &["stage request"],
    );
    assert_eq!(count(&journey.lab, Kind::Write, "POST csr"), 1);
    assert_eq!(stored(&journey.lab, "hq"), before);
    says(
        &journey.resume(&["--until", "install"]).expect(0),
        &["stage install"],
    );
    assert_ne!(stored(&journey.lab, "hq"), before);
    assert_eq!(served(), before[0], "stored, and not yet served");
    assert_eq!(count(&journey.lab, Kind::Effect, "restart-begin"), 0);
    journey.resume(&[]).expect(0);
    renewed(&journey.lab, "hq", &before);
    no_violation(&journey.lab);
    assert_eq!(count(&journey.lab, Kind::Write, "POST csr"), 1);
    assert_eq!(count(&journey.lab, Kind::Write, "POST identity"), 1);
    restarted_once(&journey.lab, 6);
}
