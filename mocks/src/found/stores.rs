//! What nodes hold when the lab starts: identities by purpose, and trust.

use std::collections::BTreeMap;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use sha2::{Digest as _, Sha256};

use super::{LabConfig, TomcatStart};
use crate::authority::Authority;
use crate::expressway::ExpresswayConfig;
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::state::{Identity, Node, is_self_signed};
use crate::trust;
use crate::upload::trust_store_of;

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

    /// The public authorities that sign for whoever faces the internet, in place of the corporate ones.
    pub(super) fn public(&self, now: i64) -> Result<Self, ErrorStack> {
        let (long, short) = (
            Validity::days(now, 2000, 5000),
            Validity::days(now, 700, 2000),
        );
        let root = mint::authority("Public Trust Root", KeyRing::elliptic(256)?, None, long)?;
        let key = KeyRing::elliptic(256)?;
        let issuing = mint::authority("Public Trust Issuing CA 1", key, Some(&root), short)?;
        Ok(Self {
            root: root.certificate,
            today: issuing.clone(),
            former: issuing,
            old: self.old.clone(),
        })
    }

    /// The authorities of certificates that are in use, root first.
    pub(super) fn chain(&self) -> Vec<X509> {
        vec![self.root.clone(), self.former.certificate.clone()]
    }

    /// The identities of one node. Those that are not to be renewed are self-signed and good for years.
    ///
    /// claim: CUCM-PURPOSES, CUCM-REST-PURPOSE-SPELLING
    pub(super) fn identities(
        &self,
        config: &LabConfig,
        name: &str,
        position: usize,
        keys: &KeyRing,
        now: i64,
    ) -> Result<BTreeMap<String, Identity>, ErrorStack> {
        let publisher = position == 0;
        let start = config.start_of(position);
        let mut purposes = vec![
            "tomcat",
            "tomcat-ECDSA",
            "CallManager",
            "CallManager-ECDSA",
            "ipsec",
            "TVS",
        ];
        purposes.extend(config.has_capf(publisher).then_some("CAPF"));
        purposes.extend(publisher.then_some("ITLRecovery"));
        let mut identities = BTreeMap::new();
        for purpose in purposes {
            let names = [name.to_owned()];
            let common_name = common_name_of(name, publisher, purpose);
            let wanted = Wanted {
                common_name: &common_name,
                names: &names,
                purpose,
            };
            let key = if config.starts_with_rsa(purpose, publisher) {
                keys.rsa(2048)?
            } else {
                KeyRing::elliptic(256)?
            };
            let identity = if config.renews(purpose, publisher) {
                self.started(&wanted, start, key, now)?
            } else if config.signs_for_expressway(purpose) {
                self.started(&wanted, TomcatStart::Expiring(300), key, now)?
            } else {
                mint::self_signed(&wanted, key, Validity::days(now, 400, 1400))?
            };
            identities.insert(purpose.to_owned(), identity);
        }
        Ok(identities)
    }

    /// One certificate for all nodes of a cluster.
    ///
    /// claim: CUCM-MULTI-SERVER-CN
    pub(super) fn shared(
        &self,
        config: &LabConfig,
        nodes: &[Node],
        keys: &KeyRing,
        now: i64,
    ) -> Result<Option<Identity>, ErrorStack> {
        let Some(first) = nodes.first() else {
            return Ok(None);
        };
        let names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
        let wanted = Wanted {
            common_name: &format!("{}-ms.{}", first.host(), first.domain()),
            names: &names,
            purpose: "tomcat",
        };
        self.started(&wanted, config.start_of(0), keys.rsa(2048)?, now)
            .map(Some)
    }

    /// A certificate that starts as the lab's configuration says.
    pub(super) fn started(
        &self,
        wanted: &Wanted<'_>,
        start: TomcatStart,
        key: PKey<Private>,
        now: i64,
    ) -> Result<Identity, ErrorStack> {
        let (issuer, validity) = match start {
            TomcatStart::SelfSigned(days) => {
                return mint::self_signed(wanted, key, Validity::days(now, 1825 - days, days));
            }
            TomcatStart::Expired => (&self.former, Validity::days(now, 367, -2)),
            TomcatStart::Expiring(days) => (&self.former, Validity::days(now, 365 - days, days)),
            TomcatStart::SignedByOldCa => (&self.old, Validity::days(now, 165, 200)),
            TomcatStart::Good => (&self.today, Validity::days(now, 25, 300)),
        };
        let request = mint::request(wanted, &key, MessageDigest::sha256())?;
        Ok(Identity {
            certificate: mint::sign_as_asked(&request, issuer, validity)?,
            key,
        })
    }

    /// The stores of a node before its cluster is introduced. Today's issuing authority is in them only where a node
    /// already has a certificate of it.
    ///
    /// claim: CUCM-TRUST-STORES
    pub(super) fn trusts(&self, config: &LabConfig) -> BTreeMap<String, Vec<X509>> {
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
        let corporate = self.corporate(config);
        let mut holding: Vec<String> = config
            .purposes
            .iter()
            .map(|purpose| trust_store_of(purpose))
            .collect();
        holding.push("tomcat-trust".to_owned());
        if config.reuse
            || config.expressway.is_some()
            || holding.iter().any(|store| store == "CAPF-trust")
        {
            holding.push("CallManager-trust".to_owned());
        }
        for store in holding {
            if let Some(entries) = trusts.get_mut(&store) {
                entries.clone_from(&corporate);
            }
        }
        trusts
    }

    /// The authorities that signed certificates of the past, and today's where one is in use.
    pub(super) fn corporate(&self, config: &LabConfig) -> Vec<X509> {
        let mut authorities = vec![
            self.root.clone(),
            self.former.certificate.clone(),
            self.old.certificate.clone(),
        ];
        let good = |expressway: &ExpresswayConfig| expressway.start == TomcatStart::Good;
        if config.tomcat.contains(&TomcatStart::Good)
            || config.expressway.as_ref().is_some_and(good)
        {
            authorities.push(self.today.certificate.clone());
        }
        authorities
    }
}

/// CAPF is named by itself; everything else by its node.
fn common_name_of(name: &str, publisher: bool, purpose: &str) -> String {
    match purpose {
        "CAPF" if publisher => "CAPF-1a2b3c4d".to_owned(),
        "CAPF" => {
            let print = hex::encode(Sha256::digest(name));
            format!("CAPF-{}", print.chars().take(8).collect::<String>())
        }
        _ => name.to_owned(),
    }
}

/// Puts every node's self-signed certificates into the stores of all, as the cluster does by itself, and CAPF whoever
/// signed it.
///
/// claim: CUCM-CAPF-KEEPS-FORMER
pub(super) fn introduce(nodes: &mut [Node]) {
    let purposes = [
        ("tomcat", "tomcat-trust"),
        ("CallManager", "CallManager-trust"),
        ("ipsec", "ipsec-trust"),
        ("CAPF", "CAPF-trust"),
        ("CAPF", "CallManager-trust"),
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
                    .filter(|own| purpose == "CAPF" || is_self_signed(own))
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
