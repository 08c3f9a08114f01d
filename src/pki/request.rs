//! Certificate signing requests.

use openssl::error::ErrorStack;
use openssl::x509::X509Req;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::X509Extension;
use x509_parser::prelude::FromDer as _;

use super::armour::blocks;
use super::certificate::public_key;
use super::error::PkiError;
use super::extensions::Extensions;
use super::name::{common_name, one_line};
use super::recognise::{REQUEST, recognise};
use crate::model::{Fingerprint, SigningRequest};

const ORIGIN: &str = "the signing request";

/// Reads one signing request, in PEM as the nodes give it, or in DER.
///
/// Its own signature is verified before anything else: OpenSSL shows a damaged request as one without
/// extensions, and "no names found" must never come to mean "the names match" (promises §7).
///
/// # Errors
/// [`PkiError`] if it is anything but exactly one request that verifies with its own key.
pub fn read_request(pem: &(impl AsRef<[u8]> + ?Sized)) -> Result<SigningRequest, PkiError> {
    let bytes = pem.as_ref();
    let blocks = blocks(bytes, ORIGIN, REQUEST)?;
    let [der] = blocks.as_slice() else {
        return Err(PkiError::WrongKind {
            origin: ORIGIN.to_owned(),
            expected: REQUEST,
            found: format!("a file with {} blocks", blocks.len()),
            next: "Download the pending request from the node again.",
        });
    };
    let damaged = |reason: &str| PkiError::Damaged {
        origin: ORIGIN.to_owned(),
        reason: reason.to_owned(),
    };
    let library = X509Req::from_der(der).map_err(|_| recognise(der).refusal(ORIGIN, REQUEST))?;
    if library.to_der().ok().as_deref() != Some(der) {
        return Err(damaged("it is not strict DER, or bytes follow it"));
    }
    let verified = library.public_key().and_then(|key| library.verify(&key));
    // A signature that does not fit leaves its errors behind, and the next TLS call would take them for its own.
    drop(ErrorStack::get());
    if !matches!(verified, Ok(true)) {
        return Err(PkiError::RequestSignature {
            origin: ORIGIN.to_owned(),
        });
    }
    let (_, parser) = X509CertificationRequest::from_der(der)
        .map_err(|_| damaged("its fields or attributes do not decode"))?;
    let requested = requested(&parser).map_err(damaged)?;
    // A second opinion: both libraries must see the same number of extensions.
    let counted = library
        .extensions()
        .map_or(0, |extensions| extensions.len());
    if counted != requested.len() {
        return Err(damaged(
            "its requested extensions cannot be read with certainty",
        ));
    }
    let extensions = Extensions::read(requested).map_err(|reason| damaged(&reason))?;
    let info = &parser.certification_request_info;
    Ok(SigningRequest {
        sha256: Fingerprint::of(der),
        subject: one_line(&info.subject),
        common_name: common_name(&info.subject),
        key: public_key(library.public_key(), info.subject_pki.raw),
        names: extensions.names,
        key_usage: extensions.key_usage,
        extended_usage: extensions.extended_usage,
        pem: library
            .to_pem()
            .ok()
            .and_then(|pem| String::from_utf8(pem).ok())
            .ok_or_else(|| damaged("it cannot be written as PEM"))?,
    })
}

/// The extensions that a request asks for; empty if it has no such attribute.
fn requested<'r>(
    request: &'r X509CertificationRequest<'r>,
) -> Result<&'r [X509Extension<'r>], &'static str> {
    let mut found: Option<&[X509Extension<'_>]> = None;
    for attribute in request.certification_request_info.iter_attributes() {
        if let ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute()
            && found.replace(&requested.extensions).is_some()
        {
            return Err("it asks for extensions twice");
        }
    }
    Ok(found.unwrap_or_default())
}
