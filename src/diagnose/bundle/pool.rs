//! Certificates of several files, each once, and the chains that their signatures make.

use std::collections::{BTreeMap, BTreeSet};

use super::{Listed, Place};
use crate::diagnose::forms::Forms;
use crate::model::{Certificate, Fingerprint};
use crate::pki::{Parsed, link_all};

/// All certificates of all files, each once, with links between them.
pub(super) struct Pool {
    pub(super) certificates: Vec<Parsed>,
    pub(super) files: BTreeMap<Fingerprint, Vec<String>>,
}

impl Pool {
    pub(super) fn of(forms: Forms) -> Self {
        let mut certificates = Vec::new();
        let mut files: BTreeMap<Fingerprint, Vec<String>> = BTreeMap::new();
        for file in forms.files {
            for certificate in file.certificates.into_iter().flatten() {
                let holders = files.entry(certificate.facts.sha256.clone()).or_default();
                if holders.is_empty() {
                    certificates.push(certificate);
                }
                holders.push(file.name.clone());
            }
        }
        link_all(&mut certificates);
        Self {
            certificates,
            files,
        }
    }

    fn get(&self, fingerprint: &Fingerprint) -> Option<&Parsed> {
        self.certificates
            .iter()
            .find(|certificate| certificate.facts.sha256 == *fingerprint)
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = &Parsed> {
        self.certificates
            .iter()
            .filter(|certificate| place(&certificate.facts) == Place::Leaf)
    }

    /// From a certificate up to its root, as far as signatures lead.
    fn path<'p>(&'p self, from: &'p Parsed) -> Vec<&'p Parsed> {
        let mut path = vec![from];
        while let Some(last) = path.last().filter(|last| !last.facts.is_self_signed()) {
            let next = last
                .facts
                .signed_by
                .iter()
                .filter_map(|signer| self.get(signer))
                .find(|signer| {
                    path.iter()
                        .all(|seen| seen.facts.sha256 != signer.facts.sha256)
                });
            let Some(next) = next else { break };
            path.push(next);
        }
        path
    }

    /// A chain for each end certificate; then one for each authority that is in none of them, lowest first.
    pub(super) fn chains(&self) -> Vec<Vec<&Parsed>> {
        let mut chains: Vec<Vec<&Parsed>> = self.leaves().map(|leaf| self.path(leaf)).collect();
        let mut covered: BTreeSet<&Fingerprint> = chains
            .iter()
            .flatten()
            .map(|certificate| &certificate.facts.sha256)
            .collect();
        let mut rest: Vec<Vec<&Parsed>> = self
            .certificates
            .iter()
            .filter(|certificate| !covered.contains(&certificate.facts.sha256))
            .map(|certificate| self.path(certificate))
            .collect();
        rest.sort_by_key(|path| std::cmp::Reverse(path.len()));
        for path in rest {
            let Some(first) = path.first() else { continue };
            if !covered.contains(&first.facts.sha256) {
                covered.extend(path.iter().map(|certificate| &certificate.facts.sha256));
                chains.push(path);
            }
        }
        chains
    }

    pub(super) fn listed(&self, chains: &[Vec<&Parsed>]) -> Vec<Listed> {
        let mut seen = BTreeSet::new();
        let mut listed = Vec::new();
        for (number, chain) in (1..).zip(chains) {
            for certificate in chain {
                let facts = &certificate.facts;
                if seen.insert(&facts.sha256) {
                    let mut files = self.files.get(&facts.sha256).cloned().unwrap_or_default();
                    files.dedup();
                    listed.push(Listed {
                        chain: number,
                        place: place(facts),
                        certificate: facts.clone(),
                        files,
                    });
                }
            }
        }
        listed
    }
}

/// A self-signed certificate that is no authority is an end certificate.
fn place(facts: &Certificate) -> Place {
    match (facts.authority, facts.is_self_signed()) {
        (false, _) => Place::Leaf,
        (true, true) => Place::Root,
        (true, false) => Place::Intermediate,
    }
}
