//! What no careful operator does beyond tomcat: each act has its word, and only its word.

use std::collections::BTreeSet;

use reissue_lab::state::Backup;
use reissue_lab::{Lab, LabConfig};

use crate::client::{self, PUBLISHER, quick};
use crate::operator::{
    FIRST, NODES, TWELVE, mixed, of, renew, reset_pool, restart, restart_all, settled, words,
};

type Act = fn(&Lab);

fn tvs_before_the_gate(lab: &Lab) {
    for node in NODES {
        renew(lab, node, "CallManager");
    }
    restart_all(lab, &["Cisco CallManager", "Cisco Tftp"]);
    settled(lab);
    renew(lab, PUBLISHER, "TVS");
}

fn callmanager_before_the_gate(lab: &Lab) {
    renew(lab, PUBLISHER, "TVS");
    renew(lab, FIRST, "CallManager");
}

fn every_tvs(lab: &Lab) {
    for node in NODES {
        renew(lab, node, "TVS");
    }
}

fn stale_ctl(lab: &Lab) {
    renew(lab, PUBLISHER, "CallManager");
    restart(lab, PUBLISHER, "Cisco CallManager");
}

fn capf_of_a_subscriber(lab: &Lab) {
    renew(lab, FIRST, "CAPF");
}

fn ipsec_in_a_backup(lab: &Lab) {
    lab.change_cluster("hq", |cluster| {
        cluster.backup = Backup {
            running: Some(40),
            ..Backup::default()
        }
    });
    renew(lab, PUBLISHER, "ipsec");
}

fn early_reset(lab: &Lab) {
    renew(lab, PUBLISHER, "CallManager");
    reset_pool(lab, "HQ-DP1");
}

fn callmanager_of_a_subscriber_first(lab: &Lab) {
    renew(lab, PUBLISHER, "CallManager");
    renew(lab, FIRST, "CallManager");
    restart(lab, FIRST, "Cisco CallManager");
}

fn next_before_ipsec_is_in_effect(lab: &Lab) {
    restart(lab, PUBLISHER, "Cisco DRF Local");
    renew(lab, PUBLISHER, "ipsec");
    restart(lab, FIRST, "Cisco DRF Local");
}

#[test]
fn each_careless_act_upon_phones_has_its_word() {
    let rows: [(&str, LabConfig, Act); 9] = [
        (
            "callmanager-and-tvs-in-flight",
            of(TWELVE),
            tvs_before_the_gate,
        ),
        (
            "callmanager-and-tvs-in-flight",
            LabConfig {
                time_scale: 1.0,
                ..quick()
            },
            callmanager_before_the_gate,
        ),
        ("every-tvs-changed", of(TWELVE), every_tvs),
        ("restart-before-ctl-update", mixed(), stale_ctl),
        ("capf-beside-publisher", of(TWELVE), capf_of_a_subscriber),
        ("ipsec-during-backup", quick(), ipsec_in_a_backup),
        ("reset-before-restart", of(TWELVE), early_reset),
        (
            "subscriber-restarted-before-publisher",
            quick(),
            callmanager_of_a_subscriber_first,
        ),
        (
            "next-restart-before-previous-healthy",
            quick(),
            next_before_ipsec_is_in_effect,
        ),
    ];
    for (word, config, act) in rows {
        let lab = client::lab(config);
        act(&lab);
        assert_eq!(words(&lab), BTreeSet::from([word.to_owned()]));
    }
}

#[test]
fn a_restart_needs_a_certificate_that_the_service_has_not_loaded() {
    let lab = client::lab(of(TWELVE));
    restart(&lab, PUBLISHER, "Cisco DRF Local");
    renew(&lab, PUBLISHER, "ipsec");
    assert!(!client::look(&lab, PUBLISHER, |node| node.in_effect("ipsec")));
    restart(&lab, PUBLISHER, "Cisco DRF Master");
    restart(&lab, PUBLISHER, "Cisco DRF Local");
    assert!(client::look(&lab, PUBLISHER, |node| node.in_effect("ipsec")));
    renew(&lab, PUBLISHER, "tomcat");
    restart(&lab, PUBLISHER, "Cisco DRF Local");
    assert_eq!(client::violations(&lab), Vec::<String>::new());
    restart(&lab, PUBLISHER, "Cisco DRF Local");
    assert_eq!(
        client::violations(&lab),
        ["restart-without-new-certificate"]
    );
}
