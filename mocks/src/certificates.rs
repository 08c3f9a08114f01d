//! Requests and uploads: what a node does with them.

use std::sync::Arc;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use crate::agenda::Due;
use crate::judge;
use crate::log::{Channel, Kind, Place};
use crate::pki::keys::KeyRing;
use crate::pki::mint::{self, Validity, Wanted};
use crate::state::{Cluster, Identity, Node, PendingRequest, ServiceState, fingerprint};
use crate::trust::{self, Placed};
use crate::upload::{self, Refusal};
use crate::world::{Scene, World};

/// How long a trust certificate takes to reach the other nodes, before scaling.
const REPLICATION: std::time::Duration = std::time::Duration::from_secs(15);

/// Purposes that one certificate of the whole cluster can have.
///
/// claim: CUCM-MULTI-SERVER-PURPOSES
const MULTI_SERVER: [&str; 4] = ["tomcat", "tomcat-ECDSA", "CallManager", "CallManager-ECDSA"];

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
        let names = self.scene(|scene| names_of_request(scene, place, wanted))?;
        let key = self.key_for(wanted)?;
        let digest = match wanted.digest.as_str() {
            "sha256" => MessageDigest::sha256(),
            "sha384" => MessageDigest::sha384(),
            "sha512" => MessageDigest::sha512(),
            other => return Err(Refusal::Body(format!("hashAlgorithm {other} is not known"))),
        };
        let asked = Wanted { common_name: &wanted.common_name, names: &names, purpose: &wanted.purpose };
        let request = mint::request(&asked, &key, digest).map_err(|_| Refusal::Internal)?;
        let pem = request.to_pem().map_err(|_| Refusal::Internal)?;
        let pem = String::from_utf8(pem).map_err(|_| Refusal::Internal)?;
        if stored {
            self.scene(|scene| scene.store_request(place, wanted, Arc::new(request), &key, channel));
        }
        Ok(pem)
    }

    fn key_for(&self, wanted: &RequestWanted) -> Result<PKey<Private>, Refusal> {
        let known: &[u32] = if wanted.elliptic { &[256, 384] } else { &[2048, 3072, 4096] };
        if !known.contains(&wanted.bits) {
            return Err(Refusal::KeySize);
        }
        let made = if wanted.elliptic { KeyRing::elliptic(wanted.bits) } else { self.keys.rsa(wanted.bits) };
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
                let store = format!("{}-trust", service.strip_suffix("-trust").unwrap_or(service));
                let node = scene.node(place).ok_or(Refusal::Internal)?;
                if !node.trusts.contains_key(&store) {
                    return Err(Refusal::WrongUnit);
                }
                let clock = node.clock(clock);
                for certificate in &certificates {
                    upload::judge_trust(certificate, clock)?;
                    if scene.store_authority(place, &store, certificate, channel) == Placed::Present {
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
    pub fn regenerate(&self, place: &Place, purpose: &str, command: &str, channel: Channel) -> Result<(), Refusal> {
        let key = if purpose.ends_with("-ECDSA") { KeyRing::elliptic(384) } else { self.keys.rsa(2048) };
        let key = key.map_err(|_| Refusal::Internal)?;
        self.scene(|scene| {
            let now = scene.now.unix;
            let node = scene.node(place).ok_or(Refusal::Internal)?;
            if !node.identities.contains_key(purpose) {
                return Err(Refusal::WrongUnit);
            }
            let wanted = Wanted { common_name: &node.name, names: std::slice::from_ref(&node.name), purpose };
            let made = mint::self_signed(&wanted, key, Validity::days(now, 0, 1825)).map_err(|_| Refusal::Internal)?;
            let detail = format!("{purpose} {}", trust::describe(&made.certificate));
            node.identities.insert(purpose.to_owned(), made);
            node.pending.remove(purpose);
            scene.note(place, channel, Kind::Effect, "identity-regenerated", &detail);
            let violation = if command.starts_with("set web-security") { "set-web-security" } else { "regenerate" };
            scene.note(place, channel, Kind::Violation, violation, &format!("{purpose} on {}", place.node));
            Ok(())
        })
    }
}

/// The names a request will carry.
///
/// claim: CUCM-REST-CSR-SAN, CUCM-REST-MULTI-SERVER-SAN, CUCM-MULTI-SERVER-NO-IP
fn names_of_request(scene: &mut Scene<'_>, place: &Place, wanted: &RequestWanted) -> Result<Vec<String>, Refusal> {
    let cluster = scene.cluster(place).ok_or(Refusal::Internal)?;
    let node = cluster.node(&place.node).ok_or(Refusal::Internal)?;
    if !node.identities.contains_key(&wanted.purpose) || wanted.purpose == "ITLRecovery" {
        return Err(Refusal::WrongUnit);
    }
    if wanted.purpose.ends_with("-ECDSA") != wanted.elliptic {
        return Err(Refusal::Body(format!("{} does not take a key of that type", wanted.purpose)));
    }
    let all = std::iter::once(&wanted.common_name).chain(&wanted.names);
    if all.clone().any(|name| name.contains('*')) {
        return Err(Refusal::Wildcard);
    }
    let mut names = wanted.names.clone();
    if wanted.multi_server {
        if !MULTI_SERVER.contains(&wanted.purpose.as_str()) {
            return Err(Refusal::WrongUnit);
        }
        if cluster.nodes.len() < 2 {
            return Err(Refusal::SingleNode);
        }
        names.extend(cluster.nodes.iter().map(|node| node.name.clone()));
    }
    if names.iter().any(|name| name.parse::<std::net::IpAddr>().is_ok()) {
        return Err(Refusal::Body("altNames takes DNS names only".to_owned()));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

impl Scene<'_> {
    pub(crate) fn judge_replication(&mut self, place: &Place, what: &str, channel: Channel) {
        let found = self.cluster(place).and_then(|cluster| judge::bad_replication(cluster, what));
        if let Some((what, detail)) = found {
            self.note(place, channel, Kind::Violation, what, &detail);
        }
    }

    fn judge_identity_upload(&mut self, place: &Place, purpose: &str, leaf: &X509, channel: Channel) {
        self.judge_replication(place, "identity upload", channel);
        let Some(cluster) = self.cluster(place) else { return };
        let found = judge::identity_upload(cluster, &place.node, purpose, leaf);
        for (what, detail) in found {
            self.note(place, channel, Kind::Violation, what, &detail);
        }
    }

    /// claim: CUCM-CSR-OVERWRITES, CUCM-CSR-MULTI-COPIED, CUCM-MULTI-SERVER-PARTIAL
    fn store_request(
        &mut self,
        place: &Place,
        wanted: &RequestWanted,
        request: Arc<openssl::x509::X509Req>,
        key: &PKey<Private>,
        channel: Channel,
    ) {
        self.judge_replication(place, "certificate request", channel);
        let Some(cluster) = self.cluster(place) else { return };
        let holders: Vec<String> = match wanted.multi_server {
            true => reachable(cluster, &place.node),
            false => vec![place.node.clone()],
        };
        let mut overwritten = Vec::new();
        for name in &holders {
            let shared_with = if wanted.multi_server { holders.clone() } else { Vec::new() };
            let pending = PendingRequest { request: Arc::clone(&request), key: key.clone(), shared_with };
            let Some(node) = cluster.node_mut(name) else { continue };
            if node.pending.insert(wanted.purpose.clone(), pending).is_some() {
                overwritten.push(name.clone());
            }
        }
        let detail = format!("{} on {}", wanted.purpose, holders.join(", "));
        self.note(place, channel, Kind::Effect, "request-made", &detail);
        if !overwritten.is_empty() {
            let detail = format!("{} on {}", wanted.purpose, overwritten.join(", "));
            self.note(place, channel, Kind::Violation, "request-overwritten", &detail);
        }
    }

    /// Stores one trust certificate and lets it spread.
    fn store_authority(&mut self, place: &Place, store: &str, certificate: &X509, channel: Channel) -> Placed {
        let Some(node) = self.node(place) else { return Placed::Kept };
        let placed = trust::place(node.trusts.entry(store.to_owned()).or_default(), certificate);
        let detail = format!("{store} {}: {}", trust::describe(certificate), placed.word());
        self.note(place, channel, Kind::Effect, "trust-upload", &detail);
        let spreads = matches!(store, "tomcat-trust" | "CallManager-trust");
        if spreads && matches!(placed, Placed::Stored | Placed::Replaced) {
            let others: Vec<Place> = self.others(place);
            for other in others {
                let due = Due::Trust { place: other, store: store.to_owned(), certificate: certificate.clone() };
                self.later(REPLICATION, due);
            }
        }
        placed
    }

    fn others(&mut self, place: &Place) -> Vec<Place> {
        let Some(cluster) = self.cluster(place) else { return Vec::new() };
        let others = cluster.nodes.iter().filter(|node| node.name != place.node);
        others.map(|node| Place::new(&cluster.name, &node.name)).collect()
    }

    /// Installs an accepted identity on every node that shares its request.
    fn install(&mut self, place: &Place, purpose: &str, leaf: &X509, channel: Channel) {
        let Some(cluster) = self.cluster(place) else { return };
        let Some(pending) = cluster.node(&place.node).and_then(|node| node.pending.get(purpose)).cloned() else {
            return;
        };
        let mut holders = vec![place.node.clone()];
        let reachable = reachable(cluster, &place.node);
        holders.extend(pending.shared_with.into_iter().filter(|name| *name != place.node && reachable.contains(name)));
        let store = upload::trust_store_of(purpose);
        let chain = cluster.node(&place.node).and_then(|node| node.trusts.get(&store)).cloned().unwrap_or_default();
        for name in &holders {
            let Some(node) = cluster.node_mut(name) else { continue };
            node.identities
                .insert(purpose.to_owned(), Identity { certificate: leaf.clone(), key: pending.key.clone() });
            node.pending.remove(purpose);
            if name != &place.node {
                let entries = node.trusts.entry(store.clone()).or_default();
                for authority in &chain {
                    trust::place(entries, authority);
                }
            }
        }
        let print: String = fingerprint(leaf).chars().take(12).collect();
        for name in holders {
            let stored_at = Place::new(&place.cluster, &name);
            self.note(&stored_at, channel, Kind::Effect, "identity-stored", &format!("{purpose} sha256={print}"));
        }
    }
}

/// The nodes that can take part in a multi-server request or certificate: the addressed one, and every other one
/// whose web server and platform service run.
///
/// claim: CUCM-MULTI-SERVER-PARTIAL
fn reachable(cluster: &Cluster, addressed: &str) -> Vec<String> {
    let up = |node: &Node, service: &str| {
        node.service(service).is_some_and(|(_, found)| found.state == ServiceState::Started)
    };
    let takes_part = |node: &&Node| {
        node.name == addressed || (up(node, "Cisco Tomcat") && up(node, "Platform Administrative Web Service"))
    };
    cluster.nodes.iter().filter(takes_part).map(|node| node.name.clone()).collect()
}
