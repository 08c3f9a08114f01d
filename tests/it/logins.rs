//! Accounts that nodes refuse: one failed login, a clear word, and nobody else is tried.

use std::collections::BTreeMap;

use reissue_lab::{Channel, Kind, Lab};

use crate::support::{no_violation, reissue};
use crate::trial::{Trial, lab, writes};

/// Failed logins by node and interface.
fn failures(lab: &Lab) -> BTreeMap<(String, Channel), usize> {
    let mut failed = BTreeMap::new();
    for entry in lab.log() {
        if entry.kind == Kind::Login && entry.what != "ok" {
            *failed.entry((entry.node, entry.channel)).or_default() += 1;
        }
    }
    failed
}

/// What the tool believes the password of an account to be.
fn believe(lab: &Lab, account: &str, password: &str) {
    std::fs::write(lab.dir().join("secrets").join(account), password).unwrap();
}

#[test]
fn a_wrong_platform_password_costs_one_login_in_the_estate() {
    let lab = lab(|config| config.subscribers = 3);
    believe(&lab, "hq-platform", "not the password\n");
    let ended = reissue(&lab, ["plan"]).expect(1);
    for word in ["refused account hq-platform", "reissue secret set"] {
        assert!(ended.err.contains(word), "no `{word}` in\n{}", ended.err);
    }
    let failed = failures(&lab);
    assert_eq!(failed.values().sum::<usize>(), 1, "{failed:?}");
    no_violation(&lab);
}

#[test]
fn a_wrong_application_password_costs_one_login_in_the_estate() {
    let lab = lab(|config| config.subscribers = 3);
    believe(&lab, "hq-application", "not the password\n");
    let ended = reissue(&lab, ["plan"]).expect(1);
    assert!(
        ended.err.contains("refused account hq-application"),
        "{}",
        ended.err
    );
    let failed = failures(&lab);
    assert_eq!(failed.values().sum::<usize>(), 1, "{failed:?}");
    no_violation(&lab);
}

#[test]
fn a_node_with_another_password_costs_one_login_there() {
    let lab = lab(|config| config.subscribers = 2);
    // The account is locked on one node only, as if somebody had tried there before.
    let locked = "cucm-sub1.hq.example.com";
    lab.change("hq", locked, |node| {
        let user = "reissue".to_owned();
        node.lockouts.entry(user).or_default().locked_until_ms = u64::MAX;
    });
    let ended = reissue(&lab, ["plan"]).expect(1);
    assert!(ended.err.contains(locked), "{}", ended.err);
    let failed = failures(&lab);
    assert!(failed.keys().all(|(node, _)| node == locked), "{failed:?}");
    assert_eq!(failed.values().sum::<usize>(), 1, "{failed:?}");
    no_violation(&lab);
}

#[test]
fn a_password_that_changes_between_plan_and_apply_stops_before_any_change() {
    let trial = Trial::new();
    let right = std::fs::read_to_string(trial.lab.dir().join("secrets/hq-platform")).unwrap();
    believe(&trial.lab, "hq-platform", "changed meanwhile\n");
    let ended = trial.apply();
    assert_eq!(ended.code, 1, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("nothing was written"), "{}", ended.err);
    assert_eq!(writes(&trial.lab), 0);
    assert_eq!(failures(&trial.lab).values().sum::<usize>(), 1);
    believe(&trial.lab, "hq-platform", &right);
    trial.untouched();
    trial.apply().expect(0);
    trial.renewed();
}

#[test]
fn a_password_that_cannot_be_read_asks_no_node() {
    let lab = lab(|_| {});
    std::fs::remove_file(lab.dir().join("secrets/hq-platform")).unwrap();
    let ended = reissue(&lab, ["plan"]).expect(2);
    assert!(ended.err.contains("hq-platform"), "{}", ended.err);
    assert_eq!(lab.log().len(), 0, "a node was asked");
}
