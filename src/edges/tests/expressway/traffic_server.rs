//! The scenarios of seed 002, down to the lines of the log.

use super::*;

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

/// Seed 002: two self-signed certificates of one name cannot both be trusted (`CSCwa12905`).
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
