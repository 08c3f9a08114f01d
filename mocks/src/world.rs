//! The world: every cluster behind one lock, with the clock, the log, the faults and the hooks.
//!
//! A front end (REST, SOAP, shell) handles a request in four moves: [`World::login`], [`World::begin`], the action
//! itself, and [`World::acted`] before it answers. `begin` says which planted fault strikes, if any; the front end
//! shows it on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::agenda::{Agenda, Due};
use crate::clock::unix_now;
use crate::expressway::Deployment;
use crate::fault::{Fault, Faults, Mode};
use crate::hooks::{Counted, Hooks, Numbers, When};
pub use crate::log::{Channel, Kind, Log, LogEntry, Place};
use crate::pki::keys::KeyRing;
use crate::state::{Cluster, Moment, Node};

/// Which of a cluster's two accounts an interface takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// REST and SSH.
    Platform,
    /// SOAP.
    Application,
}

/// A request that has arrived: counted, logged, and judged for faults.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) numbers: Numbers,
    /// The node it is for.
    pub place: Place,
    /// The interface it came by.
    pub channel: Channel,
    /// The request in words.
    pub what: String,
    /// The fault that strikes it.
    pub fault: Option<Mode>,
}

impl Request {
    /// Whether the device carries the request out.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.fault.is_none_or(Mode::acts)
    }
}

/// All that is simulated.
pub struct World {
    estate: Mutex<Estate>,
    log: Log,
    faults: Faults,
    hooks: Hooks,
    scale: f64,
    started: Instant,
    started_unix: i64,
    pub(crate) wake: Notify,
    pub(crate) keys: KeyRing,
    cuts: BTreeMap<Place, watch::Sender<u64>>,
    pub(crate) sessions: Mutex<BTreeSet<(Place, String)>>,
    /// Whether something took place since links between Expressways and nodes were looked at.
    stirred: AtomicBool,
}

struct Estate {
    clusters: BTreeMap<String, Cluster>,
    expressways: Option<Deployment>,
    agenda: Agenda,
}

/// The estate under the lock, at one moment, with the means to note what happens.
pub(crate) struct Scene<'a> {
    pub(crate) clusters: &'a mut BTreeMap<String, Cluster>,
    pub(crate) expressways: &'a mut Option<Deployment>,
    pub(crate) agenda: &'a mut Agenda,
    pub(crate) now: Moment,
    pub(crate) world: &'a World,
}

impl Scene<'_> {
    pub(crate) fn note(
        &self,
        place: &Place,
        channel: Channel,
        kind: Kind,
        what: &str,
        detail: &str,
    ) {
        self.world
            .write_down(self.now.ms, place, channel, kind, what, detail);
    }

    pub(crate) fn cluster(&mut self, place: &Place) -> Option<&mut Cluster> {
        self.clusters.get_mut(&place.cluster)
    }

    pub(crate) fn node(&mut self, place: &Place) -> Option<&mut Node> {
        self.clusters.get_mut(&place.cluster)?.node_mut(&place.node)
    }

    /// Puts something on the agenda, a nominal time from now.
    pub(crate) fn later(&mut self, nominal: Duration, due: Due) {
        let at = self.now.ms.saturating_add(self.world.scaled_ms(nominal));
        self.agenda.add(at, due);
        self.world.wake.notify_one();
    }
}

impl World {
    /// A world of these clusters. `scale` multiplies every nominal duration.
    pub(crate) fn new(
        clusters: BTreeMap<String, Cluster>,
        scale: f64,
        log: Log,
        keys: KeyRing,
    ) -> Self {
        let cuts = clusters
            .values()
            .flat_map(|cluster| {
                cluster
                    .nodes
                    .iter()
                    .map(|node| Place::new(&cluster.name, &node.name))
            })
            .map(|place| (place, watch::Sender::new(0)))
            .collect();
        Self {
            estate: Mutex::new(Estate {
                clusters,
                expressways: None,
                agenda: Agenda::default(),
            }),
            log,
            faults: Faults::default(),
            hooks: Hooks::default(),
            scale,
            started: Instant::now(),
            started_unix: unix_now(),
            wake: Notify::new(),
            keys,
            cuts,
            sessions: Mutex::default(),
            stirred: AtomicBool::new(false),
        }
    }

    /// The same world with Expressways.
    pub(crate) fn with_expressways(mut self, deployment: Deployment) -> Self {
        let places = deployment.places().into_iter();
        self.cuts
            .extend(places.map(|place| (place, watch::Sender::new(0))));
        self.lock().expressways = Some(deployment);
        self.planting(|_| ());
        self
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
        Moment {
            ms,
            unix: self.started_unix.saturating_add(seconds),
        }
    }

    /// A nominal duration in the lab's own time.
    #[must_use]
    pub fn scaled(&self, nominal: Duration) -> Duration {
        nominal.mul_f64(self.scale.clamp(0.0, 1000.0))
    }

    pub(crate) fn scaled_ms(&self, nominal: Duration) -> u64 {
        u64::try_from(self.scaled(nominal).as_millis()).unwrap_or(u64::MAX)
    }

    /// Everything logged so far.
    #[must_use]
    pub fn entries(&self) -> Vec<LogEntry> {
        self.log.entries()
    }

    /// Notes something outside a request.
    pub fn note(&self, place: &Place, channel: Channel, kind: Kind, what: &str, detail: &str) {
        self.write_down(self.now().ms, place, channel, kind, what, detail);
    }

    fn write_down(
        &self,
        at_ms: u64,
        place: &Place,
        channel: Channel,
        kind: Kind,
        what: &str,
        detail: &str,
    ) {
        if kind == Kind::Effect {
            self.stirred.store(true, Ordering::Relaxed);
        }
        self.log.note(at_ms, place, channel, kind, what, detail);
    }

    /// Plants a fault.
    pub fn plant(&self, fault: Fault) {
        self.faults.plant(fault);
    }

    /// Takes every planted fault away.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Calls back at the `number`-th request, counted from 1.
    pub fn at_request(&self, number: usize, when: When, callback: Box<dyn FnOnce() + Send>) {
        self.hooks.at(Counted::All, number, when, callback);
    }

    /// Calls back at the `number`-th request that means to change something, counted from 1.
    pub fn at_change(&self, number: usize, when: When, callback: Box<dyn FnOnce() + Send>) {
        self.hooks.at(Counted::Changes, number, when, callback);
    }

    /// How many requests and commands have arrived.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.hooks.arrived(Counted::All)
    }

    /// How many of them meant to change something.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.hooks.arrived(Counted::Changes)
    }

    /// Counts and logs a request, runs the hooks that wait before it, and says which fault strikes it.
    ///
    /// `kind` is [`Kind::Read`] or [`Kind::Write`]. Call it only after a good login.
    pub fn begin(
        &self,
        place: &Place,
        channel: Channel,
        kind: Kind,
        what: &str,
        detail: &str,
    ) -> Request {
        let numbers = self.hooks.count(kind == Kind::Write);
        self.note(place, channel, kind, what, detail);
        self.hooks.reach(numbers, When::BeforeActing);
        let fault = self.faults.strike(&place.node, channel, what);
        if let Some(mode) = fault {
            self.note(place, channel, Kind::Fault, mode.word(), what);
        }
        Request {
            numbers,
            place: place.clone(),
            channel,
            what: what.to_owned(),
            fault,
        }
    }

    /// Runs the hooks that wait after a request was carried out and before it is answered.
    pub fn acted(&self, request: &Request) {
        self.hooks.reach(request.numbers, When::AfterActing);
    }

    /// Looks at a node and its cluster; nothing if there is no such place.
    pub fn read<T>(
        &self,
        place: &Place,
        look: impl FnOnce(&Cluster, &Node, Moment) -> T,
    ) -> Option<T> {
        self.scene(|scene| {
            let cluster = scene.clusters.get(&place.cluster)?;
            Some(look(cluster, cluster.node(&place.node)?, scene.now))
        })
    }

    /// Looks at a whole cluster.
    pub fn read_cluster<T>(&self, cluster: &str, look: impl FnOnce(&Cluster) -> T) -> Option<T> {
        self.scene(|scene| scene.clusters.get(cluster).map(look))
    }

    /// Changes a node behind the devices' backs: how a test plants a condition. Answers false if there is none such.
    pub fn change(&self, place: &Place, change: impl FnOnce(&mut Node)) -> bool {
        self.planting(|scene| scene.node(place).map(change).is_some())
    }

    /// Changes a cluster likewise.
    pub fn change_cluster(&self, cluster: &str, change: impl FnOnce(&mut Cluster)) -> bool {
        self.planting(|scene| scene.clusters.get_mut(cluster).map(change).is_some())
    }

    /// Every cluster's name with its nodes' names.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        self.cuts.keys().cloned().collect()
    }

    /// Brings the agenda up to date and works on the estate.
    pub(crate) fn scene<T>(&self, work: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let mut estate = self.lock();
        let now = self.now();
        let Estate {
            clusters,
            expressways,
            agenda,
        } = &mut *estate;
        let mut scene = Scene {
            clusters,
            expressways,
            agenda,
            now,
            world: self,
        };
        scene.settle();
        let answer = work(&mut scene);
        if self.stirred.swap(false, Ordering::Relaxed) {
            scene.watch_edges(false);
        }
        drop(estate);
        answer
    }

    /// Works on the estate as nobody does who is part of it: what breaks by it is nobody's fault.
    pub(crate) fn planting<T>(&self, work: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        self.scene(|scene| {
            let answer = work(scene);
            scene.watch_edges(true);
            answer
        })
    }

    /// When the next thing on the agenda is due, in milliseconds since the start.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.lock().agenda.next_due()
    }

    fn lock(&self) -> MutexGuard<'_, Estate> {
        self.estate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the open web connections of a node to end.
    pub(crate) fn cut(&self, place: &Place) {
        if let Some(cut) = self.cuts.get(place) {
            cut.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Changes when the open web connections of a node must end.
    pub(crate) fn cuts(&self, place: &Place) -> Option<watch::Receiver<u64>> {
        self.cuts.get(place).map(watch::Sender::subscribe)
    }
}
