//! Certificates with their keys: stored, pending, presented.

use std::sync::{Arc, OnceLock};

use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::SslAcceptor;
use openssl::x509::{X509, X509Ref, X509Req};
use sha2::{Digest as _, Sha256};

/// An identity certificate with its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: X509,
    /// Its key.
    pub key: PKey<Private>,
}

/// A request that waits for its certificate.
#[derive(Clone)]
pub struct PendingRequest {
    /// The request.
    pub request: Arc<X509Req>,
    /// The key it was made with.
    pub key: PKey<Private>,
    /// The nodes that share it; none but the node itself for `this-server`.
    pub shared_with: Vec<String>,
}

/// What a port presents: loaded when its service started.
pub struct Presented {
    /// The RSA identity.
    pub identity: Identity,
    /// The elliptic-curve twin, for clients that offer nothing else.
    pub twin: Option<Identity>,
    /// The authorities above the RSA leaf, without the root.
    pub chain: Vec<X509>,
    /// The acceptor made of the above, built at the first handshake.
    pub acceptor: OnceLock<SslAcceptor>,
}

impl Presented {
    /// Something to present, not yet used by any handshake.
    #[must_use]
    pub fn new(identity: Identity, twin: Option<Identity>, chain: Vec<X509>) -> Self {
        Self {
            identity,
            twin,
            chain,
            acceptor: OnceLock::new(),
        }
    }
}

/// The SHA-256 of a certificate's DER in lower-case hexadecimal; empty if it cannot be encoded.
#[must_use]
pub fn fingerprint(certificate: &X509Ref) -> String {
    certificate
        .to_der()
        .map(|der| hex::encode(Sha256::digest(der)))
        .unwrap_or_default()
}

/// The subject's common name; empty if there is none.
#[must_use]
pub fn common_name(certificate: &X509Ref) -> String {
    let entry = certificate
        .subject_name()
        .entries_by_nid(Nid::COMMONNAME)
        .next();
    entry
        .and_then(|entry| entry.data().to_string().ok())
        .unwrap_or_default()
}
