//! What the nodes of the smaller products hold: lists of purposes and of stores.

use std::collections::BTreeMap;

use openssl::error::ErrorStack;
use openssl::x509::X509;

use super::stores::lasting;
use super::{Founding, TomcatStart};
use crate::pki::keys::KeyRing;
use crate::state::Identity;
use crate::upload::trust_store_of;

/// The purposes and the trust stores of one kind of node.
pub(super) struct Holdings {
    pub(super) rsa: &'static [&'static str],
    pub(super) elliptic: &'static [&'static str],
    pub(super) stores: &'static [&'static str],
}

impl Holdings {
    /// The identities of the node at a position of its cluster, publisher first.
    pub(super) fn identities(
        &self,
        founding: &Founding<'_>,
        name: &str,
        position: usize,
    ) -> Result<BTreeMap<String, Identity>, ErrorStack> {
        let start = founding.config.start_of(position);
        let now = founding.now;
        let one = |purpose: &str| {
            let key = if purpose.ends_with("-ECDSA") {
                KeyRing::elliptic(256)?
            } else {
                founding.keys.rsa(2048)?
            };
            let identity = if founding.config.starts_due(purpose) {
                founding.stores.starting(purpose, name, start, key, now)?
            } else {
                lasting(name, purpose, key, now)?
            };
            Ok((purpose.to_owned(), identity))
        };
        let purposes = self.rsa.iter().chain(self.elliptic);
        purposes.map(|purpose| one(purpose)).collect()
    }

    /// The stores, with the corporate authorities in those whose certificates start signed.
    pub(super) fn trusts(&self, founding: &Founding<'_>) -> BTreeMap<String, Vec<X509>> {
        let config = founding.config;
        let with_today = config.tomcat.contains(&TomcatStart::Good);
        let signed = |store: &str| {
            let mut purposes = self.rsa.iter().chain(self.elliptic);
            purposes.any(|purpose| trust_store_of(purpose) == store && config.starts_due(purpose))
        };
        let filled = |store: &str| {
            if signed(store) {
                founding.stores.corporate(with_today)
            } else {
                Vec::new()
            }
        };
        let stores = self.stores.iter();
        stores
            .map(|store| ((*store).to_owned(), filled(store)))
            .collect()
    }
}
