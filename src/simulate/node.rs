//! One node in the symbolic state.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Fingerprint, KeyAlgorithm, Listener, NodeState, Observed, Port, Purpose, ServiceName, SsoState,
    StepId, Store,
};

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

/// One node.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) trust: BTreeMap<Store, BTreeSet<Fingerprint>>,
    pub(super) requests: BTreeMap<Purpose, Request>,
    pub(super) identities: BTreeMap<Purpose, Held>,
    /// What each listener presents, where it is known to present a purpose's certificate.
    pub(super) serves: BTreeMap<Listener, (Purpose, Held)>,
    /// Purposes whose new certificate is stored and was not seen served by every port since.
    pub(super) unproved: BTreeSet<Purpose>,
    /// Services that this plan restarted and whose node was not confirmed since.
    pub(super) unconfirmed: BTreeSet<ServiceName>,
    /// Services restarted since an identity was last stored.
    pub(super) restarted: BTreeSet<ServiceName>,
    pub(super) sso: Option<SsoState>,
}

impl Node {
    /// What was observed, where a plan restarts some services.
    pub(super) fn observed(state: &NodeState, restarts: &BTreeSet<&ServiceName>) -> Self {
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
            trust: trust.collect(),
            requests: requests.collect(),
            serves: listeners(state, &identities, restarts),
            identities,
            sso: state.sso.present().copied(),
            ..Self::default()
        }
    }

    /// A service comes back with what the node stores.
    pub(super) fn restart(&mut self, service: &ServiceName) {
        self.unconfirmed.insert(service.clone());
        self.restarted.insert(service.clone());
        for (listener, (purpose, held)) in &mut self.serves {
            if ports_of(service).contains(&listener.port)
                && let Some(stored) = self.identities.get(purpose)
            {
                *held = stored.clone();
            }
        }
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

    /// Whether every listener of a purpose presents what is stored, and there is one.
    pub(super) fn is_served(&self, purpose: &Purpose) -> bool {
        self.serves.values().any(|(of, _)| of == purpose) && self.behind(purpose).is_empty()
    }
}

/// Which service presents which ports. Source: cucm-certificate-rules §4.1, cucm-rest-and-cli §0 fact 9.
pub(super) fn ports_of(service: &ServiceName) -> &'static [Port] {
    match service.as_str() {
        "Cisco Tomcat" => &[Port::Rest, Port::Soap],
        "Cisco Tftp" => &[Port::Tftp],
        _ => &[],
    }
}

/// What the web ports present for each kind of key.
const WEB: [(KeyAlgorithm, &str); 2] = [
    (KeyAlgorithm::Rsa, "tomcat"),
    (KeyAlgorithm::Ec, "tomcat-ECDSA"),
];

/// The listeners that must present a purpose's new certificate: the web ports whatever was seen on them,
/// unless nothing answers there with that kind of key; and others that presented what the node stores, where
/// their service restarts. What 5061 presents is CallManager's; reuse is refused before (I12).
fn listeners(
    state: &NodeState,
    identities: &BTreeMap<Purpose, Held>,
    restarts: &BTreeSet<&ServiceName>,
) -> BTreeMap<Listener, (Purpose, Held)> {
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
    let is_web = |of: &Purpose| WEB.iter().any(|(_, web)| of.as_str() == *web);
    let web = || identities.iter().filter(|(of, _)| is_web(of));
    for (listener, chain) in &state.served {
        let presents = |service: &&ServiceName| ports_of(service).contains(&listener.port);
        let known = found.contains_key(listener) || !restarts.iter().any(presents);
        let Some(chain) = chain.present().filter(|_| !known) else {
            continue;
        };
        let leaf = Held::Known(chain.leaf.clone());
        if let Some((of, _)) = web().find(|(_, held)| **held == leaf) {
            found.insert(*listener, (of.clone(), leaf));
        }
    }
    found
}
