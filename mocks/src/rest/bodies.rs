//! Bodies of the certificate interface, read strictly: a field of another type is refused.

use serde::Deserialize;

use crate::certificates::RequestWanted;
use crate::http::Call;
use crate::upload::Refusal;

/// The body of `POST csr`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CertificateRequest {
    service: String,
    distribution: String,
    common_name: String,
    #[serde(default)]
    alt_names: Vec<String>,
    key_type: Option<String>,
    key_length: Option<u32>,
    hash_algorithm: Option<String>,
}

/// The body of `POST identity/certificates`: the service is a string here.
#[derive(Deserialize)]
pub(super) struct IdentityUpload {
    pub(super) service: String,
    pub(super) certificates: Vec<String>,
}

/// The body of `POST trust/certificates`: the service is a list here.
#[derive(Deserialize)]
pub(super) struct TrustUpload {
    pub(super) service: Vec<String>,
    pub(super) certificates: Vec<String>,
}

fn wrong_body(error: &serde_json::Error) -> Refusal {
    Refusal::Body(error.to_string())
}

/// claim: CUCM-REST-CSR-FIELDS, CUCM-REST-CSR-EC, CUCM-REST-DISTRIBUTION, CUCM-REST-MULTI-SERVER
pub(super) fn certificate_request(body: &str) -> Result<RequestWanted, Refusal> {
    let body: CertificateRequest =
        serde_json::from_str(body).map_err(|error| wrong_body(&error))?;
    let multi_server = match body.distribution.as_str() {
        "this-server" => false,
        "multi-server" => true,
        other => return Err(Refusal::Body(format!("distribution {other} is not known"))),
    };
    let by_purpose = if body.service.ends_with("-ECDSA") {
        "ec"
    } else {
        "rsa"
    };
    let elliptic = match body.key_type.as_deref().unwrap_or(by_purpose) {
        "rsa" => false,
        "ec" => true,
        other => return Err(Refusal::Body(format!("keyType {other} is not known"))),
    };
    Ok(RequestWanted {
        purpose: body.service,
        multi_server,
        common_name: body.common_name,
        names: body.alt_names,
        elliptic,
        bits: body.key_length.unwrap_or(if elliptic { 256 } else { 2048 }),
        digest: body.hash_algorithm.unwrap_or_else(|| "sha256".to_owned()),
    })
}

pub(super) fn identity_upload(body: &str) -> Result<IdentityUpload, Refusal> {
    serde_json::from_str(body).map_err(|error| wrong_body(&error))
}

pub(super) fn trust_upload(body: &str) -> Result<TrustUpload, Refusal> {
    serde_json::from_str(body).map_err(|error| wrong_body(&error))
}

/// A call in a few words for the log: which service, which names, how many certificates.
pub(super) fn detail(call: &Call) -> String {
    if !call.query.is_empty() {
        return call.query.clone();
    }
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&call.body) else {
        return String::new();
    };
    let mut parts = Vec::new();
    for name in [
        "service",
        "distribution",
        "commonName",
        "altNames",
        "keyType",
        "keyLength",
    ] {
        if let Some(value) = members.get(name) {
            parts.push(format!("{name}={value}"));
        }
    }
    if let Some(serde_json::Value::Array(certificates)) = members.get("certificates") {
        parts.push(format!("certificates={}", certificates.len()));
    }
    parts.join(" ")
}
