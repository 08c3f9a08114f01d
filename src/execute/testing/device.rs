//! The cluster: a state machine with faults, which keeps its own list of what really happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::{MemoryTime, held, node};
use crate::clock::Clock as _;
use crate::driver::{Actuate, BoxFuture, FactGroup, Observe, Scope, Write, WriteError};
use crate::model::{
    Certificate, ClusterState, Fingerprint, KeyAlgorithm, Listener, NodeName, NodeState, Observed,
    PhoneCensus, Product, Purpose, Replication, Role, ServedChain, ServiceName, ServiceState,
    ServiceStatus, SsoState, Store, TrustEntry,
};
use crate::pki::read_bundle;
use crate::pki::testing::{Recipe, rsa_key};

/// What goes wrong with one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Fault {
    NotSent,
    ActThenSilence,
    SilenceWithoutAct,
    Refuse,
    ActThenRefuse,
    AcceptWithoutAct,
    /// No answer, and the device acts only later.
    Late,
    Unauthorized,
    NotTrusted,
}

/// Keys are made once; no two requests of one cluster share one.
static KEYS: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
    let keyed = |_| Recipe {
        key: rsa_key(2048),
        ..Recipe::leaf("key")
    };
    (0..4).map(keyed).collect()
});

/// A change that somebody else makes.
pub(in super::super) type Meddling = fn(&mut ClusterState);

/// What a test changes or looks at.
pub(in super::super) struct Truth {
    pub(in super::super) state: ClusterState,
    /// Since when each service runs; in the future while it restarts.
    pub(in super::super) since: BTreeMap<(NodeName, ServiceName), Timestamp>,
    /// What happened to the cluster, in order.
    pub(in super::super) effects: Vec<String>,
    /// Changes that were sent, counted from 0, and what goes wrong with some.
    pub(in super::super) sent: usize,
    pub(in super::super) faults: BTreeMap<usize, Fault>,
    /// Every restart of a service goes wrong like this.
    pub(in super::super) restarts: Option<Fault>,
    /// Services tell since when they run.
    pub(in super::super) tells_uptime: bool,
    /// A name that the node adds to every request by itself.
    pub(in super::super) adds_name: Option<String>,
    /// Recipes of the requests, so that an issuer can sign what they ask for.
    pub(in super::super) recipes: BTreeMap<Fingerprint, Recipe>,
    /// Leaves that each node may present, as its pins say.
    pub(in super::super) pins: BTreeMap<NodeName, BTreeSet<Fingerprint>>,
    /// What somebody else does right after so many changes were sent.
    pub(in super::super) meddling: Option<(usize, Meddling)>,
    /// Every other look finds the phones gone.
    pub(in super::super) flaps: bool,
    late: Option<(Timestamp, NodeName, Write)>,
    looks: usize,
    requests: usize,
}

pub(in super::super) struct MemoryCluster {
    pub(in super::super) time: Arc<MemoryTime>,
    truth: Mutex<Truth>,
}

pub(in super::super) fn listener() -> Listener {
    "8443/rsa".parse().unwrap()
}

fn tomcat() -> Purpose {
    Purpose::from("tomcat")
}

impl MemoryCluster {
    /// Two nodes that serve a certificate of their own making.
    pub(in super::super) fn new(time: Arc<MemoryTime>) -> Self {
        let mut state = ClusterState::unasked(Product::Cucm);
        let mut since = BTreeMap::new();
        let mut pins = BTreeMap::new();
        for (name, role) in [("pub", Role::Publisher), ("sub", Role::Subscriber)] {
            let name = node(name);
            let leaf = Fingerprint::of(name.as_str().as_bytes());
            pins.insert(name.clone(), [leaf.clone()].into());
            let mut seen = NodeState::unasked(role);
            seen.inventory = Observed::Present(());
            seen.identities
                .insert(tomcat(), Observed::Present(leaf.clone()));
            seen.pending.insert(tomcat(), Observed::Absent);
            seen.trust
                .insert(Store::from("tomcat-trust"), Observed::Present(Vec::new()));
            seen.served.insert(
                listener(),
                Observed::Present(ServedChain {
                    leaf,
                    rest: Vec::new(),
                }),
            );
            seen.sso = Observed::Present(SsoState::Disabled);
            state.nodes.insert(name.clone(), seen);
            for service in ["Cisco Tomcat", "Cisco DRF Local"] {
                since.insert(
                    (name.clone(), service.into()),
                    "2026-05-01T00:00:00Z".parse().unwrap(),
                );
            }
        }
        let good = Replication {
            state: Some(2),
            words: "Setup Completed".to_owned(),
        };
        state.replication = Observed::Present(
            state
                .nodes
                .keys()
                .map(|name| (name.clone(), good.clone()))
                .collect(),
        );
        state.phones = Observed::Present(PhoneCensus {
            counted: [(node("pub"), 10)].into(),
            registered: BTreeMap::new(),
            configured: Observed::default(),
        });
        let truth = Truth {
            state,
            since,
            effects: Vec::new(),
            sent: 0,
            faults: BTreeMap::new(),
            restarts: None,
            tells_uptime: true,
            adds_name: None,
            recipes: BTreeMap::new(),
            pins,
            meddling: None,
            flaps: false,
            late: None,
            looks: 0,
            requests: 0,
        };
        Self {
            time,
            truth: Mutex::new(truth),
        }
    }

    pub(in super::super) fn truth(&self) -> std::sync::MutexGuard<'_, Truth> {
        held(&self.truth)
    }

    /// What a look at everything shows now.
    pub(in super::super) fn seen(&self) -> ClusterState {
        self.show(&Scope::everything())
    }

    fn show(&self, scope: &Scope) -> ClusterState {
        let mut truth = self.truth();
        let now = self.time.now();
        if let Some((_, at, write)) = truth.late.take_if(|(when, ..)| *when <= now) {
            truth.act(&at, &write, now);
        }
        let asked = |group| scope.groups.contains(&group);
        let mut state = truth.state.clone();
        for (name, seen) in &mut state.nodes {
            let inside = scope
                .nodes
                .as_ref()
                .is_none_or(|nodes| nodes.contains(name));
            let blank = NodeState::unasked(seen.role);
            let since = |service: &str| truth.since[&(name.clone(), service.into())];
            let dark = since("Cisco Tomcat") > now;
            if !inside || dark || !asked(FactGroup::Certificates) {
                seen.identities = blank.identities;
                seen.pending = blank.pending;
                seen.trust = blank.trust;
                seen.inventory = blank.inventory;
            }
            if !inside || dark || !asked(FactGroup::Served) {
                seen.served
                    .values_mut()
                    .for_each(|served| *served = Observed::default());
            }
            if !inside || !asked(FactGroup::Platform) {
                seen.sso = blank.sso;
            }
            if inside && !dark && asked(FactGroup::Services) {
                let services = ["Cisco Tomcat", "Cisco DRF Local"].into_iter();
                seen.services = Observed::Present(
                    services
                        .map(|it| (it.into(), running(&truth, since(it), now)))
                        .collect(),
                );
            }
        }
        if !asked(FactGroup::Platform) {
            state.replication = Observed::default();
        }
        if !asked(FactGroup::Phones) || scope.nodes.is_some() {
            state.phones = Observed::default();
        } else if truth.flaps {
            truth.looks += 1;
            state.phones = if truth.looks.is_multiple_of(2) {
                Observed::Absent
            } else {
                state.phones
            };
        }
        state
    }
}

fn running(truth: &Truth, since: Timestamp, now: Timestamp) -> ServiceState {
    let up = now.duration_since(since).as_secs();
    ServiceState {
        status: if up < 0 {
            ServiceStatus::Starting
        } else {
            ServiceStatus::Started
        },
        reason: String::new(),
        up_seconds: truth
            .tells_uptime
            .then(|| u64::try_from(up).unwrap_or_default()),
    }
}

fn one(pem: &str) -> Certificate {
    let mut read = read_bundle(pem.as_bytes(), "an upload").unwrap();
    assert_eq!(read.len(), 1, "a node takes one certificate at a time");
    read.remove(0).facts
}

impl Truth {
    fn act(&mut self, at: &NodeName, write: &Write, now: Timestamp) {
        match write {
            Write::UpdateTrustList | Write::ResetPhones { .. } => {}
            Write::UploadTrust { store, pem, .. } => {
                let entry = TrustEntry {
                    file: "root".to_owned(),
                    sha256: one(pem).sha256,
                };
                for seen in self.state.nodes.values_mut() {
                    seen.trust
                        .insert(store.clone(), Observed::Present(vec![entry.clone()]));
                }
                self.effects.push(format!("trust {at}"));
            }
            Write::GenerateRequest {
                purpose,
                common_name,
                ..
            } => {
                let mut recipe = Recipe::leaf(common_name);
                recipe.key = KEYS[self.requests % KEYS.len()].key.clone();
                recipe
                    .names
                    .extend(self.adds_name.iter().map(|name| format!("dns:{name}")));
                self.requests += 1;
                let request = recipe.request();
                self.recipes.insert(request.key.sha256.clone(), recipe);
                let seen = self.state.nodes.get_mut(at).unwrap();
                let old = seen
                    .pending
                    .insert(purpose.clone(), Observed::Present(request));
                assert_eq!(old, Some(Observed::Absent), "a request was overwritten");
                self.effects.push(format!("request {at}"));
            }
            Write::UploadIdentity { purpose, pem } => {
                let leaf = one(pem);
                let seen = self.state.nodes.get_mut(at).unwrap();
                let request = seen.pending.insert(purpose.clone(), Observed::Absent);
                let key = request.and_then(|it| it.present().map(|it| it.key.sha256.clone()));
                assert_eq!(
                    key,
                    Some(leaf.key.sha256.clone()),
                    "the key of the certificate"
                );
                seen.identities
                    .insert(purpose.clone(), Observed::Present(leaf.sha256));
                self.effects.push(format!("identity {at}"));
            }
            Write::RestartService { service, .. } => {
                if service.as_str() == "Cisco Tomcat" {
                    let seen = self.state.nodes.get_mut(at).unwrap();
                    let leaf = seen.identities[&tomcat()].present().unwrap().clone();
                    assert!(
                        self.pins[at].contains(&leaf),
                        "the node would not be believed"
                    );
                    let chain = ServedChain {
                        leaf,
                        rest: Vec::new(),
                    };
                    seen.served.insert(listener(), Observed::Present(chain));
                }
                let takes = Duration::from_secs(40);
                self.since
                    .insert((at.clone(), service.clone()), now + takes);
                self.effects.push(format!("restart {service} {at}"));
            }
        }
    }
}

impl Observe for MemoryCluster {
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
        Box::pin(std::future::ready(self.show(scope)))
    }
}

impl Actuate for MemoryCluster {
    fn perform<'a>(
        &'a self,
        node: &'a NodeName,
        write: &'a Write,
    ) -> BoxFuture<'a, Result<(), WriteError>> {
        let mut truth = self.truth();
        let this = truth.sent;
        truth.sent += 1;
        let always = truth
            .restarts
            .filter(|_| matches!(write, Write::RestartService { .. }));
        let fault = truth.faults.remove(&this).or(always);
        if matches!(
            fault,
            None | Some(Fault::ActThenSilence | Fault::ActThenRefuse)
        ) {
            truth.act(node, write, self.time.now());
        }
        if let Some((_, meddle)) = truth.meddling.take_if(|(after, _)| *after == this + 1) {
            meddle(&mut truth.state);
        }
        if fault == Some(Fault::Late) {
            let when = self.time.now() + Duration::from_mins(1);
            truth.late = Some((when, node.clone(), write.clone()));
        }
        let text = |words: &str| format!("{node}: {words}");
        let answer = match fault {
            None | Some(Fault::AcceptWithoutAct) => Ok(()),
            Some(Fault::NotSent) => Err(WriteError::NotSent(text("no connection"))),
            Some(Fault::ActThenSilence | Fault::SilenceWithoutAct | Fault::Late) => {
                Err(WriteError::Unknown(text("no answer")))
            }
            Some(Fault::Refuse | Fault::ActThenRefuse) => {
                Err(WriteError::Refused(text("internal error")))
            }
            Some(Fault::Unauthorized) => Err(WriteError::Unauthorized(text("401"))),
            Some(Fault::NotTrusted) => Err(WriteError::NotTrusted(text("another certificate"))),
        };
        Box::pin(std::future::ready(answer))
    }

    fn expect_leaf(
        &self,
        node: &NodeName,
        key: KeyAlgorithm,
        leaf: &Fingerprint,
    ) -> Result<(), String> {
        assert_eq!(key, KeyAlgorithm::Rsa, "the kind of key that tomcat holds");
        self.truth()
            .pins
            .entry(node.clone())
            .or_default()
            .insert(leaf.clone());
        Ok(())
    }

    fn settle_leaf(&self, node: &NodeName, leaf: &Fingerprint) -> Result<(), String> {
        self.truth()
            .pins
            .insert(node.clone(), [leaf.clone()].into());
        Ok(())
    }
}
