//! Two peers of Expressway-C, two of Expressway-E and a CUCM cluster of two nodes behind them, all under an old authority.

use std::collections::BTreeSet;

use crate::model::*;

use super::super::scene::{PLAIN, certificate, entry, fingerprint, now};

pub(super) const CORE: &str = "core";
pub(super) const EDGE: &str = "edge";
pub(super) const CORES: [&str; 2] = ["expc1.example.com", "expc2.example.com"];
pub(super) const EDGES: [&str; 2] = ["expe1.example.com", "expe2.example.com"];
/// The name of the core cluster, which zones of the edge expect.
pub(super) const CORE_NAME: &str = "expc.example.com";
/// The domain under which clients sign in.
pub(super) const DOMAIN: &str = "example.com";

fn zone(product: Product) -> Zone {
    let core = product == Product::ExpresswayC;
    Zone {
        name: "UC".to_owned(),
        kind: ZoneKind::UnifiedCommunications,
        peer_addresses: if core {
            EDGES.map(str::to_owned).into()
        } else {
            vec![]
        },
        verify_name: (!core).then(|| CORE_NAME.to_owned()),
        status: Observed::Present("Active".to_owned()),
        cause: String::new(),
        connections: vec![],
    }
}

fn told(product: Product, name: &str) -> Expressway {
    let core = product == Product::ExpresswayC;
    let publisher = UnifiedServer {
        address: super::super::scene::PUBLISHER.to_owned(),
        verify: Some(true),
    };
    let domain = Domain {
        name: DOMAIN.to_owned(),
        sip: Some(false),
        edge_sip: Some(true),
        edge_xmpp: Some(false),
        xmpp_federation: Some(false),
    };
    Expressway {
        product: Observed::Present(product),
        up_seconds: Observed::Present(86_400),
        own_name: Observed::Present(name.to_owned()),
        remote_access: Observed::Present(true),
        domains: Observed::Present(vec![domain]),
        zones: Observed::Present(vec![zone(product)]),
        tunnels: Observed::Present(vec![]),
        call_managers: if core {
            Observed::Present(vec![publisher])
        } else {
            Observed::Absent
        },
        presence: Observed::Absent,
        prefers: Observed::Present(KeyAlgorithm::Rsa),
        ..Expressway::default()
    }
}

fn peer(product: Product, name: &str) -> NodeState {
    let ports: &[Port] = if product == Product::ExpresswayE {
        &[Port::Rest, Port::Zone, Port::Tunnel]
    } else {
        &[Port::Rest]
    };
    let serves = ports.iter().map(|port| {
        let listener = Listener {
            port: *port,
            key: KeyAlgorithm::Rsa,
        };
        let chain = ServedChain {
            leaf: fingerprint(name),
            rest: vec![],
        };
        (listener, Observed::Present(chain))
    });
    let runs = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(86_400),
    };
    NodeState {
        reported_name: Observed::Present(name.to_owned()),
        release: Observed::Present(Release::parse("X14.2.5").unwrap()),
        clock_skew_seconds: Observed::Present(0),
        identities: [("server".into(), Observed::Present(fingerprint(name)))].into(),
        pending: [("server".into(), Observed::Absent)].into(),
        trust: [(
            "trusted-ca".into(),
            Observed::Present(vec![entry("Old Root")]),
        )]
        .into(),
        inventory: Observed::Present(()),
        served: serves.collect(),
        services: Observed::Present([(WHOLE_PEER.into(), runs)].into()),
        sso: Observed::Absent,
        backup_job: Observed::Absent,
        last_backup: Observed::Absent,
        expressway: Observed::Present(Box::new(told(product, name))),
        ..NodeState::unasked(Role::Peer)
    }
}

fn cluster(product: Product, names: &[&str], more: &str) -> ClusterState {
    let leaves = names.iter().map(|name| Certificate {
        names: [*name, more].map(SubjectName::dns).into(),
        ..certificate(name, "Old Root")
    });
    let authorities = [
        ("Old Root", "Old Root"),
        ("Corp Root", "Corp Root"),
        ("Corp Issuing", "Corp Root"),
    ];
    let authorities = authorities.map(|(name, signer)| certificate(name, signer));
    let certificates = leaves.chain(authorities);
    ClusterState {
        nodes: names
            .iter()
            .map(|name| ((*name).into(), peer(product, name)))
            .collect(),
        listed: Observed::Absent,
        network: Observed::Absent,
        security: Observed::Absent,
        replication: Observed::Absent,
        presence_publisher: Observed::Absent,
        ctl: Observed::Absent,
        phones: Observed::Absent,
        certificates: certificates.map(|it| (it.sha256.clone(), it)).collect(),
        ..ClusterState::unasked(product)
    }
}

/// The estate, in which everybody trusts the old authority.
pub(super) fn observed() -> Observation {
    let mut observation = PLAIN.scene().observation;
    let hq = observation.clusters.get_mut(&"hq".into()).unwrap();
    for node in hq.nodes.values_mut() {
        let held = Observed::Present(vec![entry("Old Root")]);
        node.trust.insert("CallManager-trust".into(), held);
    }
    let core = cluster(Product::ExpresswayC, &CORES, CORE_NAME);
    let edge = cluster(Product::ExpresswayE, &EDGES, DOMAIN);
    observation.clusters.insert(CORE.into(), core);
    observation.clusters.insert(EDGE.into(), edge);
    assert_eq!(observation.to, now());
    observation
}

/// Gives a store of a node more authorities, as if they had always been there.
pub(super) fn trust(
    observation: &mut Observation,
    cluster: &str,
    node: &str,
    store: &str,
    more: &[&str],
) {
    let state = observation.clusters.get_mut(&cluster.into()).unwrap();
    let node = state.nodes.get_mut(&node.into()).unwrap();
    match node.trust.get_mut(&store.into()) {
        Some(Observed::Present(entries)) => {
            let known: BTreeSet<_> = entries.iter().map(|held| held.sha256.clone()).collect();
            let new = more.iter().map(|name| entry(name));
            entries.extend(new.filter(|entry| !known.contains(&entry.sha256)));
        }
        other => panic!("{other:?}"),
    }
}
