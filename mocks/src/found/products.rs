//! What the nodes of the smaller products hold: lists of purposes and of stores.

use std::collections::BTreeMap;

use openssl::error::ErrorStack;
use openssl::x509::X509;

use super::{Founding, TomcatStart};
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
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
        let (config, now) = (founding.config, founding.now);
        let start = config.start_of(position);
        let names = [name.to_owned()];
        let one = |purpose: &str| {
            let key = if purpose.ends_with("-ECDSA") {
                KeyRing::elliptic(256)?
            } else {
                founding.keys.rsa(2048)?
            };
            let wanted = Wanted {
                common_name: name,
                names: &names,
                purpose,
            };
            let identity = if config.renews(purpose, position == 0) {
                founding.stores.started(&wanted, start, key, now)?
            } else if config.signs_for_expressway(purpose) {
                let start = TomcatStart::Expiring(300);
                founding.stores.started(&wanted, start, key, now)?
            } else {
                mint::self_signed(&wanted, key, Validity::days(now, 400, 1400))?
            };
            Ok((purpose.to_owned(), identity))
        };
        let purposes = self.rsa.iter().chain(self.elliptic);
        purposes.map(|purpose| one(purpose)).collect()
    }

    /// The stores, with the corporate authorities in those whose certificates start signed.
    pub(super) fn trusts(&self, founding: &Founding<'_>) -> BTreeMap<String, Vec<X509>> {
        let config = founding.config;
        let signed = |store: &str| {
            let mut purposes = config.purposes.iter();
            let shared = store == "cup-xmpp-trust" && config.expressway.is_some();
            let renewed = purposes.any(|purpose| trust_store_of(purpose) == store);
            store == "tomcat-trust" || shared || renewed
        };
        let filled = |store: &str| {
            if signed(store) {
                founding.stores.corporate(config)
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
