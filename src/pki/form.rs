//! In what form a file holds certificates, or what it is instead. Tells only the form: whether the
//! certificates inside can be read is for [`super::read_bundle`].

use openssl::pkcs7::Pkcs7;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::X509;

use super::armour::{BEGIN, as_text, bare_base64};
use super::recognise::{Recognised, recognise};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text with PEM blocks.
    Pem(Pem),
    /// One certificate in DER.
    Der,
    /// A PKCS#7 container in DER.
    Pkcs7,
    /// Base64 without the lines around it.
    Base64,
    /// A private key in PEM, alone or beside certificates.
    PrivateKeyPem,
    /// A private key in DER.
    PrivateKeyDer,
    /// A PKCS#12 archive, which holds a private key.
    Pkcs12,
    /// A keystore of Java, which may hold private keys.
    JavaKeystore,
    /// A ZIP archive.
    Zip,
    /// Only white space, or nothing.
    Empty,
    /// Something else that is known: what it is and what to do.
    Other(&'static str, &'static str),
    /// Text without a certificate.
    Text,
    /// Nothing that is known.
    Unknown,
}

/// How PEM blocks are written.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own, and every combination is met"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pem {
    /// In UTF-16.
    pub wide: bool,
    /// With a byte order mark.
    pub marked: bool,
    /// With line ends of Windows.
    pub carriage_returns: bool,
    /// With other text before, between or behind the blocks.
    pub surrounded: bool,
    /// As a PKCS#7 container.
    pub container: bool,
}

/// Tells the form from the bytes, never from a name.
pub fn form(bytes: &[u8]) -> Form {
    if bytes
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
    {
        return Form::Empty;
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Form::Zip;
    }
    if bytes.starts_with(b"\xfe\xed\xfe\xed") {
        return Form::JavaKeystore;
    }
    match as_text(bytes) {
        Some(text) if text.contains("PRIVATE KEY-----") => Form::PrivateKeyPem,
        Some(text) if text.contains(BEGIN) => Form::Pem(pem(bytes, &text)),
        Some(text) if bare_base64(&text).is_some() => Form::Base64,
        _ if bytes.first() == Some(&0x30) => der(bytes),
        _ => other(bytes),
    }
}

fn pem(bytes: &[u8], text: &str) -> Pem {
    let mut inside = false;
    let mut surrounded = false;
    for line in text
        .lines()
        .map(|line| line.trim_matches('\u{feff}').trim())
    {
        if line.starts_with(BEGIN) {
            inside = true;
        } else if line.starts_with("-----END ") {
            inside = false;
        } else if !inside && !line.is_empty() {
            surrounded = true;
        }
    }
    let utf8_mark = bytes.starts_with(b"\xef\xbb\xbf");
    let wide = !utf8_mark
        && (bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0));
    Pem {
        wide,
        marked: utf8_mark,
        carriage_returns: text.contains('\r'),
        surrounded,
        container: text.contains("BEGIN PKCS7-----") || text.contains("BEGIN CMS-----"),
    }
}

fn der(bytes: &[u8]) -> Form {
    if X509::from_der(bytes).is_ok() {
        Form::Der
    } else if PKey::private_key_from_der(bytes).is_ok() {
        Form::PrivateKeyDer
    } else if Pkcs12::from_der(bytes).is_ok() {
        Form::Pkcs12
    } else if Pkcs7::from_der(bytes).is_ok() {
        Form::Pkcs7
    } else {
        other(bytes)
    }
}

fn other(bytes: &[u8]) -> Form {
    match recognise(bytes) {
        Recognised::PrivateKey => Form::PrivateKeyDer,
        Recognised::Kind("text without a certificate", _) => Form::Text,
        Recognised::Kind(found, next) => Form::Other(found, next),
        Recognised::Unknown => Form::Unknown,
    }
}
