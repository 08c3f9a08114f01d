use openssl::x509::X509Req;

use crate::model::{KeyAlgorithm, SubjectName};
use crate::pki::testing::{Recipe, ec_key};
use crate::pki::{PkiError, read_request};

#[test]
fn a_request_says_what_it_asks_for() {
    let recipe = Recipe {
        names: vec!["dns:cucm-pub.example.com".into(), "dns:example.com".into()],
        ..Recipe::leaf("cucm-pub-ms.example.com")
    };
    let pem = recipe.request_pem();
    let request = read_request(&pem).expect("reads");
    assert_eq!(request.subject, "CN=cucm-pub-ms.example.com");
    assert_eq!(
        request.common_name.as_deref(),
        Some("cucm-pub-ms.example.com")
    );
    assert_eq!(
        (request.key.algorithm, request.key.bits),
        (KeyAlgorithm::Ec, 256)
    );
    let names = ["cucm-pub.example.com", "example.com"].map(SubjectName::dns);
    assert_eq!(request.names, names.into());
    assert!(
        request
            .key_usage
            .expect("usage")
            .contains("dataEncipherment")
    );
    assert_eq!(request.extended_usage.expect("usage").len(), 2);
    assert_eq!(request.pem.as_bytes(), pem);
    let certificate = recipe.self_signed().parsed.facts;
    assert_eq!(certificate.key, request.key);
}

#[test]
fn der_and_windows_line_ends_read_alike() {
    let pem = Recipe::leaf("a.example.com").request_pem();
    let expected = read_request(&pem).expect("reads");
    let der = X509Req::from_pem(&pem).expect("pem").to_der().expect("der");
    let windows = String::from_utf8(pem).expect("text").replace('\n', "\r\n");
    let renamed = windows.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    assert_eq!(read_request(&der).expect("der"), expected);
    assert_eq!(read_request(&windows).expect("crlf"), expected);
    assert_eq!(read_request(&renamed).expect("label"), expected);
}

#[test]
fn a_request_without_names_has_none() {
    let recipe = Recipe {
        names: Vec::new(),
        usage: None,
        extended: None,
        ..Recipe::leaf("a")
    };
    let request = recipe.request();
    assert!(request.names.is_empty());
    assert_eq!((request.key_usage, request.extended_usage), (None, None));
}

#[test]
fn every_changed_byte_breaks_the_request() {
    let pem = Recipe::leaf("a.example.com").request_pem();
    let der = X509Req::from_pem(&pem).expect("pem").to_der().expect("der");
    for position in 0..der.len() {
        let mut changed = der.clone();
        changed[position] ^= 1;
        assert!(read_request(&changed).is_err(), "byte {position}");
    }
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    let recipe = Recipe::leaf("a.example.com");
    let pem = String::from_utf8(recipe.request_pem()).expect("text");
    let other = Recipe {
        key: ec_key(),
        ..Recipe::leaf("a.example.com")
    }
    .request_pem();
    let certificate = recipe.self_signed().parsed.pem;
    for (text, word) in [
        (String::new(), "is empty"),
        (certificate, "is a certificate"),
        (
            format!("{pem}{}", String::from_utf8(other).expect("text")),
            "2 blocks",
        ),
        (
            "<html>".to_owned(),
            "expected one certificate signing request",
        ),
    ] {
        let error = read_request(&text).expect_err(word).to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn a_foreign_signature_is_named() {
    let pem = Recipe::leaf("a.example.com").request_pem();
    let mut der = X509Req::from_pem(&pem).expect("pem").to_der().expect("der");
    // A letter of the common name: still well formed, no longer what was signed.
    let at = der
        .windows(9)
        .position(|w| w == b"a.example")
        .expect("name");
    der[at] = b'b';
    assert!(matches!(
        read_request(&der),
        Err(PkiError::RequestSignature { .. })
    ));
}
