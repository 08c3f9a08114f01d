//! What peers do: requests, uploads, restarts.

use std::sync::Arc;
use std::time::Duration;

use openssl::hash::MessageDigest;

use super::cluster::ExpresswayCluster;
use super::peer::PeerState;
use super::request::{self, PeerRequest};
use super::upload::{self, PeerRefusal};
use super::verify;
use crate::agenda::Due;
use crate::log::{Channel, Kind, Place};
use crate::state::{Identity, PendingRequest};
use crate::trust;
use crate::world::{Scene, World};

/// How long a restart takes, before scaling.
///
/// claim: EXPRESSWAY-RESTART
pub(crate) const RESTART: Duration = Duration::from_mins(3);

/// How long a peer still answers after it took a restart; not scaled, so that the answer goes out.
const LAST_WORDS: u64 = 200;

/// A point of a peer's restart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PeerPoint {
    /// Its ports refuse.
    Down,
    /// It has loaded what is stored, and its ports answer.
    Answers,
    /// Traversal connections are back.
    Connected,
}

impl World {
    /// Makes a key and a request on a peer.
    ///
    /// claim: EXPRESSWAY-CSR-CONFLICT, EXPRESSWAY-PER-PEER
    ///
    /// # Errors
    /// [`PeerRefusal`] as the peer words it.
    pub(crate) fn make_peer_request(
        &self,
        place: &Place,
        wanted: &PeerRequest,
        channel: Channel,
    ) -> Result<(), PeerRefusal> {
        let bits = wanted.bits.unwrap_or(2048);
        if ![2048, 4096].contains(&bits) {
            return Err(PeerRefusal::BadRequest);
        }
        let digest = match wanted.digest.as_deref() {
            None | Some("sha256") => MessageDigest::sha256(),
            Some("sha384") => MessageDigest::sha384(),
            Some("sha512") => MessageDigest::sha512(),
            Some(_) => return Err(PeerRefusal::BadRequest),
        };
        let key = self.keys.rsa(bits).map_err(|_| PeerRefusal::BadRequest)?;
        self.scene(|scene| {
            let found = scene.expressways.as_ref().and_then(|all| all.at(place));
            let (cluster, peer) = found.ok_or(PeerRefusal::BadRequest)?;
            if peer.pending.is_some() {
                let detail = format!(
                    "a request was made on {} while another one is pending; it was refused",
                    peer.name
                );
                scene.note(
                    place,
                    channel,
                    Kind::Violation,
                    "request-overwritten",
                    &detail,
                );
                return Err(PeerRefusal::Conflict);
            }
            let made = request::make(cluster, peer, wanted, &key, digest);
            let made = made.map_err(|_| PeerRefusal::BadRequest)?;
            let pending = PendingRequest {
                request: Arc::new(made),
                key,
                shared_with: Vec::new(),
            };
            scene.with_peer(place, |peer| peer.pending = Some(pending));
            scene.note(place, channel, Kind::Effect, "request-made", "server");
            Ok(())
        })
    }

    /// Stores a server certificate; it is served after the next restart. With `acts` false it is only judged.
    ///
    /// claim: EXPRESSWAY-CERT-SERVER, EXPRESSWAY-ACTIVE-AFTER-RESTART
    ///
    /// # Errors
    /// [`PeerRefusal`] as the peer words it.
    pub(crate) fn store_server(
        &self,
        place: &Place,
        text: &str,
        acts: bool,
        channel: Channel,
    ) -> Result<(), PeerRefusal> {
        let certificates = upload::read(text)?;
        let leaf = certificates.into_iter().next().ok_or(PeerRefusal::NotPem)?;
        self.scene(|scene| {
            let clock = scene.now.unix;
            let found = scene.expressways.as_ref().and_then(|all| all.at(place));
            let (cluster, peer) = found.ok_or(PeerRefusal::BadRequest)?;
            upload::judge(cluster, peer, &leaf, clock)?;
            if !acts {
                return Ok(());
            }
            let detail = trust::describe(&leaf);
            scene.with_peer(place, |peer| {
                let pending = peer.pending.take_if(|pending| {
                    let key = leaf.public_key();
                    key.is_ok_and(|key| key.public_eq(&pending.key))
                });
                let key = pending.map_or_else(|| peer.stored.key.clone(), |pending| pending.key);
                peer.stored = Identity {
                    certificate: leaf,
                    key,
                };
            });
            scene.note(place, channel, Kind::Effect, "server-stored", &detail);
            Ok(())
        })
    }

    /// Appends certificates to the trusted authorities of a peer.
    ///
    /// claim: EXPRESSWAY-TRUST-APPENDS, EXPRESSWAY-PER-PEER
    ///
    /// # Errors
    /// [`PeerRefusal::NotPem`].
    pub(crate) fn append_trusted(
        &self,
        place: &Place,
        text: &str,
        acts: bool,
        channel: Channel,
    ) -> Result<(), PeerRefusal> {
        let certificates = upload::read(text)?;
        for certificate in certificates.iter().filter(|_| acts) {
            self.scene(|scene| {
                let placed =
                    scene.with_peer(place, |peer| trust::add(&mut peer.trusted, certificate));
                let word = placed.map_or("no such peer", trust::Placed::word);
                let detail = format!("{}: {word}", trust::describe(certificate));
                scene.note(place, channel, Kind::Effect, "authority-appended", &detail);
            });
        }
        Ok(())
    }

    /// Stores a client certificate, as the web pages of X15.5 do; with nothing given the server certificate is copied,
    /// whatever it may be used for.
    ///
    /// claim: EXPRESSWAY-CLIENT-STORE
    ///
    /// # Errors
    /// [`PeerRefusal`] as the peer words it.
    pub fn store_client(&self, place: &Place, given: Option<&Identity>) -> Result<(), PeerRefusal> {
        self.scene(|scene| {
            let found = scene.expressways.as_ref().and_then(|all| all.at(place));
            let (cluster, peer) = found.ok_or(PeerRefusal::BadRequest)?;
            if !cluster.numbers().has_client_store() {
                return Err(PeerRefusal::BadRequest);
            }
            let identity = given.unwrap_or(&peer.stored).clone();
            if given.is_some() && !verify::has_client_auth(&identity.certificate) {
                return Err(PeerRefusal::NoClientAuth);
            }
            let detail = trust::describe(&identity.certificate);
            scene.with_peer(place, |peer| peer.client = identity);
            scene.note(place, Channel::Lab, Kind::Effect, "client-stored", &detail);
            Ok(())
        })
    }

    /// Begins the restart of a peer. It goes on by itself.
    ///
    /// claim: EXPRESSWAY-RESTART
    pub fn restart_peer(&self, place: &Place, channel: Channel) {
        self.scene(|scene| {
            let others = scene.others_away(place);
            if let Some(other) = others {
                let detail = format!("{} is asked to restart while {other} is away", place.node);
                scene.note(
                    place,
                    channel,
                    Kind::Violation,
                    "two-peers-restarting",
                    &detail,
                );
            }
            let number = scene.with_peer(place, |peer| {
                peer.restarts += 1;
                peer.restarts
            });
            let Some(number) = number else { return };
            scene.note(place, channel, Kind::Effect, "restart-begin", &place.node);
            let scaled = |percent| self.scaled_ms(RESTART * percent / 100);
            for (after, point) in [
                (0, PeerPoint::Down),
                (scaled(80), PeerPoint::Answers),
                (scaled(100), PeerPoint::Connected),
            ] {
                let due = Due::Peer {
                    place: place.clone(),
                    number,
                    point,
                };
                scene.agenda.add(scene.now.ms + LAST_WORDS + after, due);
            }
            self.wake.notify_one();
        });
    }
}

impl Scene<'_> {
    pub(crate) fn with_peer<T>(
        &mut self,
        place: &Place,
        change: impl FnOnce(&mut super::Peer) -> T,
    ) -> Option<T> {
        self.expressways.as_mut()?.at_mut(place).map(change)
    }

    /// Another peer of the same cluster that has begun a restart and is not through with it.
    fn others_away(&self, place: &Place) -> Option<String> {
        let cluster: &ExpresswayCluster = self.expressways.as_ref()?.cluster(&place.cluster)?;
        let mut others = cluster.peers.iter().filter(|peer| !peer.is(&place.node));
        others
            .find(|peer| peer.restarts > peer.restarted)
            .map(|peer| peer.name.clone())
    }

    pub(crate) fn peer_restart_goes_on(&mut self, place: &Place, number: u64, point: PeerPoint) {
        let now = self.now.ms;
        let Some(deployment) = self.expressways.as_mut() else {
            return;
        };
        let release = deployment
            .cluster(&place.cluster)
            .map(ExpresswayCluster::numbers);
        let (Some(release), Some(peer)) = (release, deployment.at_mut(place)) else {
            return;
        };
        if peer.restarts != number {
            return;
        }
        match point {
            PeerPoint::Down => {
                peer.state = PeerState::Down;
                self.world.cut(place);
            }
            PeerPoint::Answers => {
                peer.load(release);
                peer.state = PeerState::Connecting;
                peer.started_ms = i64::try_from(now).unwrap_or(i64::MAX);
                let detail = trust::describe(&peer.served.identity.certificate);
                self.note(place, Channel::Lab, Kind::Effect, "restart-loaded", &detail);
            }
            PeerPoint::Connected => {
                peer.state = PeerState::Up;
                peer.restarted = number;
                self.note(
                    place,
                    Channel::Lab,
                    Kind::Effect,
                    "restart-end",
                    &place.node,
                );
            }
        }
    }
}
