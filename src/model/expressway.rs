//! What a peer of an Expressway cluster says of itself and of its neighbours.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{KeyAlgorithm, Observed, Product};

/// What only an Expressway has. Its release, certificates and ports are in [`super::NodeState`] like those of any node.
/// Source of every fact: expressway §2 to §7.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expressway {
    /// How the description of its interface compares with the one that this program was written for.
    pub interface: Observed<Interface>,
    /// Which of the two it says it is.
    pub product: Observed<Product>,
    /// Seconds since it started: the proof of a restart.
    pub up_seconds: Observed<u64>,
    /// The host name and domain that are set on it, joined.
    pub own_name: Observed<String>,
    /// The name that all peers of the cluster share; `Absent` on a peer that is alone.
    pub cluster_name: Observed<String>,
    /// The addresses of the peers of its cluster.
    pub peers: Observed<BTreeSet<String>>,
    /// Mobile and remote access: on or off.
    pub remote_access: Observed<bool>,
    /// Domains that it serves.
    pub domains: Observed<Vec<Domain>>,
    /// Zones, by name in the order of the device.
    pub zones: Observed<Vec<Zone>>,
    /// SSH tunnels between Expressway-C and Expressway-E; an empty list where none is established.
    pub tunnels: Observed<Vec<Tunnel>>,
    /// Unified Communications Manager publishers; `Absent` on Expressway-E, which knows none.
    pub call_managers: Observed<Vec<UnifiedServer>>,
    /// IM and Presence publishers; `Absent` on Expressway-E.
    pub presence: Observed<Vec<UnifiedServer>>,
    /// `xConfiguration EdgeConfigServer VerifyOriginServer`, which Expressway-C has from X14.2 on.
    pub verifies_origin: Observed<bool>,
    /// The kind of key that it prefers in the certificate of a server, by its cipher strings.
    pub prefers: Observed<KeyAlgorithm>,
    /// Alarms that are raised.
    pub alarms: Observed<Vec<Alarm>>,
}

/// The interface that a peer describes (`/api/raml`), compared with the one that this program was written for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interface {
    /// Everything that is asked is described.
    Matches,
    /// These are not described: `GET /certs/root`.
    Lacks(Vec<String>),
}

/// A domain and what it is served for. `None`: the device does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// The domain.
    pub name: String,
    /// SIP registrations on Expressway (`Sip`).
    pub sip: Option<bool>,
    /// SIP registrations on Unified CM (`EdgeSip`).
    pub edge_sip: Option<bool>,
    /// IM and Presence (`EdgeXmpp`).
    pub edge_xmpp: Option<bool>,
    /// XMPP federation (`XmppFederation`).
    pub xmpp_federation: Option<bool>,
}

/// What a zone is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneKind {
    /// Unified Communications traversal: it carries remote access and has SSH tunnels beside it.
    UnifiedCommunications,
    /// Another traversal zone.
    Traversal,
    /// Any other, such as a neighbor zone.
    Other,
}

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: ZoneKind,
    /// Where Expressway-C connects; empty on Expressway-E.
    pub peer_addresses: Vec<String>,
    /// The name that Expressway-E expects in the certificate of Expressway-C; `None` where the device does not say.
    pub verify_name: Option<String>,
    /// `Active`, `Failed` and others, as the device words it.
    pub status: Observed<String>,
    /// The cause of a failure in the device's words; empty if it names none.
    pub cause: String,
    /// Status of each peer's connection.
    pub connections: Vec<Connection>,
}

/// One peer's connection of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The peer.
    pub address: String,
    /// Its status in the device's words.
    pub status: Observed<String>,
    /// The cause; empty if it names none.
    pub cause: String,
}

/// An SSH tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tunnel {
    /// The other end, as the device names it.
    pub peer: String,
    /// Its status in the device's words.
    pub status: String,
}

impl Tunnel {
    /// Whether it is established. The word is assumed: no document shows one (claim EXPRESSWAY-STATUS-MRA).
    pub fn is_established(&self) -> bool {
        self.status.eq_ignore_ascii_case("active")
    }
}

/// A server that Expressway-C connects to for remote clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnifiedServer {
    /// The name or address of its publisher, as entered.
    pub address: String,
    /// `TlsVerify`, which rules the discovery of the publisher and nothing else; `None`: the device does not say.
    pub verify: Option<bool>,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The device's number for it.
    pub id: String,
    /// Title and explanation.
    pub reason: String,
    /// Such as `Unacknowledged`.
    pub state: String,
}
