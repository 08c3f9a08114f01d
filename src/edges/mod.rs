//! Who relies on which certificate: every connection that somebody verifies, judged by what the verifying end holds.
//!
//! An [`Edge`] says "A connects to B on port P; one of them verifies the other with store S, expects name N and prefers
//! key type K". [`evaluate`] judges one edge by what is presented and what is trusted, with a chain builder of our own
//! for each product ([`Profile`]). [`graph`] lists the edges inside the CUCM family that an observation shows,
//! [`expressway::join`] adds those of Expressway, [`judge`] judges all of them, [`after_each_step`] judges them after
//! every step of a plan, and [`symptoms`] says how an engineer meets a broken one.
//!
//! Phones are not here: what they trust is the simulator's. Pure: no clock, no file, no cryptography; who signed whom
//! was verified when the certificates were read.
//! Source: expressway §2.3, §3, §7, §8; cucm-certificate-rules §4.7, §4.8, §9, §10; design §6.

mod anchors;
mod avoid;
mod chain;
mod evaluate;
pub mod expressway;
mod family;
mod names;
mod pool;
mod site;
mod steps;
#[cfg(test)]
mod tests;
mod verdict;
mod words;
mod world;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::model::{ClusterName, KeyAlgorithm, NodeName, Purpose, Store};

pub use anchors::Anchors;
pub use evaluate::evaluate;
pub use family::graph;
pub use pool::{Pool, Signature};
pub use site::{Holdings, Judged, Site, judge};
pub use steps::{Broken, Walked, after_each_step, walk};
pub use verdict::{Break, Caution, Verdict};
pub use words::symptoms;

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// A node of a cluster, or a peer of an Expressway cluster.
    Node {
        /// The cluster.
        cluster: ClusterName,
        /// The node.
        node: NodeName,
    },
    /// Jabber and other clients outside. What they trust is not observed.
    Clients,
}

impl Party {
    /// A node of a cluster.
    pub fn node(cluster: &ClusterName, node: &NodeName) -> Self {
        Self::Node {
            cluster: cluster.clone(),
            node: node.clone(),
        }
    }

    /// The cluster's name; none for clients.
    pub fn cluster(&self) -> Option<&ClusterName> {
        match self {
            Self::Node { cluster, .. } => Some(cluster),
            Self::Clients => None,
        }
    }

    /// The node's name; none for clients.
    pub fn name(&self) -> Option<&NodeName> {
        match self {
            Self::Node { node, .. } => Some(node),
            Self::Clients => None,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node { node, .. } => formatter.write_str(node.as_str()),
            Self::Clients => formatter.write_str("clients"),
        }
    }
}

/// The end of a connection that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The end that connects verifies what the port presents.
    Connecting,
    /// The end that listens verifies the certificate of the client.
    Listening,
}

/// How an end shows a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Face {
    /// As a server on a port, to a client that accepts one kind of key.
    Port(u16, KeyAlgorithm),
    /// As a client, where it connects to others.
    Client,
    /// What it stores for a purpose and its services loaded: for purposes whose port nobody asks.
    Stored(Purpose),
}

/// What kind of connection it is; decides how a failure looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leg {
    /// HTTPS requests that Expressway-C's traffic server sends for clients.
    TrafficServer,
    /// The traversal zone between Expressway-C and Expressway-E.
    Zone,
    /// The SSH tunnels between Expressway-C and Expressway-E.
    Tunnels,
    /// SIP over TLS.
    Sip,
    /// XMPP.
    Xmpp,
    /// Sign-in of clients from outside.
    SignIn,
    /// Web services between nodes.
    Web,
    /// Backup between nodes, which the ipsec certificates secure.
    Backup,
}

impl fmt::Display for Leg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TrafficServer => "HTTPS of clients",
            Self::Zone => "traversal zone",
            Self::Tunnels => "SSH tunnels",
            Self::Sip => "SIP",
            Self::Xmpp => "XMPP",
            Self::SignIn => "sign-in",
            Self::Web => "web services",
            Self::Backup => "backup",
        })
    }
}

/// How an end verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// As OpenSSL on Expressway: a signer is looked up by name, and of two certificates with one common name only the
    /// first of the list counts. Claim EXPRESSWAY-TRUST-LIST.
    Expressway,
    /// As CUCM, IM and Presence and Unity Connection: a signer is found by key identifiers. Source: 002.
    Cucm,
    /// As a client on somebody's desk, with the trust of its operating system.
    Client,
}

/// Which names are looked for in the certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameCheck {
    /// None: no source says that this end compares names here.
    Nothing,
    /// One of some names must be a DNS name of the certificate. Claim EXPRESSWAY-NAME-CHECK.
    AnyOf {
        /// The names.
        names: BTreeSet<String>,
        /// Whether the common name counts where no DNS name fits.
        common_name: bool,
    },
    /// One is looked for, but which could not be learned; the text says why.
    Unknown(String),
}

/// What a certificate that has extended key usages must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Usage {
    /// To be a server.
    ServerAuth,
    /// To be a client.
    ClientAuth,
}

impl Usage {
    /// The name that RFC 5280 has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
        }
    }
}

/// How sure it is that the connection exists and is verified as the edge says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A document or the observation says so; the text names it.
    Documented(&'static str),
    /// It is likely, and whether it holds here depends on what nobody observed; the text says on what. Such an edge is
    /// never called broken, only unknown.
    Assumed(&'static str),
}

/// A connects to B on port P, one of them verifies with store S, expects name N, prefers key type K.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// Who connects.
    pub from: Party,
    /// Who listens.
    pub to: Party,
    /// The port, where a source gives it.
    pub port: Option<u16>,
    /// What kind of connection it is.
    pub leg: Leg,
    /// Which end verifies.
    pub verifier: Side,
    /// The store it verifies with.
    pub store: Store,
    /// Whether the store itself must hold every authority of the chain, whatever is sent along.
    pub whole_chain: bool,
    /// The names it expects.
    pub name: NameCheck,
    /// The kind of key that is preferred, and that this edge speaks of.
    pub key: KeyAlgorithm,
    /// How the other end shows its certificate.
    pub face: Face,
    /// How it verifies.
    pub profile: Profile,
    /// The usages that the certificate must allow.
    pub usages: BTreeSet<Usage>,
    /// How sure it is that there is such a connection.
    pub basis: Basis,
}

impl Edge {
    /// The end that verifies, with its store.
    pub fn relying(&self) -> &Party {
        match self.verifier {
            Side::Connecting => &self.from,
            Side::Listening => &self.to,
        }
    }

    /// The end whose certificate is verified.
    pub fn presenting(&self) -> &Party {
        match self.verifier {
            Side::Connecting => &self.to,
            Side::Listening => &self.from,
        }
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to, leg) = (&self.from, &self.to, self.leg);
        let (relying, store, key) = (self.relying(), &self.store, self.key);
        let on = self
            .port
            .map_or_else(String::new, |port| format!(" on {port}"));
        write!(
            formatter,
            "{from} to {to}{on} ({leg}, {key}; {relying} verifies with {store})"
        )
    }
}
