//! The observation: what every node holds, serves, trusts and runs, as one timed value.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Appliance, Certificate, ClusterName, Expressway, Fingerprint, Listener, NodeName, Observed,
    PhoneCensus, Product, Purpose, Release, Role, ServiceName, SigningRequest, Store, TrustList,
};

/// The format of an observation file that this release writes and reads.
pub const OBSERVATION_FORMAT: u32 = 1;

/// Everything that was learned in one go. Collecting never fails as a whole: what could not be learned is
/// [`Observed::Unknown`] with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// [`OBSERVATION_FORMAT`].
    pub format: u32,
    /// When the first question was sent.
    pub from: Timestamp,
    /// When the last answer came.
    pub to: Timestamp,
    /// By cluster.
    pub clusters: BTreeMap<ClusterName, ClusterState>,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterState {
    /// As the estate file says.
    pub product: Product,
    /// The declared nodes.
    pub nodes: BTreeMap<NodeName, NodeState>,
    /// The nodes that the publisher's database lists (AXL `listProcessNode`).
    pub listed: Observed<BTreeMap<NodeName, Role>>,
    /// The nodes that the publisher's platform sees, and whether each is authenticated (`show network cluster`).
    pub network: Observed<BTreeMap<NodeName, bool>>,
    /// `ClusterSecurityMode`.
    pub security: Observed<SecurityMode>,
    /// Database replication by node (`utils dbreplication runtimestate` on the publisher).
    pub replication: Observed<BTreeMap<NodeName, Replication>>,
    /// The IM and Presence node that keeps the presence database (`cups DBPub` in `show network cluster`);
    /// `Absent` where the cluster has no such node.
    pub presence_publisher: Observed<NodeName>,
    /// The certificate trust list that the publisher offers to phones (`show ctl`); `Absent` if there is none.
    pub ctl: Observed<TrustList>,
    /// Phones: who is registered, and what the database says of each.
    pub phones: Observed<PhoneCensus>,
    /// Every certificate seen anywhere in this cluster and every certificate of the estate's issuers, once.
    pub certificates: BTreeMap<Fingerprint, Certificate>,
}

impl ClusterState {
    /// A state in which nothing was asked yet.
    pub fn unasked(product: Product) -> Self {
        Self {
            product,
            nodes: BTreeMap::new(),
            listed: Observed::default(),
            network: Observed::default(),
            security: Observed::default(),
            replication: Observed::default(),
            presence_publisher: Observed::default(),
            ctl: Observed::default(),
            phones: Observed::default(),
            certificates: BTreeMap::new(),
        }
    }

    /// The publisher, if the estate names one.
    pub fn publisher(&self) -> Option<&NodeName> {
        self.nodes
            .iter()
            .find(|(_, node)| node.role == Role::Publisher)
            .map(|(name, _)| name)
    }

    /// The software that a declared node runs.
    pub fn appliance(&self, node: &NodeName) -> Option<Appliance> {
        let role = self.nodes.get(node)?.role;
        Some(Appliance::of(self.product, role))
    }

    /// The identity certificate that a node stores for a purpose.
    pub fn identity(&self, node: &NodeName, purpose: &Purpose) -> Option<&Certificate> {
        let fingerprint = self.nodes.get(node)?.identities.get(purpose)?.present()?;
        self.certificates.get(fingerprint)
    }
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeState {
    /// As the estate file says.
    pub role: Role,
    /// The name by which the node calls itself.
    pub reported_name: Observed<String>,
    /// The active release.
    pub release: Observed<Release>,
    /// The node's clock minus ours, in whole seconds.
    pub clock_skew_seconds: Observed<i64>,
    /// Identity certificates by purpose. A purpose that the node does not list is not in the map;
    /// if the whole list is unknown, `inventory` says why.
    pub identities: BTreeMap<Purpose, Observed<Fingerprint>>,
    /// Signing requests that wait, by purpose; a purpose without one is `Absent`.
    pub pending: BTreeMap<Purpose, Observed<SigningRequest>>,
    /// Trust stores.
    pub trust: BTreeMap<Store, Observed<Vec<TrustEntry>>>,
    /// Whether the certificate inventory (identities, pending, trust) was read at all.
    pub inventory: Observed<()>,
    /// What each TLS port presents, for each key kind asked for.
    pub served: BTreeMap<Listener, Observed<ServedChain>>,
    /// Services by name.
    pub services: Observed<BTreeMap<ServiceName, ServiceState>>,
    /// SAML single sign-on.
    pub sso: Observed<SsoState>,
    /// Backup and restore jobs.
    pub backup_job: Observed<BackupJob>,
    /// When the last successful backup ended; `Absent` if there is none in the history.
    pub last_backup: Observed<Timestamp>,
    /// What only an Expressway has; `Absent` on any other node.
    #[serde(default = "no_expressway", skip_serializing_if = "is_absent")]
    pub expressway: Observed<Box<Expressway>>,
}

/// Observations of other products do not mention it.
fn no_expressway() -> Observed<Box<Expressway>> {
    Observed::Absent
}

fn is_absent(expressway: &Observed<Box<Expressway>>) -> bool {
    *expressway == Observed::Absent
}

impl NodeState {
    /// A node about which nothing was asked yet.
    pub fn unasked(role: Role) -> Self {
        Self {
            role,
            reported_name: Observed::default(),
            release: Observed::default(),
            clock_skew_seconds: Observed::default(),
            identities: BTreeMap::new(),
            pending: BTreeMap::new(),
            trust: BTreeMap::new(),
            inventory: Observed::default(),
            served: BTreeMap::new(),
            services: Observed::default(),
            sso: Observed::default(),
            backup_job: Observed::default(),
            last_backup: Observed::default(),
            expressway: match role {
                Role::Peer => Observed::default(),
                Role::Publisher | Role::Subscriber | Role::ImPresence => Observed::Absent,
            },
        }
    }

    /// Whether a trust store was read and holds a certificate. `None` if the store is unknown.
    pub fn trusts(&self, store: &Store, fingerprint: &Fingerprint) -> Option<bool> {
        match self.trust.get(store) {
            Some(Observed::Present(entries)) => {
                Some(entries.iter().any(|entry| entry.sha256 == *fingerprint))
            }
            Some(Observed::Absent) => Some(false),
            Some(Observed::Unknown(_)) => None,
            None => self.inventory.present().map(|()| false),
        }
    }
}

/// One entry of a trust store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustEntry {
    /// The file name in the store: the common name, or `CN_serial` from 14SU1. Never an identity.
    pub file: String,
    /// The certificate.
    pub sha256: Fingerprint,
}

/// What a port presented, leaf first, exactly as sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServedChain {
    /// The leaf.
    pub leaf: Fingerprint,
    /// What followed the leaf.
    pub rest: Vec<Fingerprint>,
}

/// A service's condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceState {
    /// What the platform says.
    pub status: ServiceStatus,
    /// Its reason, such as `Commanded Out of Service`; empty if none.
    pub reason: String,
    /// Seconds since it started, if the source tells (Control Center does, the shell does not).
    pub up_seconds: Option<u64>,
}

/// The status words of Control Center and of the shell, in one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceStatus {
    /// It runs.
    Started,
    /// It is on its way up.
    Starting,
    /// It is on its way down.
    Stopping,
    /// It does not run though it is activated.
    Stopped,
    /// It is not activated on this node: normal, and never restarted.
    NotActivated,
}

impl fmt::Display for ServiceStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Started => "started",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::NotActivated => "not activated",
        })
    }
}

/// `ClusterSecurityMode`: 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityMode {
    /// 0.
    NonSecure,
    /// 1: the phones hold a CTL.
    Mixed,
}

/// SAML single sign-on of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SsoState {
    /// On: must be off before a tomcat certificate is uploaded.
    Enabled,
    /// Off.
    Disabled,
}

/// Whether a backup or restore runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupJob {
    /// None runs.
    Idle,
    /// One runs; the text says which and how far.
    Running(String),
}

/// A node's database replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replication {
    /// The number in the state column; 2 is good. `None` where the release prints `(-)`.
    pub state: Option<u8>,
    /// The words beside it, such as `Setup Completed`.
    pub words: String,
}

impl Replication {
    /// Anything that does not say `Setup Completed`, or says another number than 2, is a stop.
    /// Source: cucm-rest-and-cli §4.4, cucm-certificate-rules §6.
    pub fn is_good(&self) -> bool {
        self.words.eq_ignore_ascii_case("setup completed")
            && self.state.is_none_or(|state| state == 2)
    }
}
