//! The certificates that edges speak of, from several observations.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::{Certificate, Fingerprint};

/// What is known of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It was verified with the signer's key.
    Verified,
    /// Both were known together, and it was not made with that key.
    Refuted,
    /// The two were never known together, so nobody has looked.
    NotChecked,
}

/// The group of what is known together with everything.
const EVERY: usize = usize::MAX;

/// Certificates by fingerprint. Signatures were verified among those that were read together, so where each comes from
/// is kept.
#[derive(Clone, Debug, Default)]
pub struct Pool<'a> {
    known: BTreeMap<Fingerprint, Vec<(usize, Cow<'a, Certificate>)>>,
    groups: usize,
}

impl<'a> Pool<'a> {
    /// A pool of the certificates that were read together.
    pub fn of(together: &'a BTreeMap<Fingerprint, Certificate>) -> Self {
        let mut pool = Self::default();
        pool.join(together);
        pool
    }

    /// Adds certificates that were read together.
    pub fn join(&mut self, together: &'a BTreeMap<Fingerprint, Certificate>) {
        for (sha256, certificate) in together {
            let copies = self.known.entry(sha256.clone()).or_default();
            copies.push((self.groups, Cow::Borrowed(certificate)));
        }
        self.groups += 1;
    }

    /// Adds one that does not exist yet, and whose `signed_by` says all about its signature.
    pub(super) fn foretell(&mut self, certificate: Certificate) {
        let copies = self.known.entry(certificate.sha256.clone()).or_default();
        copies.push((EVERY, Cow::Owned(certificate)));
    }

    /// A certificate.
    pub fn get(&self, sha256: &Fingerprint) -> Option<&Certificate> {
        let (_, certificate) = self.known.get(sha256)?.first()?;
        Some(certificate)
    }

    /// Everything that is known to have signed a certificate, itself included.
    pub fn signers<'p>(
        &'p self,
        of: &Fingerprint,
    ) -> impl Iterator<Item = &'p Fingerprint> + use<'p> {
        let copies = self.known.get(of).into_iter().flatten();
        copies.flat_map(|(_, copy)| &copy.signed_by)
    }

    /// Whether its own key signed a certificate.
    pub fn is_self_signed(&self, sha256: &Fingerprint) -> bool {
        self.signers(sha256).any(|signer| signer == sha256)
    }

    /// Whether a certificate's signature is that of another.
    pub fn signature(&self, of: &Fingerprint, by: &Fingerprint) -> Signature {
        if self.signers(of).any(|signer| signer == by) {
            return Signature::Verified;
        }
        let groups = |sha256| self.known.get(sha256).into_iter().flatten();
        let met = |one: usize, other: usize| one == other || one == EVERY || other == EVERY;
        let together = groups(of).any(|(one, _)| groups(by).any(|(other, _)| met(*one, *other)));
        if together {
            Signature::Refuted
        } else {
            Signature::NotChecked
        }
    }
}
