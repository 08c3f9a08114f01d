//! One node in the symbolic state.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Appliance, Fingerprint, KeyAlgorithm, Listener, NodeName, NodeState, Observed, Port, Purpose,
    Release, ServiceName, ServiceStatus, SsoState, StepId, Store, WHOLE_PEER,
};
use crate::plan::{Condition, Step};

use super::catalogue;

/// A certificate in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Held {
    /// Nobody looked, or nobody could.
    Unread,
    /// One that exists.
    Known(Fingerprint),
    /// The one that will be issued for the request of a step.
    Issued(StepId),
}

/// A signing request on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    None,
    /// Somebody else's, or one that could not be ruled out.
    Foreign,
    /// Made by a step of this plan.
    Of(StepId),
}

/// An upload to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) step: StepId,
    /// Its place among the steps.
    pub(super) at: usize,
}

/// An authority that a step of this plan uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) store: Store,
    pub(super) sha256: Fingerprint,
    /// The place of the step among the steps.
    pub(super) at: usize,
}

/// One node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) appliance: Appliance,
    /// The services that ran when the node was observed.
    pub(super) ran: BTreeSet<ServiceName>,
    pub(super) trust: BTreeMap<Store, BTreeSet<Fingerprint>>,
    pub(super) requests: BTreeMap<Purpose, Request>,
    pub(super) identities: BTreeMap<Purpose, Held>,
    /// What each listener presents, where it is known to present a purpose's certificate.
    pub(super) serves: BTreeMap<Listener, (Purpose, Held)>,
    /// Purposes whose new certificate is stored and was not seen in effect since.
    pub(super) unproved: BTreeSet<Purpose>,
    /// The last upload of each purpose.
    pub(super) uploads: BTreeMap<Purpose, Upload>,
    /// Authorities that reached it, by their step.
    pub(super) authorities: BTreeMap<StepId, Authority>,
    /// Those of a peer of Expressway that it was not seen to have loaded. Source: claim EXPRESSWAY-TRUST-AFTER-RESTART.
    pub(super) unloaded: BTreeSet<StepId>,
    /// Services that this plan restarted and whose node was not confirmed since.
    pub(super) unconfirmed: BTreeSet<ServiceName>,
    /// When each service last started in this plan, by itself or with another, by the step's place.
    pub(super) started: BTreeMap<ServiceName, usize>,
    /// When this plan last restarted each service itself.
    pub(super) restarted: BTreeMap<ServiceName, usize>,
    pub(super) sso: Option<SsoState>,
}

impl Node {
    /// What was observed, where a plan restarts some services.
    pub(super) fn observed(
        state: &NodeState,
        appliance: Appliance,
        release: &Release,
        restarts: &BTreeSet<&ServiceName>,
    ) -> Self {
        let services = state.services.present().into_iter().flatten();
        let ran = services.filter(|(_, state)| state.status == ServiceStatus::Started);
        let trust = state.trust.iter().filter_map(|(store, entries)| {
            let held = entries.present()?.iter();
            Some((
                store.clone(),
                held.map(|entry| entry.sha256.clone()).collect(),
            ))
        });
        let requests = state.pending.iter().map(|(purpose, request)| {
            let request = match request {
                Observed::Absent => Request::None,
                Observed::Present(_) | Observed::Unknown(_) => Request::Foreign,
            };
            (purpose.clone(), request)
        });
        let identities = state.identities.iter().filter_map(|(purpose, held)| {
            let held = Held::Known(held.present()?.clone());
            Some((purpose.clone(), held))
        });
        let identities = identities.collect();
        Self {
            appliance,
            ran: ran.map(|(service, _)| service.clone()).collect(),
            trust: trust.collect(),
            requests: requests.collect(),
            serves: listeners(state, appliance, release, &identities, restarts),
            identities,
            unproved: BTreeSet::new(),
            uploads: BTreeMap::new(),
            authorities: BTreeMap::new(),
            unloaded: BTreeSet::new(),
            unconfirmed: BTreeSet::new(),
            started: BTreeMap::new(),
            restarted: BTreeMap::new(),
            sso: state.sso.present().copied(),
        }
    }

    /// An authority reaches it.
    pub(super) fn take(&mut self, step: &StepId, authority: Authority) {
        if authority.store.as_str() == catalogue::TRUSTED_LIST {
            self.unloaded.insert(step.clone());
        }
        self.authorities.insert(step.clone(), authority);
    }

    /// When the last authority came that a restart of a service loads; some count, and some do not.
    pub(super) fn last_authority(
        &self,
        service: &ServiceName,
        counts: impl Fn(&Authority) -> bool,
    ) -> Option<usize> {
        let loads = |it: &&Authority| {
            catalogue::loads_store(service.as_str(), it.store.as_str(), self.appliance)
        };
        let all = self.authorities.values().filter(loads);
        all.filter(|it| counts(it)).map(|it| it.at).max()
    }

    /// Whether a confirmation shows that the peer started after an authority was stored: by its time of running, or by a
    /// certificate that it presents only since then.
    pub(super) fn shows_loaded(&self, name: &NodeName, upload: &StepId, step: &Step) -> bool {
        let Some(since) = self.authorities.get(upload).map(|it| it.at) else {
            return false;
        };
        let place = |id: &StepId| {
            let identity = self
                .uploads
                .values()
                .find(|it| it.step == *id)
                .map(|it| it.at);
            identity.or_else(|| self.authorities.get(id).map(|it| it.at))
        };
        step.after.iter().any(|condition| match condition {
            Condition::StartedSince {
                node,
                service,
                step,
            } => {
                let started = self.started.get(service);
                let later = place(step).filter(|at| *at >= since);
                node == name
                    && service.as_str() == WHOLE_PEER
                    && later.is_some_and(|later| started.is_some_and(|at| *at > later))
            }
            Condition::Serves {
                node,
                listener,
                step,
            } => {
                let held = self.serves.get(listener);
                let upload = held.and_then(|(purpose, _)| self.uploads.get(purpose));
                let fresh = held.is_some_and(|(_, held)| *held == Held::Issued(step.clone()));
                node == name && fresh && upload.is_some_and(|it| it.at > since)
            }
            _ => false,
        })
    }

    /// Whether a service ran when the node was observed.
    pub(super) fn runs(&self, service: &str) -> bool {
        self.ran.contains(&ServiceName::from(service))
    }

    /// A certificate is stored. Where its service restarts by itself, its ports follow.
    pub(super) fn store(
        &mut self,
        purpose: &Purpose,
        request: &StepId,
        upload: Upload,
        release: &Release,
    ) {
        let issued = Held::Issued(request.clone());
        self.identities.insert(purpose.clone(), issued);
        self.unproved.insert(purpose.clone());
        self.uploads.insert(purpose.clone(), upload);
        let own: Vec<ServiceName> = self
            .ran
            .iter()
            .filter(|service| catalogue::restarts_itself(service.as_str(), release))
            .filter(|service| self.loads(service, purpose, release))
            .cloned()
            .collect();
        for service in own {
            self.present(&service, release);
        }
    }

    /// Whether a start of a service proves that a purpose's certificate was loaded where no port does.
    pub(super) fn loads(
        &self,
        service: &ServiceName,
        purpose: &Purpose,
        release: &Release,
    ) -> bool {
        catalogue::loads(service.as_str(), purpose, release, |other| self.runs(other))
    }

    /// A service comes back with what the node stores.
    pub(super) fn restart(&mut self, service: &ServiceName, at: usize, release: &Release) {
        self.unconfirmed.insert(service.clone());
        self.restarted.insert(service.clone(), at);
        let with = self.ran.iter();
        let with = with.filter(|other| catalogue::takes_along(service, other.as_str()));
        let with: BTreeSet<ServiceName> = with.chain([service]).cloned().collect();
        for each in with {
            self.present(&each, release);
            self.started.insert(each, at);
        }
    }

    /// The ports of a service present what the node stores.
    fn present(&mut self, service: &ServiceName, release: &Release) {
        for (listener, (purpose, held)) in &mut self.serves {
            if catalogue::presents(service.as_str(), *listener, self.appliance, release)
                && let Some(stored) = self.identities.get(purpose)
            {
                *held = stored.clone();
            }
        }
    }

    /// Whether a service started after an upload, or will by itself.
    pub(super) fn started_since(
        &self,
        service: &ServiceName,
        upload: &StepId,
        release: &Release,
    ) -> bool {
        if let Some(authority) = self.authorities.get(upload) {
            let started = self.started.get(service);
            return started.is_some_and(|at| *at > authority.at);
        }
        let uploads = self.uploads.iter().find(|(_, it)| it.step == *upload);
        uploads.is_some_and(|(purpose, upload)| {
            let own = catalogue::restarts_itself(service.as_str(), release)
                && self.loads(service, purpose, release);
            let since = self.started.get(service).is_some_and(|at| *at > upload.at);
            own || since
        })
    }

    /// The services whose start proves a purpose that no port of this node presents; none where a port does, and
    /// none where nothing runs that loads it.
    pub(super) fn provers(&self, purpose: &Purpose, release: &Release) -> Vec<&ServiceName> {
        if self.serves.values().any(|(of, _)| of == purpose) {
            return Vec::new();
        }
        let ran = self.ran.iter();
        ran.filter(|service| self.loads(service, purpose, release))
            .collect()
    }

    /// The request behind the certificate that this plan stored for a purpose.
    pub(super) fn issued(&self, purpose: &Purpose) -> Option<&StepId> {
        match self.identities.get(purpose)? {
            Held::Issued(request) => Some(request),
            Held::Known(_) | Held::Unread => None,
        }
    }

    /// The listeners of a purpose that would not present what is stored.
    pub(super) fn behind(&self, purpose: &Purpose) -> Vec<Listener> {
        let stored = self.identities.get(purpose);
        let listeners = self.serves.iter().filter(|(_, (of, _))| of == purpose);
        listeners
            .filter(|(_, (_, held))| Some(held) != stored)
            .map(|(listener, _)| *listener)
            .collect()
    }
}

/// What the web ports present for each kind of key.
const WEB: [(KeyAlgorithm, &str); 2] = [
    (KeyAlgorithm::Rsa, "tomcat"),
    (KeyAlgorithm::Ec, "tomcat-ECDSA"),
];

/// The listeners that must present a purpose's new certificate: the web ports whatever was seen on them,
/// unless nothing answers there with that kind of key; and others that presented what the node stores, where
/// their service restarts.
fn listeners(
    state: &NodeState,
    appliance: Appliance,
    release: &Release,
    identities: &BTreeMap<Purpose, Held>,
    restarts: &BTreeSet<&ServiceName>,
) -> BTreeMap<Listener, (Purpose, Held)> {
    if matches!(appliance, Appliance::ExpresswayC | Appliance::ExpresswayE) {
        return listeners_of_peer(state);
    }
    let mut found = BTreeMap::new();
    for (key, purpose) in WEB {
        for port in [Port::Rest, Port::Soap] {
            let listener = Listener { port, key };
            let served = state.served.get(&listener);
            if !matches!(served, Some(Observed::Absent)) || key == KeyAlgorithm::Rsa {
                let leaf = served.and_then(Observed::present);
                let held = leaf.map_or(Held::Unread, |chain| Held::Known(chain.leaf.clone()));
                found.insert(listener, (Purpose::from(purpose), held));
            }
        }
    }
    for (listener, chain) in &state.served {
        let restarts = |service: &str| {
            catalogue::presents(service, *listener, appliance, release)
                && (restarts.contains(&ServiceName::from(service))
                    || catalogue::restarts_itself(service, release))
        };
        let Some(chain) = chain.present() else {
            continue;
        };
        if !PRESENTERS.iter().any(|service| restarts(service)) {
            continue;
        }
        let leaf = Held::Known(chain.leaf.clone());
        let names = catalogue::candidates(listener.port, appliance).iter();
        let mut purposes = names.map(|plain| match listener.key {
            KeyAlgorithm::Ec => Purpose::new(format!("{plain}-ECDSA")),
            KeyAlgorithm::Rsa | KeyAlgorithm::Other => Purpose::from(*plain),
        });
        if let Some(of) = purposes.find(|of| identities.get(of) == Some(&leaf)) {
            found.insert(*listener, (of, leaf));
        }
    }
    found
}

/// What a peer of Expressway must present its new certificate on: its web port whatever was seen there, and the port of
/// zones where it answers.
fn listeners_of_peer(state: &NodeState) -> BTreeMap<Listener, (Purpose, Held)> {
    let web = Listener {
        port: Port::Rest,
        key: KeyAlgorithm::Rsa,
    };
    let server = || Purpose::from("server");
    let mut found: BTreeMap<_, _> = [(web, (server(), Held::Unread))].into();
    for (listener, chain) in &state.served {
        if let Some(chain) = chain.present().filter(|_| catalogue::of_peer(*listener)) {
            found.insert(*listener, (server(), Held::Known(chain.leaf.clone())));
        }
    }
    found
}

/// The services that present a port beside the web ports.
const PRESENTERS: [&str; 6] = [
    catalogue::CALL_MANAGER,
    catalogue::HA_PROXY,
    catalogue::TFTP,
    catalogue::TVS,
    "Cisco SIP Proxy",
    "Cisco XCP Router",
];
