//! One cluster.

use super::node::{Node, Role};
use super::phone::Phone;
use super::product::Product;

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
    /// The backup system.
    pub backup: Backup,
    /// The phones of all nodes.
    pub phones: Vec<Phone>,
    /// The node on which a service was last restarted.
    pub last_restarted: Option<String>,
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

    /// The major release and its service update, such as (14, 3).
    ///
    /// claim: CUCM-RELEASE-SU
    #[must_use]
    pub fn service_update(&self) -> (u32, u32) {
        let build = self.release.split(['.', '-']).nth(3);
        let build: u32 = build.and_then(|build| build.parse().ok()).unwrap_or(0);
        (self.version().0, (build / 1000).saturating_sub(10))
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
