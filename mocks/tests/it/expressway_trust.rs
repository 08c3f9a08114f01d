//! The troubles of Expressways, planted and seen: zones, tunnels, sign-in of clients, and the traffic server's words.

use reissue_lab::expressway::{Link, Trouble};
use reissue_lab::state::{Face, common_name};
use reissue_lab::{Lab, TomcatStart};

use crate::client::{self, FIRST};
use crate::expressway::{PUBLISHER, get, lab, request, signed, upload, with, zones};

/// What keeps clients from signing in through the first Expressway-C peer: node, port (0 for trust in Expressway-C), why.
fn mra(lab: &Lab) -> Vec<(String, u16, String)> {
    lab.look_expressways(|all| {
        let nodes = all.mra("expc1.example.com").into_iter();
        let told = nodes.flat_map(|(node, faults)| {
            faults.into_iter().map(move |(link, fault)| {
                let port = match link {
                    Link::Origin(port) => port,
                    _ => 0,
                };
                (node.to_owned(), port, fault.to_string())
            })
        });
        told.collect()
    })
    .unwrap()
}

#[test]
fn a_lab_without_trouble_has_none() {
    let mut config = with("X14.2", &[]);
    config.presence = 1;
    config.unity = 1;
    let lab = client::lab(config);
    for peer in ["expc1", "expc2", "expe1", "expe2"] {
        let views = zones(&lab, peer);
        assert_eq!(views.len(), 2);
        assert!(
            views.iter().all(|view| view.zone.is_none() && view.tunnels),
            "{views:?}"
        );
    }
    assert_eq!(mra(&lab), []);
    assert_eq!(lab.traffic_log("expc1"), "");
    let nodes = lab.look_expressways(|all| all.mra("expc1.example.com").len());
    assert_eq!(nodes, Some(4));
    assert_eq!(client::violations(&lab), [""; 0]);
}

#[test]
fn every_trouble_between_the_sides_shows_in_the_zone_or_the_tunnels() {
    let broken = Some("TLS Negotiation Error");
    for (trouble, zone) in [
        (Trouble::CoreLacksRoot, broken),
        (Trouble::EdgeLacksRoot, broken),
        (Trouble::PeerAddress, broken),
        (Trouble::VerifyName, broken),
        (Trouble::DuplicateName, broken),
        (Trouble::CoreLacksIntermediate, None),
        (Trouble::EdgeLacksIntermediate, None),
    ] {
        let lab = lab("X14.2", &[trouble]);
        for peer in ["expc1", "expe2"] {
            for view in zones(&lab, peer) {
                assert_eq!(
                    (view.zone, view.tunnels),
                    (zone, false),
                    "{trouble:?} {peer}"
                );
            }
        }
        let document = get(&lab, "expc1", "/status.xml").body;
        assert!(
            document.contains("No SSH tunnels have been established"),
            "{document}"
        );
        assert_eq!(
            document.contains("TLS Negotiation Error"),
            zone.is_some(),
            "{trouble:?}"
        );
        let path = "/api/provisioning/controller/zone/unifiedcommunicationstraversal";
        let shown = if zone.is_some() { "Failed" } else { "Active" };
        assert_eq!(
            get(&lab, "expc1", path).json()[0]["Status"],
            shown,
            "{trouble:?}"
        );
        assert_eq!(client::violations(&lab), [""; 0], "{trouble:?}");
    }
}

#[test]
fn a_node_by_its_address_is_not_in_its_certificate() {
    let lab = lab("X14.2", &[Trouble::ServerByAddress]);
    let told = mra(&lab);
    assert!(
        told.iter()
            .all(|(_, port, _)| [8443, 6972, 5061].contains(port)),
        "{told:?}"
    );
    assert_eq!(told.len(), 6);
    let log = lab.traffic_log("expc1");
    for line in [
        "expc1 traffic_server[3916]: [ET_NET 2] WARNING: SNI (10.48.36.215) not in certificate. \
         Action=Terminate server=10.48.36.215(10.48.36.215)\n",
        "ERROR: SSL connection failed for '10.48.36.215': error:1416F086:SSL \
         routines:tls_process_server_certificate:certificate verify failed\n",
        "502 connect failed\n",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
    // A second address of another node, and none of port 5061, which the traffic server has nothing to do with.
    assert_eq!(log.matches("WARNING").count(), 4);
}

#[test]
fn an_elliptic_twin_that_a_node_signed_itself_fails_where_it_is_asked_for() {
    let lab = lab("X14.2", &[Trouble::EllipticFirst]);
    let told = mra(&lab);
    let twins = |face: Face| client::look(&lab, PUBLISHER, |node| node.served_twin(face).is_some());
    assert!(twins(Face::Web) && twins(Face::Sip));
    assert!(
        !told.is_empty() && told.iter().all(|(_, port, _)| [8443, 5061].contains(port)),
        "{told:?}"
    );
    let log = lab.traffic_log("expc2");
    let line = format!(
        "WARNING: Core server certificate verification failed for ({PUBLISHER}). Action=Terminate \
         Error=self signed certificate server={PUBLISHER}(127.0.0.1) depth=0\n"
    );
    assert!(log.contains(&line), "{log}");
    // The cure of the release notes: RSA first.
    let first =
        "xConfiguration Ciphers ForwardProxyTLSCiphers Value: ECDHE-RSA-AES256-GCM-SHA384:EECDH";
    assert!(crate::expressway::shown(&lab, "expc1", first).contains("OK"));
    assert_eq!(mra(&lab), []);
}

#[test]
fn cucm_without_the_root_of_expressway_c_takes_nobody_through() {
    for (release, expected) in [("X14.0", false), ("X14.2", true)] {
        let lab = lab(release, &[Trouble::CucmLacksRoot]);
        let told = mra(&lab);
        assert_eq!(!told.is_empty(), expected, "{release}");
        assert!(
            told.iter()
                .all(|(_, port, why)| *port == 0 && why.contains("tomcat-trust")),
            "{told:?}"
        );
    }
}

#[test]
fn before_enforcement_and_with_the_switch_off_clients_come_through() {
    let quiet = lab("X14.0", &[Trouble::ServerByAddress]);
    assert_eq!(quiet.traffic_log("expc1"), "");
    assert!(mra(&quiet).iter().all(|(_, port, _)| *port == 5061));
    let off = lab(
        "X14.2",
        &[Trouble::VerifyOriginOff, Trouble::ServerByAddress],
    );
    assert!(mra(&off).iter().all(|(_, port, _)| *port == 5061));
    let log = off.traffic_log("expc1");
    assert!(
        log.contains("Action=Continue") && !log.contains("ERROR"),
        "{log}"
    );
}

#[test]
fn two_self_signed_certificates_of_one_name_cannot_both_be_trusted() {
    let lab = lab("X14.2", &[]);
    let leaves = client::look(&lab, FIRST, |node| {
        let twin = |face: &Face| node.presented[face].twin.clone().unwrap().certificate;
        [Face::Web, Face::Sip].map(|face| twin(&face))
    });
    assert_eq!(common_name(&leaves[0]), common_name(&leaves[1]));
    lab.trouble(Trouble::EllipticFirst).unwrap();
    lab.change_peer("core", "expc1", |peer| {
        peer.trusted.extend(leaves.clone());
        peer.loaded.extend(leaves.clone());
    });
    let of_first: Vec<u16> = mra(&lab)
        .into_iter()
        .filter(|(node, _, _)| node == FIRST)
        .map(|(_, port, _)| port)
        .collect();
    assert_eq!(of_first, [5061]);
}

#[test]
fn an_expressway_follows_what_its_nodes_really_present() {
    let lab = lab("X14.2", &[]);
    // A node whose new certificate comes from an authority that Expressway-C does not know.
    crate::operator::renew(&lab, PUBLISHER, "tomcat");
    assert_eq!(mra(&lab), []);
    crate::operator::restart(&lab, PUBLISHER, "Cisco Tomcat");
    let path = "/api/provisioning/certs/root";
    assert!(!get(&lab, "expc1", path).body.is_empty());
    // The root is known and the node sends its intermediate along, so that all is well.
    assert_eq!(mra(&lab), []);
    lab.trouble(Trouble::CucmLacksRoot).unwrap();
    assert!(
        mra(&lab)
            .iter()
            .any(|(node, port, _)| node == PUBLISHER && *port == 0)
    );
    assert_eq!(client::violations(&lab), [""; 0]);
}

#[test]
fn the_estate_file_names_both_clusters() {
    let lab = lab("X15.5", &[]);
    let estate = std::fs::read_to_string(lab.estate()).unwrap();
    let ports = lab.look_peer("edge", "expe2", |peer| peer.ports).unwrap();
    for part in [
        "  - name: core\n    product: expressway-c\n".to_owned(),
        "accounts: {administrator: edge-administrator, shell: edge-administrator}\n".to_owned(),
        format!(
            "ports: {{rest: {}, ssh: {}, zone: {}, tunnel: {}}}\n",
            ports.rest, ports.ssh, ports.traversal, ports.tunnel
        ),
        "purpose: [server]}".to_owned(),
    ] {
        assert!(estate.contains(&part), "{part}\n{estate}");
    }
    let pins = std::fs::read_to_string(lab.dir().join("pins.json")).unwrap();
    assert!(pins.contains("expe2.example.com"), "{pins}");
}

#[test]
fn a_box_may_hide_its_zones_and_may_only_warn() {
    let lab = lab("X14.2", &[]);
    lab.change_expressways(|all| {
        all.core.quirks.hides_zones = true;
        all.core.quirks.accepts_untrusted = true;
    });
    let document = get(&lab, "expc1", "/status.xml").body;
    assert!(!document.contains("<Zone"), "{document}");
    assert!(get(&lab, "expe1", "/status.xml").body.contains("<Zone"));
    let path = "/api/provisioning/controller/zone/unifiedcommunicationstraversal";
    assert!(get(&lab, "expc1", path).json()[0]["Status"].is_null());
    let leaf = signed(&lab, &request(&lab, "expc1", &[]));
    assert_eq!(upload(&lab, "expc1", "server", &leaf).status, 200);
}

#[test]
fn a_certificate_that_expressway_c_signed_itself_must_be_in_the_stores_as_it_is() {
    let mut config = with("X14.2", &[]);
    if let Some(expressway) = config.expressway.as_mut() {
        expressway.start = TomcatStart::SelfSigned(9);
    }
    let lab = client::lab(config);
    let own = lab
        .look_peer("core", "expc1", |peer| peer.stored.certificate.clone())
        .unwrap();
    let lacking = |node: &str| mra(&lab).iter().any(|(held, _, _)| held == node);
    assert!(lacking(PUBLISHER) && lacking(FIRST));
    lab.change("hq", PUBLISHER, |node| {
        for store in ["tomcat-trust", "CallManager-trust"] {
            node.trusts.get_mut(store).unwrap().push(own.clone());
        }
    });
    assert!(!lacking(PUBLISHER) && lacking(FIRST));
    assert_eq!(zones(&lab, "expc1")[0].zone, Some("TLS Negotiation Error"));
}
