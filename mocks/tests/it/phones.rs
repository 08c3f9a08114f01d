//! Phones trust, reset, register and strand, and the judge says who made them.

use std::collections::BTreeSet;

use reissue_lab::state::{Backup, Holding};
use reissue_lab::{Kind, Lab, LabConfig};

use crate::client::{self, PUBLISHER, quick, until};
use crate::operator::{
    FIRST, NODES, SECOND, phones, renew, reset_all, reset_pool, restart, restart_all, settled,
    update_ctl,
};

const ELEVEN: &str = "11.5.1.15900-18";
const TWELVE: &str = "12.5.1.16900-48";

const TVS: &str = "Cisco Trust Verification Service";

/// A lab of mixed mode in which every second phone is secure.
fn mixed() -> LabConfig {
    LabConfig {
        mixed_mode: true,
        secure_phones: 12,
        ..quick()
    }
}

fn of(release: &str) -> LabConfig {
    LabConfig {
        release: release.to_owned(),
        ..quick()
    }
}

/// The distinct words of the judge.
fn words(lab: &Lab) -> BTreeSet<String> {
    client::violations(lab).into_iter().collect()
}

#[test]
fn callmanager_and_tvs_at_once_strand_phones() {
    // Where CallManager signs the ITL no phone can follow; later only phones that verify the node are lost.
    let rows = [
        (of(ELEVEN), true, 24),
        (
            LabConfig {
                release: TWELVE.to_owned(),
                ..mixed()
            },
            false,
            12,
        ),
    ];
    for (config, with_tftp, lost) in rows {
        let lab = client::lab(config);
        for node in NODES {
            renew(&lab, node, "CallManager");
            renew(&lab, node, "TVS");
        }
        restart_all(&lab, &[TVS]);
        if with_tftp {
            restart_all(&lab, &["Cisco Tftp"]);
        }
        restart_all(&lab, &["Cisco CallManager"]);
        settled(&lab);
        reset_all(&lab);
        settled(&lab);
        assert_eq!(phones(&lab), (24 - lost, lost));
        let stranded: Vec<_> = lab
            .violations()
            .into_iter()
            .filter(|entry| entry.what == "phone-stranded")
            .collect();
        assert_eq!(stranded.len(), lost);
        assert!(stranded[0].detail.starts_with("SEP00C0"), "{stranded:?}");
        let words = words(&lab);
        for word in ["callmanager-and-tvs-in-flight", "every-tvs-changed"] {
            assert!(words.contains(word), "{words:?}");
        }
    }
}

#[test]
fn the_careful_order_strands_nobody_on_any_release() {
    for config in [
        LabConfig {
            release: TWELVE.to_owned(),
            ..mixed()
        },
        mixed(),
        of("15.0.1.12900-234"),
        of(ELEVEN),
    ] {
        let release = config.release.clone();
        let secure = config.mixed_mode;
        let lab = client::lab(config);
        for node in NODES {
            renew(&lab, node, "CallManager");
        }
        if secure {
            update_ctl(&lab);
        }
        restart_all(
            &lab,
            &[
                "Cisco CallManager",
                "Cisco CTIManager",
                TVS,
                "Cisco Tftp",
                "Cisco HAProxy",
            ],
        );
        settled(&lab);
        reset_all(&lab);
        settled(&lab);
        for node in NODES {
            renew(&lab, node, "TVS");
            until("TVS to restart itself", || {
                *release < *"14" || client::look(&lab, node, |node| node.in_effect("TVS"))
            });
            settled(&lab);
            if *release < *"14" {
                restart(&lab, node, TVS);
            }
            // Every TFTP service has a list to make anew.
            restart_all(&lab, &["Cisco Tftp"]);
            reset_all(&lab);
            settled(&lab);
        }
        assert_eq!(phones(&lab), (24, 0), "{release}");
        assert_eq!(client::violations(&lab), Vec::<String>::new(), "{release}");
    }
}

#[test]
fn phones_that_were_away_are_judged_when_they_return() {
    for (release, lost) in [(ELEVEN, 4), (TWELVE, 0)] {
        let lab = client::lab(LabConfig {
            absent_phones: 4,
            ..of(release)
        });
        assert_eq!(phones(&lab), (20, 0));
        for purpose in ["CallManager", "TVS"] {
            for node in NODES {
                renew(&lab, node, purpose);
            }
            restart_all(&lab, &[TVS, "Cisco Tftp", "Cisco CallManager"]);
            settled(&lab);
            reset_all(&lab);
            settled(&lab);
        }
        assert_eq!(phones(&lab), (20, 0), "{release}");
        assert_eq!(lab.return_phones("hq"), 4);
        settled(&lab);
        assert_eq!(phones(&lab), (24 - lost, lost), "{release}");
        assert_eq!(lab.return_phones("hq"), 0);
    }
}

#[test]
fn an_upload_resets_phones_by_itself_from_release_14_on() {
    for (release, resets) in [(TWELVE, 0), ("14.0.1.13900-155", 3)] {
        let lab = client::lab(LabConfig {
            time_scale: 0.05,
            ..of(release)
        });
        renew(&lab, PUBLISHER, "ipsec");
        renew(&lab, PUBLISHER, "CallManager-ECDSA");
        assert_eq!(phones(&lab), (24, 0));
        for purpose in ["CallManager", "TVS", "CAPF"] {
            renew(&lab, PUBLISHER, purpose);
        }
        assert_eq!(
            phones(&lab).0,
            if resets == 0 { 24 } else { 0 },
            "{release}"
        );
        let noted = lab
            .log()
            .into_iter()
            .filter(|entry| entry.what == "phones-reset");
        assert_eq!(noted.count(), resets);
        settled(&lab);
        assert_eq!(phones(&lab), (24, 0), "{release}");
    }
}

#[test]
fn a_reset_phone_holds_what_its_tftp_service_offers() {
    let lab = client::lab(of(TWELVE));
    let held = |lab: &Lab| -> Holding {
        lab.look_cluster("hq", |cluster| cluster.phones[0].holding.clone())
            .unwrap()
    };
    let before = held(&lab);
    renew(&lab, FIRST, "CallManager");
    reset_pool(&lab, "HQ-DP1");
    settled(&lab);
    assert_eq!(
        held(&lab),
        before,
        "the list is made when Cisco Tftp starts"
    );
    restart(&lab, FIRST, "Cisco Tftp");
    reset_pool(&lab, "HQ-DP1");
    settled(&lab);
    let stored = client::look(&lab, FIRST, |node| node.stored("CallManager").unwrap());
    assert!(held(&lab).itl.signers.contains(&stored));
    assert_eq!(
        client::violations(&lab),
        ["reset-before-restart", "reset-before-restart"]
    );
}

#[test]
fn a_new_capf_stands_beside_the_former_one() {
    let lab = client::lab(mixed());
    let stores = ["CAPF-trust", "CallManager-trust"];
    let former = client::look(&lab, PUBLISHER, |node| node.stored("CAPF").unwrap());
    renew(&lab, PUBLISHER, "CAPF");
    until("CAPF to restart itself", || {
        client::look(&lab, PUBLISHER, |node| node.in_effect("CAPF"))
    });
    let (made, held) = client::look(&lab, PUBLISHER, |node| {
        let held = stores.map(|store| {
            let prints = node.trusts[store].iter();
            prints
                .map(|entry| reissue_lab::state::fingerprint(entry))
                .collect::<BTreeSet<_>>()
        });
        (node.identities["CAPF"].certificate.clone(), held)
    });
    let print = reissue_lab::state::fingerprint(&made);
    for held in held {
        assert!(held.contains(&former) && held.contains(&print), "{held:?}");
    }
    assert_eq!(made.pathlen(), Some(0), "an authority with none below it");
    settled(&lab);
    assert_eq!(
        phones(&lab),
        (24, 0),
        "phones keep what the former one signed"
    );
    for node in [PUBLISHER, FIRST, SECOND] {
        lab.change("hq", node, |node| {
            for store in stores {
                let store = node.trusts.get_mut(store).unwrap();
                store.retain(|entry| reissue_lab::state::fingerprint(entry) != former);
            }
        });
    }
    reset_all(&lab);
    settled(&lab);
    assert_eq!(
        phones(&lab),
        (12, 12),
        "their own certificates are trusted no more"
    );
}

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

#[test]
fn the_proxy_is_enough_for_5061_from_14su1_on() {
    for (release, enough) in [
        ("14.0.1.10000-20", false),
        ("14.0.1.11900-132", true),
        ("15.0.1.12900-234", true),
    ] {
        let lab = client::lab(of(release));
        renew(&lab, FIRST, "CallManager");
        renew(&lab, FIRST, "CallManager-ECDSA");
        restart(&lab, FIRST, "Cisco HAProxy");
        let in_effect = |purpose: &str| client::look(&lab, FIRST, |node| node.in_effect(purpose));
        assert_eq!(in_effect("CallManager"), enough, "{release}");
        assert!(!in_effect("CallManager-ECDSA"), "{release}");
        restart(&lab, FIRST, "Cisco CallManager");
        assert!(in_effect("CallManager") && in_effect("CallManager-ECDSA"));
        assert!(lab.log().iter().any(|entry| entry.kind == Kind::Effect));
    }
}
