//! Unified Communications Manager with its IM and Presence nodes, and Unity Connection: products of one platform.
//!
//! Each node is asked over four channels: the certificate interface (REST), the administration and
//! serviceability interfaces (SOAP), the platform shell (SSH), and bare TLS handshakes. Before release 14 there is
//! no certificate interface; certificates are then read and changed in the shell. What is known of the answers is in
//! `playbooks/claims.yaml`; comments name the claims.
//!
//! A reader holds only clients that cannot write. [`CucmWriter`] is made of one and a
//! [`WriteAccess`](crate::transport::WriteAccess), which only the commands that carry out a plan have.

mod ask;
mod cluster;
pub mod decode;
pub(super) mod interface;
pub(super) mod inventory;
mod node;
mod pace;
mod phones;
mod reader;
pub mod refusals;
pub mod requests;
mod roster;
mod shell_changes;
mod shell_inventory;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::{problems, served};
use crate::clock::Clock;
use crate::model::Product;
use crate::pki::Parsed;
use crate::transport::{Login, Network};

pub use super::{NodeAccess, Problem, ProblemKind};
pub use reader::CucmReader;
pub use writer::CucmWriter;

/// Everything that is needed to ask one cluster.
#[derive(Clone)]
pub struct ClusterAccess {
    /// CUCM or Unity Connection.
    pub product: Product,
    /// The declared nodes.
    pub nodes: Vec<NodeAccess>,
    /// The platform account: REST and SSH.
    pub platform: Login,
    /// The application account: SOAP.
    // claim: CUCM-SOAP-ACCOUNT
    pub application: Login,
    /// Pins, login memory, limits.
    pub network: Network,
    /// Every certificate of the estate's issuers, so that what a node holds can be linked to them.
    pub authorities: Vec<Parsed>,
    /// How many questions about devices the publisher may be asked in a minute.
    // claim: CUCM-RIS-RATE
    pub device_queries_per_minute: u32,
    /// How long the shell may take to restart a service. Cisco Tomcat takes up to ten minutes.
    // claim: CUCM-TOMCAT-RESTART-TIME
    pub restart_limit: Duration,
    /// Our clock, for the difference to the nodes' clocks and for the pin book.
    pub clock: Arc<dyn Clock>,
}
