use jiff::SignedDuration;
use openssl::hash::MessageDigest;

use super::{Case, Demands, recipe};
use crate::model::{Product, Severity};
use crate::pki::testing::{Recipe, ec_key, rsa_key};
use crate::pki::{PkiError, lint::unreadable};

#[test]
fn a_certificate_for_another_key_is_the_wrong_one() {
    let finding = Case::changed(|issued| issued.key = ec_key()).only();
    assert_eq!((finding.code, finding.severity), ("E4", Severity::Blocker));
    assert_eq!(
        finding.predicted,
        Some("CSR public key and certificate public key do not match")
    );
}

#[test]
fn the_kind_of_key_follows_the_purpose() {
    let rsa = Recipe {
        key: rsa_key(2048),
        ..recipe()
    };
    for (recipe, purpose, product, wrong) in [
        (recipe(), "tomcat-ECDSA", Product::Cucm, false),
        (recipe(), "tomcat", Product::Cucm, true),
        (rsa.clone(), "tomcat", Product::Cucm, false),
        (rsa, "tomcat-ECDSA", Product::UnityConnection, true),
        (recipe(), "server", Product::ExpresswayE, false),
    ] {
        let mut case = Case::new(&recipe, recipe.clone());
        (case.purpose, case.product) = (purpose.into(), product);
        let expected: &[_] = if wrong {
            &[("L-key-kind", Severity::Blocker)]
        } else {
            &[]
        };
        assert_eq!(case.codes(), expected, "{purpose}");
    }
}

#[test]
fn long_keys_are_refused_or_remarked_on() {
    let long = Recipe {
        key: rsa_key(3072),
        ..recipe()
    };
    let mut case = Case::new(&long, long.clone());
    case.purpose = "tomcat".into();
    assert_eq!(case.codes(), []);
    case.purpose = "CallManager".into();
    assert_eq!(case.codes(), [("L-key-length", Severity::Warning)]);

    // 4104 bits: the next length that costs little.
    let huge = Recipe {
        key: rsa_key(4104),
        ..recipe()
    };
    let mut case = Case::new(&huge, huge.clone());
    case.purpose = "tomcat".into();
    assert_eq!(case.codes(), [("E14", Severity::Blocker)]);
    case.product = Product::ExpresswayC;
    assert_eq!(case.codes(), [("E14", Severity::Warning)]);
}

#[test]
fn dates_are_inclusive() {
    let expired = ("E12", Severity::Blocker);
    let short = ("L-expiring", Severity::Warning);
    for (now, expected) in [
        ("2025-12-31T23:59:59Z", vec![expired]),
        ("2026-01-01T00:00:00Z", vec![]),
        ("2026-12-01T23:59:59Z", vec![]),
        ("2026-12-02T00:00:00Z", vec![short]),
        ("2026-12-31T23:59:59Z", vec![short]),
        ("2027-01-01T00:00:00Z", vec![expired]),
    ] {
        let mut case = Case::changed(|_| {});
        case.now = now;
        assert_eq!(case.codes(), expected, "{now}");
    }
}

#[test]
fn the_plan_says_how_long_it_must_last() {
    let mut case = Case::changed(|_| {});
    for (days, expected) in [
        (305, vec![]),
        (306, vec![("L-expiring", Severity::Blocker)]),
    ] {
        let at_least = SignedDuration::from_hours(24 * days);
        case.demands = Some(Demands {
            at_least,
            ..Demands::default()
        });
        assert_eq!(case.codes(), expected, "{days}");
    }
}

#[test]
fn expressway_dislikes_dates_after_2049() {
    let mut case = Case::changed(|issued| issued.until = "2050-01-01T00:00:00Z");
    case.chain.clear();
    let has = |case: &Case| case.codes().contains(&("L-late", Severity::Warning));
    assert!(!has(&case));
    case.product = Product::ExpresswayC;
    assert!(has(&case));
    let mut before = Case::changed(|issued| issued.until = "2049-12-31T23:59:59Z");
    before.product = Product::ExpresswayC;
    assert!(!has(&before));
}

#[test]
fn usages_are_compared_with_the_request() {
    let stop = [("E15", Severity::Blocker)];
    for (usage, extended, expected) in [
        (
            Some(vec!["digitalSignature", "keyEncipherment"]),
            None,
            &stop[..],
        ),
        (None, None, &stop),
        (
            Some(vec![
                "digitalSignature",
                "keyEncipherment",
                "dataEncipherment",
            ]),
            Some(vec!["clientAuth"]),
            &stop,
        ),
        (
            Some(vec![
                "digitalSignature",
                "keyEncipherment",
                "dataEncipherment",
            ]),
            Some(vec!["serverAuth"]),
            &[("L-client-auth", Severity::Warning)],
        ),
        (
            Some(vec![
                "digitalSignature",
                "keyEncipherment",
                "dataEncipherment",
                "keyAgreement",
            ]),
            None,
            &[("L-extra-usage", Severity::Notice)],
        ),
    ] {
        let case = Case::changed(|issued| {
            issued.usage = usage.clone();
            issued.extended = extended.or(issued.extended.take());
        });
        assert_eq!(case.codes(), expected, "{usage:?}");
    }
    let finding =
        Case::changed(|issued| issued.usage = Some(vec!["digitalSignature", "keyEncipherment"]))
            .only();
    assert!(
        finding
            .found
            .starts_with("key usage lacks dataEncipherment"),
        "{}",
        finding.found
    );
    let none = Case::changed(|issued| issued.extended = None);
    assert_eq!(
        none.codes(),
        [
            ("E15", Severity::Blocker),
            ("L-client-auth", Severity::Warning)
        ]
    );
}

#[test]
fn demands_hold_without_a_request() {
    let mut case = Case::changed(|issued| issued.extended = Some(vec!["serverAuth"]));
    case.request = None;
    assert_eq!(case.codes(), []);
    let wanted = ["clientAuth", "ipsecEndSystem"].map(str::to_owned);
    case.demands = Some(Demands {
        extended_usage: wanted.into(),
        ..Demands::default()
    });
    assert_eq!(
        case.codes(),
        [
            ("E15", Severity::Blocker),
            ("L-client-auth", Severity::Blocker)
        ]
    );
}

#[test]
fn expressway_refuses_a_certificate_without_client_usage() {
    let mut case = Case::changed(|issued| issued.extended = Some(vec!["serverAuth"]));
    case.product = Product::ExpresswayE;
    assert_eq!(case.codes(), [("L-client-auth", Severity::Blocker)]);
    // A procedure that does not demand it knows that the release takes it.
    case.demands = Some(Demands {
        extended_usage: ["serverAuth".to_owned()].into(),
        ..Demands::default()
    });
    assert_eq!(case.codes(), [("L-client-auth", Severity::Warning)]);
}

#[test]
fn weak_and_unknown_signatures_are_named() {
    let finding = Case::changed(|issued| issued.digest = MessageDigest::sha1()).only();
    assert_eq!(
        (finding.code, finding.severity),
        ("L-weak-signature", Severity::Warning)
    );
    assert!(
        finding.found.to_lowercase().contains("sha1"),
        "{}",
        finding.found
    );
}

#[test]
fn other_critical_extensions_trouble_contact_center() {
    let policy = vec![0x30, 0x06, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03];
    for (critical, expected) in [
        (true, vec![("L-critical", Severity::Warning)]),
        (false, vec![]),
    ] {
        let case =
            Case::changed(|issued| issued.extra.push(("2.5.29.32", critical, policy.clone())));
        assert_eq!(case.codes(), expected);
    }
    // The test recipes mark basic constraints critical, which is allowed.
    assert_eq!(
        Case::changed(|issued| issued.authority = Some((false, None))).codes(),
        []
    );
}

#[test]
fn only_a_capf_certificate_is_an_authority() {
    let usage = Some(vec!["digitalSignature", "keyCertSign"]);
    let asked = Recipe {
        usage,
        key: rsa_key(2048),
        ..recipe()
    };
    let bad = [("L-capf", Severity::Blocker)];
    for (purpose, authority, expected) in [
        ("CAPF", Some((true, Some(0))), &[][..]),
        ("CAPF", Some((true, None)), &bad),
        ("CAPF", Some((true, Some(1))), &bad),
        ("CAPF", Some((false, None)), &bad),
        ("CAPF", None, &bad),
        (
            "tomcat",
            Some((true, Some(0))),
            &[("L-authority", Severity::Warning)],
        ),
    ] {
        let mut case = Case::new(
            &asked,
            Recipe {
                authority,
                ..asked.clone()
            },
        );
        case.purpose = purpose.into();
        assert_eq!(case.codes(), expected, "{purpose} {authority:?}");
    }
}

#[test]
fn unreadable_files_have_codes_of_their_own() {
    let origin = || "file".to_owned();
    let wrong = PkiError::WrongKind {
        origin: origin(),
        expected: "",
        found: String::new(),
        next: "",
    };
    for (error, code) in [
        (
            PkiError::Damaged {
                origin: origin(),
                reason: String::new(),
            },
            "E7",
        ),
        (wrong, "E8"),
        (PkiError::PrivateKey { origin: origin() }, "E9"),
    ] {
        let finding = unreadable(&error, Product::Cucm);
        assert_eq!((finding.code, finding.severity), (code, Severity::Blocker));
        assert!(
            finding
                .predicted
                .is_some_and(|text| !text.starts_with("Invalid certificate:"))
        );
        let expressway = unreadable(&error, Product::ExpresswayE).predicted;
        assert!(expressway.is_some_and(|text| text.contains("not a valid X.509 PEM")));
    }
}
