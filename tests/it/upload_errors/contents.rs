//! What is wrong with the file that an authority handed back, or with the authority.

use std::fs;

use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use reissue_lab::Misbehaviour;

use super::{chain, desire, linted, request, told, unsent};
use crate::forge::{Forged, Wanted};
use crate::trial::lab;

/// Both ways out are told: have the names signed that were asked for, or ask for those that are signed.
#[test]
fn e5_names_that_are_not_those_of_the_request() {
    let ways = [
        "E5",
        "CSR SAN and Certificate SAN does not match",
        "Ask the authority to sign the same request again with exactly its names",
        "Or make a new request, which replaces the pending one, for the names that the authority issues",
        "do not use `set web-security`",
    ];
    unsent(Misbehaviour::CnAdded, 1, &ways);
    unsent(Misbehaviour::SanDropped, 1, &ways);
}

#[test]
fn e6_an_authority_that_may_not_sign() {
    let lab = lab(|_| {});
    let root = Forged::of(&lab, "root");
    let wrong = [
        (
            Wanted::authority("Example Corp Issuing CA 2", (-1, -1)),
            "valid",
            4,
            "Correct the issuer's chain file",
        ),
        (
            Wanted {
                authority: false,
                ..Wanted::authority("Example Corp Issuing CA 2", (-1, 900))
            },
            "basic constraints",
            2,
            "leave only the authorities above the leaf",
        ),
    ];
    let issuing = Forged::of(&lab, "issuing");
    let answer = lab.authority().sign(&request(&lab)).unwrap();
    for (wanted, why, code, remedy) in wrong {
        let unfit = Wanted {
            key: Some(&issuing.key),
            ..wanted.below(&root)
        };
        chain(&lab, &[&unfit.forge().pem(), &root.pem()]);
        let words = ["E6", "Error in CA certificate", why, "current certificate"];
        linted(&lab, &answer, &words);
        told(&lab, &["plan"], code, &[why, remedy]);
    }
}

#[test]
fn e7_e8_and_e9_files_that_are_no_certificate() {
    let lab = lab(|_| {});
    let request = request(&lab);
    let rows = [
        (Misbehaviour::Damaged, "E7", "reading the certificate"),
        (Misbehaviour::Html, "E8", "Certificate is not in PEM format"),
        (Misbehaviour::WithKey, "E9", "Invalid certificate file"),
    ];
    for (kind, code, predicted) in rows {
        lab.misbehave(kind);
        let answer = lab.authority().sign(&request).unwrap();
        linted(
            &lab,
            &answer,
            &[
                code,
                predicted,
                "one certificate and its authorities, and no key",
            ],
        );
        unsent(kind, 6, &["certificates from issuer corp", "was not used"]);
    }
}

#[test]
fn e12_a_certificate_that_is_not_valid_now() {
    let node = ["E12", "next: "];
    unsent(Misbehaviour::Expired, 1, &node);
    unsent(Misbehaviour::NotYetValid, 1, &node);
}

#[test]
fn e13_a_name_with_a_star() {
    unsent(
        Misbehaviour::Wildcard,
        1,
        &["E13", "explicit names", "every name written out"],
    );
    let lab = lab(|_| {});
    desire(&lab, "names: {also: ['*.hq.example.com']}");
    let words = [
        "`*.hq.example.com` is a wildcard",
        "the platform refuses wildcards; name every host",
    ];
    told(&lab, &["plan"], 2, &words);
}

#[test]
fn e14_a_key_that_is_too_long() {
    let lab = lab(|_| {});
    let text = fs::read_to_string(lab.estate()).unwrap();
    fs::write(lab.estate(), text.replace("rsa-2048", "rsa-8192")).unwrap();
    told(&lab, &["plan"], 2, &["rsa-8192", "rsa-4096"]);
    let issuing = Forged::of(&lab, "issuing");
    let key = PKey::from_rsa(Rsa::generate(4608).unwrap()).unwrap();
    let long = Wanted {
        key: Some(&key),
        authority: false,
        ..Wanted::authority("cucm-pub.hq.example.com", (-1, 300)).below(&issuing)
    };
    let long = long.forge();
    linted(&lab, &long.pem(), &["E14", "RSA key of 4608 bits", "4096"]);
}

#[test]
fn e15_a_usage_that_was_dropped() {
    unsent(
        Misbehaviour::EkuMissing,
        1,
        &["E15", "serverAuth", "clientAuth"],
    );
    unsent(
        Misbehaviour::KeyUsageMissing,
        1,
        &["E15", "dataEncipherment"],
    );
}
