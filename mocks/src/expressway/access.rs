//! Looking at peers, changing them, and logging in.

use std::sync::Arc;
use std::time::Duration;

use super::cluster::{Deployment, ExpresswayCluster, Side};
use super::edges::{Edge, EdgeFault, Link};
use super::peer::{Peer, PeerState};
use super::{PeerRefusal, PeerRequest};
use crate::log::{Channel, Kind, Place};
use crate::state::{Moment, Presented, Web};
use crate::world::World;

/// Failed logins after which the one who tries is banned.
///
/// claim: EXPRESSWAY-LOGIN-BAN
const ATTEMPTS: u32 = 3;

/// How long the ban holds, before scaling.
const BANNED_FOR: Duration = Duration::from_mins(10);

/// How a traversal connection is, as a peer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneView {
    /// The peer on the other side.
    pub far: String,
    /// The address by which it is reached, on Expressway-C.
    pub address: String,
    /// Why the zone is down; nothing if it is up.
    pub zone: Option<&'static str>,
    /// Whether SSH tunnels are up.
    pub tunnels: bool,
}

impl Deployment {
    /// The traversal connections of a peer, in the order of the other side's peers.
    ///
    /// claim: EXPRESSWAY-ZONE-STATUS
    #[must_use]
    pub fn zones(&self, side: Side, peer: &Peer) -> Vec<ZoneView> {
        let far = match side {
            Side::Core => &self.edge,
            Side::Edge => &self.core,
        };
        let view = |(number, far): (usize, &Peer)| {
            let (core, edge) = match side {
                Side::Core => (peer, far),
                Side::Edge => (far, peer),
            };
            let holds = |link| {
                let key = Edge {
                    core: core.name.clone(),
                    far: edge.name.clone(),
                    link,
                };
                self.watched.now.get(&key).is_some_and(Result::is_ok)
            };
            let present = core.state == PeerState::Up && edge.state == PeerState::Up;
            let address = self.core.peer_addresses.get(number);
            ZoneView {
                far: far.name.clone(),
                address: match side {
                    Side::Core => address.cloned().unwrap_or_default(),
                    Side::Edge => far.name.clone(),
                },
                zone: match (present, holds(Link::Zone)) {
                    (false, _) => Some("Connect failed"),
                    (true, false) => Some("TLS Negotiation Error"),
                    (true, true) => None,
                },
                tunnels: present && holds(Link::Tunnel),
            }
        };
        far.peers.iter().enumerate().map(view).collect()
    }

    /// What keeps clients of a node from signing in through an Expressway-C peer: the node's name with the faults, one
    /// entry for each node.
    #[must_use]
    pub fn mra<'a>(&'a self, core: &str) -> Vec<(&'a str, Vec<(Link, &'a EdgeFault)>)> {
        let mut nodes: Vec<(&str, Vec<(Link, &EdgeFault)>)> = Vec::new();
        let mine = self
            .watched
            .now
            .iter()
            .filter(|(edge, _)| edge.core == core);
        for (edge, judged) in mine {
            if !matches!(edge.link, Link::Origin(_) | Link::Trust) {
                continue;
            }
            if nodes.last().is_none_or(|(name, _)| *name != edge.far) {
                nodes.push((&edge.far, Vec::new()));
            }
            if let (Err(fault), Some((_, faults))) = (judged, nodes.last_mut()) {
                faults.push((edge.link, fault));
            }
        }
        nodes
    }
}

impl World {
    /// Looks at both Expressway clusters; nothing if the lab has none.
    pub fn read_expressways<T>(&self, look: impl FnOnce(&Deployment, Moment) -> T) -> Option<T> {
        self.scene(|scene| {
            let now = scene.now;
            scene
                .expressways
                .as_ref()
                .map(|deployment| look(deployment, now))
        })
    }

    /// Looks at a peer; nothing if there is no such place.
    pub fn read_peer<T>(
        &self,
        place: &Place,
        look: impl FnOnce(&ExpresswayCluster, &Peer, Moment) -> T,
    ) -> Option<T> {
        self.read_expressways(|deployment, now| {
            let (cluster, peer) = deployment.at(place)?;
            Some(look(cluster, peer, now))
        })
        .flatten()
    }

    /// Changes both Expressway clusters behind their backs. Answers nothing if the lab has none.
    pub fn change_expressways<T>(&self, change: impl FnOnce(&mut Deployment) -> T) -> Option<T> {
        self.planting(|scene| scene.expressways.as_mut().map(change))
    }

    /// What a new connection to a peer meets; nothing means that it is reset.
    pub(crate) fn peer_presents(&self, place: &Place) -> Option<Arc<Presented>> {
        self.read_peer(place, |_, peer, _| {
            (peer.web() == Web::Up).then(|| Arc::clone(&peer.served))
        })
        .flatten()
    }

    /// Makes a request on a peer as another person would.
    ///
    /// # Errors
    /// [`PeerRefusal`] as the peer words it.
    pub fn foreign_peer_request(&self, place: &Place) -> Result<(), PeerRefusal> {
        self.make_peer_request(place, &PeerRequest::default(), Channel::Lab)
    }

    /// Whether these credentials open the administrator's account of a peer. Logs the attempt without the password,
    /// and refuses a banned source whatever it brings.
    ///
    /// claim: EXPRESSWAY-REST-BASIC, EXPRESSWAY-LOGIN-BAN
    pub(crate) fn login_peer(
        &self,
        place: &Place,
        user: &str,
        password: &str,
        channel: Channel,
    ) -> bool {
        let ban = self.scaled_ms(BANNED_FOR);
        self.scene(|scene| {
            let now = scene.now.ms;
            let account = scene.expressways.as_ref().and_then(|all| all.at(place));
            let matches = account.is_some_and(|(cluster, _)| {
                cluster.account.user == user && cluster.account.password == password
            });
            let counted = scene.with_peer(place, |peer| {
                let failures = &mut peer.failures;
                let banned = now < failures.locked_until_ms;
                if matches && !banned {
                    failures.failed = 0;
                    return (true, false, 0);
                }
                failures.failed += 1;
                failures.failed_ever += 1;
                if failures.failed >= ATTEMPTS {
                    failures.locked_until_ms = now.saturating_add(ban);
                }
                (false, banned, failures.failed_ever)
            });
            let Some((good, banned, failures)) = counted else {
                return false;
            };
            let word = match (good, banned) {
                (true, _) => "ok",
                (false, true) => "refused, the source is banned",
                (false, false) => "failed",
            };
            let who = format!("user={user}");
            scene.note(place, channel, Kind::Login, word, &who);
            if failures == 2 {
                let what = "more-than-one-failed-login";
                let detail = format!("{who}: a second failed login; {ATTEMPTS} ban the source");
                scene.note(place, channel, Kind::Violation, what, &detail);
            }
            good
        })
    }
}
