//! Two clusters of Expressway beside the good CUCM cluster, to plant deviations into.

use super::{Case, PUBLISHER, SUBSCRIBER, certificate, fingerprint};
use crate::model::*;

pub(in crate::assess) const CORE: &str = "core";
pub(in crate::assess) const EDGE: &str = "edge";
pub(in crate::assess) const CORES: [&str; 2] = ["expc1.example.com", "expc2.example.com"];
pub(in crate::assess) const EDGES: [&str; 1] = ["expe1.example.com"];
/// The authorities above every Expressway certificate, and the one above those of CUCM.
const AUTHORITIES: [(&str, &str); 3] = [
    ("exp-int", "exp-root"),
    ("exp-root", "exp-root"),
    ("root", "root"),
];

fn server(name: &str, more: &str) -> Certificate {
    let mut server = certificate(name, "exp-int");
    server.names.insert(SubjectName::dns(more));
    let both = ["serverAuth", "clientAuth"].map(str::to_owned);
    server.extended_usage = Some(both.into());
    server
}

fn zone(peer_addresses: &[&str], verify_name: Option<&str>) -> Zone {
    Zone {
        name: "UC".to_owned(),
        kind: ZoneKind::UnifiedCommunications,
        peer_addresses: peer_addresses.iter().map(|it| (*it).to_owned()).collect(),
        verify_name: verify_name.map(str::to_owned),
        status: Observed::Present("Active".to_owned()),
        cause: String::new(),
        connections: Vec::new(),
    }
}

fn told(product: Product, name: &str) -> Expressway {
    let core = product == Product::ExpresswayC;
    let server = |address: &str| UnifiedServer {
        address: address.to_owned(),
        verify: Some(true),
    };
    Expressway {
        interface: Observed::Present(Interface::Matches),
        product: Observed::Present(product),
        up_seconds: Observed::Present(86_400),
        own_name: Observed::Present(name.to_owned()),
        remote_access: Observed::Present(true),
        domains: Observed::Present(vec![Domain {
            name: "example.com".to_owned(),
            sip: Some(false),
            edge_sip: Some(true),
            edge_xmpp: Some(true),
            xmpp_federation: Some(false),
        }]),
        zones: Observed::Present(vec![if core {
            zone(&EDGES, None)
        } else {
            zone(&[], Some("expc.example.com"))
        }]),
        tunnels: Observed::Present(vec![Tunnel {
            peer: "other".to_owned(),
            status: "Active".to_owned(),
        }]),
        call_managers: if core {
            Observed::Present(vec![server(PUBLISHER)])
        } else {
            Observed::Absent
        },
        presence: if core {
            Observed::Present(Vec::new())
        } else {
            Observed::Absent
        },
        verifies_origin: Observed::Present(true),
        alarms: Observed::Present(Vec::new()),
        ..Expressway::default()
    }
}

fn peer(product: Product, name: &str) -> NodeState {
    let entries = AUTHORITIES.map(|(authority, _)| TrustEntry {
        file: authority.to_owned(),
        sha256: fingerprint(authority),
    });
    let ports = if product == Product::ExpresswayE {
        vec![Port::Rest, Port::Zone, Port::Tunnel]
    } else {
        vec![Port::Rest]
    };
    let serves = |port| {
        let listener = Listener {
            port,
            key: KeyAlgorithm::Rsa,
        };
        let chain = ServedChain {
            leaf: fingerprint(name),
            rest: vec![],
        };
        (listener, Observed::Present(chain))
    };
    NodeState {
        reported_name: Observed::Present(name.to_owned()),
        release: Observed::Present(Release::parse("X14.2.5").unwrap()),
        clock_skew_seconds: Observed::Present(0),
        identities: [("server".into(), Observed::Present(fingerprint(name)))].into(),
        trust: [("trusted-ca".into(), Observed::Present(entries.into()))].into(),
        inventory: Observed::Present(()),
        served: ports.into_iter().map(serves).collect(),
        services: Observed::Absent,
        sso: Observed::Absent,
        backup_job: Observed::Absent,
        last_backup: Observed::Absent,
        expressway: Observed::Present(Box::new(told(product, name))),
        ..NodeState::unasked(Role::Peer)
    }
}

fn cluster(product: Product, names: &[&str], more: &str) -> ClusterState {
    let authorities = AUTHORITIES.map(|(name, signer)| certificate(name, signer));
    let servers = names.iter().map(|name| server(name, more));
    ClusterState {
        nodes: names
            .iter()
            .map(|name| ((*name).into(), peer(product, name)))
            .collect(),
        certificates: servers
            .chain(authorities)
            .map(|it| (it.sha256.clone(), it))
            .collect(),
        ..ClusterState::unasked(product)
    }
}

impl Case {
    /// The good CUCM cluster with an Expressway-C cluster of two peers and one Expressway-E.
    pub(in crate::assess) fn with_expressway() -> Self {
        let mut case = Self::good();
        for node in [PUBLISHER, SUBSCRIBER] {
            for store in ["tomcat-trust", "CallManager-trust"] {
                for (authority, signer) in &AUTHORITIES[..2] {
                    let mut authority = certificate(authority, signer);
                    authority.authority = true;
                    case.trust(node, store, authority);
                }
            }
        }
        let core = cluster(Product::ExpresswayC, &CORES, "expc.example.com");
        let edge = cluster(Product::ExpresswayE, &EDGES, "collab-edge.example.com");
        let clusters = &mut case.observation.clusters;
        clusters.insert(CORE.into(), core);
        clusters.insert(EDGE.into(), edge);
        case
    }

    pub(in crate::assess) fn of(&mut self, cluster: &str) -> &mut ClusterState {
        let clusters = &mut self.observation.clusters;
        clusters.get_mut(&ClusterName::from(cluster)).unwrap()
    }

    pub(in crate::assess) fn peer(&mut self, cluster: &str, node: &str) -> &mut NodeState {
        let nodes = &mut self.of(cluster).nodes;
        nodes.get_mut(&NodeName::from(node)).unwrap()
    }

    pub(in crate::assess) fn told(&mut self, cluster: &str, node: &str) -> &mut Expressway {
        match &mut self.peer(cluster, node).expressway {
            Observed::Present(told) => told,
            other => panic!("{other:?}"),
        }
    }

    pub(in crate::assess) fn zone(&mut self, cluster: &str, node: &str) -> &mut Zone {
        match &mut self.told(cluster, node).zones {
            Observed::Present(zones) => &mut zones[0],
            other => panic!("{other:?}"),
        }
    }

    pub(in crate::assess) fn server(&mut self, cluster: &str, name: &str) -> &mut Certificate {
        let known = &mut self.of(cluster).certificates;
        known.get_mut(&fingerprint(name)).unwrap()
    }

    /// Takes an authority out of the list of a peer.
    pub(in crate::assess) fn distrust(&mut self, cluster: &str, node: &str, authority: &str) {
        match self
            .peer(cluster, node)
            .trust
            .get_mut(&Store::from("trusted-ca"))
        {
            Some(Observed::Present(entries)) => {
                entries.retain(|entry| entry.sha256 != fingerprint(authority));
            }
            other => panic!("{other:?}"),
        }
    }

    pub(in crate::assess) fn release(&mut self, release: &str) {
        for (cluster, nodes) in [(CORE, &CORES[..]), (EDGE, &EDGES[..])] {
            for node in nodes {
                let release = Release::parse(release).unwrap();
                self.peer(cluster, node).release = Observed::Present(release);
            }
        }
    }
}
