//! Trust stores: what they hold too much, and what they would not take.

use super::Row;
use crate::assess::testing::*;
use crate::model::*;

const TOMCAT: &str = "tomcat-trust";

pub(super) fn rows() -> Vec<Row> {
    vec![
        (&["trust-unknown"], |case| {
            let unknown = Observed::Unknown("no answer".into());
            case.node(SUBSCRIBER).trust.insert(TOMCAT.into(), unknown);
        }),
        (&["trust-expired"], |case| {
            for node in [PUBLISHER, SUBSCRIBER] {
                case.trust(node, TOMCAT, expired("Old CA"));
            }
        }),
        // The self-signed certificate from before stays in the store (CSCur97909).
        (&["trust-superseded"], |case| {
            case.trust(PUBLISHER, TOMCAT, before(PUBLISHER))
        }),
        // A peer's certificate that nothing supersedes is nobody's business.
        (&[], |case| {
            case.trust(PUBLISHER, TOMCAT, certificate("LDAP CA", "LDAP CA"));
        }),
        (&["chain-expired", "trust-expired"], |case| {
            let mut issuer = certificate("Issuer", "root");
            issuer.not_after = moment("2026-02-01T00:00:00Z");
            case.trust(PUBLISHER, TOMCAT, issuer);
            // Signed by the desired issuer's key too, so that only its chain here is wrong. Of two signers the one with
            // the lower fingerprint is taken.
            let own = case.certificate(PUBLISHER);
            own.signed_by.insert(fingerprint("Issuer"));
        }),
        // The renewed root begins in the same second as the stored one.
        (&WRONG_ISSUERS_AND_CLASHES, |case| {
            renew_root(case, "2026-01-01T00:00:00Z", false)
        }),
        (&WRONG_ISSUERS_AND_CLASHES, |case| {
            renew_root(case, "2025-01-01T00:00:00Z", false)
        }),
        // It begins later, with another key: what the old key signed would lose its chain.
        (&WRONG_ISSUERS_AND_CLASHES, |case| {
            renew_root(case, "2026-06-01T00:00:00Z", false)
        }),
        // It begins later, with the same key.
        (&["wrong-issuer"; 7], |case| {
            renew_root(case, "2026-06-01T00:00:00Z", true)
        }),
    ]
}

/// Seven certificates of the old root and four stores that hold it.
const WRONG_ISSUERS_AND_CLASHES: [&str; 11] = [
    "wrong-issuer",
    "wrong-issuer",
    "wrong-issuer",
    "wrong-issuer",
    "wrong-issuer",
    "wrong-issuer",
    "wrong-issuer",
    "authority-name-clash",
    "authority-name-clash",
    "authority-name-clash",
    "authority-name-clash",
];

pub(super) fn expired(name: &str) -> Certificate {
    Certificate {
        not_before: moment("2020-01-01T00:00:00Z"),
        not_after: moment("2026-11-01T00:00:00Z"),
        ..certificate(name, name)
    }
}

/// A self-signed certificate of the same name that begins earlier.
pub(super) fn before(name: &str) -> Certificate {
    let known = format!("{name} before");
    Certificate {
        common_name: Some(name.to_owned()),
        not_before: moment("2024-01-01T00:00:00Z"),
        ..certificate(&known, &known)
    }
}

fn renew_root(case: &mut Case, from: &str, same_key: bool) {
    let issuer = case.desired.issuers.get_mut(&IssuerName::from("corp"));
    let root = &mut issuer.unwrap().chain[0].certificate;
    root.sha256 = fingerprint("renewed root");
    root.serial = "02".to_owned();
    root.not_before = moment(from);
    root.signed_by = [root.sha256.clone()].into();
    if !same_key {
        root.key.sha256 = fingerprint("another key");
    }
}

#[test]
fn a_clash_tells_what_would_happen() {
    let found = |from: &str| {
        let mut case = Case::good();
        renew_root(&mut case, from, false);
        case.finding("authority-name-clash")
    };
    let kept = found("2026-01-01T00:00:00Z");
    assert!(
        kept.found.contains("would silently be kept"),
        "{}",
        kept.found
    );
    assert!(
        kept.found
            .ends_with("pub.hq.example.com, sub1.hq.example.com")
    );
    let broken = found("2026-06-01T00:00:00Z");
    for part in [
        "another key",
        "pub.hq.example.com tomcat",
        "sub1.hq.example.com port 8443/rsa",
    ] {
        assert!(broken.found.contains(part), "{part}: {}", broken.found);
    }
}
