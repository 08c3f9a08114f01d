//! The estate: what the user declares. Clusters and how to reach them, accounts, issuers, and what every
//! certificate should be.
//!
//! The file is YAML. [`Estate::load`] gives either an estate in which every name is known, or everything that
//! is wrong with the file at once. Secrets are never in it, only where they are.

mod chains;
mod check;
mod raw;
mod starter;
mod timers;
mod types;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

pub use starter::{Discovered, starter, write_starter};
pub use timers::Timers;
pub use types::{
    Account, Accounts, Cluster, IssuerKind, IssuerSource, Node, PasswordSource, Rollout,
};

use crate::model::{AccountName, ClusterName, DesiredCertificate, IssuerName, Purpose};
use crate::pki::PkiError;
use crate::yaml::{Document, Problems, UnreadableError};
use raw::RawEstate;

/// What the user declares, checked.
#[derive(Clone, Debug)]
pub struct Estate {
    /// The file it was read from; relative paths in it are relative to its folder.
    pub file: PathBuf,
    /// By name.
    pub clusters: BTreeMap<ClusterName, Cluster>,
    /// By name.
    pub accounts: BTreeMap<AccountName, Account>,
    /// By name.
    pub issuers: BTreeMap<IssuerName, IssuerSource>,
    /// The file of known peers; `None`: `pins.json` in the state directory.
    pub pins: Option<PathBuf>,
    /// Where runs are recorded; `None`: the user's state directory.
    pub state_dir: Option<PathBuf>,
    /// How long to wait for what.
    pub timers: Timers,
    /// Which clusters change when, and how many at once.
    pub rollout: Rollout,
    /// How long a plan may wait for its first step.
    pub valid_for: SignedDuration,
    /// The last successful backup may not be older than this at the first write; `None`: no such policy.
    pub backup_not_older_than: Option<SignedDuration>,
    /// The order in which purposes are renewed, without elliptic-curve twins.
    pub order: Vec<Purpose>,
    /// How many looks in a row must see every phone back.
    pub phone_polls: u32,
    /// How many questions about devices a minute this tool may ask of one cluster.
    pub device_queries_per_minute: u32,
    /// What every certificate that a rule covers should be, by cluster and purpose.
    pub certificates: Vec<DesiredCertificate>,
}

/// Why there is no estate.
#[derive(Debug, thiserror::Error)]
pub enum EstateError {
    /// The file cannot be read as text.
    #[error("the estate file: {0}; `reissue init` writes a first one")]
    Unreadable(#[from] UnreadableError),
    /// The file is wrong. Displays every problem with file, line, column and the line itself.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// An issuer's chain file cannot be read.
    #[error("the chain of issuer `{issuer}` cannot be read from {}: {why}", path.display())]
    ChainUnreadable {
        /// The issuer.
        issuer: IssuerName,
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// An issuer's chain file is not a chain.
    #[error("the chain of issuer `{issuer}` in {}: {why}", path.display())]
    ChainWrong {
        /// The issuer.
        issuer: IssuerName,
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        why: Box<PkiError>,
    },
    /// An issuer's chain file holds a certificate that signs nothing.
    #[error(
        "the chain of issuer `{issuer}` in {} holds {title}, which is no authority (basic constraints); leave \
         only the authorities above the leaf", path.display()
    )]
    NoAuthority {
        /// The issuer.
        issuer: IssuerName,
        /// The file.
        path: PathBuf,
        /// The certificate's common name or subject.
        title: String,
    },
}

impl Estate {
    /// Reads and checks an estate file. Reads no other file.
    ///
    /// # Errors
    /// [`EstateError::Unreadable`] if it is no text file, [`EstateError::Wrong`] with everything that is
    /// wrong with it.
    pub fn load(path: &Path) -> Result<Self, EstateError> {
        Self::from_document(&Document::read(path)?, path)
    }

    fn from_document(document: &Document, path: &Path) -> Result<Self, EstateError> {
        let raw: RawEstate = document.parse()?;
        check::check(&raw, document, path)
            .map_err(|problems| EstateError::Wrong(document.report(problems)))
    }
}

/// The JSON Schema of the estate file, for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawEstate).to_value()
}

#[cfg(test)]
mod tests;
