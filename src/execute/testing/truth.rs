//! What really is and happened in the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;

use super::device::Fault;
use crate::driver::Write;
use crate::model::{
    Certificate, ClusterState, Fingerprint, Listener, NodeName, Observed, PhoneCensus, Purpose,
    ServedChain, ServiceName, ServiceState, ServiceStatus, TrustEntry, TrustList, TrustRecord,
};
use crate::pki::read_bundle;
use crate::pki::testing::{Recipe, rsa_key};

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

pub(in super::super) fn listener() -> Listener {
    "8443/rsa".parse().unwrap()
}

pub(super) fn tomcat() -> Purpose {
    Purpose::from("tomcat")
}

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
    pub(super) late: Option<(Timestamp, NodeName, Write)>,
    /// How often phones were looked at.
    pub(in super::super) looks: usize,
    pub(super) requests: usize,
    /// Phones by name: the device pool, and since when each is registered; in the future while it is not.
    pub(in super::super) phones: BTreeMap<String, (String, Timestamp)>,
    /// Phones that do not come back from a reset.
    pub(in super::super) lost: BTreeSet<String>,
    /// Phones in a call, which no reset reaches.
    pub(in super::super) busy: BTreeSet<String>,
    /// A service that restarts by itself when its node is sent a certificate.
    pub(in super::super) restarts_itself: Option<ServiceName>,
    /// Phones reset by themselves when a certificate is uploaded.
    pub(in super::super) resets_itself: bool,
    /// The serial numbers of the certificates that were uploaded.
    serials: Vec<String>,
}

impl Truth {
    pub(super) fn new(
        state: ClusterState,
        since: BTreeMap<(NodeName, ServiceName), Timestamp>,
        pins: BTreeMap<NodeName, BTreeSet<Fingerprint>>,
    ) -> Self {
        Self {
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
            phones: BTreeMap::new(),
            lost: BTreeSet::new(),
            busy: BTreeSet::new(),
            restarts_itself: None,
            resets_itself: false,
            serials: Vec::new(),
        }
    }

    /// What a census finds.
    pub(super) fn census(&self, now: Timestamp) -> Observed<PhoneCensus> {
        let registered = self.phones.iter().filter(|(_, (_, since))| *since <= now);
        let registered: BTreeMap<String, i64> = registered
            .map(|(name, (_, since))| (name.clone(), since.as_second()))
            .collect();
        match self.state.phones.clone() {
            Observed::Present(census) if !self.phones.is_empty() => {
                Observed::Present(PhoneCensus {
                    registered,
                    ..census
                })
            }
            other => other,
        }
    }

    fn reset(&mut self, pool: Option<&str>, now: Timestamp) {
        for (name, (own, since)) in &mut self.phones {
            if pool.is_none_or(|pool| pool == own) && !self.busy.contains(name) {
                *since = if self.lost.contains(name) {
                    Timestamp::MAX
                } else {
                    now + Duration::from_secs(30)
                };
            }
        }
    }
}

pub(super) fn running(truth: &Truth, since: Timestamp, now: Timestamp) -> ServiceState {
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
    pub(super) fn act(&mut self, at: &NodeName, write: &Write, now: Timestamp) {
        match write {
            Write::UpdateTrustList => {
                let record = |serial: &String| TrustRecord {
                    function: "CCM+TFTP".to_owned(),
                    subject: String::new(),
                    serial: serial.clone(),
                };
                self.state.ctl = Observed::Present(TrustList {
                    modified: now.to_string(),
                    records: self.serials.iter().map(record).collect(),
                });
                self.effects.push(format!("trust list {at}"));
            }
            Write::ResetPhones { pool } => {
                self.reset(Some(pool), now);
                self.effects.push(format!("reset {pool}"));
            }
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
                self.serials.push(leaf.serial);
                if let Some(service) = self.restarts_itself.clone() {
                    self.since.insert((at.clone(), service), now);
                }
                if self.resets_itself {
                    self.reset(None, now);
                }
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
