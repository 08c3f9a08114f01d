//! Requests and uploads: what a node does with them.

use std::sync::Arc;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};

use crate::log::{Channel, Kind, Place};
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::pki::usages::Usages;
use crate::scope;
use crate::trust::{self, Placed};
use crate::upload::{self, Refusal};
use crate::world::{Scene, World};

/// What a request for a certificate asks the node to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestWanted {
    /// The purpose.
    pub purpose: String,
    /// Whether all nodes share it.
    pub multi_server: bool,
    /// The common name.
    pub common_name: String,
    /// Further DNS names.
    pub names: Vec<String>,
    /// Whether the key is an elliptic-curve one.
    pub elliptic: bool,
    /// The key's bits.
    pub bits: u32,
    /// `sha256`, `sha384` or `sha512`.
    pub digest: String,
}

impl World {
    /// Makes a key and a request, and answers the request's PEM. With `stored` false nothing changes on the node.
    ///
    /// # Errors
    /// [`Refusal`] as the node words it.
    pub fn make_request(
        &self,
        place: &Place,
        wanted: &RequestWanted,
        stored: bool,
        channel: Channel,
    ) -> Result<String, Refusal> {
        self.make_request_with(false, place, wanted, stored, channel)
    }

    /// Likewise, with an OU in the subject if it is wanted.
    pub(crate) fn make_request_with(
        &self,
        unit: bool,
        place: &Place,
        wanted: &RequestWanted,
        stored: bool,
        channel: Channel,
    ) -> Result<String, Refusal> {
        let (names, usages) = self.scene(|scene| names_of_request(scene, place, wanted))?;
        let key = self.key_for(wanted)?;
        let digest = match wanted.digest.as_str() {
            "sha256" => MessageDigest::sha256(),
            "sha384" => MessageDigest::sha384(),
            "sha512" => MessageDigest::sha512(),
            other => return Err(Refusal::Body(format!("hashAlgorithm {other} is not known"))),
        };
        let asked = Wanted {
            common_name: &wanted.common_name,
            names: &names,
            purpose: &wanted.purpose,
        };
        let subject = mint::device_subject(&wanted.common_name, unit);
        let request =
            subject.and_then(|subject| mint::request_of(&subject, &asked, usages, &key, digest));
        let request = request.map_err(|_| Refusal::Internal)?;
        let pem = request.to_pem().map_err(|_| Refusal::Internal)?;
        let pem = String::from_utf8(pem).map_err(|_| Refusal::Internal)?;
        if stored {
            self.scene(|scene| {
                scene.store_request(place, wanted, &Arc::new(request), &key, channel);
            });
        }
        Ok(pem)
    }

    fn key_for(&self, wanted: &RequestWanted) -> Result<PKey<Private>, Refusal> {
        let known: &[u32] = if wanted.elliptic {
            &[256, 384]
        } else {
            &[2048, 3072, 4096]
        };
        if !known.contains(&wanted.bits) {
            return Err(Refusal::KeySize);
        }
        let made = if wanted.elliptic {
            KeyRing::elliptic(wanted.bits)
        } else {
            self.keys.rsa(wanted.bits)
        };
        made.map_err(|_| Refusal::Internal)
    }

    /// Stores an identity certificate, the first of `texts`; what follows counts as its chain.
    ///
    /// claim: CUCM-REST-IDENTITY, CUCM-CSR-CONSUMED, CUCM-IDENTITY-MULTI-SPREADS
    ///
    /// # Errors
    /// [`Refusal`] as the node words it.
    pub fn store_identity(
        &self,
        place: &Place,
        purpose: &str,
        texts: &[String],
        channel: Channel,
    ) -> Result<(), Refusal> {
        let mut certificates = Vec::new();
        for text in texts {
            certificates.push(upload::read_certificate(text)?);
        }
        let Some((leaf, along)) = certificates.split_first() else {
            return Err(Refusal::Body("certificates is empty".to_owned()));
        };
        self.scene(|scene| {
            scene.judge_identity_upload(place, purpose, leaf, channel);
            let now = scene.now;
            let node = scene.node(place).ok_or(Refusal::Internal)?;
            upload::judge_identity(node, purpose, leaf, along, now)?;
            let store = upload::trust_store_of(purpose);
            for authority in along {
                scene.store_authority(place, &store, authority, channel);
            }
            scene.install(place, purpose, leaf, channel);
            Ok(())
        })
    }

    /// Puts certificates into the trust stores of these services (without the suffix `-trust`).
    ///
    /// claim: CUCM-REST-TRUST, CUCM-TRUST-REPLICATES
    ///
    /// # Errors
    /// [`Refusal`] as the node words it; certificates before the refused one stay stored.
    pub fn store_trust(
        &self,
        place: &Place,
        services: &[String],
        texts: &[String],
        channel: Channel,
    ) -> Result<(), Refusal> {
        let mut certificates = Vec::new();
        for text in texts {
            certificates.push(upload::read_certificate(text)?);
        }
        self.scene(|scene| {
            let clock = scene.now;
            scene.judge_replication(place, "trust upload", channel);
            for service in services {
                let store = format!(
                    "{}-trust",
                    service.strip_suffix("-trust").unwrap_or(service)
                );
                let node = scene.node(place).ok_or(Refusal::Internal)?;
                if !node.trusts.contains_key(&store) {
                    return Err(Refusal::WrongUnit);
                }
                let clock = node.clock(clock);
                for certificate in &certificates {
                    upload::judge_trust(certificate, clock)?;
                    if scene.store_authority(place, &store, certificate, channel) == Placed::Present
                    {
                        return Err(Refusal::AlreadyPresent);
                    }
                }
            }
            Ok(())
        })
    }

    /// Puts a self-signed certificate in place of whatever a purpose holds, as `set cert regen` does.
    ///
    /// claim: CUCM-WEB-SECURITY-REGENERATES
    ///
    /// # Errors
    /// [`Refusal::WrongUnit`] if the node has no such purpose.
    pub fn regenerate(
        &self,
        place: &Place,
        purpose: &str,
        command: &str,
        channel: Channel,
    ) -> Result<(), Refusal> {
        let key = if purpose.ends_with("-ECDSA") {
            KeyRing::elliptic(384)
        } else {
            self.keys.rsa(2048)
        };
        let key = key.map_err(|_| Refusal::Internal)?;
        self.scene(|scene| {
            let now = scene.now.unix;
            let node = scene.node(place).ok_or(Refusal::Internal)?;
            if !node.identities.contains_key(purpose) {
                return Err(Refusal::WrongUnit);
            }
            let wanted = Wanted {
                common_name: &node.name,
                names: std::slice::from_ref(&node.name),
                purpose,
            };
            let made = mint::self_signed(&wanted, key, Validity::days(now, 0, 1825))
                .map_err(|_| Refusal::Internal)?;
            let detail = format!("{purpose} {}", trust::describe(&made.certificate));
            scene.judge_phone_trust(place, purpose, channel);
            scene.replace(place, purpose, &made);
            scene.note(
                place,
                channel,
                Kind::Effect,
                "identity-regenerated",
                &detail,
            );
            let violation = if command.starts_with("set web-security") {
                "set-web-security"
            } else {
                "regenerate"
            };
            scene.note(
                place,
                channel,
                Kind::Violation,
                violation,
                &format!("{purpose} on {}", place.node),
            );
            Ok(())
        })
    }
}

/// The names a request will carry.
///
/// claim: CUCM-REST-CSR-SAN, CUCM-REST-MULTI-SERVER-SAN, CUCM-MULTI-SERVER-NO-IP
fn names_of_request(
    scene: &mut Scene<'_>,
    place: &Place,
    wanted: &RequestWanted,
) -> Result<(Vec<String>, Usages), Refusal> {
    let cluster = scene.cluster(place).ok_or(Refusal::Internal)?;
    let node = cluster.node(&place.node).ok_or(Refusal::Internal)?;
    let listed = cluster.lists_purpose(&wanted.purpose);
    if !node.identities.contains_key(&wanted.purpose) || wanted.purpose == "ITLRecovery" || !listed
    {
        return Err(Refusal::WrongUnit);
    }
    if wanted.purpose.ends_with("-ECDSA") != wanted.elliptic {
        return Err(Refusal::Body(format!(
            "{} does not take a key of that type",
            wanted.purpose
        )));
    }
    let all = std::iter::once(&wanted.common_name).chain(&wanted.names);
    if all.clone().any(|name| name.contains('*')) {
        return Err(Refusal::Wildcard);
    }
    let mut names = wanted.names.clone();
    if wanted.multi_server {
        let sharing = scope::multi_server(cluster, &wanted.purpose)
            .ok_or_else(|| Refusal::NotMultiServer(wanted.purpose.clone()))?;
        if let Some(maker) = scope::maker(cluster, &wanted.purpose)
            && maker.name != node.name
        {
            let (purpose, maker) = (&wanted.purpose, &maker.name);
            let text = format!("multi-server requests for {purpose} are made on {maker}");
            return Err(Refusal::Body(text));
        }
        if sharing.len() < 2 {
            return Err(Refusal::SingleNode);
        }
        names.extend(sharing.iter().map(|node| node.name.clone()));
    }
    if names
        .iter()
        .any(|name| name.parse::<std::net::IpAddr>().is_ok())
    {
        return Err(Refusal::Body("altNames takes DNS names only".to_owned()));
    }
    names.sort();
    names.dedup();
    Ok((names, Usages::on(cluster, node, &wanted.purpose)))
}
