//! What the simulated devices are, as plain data: no socket, no file, no clock. The time is passed in.

mod cluster;
mod identity;
mod node;
mod phone;
mod product;
mod product_services;
mod service;

pub use cluster::{Accounts, Backup, BackupRecord, Cluster, Credentials};
pub use identity::{Identity, PendingRequest, Presented, common_name, fingerprint};
pub(crate) use node::is_self_signed;
pub use node::{Face, Lockout, Node, Ports, Quirks, Role, Web};
pub use phone::Phone;
pub use product::Product;
pub(crate) use product_services::{presence_services, unity_services};
pub use service::{Reason, Service, ServiceState};
pub(crate) use service::{purpose_loaded_by, usual_services};

/// A point in time, both ways it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since the lab started.
    pub ms: u64,
    /// Seconds since 1970 by the lab's own clock; a node adds its skew.
    pub unix: i64,
}
