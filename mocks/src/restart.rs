//! Restarting services.

use std::time::Duration;

use crate::agenda::{Due, Point};
use crate::judge;
use crate::log::{Channel, Kind, Place};
use crate::state::{Face, Reason, ServiceState, Web};
use crate::world::World;

/// How a restart is meant to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The service starts.
    Started,
    /// It stays in `STARTING` for ever.
    NeverStarts,
    /// It stays in `STOPPING` for ever.
    Stuck,
}

/// A restart that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restarting {
    /// The service as the node spells it.
    pub service: String,
    /// How long it will take, in the lab's own time.
    pub takes: Duration,
}

/// Why a service is not restarted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RestartRefusal {
    /// The node has no such service.
    #[error("{node} has no service named {service}")]
    Unknown {
        /// The node.
        node: String,
        /// What was asked for.
        service: String,
    },
    /// The service has no role on this node.
    #[error("{service} on {node} is not activated")]
    NotActivated {
        /// The node.
        node: String,
        /// The service.
        service: String,
    },
}

/// One service as a front end prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// The name.
    pub name: String,
    /// The state.
    pub state: ServiceState,
    /// Why it is stopped, when that is no fault.
    pub reason: Option<Reason>,
    /// When it was started, in seconds since 1970 by the node's clock.
    pub started_unix: i64,
    /// Seconds since then; 0 unless it is started.
    pub uptime: u64,
}

impl World {
    /// Begins the restart of a service. It goes on by itself; [`World::service_state`] tells how far it is.
    ///
    /// # Errors
    /// [`RestartRefusal`] if the node has no such service or it is not activated.
    pub fn restart_service(
        &self,
        place: &Place,
        service: &str,
        ending: Ending,
        channel: Channel,
    ) -> Result<Restarting, RestartRefusal> {
        self.scene(|scene| {
            let unknown = || RestartRefusal::Unknown {
                node: place.node.clone(),
                service: service.trim().to_owned(),
            };
            let cluster = scene.clusters.get_mut(&place.cluster).ok_or_else(unknown)?;
            let node = cluster.node(&place.node).ok_or_else(unknown)?;
            let (name, found) = node.service(service).ok_or_else(unknown)?;
            let name = name.to_owned();
            if found.reason == Some(Reason::NotActivated) {
                return Err(RestartRefusal::NotActivated {
                    node: place.node.clone(),
                    service: name,
                });
            }
            let nominal = found.nominal;
            let violations = judge::restart(cluster, &place.node, &name);
            if cluster.last_restarted.as_ref() != Some(&place.node) {
                cluster.memory.restarted.clear();
            }
            cluster.memory.restarted.insert(name.clone());
            cluster.last_restarted = Some(place.node.clone());
            for (what, detail) in violations {
                scene.note(place, channel, Kind::Violation, what, &detail);
            }
            scene.note(place, channel, Kind::Effect, "restart-begin", &name);
            scene.begin_restart(place, &name, nominal, ending);
            for (along, nominal) in scene.restarted_along(place, &name) {
                scene.note(place, channel, Kind::Effect, "restart-along", &along);
                scene.begin_restart(place, &along, nominal, ending);
                if let Some(service) = scene
                    .node(place)
                    .and_then(|node| node.services.get_mut(&along))
                {
                    service.restarted_along = true;
                }
            }
            Ok(Restarting {
                service: name,
                takes: self.scaled(nominal),
            })
        })
    }

    /// The state of one service now.
    pub fn service_state(&self, place: &Place, service: &str) -> Option<ServiceState> {
        self.read(place, |_, node, _| {
            node.service(service).map(|(_, found)| found.state)
        })
        .flatten()
    }

    /// Every service of a node, by name.
    pub fn service_states(&self, place: &Place) -> Vec<ServiceView> {
        let views = self.read(place, |_, node, now| {
            let lab_start = node
                .clock(now)
                .saturating_sub(i64::try_from(now.ms / 1000).unwrap_or(0));
            let now_ms = i64::try_from(now.ms).unwrap_or(i64::MAX);
            let view = |(name, service): (&String, &crate::state::Service)| ServiceView {
                name: name.clone(),
                state: service.state,
                reason: service.reason,
                started_unix: lab_start.saturating_add(service.started_ms / 1000),
                uptime: match service.state {
                    ServiceState::Started => {
                        u64::try_from((now_ms - service.started_ms) / 1000).unwrap_or(0)
                    }
                    _ => 0,
                },
            };
            node.services.iter().map(view).collect()
        });
        views.unwrap_or_default()
    }
}

impl crate::world::Scene<'_> {
    /// The services that a restart of this one takes with it, with their nominal times.
    ///
    /// claim: IMP-XCP-ROUTER-TAKES-ALL
    fn restarted_along(&mut self, place: &Place, name: &str) -> Vec<(String, Duration)> {
        let Some(node) = self.node(place).filter(|_| name == Face::Xmpp.service()) else {
            return Vec::new();
        };
        let running = node.services.iter().filter(|(other, service)| {
            other.starts_with("Cisco XCP ")
                && *other != name
                && service.state == ServiceState::Started
        });
        running
            .map(|(other, service)| (other.clone(), service.nominal))
            .collect()
    }

    /// Takes the service down and puts the rest of its restart on the agenda.
    ///
    /// claim: CUCM-REST-GONE-DURING-TOMCAT, CUCM-CALLMANAGER-RESTART-PHONES
    fn begin_restart(&mut self, place: &Place, name: &str, nominal: Duration, ending: Ending) {
        let face = Face::of(name);
        let Some(node) = self.node(place) else { return };
        let Some(service) = node.services.get_mut(name) else {
            return;
        };
        service.state = ServiceState::Stopping;
        service.restarts += 1;
        service.restarted_along = false;
        let number = service.restarts;
        if face == Some(Face::Web) {
            node.web = Web::Refused;
            self.world.cut(place);
            self.world.end_sessions(place);
        }
        if face == Some(Face::Sip) {
            self.phones_leave(place);
        }
        let points: &[(u32, Point)] = match ending {
            Ending::Stuck => &[],
            Ending::NeverStarts => &[(25, Point::Starting)],
            Ending::Started => &[
                (25, Point::Starting),
                (50, Point::Loaded),
                (70, Point::Unavailable),
                (90, Point::Answers),
                (100, Point::Started),
            ],
        };
        for (percent, point) in points {
            if matches!(point, Point::Unavailable | Point::Answers) && face != Some(Face::Web) {
                continue;
            }
            let due = Due::Restart {
                place: place.clone(),
                service: name.to_owned(),
                number,
                point: *point,
            };
            self.later(nominal * *percent / 100, due);
        }
    }
}
