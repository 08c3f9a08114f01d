//! An estate with two peers on each side of a traversal, and the CUCM cluster behind it.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::model::*;

use super::{
    FIRST, PRESENCE, PUBLISHER, Scene, authority, certificate, fingerprint, moment, procedure,
};

pub(crate) const CORES: [&str; 2] = ["expc1.example.com", "expc2.example.com"];
pub(crate) const EDGES: [&str; 2] = ["expe1.example.com", "expe2.example.com"];
pub(crate) const CORE: &str = "core";
pub(crate) const EDGE: &str = "edge";
pub(crate) const HQ: &str = "hq";

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
    let servers = |addresses: &[&str]| {
        if core {
            Observed::Present(addresses.iter().map(|it| server(it)).collect())
        } else {
            Observed::Absent
        }
    };
    let tunnel = Tunnel {
        peer: "other".to_owned(),
        status: "Active".to_owned(),
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
        tunnels: Observed::Present(vec![tunnel.clone(), tunnel]),
        call_managers: servers(&[PUBLISHER]),
        presence: servers(&[PRESENCE]),
        alarms: Observed::Present(Vec::new()),
        ..Expressway::default()
    }
}

fn peer(product: Product, name: &str) -> NodeState {
    let entry = TrustEntry {
        file: "0001".to_owned(),
        sha256: fingerprint("Old Root"),
    };
    let mut ports = vec![Port::Rest];
    if product == Product::ExpresswayE {
        ports.extend([Port::Zone, Port::Tunnel]);
    }
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
    let whole = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(86_400),
    };
    NodeState {
        reported_name: Observed::Present(name.to_owned()),
        release: Observed::Present(Release::parse("X14.2.5").unwrap()),
        clock_skew_seconds: Observed::Present(0),
        identities: [(
            Purpose::from("server"),
            Observed::Present(fingerprint(name)),
        )]
        .into(),
        pending: [(Purpose::from("server"), Observed::Absent)].into(),
        trust: [(Store::from("trusted-ca"), Observed::Present(vec![entry]))].into(),
        inventory: Observed::Present(()),
        served: ports.into_iter().map(serves).collect(),
        services: Observed::Present([(ServiceName::from(WHOLE_PEER), whole)].into()),
        sso: Observed::Absent,
        backup_job: Observed::Absent,
        last_backup: Observed::Absent,
        expressway: Observed::Present(Box::new(told(product, name))),
        ..NodeState::unasked(Role::Peer)
    }
}

fn cluster(product: Product, nodes: &[&str], more: &str) -> ClusterState {
    let leaf = |name: &&str| {
        let mut leaf = certificate(name, "Old Root");
        leaf.names.insert(SubjectName::dns(more));
        leaf.not_after = moment("2026-12-01T00:00:00Z");
        leaf
    };
    let known = nodes.iter().map(leaf).chain([
        authority("Old Root", "Old Root"),
        authority("Corp Root", "Corp Root"),
        authority("Corp Issuing", "Corp Root"),
    ]);
    ClusterState {
        nodes: nodes
            .iter()
            .map(|name| ((*name).into(), peer(product, name)))
            .collect(),
        certificates: known.map(|it| (it.sha256.clone(), it)).collect(),
        ..ClusterState::unasked(product)
    }
}

/// The procedure of the server certificate, as the playbook gives it.
pub(crate) fn server(appliance: Appliance) -> Procedure {
    let source = "CERT-155".to_owned();
    let range = |from, to| ReleaseRange {
        from: Some(from),
        to: Some(to),
    };
    let usages = |releases, usages: &[&str]| UsageRule {
        releases,
        key_usage: Vec::new(),
        extended_usage: usages.iter().map(|it| (*it).to_owned()).collect(),
        source: source.clone(),
    };
    let proof = |port| ProofRule {
        by: Proof::Port {
            port,
            key: KeyAlgorithm::Rsa,
            always: true,
        },
        source: source.clone(),
    };
    let mut ports = vec![proof(Port::Rest)];
    if appliance == Appliance::ExpresswayE {
        ports.push(proof(Port::Zone));
    }
    Procedure {
        appliance,
        purpose: "server".into(),
        sources: [("CERT-155".to_owned(), "Certificate guide X15.5".to_owned())].into(),
        stores: vec![StoreRule {
            store: "trusted-ca".into(),
            nodes: NodeSelection::All,
            replicated: false,
            source: source.clone(),
        }],
        multi_server: false,
        usages: vec![
            usages(range((14, 0, 0), (15, 4, 0)), &["serverAuth", "clientAuth"]),
            usages(range((15, 5, 0), (15, 9, 0)), &["serverAuth"]),
        ],
        preconditions: Vec::new(),
        restarts: vec![RestartSet {
            releases: range((14, 0, 0), (15, 9, 0)),
            variant: "default".to_owned(),
            services: vec![RestartRule {
                service: WHOLE_PEER.into(),
                nodes: NodeSelection::All,
                by: ControlPath::Peer,
                takes: SignedDuration::from_mins(5),
                outage: "remote access over this peer".to_owned(),
                source: source.clone(),
                claims: vec!["EXPRESSWAY-RESTART".into()],
            }],
            note: None,
        }],
        proof: ports,
        reminders: Vec::new(),
        irreversible: SourcedText {
            text: "The former key is gone.".to_owned(),
            source,
        },
        ..procedure()
    }
}

/// The procedures whose stores and services Expressway-C needs on the nodes that it serves.
fn of_neighbours() -> Vec<Procedure> {
    let rows: [(Appliance, &str, &str, NodeSelection, &[&str]); 4] = [
        (
            Appliance::Cucm,
            "tomcat",
            "tomcat-trust",
            NodeSelection::All,
            &["Cisco Tomcat"],
        ),
        (
            Appliance::Cucm,
            "CallManager",
            "CallManager-trust",
            NodeSelection::CallProcessing,
            &["Cisco CallManager", "Cisco HAProxy"],
        ),
        (
            Appliance::ImPresence,
            "tomcat",
            "tomcat-trust",
            NodeSelection::ImPresence,
            &["Cisco Tomcat"],
        ),
        (
            Appliance::ImPresence,
            "cup-xmpp",
            "cup-xmpp-trust",
            NodeSelection::ImPresence,
            &["Cisco XCP Router"],
        ),
    ];
    let of = |(appliance, purpose, store, nodes, services): (_, &str, &str, _, &[&str])| {
        let mut made = procedure();
        made.appliance = appliance;
        made.purpose = purpose.into();
        made.stores[0].store = store.into();
        made.stores[0].nodes = nodes;
        made.restarts.truncate(1);
        let rule = made.restarts[0].services[0].clone();
        made.restarts[0].services = services
            .iter()
            .map(|service| RestartRule {
                service: (*service).into(),
                ..rule.clone()
            })
            .collect();
        made.restarts[0].note = None;
        made
    };
    rows.into_iter().map(of).collect()
}

impl Scene {
    /// Two peers of Expressway-C, two of Expressway-E and a CUCM cluster of two nodes with a presence node. Only the
    /// certificates of the peers are due.
    pub(crate) fn with_expressway() -> Self {
        let mut scene = Self::of(&[
            (PUBLISHER, Role::Publisher),
            (FIRST, Role::Subscriber),
            (PRESENCE, Role::ImPresence),
        ]);
        for node in [PUBLISHER, FIRST, PRESENCE] {
            scene.certificate(node).not_after = moment("2030-01-01T00:00:00Z");
        }
        let hq = scene.cluster();
        hq.presence_publisher = Observed::Present(PRESENCE.into());
        let more: [(&str, &[&str], &str); 3] = [
            (PUBLISHER, &["Cisco HAProxy"], "CallManager-trust"),
            (FIRST, &["Cisco HAProxy"], "CallManager-trust"),
            (PRESENCE, &["Cisco XCP Router"], "cup-xmpp-trust"),
        ];
        for (name, services, store) in more {
            let node = scene.node(name);
            let Observed::Present(known) = &mut node.services else {
                panic!("services")
            };
            let started = known.values().next().unwrap().clone();
            known.extend(services.iter().map(|it| ((*it).into(), started.clone())));
            node.trust
                .insert(store.into(), Observed::Present(Vec::new()));
        }
        let clusters = &mut scene.observation.clusters;
        let core = cluster(Product::ExpresswayC, &CORES, "expc.example.com");
        let edge = cluster(Product::ExpresswayE, &EDGES, "collab-edge.example.com");
        clusters.insert(CORE.into(), core);
        clusters.insert(EDGE.into(), edge);
        scene.procedures = of_neighbours();
        scene.procedures[0].restarts = procedure().restarts;
        for appliance in [Appliance::ExpresswayC, Appliance::ExpresswayE] {
            scene.procedures.push(server(appliance));
        }
        let tomcat = scene.desired.certificates.remove(0);
        for (cluster, nodes) in [(CORE, CORES), (EDGE, EDGES)] {
            scene.desired.certificates.push(DesiredCertificate {
                cluster: cluster.into(),
                purpose: "server".into(),
                nodes: nodes.map(NodeName::from).into(),
                ..tomcat.clone()
            });
        }
        scene
    }

    /// Has the tomcat certificates of the CUCM cluster renewed as well.
    pub(crate) fn with_tomcat(mut self) -> Self {
        let server = self.desired.certificates[0].clone();
        self.desired.certificates.push(DesiredCertificate {
            cluster: HQ.into(),
            purpose: "tomcat".into(),
            nodes: [PUBLISHER, FIRST, PRESENCE].map(NodeName::from).into(),
            ..server
        });
        self
    }

    pub(crate) fn of_cluster(&mut self, name: &str) -> &mut ClusterState {
        self.observation
            .clusters
            .get_mut(&ClusterName::from(name))
            .unwrap()
    }

    pub(crate) fn peer(&mut self, name: &str) -> &mut NodeState {
        let clusters = self.observation.clusters.values_mut();
        let mut nodes = clusters.flat_map(|state| &mut state.nodes);
        nodes.find(|(node, _)| node.as_str() == name).unwrap().1
    }

    pub(crate) fn told(&mut self, name: &str) -> &mut Expressway {
        match &mut self.peer(name).expressway {
            Observed::Present(told) => told,
            other => panic!("{other:?}"),
        }
    }

    /// Renews the certificates of a cluster's peers as a person would have.
    pub(crate) fn renewed(&mut self, cluster: &str) {
        for certificate in self.of_cluster(cluster).certificates.values_mut() {
            if !certificate.authority {
                certificate.not_after = moment("2030-01-01T00:00:00Z");
                certificate.signed_by = [fingerprint("Corp Issuing")].into();
                certificate.issuer = "CN=Corp Issuing".to_owned();
            }
        }
    }

    /// Puts the new chain into a store of every node of a cluster that has it.
    pub(crate) fn trusting(&mut self, cluster: &str) {
        for state in self.of_cluster(cluster).nodes.values_mut() {
            for store in state.trust.values_mut() {
                let Observed::Present(entries) = store else {
                    panic!("the store was made unknown before")
                };
                entries.extend(["Corp Root", "Corp Issuing"].map(|name| TrustEntry {
                    file: name.to_owned(),
                    sha256: fingerprint(name),
                }));
            }
        }
    }

    /// The plans by cluster, and the links as `first -> then`.
    pub(crate) fn estate(&self) -> (BTreeMap<String, super::ClusterPlan>, Vec<String>) {
        let plan = self
            .plan()
            .unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        let links = plan
            .links
            .iter()
            .map(|link| format!("{} -> {}", link.first, link.then));
        let links = links.collect();
        let clusters = plan.clusters.into_iter();
        (
            clusters
                .map(|(name, plan)| (name.to_string(), plan))
                .collect(),
            links,
        )
    }
}
