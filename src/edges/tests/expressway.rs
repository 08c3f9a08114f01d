//! The edges of Expressway, and the troubles of the vendor's articles (000, 002, 004).

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

/// Seed 002, scenario 1: 8443 is CA-signed and 6972 presents a self-signed certificate.
#[test]
fn a_self_signed_certificate_ends_in_the_lines_of_the_traffic_server() {
    let mut estate = Estate::good();
    let own = named(certificate("cucm-EC", "cucm-EC"), &[PUBLISHER]);
    estate.serves(Port::Tftp, KeyAlgorithm::Rsa, own);
    let broken = estate.broken();
    let [(leg, by, seen)] = broken.as_slice() else {
        panic!("{broken:#?}")
    };
    assert_eq!((*leg, by.as_str()), (Leg::TrafficServer, CORE));
    assert_eq!(
        *seen,
        [
            format!(
                "<ts> vcsc traffic_server[<pid>]: [ET_NET <n>] WARNING: Core server certificate verification failed for ({PUBLISHER}). Action=Terminate Error=self signed certificate server={PUBLISHER}(<ip>) depth=0"
            ),
            format!(
                "<ts> vcsc traffic_server[<pid>]: [ET_NET <n>] ERROR: SSL connection failed for '{PUBLISHER}': error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed"
            ),
            "502 connect failed".to_owned(),
        ]
    );
}

/// Seed 002, scenario 1b.
#[test]
fn an_unknown_authority_is_told_by_its_depth() {
    let mut estate = Estate::good();
    estate
        .scene
        .cluster()
        .certificates
        .get_mut(&fingerprint(PUBLISHER))
        .unwrap()
        .signed_by = [fingerprint("Sub")].into();
    estate
        .scene
        .cluster()
        .certificates
        .get_mut(&fingerprint(PUBLISHER))
        .unwrap()
        .issuer = "CN=Sub".to_owned();
    let sub = authority("Sub", "Other Root");
    for each in [sub, authority("Other Root", "Other Root")] {
        estate
            .scene
            .cluster()
            .certificates
            .insert(each.sha256.clone(), each);
    }
    for listener in [Port::Soap, Port::Tftp].map(|port| Listener {
        port,
        key: KeyAlgorithm::Rsa,
    }) {
        let served = ServedChain {
            leaf: fingerprint(PUBLISHER),
            rest: vec![fingerprint("Sub"), fingerprint("Other Root")],
        };
        estate
            .scene
            .node(PUBLISHER)
            .served
            .insert(listener, Observed::Present(served));
    }
    let seen: Vec<String> = estate
        .broken()
        .into_iter()
        .filter_map(|(_, _, seen)| seen.into_iter().next())
        .collect();
    assert_eq!(seen.len(), 2);
    let expected = format!(
        "Error=self signed certificate in certificate chain server={PUBLISHER}(<ip>) depth=2"
    );
    assert!(
        seen.iter().all(|line| line.ends_with(&expected)),
        "{seen:#?}"
    );
}

/// Seed 002, scenario 2: CUCM advertises an address.
#[test]
fn a_name_that_is_not_in_the_certificate() {
    let mut estate = Estate::good();
    let address = "10.48.36.215";
    estate
        .facts
        .advertised
        .insert(PUBLISHER.into(), Observed::Present(address.to_owned()));
    let broken = estate.broken();
    assert_eq!(broken.len(), 2);
    for (leg, _, seen) in broken {
        assert_eq!(leg, Leg::TrafficServer);
        let expected = format!(
            "<ts> vcsc traffic_server[<pid>]: [ET_NET <n>] WARNING: SNI ({address}) not in certificate. Action=Terminate server={address}(<ip>)"
        );
        assert_eq!(seen.first(), Some(&expected));
    }
}

/// Seed 002: two self-signed certificates of one name cannot both be trusted (CSCwa12905).
#[test]
fn of_two_self_signed_certificates_of_one_name_one_fails() {
    let mut estate = Estate::good();
    let tomcat = named(namesake(PUBLISHER, "tomcat of pub"), &[PUBLISHER]);
    let calls = named(namesake(PUBLISHER, "CallManager of pub"), &[PUBLISHER]);
    let hashes = [tomcat.sha256.clone(), calls.sha256.clone()];
    estate.serves(Port::Soap, KeyAlgorithm::Rsa, tomcat.clone());
    estate.serves(Port::Tftp, KeyAlgorithm::Rsa, calls);
    trusting(estate.core()).extend(hashes);
    let broken: Vec<Judged> = estate
        .judged()
        .into_iter()
        .filter(|each| each.verdict.is_broken())
        .collect();
    let [one] = broken.as_slice() else {
        panic!("{broken:#?}")
    };
    assert_eq!(one.edge.port, Some(6972));
    let Verdict::Broken(breaks) = &one.verdict else {
        panic!("{one:?}")
    };
    assert!(
        matches!(breaks.as_slice(), [Break::NotFirstOfName { first, .. }] if *first == tomcat.sha256)
    );
    let line = symptoms(&one.edge, &one.verdict).remove(0);
    assert!(
        line.contains("Error=self signed certificate server="),
        "{line}"
    );
}

/// Seed 004: a zone is up and the tunnels are down after a renewal, because an intermediate is missing.
#[test]
fn a_missing_intermediate_breaks_the_tunnels_and_not_the_zone() {
    let mut estate = Estate::good();
    trusting(estate.core()).retain(|held| *held != fingerprint("Corp Issuing"));
    let sent = Observed::Present(ServedChain {
        leaf: fingerprint(EDGE),
        rest: vec![fingerprint("Corp Issuing")],
    });
    estate.edge().server = sent;
    let broken = estate.broken();
    let [(leg, by, seen)] = broken.as_slice() else {
        panic!("{broken:#?}")
    };
    assert_eq!((*leg, by.as_str()), (Leg::Tunnels, CORE));
    assert!(
        seen[0].contains("No SSH tunnels have been established"),
        "{seen:?}"
    );
}

/// Seeds 000 and 004: a zone that does not come up.
#[test]
fn a_zone_fails_by_name_or_by_authority() {
    let (zone, tunnels) = (Leg::Zone, Leg::Tunnels);
    let both = |by: &str| BTreeSet::from([(zone, by.to_owned()), (tunnels, by.to_owned())]);
    let mut peer_address = Estate::good();
    peer_address.facts.peer_addresses = Observed::Present(["edge.example.com".to_owned()].into());
    assert_eq!(peer_address.legs(), both(CORE));
    let mut subject = Estate::good();
    subject.facts.verify_subject = Observed::Present("cluster.example.com".to_owned());
    assert_eq!(subject.legs(), both(EDGE));
    let mut authority = Estate::good();
    trusting(authority.edge()).clear();
    assert_eq!(authority.legs(), both(EDGE));
    let mut only_common_name = Estate::good();
    only_common_name.certificate(CORE).names.clear();
    assert_eq!(only_common_name.legs(), both(EDGE));
    let seen = peer_address.broken();
    assert!(
        seen.iter()
            .any(|(leg, _, seen)| *leg == zone && seen[0].ends_with("TLS Negotiation Error")),
        "{seen:#?}"
    );
}

/// Seed 004: neither the domain nor collab-edge in the certificate of Edge.
#[test]
fn jabber_warns_without_the_domain() {
    let mut estate = Estate::good();
    *estate.certificate(EDGE) = named(certificate(EDGE, "Corp Issuing"), &[EDGE]);
    assert_eq!(
        estate.broken(),
        [(
            Leg::SignIn,
            "clients".to_owned(),
            vec![format!(
                "Jabber warns of an untrusted certificate of {EDGE} at sign-in"
            )]
        )]
    );
    *estate.certificate(EDGE) = named(
        certificate(EDGE, "Corp Issuing"),
        &[EDGE, "collab-edge.example.com"],
    );
    assert_eq!(estate.broken(), []);
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

/// Expressway §8: what the certificates must allow, by release.
#[test]
fn usages_are_demanded_by_leg_and_release() {
    let server_only = |certificate: &mut Certificate| {
        certificate.extended_usage = Some(["serverAuth".to_owned()].into())
    };
    let mut core = Estate::good();
    server_only(core.certificate(CORE));
    let both = BTreeSet::from([
        (Leg::Zone, EDGE.to_owned()),
        (Leg::Tunnels, EDGE.to_owned()),
    ]);
    assert_eq!(core.legs(), both);
    let mut edge = Estate::good();
    server_only(edge.certificate(EDGE));
    assert_eq!(edge.legs(), BTreeSet::from([(Leg::Zone, CORE.to_owned())]));
    edge.edge().release = Observed::Present((15, 4, 0));
    assert_eq!(edge.broken(), []);
    edge.edge().release = Observed::default();
    assert_eq!(edge.broken(), []);
    let open = edge.judged().into_iter().any(|each| {
        each.edge.leg == Leg::Zone
            && each
                .verdict
                .to_string()
                .contains("if so: the certificate does not allow clientAuth")
    });
    assert!(open, "an unknown release is not fine");
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
            "trusted CA list true",
            "cup-xmpp-trust false",
            "tomcat-trust false"
        ]
    );
}
