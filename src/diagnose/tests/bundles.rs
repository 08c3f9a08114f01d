//! Certificates as authorities and colleagues send them.

use super::{codes, examine, only};
use crate::diagnose::Place;
use crate::model::Severity;
use crate::pki::testing::{Issued, Recipe, pkcs7, pkcs12};

struct Family {
    root: Issued,
    middle: Issued,
    leaf: Issued,
}

fn family() -> Family {
    let root = Recipe::authority("Corp Root").self_signed();
    let middle = root.sign(Recipe::authority("Corp Issuing"));
    let leaf = middle.sign(Recipe::leaf("cucm-pub.example.com"));
    Family { root, middle, leaf }
}

fn pem(parts: &[&Issued]) -> Vec<u8> {
    parts
        .iter()
        .map(|part| part.parsed.pem.as_str())
        .collect::<String>()
        .into_bytes()
}

#[test]
fn a_clean_chain_in_any_order_and_any_files_is_listed_leaf_first() {
    let f = family();
    let all = pem(&[&f.leaf, &f.middle, &f.root]);
    let up = pem(&[&f.root, &f.middle, &f.leaf]);
    let (leaf, rest) = (pem(&[&f.leaf]), pem(&[&f.root, &f.middle]));
    for files in [vec![&all[..]], vec![&up[..]], vec![&rest[..], &leaf[..]]] {
        let files: Vec<(&str, &[u8])> = files.into_iter().map(|bytes| ("f.pem", bytes)).collect();
        let report = examine(&files);
        assert!(
            report.diagnoses.is_empty() && report.all_known(),
            "{:#?}",
            report.diagnoses
        );
        let places: Vec<Place> = report.certificates.iter().map(|each| each.place).collect();
        assert_eq!(places, [Place::Leaf, Place::Intermediate, Place::Root]);
        assert!(report.certificates.iter().all(|each| each.chain == 1));
    }
}

#[test]
fn what_is_missing_is_asked_for_by_name_and_place() {
    let f = family();
    let url = b"\x30\x2e\x30\x2c\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x20http://pki.example.com/issue.crt";
    let mut recipe = Recipe::leaf("cucm-pub.example.com");
    recipe.extra = vec![("1.3.6.1.5.5.7.1.1", false, url.to_vec())];
    let leaf = f.middle.sign(recipe);
    let report = examine(&[("leaf.pem", &pem(&[&leaf]))]);
    let found = only(&report);
    assert_eq!(found.code, "bundle-incomplete");
    assert!(found.found.contains("`CN=Corp Issuing`"), "{}", found.found);
    let remedies = found.remedies.join("\n");
    let key = f.middle.parsed.facts.subject_key_id.clone().unwrap();
    assert!(remedies.contains(&key), "{remedies}");
    assert!(
        remedies.contains("http://pki.example.com/issue.crt"),
        "{remedies}"
    );
    // The root alone is missing.
    let report = examine(&[("two.pem", &pem(&[&f.leaf, &f.middle]))]);
    assert!(only(&report).found.contains("`CN=Corp Root`"));
    // An authority of the right name with another key.
    let other = Recipe::authority("Corp Issuing").self_signed();
    let report = examine(&[("leaf.pem", &pem(&[&f.leaf, &other]))]);
    let incomplete = report
        .diagnoses
        .iter()
        .find(|each| each.code == "bundle-incomplete")
        .unwrap();
    assert!(
        incomplete.found.contains("its key did not sign"),
        "{}",
        incomplete.found
    );
}

#[test]
fn forms_that_nodes_do_not_take_come_with_a_command() {
    let f = family();
    let clean = String::from_utf8(pem(&[&f.root])).unwrap();
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(clean.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let bare: String = clean
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let (container, armoured) = pkcs7(&f.leaf, &[&f.middle, &f.root]);
    let rows: Vec<(Vec<u8>, &str, &str)> = vec![
        (
            f.root.parsed.der.clone(),
            "file-not-pem",
            "openssl x509 -inform der -in 'my ca.cer' -out 'my ca.clean.pem'",
        ),
        (
            container,
            "file-not-pem",
            "openssl pkcs7 -inform der -in 'my ca.cer' -print_certs",
        ),
        (
            armoured,
            "file-not-pem",
            "openssl pkcs7 -in 'my ca.cer' -print_certs",
        ),
        (wide, "file-not-pem", "iconv -f UTF-16"),
        (bare.into_bytes(), "file-not-pem", "base64 -di"),
        (
            format!("\u{feff}{clean}").into_bytes(),
            "file-untidy",
            r"sed '1s/^\xef\xbb\xbf//'",
        ),
        (
            clean.replace('\n', "\r\n").into_bytes(),
            "file-untidy",
            "tr -d '\\r' <",
        ),
        (
            format!("Subject: CN=x\n{clean}").into_bytes(),
            "file-untidy",
            "sed -n '/-----BEGIN/",
        ),
    ];
    for (bytes, code, command) in rows {
        let report = examine(&[("my ca.cer", &bytes)]);
        let found = only(&report);
        assert_eq!(found.code, code, "{command}");
        assert!(
            found.remedies[0].contains(command),
            "{command}: {:?}",
            found.remedies
        );
        assert!(report.all_known() && !report.certificates.is_empty());
    }
}

#[test]
fn a_private_key_is_told_and_never_shown() {
    let f = family();
    let key = f.leaf.key.private_key_to_pem_pkcs8().unwrap();
    let archive = pkcs12(&f.leaf);
    let beside = [pem(&[&f.leaf]), key.clone()].concat();
    let rows: [(Vec<u8>, &str); 4] = [
        (key.clone(), "sed -n"),
        (beside, "sed -n"),
        (
            f.leaf.key.private_key_to_der().unwrap(),
            "Ask the authority",
        ),
        (archive, "openssl pkcs12 -in both.pem -nokeys"),
    ];
    let secret = String::from_utf8(key).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    for (bytes, remedy) in rows {
        let report = examine(&[("both.pem", &bytes)]);
        let found = only(&report);
        assert_eq!(
            (found.code, found.severity),
            ("file-private-key", Severity::Critical)
        );
        assert!(found.remedies[0].contains(remedy), "{:?}", found.remedies);
        assert!(report.all_known() && report.certificates.is_empty());
        assert!(!format!("{report:?}").contains(secret));
    }
}

#[test]
fn duplicates_twins_order_usages_and_dates() {
    let f = family();
    let all = pem(&[&f.leaf, &f.middle, &f.root]);
    let report = examine(&[("a.pem", &all), ("b.pem", &pem(&[&f.root]))]);
    let found = only(&report);
    assert_eq!(
        (found.code, found.severity),
        ("bundle-duplicate", Severity::Notice)
    );
    assert!(found.found.contains("a.pem, b.pem"), "{}", found.found);
    let again = examine(&[("a.pem", &pem(&[&f.root, &f.root]))]);
    assert_eq!(codes(&again), ["bundle-duplicate"]);

    let lower = f.middle.sign(Recipe::authority("Lower"));
    let low_leaf = lower.sign(Recipe::leaf("x.example.com"));
    let shuffled = examine(&[("s.pem", &pem(&[&lower, &f.root, &low_leaf, &f.middle]))]);
    assert_eq!(codes(&shuffled), ["bundle-order"]);

    let twin = Recipe::authority("Corp Root").self_signed();
    let report = examine(&[("t.pem", &pem(&[&f.root, &twin]))]);
    let found = only(&report);
    assert_eq!(found.code, "bundle-same-name");
    assert!(found.cause.contains("CSCwa12905"));

    let mut recipe = Recipe::leaf("public.example.com");
    recipe.extended = Some(vec!["serverAuth"]);
    let leaf = f.middle.sign(recipe);
    let report = examine(&[("l.pem", &pem(&[&leaf, &f.middle, &f.root]))]);
    assert_eq!(only(&report).code, "bundle-no-client-auth");

    let mut recipe = Recipe::authority("Old Root");
    (recipe.from, recipe.until) = ("2010-01-01T00:00:00Z", "2020-01-01T00:00:00Z");
    let old = recipe.self_signed();
    assert_eq!(
        codes(&examine(&[("o.pem", &pem(&[&old]))])),
        ["bundle-dates"]
    );
    let leaf = old.sign(Recipe::leaf("y.example.com"));
    let report = examine(&[("o.pem", &pem(&[&leaf, &old]))]);
    assert_eq!(codes(&report), ["E6", "L-outlives-authority"]);
}

#[test]
fn a_broken_or_strange_file_is_told() {
    let f = family();
    let mut cut = pem(&[&f.leaf]);
    cut.truncate(cut.len() / 2);
    let request = Recipe::leaf("z.example.com").request_pem();
    for (bytes, code) in [
        (cut, "file-damaged"),
        (request, "file-unknown"),
        (b"PK\x03\x04rest".to_vec(), "file-unknown"),
        (
            b"<!DOCTYPE html><html>Sign in</html>".to_vec(),
            "file-unknown",
        ),
    ] {
        let report = examine(&[("x", &bytes)]);
        assert_eq!(only(&report).code, code);
        assert!(!report.all_known());
    }
}

#[test]
fn every_code_is_explained() {
    // The sources name each code once, at the finding that gives it.
    let sources = [
        include_str!("../causes.rs"),
        include_str!("../forms.rs"),
        include_str!("../bundle/mod.rs"),
    ];
    let mut seen = 0;
    for text in sources {
        for word in text.split('"').skip(1).step_by(2) {
            let is_code = [
                "mra-", "zone-", "tunnels-", "upload-", "log-", "file-", "bundle-",
            ]
            .iter()
            .any(|start| word.starts_with(start))
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if is_code {
                seen += 1;
                let known = include_str!("../../assess/catalogue/diagnosed.rs");
                assert!(known.contains(&format!("code: \"{word}\"")), "{word}");
            }
        }
    }
    assert!(seen >= 24, "{seen}");
}
