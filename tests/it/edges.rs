//! The log lines that a broken edge is worded as are the ones that `diagnose` reads: each names the same trouble.

use std::collections::BTreeSet;

use reissue::diagnose::Examination;
use reissue::edges::{
    Basis, Break, Edge, Face, Leg, NameCheck, Party, Profile, Side, Verdict, symptoms,
};
use reissue::model::{Fingerprint, KeyAlgorithm};

use crate::scenes::now;

fn edge() -> Edge {
    Edge {
        from: Party::node(&"exp-c".into(), &"vcsc.steven.lab".into()),
        to: Party::node(&"hq".into(), &"cucm.steven.lab".into()),
        port: Some(6972),
        leg: Leg::TrafficServer,
        verifier: Side::Connecting,
        store: "trusted-ca".into(),
        whole_chain: false,
        name: NameCheck::AnyOf {
            names: ["cucm.steven.lab".to_owned()].into(),
            common_name: true,
        },
        key: KeyAlgorithm::Rsa,
        face: Face::Port(6972, KeyAlgorithm::Rsa),
        profile: Profile::Expressway,
        usages: BTreeSet::new(),
        basis: Basis::Documented("test"),
    }
}

/// The lines, with what only a device knows filled in.
fn log(broken: Break) -> String {
    let lines = symptoms(&edge(), &Verdict::Broken(vec![broken])).join("\n");
    lines
        .replace("<ts>", "2022-07-11T18:55:26.016+02:00")
        .replace("<pid>", "18242")
        .replace("<n>", "0")
        .replace("<ip>", "10.48.36.215")
}

#[test]
fn what_is_foretold_is_what_diagnose_reads() {
    let sha256 = Fingerprint::of(b"a certificate");
    let title = "cucm-EC.steven.lab".to_owned();
    let missing = |sent_along| Break::AuthorityMissing {
        depth: 1,
        title: "Issuing".to_owned(),
        sha256: None,
        sent_along,
    };
    let rows = [
        (
            Break::SelfSigned {
                title: title.clone(),
                sha256,
            },
            "mra-self-signed",
        ),
        (missing(true), "mra-ca-missing"),
        (missing(false), "mra-ca-missing"),
        (
            Break::NameMissing {
                expected: vec![title.clone()],
                in_common_name: false,
            },
            "mra-name",
        ),
        (
            Break::Expired {
                depth: 0,
                title,
                not_after: now(),
            },
            "mra-dates",
        ),
    ];
    for (broken, code) in rows {
        let lines = log(broken);
        assert!(!lines.contains('<'), "{lines}");
        let mut examination = Examination::new().unwrap();
        examination.read("the log", lines.as_bytes());
        let report = examination.finish(None, now());
        let codes: Vec<&str> = report.diagnoses.iter().map(|each| each.code).collect();
        assert_eq!(codes, [code], "{lines}");
    }
}
