//! Every upload error that files can tell is told, in the words of the release.

use std::collections::BTreeSet;

use super::{Case, LintFinding, recipe};
use crate::model::{Product, Release, Severity};
use crate::pki::lint::{TOLD_BY_FILES, unreadable};
use crate::pki::testing::{Recipe, ec_key, rsa_key};
use crate::pki::{choose_leaf, read_bundle};

fn of_file(bytes: &[u8]) -> Vec<LintFinding> {
    let read = read_bundle(bytes, "a file").and_then(choose_leaf);
    let error = read.expect_err("it cannot be read");
    vec![unreadable(&error, Product::Cucm)]
}

/// Each error with findings on a file that would meet it.
fn planted() -> Vec<(&'static str, Vec<LintFinding>)> {
    let changed = |change: fn(&mut Recipe)| Case::changed(change).findings();
    let mut no_root = Case::changed(|_| {});
    no_root.chain.remove(0);
    let mut no_authority = Case::changed(|_| {});
    let issuing = no_authority.root.sign(Recipe {
        authority: None,
        ..Recipe::authority("Issuing")
    });
    no_authority.leaf = issuing.sign(recipe()).parsed;
    no_authority.chain = vec![no_authority.root.parsed.clone(), issuing.parsed];
    let huge = Recipe {
        key: rsa_key(4104),
        ..recipe()
    };
    let key = ec_key().private_key_to_pem_pkcs8().expect("key");
    let pem = Case::changed(|_| {}).leaf.pem;
    let damaged = pem.replacen('M', "!", 1);
    vec![
        ("E1", no_root.findings()),
        ("E4", changed(|issued| issued.key = ec_key())),
        (
            "E5",
            changed(|issued| issued.names.push("dns:www.example.com".into())),
        ),
        ("E6", no_authority.findings()),
        ("E7", of_file(damaged.as_bytes())),
        ("E8", of_file(b"<html>log in</html>")),
        ("E9", of_file(&[pem.as_bytes(), &key].concat())),
        (
            "E12",
            changed(|issued| issued.until = "2026-02-01T00:00:00Z"),
        ),
        (
            "E13",
            changed(|issued| issued.names.push("dns:*.example.com".into())),
        ),
        ("E14", Case::new(&huge, huge.clone()).findings()),
        (
            "E15",
            changed(|issued| issued.usage = Some(vec!["digitalSignature"])),
        ),
    ]
}

#[test]
fn each_is_told_as_a_blocker() {
    let planted = planted();
    for (code, findings) in &planted {
        let told = findings
            .iter()
            .any(|it| it.code == *code && it.severity == Severity::Blocker);
        assert!(told, "{code}: {findings:#?}");
    }
    let codes: BTreeSet<&str> = planted.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, TOLD_BY_FILES.into_iter().collect());
}

#[test]
fn a_key_mismatch_is_told_in_the_words_of_the_release() {
    let mut case = Case::changed(|issued| issued.key = ec_key());
    for (release, words) in [
        (None, "CSR public key"),
        (Some("15.0.1.12900-234"), "CSR public key"),
        (
            Some("12.5.1.14900-63"),
            "The file /usr/local/platform/upload/certs//",
        ),
    ] {
        case.release = release.map(|text| Release::parse(text).expect("a release"));
        let predicted = case.only().predicted.expect("words");
        assert!(predicted.starts_with(words), "{predicted}");
    }
}

#[test]
fn without_a_chain_nothing_is_known_to_be_missing() {
    let mut case = Case::changed(|_| {});
    case.chain.clear();
    let finding = case.only();
    assert_eq!(
        (finding.code, finding.severity, finding.predicted),
        ("L-chain-not-given", Severity::Notice, None)
    );
    assert_eq!(finding.found, "chain not given: not checked");
    // What the store holds is known, and it is not there.
    case.stored = Some(Vec::new());
    assert_eq!(case.codes(), [("E1", Severity::Blocker)]);
}

#[test]
fn the_way_out_of_other_names_warns_of_web_security() {
    let finding = Case::changed(|issued| issued.names.push("dns:www.example.com".into())).only();
    let [again, anew] = finding.remedies.as_slice() else {
        panic!("{:?}", finding.remedies)
    };
    assert!(again.contains("exactly its names"), "{again}");
    assert!(anew.contains("do not use `set web-security`"), "{anew}");
}
