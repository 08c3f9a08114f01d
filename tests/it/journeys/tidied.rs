//! `plan --tidy`: a person clears trust stores last, and no certificate waits for that.

use reissue::plan::{Action, Plan, Stage};
use reissue_lab::state::fingerprint;
use reissue_lab::{Lab, LabConfig, TomcatStart};
use serde_json::Value;

use super::{said, says};
use crate::crash::scene::Scene;
use crate::forge::{Forged, Wanted};
use crate::support::{no_violation, reissue, renewed, small};

const BYGONE: &str = "Bygone Partner CA";

/// A publisher whose tomcat-trust still has an authority that ended last year.
fn untidy(change: impl FnOnce(&mut LabConfig)) -> (Lab, Forged) {
    let lab = small(change);
    let old = Wanted::authority(BYGONE, (-1000, -300)).forge();
    lab.change("hq", "cucm-pub", |node| {
        let store = node.trusts.get_mut("tomcat-trust").unwrap();
        store.push(old.certificate.clone());
    });
    (lab, old)
}

fn held(lab: &Lab, authority: &Forged) -> bool {
    let print = fingerprint(&authority.certificate);
    let held = lab.look("hq", "cucm-pub", |node| {
        let store = &node.trusts["tomcat-trust"];
        store.iter().any(|entry| fingerprint(entry) == print)
    });
    held.unwrap()
}

fn delete(lab: &Lab, authority: &Forged) {
    let print = fingerprint(&authority.certificate);
    lab.change("hq", "cucm-pub", |node| {
        let store = node.trusts.get_mut("tomcat-trust").unwrap();
        store.retain(|entry| fingerprint(entry) != print);
    });
}

fn read(lab: &Lab) -> Plan {
    let bytes = std::fs::read(lab.dir().join("plan.json")).unwrap();
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    serde_json::from_value(file["plan"].clone()).unwrap()
}

#[test]
fn what_nothing_needs_is_listed_last_and_holds_no_certificate_up() {
    let (lab, old) = untidy(|_| {});
    let file = lab.dir().join("plan.json").display().to_string();
    let plain = Scene::on(lab, &[]);
    let steps = |lab: &Lab| read(lab).clusters.into_values().next().unwrap().steps;
    assert!(
        steps(&plain.lab)
            .iter()
            .all(|step| step.stage != Stage::Tidy)
    );

    let scene = Scene::on(plain.lab, &["--tidy"]);
    let lab = &scene.lab;
    let print = fingerprint(&old.certificate);
    let steps = steps(lab);
    let last = steps.last().unwrap();
    let Action::Person { instruction } = &last.action else {
        panic!("{last:#?}")
    };
    assert_eq!((last.stage, last.after.len()), (Stage::Tidy, 0));
    for word in [
        BYGONE,
        &print[..12],
        "tomcat-trust",
        "cucm-pub",
        "expired",
        "DRS backup",
    ] {
        assert!(instruction.contains(word), "no {word}: {instruction}");
    }
    assert!(last.because.contains("trust-expired") && !last.sources.is_empty());
    assert_eq!(
        steps
            .iter()
            .filter(|step| step.stage == Stage::Tidy)
            .count(),
        1
    );
    for format in ["text", "markdown", "html"] {
        says(
            &reissue(lab, ["show", &file, "--format", format]).expect(0),
            &[BYGONE],
        );
    }
    says(
        &reissue(lab, ["simulate", &file]).expect(0),
        &["no invariant fails"],
    );

    // Until what is asked for is done, and then at the list.
    let words = scene.apply();
    let until = ["--until", "verify"].map(str::to_owned);
    let rests = reissue(lab, words.iter().chain(&until)).expect(0);
    says(&rests, &["stage verify"]);
    renewed(lab, "hq", &scene.before["hq"]);
    let changes = lab.changes();
    let waits = reissue(lab, ["resume"]).expect(6);
    says(&waits, &[BYGONE, "--done"]);
    assert!(held(lab, &old), "the tool deletes nothing");
    // Somebody does it and goes on too early: the run still waits for the word.
    delete(lab, &old);
    reissue(lab, ["resume"]).expect(6);
    let mark = [
        "mark",
        last.id.as_str(),
        "--done",
        "--why",
        "deleted, CHG-9",
    ];
    reissue(lab, mark).expect(0);
    reissue(lab, ["resume"]).expect(0);
    assert_eq!(lab.changes(), changes, "nothing is changed for it");
    says(&reissue(lab, ["verify"]).expect(0), &["Verified: "]);
    says(&reissue(lab, ["report"]).expect(0), &["CHG-9"]);
    no_violation(lab);
}

#[test]
fn a_plan_may_hold_nothing_but_the_list() {
    let (lab, old) = untidy(|config| config.tomcat = vec![TomcatStart::Good]);
    says(&reissue(&lab, ["plan"]).expect(0), &["Nothing to do"]);
    let scene = Scene::on(lab, &["--tidy"]);
    let lab = &scene.lab;
    let stopped = reissue(lab, scene.apply()).expect(6);
    says(&stopped, &[BYGONE]);
    let data: Value = reissue(lab, ["resume", "--json"]).expect(6).data();
    let step = data["clusters"]["hq"]["step"].as_str().unwrap().to_owned();
    delete(lab, &old);
    reissue(lab, ["mark", &step, "--done", "--why", "deleted"]).expect(0);
    reissue(lab, ["resume"]).expect(0);
    assert_eq!(lab.changes(), 0);
    let again = reissue(lab, ["plan", "--tidy"]).expect(0);
    assert!(said(&again).contains("Nothing to do"), "{}", said(&again));
}

/// A list that waits in one cluster keeps no other cluster waiting.
#[test]
fn the_list_of_one_cluster_holds_up_no_other() {
    let (lab, _) = untidy(|config| config.clusters = 2);
    let scene = Scene::on(lab, &["--tidy"]);
    let lab = &scene.lab;
    let mut words = scene.apply();
    words.extend(["--parallel-clusters", "1", "--max-failures", "1", "--json"].map(str::to_owned));
    let data = reissue(lab, &words).expect(6).data();
    let class = |name: &str| data["clusters"][name]["class"].clone();
    assert_eq!([class("hq"), class("site2")], ["waiting", "done"]);
    for name in ["hq", "site2"] {
        renewed(lab, name, &scene.before[name]);
    }
    no_violation(lab);
}
