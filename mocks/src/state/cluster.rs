//! One cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::node::{Node, Role};
use super::phone::Phone;
use super::product::Product;
use super::release::Release;
use super::trust_list::TrustLists;

/// A user and a password.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password, which never reaches the log.
    pub password: String,
}

/// The two accounts of a cluster.
///
/// claim: CUCM-SOAP-ACCOUNT
#[derive(Clone)]
pub struct Accounts {
    /// REST on 443 and SSH.
    pub platform: Credentials,
    /// SOAP on 8443.
    pub application: Credentials,
}

/// The backup system of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// How far a running backup is, in percent.
    pub running: Option<u8>,
    /// How far a running restore is, in percent.
    pub restoring: Option<u8>,
    /// Earlier backups, oldest first.
    pub history: Vec<BackupRecord>,
}

/// One earlier backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRecord {
    /// The archive's name.
    pub file: String,
    /// When it ended, in seconds since 1970.
    pub at: i64,
    /// Whether it succeeded.
    pub succeeded: bool,
}

/// What the judge remembers of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The services restarted on the node that was last restarted, since the pass came to it.
    pub restarted: BTreeSet<String>,
    /// Purposes that were changed on any node and are not finished.
    pub changed: BTreeSet<String>,
    /// When a certificate came into effect, in milliseconds since the lab's start, by node and purpose.
    pub effective_ms: BTreeMap<(String, String), u64>,
}

impl Memory {
    /// Notes when a changed certificate of a node is in effect, once for each change.
    pub(crate) fn comes_into_effect(&mut self, node: &str, purpose: &str, now_ms: u64) {
        let key = (node.to_owned(), purpose.to_owned());
        self.effective_ms.entry(key).or_insert(now_ms);
    }

    /// Notes that a certificate of a node was changed.
    pub(crate) fn is_changed(&mut self, node: &str, purpose: &str) {
        self.changed.insert(purpose.to_owned());
        self.effective_ms
            .remove(&(node.to_owned(), purpose.to_owned()));
    }
}

/// A cluster: its nodes and what they share.
pub struct Cluster {
    /// The name in the estate file.
    pub name: String,
    /// What its nodes run.
    pub product: Product,
    /// The release as the platform prints it.
    pub release: String,
    /// The nodes, publisher first.
    pub nodes: Vec<Node>,
    /// Further names in the cluster's own node list that no estate file knows.
    pub further_listed: Vec<String>,
    /// Who may log in.
    pub accounts: Accounts,
    /// Whether the cluster is in mixed mode.
    pub mixed_mode: bool,
    /// Whether the tomcat certificates stand in for those of CallManager (claim: CUCM-REUSE).
    pub reuse: bool,
    /// The lists that phones are given.
    pub lists: TrustLists,
    /// The backup system.
    pub backup: Backup,
    /// The phones of all nodes.
    pub phones: Vec<Phone>,
    /// The node on which a service was last restarted.
    pub last_restarted: Option<String>,
    /// What the judge remembers.
    pub memory: Memory,
}

impl Cluster {
    /// A node by its full name or by its host name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes
            .iter()
            .find(|node| node.name == name || node.host() == name)
    }

    /// A node to change.
    pub fn node_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.nodes
            .iter_mut()
            .find(|node| node.name == name || node.host() == name)
    }

    /// The publisher.
    #[must_use]
    pub fn publisher(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.role == Role::Publisher)
    }

    /// The IM and Presence database publisher: the first of the cluster's presence nodes.
    ///
    /// claim: IMP-PUBLISHER
    #[must_use]
    pub fn presence_publisher(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.role == Role::ImPresence)
    }

    /// The release's first two numbers, such as (14, 0).
    #[must_use]
    pub fn version(&self) -> (u32, u32) {
        let mut numbers = self.release.split('.').map_while(|part| part.parse().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }

    /// The release in numbers.
    #[must_use]
    pub fn numbers(&self) -> Release {
        Release::of(&self.release)
    }

    /// Whether inventories list a purpose.
    ///
    /// claim: CUCM-REUSE
    #[must_use]
    pub(crate) fn lists_purpose(&self, purpose: &str) -> bool {
        !(self.reuse && purpose.starts_with("CallManager"))
    }

    /// How many phones are registered with a node.
    #[must_use]
    pub fn registered_with(&self, node: &str) -> usize {
        self.phones
            .iter()
            .filter(|phone| phone.registered && phone.node == node)
            .count()
    }
}
