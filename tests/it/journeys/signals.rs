//! Stopped by a person or by the system: by Ctrl-C, a termination, a hang-up, or a reader that went away.

use std::fs::{self, File};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, OnceLock};

use reissue_lab::{Kind, Lab, When};
use rustix::process::{Pid, Signal, kill_process};

use super::{Journey, REQUEST, TOMCAT, TRUST, UPLOAD, effects, restarted_once, says};
use crate::support::{
    Ended, command, count, finish, no_violation, renewed, small, start, stored, wait_until,
};

/// Does something to a process, which starts later, when a write has arrived at its node.
fn at_change(
    lab: &Lab,
    number: usize,
    strike: impl FnOnce(Pid) + Send + 'static,
) -> Arc<OnceLock<Pid>> {
    let pid = Arc::new(OnceLock::new());
    let known = Arc::clone(&pid);
    let callback = move || strike(*known.wait());
    lab.at_change(number, When::BeforeActing, Box::new(callback));
    pid
}

fn send(pid: Pid, signal: Signal) {
    kill_process(pid, signal).expect("the program runs");
}

/// Sends a signal and waits until the program says that it heard it.
fn ask_to_stop(pid: Pid, signal: Signal, talk: &Path) {
    send(pid, signal);
    wait_until("the signal is answered", || {
        fs::read_to_string(talk).unwrap().contains("Stopping")
    });
}

/// Starts a command whose standard error goes to a file.
fn start_into(lab: &Lab, words: &[String], talk: &Path) -> Child {
    let talk = File::create(talk).unwrap();
    command(lab.estate(), words).stderr(talk).spawn().unwrap()
}

/// Runs a command to its end and sends it a signal when a write arrives.
fn struck(lab: &Lab, words: &[String], number: usize, signal: Signal) -> Ended {
    let talk = lab.dir().join("talk");
    let heard = talk.clone();
    let pid = at_change(lab, number, move |pid| ask_to_stop(pid, signal, &heard));
    let child = start_into(lab, words, &talk);
    pid.set(Pid::from_child(&child)).unwrap();
    finish(child)
}

#[test]
fn a_signal_ends_the_run_behind_the_step_in_hand() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    let (apply, resume) = (journey.words(&[]), ["resume".to_owned()]);
    let rows = [
        (TRUST, Signal::INT, &apply[..], "trust-upload"),
        (REQUEST, Signal::TERM, &resume[..], "request-made"),
        (UPLOAD, Signal::HUP, &resume[..], "identity-stored"),
    ];
    for (number, signal, words, effect) in rows {
        let ended = struck(lab, words, number, signal).expect(130);
        says(&ended, &["interrupted", "reissue resume"]);
        assert_eq!(
            effects(lab, effect).len(),
            1,
            "{signal:?}: the step in hand is finished"
        );
        assert_eq!(lab.changes(), number, "{signal:?}: no other step is begun");
    }
    journey.resume(&[]).expect(0);
    renewed(lab, "hq", &before);
    no_violation(lab);
    for what in ["POST trust", "POST csr", "POST identity"] {
        assert_eq!(count(lab, Kind::Write, what), 1, "{what}");
    }
    restarted_once(lab, 6);
}

#[test]
fn a_signal_ends_the_wait_for_certificates() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    lab.pause_authority(true);
    let child = start(lab, journey.words(&[]));
    let requests = lab.dir().join("signing/out");
    wait_until("the request is handed over", || {
        fs::read_dir(&requests).unwrap().count() > 0
    });
    send(Pid::from_child(&child), Signal::INT);
    says(
        &finish(child).expect(130),
        &["stopped before", "reissue resume"],
    );
    lab.pause_authority(false);
    journey.resume(&[]).expect(0);
    renewed(lab, "hq", &before);
    no_violation(lab);
    assert_eq!(count(lab, Kind::Write, "POST csr"), 1);
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let journey = Journey::on(small(|_| {}));
    let lab = &journey.lab;
    let before = stored(lab, "hq");
    let talk = lab.dir().join("talk");
    let heard = talk.clone();
    let gone = Arc::new(OnceLock::new());
    let went = Arc::clone(&gone);
    // The restart has arrived at the node and is carried out only when nobody listens any more.
    let pid = at_change(lab, TOMCAT, move |pid| {
        ask_to_stop(pid, Signal::INT, &heard);
        send(pid, Signal::INT);
        went.wait();
    });
    let child = start_into(lab, &journey.words(&[]), &talk);
    pid.set(Pid::from_child(&child)).unwrap();
    let ended = finish(child).expect(130);
    gone.set(()).unwrap();
    assert_eq!(ended.out, "", "it did not come to its end");
    assert!(fs::read_to_string(&talk).unwrap().contains("Ended at once"));
    journey.resume(&[]).expect(0);
    renewed(lab, "hq", &before);
    no_violation(lab);
    restarted_once(lab, 6);
}

#[test]
fn a_reader_that_went_away_does_not_end_a_run() {
    let journey = Journey::on(small(|_| {}));
    let before = stored(&journey.lab, "hq");
    let mut child = start(&journey.lab, journey.words(&[]));
    drop(child.stdout.take());
    drop(child.stderr.take());
    finish(child).expect(0);
    renewed(&journey.lab, "hq", &before);
    no_violation(&journey.lab);
    restarted_once(&journey.lab, 6);
}
