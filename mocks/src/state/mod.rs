//! What the simulated devices are, as plain data: no socket, no file, no clock. The time is passed in.

mod cluster;
pub mod evaluation;
mod identity;
mod loads;
mod node;
mod phone;
mod product;
mod product_services;
mod release;
mod service;
mod trust_list;

pub use cluster::{Accounts, Backup, BackupRecord, Cluster, Credentials, Memory};
pub use identity::{Identity, PendingRequest, Presented, common_name, fingerprint};
pub(crate) use loads::{loaded_by, reason_prints, reasons_of};
pub use node::{Face, Lockout, Node, Ports, Quirks, Role, Web};
pub(crate) use node::{is_self_signed, signed_by};
pub use phone::{HeldItl, Holding, Phone, SecurityMode};
pub use product::Product;
pub(crate) use product_services::{presence_services, unity_services};
pub use release::Release;
pub(crate) use service::usual_services;
pub use service::{Reason, Service, ServiceState};
pub use trust_list::{Function, Record, TrustList, TrustLists};

/// A point in time, both ways it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since the lab started.
    pub ms: u64,
    /// Seconds since 1970 by the lab's own clock; a node adds its skew.
    pub unix: i64,
}
