//! What a node accepts as an upload.

use openssl::pkey::Id;
use openssl::x509::{X509, X509KeyUsage};

use crate::pki::names::{alternative_names, carrying};
use crate::state::{Moment, Node, PendingRequest, common_name, is_self_signed, signed_by};

/// Why an upload or a request is refused; the text is what the node answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// claim: CUCM-UPLOAD-NO-CHAIN
    #[error("CA certificate is not available in the trust-store")]
    NoChain,
    /// claim: CUCM-UPLOAD-NO-CSR
    #[error("File /usr/local/platform/.security/{0}/keys/{0}.csr does not exist")]
    NoRequest(String),
    /// claim: CUCM-UPLOAD-KEY-DIFFERS
    #[error("CSR public key and certificate public key do not match")]
    KeyDiffers,
    /// claim: CUCM-UPLOAD-SAN-DIFFERS
    #[error("CSR SAN and Certificate SAN does not match")]
    NamesDiffer,
    /// claim: CUCM-UPLOAD-NOT-CA
    #[error("Error in CA certificate")]
    NotAnAuthority,
    /// claim: CUCM-UPLOAD-UNREADABLE
    #[error("Error reading the certificate")]
    Unreadable,
    /// claim: CUCM-UPLOAD-UNREADABLE
    #[error("Certificate is not in PEM format")]
    NotPem,
    /// claim: CUCM-UPLOAD-UNREADABLE
    #[error("Invalid certificate file")]
    HasPrivateKey,
    /// claim: CUCM-UPLOAD-WRONG-UNIT
    #[error("Invalid certificate type")]
    WrongUnit,
    /// claim: CUCM-UPLOAD-EXPIRED
    #[error("The certificate has expired")]
    Expired,
    /// claim: CUCM-UPLOAD-NOT-YET-VALID
    #[error("The certificate is not yet valid")]
    NotYetValid,
    /// claim: CUCM-UPLOAD-WILDCARD
    #[error("Wildcard certificates are not supported")]
    Wildcard,
    /// claim: CUCM-KEY-SIZES
    #[error("The key length is not supported")]
    KeySize,
    /// claim: CUCM-UPLOAD-USAGES
    #[error("The certificate lacks a key usage or extended key usage of the CSR")]
    Usages,
    /// claim: CUCM-REST-TRUST-REPEAT
    #[error("Certificate already exists in the trust store")]
    AlreadyPresent,
    /// claim: CUCM-CSR-MULTI-SINGLE-NODE
    #[error("Multi-server certificates need a cluster of more than one node")]
    SingleNode,
    /// claim: CUCM-MULTI-SERVER-REFUSED
    #[error("Multi-server distribution is not supported for {0}")]
    NotMultiServer(String),
    /// A member of the request's body that is missing or has another form than expected.
    #[error("Invalid request: {0}")]
    Body(String),
    /// claim: CUCM-UPLOAD-WRONG-UNIT; the platform's word for a fault of its own.
    #[error("Certificate operation is not successful")]
    Internal,
}

impl Refusal {
    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::KeyDiffers | Self::Internal => 500,
            _ => 400,
        }
    }
}

/// Reads one certificate from a PEM text.
pub(crate) fn read_certificate(text: &str) -> Result<X509, Refusal> {
    if text.contains("PRIVATE KEY-----") {
        return Err(Refusal::HasPrivateKey);
    }
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Refusal::NotPem);
    }
    X509::from_pem(text.as_bytes()).map_err(|_| Refusal::Unreadable)
}

/// Judges an identity certificate for a purpose. `along` are further certificates of the same upload.
pub(crate) fn judge_identity(
    node: &Node,
    purpose: &str,
    leaf: &X509,
    along: &[X509],
    now: Moment,
) -> Result<(), Refusal> {
    if !node.identities.contains_key(purpose) {
        return Err(Refusal::WrongUnit);
    }
    let pending = node
        .pending
        .get(purpose)
        .ok_or_else(|| Refusal::NoRequest(purpose.to_owned()))?;
    let key = leaf.public_key().map_err(|_| Refusal::Unreadable)?;
    if !key.public_eq(&pending.key) {
        return Err(Refusal::KeyDiffers);
    }
    if key.id() == Id::RSA && key.bits() > 4096 {
        return Err(Refusal::KeySize);
    }
    judge_dates(leaf, node.clock(now))?;
    judge_names(leaf, pending)?;
    if !chain_is_stored(node, purpose, leaf, along) {
        return Err(Refusal::NoChain);
    }
    Ok(())
}

/// Whether every authority above the leaf, up to a self-signed one, is in the purpose's trust store or came along.
pub(crate) fn chain_is_stored(node: &Node, purpose: &str, leaf: &X509, along: &[X509]) -> bool {
    let store = trust_store_of(purpose);
    let mut below = leaf.clone();
    for _ in 0..10 {
        if is_self_signed(&below) {
            return true;
        }
        let Some(issuer) = node.issuer_of(&below, &store).or_else(|| {
            let signs = |issuer: &&X509| signed_by(&below, issuer);
            along.iter().find(signs).cloned()
        }) else {
            return false;
        };
        below = issuer;
    }
    false
}

/// The trust store of a purpose; elliptic-curve purposes share their twin's, and federation has none of its own.
///
/// claim: CUCM-TRUST-STORES, IMP-PURPOSES
pub(crate) fn trust_store_of(purpose: &str) -> String {
    let rsa = purpose.strip_suffix("-ECDSA").unwrap_or(purpose);
    format!("{}-trust", rsa.strip_suffix("-s2s").unwrap_or(rsa))
}

/// Judges a certificate for a trust store.
pub(crate) fn judge_trust(certificate: &X509, node_clock: i64) -> Result<(), Refusal> {
    let end = openssl::asn1::Asn1Time::from_unix(node_clock).map_err(|_| Refusal::Internal)?;
    if certificate.not_after() <= end {
        return Err(Refusal::Expired);
    }
    let signs = certificate
        .key_usage()
        .is_some_and(|usage| usage.contains(X509KeyUsage::KEY_CERT_SIGN));
    if signs || is_self_signed(certificate) {
        Ok(())
    } else {
        Err(Refusal::NotAnAuthority)
    }
}

fn judge_dates(leaf: &X509, node_clock: i64) -> Result<(), Refusal> {
    let clock = openssl::asn1::Asn1Time::from_unix(node_clock).map_err(|_| Refusal::Internal)?;
    if leaf.not_after() <= clock {
        return Err(Refusal::Expired);
    }
    if leaf.not_before() > clock {
        Err(Refusal::NotYetValid)
    } else {
        Ok(())
    }
}

/// Names and usages against the request.
///
/// claim: CUCM-UPLOAD-SAN-DIFFERS, CUCM-UPLOAD-SAN-ABSENT, CUCM-UPLOAD-USAGES
fn judge_names(leaf: &X509, pending: &PendingRequest) -> Result<(), Refusal> {
    let asked = carrying(&pending.request, &pending.key).map_err(|_| Refusal::Internal)?;
    let (asked_names, names) = (alternative_names(&asked), alternative_names(leaf));
    if !asked_names.is_empty() && asked_names != names {
        return Err(Refusal::NamesDiffer);
    }
    if common_name(leaf).starts_with("*.") || names.iter().any(|name| name.starts_with("*.")) {
        return Err(Refusal::Wildcard);
    }
    let key_usage = |certificate: &X509| certificate.key_usage().map_or(0, |usage| usage.bits());
    let extended = |certificate: &X509| {
        certificate
            .extended_key_usage()
            .map_or(0, |usage| usage.bits())
    };
    let kept = key_usage(&asked) & !key_usage(leaf) == 0 && extended(&asked) & !extended(leaf) == 0;
    if kept { Ok(()) } else { Err(Refusal::Usages) }
}

#[cfg(test)]
mod tests;
