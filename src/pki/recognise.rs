//! What a file is that is not what was wanted, so that the refusal can say it.

use openssl::pkcs7::Pkcs7;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Crl, X509Req};

use super::error::PkiError;

/// What is expected where certificates are wanted.
pub(super) const CERTIFICATES: &str = "certificates in PEM, DER or PKCS#7";
/// What is expected where a request is wanted.
pub(super) const REQUEST: &str = "one certificate signing request in PEM";

/// What some bytes seem to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recognised {
    /// A private key, alone or in a container.
    PrivateKey,
    /// A known kind, with the next thing to do.
    Kind(&'static str, &'static str),
    /// DER of no known kind, or nothing that is known.
    Unknown,
}

impl Recognised {
    /// The error that refuses it.
    pub(super) fn refusal(self, origin: &str, expected: &'static str) -> PkiError {
        let (found, next) = match self {
            Self::PrivateKey => {
                return PkiError::PrivateKey {
                    origin: origin.to_owned(),
                };
            }
            Self::Kind(found, next) => (found, next),
            Self::Unknown => (
                "nothing that is known",
                "Check that it is the right file and that it was transferred whole.",
            ),
        };
        PkiError::WrongKind {
            origin: origin.to_owned(),
            expected,
            found: found.to_owned(),
            next,
        }
    }
}

/// Guesses from the first bytes, and for DER from what decodes.
pub(super) fn recognise(bytes: &[u8]) -> Recognised {
    const AGAIN: &str = "Ask the authority for the certificate itself.";
    let binary = [
        (
            &b"PK\x03\x04"[..],
            Recognised::Kind("a ZIP archive", "Unpack it and give the files inside."),
        ),
        (
            b"\x1f\x8b",
            Recognised::Kind("a gzip archive", "Unpack it and give the files inside."),
        ),
        (b"%PDF", Recognised::Kind("a PDF document", AGAIN)),
        (b"\xfe\xed\xfe\xed", Recognised::PrivateKey),
        (b"\x30", der(bytes)),
    ];
    if let Some((_, kind)) = binary
        .into_iter()
        .find(|(start, _)| bytes.starts_with(start))
    {
        return kind;
    }
    let beginning = bytes.get(..bytes.len().min(1024)).unwrap_or(bytes);
    let beginning = String::from_utf8_lossy(beginning).to_ascii_lowercase();
    let beginning = beginning.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let html = ["<!doctype html", "<html", "<head", "<body"];
    if html.iter().any(|start| beginning.starts_with(start)) {
        return Recognised::Kind(
            "a web page",
            "A login or error page was saved instead of the certificate: download it again.",
        );
    }
    match beginning.chars().next() {
        Some('<') => Recognised::Kind("an XML document", AGAIN),
        Some('{' | '[') => {
            Recognised::Kind("a JSON document", "Give the certificate that stands in it.")
        }
        Some(first) if !first.is_control() && first != char::REPLACEMENT_CHARACTER => {
            Recognised::Kind("text without a certificate", AGAIN)
        }
        _ => Recognised::Unknown,
    }
}

/// Guesses what DER is by decoding it as each kind in turn.
fn der(bytes: &[u8]) -> Recognised {
    if PKey::private_key_from_der(bytes).is_ok() {
        Recognised::PrivateKey
    } else if Pkcs12::from_der(bytes).is_ok() {
        Recognised::Kind(
            "a PKCS#12 archive, which holds a private key",
            "Export the certificates alone; the node makes its own key.",
        )
    } else if X509Req::from_der(bytes).is_ok() {
        Recognised::Kind(
            "a certificate signing request",
            "Have the authority sign it and give what comes back.",
        )
    } else if X509::from_der(bytes).is_ok() {
        Recognised::Kind(
            "a certificate",
            "Give the signing request that the node made.",
        )
    } else if X509Crl::from_der(bytes).is_ok() {
        Recognised::Kind(
            "a certificate revocation list",
            "Give the certificates instead.",
        )
    } else if Pkcs7::from_der(bytes).is_ok() {
        Recognised::Kind(
            "a PKCS#7 container without certificates",
            "Export it again with its certificates.",
        )
    } else {
        Recognised::Unknown
    }
}
