//! The edges of Expressway, and the troubles of the vendor's articles (000, 002, 004).

mod facts;
mod traffic_server;
mod traversal;

use std::collections::BTreeSet;

use super::*;
use crate::edges::expressway::{Facts, Peer, join};
use crate::model::{Listener, Observation, Port, Role};
use crate::plan::testing::{PRESENCE, PUBLISHER, Scene};

const CORE: &str = "vcsc.example.com";
const EDGE: &str = "vcse.example.com";

struct Estate {
    scene: Scene,
    facts: Facts,
}

fn chain(leaf: &str) -> Observed<ServedChain> {
    Observed::Present(ServedChain {
        leaf: fingerprint(leaf),
        rest: Vec::new(),
    })
}

impl Estate {
    /// Core and Edge with certificates of Corp Issuing, and one CUCM node with one of Old Root; all in order.
    fn good() -> Self {
        let mut estate = Self {
            scene: Scene::of(&[(PUBLISHER, Role::Publisher)]),
            facts: Facts {
                serves: ["hq".into()].into(),
                peer_addresses: Observed::Present([EDGE.to_owned()].into()),
                verify_subject: Observed::Present(CORE.to_owned()),
                domains: Observed::Present(["example.com".to_owned()].into()),
                ..Facts::default()
            },
        };
        let peer = |name: &str| Peer {
            release: Observed::Present((14, 3, 0)),
            trusted: Observed::Present(
                ["Corp Root", "Corp Issuing", "Old Root"]
                    .map(fingerprint)
                    .into(),
            ),
            server: chain(name),
            client: chain(name),
            prefers: Observed::Present(KeyAlgorithm::Rsa),
            verifies_origin: Observed::Present(true),
        };
        estate
            .facts
            .core
            .insert(("exp-c".into(), CORE.into()), peer(CORE));
        estate
            .facts
            .edge
            .insert(("exp-e".into(), EDGE.into()), peer(EDGE));
        estate.know(certificate(CORE, "Corp Issuing"));
        estate.know(named(
            certificate(EDGE, "Corp Issuing"),
            &[EDGE, "example.com"],
        ));
        for (name, signer) in [
            ("Corp Root", "Corp Root"),
            ("Corp Issuing", "Corp Root"),
            ("Old Root", "Old Root"),
        ] {
            estate.know(authority(name, signer));
        }
        let node = estate.scene.node(PUBLISHER);
        for store in ["tomcat-trust", "CallManager-trust"] {
            let entries =
                ["Old Root", "Corp Root", "Corp Issuing"].map(|title| crate::model::TrustEntry {
                    file: title.to_owned(),
                    sha256: fingerprint(title),
                });
            node.trust
                .insert(store.into(), Observed::Present(entries.into()));
        }
        estate
    }

    fn know(&mut self, certificate: Certificate) {
        self.facts
            .certificates
            .insert(certificate.sha256.clone(), certificate);
    }

    fn certificate(&mut self, name: &str) -> &mut Certificate {
        self.facts.certificates.get_mut(&fingerprint(name)).unwrap()
    }

    fn core(&mut self) -> &mut Peer {
        self.facts.core.values_mut().next().unwrap()
    }

    fn edge(&mut self) -> &mut Peer {
        self.facts.edge.values_mut().next().unwrap()
    }

    fn serves(&mut self, port: Port, key: KeyAlgorithm, certificate: Certificate) {
        let listener = Listener { port, key };
        let served = Observed::Present(ServedChain {
            leaf: certificate.sha256.clone(),
            rest: Vec::new(),
        });
        self.scene.node(PUBLISHER).served.insert(listener, served);
        self.scene
            .cluster()
            .certificates
            .insert(certificate.sha256.clone(), certificate);
    }

    fn judged(&self) -> Vec<Judged> {
        let observation: &Observation = &self.scene.observation;
        let mut site = Site::of(observation);
        let edges = join(&mut site, observation, &self.facts);
        judge(&site, &edges, now())
    }

    /// The broken edges, by kind, verifying end and how they are met.
    fn broken(&self) -> Vec<(Leg, String, Vec<String>)> {
        let judged = self.judged().into_iter();
        let broken = judged.filter(|each| each.verdict.is_broken());
        broken
            .map(|each| {
                let seen = symptoms(&each.edge, &each.verdict);
                (each.edge.leg, each.edge.relying().to_string(), seen)
            })
            .collect()
    }

    fn legs(&self) -> BTreeSet<(Leg, String)> {
        self.broken()
            .into_iter()
            .map(|(leg, by, _)| (leg, by))
            .collect()
    }
}

fn trusting(peer: &mut Peer) -> &mut Vec<Fingerprint> {
    match &mut peer.trusted {
        Observed::Present(list) => list,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_estate_verifies_on_every_leg() {
    let estate = Estate::good();
    let judged = estate.judged();
    let not: Vec<String> = judged
        .iter()
        .filter(|each| !each.verdict.holds())
        .map(|each| format!("{}: {}", each.edge, each.verdict))
        .collect();
    // What clients trust is not observed; what answers on 5061 and 5091 was not asked of this node.
    let [sip, oauth, clients] = not.as_slice() else {
        panic!("{not:#?}")
    };
    assert!(
        sip.contains("on 5061") && sip.contains("unknown: what"),
        "{sip}"
    );
    assert!(
        oauth.contains("on 5091") && oauth.contains("unknown: what"),
        "{oauth}"
    );
    assert!(
        clients.contains("unknown: operating system of clients: what clients trust"),
        "{clients}"
    );
    let ports: BTreeSet<u16> = judged.iter().filter_map(|each| each.edge.port).collect();
    assert_eq!(ports, BTreeSet::from([2222, 5061, 5091, 6972, 7001, 8443]));
}

/// The same authorities must be trusted by CUCM in both of its stores from X14.0.2.
#[test]
fn cucm_verifies_core_with_two_stores() {
    let mut estate = Estate::good();
    let entries = Observed::Present(Vec::new());
    estate
        .scene
        .node(PUBLISHER)
        .trust
        .insert("CallManager-trust".into(), entries);
    assert_eq!(
        estate.legs(),
        BTreeSet::from([(Leg::TrafficServer, PUBLISHER.to_owned())])
    );
    let broken: Vec<Judged> = estate
        .judged()
        .into_iter()
        .filter(|each| each.verdict.is_broken())
        .collect();
    assert_eq!(broken[0].edge.store.as_str(), "CallManager-trust");
    estate.core().release = Observed::Present((14, 0, 1));
    assert_eq!(estate.broken(), []);
}

/// Before X14.0.8 nothing is verified for clients; an unknown release leaves it open.
#[test]
fn what_is_verified_depends_on_the_release() {
    let mut estate = Estate::good();
    trusting(estate.core()).retain(|held| *held != fingerprint("Old Root"));
    assert_eq!(
        estate.legs(),
        BTreeSet::from([(Leg::TrafficServer, CORE.to_owned())])
    );
    estate.core().release = Observed::Present((14, 0, 7));
    assert_eq!(estate.broken(), []);
    estate.core().release = Observed::default();
    let judged = estate.judged();
    let open = judged.iter().filter(|each| {
        each.edge.leg == Leg::TrafficServer && each.edge.relying().to_string() == CORE
    });
    let says: Vec<String> = open.map(|each| each.verdict.to_string()).collect();
    assert_eq!(says.len(), 2);
    assert!(
        says.iter()
            .all(|says| says.starts_with("unknown: the release of this Expressway")),
        "{says:#?}"
    );
}

/// A fresh X14.2 prefers ECDSA, and tomcat-ECDSA is often still self-signed.
#[test]
fn the_preferred_kind_of_key_is_the_one_that_is_judged() {
    let mut estate = Estate::good();
    let own = named(certificate("pub-EC", "pub-EC"), &[PUBLISHER]);
    estate.serves(Port::Soap, KeyAlgorithm::Ec, own);
    assert_eq!(estate.broken(), []);
    estate.core().prefers = Observed::Present(KeyAlgorithm::Ec);
    assert_eq!(
        estate.legs(),
        BTreeSet::from([(Leg::TrafficServer, CORE.to_owned())])
    );
    estate.core().prefers = Observed::default();
    assert_eq!(estate.broken(), []);
    let says: Vec<String> = estate
        .judged()
        .iter()
        .map(|each| each.verdict.to_string())
        .collect();
    assert!(
        says.iter()
            .any(|says| says.starts_with("unknown: which kind of key")),
        "{says:#?}"
    );
}

#[test]
fn presence_is_reached_over_7400() {
    let mut estate = Estate::good();
    let with = Scene::of(&[(PUBLISHER, Role::Publisher), (PRESENCE, Role::ImPresence)]);
    estate.scene = with;
    let listener = Listener {
        port: Port::Xmpp,
        key: KeyAlgorithm::Rsa,
    };
    estate
        .scene
        .node(PRESENCE)
        .served
        .insert(listener, chain(PRESENCE));
    let edges: Vec<Judged> = estate
        .judged()
        .into_iter()
        .filter(|each| each.edge.leg == Leg::Xmpp)
        .collect();
    let says: Vec<String> = edges
        .iter()
        .map(|each| format!("{} {}", each.edge.store, each.verdict.holds()))
        .collect();
    // IM and Presence must trust the chain of Core in two stores of its own, and has it in neither.
    assert_eq!(
        says,
        [
            "trusted-ca true",
            "cup-xmpp-trust false",
            "tomcat-trust false"
        ]
    );
}
