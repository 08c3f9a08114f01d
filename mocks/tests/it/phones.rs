//! Phones trust, reset, register and strand, and the judge says who made them.

use std::collections::BTreeSet;

use reissue_lab::state::Holding;
use reissue_lab::world::Place;
use reissue_lab::{Channel, Kind, Lab, LabConfig};

use crate::client::{self, PUBLISHER, until};
use crate::operator::{
    FIRST, NODES, SECOND, TWELVE, mixed, of, phones, renew, reset_all, reset_pool, restart,
    restart_all, settled, update_ctl, words,
};

const ELEVEN: &str = "11.5.1.15900-18";
const TVS: &str = "Cisco Trust Verification Service";

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
fn a_new_itl_recovery_beside_new_tvs_certificates_strands_every_phone() {
    let lab = client::lab(of(TWELVE));
    for node in NODES {
        renew(&lab, node, "TVS");
    }
    lab.world()
        .regenerate(
            &Place::new("hq", PUBLISHER),
            "ITLRecovery",
            "set cert regen ITLRecovery",
            Channel::Ssh,
        )
        .unwrap();
    let shared = NODES.map(|node| client::look(&lab, node, |node| node.stored("ITLRecovery")));
    assert!(shared.iter().all(|stored| *stored == shared[0]));
    restart_all(&lab, &[TVS, "Cisco Tftp"]);
    reset_all(&lab);
    settled(&lab);
    assert_eq!(phones(&lab), (0, 24));
    assert!(words(&lab).contains("callmanager-and-tvs-in-flight"));
}

/// A whole change of CallManager: all nodes, then their restarts, then every phone.
fn change_callmanager(lab: &Lab, secure: bool) {
    for node in NODES {
        renew(lab, node, "CallManager");
    }
    if secure {
        update_ctl(lab);
    }
    let services = [
        "Cisco CallManager",
        "Cisco CTIManager",
        TVS,
        "Cisco Tftp",
        "Cisco HAProxy",
    ];
    restart_all(lab, &services);
    settled(lab);
    reset_all(lab);
    settled(lab);
}

/// A whole change of TVS: one node after the other, each with every phone. From release 14 on the service restarts
/// itself.
fn change_tvs(lab: &Lab, restarts_itself: bool) {
    for node in NODES {
        renew(lab, node, "TVS");
        if restarts_itself {
            until("TVS to restart itself", || {
                client::look(lab, node, |node| node.in_effect("TVS"))
            });
            settled(lab);
        } else {
            restart(lab, node, TVS);
        }
        // Every TFTP service has a list to make anew.
        restart_all(lab, &["Cisco Tftp"]);
        reset_all(lab);
        settled(lab);
    }
}

#[test]
fn the_careful_order_strands_nobody_on_any_release() {
    let twelve_mixed = LabConfig {
        release: TWELVE.to_owned(),
        ..mixed()
    };
    for (config, callmanager_first) in [
        (twelve_mixed, true),
        (mixed(), true),
        (of("15.0.1.12900-234"), false),
        (of(ELEVEN), true),
        (of(TWELVE), false),
    ] {
        let (release, secure) = (config.release.clone(), config.mixed_mode);
        let restarts_itself = *release >= *"14";
        let lab = client::lab(config);
        if callmanager_first {
            change_callmanager(&lab, secure);
            change_tvs(&lab, restarts_itself);
        } else {
            change_tvs(&lab, restarts_itself);
            change_callmanager(&lab, secure);
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
