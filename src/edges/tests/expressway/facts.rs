//! What an observation tells of Expressway, and what it leaves open.

use super::*;
use crate::edges::expressway::facts;
use crate::model::*;

const SECOND_CORE: &str = "vcsc2.example.com";

fn zone(kind: ZoneKind, addresses: &[&str], expects: Option<&str>) -> Zone {
    Zone {
        name: "UC".to_owned(),
        kind,
        peer_addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
        verify_name: expects.map(str::to_owned),
        status: Observed::Present("Active".to_owned()),
        cause: String::new(),
        connections: vec![],
    }
}

fn told(zones: Vec<Zone>, servers: Observed<Vec<UnifiedServer>>) -> Expressway {
    let domain = |name: &str, remote| Domain {
        name: name.to_owned(),
        sip: Some(true),
        edge_sip: Some(remote),
        edge_xmpp: None,
        xmpp_federation: None,
    };
    Expressway {
        remote_access: Observed::Present(true),
        domains: Observed::Present(vec![
            domain("example.com", true),
            domain("video.example.com", false),
        ]),
        zones: Observed::Present(zones),
        call_managers: servers,
        presence: Observed::Absent,
        ..Expressway::default()
    }
}

fn cluster(product: Product, nodes: &[&str], told: &Expressway) -> ClusterState {
    let node = |name: &&str| {
        let port = if product == Product::ExpresswayE {
            Port::Zone
        } else {
            Port::Rest
        };
        let listener = Listener {
            port,
            key: KeyAlgorithm::Rsa,
        };
        let entry = |title: &str| TrustEntry {
            file: String::new(),
            sha256: fingerprint(title),
        };
        let entries = ["Corp Root", "Corp Issuing", "Old Root"].map(entry);
        let state = NodeState {
            release: Observed::Present(Release::parse("X14.2.5").unwrap()),
            trust: [("trusted-ca".into(), Observed::Present(entries.into()))].into(),
            served: [(listener, chain(name))].into(),
            inventory: Observed::Present(()),
            expressway: Observed::Present(Box::new(told.clone())),
            ..NodeState::unasked(Role::Peer)
        };
        (NodeName::from(*name), state)
    };
    let leaves = nodes.iter().map(|name| {
        named(
            certificate(name, "Corp Issuing"),
            &[name, "expc.example.com", "example.com"],
        )
    });
    let authorities = [
        ("Corp Root", "Corp Root"),
        ("Corp Issuing", "Corp Root"),
        ("Old Root", "Old Root"),
    ];
    let authorities = authorities.map(|(name, signer)| authority(name, signer));
    ClusterState {
        nodes: nodes.iter().map(node).collect(),
        certificates: leaves
            .chain(authorities)
            .map(|it| (it.sha256.clone(), it))
            .collect(),
        ..ClusterState::unasked(product)
    }
}

/// Two peers of Expressway-C, one of Expressway-E, and one CUCM node.
fn observed() -> Observation {
    let publisher = UnifiedServer {
        address: PUBLISHER.to_owned(),
        verify: Some(true),
    };
    let core = told(
        vec![zone(ZoneKind::UnifiedCommunications, &[EDGE], None)],
        Observed::Present(vec![publisher]),
    );
    let expects = vec![
        zone(
            ZoneKind::UnifiedCommunications,
            &[],
            Some("expc.example.com"),
        ),
        zone(ZoneKind::Other, &[], Some("elsewhere.example.com")),
    ];
    let edge = told(expects, Observed::Absent);
    let mut observation = Scene::of(&[(PUBLISHER, Role::Publisher)]).observation;
    let clusters = &mut observation.clusters;
    clusters.insert(
        "exp-c".into(),
        cluster(Product::ExpresswayC, &[CORE, SECOND_CORE], &core),
    );
    clusters.insert(
        "exp-e".into(),
        cluster(Product::ExpresswayE, &[EDGE], &edge),
    );
    observation
}

fn only(observation: &Observation) -> Facts {
    let mut all = facts(observation);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn told_by<'o>(observation: &'o mut Observation, cluster: &str) -> Vec<&'o mut Expressway> {
    let state = observation.clusters.get_mut(&cluster.into()).unwrap();
    let nodes = state.nodes.values_mut();
    nodes
        .map(|node| match &mut node.expressway {
            Observed::Present(told) => told.as_mut(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn facts_are_what_peers_say() {
    let mut observation = observed();
    let facts = only(&observation);
    assert_eq!(facts.core.len(), 2);
    assert_eq!(facts.edge.len(), 1);
    assert_eq!(facts.serves, ["hq".into()].into());
    assert_eq!(
        facts.peer_addresses,
        Observed::Present([EDGE.to_owned()].into())
    );
    assert_eq!(
        facts.verify_subject,
        Observed::Present("expc.example.com".to_owned())
    );
    assert_eq!(
        facts.domains,
        Observed::Present(["example.com".to_owned()].into())
    );
    assert_eq!(
        facts.advertised[&PUBLISHER.into()],
        Observed::Present(PUBLISHER.to_owned())
    );
    let edge = &facts.edge[&("exp-e".into(), EDGE.into())];
    assert_eq!(edge.release, Observed::Present((14, 2, 5)));
    assert_eq!(edge.server, chain(EDGE));
    // Before X15.5 a peer connects with what it serves.
    assert_eq!(edge.client, edge.server);
    assert_eq!(edge.trusted.present().map(Vec::len), Some(3));
    let hq = observation.clusters.get_mut(&"hq".into()).unwrap();
    hq.listed = Observed::Unknown("AXL timed out".to_owned());
    let facts = only(&observation);
    assert_eq!(
        facts.advertised[&PUBLISHER.into()],
        Observed::Unknown("AXL timed out".to_owned())
    );
}

/// The site of the same observation has every certificate, so that all is judged.
#[test]
fn traversal_is_judged_from_an_observation() {
    let observation = observed();
    let facts = facts(&observation);
    let mut site = Site::of(&observation);
    let edges = crate::edges::expressway::join_all(&mut site, &observation, &facts);
    let traversal: Vec<Judged> = judge(&site, &edges, now())
        .into_iter()
        .filter(|each| matches!(each.edge.leg, Leg::Zone | Leg::Tunnels))
        .collect();
    // Two peers, zone and tunnels, both ends.
    assert_eq!(traversal.len(), 8);
    let not: Vec<String> = traversal
        .iter()
        .filter(|each| !each.verdict.holds())
        .map(|each| format!("{}: {}", each.edge, each.verdict))
        .collect();
    assert_eq!(not, [""; 0]);
}

/// Tunnels are beside a zone of Unified Communications alone.
#[test]
fn a_plain_traversal_zone_has_no_tunnels() {
    let mut observation = observed();
    for told in told_by(&mut observation, "exp-c") {
        told.zones = Observed::Present(vec![zone(ZoneKind::Traversal, &[EDGE], None)]);
    }
    let facts = facts(&observation);
    let mut site = Site::of(&observation);
    let edges = crate::edges::expressway::join_all(&mut site, &observation, &facts);
    let legs: Vec<Leg> = edges.iter().map(|edge| edge.leg).collect();
    assert!(
        legs.contains(&Leg::Zone) && !legs.contains(&Leg::Tunnels),
        "{legs:?}"
    );
}

#[test]
fn what_no_peer_tells_stays_unknown() {
    let mut observation = observed();
    let why = || "HTTP 503".to_owned();
    for told in told_by(&mut observation, "exp-e") {
        told.zones = Observed::Unknown(why());
        told.domains = Observed::Unknown(why());
    }
    for told in told_by(&mut observation, "exp-c") {
        told.domains = Observed::Unknown(why());
    }
    let facts = only(&observation);
    assert_eq!(facts.verify_subject, Observed::Unknown(why()));
    assert_eq!(facts.domains, Observed::Unknown(why()));
    // One peer that answers is enough for what the cluster shares.
    let mut cores = told_by(&mut observation, "exp-c");
    cores[0].zones = Observed::Unknown(why());
    assert_eq!(
        only(&observation).peer_addresses,
        Observed::Present([EDGE.to_owned()].into())
    );
    let state = observation.clusters.get_mut(&"exp-c".into()).unwrap();
    let node = state.nodes.get_mut(&CORE.into()).unwrap();
    node.trust.clear();
    node.inventory = Observed::Unknown(why());
    node.served.clear();
    let facts = only(&observation);
    let core = &facts.core[&("exp-c".into(), CORE.into())];
    assert_eq!(core.trusted, Observed::Unknown(why()));
    assert!(core.server.unknown().is_some() && core.client.unknown().is_some());
}

/// From X15.5 on a peer connects with a certificate of its own, which a path may not be known for.
#[test]
fn the_client_certificate_has_its_own_store() {
    let mut observation = observed();
    let state = observation.clusters.get_mut(&"exp-c".into()).unwrap();
    let node = state.nodes.get_mut(&CORE.into()).unwrap();
    node.release = Observed::Present(Release::parse("X15.5").unwrap());
    let client = |observation: &Observation| {
        let core = &only(observation).core[&("exp-c".into(), CORE.into())];
        core.client.clone()
    };
    assert!(
        client(&observation)
            .unknown()
            .is_some_and(|why| why.contains("was not read"))
    );
    let state = observation.clusters.get_mut(&"exp-c".into()).unwrap();
    let node = state.nodes.get_mut(&CORE.into()).unwrap();
    let held = Observed::Present(fingerprint(SECOND_CORE));
    node.identities.insert("client".into(), held);
    // It sends what its list holds above, without the root.
    let expected = ServedChain {
        leaf: fingerprint(SECOND_CORE),
        rest: vec![fingerprint("Corp Issuing")],
    };
    assert_eq!(client(&observation), Observed::Present(expected));
}

/// An Expressway that nothing belongs to is verified by clients, or verifies CUCM, all the same.
#[test]
fn each_side_stands_alone_where_nothing_belongs_to_it() {
    let mut observation = observed();
    let edge = observation.clusters.remove(&"exp-e".into()).unwrap();
    let alone = only(&observation);
    assert!(alone.edge.is_empty() && !alone.serves.is_empty());
    observation.clusters.remove(&"exp-c".into());
    observation.clusters.insert("exp-e".into(), edge);
    let alone = only(&observation);
    assert!(alone.core.is_empty() && alone.domains.present().is_some());
    observation.clusters.remove(&"exp-e".into());
    assert!(facts(&observation).is_empty());
}
