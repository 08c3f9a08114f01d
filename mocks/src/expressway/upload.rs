//! What an Expressway peer says to a certificate that is uploaded.

use openssl::x509::X509;

use super::cluster::{ExpresswayCluster, Side};
use super::peer::Peer;
use super::{settings, verify};

/// Why an upload or a request is refused, in the device's words where they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefusal {
    /// claim: EXPRESSWAY-NOT-PEM
    #[error("Invalid certificate: The file provided is not a valid X.509 PEM certificate file.")]
    NotPem,
    /// claim: EXPRESSWAY-UNRECOGNIZED-CA
    #[error(
        "Invalid certificate: Unrecognized CA. This certificate is not currently trusted by the Expressway. \
         This is because the CA certificate is not in the trust store."
    )]
    UnrecognizedCa,
    /// claim: EXPRESSWAY-UPLOAD-CLIENT-AUTH
    #[error(
        "Invalid certificate: The certificate does not have the Client Authentication extended key usage."
    )]
    NoClientAuth,
    /// claim: EXPRESSWAY-CERT-BAD-REQUEST
    #[error("Bad Request")]
    BadRequest,
    /// claim: EXPRESSWAY-CSR-CONFLICT
    #[error("Conflict")]
    Conflict,
}

impl PeerRefusal {
    /// The HTTP status.
    ///
    /// claim: EXPRESSWAY-CERT-BAD-REQUEST, EXPRESSWAY-CSR-CONFLICT
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Conflict => 409,
            _ => 400,
        }
    }
}

/// The certificates of a file.
///
/// # Errors
/// [`PeerRefusal::NotPem`] for anything else.
pub(crate) fn read(text: &str) -> Result<Vec<X509>, PeerRefusal> {
    let certificates = X509::stack_from_pem(text.as_bytes()).map_err(|_| PeerRefusal::NotPem)?;
    if certificates.is_empty() {
        return Err(PeerRefusal::NotPem);
    }
    Ok(certificates)
}

/// Judges a server certificate for a peer.
///
/// claim: EXPRESSWAY-CERT-KEY, EXPRESSWAY-UNRECOGNIZED-CA, EXPRESSWAY-UPLOAD-CLIENT-AUTH
///
/// # Errors
/// [`PeerRefusal`] as the peer words it.
pub(crate) fn judge(
    cluster: &ExpresswayCluster,
    peer: &Peer,
    leaf: &X509,
    clock: i64,
) -> Result<(), PeerRefusal> {
    let key = leaf.public_key().map_err(|_| PeerRefusal::NotPem)?;
    let pending = peer.pending.as_ref().map(|pending| &pending.key);
    let mut keys = pending.into_iter().chain([&peer.stored.key]);
    if !keys.any(|held| key.public_eq(held)) {
        return Err(PeerRefusal::BadRequest);
    }
    if !verify::has_client_auth(leaf) && !takes_server_only(cluster) {
        return Err(PeerRefusal::NoClientAuth);
    }
    let trusted = verify::chain(leaf, &[], &peer.trusted, clock).is_ok();
    if trusted || cluster.quirks.accepts_untrusted {
        Ok(())
    } else {
        Err(PeerRefusal::UnrecognizedCa)
    }
}

/// claim: EXPRESSWAY-UPLOAD-CLIENT-AUTH
fn takes_server_only(cluster: &ExpresswayCluster) -> bool {
    let release = cluster.numbers();
    release.has_client_store()
        || (release.is_at_least_15_4()
            && cluster.side == Side::Edge
            && cluster.setting_is(settings::SERVER_EKU_UPLOAD, "On"))
}
