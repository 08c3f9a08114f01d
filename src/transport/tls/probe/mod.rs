//! Looks at what a port presents, without trusting it and without credentials.

use std::net::Shutdown;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::pkey::Id;
use openssl::ssl::{
    HandshakeError, SslConnector, SslConnectorBuilder, SslMethod, SslVerifyMode, SslVersion,
};
use openssl::x509::{X509, X509StoreContext};
use tokio::net::TcpStream;

use crate::model::KeyAlgorithm;
use crate::transport::Limits;

/// The number by which OpenSSL reports that the peer sent alert 40, `handshake_failure`.
const HANDSHAKE_FAILURE: i32 = 1040;

/// Why a port's chain could not be learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Nothing listens there, or the way is blocked.
    #[error("{host}:{port}: no connection: {cause}. Check that the node and its service are up.")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        cause: String,
    },
    /// The port serves no certificate with this kind of key.
    #[error("{host}:{port}: the port serves no {key} certificate")]
    NotOffered {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The kind asked for.
        key: KeyAlgorithm,
    },
    /// No answer in time.
    #[error(
        "{host}:{port}: expected a TLS handshake within {} s, found none. The service may be starting; look again.",
        limit.as_secs()
    )]
    Timeout {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// How long it was given.
        limit: Duration,
    },
    /// The handshake failed before a certificate was seen.
    #[error("{host}:{port}: expected a certificate, found that the TLS handshake failed: {cause}")]
    Other {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What OpenSSL said.
        cause: String,
    },
}

/// The chain that a port presents to a client that accepts only one kind of key: DER, leaf first, exactly as sent and
/// whatever its validity. Nothing but the handshake is sent.
///
/// # Errors
/// [`ProbeError`]; `NotOffered` is an answer, the others are not.
pub async fn probe(
    host: &str,
    port: u16,
    key: KeyAlgorithm,
    limits: &Limits,
) -> Result<Vec<Vec<u8>>, ProbeError> {
    let limit = limits.connect;
    let timeout = || ProbeError::Timeout {
        host: host.to_owned(),
        port,
        limit,
    };
    let other = |cause: String| ProbeError::Other {
        host: host.to_owned(),
        port,
        cause,
    };
    let started = std::time::Instant::now();
    let stream = tokio::time::timeout(limit, TcpStream::connect((host, port)))
        .await
        .map_err(|_| timeout())?
        .map_err(|cause| ProbeError::Refused {
            host: host.to_owned(),
            port,
            cause: cause.to_string(),
        })?;
    let stream = blocking(stream).map_err(|cause| other(cause.to_string()))?;
    let cut = stream
        .try_clone()
        .map_err(|cause| other(cause.to_string()))?;
    let name = host.to_owned();
    let handshake = tokio::task::spawn_blocking(move || handshake(&name, stream, key));
    let outcome = tokio::time::timeout(limit.saturating_sub(started.elapsed()), handshake).await;
    // Ends the handshake's thread if it still waits. The peer may have closed first, so failing is fine.
    let _closed = cut.shutdown(Shutdown::Both);
    let chain = match outcome {
        Err(_) => return Err(timeout()),
        Ok(Err(stopped)) => return Err(other(stopped.to_string())),
        Ok(Ok(Err(failure))) => match failure {
            Failure::NotOffered => Vec::new(),
            Failure::Other(cause) => return Err(other(cause)),
        },
        Ok(Ok(Ok(chain))) => chain,
    };
    if chain
        .first()
        .is_some_and(|leaf| kind(leaf).is_none_or(|found| found == key))
    {
        Ok(chain)
    } else {
        // Nothing, or a certificate of another kind than was asked for: the asked one is not served.
        Err(ProbeError::NotOffered {
            host: host.to_owned(),
            port,
            key,
        })
    }
}

enum Failure {
    NotOffered,
    Other(String),
}

fn blocking(stream: TcpStream) -> std::io::Result<std::net::TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Shakes hands as far as it goes and says what was presented.
fn handshake(
    host: &str,
    stream: std::net::TcpStream,
    key: KeyAlgorithm,
) -> Result<Vec<Vec<u8>>, Failure> {
    let presented = Arc::new(Mutex::new(Vec::new()));
    let failed = |error: ErrorStack| Failure::Other(error.to_string());
    let connector = connector(key).map_err(failed)?;
    let mut session = connector.configure().map_err(failed)?;
    session.set_verify_hostname(false);
    let seen = Arc::clone(&presented);
    session.set_verify_callback(SslVerifyMode::PEER, move |_valid, context| {
        if let Some(chain) = chain_of(context) {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        }
        true
    });
    let outcome = session.connect(host, stream);
    let chain = std::mem::take(&mut *presented.lock().unwrap_or_else(PoisonError::into_inner));
    if !chain.is_empty() {
        // A port that wants a client certificate fails after it has shown its own: that is all that is asked.
        return Ok(chain);
    }
    match outcome {
        Ok(_) => Err(Failure::Other("no certificate was presented".to_owned())),
        Err(HandshakeError::SetupFailure(error)) => Err(failed(error)),
        Err(HandshakeError::Failure(stopped) | HandshakeError::WouldBlock(stopped)) => {
            let error = stopped.error();
            let refused = error.ssl_error().is_some_and(|stack| {
                stack
                    .errors()
                    .iter()
                    .any(|entry| entry.reason_code() == HANDSHAKE_FAILURE)
            });
            Err(if refused {
                Failure::NotOffered
            } else {
                Failure::Other(error.to_string())
            })
        }
    }
}

/// A client that accepts one kind of key and, so that old nodes can be looked at, any strength and version.
fn connector(key: KeyAlgorithm) -> Result<SslConnector, ErrorStack> {
    let mut builder: SslConnectorBuilder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1))?;
    builder.set_security_level(0);
    // The signature algorithms choose the certificate; the suites keep a TLS 1.2 server from using a key exchange
    // that needs no signature.
    let (suites, signatures) = match key {
        KeyAlgorithm::Ec => (
            "aECDSA:@SECLEVEL=0",
            "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1",
        ),
        KeyAlgorithm::Rsa | KeyAlgorithm::Other => (
            "aRSA:@SECLEVEL=0",
            "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1",
        ),
    };
    builder.set_cipher_list(suites)?;
    builder.set_sigalgs_list(signatures)?;
    Ok(builder.build())
}

fn chain_of(context: &mut openssl::x509::X509StoreContextRef) -> Option<Vec<Vec<u8>>> {
    let index = X509StoreContext::ssl_idx().ok()?;
    let session: &openssl::ssl::SslRef = context.ex_data::<openssl::ssl::SslRef>(index)?;
    let chain = session.peer_cert_chain()?;
    chain
        .iter()
        .map(|certificate| certificate.to_der().ok())
        .collect()
}

fn kind(leaf: &[u8]) -> Option<KeyAlgorithm> {
    let key = X509::from_der(leaf)
        .and_then(|leaf| leaf.public_key())
        .ok()?;
    Some(match key.id() {
        Id::RSA | Id::RSA_PSS => KeyAlgorithm::Rsa,
        Id::EC => KeyAlgorithm::Ec,
        _ => KeyAlgorithm::Other,
    })
}

#[cfg(test)]
mod tests;
