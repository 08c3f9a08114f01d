//! The issuers' chains, read from their files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use super::{Estate, EstateError};
use crate::model::{Authority, Desired, Issuer, IssuerName};
use crate::pki::{FILE_LIMIT, Parsed, PkiError, order_chain, read_bundle};

impl Estate {
    /// What should be: every certificate that a rule covers, and the chains of the issuers that those rules
    /// name, read from their files now.
    ///
    /// # Errors
    /// [`EstateError::ChainUnreadable`], [`EstateError::ChainWrong`] or [`EstateError::NoAuthority`] for the
    /// first issuer whose file does not give one chain.
    pub fn desired(&self) -> Result<Desired, EstateError> {
        let named: BTreeSet<&IssuerName> = self
            .certificates
            .iter()
            .map(|wanted| &wanted.issuer)
            .collect();
        let mut issuers = BTreeMap::new();
        for (name, source) in &self.issuers {
            if named.contains(name) {
                issuers.insert(name.clone(), read_issuer(name, &source.chain)?);
            }
        }
        Ok(Desired {
            certificates: self.certificates.clone(),
            issuers,
            backup_not_older_than: self.backup_not_older_than,
            valid_for: self.valid_for,
            order: self.order.clone(),
            phone_polls: self.phone_polls,
        })
    }
}

fn read_issuer(issuer: &IssuerName, path: &Path) -> Result<Issuer, EstateError> {
    let wrong = |why: PkiError| EstateError::ChainWrong {
        issuer: issuer.clone(),
        path: path.to_owned(),
        why: Box::new(why),
    };
    let bytes = read(path).map_err(|why| EstateError::ChainUnreadable {
        issuer: issuer.clone(),
        path: path.to_owned(),
        why,
    })?;
    let found = read_bundle(&bytes, "the file").map_err(wrong)?;
    let chain = order_chain(found).map_err(wrong)?;
    // The last one signed nothing here, so nothing else has looked at it.
    if let Some(Parsed { facts, .. }) = chain.iter().find(|one| !one.facts.authority) {
        return Err(EstateError::NoAuthority {
            issuer: issuer.clone(),
            path: path.to_owned(),
            title: facts.title().to_owned(),
        });
    }
    let authority = |one: Parsed| Authority {
        certificate: one.facts,
        pem: one.pem,
    };
    Ok(Issuer {
        chain: chain.into_iter().map(authority).collect(),
    })
}

/// At most one byte more than [`read_bundle`] takes, so that it can say that there are too many.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
