//! Proves a TLS peer inside the handshake: its leaf must be pinned, and it must hold the leaf's key.
//!
//! The certificates that this program renews are expired, self-signed, misnamed, of version 1 or have short keys. A
//! pin accepts all of those, so nothing but the leaf's fingerprint is asked of the certificate. The handshake's signature is
//! verified with OpenSSL on the leaf's bare public key: the library that speaks the handshake would parse the whole
//! certificate first and refuse exactly these.

use std::fmt;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};

use crate::model::{Fingerprint, KeyAlgorithm, NodeName, Port};
use crate::transport::pins::word;
use crate::transport::{Endpoint, PinBook, PinError, Refusal};

/// Why the handshake was broken off, for the caller to find in the chain of causes.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// The peer is not pinned.
    Peer(Refusal),
    /// The book could not be read.
    Pins(PinError),
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(refusal) => refusal.fmt(formatter),
            Self::Pins(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for Rejected {}

/// Settings for one endpoint.
///
/// # Errors
/// Only if the library was built without the protocol versions it should have.
pub(crate) fn client_config(endpoint: &Endpoint, pins: &PinBook) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = PinVerifier {
        node: endpoint.node.clone(),
        port: endpoint.standard,
        pins: pins.clone(),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // A resumed session presents no certificate: the pin would not be looked at.
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[derive(Debug)]
struct PinVerifier {
    node: NodeName,
    port: Port,
    pins: PinBook,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _rest: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Fingerprint::of(leaf);
        match self.pins.check(&self.node, self.port, &found) {
            Ok(Ok(())) => Ok(ServerCertVerified::assertion()),
            Ok(Err(refusal)) => Err(rejected(Rejected::Peer(refusal))),
            Err(error) => Err(rejected(Rejected::Pins(error))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, leaf, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, leaf, signed, true)
    }

    /// Only the kinds of key that are pinned here are offered. A node with an RSA and an ECDSA certificate on one port
    /// then presents the one that is known, whatever it would prefer.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let pinned = self.pins.of(&self.node, self.port).unwrap_or_default();
        let has = |key| pinned.iter().any(|peer| peer.key == word(key));
        let both = has(KeyAlgorithm::Rsa) == has(KeyAlgorithm::Ec);
        SCHEMES
            .iter()
            .filter(|scheme| both || has(scheme.key))
            .map(|scheme| scheme.name)
            .collect()
    }
}

/// One way to sign a handshake.
struct Scheme {
    name: SignatureScheme,
    key: KeyAlgorithm,
    digest: fn() -> MessageDigest,
    /// RSA-PSS padding.
    pss: bool,
    /// TLS 1.3 allows no PKCS#1 padding and binds ECDSA to one curve (RFC 8446 §4.2.3).
    curve: Option<Nid>,
}

/// Most preferred first.
const SCHEMES: [Scheme; 9] = [
    ecdsa(
        SignatureScheme::ECDSA_NISTP256_SHA256,
        MessageDigest::sha256,
        Nid::X9_62_PRIME256V1,
    ),
    ecdsa(
        SignatureScheme::ECDSA_NISTP384_SHA384,
        MessageDigest::sha384,
        Nid::SECP384R1,
    ),
    ecdsa(
        SignatureScheme::ECDSA_NISTP521_SHA512,
        MessageDigest::sha512,
        Nid::SECP521R1,
    ),
    rsa(SignatureScheme::RSA_PSS_SHA256, MessageDigest::sha256, true),
    rsa(SignatureScheme::RSA_PSS_SHA384, MessageDigest::sha384, true),
    rsa(SignatureScheme::RSA_PSS_SHA512, MessageDigest::sha512, true),
    rsa(
        SignatureScheme::RSA_PKCS1_SHA256,
        MessageDigest::sha256,
        false,
    ),
    rsa(
        SignatureScheme::RSA_PKCS1_SHA384,
        MessageDigest::sha384,
        false,
    ),
    rsa(
        SignatureScheme::RSA_PKCS1_SHA512,
        MessageDigest::sha512,
        false,
    ),
];

const fn ecdsa(name: SignatureScheme, digest: fn() -> MessageDigest, curve: Nid) -> Scheme {
    Scheme {
        name,
        key: KeyAlgorithm::Ec,
        digest,
        pss: false,
        curve: Some(curve),
    }
}

const fn rsa(name: SignatureScheme, digest: fn() -> MessageDigest, pss: bool) -> Scheme {
    Scheme {
        name,
        key: KeyAlgorithm::Rsa,
        digest,
        pss,
        curve: None,
    }
}

fn verify(
    message: &[u8],
    leaf: &[u8],
    signed: &DigitallySignedStruct,
    tls13: bool,
) -> Result<HandshakeSignatureValid, Error> {
    let scheme = SCHEMES
        .iter()
        .find(|scheme| scheme.name == signed.scheme)
        .ok_or_else(|| general("the peer signed in a way that was not offered"))?;
    let key = X509::from_der(leaf)
        .and_then(|leaf| leaf.public_key())
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    if !scheme.fits(&key, tls13) {
        return Err(general(
            "the peer's signature is not of the kind of its certificate's key",
        ));
    }
    match scheme.holds(&key, message, signed.signature()) {
        Ok(true) => Ok(HandshakeSignatureValid::assertion()),
        Ok(false) | Err(_) => Err(Error::InvalidCertificate(CertificateError::BadSignature)),
    }
}

impl Scheme {
    fn fits(&self, key: &PKey<Public>, tls13: bool) -> bool {
        match self.key {
            KeyAlgorithm::Rsa => key.id() == Id::RSA && (self.pss || !tls13),
            KeyAlgorithm::Ec => {
                let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
                key.id() == Id::EC && (!tls13 || curve == self.curve)
            }
            KeyAlgorithm::Other => false,
        }
    }

    fn holds(
        &self,
        key: &PKey<Public>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        let digest = (self.digest)();
        let mut verifier = Verifier::new(digest, key)?;
        if self.pss {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_mgf1_md(digest)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        }
        verifier.verify_oneshot(signature, message)
    }
}

fn rejected(reason: Rejected) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
}

fn general(text: &str) -> Error {
    Error::General(text.to_owned())
}
