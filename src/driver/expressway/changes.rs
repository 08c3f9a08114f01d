//! Changes in the words of the interface. Pure: what cannot be said is told before anything is sent.

use std::collections::BTreeSet;

use serde::Serialize;

use super::requests::{Call, PART};
use crate::driver::Write;
use crate::model::{ControlPath, Distribution, KeyAlgorithm, SubjectName, WHOLE_PEER};
use crate::pki::{SubjectParts, read_bundle};

/// A form's boundary. No line of a PEM block holds it.
const BOUNDARY: &str = "reissue-form-5f1e0c7d";

/// A change, complete but for the subject of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Uploads one certificate.
    Upload { call: Call, pem: String },
    /// Makes a request.
    Request {
        names: BTreeSet<String>,
        bits: u32,
        hash: String,
    },
    /// Restarts the peer.
    Restart,
}

impl Change {
    /// What a change is for a peer.
    ///
    /// # Errors
    /// A sentence, if a peer has no call for it.
    pub(super) fn of(write: &Write) -> Result<Self, String> {
        match write {
            Write::UploadTrust { store, pem, .. } => {
                wanted("trust store", store.as_str(), "trusted-ca")?;
                let pem = one_certificate(pem)?;
                let call = Call::UPLOAD_TRUST;
                Ok(Self::Upload { call, pem })
            }
            Write::UploadIdentity { purpose, pem } => {
                wanted("certificate", purpose.as_str(), "server")?;
                let pem = one_certificate(pem)?;
                let call = Call::UPLOAD_SERVER;
                Ok(Self::Upload { call, pem })
            }
            Write::GenerateRequest {
                purpose,
                distribution,
                names,
                key,
                hash,
                ..
            } => {
                wanted("certificate", purpose.as_str(), "server")?;
                if *distribution != Distribution::ThisServer {
                    return Err("a request belongs to one peer, and the plan asks for one of a whole cluster".to_owned());
                }
                if key.algorithm != KeyAlgorithm::Rsa || ![2048, 4096].contains(&key.bits) {
                    return Err(format!(
                        "the interface makes rsa-2048 and rsa-4096, and the plan asks for {key}"
                    ));
                }
                let hash = hash.to_ascii_lowercase();
                if !["sha256", "sha384", "sha512"].contains(&hash.as_str()) {
                    return Err(format!(
                        "the interface takes sha256, sha384 and sha512, and the plan asks for {hash}"
                    ));
                }
                let names = names.iter().map(dns).collect::<Result<_, _>>()?;
                Ok(Self::Request {
                    names,
                    bits: key.bits,
                    hash,
                })
            }
            Write::RestartService { service, by } => {
                wanted("service", service.as_str(), WHOLE_PEER)?;
                if *by != ControlPath::Peer {
                    return Err("a peer restarts as a whole, by its own interface".to_owned());
                }
                Ok(Self::Restart)
            }
            Write::UpdateTrustList | Write::ResetPhones { .. } => {
                Err("an Expressway has no phones and no trust list for them".to_owned())
            }
        }
    }

    /// The call that carries it.
    pub(super) fn call(&self) -> Call {
        match self {
            Self::Upload { call, .. } => *call,
            Self::Request { .. } => Call::MAKE_REQUEST,
            Self::Restart => Call::RESTART_PEER,
        }
    }
}

fn wanted(what: &str, found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "the only {what} of a peer that can be changed is {expected}, and the plan names {found}"
    ))
}

/// Exactly one certificate, written cleanly. A private key never leaves this program.
fn one_certificate(pem: &str) -> Result<String, String> {
    let read = read_bundle(pem.as_bytes(), "the certificate to upload");
    let mut read = read.map_err(|error| error.to_string())?;
    match (read.pop(), read.len()) {
        (Some(one), 0) => Ok(one.pem),
        _ => Err("one certificate is uploaded at a time, and the plan has several".to_owned()),
    }
}

// claim: EXPRESSWAY-CSR-FIELDS
fn dns(name: &SubjectName) -> Result<String, String> {
    match name {
        SubjectName::Dns(name) => Ok(name.clone()),
        SubjectName::Ip(_) | SubjectName::Other(_) => Err(format!(
            "the interface takes DNS names only, and the plan asks for {name}"
        )),
    }
}

/// The media type and the body of a form with one file.
// claim: EXPRESSWAY-CERT-SERVER, EXPRESSWAY-TRUST-APPENDS
pub(super) fn form(pem: &str) -> (String, Vec<u8>) {
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{PART}\"; filename=\"certificate.pem\"\r\n\
         Content-Type: application/x-pem-file\r\n\r\n{pem}\r\n--{BOUNDARY}--\r\n"
    );
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    (media_type, body.into_bytes())
}

/// The body of a request for a signing request. The subject is that of the certificate it replaces; the common name is
/// the peer's own choice.
// claim: EXPRESSWAY-CSR-FIELDS, EXPRESSWAY-CSR-NAMES
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RequestBody<'a> {
    #[serde(rename = "Additional_FQDNS")]
    names: &'a BTreeSet<String>,
    key_length: u32,
    digest_algorithm: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    province: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizational_unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

impl<'a> RequestBody<'a> {
    pub(super) fn new(
        names: &'a BTreeSet<String>,
        bits: u32,
        hash: &'a str,
        subject: &'a SubjectParts,
    ) -> Self {
        Self {
            names,
            key_length: bits,
            digest_algorithm: hash,
            country: subject.country.as_deref(),
            province: subject.province.as_deref(),
            locality: subject.locality.as_deref(),
            organization: subject.organization.as_deref(),
            organizational_unit: subject.unit.as_deref(),
            email: subject.email.as_deref(),
        }
    }
}
