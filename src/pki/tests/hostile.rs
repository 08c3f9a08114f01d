use std::sync::LazyLock;

use proptest::prelude::*;

use crate::pki::testing::Recipe;
use crate::pki::{parse_der, read_bundle, read_request};

static DER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let names = (0..20)
        .map(|n| format!("dns:node{n}.example.com"))
        .collect();
    Recipe {
        names,
        ..Recipe::leaf("x")
    }
    .self_signed()
    .parsed
    .der
});

static PEM: LazyLock<Vec<u8>> =
    LazyLock::new(|| Recipe::leaf("x").self_signed().parsed.pem.into_bytes());

fn changed(original: &[u8], changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for (position, byte) in changes {
        let at = position.index(bytes.len());
        bytes[at] = *byte;
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..6)
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(read) = read_bundle(&bytes, "bytes") {
            prop_assert!(!read.is_empty());
        }
        prop_assert!(read_request(&bytes).is_err());
    }

    #[test]
    fn a_changed_certificate_is_refused_or_read_as_it_is(changes in changes()) {
        let bytes = changed(&DER, &changes);
        if let Ok(read) = parse_der(&bytes) {
            prop_assert_eq!(read.der, bytes);
            let shown = format!("{} {} {:?}", read.facts.subject, read.facts.issuer, read.facts.names);
            prop_assert!(!shown.contains(char::is_control));
        }
    }

    #[test]
    fn a_changed_file_never_gives_nothing(changes in changes()) {
        if let Ok(read) = read_bundle(&changed(&PEM, &changes), "file") {
            prop_assert_eq!(read.len(), 1);
        }
    }

    #[test]
    fn a_cut_certificate_is_refused(length in 0..DER.len()) {
        prop_assert!(read_bundle(&DER[..length], "cut").is_err());
    }
}

#[test]
fn ten_thousand_names_are_read() {
    let names = (0..10_000)
        .map(|n| format!("dns:node{n}.example.com"))
        .collect();
    let parsed = Recipe {
        names,
        ..Recipe::leaf("x")
    }
    .self_signed()
    .parsed;
    assert_eq!(parsed.facts.names.len(), 10_000);
    assert_eq!(read_bundle(parsed.pem.as_bytes(), "file"), Ok(vec![parsed]));
}

#[test]
fn many_begin_lines_end_at_once() {
    let bytes = "-----BEGIN CERTIFICATE-----\n".repeat(37_000);
    assert!(read_bundle(bytes.as_bytes(), "file").is_err());
}
