//! Getting signing requests to an authority and issued certificates back.
//!
//! An issuer answers with whatever it has. Whether that is what the plan wants is for [`crate::pki::lint`] to
//! say; here a certificate belongs to a request if it certifies the request's key.

mod command;
mod error;
mod folder;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::model::{Fingerprint, SigningRequest};
use crate::pki::Parsed;

pub use command::CommandIssuer;
pub use error::IssueError;
pub use folder::FolderIssuer;
pub use name::file_name;

/// Issued certificates by the SHA-256 of the public key that they certify. Of each the issued one comes first,
/// then the authorities above it as far as they were found, the nearest first.
pub type IssuedCertificates = BTreeMap<Fingerprint, Vec<Parsed>>;

/// Takes requests and gives certificates. Both calls may be repeated.
pub trait Issuer: Send + Sync {
    /// Hands over a request under the name `<cluster>.<node>.<purpose>`. Handing over the same request again
    /// changes nothing.
    ///
    /// # Errors
    /// [`IssueError`]; it says whether the authority can have acted.
    fn submit<'a>(
        &'a self,
        name: &'a str,
        request: &'a SigningRequest,
    ) -> BoxFuture<'a, Result<(), IssueError>>;

    /// The certificates that are there for these public keys (with the names of their requests). A key without
    /// a certificate yet is missing from the answer.
    ///
    /// # Errors
    /// [`IssueError`] if it cannot be known what is there.
    fn collect<'a>(
        &'a self,
        wanted: &'a BTreeMap<Fingerprint, String>,
    ) -> BoxFuture<'a, Result<IssuedCertificates, IssueError>>;

    /// Files that the last [`Issuer::collect`] could not use. Tell the person who waits: the certificate may be
    /// in one of them.
    fn ignored(&self) -> Vec<Ignored>;
}

/// A file that was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do.
    pub why: String,
}
