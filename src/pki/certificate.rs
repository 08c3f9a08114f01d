//! One certificate from DER to facts.

use jiff::Timestamp;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::X509;
use x509_parser::certificate::X509CertificateParser;
use x509_parser::extensions::{AuthorityInfoAccess, GeneralName};
use x509_parser::nom::Parser as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

use super::error::PkiError;
use super::extensions::Extensions;
use super::name::{common_name, one_line, printable};
use crate::model::{Certificate, Fingerprint, KeyAlgorithm, PublicKey};

/// A certificate with its encodings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What it says. `signed_by` is empty until [`super::link`] or [`super::order_chain`] has looked.
    pub facts: Certificate,
    /// Its bytes.
    pub der: Vec<u8>,
    /// One clean block: 64 columns, line feeds, a final line feed. What every node accepts (cucm-upload-errors E7).
    pub pem: String,
}

/// Reads one certificate from exactly these bytes.
///
/// # Errors
/// [`PkiError::Damaged`] if they are not one certificate in DER, or something follows it, or an extension that
/// matters cannot be read.
pub fn parse_der(der: &[u8]) -> Result<Parsed, PkiError> {
    parse(der, "the certificate")
}

/// As [`parse_der`], with the words by which errors call it.
pub(super) fn parse(der: &[u8], origin: &str) -> Result<Parsed, PkiError> {
    let damaged = |reason: String| PkiError::Damaged {
        origin: origin.to_owned(),
        reason,
    };
    let library = X509::from_der(der)
        .map_err(|_| damaged("it does not decode as a certificate".to_owned()))?;
    // OpenSSL takes an indefinite length and bytes after the end; neither survives this comparison.
    if library.to_der().ok().as_deref() != Some(der) {
        return Err(damaged(
            "it is not strict DER, or bytes follow it".to_owned(),
        ));
    }
    let (_, parser) = X509CertificateParser::new()
        .with_deep_parse_extensions(false)
        .parse(der)
        .map_err(|_| damaged("its fields do not decode".to_owned()))?;
    let extensions = Extensions::read(parser.extensions()).map_err(damaged)?;
    let pem = library
        .to_pem()
        .ok()
        .and_then(|pem| String::from_utf8(pem).ok())
        .ok_or_else(|| damaged("it cannot be written as PEM".to_owned()))?;
    let facts = Certificate {
        sha256: Fingerprint::of(der),
        subject: one_line(parser.subject()),
        common_name: common_name(parser.subject()),
        issuer: one_line(parser.issuer()),
        serial: serial(parser.raw_serial()),
        not_before: moment(parser.validity().not_before),
        not_after: moment(parser.validity().not_after),
        key: public_key(library.public_key(), parser.public_key().raw),
        names: extensions.names,
        key_usage: extensions.key_usage,
        extended_usage: extensions.extended_usage,
        authority: extensions.authority,
        subject_key_id: extensions.subject_key_id,
        authority_key_id: extensions.authority_key_id,
        signature: library.signature_algorithm().object().to_string(),
        signed_by: std::collections::BTreeSet::new(),
    };
    Ok(Parsed {
        facts,
        der: der.to_vec(),
        pem,
    })
}

/// The extensions of a certificate that was read before.
///
/// # Errors
/// As [`parse_der`].
pub(super) fn extensions_of(certificate: &Parsed) -> Result<Extensions, PkiError> {
    let damaged = |reason| PkiError::Damaged {
        origin: certificate.facts.title().to_owned(),
        reason,
    };
    let (_, parser) = X509CertificateParser::new()
        .with_deep_parse_extensions(false)
        .parse(&certificate.der)
        .map_err(|_| damaged("its fields do not decode".to_owned()))?;
    Extensions::read(parser.extensions()).map_err(damaged)
}

/// Where the issuer publishes its own certificate (authority information access), printable. Empty if the
/// certificate does not say. Source: RFC 5280 §4.2.2.1.
pub fn issuer_urls(certificate: &Parsed) -> Vec<String> {
    const ACCESS: &str = "1.3.6.1.5.5.7.1.1";
    const ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
    let Ok((_, parser)) = X509CertificateParser::new()
        .with_deep_parse_extensions(false)
        .parse(&certificate.der)
    else {
        return Vec::new();
    };
    let access = parser
        .extensions()
        .iter()
        .find(|extension| extension.oid.to_id_string() == ACCESS)
        .and_then(|extension| AuthorityInfoAccess::from_der(extension.value).ok());
    let descriptions = access.map_or_else(Vec::new, |(_, access)| access.accessdescs);
    descriptions
        .iter()
        .filter(|description| description.access_method.to_id_string() == ISSUERS)
        .filter_map(|description| match description.access_location {
            GeneralName::URI(url) => Some(printable(url)),
            _ => None,
        })
        .take(4)
        .collect()
}

/// A key by its kind, its length and its DER; a key that OpenSSL cannot load is `Other` with no length.
pub(super) fn public_key(key: Result<PKey<Public>, ErrorStack>, info: &[u8]) -> PublicKey {
    let (algorithm, bits) = key.map_or((KeyAlgorithm::Other, 0), |key| {
        let algorithm = match key.id() {
            Id::RSA => KeyAlgorithm::Rsa,
            Id::EC => KeyAlgorithm::Ec,
            _ => KeyAlgorithm::Other,
        };
        (algorithm, key.bits())
    });
    PublicKey {
        algorithm,
        bits,
        sha256: Fingerprint::of(info),
    }
}

/// `99991231235959Z`, which stands for "never" in RFC 5280, lies a day behind the last moment there is.
fn moment(time: ASN1Time) -> Timestamp {
    Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MAX)
}

fn serial(bytes: &[u8]) -> String {
    let digits = hex::encode(bytes);
    let short = digits.trim_start_matches("00");
    if short.is_empty() {
        "00".to_owned()
    } else {
        short.to_owned()
    }
}
