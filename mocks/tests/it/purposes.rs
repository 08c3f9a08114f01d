//! Purposes beside tomcat: how they start, what the estate file wants, who refuses what.

use reissue_lab::state::{common_name, fingerprint};
use reissue_lab::world::Place;
use reissue_lab::{Channel, Lab, LabConfig, LabError, Refusal};

use crate::client::{self, FIRST, PUBLISHER, look, ports, quick, rest, served};
use crate::operator::{NODES, renew, trust, wanted};

fn with(purposes: &[&str]) -> LabConfig {
    LabConfig {
        purposes: purposes.iter().map(|name| (*name).to_owned()).collect(),
        time_scale: 0.0005,
        ..LabConfig::default()
    }
}

#[test]
fn the_purposes_to_renew_start_signed_by_the_former_authority() {
    let lab = client::lab(with(&[
        "CallManager",
        "TVS",
        "CAPF",
        "ipsec",
        "tomcat-ECDSA",
    ]));
    let issuer = |node: &str, purpose: &str| {
        look(&lab, node, |node| {
            let certificate = node.identities[purpose].certificate.clone();
            let issuer = certificate.issuer_name().entries().last().unwrap();
            issuer.data().to_string().unwrap()
        })
    };
    for purpose in ["CallManager", "TVS", "ipsec", "tomcat-ECDSA"] {
        assert_eq!(
            issuer(FIRST, purpose),
            "Example Corp Issuing CA 1",
            "{purpose}"
        );
    }
    // The publisher's start is self-signed.
    assert_eq!(issuer(PUBLISHER, "CAPF"), "CAPF-1a2b3c4d");
    assert_eq!(issuer(FIRST, "tomcat"), FIRST);
    for store in [
        "CallManager-trust",
        "TVS-trust",
        "ipsec-trust",
        "CAPF-trust",
    ] {
        let names: Vec<String> = look(&lab, FIRST, |node| {
            node.trusts[store]
                .iter()
                .map(|entry| common_name(entry))
                .collect()
        });
        assert!(
            names.contains(&"Example Corp Issuing CA 1".to_owned()),
            "{store}: {names:?}"
        );
    }
}

#[test]
fn the_estate_file_has_a_rule_for_each_kind_of_key_and_distribution() {
    let lab = client::lab(LabConfig {
        multi_server: true,
        ..with(&["tomcat", "tomcat-ECDSA", "CallManager", "TVS"])
    });
    let estate = std::fs::read_to_string(lab.estate()).unwrap();
    for (purposes, distribution, key) in [
        ("tomcat, CallManager", "multi-server", "rsa-2048"),
        ("tomcat-ECDSA", "multi-server", "ec-384"),
        ("TVS", "this-server", "rsa-2048"),
    ] {
        let rule = format!(
            "  - where: {{product: [cucm], purpose: [{purposes}]}}\n    issuer: corp\n    \
             distribution: {distribution}\n    key: {key}\n    renew_before: 30d\n"
        );
        assert!(estate.contains(&rule), "{rule}{estate}");
    }
    assert_eq!(estate.matches("where:").count(), 3);
    assert!(estate.contains("\n  phones_back: "), "{estate}");
    let tvs = ports(&lab, FIRST).tvs;
    assert!(estate.contains(&format!("tvs: {tvs}}}")), "{estate}");
}

#[test]
fn a_purpose_that_no_authority_signs_is_told() {
    let refused = Lab::start(with(&["ITLRecovery"])).err().unwrap();
    assert!(
        matches!(&refused, LabError::Purpose(name) if name == "ITLRecovery"),
        "{refused}"
    );
}

#[test]
fn every_purpose_is_renewed_with_its_own_store() {
    let lab = client::lab(quick());
    let purposes = [
        "tomcat",
        "tomcat-ECDSA",
        "CallManager",
        "CallManager-ECDSA",
        "ipsec",
        "CAPF",
        "TVS",
    ];
    for purpose in purposes {
        let before = look(&lab, PUBLISHER, |node| node.stored(purpose));
        renew(&lab, PUBLISHER, purpose);
        assert_ne!(
            look(&lab, PUBLISHER, |node| node.stored(purpose)),
            before,
            "{purpose}"
        );
    }
    let held = |node: &str, store: &str| {
        look(&lab, node, |node| {
            let mut names = node.trusts[store].iter().map(|entry| common_name(entry));
            names.any(|name| name == "Example Corp Issuing CA 2")
        })
    };
    client::until("the replication", || held(FIRST, "CallManager-trust"));
    for store in ["CAPF-trust", "ipsec-trust", "TVS-trust"] {
        assert!(held(PUBLISHER, store) && !held(FIRST, store), "{store}");
    }
}

#[test]
fn one_certificate_for_all_nodes_is_refused_where_it_cannot_be() {
    let lab = client::lab(quick());
    let place = Place::new("hq", PUBLISHER);
    for (purpose, refused) in [
        ("CallManager", false),
        ("ipsec", true),
        ("CAPF", true),
        ("TVS", true),
    ] {
        let mut asked = wanted(PUBLISHER, purpose);
        asked.multi_server = true;
        let made = lab
            .world()
            .make_request(&place, &asked, true, Channel::Rest);
        assert_eq!(made.is_err(), refused, "{purpose}");
        if let Err(refusal) = made {
            assert_eq!(refusal, Refusal::NotMultiServer(purpose.to_owned()));
        }
    }
    let shared = |node: &str| look(&lab, node, |node| node.pending.contains_key("CallManager"));
    assert!(NODES.iter().all(|node| shared(node)));
}

#[test]
fn a_reused_tomcat_certificate_stands_in_for_callmanager() {
    let lab = client::lab(LabConfig {
        reuse: true,
        multi_server: true,
        ..quick()
    });
    let tomcat = look(&lab, FIRST, |node| node.stored("tomcat").unwrap());
    assert_eq!(served(ports(&lab, FIRST).sip, None).unwrap(), tomcat);
    assert_eq!(served(ports(&lab, PUBLISHER).rest, None).unwrap(), tomcat);
    let snapshot = rest(&lab, FIRST, "GET", "snapshot/server", "")
        .unwrap()
        .body;
    assert!(
        snapshot.contains("\"service\":\"tomcat\"")
            && !snapshot.contains("\"service\":\"CallManager\"")
            && !snapshot.contains("\"service\":\"CallManager-ECDSA\""),
        "{snapshot}"
    );
    let body =
        r#"{"service":"CallManager","distribution":"this-server","commonName":"a.example.com"}"#;
    assert_eq!(rest(&lab, FIRST, "POST", "csr", body).unwrap().status, 400);
    trust(&lab, FIRST, "tomcat");
    renew(&lab, FIRST, "tomcat");
    let (stored, stands) = look(&lab, FIRST, |node| {
        let print = |purpose: &str| fingerprint(&node.identities[purpose].certificate);
        (print("tomcat"), print("CallManager"))
    });
    assert_ne!(stored, tomcat);
    assert_eq!(stands, stored, "an upload of tomcat changes both");
    assert!(
        lab.log().iter().any(|entry| entry.what == "phones-reset"),
        "phones trust what CallManager is"
    );
}
