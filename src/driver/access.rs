//! A declared node as every driver is given it.

use std::collections::BTreeMap;

use crate::model::{NodeName, Port, Role};
use crate::transport::Endpoint;

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
    pub(super) fn endpoint(&self, port: Port) -> Endpoint {
        Endpoint {
            node: self.name.clone(),
            host: self.address.clone(),
            port: self.port(port),
            standard: port,
        }
    }

    pub(super) fn port(&self, port: Port) -> u16 {
        self.ports.get(&port).copied().unwrap_or(port.standard())
    }
}
