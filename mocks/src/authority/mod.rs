//! The corporate signing authority: honest by default, and bad at its work when told so.

mod folder;
mod misbehave;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Req};

pub(crate) use folder::watch;
pub use misbehave::Misbehaviour;

use crate::clock::unix_now;
use crate::files::{FileError, write_private, write_public};
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity};
use crate::state::Identity;

/// How many days an issued certificate is valid.
pub(crate) const VALID_DAYS: i64 = 397;

/// Why the authority cannot work.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of the authority.
    #[error(transparent)]
    File(#[from] FileError),
    /// OpenSSL refused.
    #[error("OpenSSL could not {what}")]
    Crypto {
        /// What was attempted.
        what: &'static str,
        /// Its own words.
        source: ErrorStack,
    },
    /// The input is no request.
    #[error(
        "the input is not a PEM certificate request; expected -----BEGIN CERTIFICATE REQUEST-----"
    )]
    NotARequest,
}

/// A root, an issuing authority below it, and what it is told to do wrong.
pub struct Authority {
    pub(crate) root: Identity,
    pub(crate) issuing: Identity,
    misbehaviour: Mutex<Misbehaviour>,
    paused: AtomicBool,
}

impl Authority {
    /// Makes a root and an issuing authority.
    pub(crate) fn found(keys: &KeyRing, now: i64) -> Result<Self, ErrorStack> {
        let root = mint::authority(
            "Example Corp Root CA",
            keys.rsa(2048)?,
            None,
            Validity::days(now, 2000, 5000),
        )?;
        let validity = Validity::days(now, 30, 3000);
        let issuing = mint::authority(
            "Example Corp Issuing CA 2",
            keys.rsa(2048)?,
            Some(&root),
            validity,
        )?;
        Ok(Self::of(root, issuing))
    }

    fn of(root: Identity, issuing: Identity) -> Self {
        Self {
            root,
            issuing,
            misbehaviour: Mutex::new(Misbehaviour::Honest),
            paused: AtomicBool::new(false),
        }
    }

    /// Tells the authority what to do wrong from now on.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) {
        *self
            .misbehaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = misbehaviour;
    }

    pub(crate) fn misbehaviour(&self) -> Misbehaviour {
        *self
            .misbehaviour
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops or resumes the work on the request folder.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Signs a request in PEM and answers the file's bytes, in whatever form the misbehaviour wants.
    ///
    /// # Errors
    /// [`AuthorityError::NotARequest`] for other input; OpenSSL's refusal.
    pub fn sign(&self, request: &[u8]) -> Result<Vec<u8>, AuthorityError> {
        let request = X509Req::from_pem(request).map_err(|_| AuthorityError::NotARequest)?;
        let issued = misbehave::issue(self, &request, unix_now());
        issued.map_err(|source| AuthorityError::Crypto {
            what: "sign the request",
            source,
        })
    }

    /// Writes the chain for everybody, and the issuing key for `reissue-lab sign`.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), AuthorityError> {
        let crypto = |source| AuthorityError::Crypto {
            what: "write the authority down",
            source,
        };
        let issuing = self.issuing.certificate.to_pem().map_err(crypto)?;
        let root = self.root.certificate.to_pem().map_err(crypto)?;
        write_public(
            &dir.join("corp-chain.pem"),
            &[issuing.clone(), root.clone()].concat(),
        )?;
        write_public(&dir.join("issuing.pem"), &issuing)?;
        write_public(&dir.join("root.pem"), &root)?;
        write_private(
            &dir.join("issuing.key"),
            &self
                .issuing
                .key
                .private_key_to_pem_pkcs8()
                .map_err(crypto)?,
        )?;
        write_private(
            &dir.join("root.key"),
            &self.root.key.private_key_to_pem_pkcs8().map_err(crypto)?,
        )?;
        Ok(())
    }

    /// Reads the authority of a lab's directory back.
    ///
    /// # Errors
    /// A file that is missing or unreadable.
    pub fn load(lab: &Path) -> Result<Self, AuthorityError> {
        let identity = |name: &str| -> Result<Identity, AuthorityError> {
            let certificate = X509::from_pem(&read(&lab.join("ca").join(format!("{name}.pem")))?);
            let key =
                PKey::private_key_from_pem(&read(&lab.join("ca").join(format!("{name}.key")))?);
            let crypto = |source| AuthorityError::Crypto {
                what: "read the authority back",
                source,
            };
            Ok(Identity {
                certificate: certificate.map_err(crypto)?,
                key: key.map_err(crypto)?,
            })
        };
        Ok(Self::of(identity("root")?, identity("issuing")?))
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source: io::Error| FileError::Read {
        path: path.clone(),
        source,
    })
}
