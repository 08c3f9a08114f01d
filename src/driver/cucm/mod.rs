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
mod interface;
mod inventory;
mod node;
mod pace;
mod phones;
mod problems;
mod reader;
pub mod refusals;
pub mod requests;
mod roster;
mod served;
mod shell_changes;
mod shell_inventory;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::model::{NodeName, Port, Product, Role};
use crate::pki::Parsed;
use crate::transport::{Endpoint, Login, Network};

pub use problems::{Problem, ProblemKind};
pub use reader::CucmReader;
pub use writer::CucmWriter;

/// One declared node and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAccess {
    /// Its name in the estate, under which it is pinned.
    pub name: NodeName,
    /// Its part.
    pub role: Role,
    /// A host name or IP address.
    pub address: String,
    /// Ports that are not the standard ones.
    pub ports: BTreeMap<Port, u16>,
}

impl NodeAccess {
    fn endpoint(&self, port: Port) -> Endpoint {
        Endpoint {
            node: self.name.clone(),
            host: self.address.clone(),
            port: self.port(port),
            standard: port,
        }
    }

    fn port(&self, port: Port) -> u16 {
        self.ports.get(&port).copied().unwrap_or(port.standard())
    }
}

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
