//! Phones that are not there: when a plan is made, and when a gate waits for them.

use std::collections::BTreeSet;
use std::fs;

use reissue_lab::{Kind, Lab, LabConfig};

use super::{effects, said, says};
use crate::crash::scene::Scene;
use crate::support::{self, count, no_violation, reissue};

/// A publisher and a subscriber whose certificate of one purpose is due, and a few phones.
fn due(purpose: &str, change: impl FnOnce(&mut LabConfig)) -> Lab {
    support::lab(|config| {
        config.subscribers = 1;
        config.phones = 6;
        config.purposes = vec![purpose.to_owned()];
        // A gate that stays shut is shut soon.
        let timers = [("phones_back", "3s"), ("issue", "5s")];
        config
            .timers
            .extend(timers.map(|(name, value)| (name.to_owned(), value.to_owned())));
        change(config);
    })
}

/// The names of the phones that are switched off.
fn absent(lab: &Lab) -> Vec<String> {
    let names = lab.look_cluster("hq", |cluster| {
        let off = cluster.phones.iter().filter(|phone| !phone.online);
        off.map(|phone| phone.name.clone()).collect()
    });
    names.unwrap()
}

/// Somebody pulls the plug of the first phone, which unregisters.
fn unplug(lab: &Lab) -> String {
    let mut name = String::new();
    lab.change_cluster("hq", |cluster| {
        let phone = &mut cluster.phones[0];
        phone.online = false;
        phone.registered = false;
        phone.since += 1;
        name.clone_from(&phone.name);
    });
    name
}

/// Every phone that is switched on is registered, and none is stranded.
#[track_caller]
fn all_back(lab: &Lab) {
    let lost = lab.look_cluster("hq", |cluster| {
        let lost = |phone: &&reissue_lab::state::Phone| {
            phone.stranded.is_some() || (phone.online && !phone.registered)
        };
        let lost = cluster.phones.iter().filter(lost);
        lost.map(|phone| phone.name.clone()).collect::<Vec<_>>()
    });
    assert_eq!(lost.unwrap(), [""; 0]);
}

#[test]
fn a_phone_that_does_not_come_back_is_waived_by_name_and_the_run_goes_on() {
    let scene = Scene::on(due("CallManager", |_| {}), &[]);
    let lab = &scene.lab;
    let words = scene.apply();
    let until = ["--until", "install"].map(str::to_owned);
    reissue(lab, words.iter().chain(&until)).expect(0);
    let gone = unplug(lab);
    let stopped = reissue(lab, ["resume"]).expect(6);
    says(&stopped, &["the gate is shut", &gone, "--waive NAME"]);
    let step = gate_of(&said(&stopped));
    let journal = scene.journal().unwrap();
    let missing = journal
        .with_file_name("artifacts")
        .join(format!("{step}.missing.txt"));
    assert_eq!(fs::read_to_string(&missing).unwrap(), format!("{gone}\n"));

    // Waiting changes nothing, and only phones of the plan can be waived.
    let changes = lab.changes();
    reissue(lab, ["resume"]).expect(6);
    let stranger = ["mark", &step, "--waive", "SEP000000000000", "--why", "typo"];
    says(&reissue(lab, stranger).expect(2), &["SEP000000000000"]);
    assert_eq!(lab.changes(), changes);

    let listed = format!("@{}", missing.display());
    let why = "in the repair shop, CHG-77";
    let waive = ["mark", &step, "--waive", &listed, "--why", why];
    reissue(lab, waive).expect(0);
    assert_eq!(lab.changes(), changes, "a waiver is asked of no device");
    reissue(lab, ["resume"]).expect(0);
    no_violation(lab);
    all_back(lab);
    let report = reissue(lab, ["report"]).expect(0);
    says(&report, &[&gone, why, &step]);
    says(&reissue(lab, ["plan"]).expect(0), &["Nothing to do"]);
}

/// The step whose gate is shut, from what a person is told to type.
#[track_caller]
fn gate_of(said: &str) -> String {
    let typed = said.split("reissue mark ").nth(1).expect("a way on");
    typed.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn phones_that_are_absent_are_refused_until_somebody_answers_for_them() {
    for (purpose, release) in [
        ("CallManager", "14.0.1.13900-155"),
        ("CallManager", "12.5.1.16900-30"),
        ("TVS", "12.5.1.16900-30"),
    ] {
        let lab = due(purpose, |config| {
            config.absent_phones = 2;
            release.clone_into(&mut config.release);
        });
        let names = absent(&lab);
        assert_eq!(names.len(), 2);
        let refused = reissue(&lab, ["plan"]).expect(4);
        says(&refused, &["I4", &names[0], &names[1], "--waive"]);
        let half = ["plan", "--waive", &names[0], "--why", "spare"];
        says(&reissue(&lab, half).expect(4), &[&names[1]]);
        assert_eq!(count(&lab, Kind::Write, ""), 0);

        let why = "spares in the cupboard";
        let all = Scene::on(lab, &["--waive", "all", "--why", why]);
        let lab = &all.lab;
        let file = lab.dir().join("plan.json").display().to_string();
        says(
            &reissue(lab, ["show", &file]).expect(0),
            &[&names[0], &names[1], why],
        );
        assert_eq!(all.survive(&[]), 0);
        no_violation(lab);
        all_back(lab);
        says(&reissue(lab, ["report"]).expect(0), &[&names[0], why]);
        let renewed: BTreeSet<String> = effects(lab, "identity-stored").into_keys().collect();
        assert_eq!(renewed.len(), 2, "{renewed:?}");
    }
}
