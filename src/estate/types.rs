//! The estate as the rest of the program sees it: every name known, every word looked up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::model::{
    AccountName, Appliance, ClusterName, NodeName, Port, Product, Purpose, Role, Wave, Window,
};

/// One cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name in the estate file.
    pub name: ClusterName,
    /// What it is made of.
    pub product: Product,
    /// By which accounts of the estate it is asked.
    pub accounts: Accounts,
    /// Every declared node. IM and Presence nodes stand here beside the others: they hold purposes of the
    /// cluster too, and a multi-server certificate must name them. Their role marks them.
    pub nodes: BTreeMap<NodeName, Node>,
}

impl Cluster {
    /// The publisher; `None` for a product that has none.
    pub fn publisher(&self) -> Option<&Node> {
        self.nodes
            .values()
            .find(|node| node.role == Role::Publisher)
    }

    /// The ports by which a node is known: those over which this program logs in.
    pub fn pinned(&self, node: &Node) -> BTreeSet<Port> {
        let mut ports: BTreeSet<Port> =
            Port::pinned(Appliance::of(self.product, node.role)).collect();
        if let Accounts::Expressway { shell: Some(_), .. } = self.accounts {
            ports.insert(Port::Ssh);
        }
        ports
    }

    /// The nodes that hold a purpose.
    pub fn holders(&self, purpose: &Purpose) -> BTreeSet<NodeName> {
        let roles = self.product.holders(purpose);
        let holds = |node: &&Node| roles.contains(&node.role);
        self.nodes
            .values()
            .filter(holds)
            .map(|node| node.name.clone())
            .collect()
    }
}

/// The accounts that a product has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// CUCM and Unity Connection.
    Platform {
        /// The platform (operating system) account: certificates and shell.
        platform: AccountName,
        /// The application account: AXL, RIS, PerfMon, Control Center.
        application: AccountName,
    },
    /// Expressway.
    Expressway {
        /// An administrator account with API access.
        administrator: AccountName,
        /// An account of the command line, if it may be asked.
        shell: Option<AccountName>,
    },
}

impl Accounts {
    /// Every account, once.
    pub fn names(&self) -> BTreeSet<&AccountName> {
        match self {
            Self::Platform {
                platform,
                application,
            } => [platform, application].into(),
            Self::Expressway {
                administrator,
                shell,
            } => std::iter::once(administrator).chain(shell).collect(),
        }
    }
}

/// One node and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its fully qualified name.
    pub name: NodeName,
    /// Its part in the cluster.
    pub role: Role,
    /// An IP address or a name to connect to.
    pub address: String,
    /// Ports that are not where they usually are.
    pub(super) moved: BTreeMap<Port, u16>,
}

impl Node {
    /// The TCP port to connect to.
    pub fn port(&self, port: Port) -> u16 {
        self.moved.get(&port).copied().unwrap_or(port.standard())
    }
}

/// One account on a cluster's devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's name on the device.
    pub user: String,
    /// Where the password is.
    pub password: PasswordSource,
}

/// Where a password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The operating system's keyring, under the account's name.
    Keyring,
    /// The first line of a file that only its owner can read.
    File(PathBuf),
    /// The first line that a program prints: the program, then its arguments. Never empty.
    Command(Vec<String>),
}

/// Who signs, and the file of its authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSource {
    /// How requests reach it.
    pub kind: IssuerKind,
    /// The file of every authority above the leaf.
    pub chain: PathBuf,
}

/// How requests reach an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerKind {
    /// Through folders, which may not exist yet.
    Folder {
        /// Where requests are put.
        requests: PathBuf,
        /// Where issued certificates appear.
        issued: PathBuf,
    },
    /// Through a program that is run for each request.
    Command {
        /// The program, then its arguments. Never empty.
        command: Vec<String>,
    },
}

/// Which clusters change when, and how many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// In order; every cluster of the estate is in exactly one.
    pub waves: Vec<Wave>,
    /// When services may restart. A cluster that is in no window is not bound.
    pub windows: Vec<Window>,
}
