//! What may be deleted, and above all what may not.

use super::trust::{before, expired};
use crate::assess::testing::*;
use crate::assess::{Superfluous, superfluous};
use crate::model::*;

fn found(case: &Case) -> Vec<Superfluous> {
    let state = &case.observation.clusters[&ClusterName::from("hq")];
    superfluous(state, &case.desired, now())
}

/// Where each of them is, by title.
fn titles(case: &Case) -> Vec<String> {
    let found = found(case).into_iter();
    found
        .map(|it| format!("{} {}", it.store, it.title))
        .collect()
}

#[test]
fn old_entries_are_listed_for_each_node_with_the_way() {
    let mut case = Case::good();
    for node in [PUBLISHER, SUBSCRIBER] {
        case.trust(node, "tomcat-trust", expired("Old CA"));
    }
    case.trust(PUBLISHER, "tomcat-trust", before(PUBLISHER));
    let all = found(&case);
    let nodes: Vec<&str> = all.iter().map(|it| it.node.as_str()).collect();
    assert_eq!(nodes, [PUBLISHER, PUBLISHER, SUBSCRIBER]);
    assert!(
        all[0].why.starts_with("expired 2026-11-01"),
        "{}",
        all[0].why
    );
    assert!(all[1].why.starts_with("superseded by"), "{}", all[1].why);
    for part in [
        "DRS backup",
        "Change Notification",
        "30 minutes",
        "restart Cisco Tomcat",
    ] {
        assert!(
            all[0].manual_way().contains(part),
            "{}",
            all[0].manual_way()
        );
    }
}

#[test]
fn what_something_chains_to_stays() {
    let mut case = Case::good();
    // The self-signed certificate from before is still served: the restart was forgotten.
    let old = before(PUBLISHER);
    case.trust(PUBLISHER, "tomcat-trust", old.clone());
    let listener = Listener {
        port: Port::Soap,
        key: KeyAlgorithm::Rsa,
    };
    let chain = ServedChain {
        leaf: old.sha256,
        rest: vec![],
    };
    case.node(PUBLISHER)
        .served
        .insert(listener, Observed::Present(chain));
    assert_eq!(found(&case), []);
    // It is not known what the port serves.
    case.node(PUBLISHER)
        .served
        .insert(listener, Observed::Unknown("closed".into()));
    assert_eq!(found(&case), []);
    case.node(PUBLISHER)
        .served
        .insert(listener, Observed::Absent);
    assert_eq!(titles(&case), ["tomcat-trust pub.hq.example.com"]);
    case.node(SUBSCRIBER).inventory = Observed::Unknown("no answer".into());
    assert_eq!(found(&case), []);
}

#[test]
fn an_old_capf_stays_while_phones_may_hold_what_it_signed() {
    let old = "CAPF-00c0ffee";
    let plant = || {
        let mut case = Case::with_phones();
        case.trust(PUBLISHER, "CallManager-trust", expired(old));
        case.trust(PUBLISHER, "CAPF-trust", expired("Old CA"));
        case
    };
    let none = plant();
    assert_eq!(
        titles(&none),
        ["CAPF-trust Old CA", "CallManager-trust CAPF-00c0ffee"]
    );
    let holds: [fn(&mut Case); 4] = [
        |case| case.phone("SEP1").lsc = Some(true),
        |case| case.phone("SEP1").lsc = None,
        |case| case.census().configured = Observed::Unknown("no answer".into()),
        |case| case.cluster().phones = Observed::Unknown("no answer".into()),
    ];
    for hold in holds {
        let mut case = plant();
        hold(&mut case);
        assert_eq!(found(&case), []);
        let told: Vec<String> = case
            .findings()
            .into_iter()
            .filter(|finding| finding.code.as_str() == "trust-expired")
            .map(|finding| finding.found)
            .collect();
        assert_eq!(told.len(), 2);
        assert!(
            told.iter().all(|found| found.contains("keep it: phones")),
            "{told:?}"
        );
    }
}

#[test]
fn stores_of_phones_and_makers_are_left_alone() {
    let mut case = Case::with_phones();
    case.trust(PUBLISHER, "Phone-SAST-trust", expired("Old signer"));
    case.trust(
        PUBLISHER,
        "CallManager-trust",
        expired("Cisco_Manufacturing_CA"),
    );
    assert_eq!(found(&case), []);
}

#[test]
fn an_authority_renewed_with_its_key_replaces_the_old_one_in_every_chain() {
    let mut case = Case::good();
    let mut old = certificate("root", "root");
    old.sha256 = fingerprint("root before");
    old.not_before = moment("2020-01-01T00:00:00Z");
    old.signed_by = [fingerprint("root"), fingerprint("root before")].into();
    // Both hold the key that signed everything.
    for node in [PUBLISHER, SUBSCRIBER] {
        let own = case.certificate(node);
        own.signed_by.insert(fingerprint("root before"));
    }
    case.trust(PUBLISHER, "tomcat-trust", old);
    assert_eq!(titles(&case), ["tomcat-trust root"]);
}
