//! Zone, tunnels and sign-in.

use super::*;

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
