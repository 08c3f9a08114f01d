//! What is due later: restarts that go on, trust that spreads, phones that come back.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use openssl::x509::X509;

use crate::log::{Channel, Kind, Place};
use crate::state::{Face, ServiceState, Web};
use crate::trust;
use crate::world::{Scene, World};

/// How long phones take to register again after their Cisco CallManager is back, before scaling.
const PHONES_RETURN: Duration = Duration::from_secs(30);

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
    },
    /// A node's phones register again.
    Phones { place: Place },
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
                } => self.trust_arrives(&place, &store, &certificate),
                Due::Phones { place } => self.phones_return(&place),
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
            Point::Loaded => self.face_loads(place, face),
            Point::Unavailable => node.web = Web::Unavailable,
            Point::Answers => node.web = Web::Up,
            Point::Started => {
                service.state = ServiceState::Started;
                service.reason = None;
                service.started_ms = now;
                let purpose = crate::state::purpose_loaded_by(name);
                let loaded = purpose.and_then(|purpose| node.stored(purpose));
                if let Some(service) = node.services.get_mut(name) {
                    service.loaded_by_restart = loaded;
                }
                self.note(place, Channel::Lab, Kind::Effect, "restart-end", name);
                if face == Some(Face::Sip) {
                    self.later(
                        PHONES_RETURN,
                        Due::Phones {
                            place: place.clone(),
                        },
                    );
                }
            }
        }
    }

    fn face_loads(&mut self, place: &Place, face: Option<Face>) {
        let (Some(face), Some(node)) = (face, self.node(place)) else {
            return;
        };
        let before = node.served(face);
        node.load(face);
        let after = node.served(face);
        if face == Face::Web {
            node.web = Web::NotFound;
        }
        if before != after {
            let short = |print: &Option<String>| {
                print
                    .clone()
                    .unwrap_or_default()
                    .chars()
                    .take(12)
                    .collect::<String>()
            };
            let detail = format!("{} {} -> {}", face.service(), short(&before), short(&after));
            self.note(
                place,
                Channel::Tls,
                Kind::Effect,
                "served-leaf-changed",
                &detail,
            );
        }
    }

    fn trust_arrives(&mut self, place: &Place, store: &str, certificate: &X509) {
        let Some(node) = self.node(place) else { return };
        let entries = node.trusts.entry(store.to_owned()).or_default();
        let outcome = trust::place(entries, certificate);
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

    fn phones_return(&mut self, place: &Place) {
        let unix = self.now.unix;
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        for phone in cluster
            .phones
            .iter_mut()
            .filter(|phone| phone.node == place.node && !phone.registered)
        {
            phone.registered = true;
            phone.since = unix;
        }
        self.note(place, Channel::Lab, Kind::Effect, "phones-registered", "");
    }
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
