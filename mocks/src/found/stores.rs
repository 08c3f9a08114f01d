//! What nodes hold when the lab starts: identities by purpose, and trust.

use std::collections::BTreeMap;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::TomcatStart;
use crate::authority::Authority;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::state::{Identity, Node};
use crate::trust;

/// Authorities of the past, and the one of today.
pub(super) struct Stores {
    root: X509,
    today: Identity,
    /// The issuing authority before today's, below the same root.
    former: Identity,
    /// A root that signed leaves itself, before the company was bought.
    old: Identity,
}

impl Stores {
    pub(super) fn found(authority: &Authority, now: i64) -> Result<Self, ErrorStack> {
        let former_days = Validity::days(now, 1500, 1000);
        let former_key = KeyRing::elliptic(256)?;
        let former = mint::authority(
            "Example Corp Issuing CA 1",
            former_key,
            Some(&authority.root),
            former_days,
        )?;
        let old_key = KeyRing::elliptic(256)?;
        let old = mint::authority(
            "Bygone Telephones CA",
            old_key,
            None,
            Validity::days(now, 3000, 700),
        )?;
        Ok(Self {
            root: authority.root.certificate.clone(),
            today: authority.issuing.clone(),
            former,
            old,
        })
    }

    /// The identities of one node. All but tomcat are self-signed and good for years.
    ///
    /// claim: CUCM-PURPOSES, CUCM-REST-PURPOSE-SPELLING
    pub(super) fn identities(
        &self,
        name: &str,
        publisher: bool,
        start: TomcatStart,
        keys: &KeyRing,
        now: i64,
    ) -> Result<BTreeMap<String, Identity>, ErrorStack> {
        let mut identities = BTreeMap::new();
        identities.insert(
            "tomcat".to_owned(),
            self.starting("tomcat", name, start, keys.rsa(2048)?, now)?,
        );
        let curve = [
            "tomcat-ECDSA",
            "CallManager-ECDSA",
            "ipsec",
            "TVS",
            "ITLRecovery",
        ];
        let of_publisher: &[&str] = if publisher { &["CAPF"] } else { &[] };
        for purpose in curve.iter().chain(of_publisher) {
            identities.insert(
                (*purpose).to_owned(),
                lasting(name, purpose, KeyRing::elliptic(256)?, now)?,
            );
        }
        identities.insert(
            "CallManager".to_owned(),
            lasting(name, "CallManager", keys.rsa(2048)?, now)?,
        );
        Ok(identities)
    }

    /// A certificate that starts as the lab's configuration says.
    pub(super) fn starting(
        &self,
        purpose: &str,
        name: &str,
        start: TomcatStart,
        key: PKey<Private>,
        now: i64,
    ) -> Result<Identity, ErrorStack> {
        let names = [name.to_owned()];
        let wanted = Wanted {
            common_name: name,
            names: &names,
            purpose,
        };
        let (issuer, validity) = match start {
            TomcatStart::SelfSigned(days) => {
                return mint::self_signed(&wanted, key, Validity::days(now, 1825 - days, days));
            }
            TomcatStart::Expired => (&self.former, Validity::days(now, 367, -2)),
            TomcatStart::Expiring(days) => (&self.former, Validity::days(now, 365 - days, days)),
            TomcatStart::SignedByOldCa => (&self.old, Validity::days(now, 165, 200)),
            TomcatStart::Good => (&self.today, Validity::days(now, 25, 300)),
        };
        let request = mint::request(&wanted, &key, MessageDigest::sha256())?;
        Ok(Identity {
            certificate: mint::sign_as_asked(&request, issuer, validity)?,
            key,
        })
    }

    /// The stores of a node before its cluster is introduced. Today's issuing authority is in them only where a node
    /// already has a certificate of it.
    ///
    /// claim: CUCM-TRUST-STORES
    pub(super) fn trusts(&self, with_today: bool) -> BTreeMap<String, Vec<X509>> {
        let stores = [
            "tomcat-trust",
            "CallManager-trust",
            "CAPF-trust",
            "ipsec-trust",
            "TVS-trust",
        ];
        let mut trusts: BTreeMap<String, Vec<X509>> = stores
            .into_iter()
            .map(|store| (store.to_owned(), Vec::new()))
            .collect();
        trusts.insert("tomcat-trust".to_owned(), self.corporate(with_today));
        trusts
    }

    /// The authorities that signed certificates of the past, and today's where one is in use.
    pub(super) fn corporate(&self, with_today: bool) -> Vec<X509> {
        let mut authorities = vec![
            self.root.clone(),
            self.former.certificate.clone(),
            self.old.certificate.clone(),
        ];
        if with_today {
            authorities.push(self.today.certificate.clone());
        }
        authorities
    }
}

pub(super) fn lasting(
    name: &str,
    purpose: &str,
    key: PKey<Private>,
    now: i64,
) -> Result<Identity, ErrorStack> {
    let names = [name.to_owned()];
    let common_name = if purpose == "CAPF" {
        "CAPF-1a2b3c4d"
    } else {
        name
    };
    let wanted = Wanted {
        common_name,
        names: &names,
        purpose,
    };
    mint::self_signed(&wanted, key, Validity::days(now, 400, 1400))
}

/// Puts every node's self-signed certificates into the stores of all, as the cluster does by itself.
pub(super) fn introduce(nodes: &mut [Node]) {
    let purposes = [
        ("tomcat", "tomcat-trust"),
        ("CallManager", "CallManager-trust"),
        ("ipsec", "ipsec-trust"),
        ("CAPF", "CAPF-trust"),
        ("cup", "cup-trust"),
        ("cup-xmpp", "cup-xmpp-trust"),
    ];
    let mut known = Vec::new();
    for node in nodes.iter() {
        for (purpose, store) in purposes {
            let identity = node
                .identities
                .get(purpose)
                .map(|identity| identity.certificate.clone());
            known.extend(
                identity
                    .filter(crate::state::is_self_signed)
                    .map(|certificate| (store, certificate)),
            );
        }
    }
    for node in nodes {
        for (store, certificate) in &known {
            if let Some(entries) = node.trusts.get_mut(*store) {
                trust::place(entries, certificate);
            }
        }
    }
}
