//! The procedures: what renewing each purpose of each product takes, as data, with the source of every line.
//!
//! They are built into the program from `playbooks/` and may be replaced by a folder of the same shape. A playbook
//! can choose among what documents say; it cannot loosen an invariant, because those are code.

mod check;
mod ledger;
mod narrow;
mod raw;
mod releases;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use ledger::{Claim, Evidence};
pub use narrow::NarrowError;
pub use releases::{range_words, release_named};

use crate::model::{Appliance, ClaimId, Procedure, Purpose};
use crate::yaml::{Document, Problems, UnreadableError};
use raw::RawPlaybook;

/// Files of `playbooks/` with their path under it.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../playbooks/", $path)))),*]
    };
}

/// The playbooks built into the program, by their path under `playbooks/`.
const EMBEDDED: &[(&str, &str)] = embedded![
    "cucm/CAPF.yaml",
    "cucm/CallManager-ECDSA.yaml",
    "cucm/CallManager.yaml",
    "cucm/ITLRecovery.yaml",
    "cucm/TVS.yaml",
    "cucm/ipsec.yaml",
    "cucm/tomcat-ECDSA.yaml",
    "cucm/tomcat.yaml",
    "expressway-c/client.yaml",
    "expressway-c/server.yaml",
    "expressway-e/client.yaml",
    "expressway-e/server.yaml",
    "im-presence/cup-ECDSA.yaml",
    "im-presence/cup-xmpp-ECDSA.yaml",
    "im-presence/cup-xmpp-s2s-ECDSA.yaml",
    "im-presence/cup-xmpp-s2s.yaml",
    "im-presence/cup-xmpp.yaml",
    "im-presence/cup.yaml",
    "im-presence/ipsec.yaml",
    "im-presence/tomcat-ECDSA.yaml",
    "im-presence/tomcat.yaml",
    "unity-connection/ipsec.yaml",
    "unity-connection/tomcat-ECDSA.yaml",
    "unity-connection/tomcat.yaml",
];

const LEDGER: &str = "claims.yaml";

/// Every procedure, and the ledger that they cite.
#[derive(Clone, Debug)]
pub struct Library {
    procedures: Vec<Procedure>,
    claims: BTreeMap<ClaimId, Claim>,
}

/// Why there are no procedures.
#[derive(Debug, thiserror::Error)]
pub enum PlaybookError {
    /// A file cannot be read as text.
    #[error("the playbooks: {0}")]
    Unreadable(#[from] UnreadableError),
    /// The folder cannot be listed.
    #[error("cannot list the playbooks in {}: {why}; name a folder shaped like `playbooks/`", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// Files are wrong. Displays every problem with file, line, column and the line itself.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// Two files describe the same renewal.
    #[error("{first} and {second} both describe {purpose} of {product}; keep one")]
    Twice {
        /// The product.
        product: Appliance,
        /// The purpose.
        purpose: Purpose,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// The folder holds no playbook.
    #[error("expected playbooks such as cucm/tomcat.yaml in {}, found none", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
}

impl Library {
    /// The procedures built into the program.
    ///
    /// # Errors
    /// [`PlaybookError::Wrong`] if this build's own files are wrong, which its tests rule out.
    pub fn embedded() -> Result<Self, PlaybookError> {
        let documents = EMBEDDED
            .iter()
            .map(|(name, text)| Document::new(format!("playbooks/{name}"), *text));
        Self::read(documents.collect(), claims()?)
    }

    /// The procedures of a folder, instead of the built-in ones: every `.yaml` file in it and in its folders. Its
    /// `claims.yaml` is the ledger; without one the built-in ledger is.
    ///
    /// # Errors
    /// [`PlaybookError`]; everything that is wrong with any of the files is reported at once.
    pub fn load(folder: &Path) -> Result<Self, PlaybookError> {
        let mut files = yaml_files(folder)?;
        for below in list(folder)?.into_iter().filter(|path| path.is_dir()) {
            files.extend(yaml_files(&below)?);
        }
        let ledger = folder.join(LEDGER);
        let claims = if ledger.exists() {
            ledger::read(&Document::read(&ledger)?)?
        } else {
            claims()?
        };
        files.retain(|path| *path != ledger);
        if files.is_empty() {
            return Err(PlaybookError::Empty {
                folder: folder.to_owned(),
            });
        }
        let documents = files.iter().map(|path| Document::read(path));
        Self::read(documents.collect::<Result<_, _>>()?, claims)
    }

    fn read(
        documents: Vec<Document>,
        claims: BTreeMap<ClaimId, Claim>,
    ) -> Result<Self, PlaybookError> {
        let mut procedures: Vec<(String, Procedure)> = Vec::new();
        let mut wrong: Option<Problems> = None;
        for document in documents {
            match read_procedure(&document, &claims) {
                Ok(procedure) => procedures.push((document.name().to_owned(), procedure)),
                Err(problems) => match &mut wrong {
                    Some(wrong) => wrong.append(problems),
                    None => wrong = Some(problems),
                },
            }
        }
        if let Some(wrong) = wrong {
            return Err(wrong.into());
        }
        procedures
            .sort_by(|(_, a), (_, b)| (a.appliance, &a.purpose).cmp(&(b.appliance, &b.purpose)));
        for ((first, a), (second, b)) in procedures.iter().zip(procedures.iter().skip(1)) {
            if (a.appliance, &a.purpose) == (b.appliance, &b.purpose) {
                return Err(PlaybookError::Twice {
                    product: a.appliance,
                    purpose: a.purpose.clone(),
                    first: first.clone(),
                    second: second.clone(),
                });
            }
        }
        Ok(Self {
            procedures: procedures
                .into_iter()
                .map(|(_, procedure)| procedure)
                .collect(),
            claims,
        })
    }

    /// Every procedure, by product and purpose.
    pub fn procedures(&self) -> &[Procedure] {
        &self.procedures
    }

    /// The procedure of one purpose on one kind of node, if there is one.
    pub fn procedure(&self, appliance: Appliance, purpose: &Purpose) -> Option<&Procedure> {
        self.procedures
            .iter()
            .find(|procedure| procedure.appliance == appliance && procedure.purpose == *purpose)
    }

    /// The ledger that the procedures cite.
    pub fn claims(&self) -> &BTreeMap<ClaimId, Claim> {
        &self.claims
    }
}

/// The built-in ledger of claims.
///
/// # Errors
/// [`PlaybookError::Wrong`] if this build's own file is wrong, which its tests rule out.
pub fn claims() -> Result<BTreeMap<ClaimId, Claim>, PlaybookError> {
    let text = include_str!("../../playbooks/claims.yaml");
    Ok(ledger::read(&Document::new(
        format!("playbooks/{LEDGER}"),
        text,
    ))?)
}

/// The JSON Schema of a playbook, for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawPlaybook).to_value()
}

fn read_procedure(
    document: &Document,
    claims: &BTreeMap<ClaimId, Claim>,
) -> Result<Procedure, Problems> {
    let raw: RawPlaybook = document.parse()?;
    check::check(&raw, claims).map_err(|problems| document.report(problems))
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, PlaybookError> {
    let mut files = list(folder)?;
    files.retain(|path| path.is_file() && path.extension().is_some_and(|ending| ending == "yaml"));
    Ok(files)
}

/// Sorted, so that problems come in the same order on every machine.
fn list(folder: &Path) -> Result<Vec<PathBuf>, PlaybookError> {
    let failed = |why| PlaybookError::Folder {
        folder: folder.to_owned(),
        why,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod embedded_basis_tests;
#[cfg(test)]
mod embedded_tests;
#[cfg(test)]
mod tests;
