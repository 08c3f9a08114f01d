use base64::Engine as _;
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;
use openssl::x509::X509;

use crate::model::{Fingerprint, KeyAlgorithm, SubjectName};
use crate::pki::testing::{Issued, Recipe, ec_key, moment, rsa_key};
use crate::pki::{FILE_LIMIT, PkiError, parse_der, read_bundle};

fn set(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn a_certificate_says_what_was_put_into_it() {
    let root = Recipe::authority("Root").self_signed();
    let key = rsa_key(2048);
    let leaf = root.sign(Recipe {
        key: key.clone(),
        subject: vec![
            ("C", "BE".into()),
            ("ST", "Brabant".into()),
            ("O", "Acme, Inc\n".into()),
            ("CN", "first".into()),
            ("CN", "CUCM.example.com".into()),
        ],
        names: vec![
            "dns:CUCM.Example.com.".into(),
            "ip:10.0.1.11".into(),
            "email:a@b.example".into(),
        ],
        extended: Some(vec!["serverAuth", "1.3.6.1.5.5.7.3.5", "1.2.3.4"]),
        until: "never",
        serial: 0x00ab_cdef,
        ..Recipe::leaf("unused")
    });
    let facts = leaf.parsed.facts;
    assert_eq!(
        facts.subject,
        "CN=CUCM.example.com, CN=first, O=Acme\\, Inc\\n, ST=Brabant, C=BE"
    );
    assert_eq!(facts.common_name.as_deref(), Some("CUCM.example.com"));
    assert_eq!(facts.issuer, "CN=Root");
    assert_eq!(facts.serial, "abcdef");
    assert_eq!(facts.not_before, moment("2026-01-01T00:00:00Z"));
    assert_eq!(facts.not_after, jiff::Timestamp::MAX);
    assert_eq!(
        (facts.key.algorithm, facts.key.bits),
        (KeyAlgorithm::Rsa, 2048)
    );
    let info = key.public_key_to_der().expect("der");
    assert_eq!(facts.key.sha256, Fingerprint::of(&info));
    let names = [
        "dns:cucm.example.com",
        "ip:10.0.1.11",
        "other:email:a@b.example",
    ];
    assert_eq!(
        facts.names,
        names
            .iter()
            .map(|name| name.parse().expect("name"))
            .collect()
    );
    let usage = set(&["digitalSignature", "keyEncipherment", "dataEncipherment"]);
    assert_eq!(facts.key_usage, Some(usage));
    assert_eq!(
        facts.extended_usage,
        Some(set(&["serverAuth", "ipsecEndSystem", "1.2.3.4"]))
    );
    assert!(!facts.authority);
    assert_eq!(facts.authority_key_id, root.parsed.facts.subject_key_id);
    assert!(facts.authority_key_id.is_some());
    assert_eq!(facts.signature, "ecdsa-with-SHA256");
    assert_eq!(facts.sha256, Fingerprint::of(&leaf.parsed.der));
    assert!(leaf.parsed.pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(leaf.parsed.pem.ends_with("-----END CERTIFICATE-----\n"));
}

#[test]
fn missing_extensions_are_missing_and_not_empty() {
    let bare = Recipe {
        usage: None,
        extended: None,
        names: Vec::new(),
        ..Recipe::leaf("bare")
    };
    let facts = bare.self_signed().parsed.facts;
    assert_eq!((facts.key_usage, facts.extended_usage), (None, None));
    assert!(facts.names.is_empty());
}

#[test]
fn a_name_with_strange_characters_never_equals_a_host_name() {
    for strange in [
        "cucm\u{200b}.example.com",
        "cucm.example.com ",
        "cücm.example.com",
        "a\nb",
    ] {
        let recipe = Recipe {
            names: vec![format!("dns:{strange}")],
            ..Recipe::leaf("x")
        };
        for name in recipe.self_signed().parsed.facts.names {
            assert!(matches!(name, SubjectName::Other(_)), "{name}");
            assert!(!name.to_string().contains(['\n', '\u{200b}']), "{name}");
        }
    }
}

fn pkcs7(certificates: &[&Issued]) -> Pkcs7 {
    let mut others = Stack::new().expect("stack");
    for certificate in certificates.iter().skip(1) {
        others.push(certificate.library.clone()).expect("push");
    }
    let first = certificates[0];
    Pkcs7::sign(
        &first.library,
        &first.key,
        &others,
        b"",
        Pkcs7Flags::empty(),
    )
    .expect("container")
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}');
    let text: String = mark.into_iter().chain(text.chars()).collect();
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn every_wrapping_gives_the_same_certificates() {
    let root = Recipe::authority("Root").self_signed();
    let leaf = root.sign(Recipe::leaf("cucm.example.com"));
    let pem = format!("{}{}", leaf.parsed.pem, root.parsed.pem);
    let one = leaf.parsed.pem.as_str();
    let both = [&leaf, &root];
    let container = pkcs7(&both);
    let joined = leaf.parsed.pem.replace('\n', " ");
    let indented = pem.replace('\n', "\n    ");
    let noise = format!("admin:show cert own tomcat\nBag Attributes: é\n{pem}\nadmin:");
    let mut latin = b"Soci\xe9t\xe9\n".to_vec();
    latin.extend(pem.bytes());
    let base64 = base64::engine::general_purpose::STANDARD.encode(&leaf.parsed.der);
    let cases: Vec<(&str, Vec<u8>, usize)> = vec![
        ("pem", pem.clone().into(), 2),
        ("crlf", pem.replace('\n', "\r\n").into(), 2),
        ("carriage returns only", pem.replace('\n', "\r").into(), 2),
        ("indented", indented.into(), 2),
        ("noise around", noise.into(), 2),
        ("latin-1 around", latin, 2),
        ("byte order mark", format!("\u{feff}{pem}").into(), 2),
        ("utf-16 little", utf16(&pem, u16::to_le_bytes, true), 2),
        ("utf-16 big", utf16(&pem, u16::to_be_bytes, true), 2),
        (
            "utf-16 little unmarked",
            utf16(&pem, u16::to_le_bytes, false),
            2,
        ),
        (
            "utf-16 big unmarked",
            utf16(&pem, u16::to_be_bytes, false),
            2,
        ),
        ("one line", joined.into(), 1),
        (
            "old label",
            one.replace("CERTIFICATE", "X509 CERTIFICATE").into(),
            1,
        ),
        ("twice", format!("{one}{one}").into(), 1),
        ("der", leaf.parsed.der.clone(), 1),
        ("base64 alone", base64.into(), 1),
        ("pkcs7 der", container.to_der().expect("der"), 2),
        ("pkcs7 pem", container.to_pem().expect("pem"), 2),
    ];
    for (case, bytes, count) in cases {
        let read = read_bundle(&bytes, case).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(read.len(), count, "{case}");
        for (certificate, expected) in read.iter().zip(both) {
            if count == 1 || !case.starts_with("pkcs7") {
                assert_eq!(certificate, &expected.parsed, "{case}");
            }
            assert!(
                both.iter().any(|both| &both.parsed == certificate),
                "{case}"
            );
        }
    }
}

#[test]
fn what_is_no_certificate_is_refused_by_name() {
    let leaf = Recipe::leaf("cucm.example.com").self_signed();
    let pem = leaf.parsed.pem.clone();
    let key = ec_key();
    let key_pem = String::from_utf8(key.private_key_to_pem_pkcs8().expect("pem")).expect("text");
    let archive = Pkcs12::builder()
        .name("x")
        .pkey(&leaf.key)
        .cert(&leaf.library)
        .build2("x");
    let trailing = [leaf.parsed.der.as_slice(), b"x"].concat();
    let cut = pem.replace("-----END CERTIFICATE-----\n", "");
    let two_begins = format!("{cut}{pem}");
    let request = Recipe::leaf("cucm.example.com").request_pem();
    let damaged = pem.replacen("MI", "M!", 1);
    let trusted = pem.replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let login = b"\r\n <!DOCTYPE html><html>Log in</html>".to_vec();
    for (bytes, word) in [
        (b" \r\n".to_vec(), "is empty"),
        (vec![b' '; FILE_LIMIT + 1], "at most 1048576"),
        (format!("{pem}{key_pem}").into(), "private key"),
        (key_pem.replace('\n', "\r\n").into(), "private key"),
        (key.private_key_to_der().expect("der"), "private key"),
        (
            leaf.key
                .ec_key()
                .expect("ec")
                .private_key_to_pem()
                .expect("pem"),
            "private key",
        ),
        (archive.expect("archive").to_der().expect("der"), "PKCS#12"),
        (request, "a certificate signing request"),
        (login, "a web page"),
        (b"<?xml version='1.0'?><a/>".to_vec(), "XML"),
        (b"{\"certificate\": null}".to_vec(), "JSON"),
        (b"PK\x03\x04rest".to_vec(), "ZIP"),
        (b"%PDF-1.7 \xff\x00".to_vec(), "PDF"),
        (b"\x1f\x8b\x08".to_vec(), "gzip"),
        (
            b"Please find your certificate attached.".to_vec(),
            "text without a certificate",
        ),
        (trailing, "bytes follow it"),
        (cut.into(), "has no END line"),
        (two_begins.into(), "has no END line"),
        (damaged.into(), "block 1 (CERTIFICATE) is not base64"),
        (trusted.into(), "a block `TRUSTED CERTIFICATE`"),
        (
            b"-----BEGIN X\n".to_vec(),
            "BEGIN line of block 1 is broken",
        ),
        (vec![0x30, 0x82, 0xff, 0xff, 0x00], "does not decode"),
        (vec![1, 2, 3, 0xff], "nothing that is known"),
    ] {
        let error = read_bundle(&bytes, "the file").expect_err(word).to_string();
        assert!(
            error.starts_with("the file ") && error.contains(word),
            "{word}: {error}"
        );
    }
}

#[test]
fn one_broken_certificate_refuses_the_bundle_and_is_counted() {
    let leaf = Recipe::leaf("cucm.example.com").self_signed();
    let half = base64::engine::general_purpose::STANDARD.encode(&leaf.parsed.der[..200]);
    let bundle = format!(
        "{}-----BEGIN CERTIFICATE-----\n{half}\n-----END CERTIFICATE-----\n",
        leaf.parsed.pem
    );
    let error = read_bundle(bundle.as_bytes(), "chain.pem")
        .expect_err("broken")
        .to_string();
    assert!(
        error.starts_with("certificate 2 of chain.pem is damaged"),
        "{error}"
    );
}

#[test]
fn indefinite_length_is_refused() {
    let der = Recipe::leaf("x").self_signed().parsed.der;
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&der[4..]);
    indefinite.extend_from_slice(&[0, 0]);
    assert!(
        X509::from_der(&indefinite).is_ok(),
        "the library takes it, so the test means something"
    );
    assert!(matches!(
        parse_der(&indefinite),
        Err(PkiError::Damaged { .. })
    ));
}

#[test]
fn extensions_that_lie_are_refused() {
    // A subject alternative name with a byte behind it, and one that is no sequence.
    for (identifier, value) in [
        ("2.5.29.17", &[0x30, 0x03, 0x82, 0x01, b'a', 0x00][..]),
        ("2.5.29.17", b"\x04\x01a"),
        ("2.5.29.15", b"\x02\x01\x05"),
        ("2.5.29.37", b"\x30\x02\x04"),
    ] {
        let recipe = Recipe {
            names: Vec::new(),
            usage: None,
            extended: None,
            extra: vec![(identifier, false, value.to_vec())],
            ..Recipe::leaf("x")
        };
        assert!(refused(&recipe), "{identifier} {value:?}");
    }
    let twice = Recipe {
        extra: vec![("2.5.29.37", false, vec![0x30, 0x00])],
        ..Recipe::leaf("x")
    };
    assert!(refused(&twice));
}

fn refused(recipe: &Recipe) -> bool {
    let der = recipe.self_signed_library().to_der().expect("der");
    matches!(parse_der(&der), Err(PkiError::Damaged { .. }))
}
