//! The way from a certificate up to a trusted root, as each product looks for it.

use jiff::Timestamp;

use crate::model::{Certificate, Fingerprint, ServedChain};

use super::anchors::folded;
use super::{Anchors, Break, Caution, Edge, Pool, Profile, Signature};

/// No chain of any authority is as long; what comes from a device may be.
const LONGEST_CHAIN: usize = 16;

/// What a look for the chain found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) breaks: Vec<Break>,
    pub(super) cautions: Vec<Caution>,
    pub(super) unknown: Vec<String>,
}

/// One look.
struct Search<'s, 'p> {
    edge: &'s Edge,
    sent: &'s ServedChain,
    store: &'s Anchors,
    pool: &'s Pool<'p>,
    /// From the leaf up.
    path: Vec<&'s Certificate>,
    found: Found,
}

/// How a certificate may have been signed by another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Yes,
    No,
    /// Names and key identifiers fit, and nobody verified the signature.
    NotChecked,
}

/// Looks for the chain of what is presented, and judges every certificate on the way by the clock.
pub(super) fn search(
    edge: &Edge,
    sent: &ServedChain,
    store: &Anchors,
    pool: &Pool<'_>,
    now: Timestamp,
) -> Found {
    let mut search = Search {
        edge,
        sent,
        store,
        pool,
        path: Vec::new(),
        found: Found::default(),
    };
    search.climb();
    search.dates(now);
    search.found
}

impl<'s> Search<'s, '_> {
    fn climb(&mut self) {
        let mut next = Some(&self.sent.leaf);
        while let Some(sha256) = next {
            let Some(certificate) = self.pool.get(sha256) else {
                let says = format!(
                    "the certificate {} that is presented was not read",
                    sha256.short()
                );
                self.found.unknown.push(says);
                return;
            };
            if self.path.len() >= LONGEST_CHAIN {
                let says = format!("the chain is longer than {LONGEST_CHAIN} certificates");
                self.found.unknown.push(says);
                return;
            }
            self.path.push(certificate);
            next = if self.pool.is_self_signed(sha256) {
                self.at_the_top(certificate);
                None
            } else {
                self.signer_of(certificate)
            };
        }
    }

    fn depth(&self) -> usize {
        self.path.len().saturating_sub(1)
    }

    /// The end of the chain: is it trusted?
    fn at_the_top(&mut self, top: &Certificate) {
        if self.counts(&top.sha256) {
            return;
        }
        let depth = self.depth();
        let title = top.title().to_owned();
        if let Some(hidden) = self.hidden(top, depth, true) {
            self.found.breaks.push(hidden);
        } else if self.unread() {
        } else if depth == 0 {
            let sha256 = top.sha256.clone();
            self.found.breaks.push(Break::SelfSigned { title, sha256 });
        } else if !self.pinned(&title) {
            self.found.breaks.push(Break::AuthorityMissing {
                depth,
                title,
                sha256: Some(top.sha256.clone()),
                sent_along: true,
            });
        }
    }

    /// The certificate above, from the store or from what is sent along.
    fn signer_of(&mut self, child: &'s Certificate) -> Option<&'s Fingerprint> {
        let depth = self.depth();
        let pool = self.pool;
        let signers: Vec<&'s Fingerprint> = pool
            .signers(&child.sha256)
            .filter(|signer| self.link(child, signer) == Link::Yes)
            .collect();
        if let Some(trusted) = signers.iter().find(|signer| self.counts(signer)) {
            return Some(trusted);
        }
        let hidden = signers.iter().find_map(|signer| {
            let certificate = pool.get(signer)?;
            self.hidden(certificate, depth, false)
        });
        let sent = signers
            .iter()
            .find(|signer| self.sent.rest.contains(signer))
            .copied();
        if let Some(sent) = sent {
            let Some(above) = pool.get(sent).filter(|_| !pool.is_self_signed(sent)) else {
                return Some(sent);
            };
            let title = above.title().to_owned();
            if !self.edge.whole_chain {
                self.found.cautions.push(Caution::OnlySentAlong(title));
            } else if let Some(hidden) = hidden {
                self.found.breaks.push(hidden);
            } else {
                self.found.breaks.push(Break::IntermediateMissing {
                    depth,
                    title,
                    sha256: sent.clone(),
                    sent_along: true,
                });
            }
            return Some(sent);
        }
        if let Some(hidden) = hidden {
            self.found.breaks.push(hidden);
        } else {
            self.missing(child, signers.first().copied(), depth);
        }
        None
    }

    /// Nothing above a certificate can be reached.
    fn missing(&mut self, child: &Certificate, signer: Option<&Fingerprint>, depth: usize) {
        let unchecked = self
            .store
            .entries()
            .iter()
            .find(|held| self.link(child, held) == Link::NotChecked);
        if let Some(unchecked) = unchecked.and_then(|held| self.pool.get(held)) {
            self.found.unknown.push(format!(
                "{} is in the store and has the right name, but nobody verified that it signed {}",
                unchecked.title(),
                child.title()
            ));
            return;
        }
        let known = signer.and_then(|signer| self.pool.get(signer));
        let title = known
            .map_or(child.issuer.as_str(), Certificate::title)
            .to_owned();
        if self.unread() || self.pinned(&title) {
            return;
        }
        self.found.breaks.push(match known {
            Some(known) if self.rooted(known) => Break::IntermediateMissing {
                depth,
                title,
                sha256: known.sha256.clone(),
                sent_along: false,
            },
            _ => Break::AuthorityMissing {
                depth,
                title,
                sha256: signer.cloned(),
                sent_along: false,
            },
        });
    }

    /// Whether some authority above one that is missing is trusted.
    fn rooted(&self, missing: &Certificate) -> bool {
        let mut at = &missing.sha256;
        for _ in 0..LONGEST_CHAIN {
            let above = self.pool.signers(at).find(|signer| *signer != at);
            match above {
                Some(above) if self.counts(above) => return true,
                Some(above) => at = above,
                None => return false,
            }
        }
        false
    }

    /// Whether the store holds a certificate where it is looked for.
    fn counts(&self, sha256: &Fingerprint) -> bool {
        let held = self.store.holds(sha256);
        match self.edge.profile {
            Profile::Expressway => held && self.first_of_name(sha256) == Some(sha256),
            Profile::Cucm | Profile::Client => held,
        }
    }

    fn first_of_name(&self, sha256: &Fingerprint) -> Option<&Fingerprint> {
        self.store.first_named(self.pool.get(sha256)?)
    }

    /// A certificate that the store holds, where another of its name stands before it. claim: EXPRESSWAY-TRUST-LIST
    fn hidden(&self, wanted: &Certificate, depth: usize, itself: bool) -> Option<Break> {
        let sha256 = &wanted.sha256;
        let held = self.store.holds(sha256) && !self.counts(sha256);
        let first = self.first_of_name(sha256).filter(|_| held)?;
        Some(Break::NotFirstOfName {
            depth,
            title: wanted.title().to_owned(),
            sha256: sha256.clone(),
            first: first.clone(),
            itself,
        })
    }

    /// Entries of the store that nobody could read may be what is missing.
    fn unread(&mut self) -> bool {
        let unread = self.store.unread();
        if unread > 0 {
            self.found
                .unknown
                .push(format!("{unread} entries of the store were not read"));
        }
        unread > 0
    }

    /// The store of a CUCM node holds a lower certificate of the chain but not its top: no source says whether that is
    /// enough.
    fn pinned(&mut self, missing: &str) -> bool {
        let pinned = self.path.iter().find(|each| self.store.holds(&each.sha256));
        let Some(pinned) = pinned.filter(|_| self.edge.profile == Profile::Cucm) else {
            return false;
        };
        self.found.unknown.push(format!(
            "the store holds {} but not {missing} above it, and no source says whether that is enough",
            pinned.title()
        ));
        true
    }

    fn link(&self, child: &Certificate, signer: &Fingerprint) -> Link {
        let Some(parent) = self.pool.get(signer) else {
            return Link::No;
        };
        let named =
            child.issuer == parent.subject || folded(&child.issuer) == folded(&parent.subject);
        let keyed = match (&child.authority_key_id, &parent.subject_key_id) {
            (Some(wanted), Some(key)) => wanted.eq_ignore_ascii_case(key),
            (None, _) | (_, None) => true,
        };
        if !named || !keyed {
            return Link::No;
        }
        match self.pool.signature(&child.sha256, signer) {
            Signature::Verified => Link::Yes,
            Signature::Refuted => Link::No,
            Signature::NotChecked => Link::NotChecked,
        }
    }

    fn dates(&mut self, now: Timestamp) {
        for (depth, certificate) in self.path.iter().enumerate() {
            let title = || certificate.title().to_owned();
            if certificate.not_after < now {
                self.found.breaks.push(Break::Expired {
                    depth,
                    title: title(),
                    not_after: certificate.not_after,
                });
            } else if now < certificate.not_before {
                self.found.breaks.push(Break::NotYetValid {
                    depth,
                    title: title(),
                    not_before: certificate.not_before,
                });
            }
        }
    }
}
