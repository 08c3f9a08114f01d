//! The Expressways as they are when the lab starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::x509::X509;

use super::stores::Stores;
use super::{Founding, credentials};
use crate::expressway::{
    Deployment, ExpresswayCluster, ExpresswayConfig, ExpresswayRelease, Peer, PeerPorts,
    PeerQuirks, PeerState, Side, Watched, own_names, settings,
};
use crate::pki::mint::Wanted;
use crate::ssh;
use crate::state::{Cluster, Face, Identity, Lockout, Node, Presented, is_self_signed};
use crate::trust;

/// Both clusters, beside these; nothing if the lab has none.
pub(super) fn deployment(
    founding: &Founding<'_>,
    clusters: &mut BTreeMap<String, Cluster>,
) -> Result<Option<Deployment>, ErrorStack> {
    let Some(config) = &founding.config.expressway else {
        return Ok(None);
    };
    let public = founding.stores.public(founding.now)?;
    let mut core = cluster(founding, config, Side::Core, founding.stores)?;
    let mut edge = cluster(founding, config, Side::Edge, &public)?;
    let corporate = founding.stores.chain();
    let mut both = public.chain();
    both.extend(founding.stores.corporate(founding.config));
    let mut of_core = both.clone();
    of_core.extend(self_signed(clusters));
    trusting(&mut core, &of_core);
    trusting(&mut edge, &both);
    for number in 1..=config.edge {
        core.peer_addresses.push(peer_name(Side::Edge, number));
    }
    edge.verify_name = own_names(&core, &peer_name(Side::Core, 1)).0;
    let mut deployment = Deployment {
        core,
        edge,
        advertised: BTreeMap::new(),
        public: public.chain(),
        corporate,
        watched: Watched::default(),
    };
    for trouble in &config.troubles {
        trouble.befall(&mut deployment, clusters)?;
    }
    Ok(Some(deployment))
}

fn peer_name(side: Side, number: usize) -> String {
    match side {
        Side::Core => format!("expc{number}.example.com"),
        Side::Edge => format!("expe{number}.example.com"),
    }
}

fn cluster(
    founding: &Founding<'_>,
    config: &ExpresswayConfig,
    side: Side,
    stores: &Stores,
) -> Result<ExpresswayCluster, ErrorStack> {
    let (name, fqdn, count) = match side {
        Side::Core => ("core", "expc.example.com", config.core),
        Side::Edge => ("edge", "expe.example.com", config.edge),
    };
    let mut made = ExpresswayCluster {
        name: name.to_owned(),
        side,
        release: config.release.clone(),
        fqdn: fqdn.to_owned(),
        peers: Vec::new(),
        account: credentials("admin"),
        peer_addresses: Vec::new(),
        verify_name: String::new(),
        settings: settings::of(side, &config.release),
        quirks: PeerQuirks::default(),
    };
    let from = config.upgraded_from.as_deref().map(ExpresswayRelease::of);
    let elliptic = made.numbers().prefers_elliptic(from);
    settings::prefer_elliptic(&mut made, elliptic);
    for number in 1..=count {
        let name = peer_name(side, number);
        let identity = identity(founding, config, side, stores, count, &name)?;
        made.peers.push(peer(name, &identity));
    }
    Ok(made)
}

/// claim: EXPRESSWAY-CSR-NAMES, EXPRESSWAY-EDGE-NAMES
fn identity(
    founding: &Founding<'_>,
    config: &ExpresswayConfig,
    side: Side,
    stores: &Stores,
    count: usize,
    name: &str,
) -> Result<Identity, ErrorStack> {
    let fqdn = match side {
        Side::Core => "expc.example.com",
        Side::Edge => "expe.example.com",
    };
    let mut names = vec![name.to_owned()];
    names.extend((count > 1).then(|| fqdn.to_owned()));
    if side == Side::Edge {
        names.extend(["example.com", "collab-edge.example.com"].map(str::to_owned));
    }
    let wanted = Wanted {
        common_name: if count > 1 { fqdn } else { name },
        names: &names,
        purpose: "server",
    };
    stores.started(
        &wanted,
        config.start,
        founding.keys.rsa(2048)?,
        founding.now,
    )
}

/// A peer that trusts nobody yet.
fn peer(name: String, identity: &Identity) -> Peer {
    let shown = Arc::new(Presented::new(identity.clone(), None, Vec::new()));
    Peer {
        name,
        ports: PeerPorts::default(),
        stored: identity.clone(),
        client: identity.clone(),
        served: Arc::clone(&shown),
        offered: shown,
        trusted: Vec::new(),
        loaded: Vec::new(),
        pending: None,
        state: PeerState::Up,
        restarts: 0,
        restarted: 0,
        started_ms: -3_600_000,
        failures: Lockout::default(),
        traffic: String::new(),
        host_key: Arc::new(ssh::new_host_key()),
    }
}

/// Lets every peer trust these, and itself where it signed its own certificate.
fn trusting(cluster: &mut ExpresswayCluster, authorities: &[X509]) {
    let release = cluster.numbers();
    for peer in &mut cluster.peers {
        let own = peer.stored.certificate.clone();
        let own = Some(own).filter(is_self_signed);
        for authority in authorities.iter().chain(&own) {
            trust::add(&mut peer.trusted, authority);
        }
        peer.load(release);
    }
}

/// What the nodes signed themselves and present to Expressway-C, twins left out.
///
/// claim: EXPRESSWAY-MRA-PORTS
fn self_signed(clusters: &BTreeMap<String, Cluster>) -> Vec<X509> {
    let nodes = clusters.values().flat_map(|cluster| &cluster.nodes);
    let met = [Face::Web, Face::Tftp, Face::Sip, Face::Xmpp];
    let presented = nodes.flat_map(|node: &Node| {
        let faces = node.presented.iter();
        faces
            .filter(|(face, _)| met.contains(face))
            .map(|(_, shown)| shown)
    });
    let leaves = presented.map(|presented| presented.identity.certificate.clone());
    leaves.filter(is_self_signed).collect()
}
