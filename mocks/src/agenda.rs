//! What is due later: restarts that go on, trust that spreads, phones that come back.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use openssl::x509::X509;

use crate::expressway::{Edge, PeerPoint};
use crate::judge;
use crate::log::{Channel, Kind, Place};
use crate::state::{Face, ServiceState, Web, loaded_by, reason_prints};
use crate::trust::{self, Placed};
use crate::world::{Scene, World};

/// Something that will happen.
pub(crate) enum Due {
    /// A point of a service's restart; dropped when a later restart overtook it.
    Restart {
        place: Place,
        service: String,
        number: u64,
        point: Point,
    },
    /// A trust certificate reaches another node.
    Trust {
        place: Place,
        store: String,
        certificate: X509,
        /// Whether it leaves another one of its name alone.
        beside: bool,
    },
    /// A point of a peer's restart; dropped when a later restart overtook it.
    Peer {
        place: Place,
        number: u64,
        point: PeerPoint,
    },
    /// A link that was lost at that moment should be back.
    Edge { edge: Edge, since: u64 },
    /// Phones of a cluster are ready to register.
    Phones { cluster: String },
    /// A service takes a new certificate without being restarted by anybody.
    Reload { place: Place, service: String },
}

/// The points of a restart.
#[derive(Clone, Copy)]
pub(crate) enum Point {
    /// It comes up.
    Starting,
    /// It has loaded its certificate and opens its ports.
    Loaded,
    /// The web server knows its applications but they are not ready.
    Unavailable,
    /// The web server answers.
    Answers,
    /// It is started.
    Started,
}

/// The agenda, in order of time and then of arrival.
#[derive(Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<(u64, u64), Due>,
    added: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at_ms: u64, due: Due) {
        self.added += 1;
        self.entries.insert((at_ms, self.added), due);
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.entries.keys().next().map(|(at, _)| *at)
    }

    fn take_due(&mut self, now_ms: u64) -> Option<(u64, Due)> {
        let key = *self.entries.keys().next().filter(|(at, _)| *at <= now_ms)?;
        self.entries.remove(&key).map(|due| (key.0, due))
    }
}

impl Scene<'_> {
    /// Does everything that is due by now, each at its own moment.
    pub(crate) fn settle(&mut self) {
        let now = self.now;
        while let Some((at, due)) = self.agenda.take_due(now.ms) {
            self.now.ms = at;
            match due {
                Due::Restart {
                    place,
                    service,
                    number,
                    point,
                } => self.restart_goes_on(&place, &service, number, point),
                Due::Trust {
                    place,
                    store,
                    certificate,
                    beside,
                } => self.trust_arrives(&place, &store, &certificate, beside),
                Due::Peer {
                    place,
                    number,
                    point,
                } => self.peer_restart_goes_on(&place, number, point),
                Due::Edge { edge, since } => self.edge_is_due(&edge, since),
                Due::Phones { cluster } => self.phones_are_due(&cluster),
                Due::Reload { place, service } => self.service_reloads(&place, &service),
            }
        }
        self.now = now;
    }

    fn restart_goes_on(&mut self, place: &Place, name: &str, number: u64, point: Point) {
        let now = i64::try_from(self.now.ms).unwrap_or(i64::MAX);
        let face = Face::of(name);
        let Some(node) = self.node(place) else { return };
        let Some(service) = node
            .services
            .get_mut(name)
            .filter(|service| service.restarts == number)
        else {
            return;
        };
        match point {
            Point::Starting => service.state = ServiceState::Starting,
            Point::Loaded => {
                if face == Some(Face::Web) {
                    node.web = Web::NotFound;
                }
                self.service_loads(place, name);
                self.remember_reasons(place, name);
            }
            Point::Unavailable => node.web = Web::Unavailable,
            Point::Answers => node.web = Web::Up,
            Point::Started => {
                service.state = ServiceState::Started;
                service.reason = None;
                service.started_ms = now;
                self.note(place, Channel::Lab, Kind::Effect, "restart-end", name);
                if face == Some(Face::Sip) {
                    self.phones_come_back(place);
                }
            }
        }
    }

    /// What was stored when a restarted service took it is no reason for a further restart.
    fn remember_reasons(&mut self, place: &Place, name: &str) {
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        let reasons = cluster
            .node(&place.node)
            .map(|node| reason_prints(cluster, node, name))
            .unwrap_or_default();
        if let Some(node) = cluster.node_mut(&place.node)
            && let Some(service) = node.services.get_mut(name)
        {
            service.restarted_for = reasons;
        }
    }

    /// claim: CUCM-TVS-SELF-RESTART
    fn service_reloads(&mut self, place: &Place, name: &str) {
        let now = i64::try_from(self.now.ms).unwrap_or(i64::MAX);
        let Some(service) = self
            .node(place)
            .and_then(|node| node.services.get_mut(name))
        else {
            return;
        };
        if service.state != ServiceState::Started {
            return;
        }
        service.started_ms = now;
        self.service_loads(place, name);
        self.note(place, Channel::Lab, Kind::Effect, "service-reloaded", name);
    }

    /// A service takes what is stored now with it, and what hangs on it follows.
    ///
    /// claim: PHONE-ITL-ON-START
    fn service_loads(&mut self, place: &Place, name: &str) {
        let (now, world) = (self.now, self.world);
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        let release = cluster.numbers();
        let Some(node) = cluster.node_mut(&place.node) else {
            return;
        };
        let before = Face::ALL.map(|face| node.served(face));
        node.load_service(name, release);
        let after = Face::ALL.map(|face| node.served(face));
        let in_effect: Vec<&str> = loaded_by(name, release)
            .iter()
            .copied()
            .filter(|purpose| judge::works_for_phones(node, purpose, release))
            .collect();
        for purpose in in_effect {
            cluster
                .memory
                .comes_into_effect(&place.node, purpose, now.ms);
        }
        if name == Face::Tftp.service()
            && let Some(node) = cluster.node(&place.node)
        {
            let list = cluster.make_itl(node, now.unix);
            cluster.lists.itl.insert(place.node.clone(), list);
        }
        self.close_changes(&place.cluster);
        for (face, (before, after)) in Face::ALL.into_iter().zip(before.iter().zip(&after)) {
            if before != after {
                let detail = format!(
                    "{} {} -> {}",
                    face.service(),
                    short(before.as_ref()),
                    short(after.as_ref())
                );
                world.note(
                    place,
                    Channel::Tls,
                    Kind::Effect,
                    "served-leaf-changed",
                    &detail,
                );
            }
        }
    }

    fn trust_arrives(&mut self, place: &Place, store: &str, certificate: &X509, beside: bool) {
        let Some(node) = self.node(place) else { return };
        let entries = node.trusts.entry(store.to_owned()).or_default();
        let outcome: Placed = if beside {
            trust::add(entries, certificate)
        } else {
            trust::place(entries, certificate)
        };
        let detail = format!(
            "{store} {}: {}",
            trust::describe(certificate),
            outcome.word()
        );
        self.note(
            place,
            Channel::Lab,
            Kind::Effect,
            "trust-replicated",
            &detail,
        );
    }
}

fn short(print: Option<&String>) -> String {
    print
        .into_iter()
        .flat_map(|print| print.chars())
        .take(12)
        .collect()
}

/// Keeps the agenda moving while no request comes in. Ends when the world is gone.
pub(crate) async fn run(world: Weak<World>) {
    while let Some(here) = world.upgrade() {
        here.scene(|_| ());
        let wait = here
            .next_due()
            .map(|due| Duration::from_millis(due.saturating_sub(here.now().ms)));
        drop_and_wait(here, wait).await;
    }
}

async fn drop_and_wait(world: Arc<World>, wait: Option<Duration>) {
    let longest = Duration::from_millis(200);
    let wait = wait.map_or(longest, |wait| {
        wait.clamp(Duration::from_millis(1), longest)
    });
    let woken = tokio::time::timeout(wait, world.wake.notified()).await;
    drop(woken);
}
