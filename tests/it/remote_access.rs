//! Renewal with Expressway: trust on every side first, one peer at a time, and the lab's own verification as judge.

use std::collections::{BTreeMap, BTreeSet};

use reissue::plan::{Plan, file};
use reissue_lab::expressway::settings::VERIFY_ORIGIN;
use reissue_lab::expressway::{Deployment, ExpresswayConfig, Trouble};
use reissue_lab::{Kind, Lab, LabConfig};
use serde_json::Value;

use crate::renewal::side_by_side;
use crate::support::{self, Ended, count, no_violation, plan_with, reissue};

/// Both Expressways with two peers each, and what a test asks for behind them.
fn lab(change: impl FnOnce(&mut LabConfig)) -> Lab {
    support::lab(|config| {
        config.subscribers = 0;
        config.expressway = Some(ExpresswayConfig::default());
        change(config);
    })
}

fn troubled(release: &str, troubles: &[Trouble]) -> Lab {
    lab(|config| {
        config.expressway = Some(ExpresswayConfig {
            release: release.to_owned(),
            troubles: troubles.to_vec(),
            ..ExpresswayConfig::default()
        });
    })
}

/// The server certificate of every peer, stored and served.
fn servers(lab: &Lab) -> BTreeMap<String, (String, String)> {
    lab.look_expressways(|all| {
        let peers = all
            .clusters()
            .into_iter()
            .flat_map(|cluster| &cluster.peers);
        peers
            .map(|peer| {
                (
                    peer.name.clone(),
                    (peer.stored_sha256(), peer.served_sha256()),
                )
            })
            .collect()
    })
    .unwrap()
}

/// Plans, carries out, and does what a person is asked to do, until nothing is left.
#[track_caller]
fn renew(lab: &Lab) -> Plan {
    let (path, digest, beliefs) = plan_with(lab, &[]);
    let (plan, _) = file::load(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut words = support::apply(&path, &digest);
    for belief in beliefs {
        words.extend(["--accept".to_owned(), belief]);
    }
    let mut ended = reissue(lab, &words);
    for _ in 0..8 {
        if ended.code == 0 {
            return plan;
        }
        let text = format!("{}{}", ended.out, ended.err);
        let marks: BTreeSet<&str> = text
            .split("`reissue mark ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next())
            .collect();
        assert!(
            !marks.is_empty() && ended.code == 6,
            "{}: {text}",
            ended.code
        );
        for step in marks {
            reissue(lab, ["mark", step, "--done", "--why", "seen"]).expect(0);
        }
        ended = reissue(lab, ["resume"]);
    }
    panic!("a person is asked again and again");
}

/// Every peer serves another certificate than before, which it stores; nothing is left to do; the lab has seen no
/// connection break that should not.
#[track_caller]
fn is_renewed(lab: &Lab, before: &BTreeMap<String, (String, String)>) {
    for (peer, (stored, served)) in servers(lab) {
        assert_eq!(stored, served, "{peer}");
        assert_ne!(before[&peer].0, stored, "{peer}");
    }
    no_violation(lab);
    reissue(lab, ["verify"]).expect(0);
    let again = reissue(lab, ["plan", "--json"]).expect(0);
    assert_eq!(
        again.data()["digest"],
        Value::Null,
        "a second plan is empty: {}",
        again.out
    );
}

/// Codes of what is found about Expressway.
fn codes(lab: &Lab) -> BTreeSet<String> {
    let found = reissue(lab, ["assess", "--json"]).expect(0).data();
    let codes = found.as_array().unwrap().iter();
    let codes = codes.map(|finding| finding["code"].as_str().unwrap().to_owned());
    codes
        .filter(|code| code.starts_with("expressway-"))
        .collect()
}

#[test]
fn one_command_renews_both_sides_and_tomcat_under_a_new_intermediate() {
    let lab = lab(|config| {
        config.subscribers = 2;
        config.presence = 2;
        config.unity = 2;
    });
    let before = servers(&lab);
    let tomcat = support::stored(&lab, "hq");
    let plan = renew(&lab);
    assert!(plan.links.len() > 3);
    is_renewed(&lab, &before);
    support::renewed(&lab, "hq", &tomcat);
    // A list counts after a restart, and so does a certificate: two for each peer, and no more.
    let log = lab.log();
    let restarts = log.iter().filter(|entry| {
        entry.what == "restart-begin" && ["core", "edge"].contains(&entry.cluster.as_str())
    });
    assert_eq!(restarts.count(), 8);
    let asked = log
        .iter()
        .filter(|entry| entry.what == "request-made" && entry.detail == "server");
    assert_eq!(asked.count(), 4);
}

#[test]
fn every_release_is_renewed() {
    for release in ["X14.0", "X15.4", "X15.5"] {
        let lab = troubled(release, &[]);
        let before = servers(&lab);
        renew(&lab);
        is_renewed(&lab, &before);
    }
}

/// Each trouble with the code of its finding.
#[test]
fn what_a_renewal_can_mend_is_found_planned_and_found_no_more() {
    let troubles = vec![
        (Trouble::CoreLacksRoot, "expressway-far-authority-missing"),
        (Trouble::EdgeLacksRoot, "expressway-far-authority-missing"),
        (
            Trouble::CoreLacksIntermediate,
            "expressway-far-authority-missing",
        ),
        (
            Trouble::EdgeLacksIntermediate,
            "expressway-far-authority-missing",
        ),
        (Trouble::VerifyName, "expressway-zone-verify-name"),
        (Trouble::CucmLacksRoot, "expressway-not-trusted-by-cucm"),
        (
            Trouble::CoreLacksOwnIntermediate,
            "expressway-unrecognized-authority",
        ),
    ];
    let row = |(trouble, _): &(Trouble, &str)| format!("{trouble:?}");
    side_by_side(troubles, row, |(trouble, code)| {
        let lab = troubled("X14.2", &[*trouble]);
        assert!(
            codes(&lab).contains(*code),
            "{trouble:?}: {:?}",
            codes(&lab)
        );
        let before = servers(&lab);
        renew(&lab);
        is_renewed(&lab, &before);
        assert!(
            !codes(&lab).contains(*code),
            "{trouble:?}: {:?}",
            codes(&lab)
        );
    });
}

/// Expressway-C asks for elliptic-curve certificates first, and CUCM signed its own: they are renewed with the others.
#[test]
fn twins_that_expressway_prefers_are_signed_and_trusted() {
    let lab = lab(|config| {
        let twins = ["tomcat-ECDSA", "CallManager-ECDSA"];
        config.purposes.extend(twins.map(str::to_owned));
        config.expressway = Some(ExpresswayConfig {
            troubles: vec![Trouble::EllipticFirst],
            ..ExpresswayConfig::default()
        });
    });
    assert!(codes(&lab).contains("expressway-server-untrusted"));
    let before = servers(&lab);
    renew(&lab);
    is_renewed(&lab, &before);
    assert!(!codes(&lab).contains("expressway-server-untrusted"));
}

/// Found, and found no more once a person has done what the remedy says; the renewal is for neither.
#[test]
fn what_a_person_must_mend_is_found_and_then_found_no_more() {
    type Mend = fn(&mut Deployment);
    let rows: [(Trouble, &str, Mend); 4] = [
        (Trouble::PeerAddress, "expressway-zone-peer-name", |all| {
            for address in &mut all.core.peer_addresses {
                *address = address.trim_start_matches("inside-").to_owned();
            }
        }),
        (
            Trouble::ServerByAddress,
            "expressway-advertised-name",
            |all| {
                all.advertised.clear();
            },
        ),
        (
            Trouble::VerifyOriginOff,
            "expressway-origin-unverified",
            |all| {
                let settings = &mut all.core.settings;
                settings.insert(VERIFY_ORIGIN.to_owned(), "On".to_owned());
            },
        ),
        (Trouble::DuplicateName, "expressway-same-name", |all| {
            for peer in &mut all.core.peers {
                peer.trusted.remove(0);
                peer.loaded.remove(0);
            }
        }),
    ];
    for (trouble, code, mend) in rows {
        let lab = troubled("X14.2", &[trouble]);
        assert!(codes(&lab).contains(code), "{trouble:?}: {:?}", codes(&lab));
        let explained = reissue(&lab, ["explain", code]).expect(0);
        assert!(
            explained.out.to_lowercase().contains("remedy"),
            "{}",
            explained.out
        );
        lab.change_expressways(mend).unwrap();
        assert!(
            !codes(&lab).contains(code),
            "{trouble:?}: {:?}",
            codes(&lab)
        );
        assert_eq!(count(&lab, Kind::Write, ""), 0);
    }
}

#[test]
fn what_would_end_badly_is_refused_with_the_way_out() {
    let lab = troubled("X14.2", &[Trouble::MixedRelease]);
    let ended = reissue(&lab, ["plan"]).expect(4);
    let text = format!("{}{}", ended.out, ended.err);
    assert!(text.contains("X14.3"), "{text}");
    assert_eq!(count(&lab, Kind::Write, ""), 0);
}

/// A plan of which some part is spoiled, as `simulate` judges it.
fn judged(lab: &Lab, plan: &Plan, spoil: impl FnOnce(&mut Plan)) -> Ended {
    let mut plan = plan.clone();
    spoil(&mut plan);
    let path = lab.dir().join("spoiled.json");
    std::fs::write(&path, file::save(&plan).unwrap()).unwrap();
    reissue(lab, ["simulate".as_ref(), path.as_os_str()])
}

#[test]
fn without_a_link_or_in_the_naive_order_it_is_refused_and_the_broken_connection_named() {
    let lab = lab(|_| {});
    let (path, ..) = plan_with(&lab, &[]);
    let (plan, _) = file::load(&std::fs::read_to_string(&path).unwrap()).unwrap();
    judged(&lab, &plan, |_| {}).expect(0);
    // Each cluster for itself: its own chain, requests, certificates and restarts, and nobody waits for another.
    let naive = judged(&lab, &plan, |plan| plan.links.clear()).expect(4);
    for words in [
        "I16 core-12",
        "expc1.example.com to expe1.example.com on 2222",
        "No SSH tunnels have been established",
        "Core server certificate verification failed for (cucm-pub.hq.example.com)",
        "Carry edge-01 out before core-12",
    ] {
        assert!(naive.out.contains(words), "{words}\n{}", naive.out);
    }
}
