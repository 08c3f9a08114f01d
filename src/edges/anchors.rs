//! A trust store as the end that verifies with it looks things up.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Certificate, Fingerprint};

use super::Pool;

/// What a trust store holds, in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors {
    order: Vec<Fingerprint>,
    held: BTreeSet<Fingerprint>,
    /// By folded common name (or subject): the first entry of that name.
    first: BTreeMap<String, Fingerprint>,
    /// Entries that are not among the certificates.
    unread: usize,
}

impl Anchors {
    /// The entries of a store, in the order in which the store lists them.
    pub fn of<'f>(entries: impl IntoIterator<Item = &'f Fingerprint>, pool: &Pool<'_>) -> Self {
        let mut anchors = Self::default();
        for entry in entries {
            anchors.add(entry, pool);
        }
        anchors
    }

    /// Appends an entry; nothing if it is there.
    pub fn add(&mut self, entry: &Fingerprint, pool: &Pool<'_>) {
        if !self.held.insert(entry.clone()) {
            return;
        }
        self.order.push(entry.clone());
        match pool.get(entry) {
            Some(certificate) => {
                let name = folded(certificate.title());
                self.first.entry(name).or_insert_with(|| entry.clone());
            }
            None => self.unread += 1,
        }
    }

    /// Appends an entry to a store that keeps one certificate of a name, and says whether others went. Source: rule U7.
    pub(super) fn replace(&mut self, entry: &Fingerprint, pool: &Pool<'_>) -> bool {
        let incoming = pool.get(entry).map(|incoming| folded(incoming.title()));
        let taken = incoming
            .as_ref()
            .is_some_and(|name| self.first.contains_key(name));
        let before = self.order.len();
        if taken {
            let namesake = |held: &Fingerprint| {
                let known = pool.get(held).map(|known| folded(known.title()));
                known == incoming
            };
            let order = std::mem::take(&mut self.order);
            let kept = order
                .iter()
                .filter(|held| *held == entry || !namesake(held));
            *self = Self::of(kept, pool);
        }
        let dropped = self.order.len() < before;
        self.add(entry, pool);
        dropped
    }

    /// Whether an entry is there.
    pub fn holds(&self, sha256: &Fingerprint) -> bool {
        self.held.contains(sha256)
    }

    /// The entries.
    pub fn entries(&self) -> &[Fingerprint] {
        &self.order
    }

    /// The entry that is found where a certificate's common name is looked up.
    pub(super) fn first_named(&self, certificate: &Certificate) -> Option<&Fingerprint> {
        self.first.get(&folded(certificate.title()))
    }

    /// How many entries could not be read.
    pub(super) fn unread(&self) -> usize {
        self.unread
    }
}

/// A name as names are compared: case and runs of spaces do not matter. Source: RFC 5280 §7.1.
pub(super) fn folded(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}
