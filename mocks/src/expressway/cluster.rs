//! An Expressway cluster, and the two that make a deployment.

use std::collections::BTreeMap;

use openssl::x509::X509;

use super::edges::Watched;
use super::peer::Peer;
use super::release::ExpresswayRelease;
use crate::log::Place;
use crate::state::Credentials;

/// On which side of the firewall a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Expressway-C, inside.
    Core,
    /// Expressway-E, outside.
    Edge,
}

impl Side {
    /// The product in the estate file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Core => "expressway-c",
            Self::Edge => "expressway-e",
        }
    }

    /// The first part of the interface's paths for settings of this side only.
    pub(crate) fn branch(self) -> &'static str {
        match self {
            Self::Core => "controller",
            Self::Edge => "edge",
        }
    }
}

/// Ways in which a cluster differs from others of its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerQuirks {
    /// The name of the part that an upload must have; the RAML names it too.
    pub upload_part: String,
    /// A server certificate whose authority is not trusted is stored all the same (claim: EXPRESSWAY-UNRECOGNIZED-CA).
    pub accepts_untrusted: bool,
    /// The status document and the REST interface leave out how zones are.
    pub hides_zones: bool,
}

impl Default for PeerQuirks {
    fn default() -> Self {
        Self {
            upload_part: "file".to_owned(),
            accepts_untrusted: false,
            hides_zones: false,
        }
    }
}

/// A cluster: its peers and what they share.
pub struct ExpresswayCluster {
    /// The name in the estate file.
    pub name: String,
    /// On which side it is.
    pub side: Side,
    /// The release as the device prints it, such as X14.2.
    pub release: String,
    /// The name that stands for all peers.
    pub fqdn: String,
    /// The peers.
    pub peers: Vec<Peer>,
    /// The administrator.
    pub account: Credentials,
    /// On Expressway-C the addresses of the Expressway-E peers in the traversal zone, in their order.
    pub peer_addresses: Vec<String>,
    /// On Expressway-E the name that the traversal zone wants in the certificate of Expressway-C.
    pub verify_name: String,
    /// The settings of the command line, by path.
    pub settings: BTreeMap<String, String>,
    /// Its differences.
    pub quirks: PeerQuirks,
}

impl ExpresswayCluster {
    /// The release in numbers.
    #[must_use]
    pub fn numbers(&self) -> ExpresswayRelease {
        ExpresswayRelease::of(&self.release)
    }

    /// A peer by its full name or its host name.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.is(name))
    }

    /// A peer to change.
    pub fn peer_mut(&mut self, name: &str) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.is(name))
    }

    /// Whether a setting is there and says so.
    #[must_use]
    pub fn setting_is(&self, path: &str, value: &str) -> bool {
        let set = self.settings.get(path);
        set.is_some_and(|set| set.eq_ignore_ascii_case(value))
    }
}

/// Both clusters, and what lies between them.
pub struct Deployment {
    /// Expressway-C.
    pub core: ExpresswayCluster,
    /// Expressway-E.
    pub edge: ExpresswayCluster,
    /// Under which name a node stands in System > Server of CUCM, where that is not its own.
    pub advertised: BTreeMap<String, String>,
    /// The authorities that signed the first certificates of Expressway-E, root first.
    pub public: Vec<X509>,
    /// Those that signed the first certificates of Expressway-C, likewise.
    pub corporate: Vec<X509>,
    pub(crate) watched: Watched,
}

impl Deployment {
    /// Both clusters, Expressway-C first.
    #[must_use]
    pub fn clusters(&self) -> [&ExpresswayCluster; 2] {
        [&self.core, &self.edge]
    }

    /// A cluster by its name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&ExpresswayCluster> {
        self.clusters()
            .into_iter()
            .find(|cluster| cluster.name == name)
    }

    /// A cluster to change.
    pub fn cluster_mut(&mut self, name: &str) -> Option<&mut ExpresswayCluster> {
        [&mut self.core, &mut self.edge]
            .into_iter()
            .find(|cluster| cluster.name == name)
    }

    /// A peer with its cluster.
    #[must_use]
    pub fn at(&self, place: &Place) -> Option<(&ExpresswayCluster, &Peer)> {
        let cluster = self.cluster(&place.cluster)?;
        Some((cluster, cluster.peer(&place.node)?))
    }

    /// A peer to change.
    pub fn at_mut(&mut self, place: &Place) -> Option<&mut Peer> {
        self.cluster_mut(&place.cluster)?.peer_mut(&place.node)
    }

    /// Every peer's place.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let clusters = self.clusters().into_iter();
        let place = |cluster: &ExpresswayCluster| {
            let peers = cluster.peers.iter();
            peers
                .map(|peer| Place::new(&cluster.name, &peer.name))
                .collect::<Vec<_>>()
        };
        clusters.flat_map(place).collect()
    }

    /// The name by which Expressway-C asks for a node.
    #[must_use]
    pub fn advertised<'a>(&'a self, node: &'a str) -> &'a str {
        self.advertised.get(node).map_or(node, String::as_str)
    }
}
