//! Changes to Expressway peers: a careful renewal, and what the judge says of careless ones.

use reissue_lab::expressway::{Peer, PeerState};
use reissue_lab::{Fault, Lab, Misbehaviour, Mode};

use crate::client::{self, served, until};
use crate::expressway::{
    call, chain, get, lab, place, read, request, restart, restarted, shown, signed, upload, zones,
};

const PEERS: [&str; 4] = ["expc1", "expc2", "expe1", "expe2"];

/// Publishes the chain to every peer and takes it into use.
fn publish(lab: &Lab) {
    for peer in PEERS {
        assert_eq!(upload(lab, peer, "root", &chain(lab)).status, 200);
        restarted(lab, peer);
    }
}

fn trust_on_cucm(lab: &Lab) {
    for node in [client::PUBLISHER, client::FIRST] {
        for service in ["tomcat", "CallManager"] {
            crate::operator::trust(lab, node, service);
        }
    }
}

/// Requests, signs and uploads, with the names that Expressway-E needs.
fn renew(lab: &Lab, peer: &str) {
    let leaf = signed(lab, &request(lab, peer, &["example.com"]));
    let stored = upload(lab, peer, "server", &leaf);
    assert_eq!(stored.status, 200, "{}", stored.body);
}

#[test]
fn a_careful_renewal_of_every_peer_breaks_nothing() {
    let lab = lab("X14.2", &[]);
    publish(&lab);
    trust_on_cucm(&lab);
    for peer in PEERS {
        let cluster = crate::expressway::cluster(peer);
        let port = lab
            .look_peer(cluster, peer, |peer| peer.ports.rest)
            .unwrap();
        let before = served(port, None).unwrap();
        renew(&lab, peer);
        let stored = lab.look_peer(cluster, peer, Peer::stored_sha256).unwrap();
        assert_eq!(served(port, None).unwrap(), before, "before the restart");
        restarted(&lab, peer);
        assert_eq!(served(port, None).unwrap(), stored, "after the restart");
        let views = zones(&lab, peer);
        assert!(
            views.iter().all(|view| view.zone.is_none() && view.tunnels),
            "{views:?}"
        );
    }
    assert_eq!(client::violations(&lab), [""; 0]);
}

#[test]
fn while_a_peer_restarts_its_ports_refuse_and_its_zone_is_down() {
    let mut config = crate::expressway::with("X14.2", &[]);
    config.time_scale = 0.02;
    let lab = client::lab(config);
    let ports = lab.look_peer("edge", "expe1", |peer| peer.ports).unwrap();
    assert_eq!(restart(&lab, "expe1").status, 200);
    until("the end of its ports", || served(ports.rest, None).is_err());
    assert!(served(ports.traversal, None).is_err() && served(ports.tunnel, None).is_err());
    assert_eq!(zones(&lab, "expc1")[0].zone, Some("Connect failed"));
    assert_eq!(zones(&lab, "expc1")[1].zone, None);
    let zone = read(
        &lab,
        "expc1",
        "controller/zone/unifiedcommunicationstraversal",
    );
    assert_eq!(zone[0]["Status"], "Active");
    until("its ports", || served(ports.rest, None).is_ok());
    until("its zone", || zones(&lab, "expc1")[0].zone.is_none());
    assert_eq!(client::violations(&lab), [""; 0]);
}

#[test]
fn a_new_certificate_that_the_other_side_does_not_trust_breaks_the_zone() {
    let lab = lab("X14.2", &[]);
    lab.change_expressways(|all| {
        let corporate = all.corporate.clone();
        for peer in &mut all.core.peers {
            let name = |one: &openssl::x509::X509| reissue_lab::state::fingerprint(one);
            peer.loaded.retain(|held| name(held) != name(&corporate[0]));
        }
    });
    upload(&lab, "expe1", "root", &chain(&lab));
    renew(&lab, "expe1");
    restarted(&lab, "expe1");
    assert_eq!(zones(&lab, "expc1")[0].zone, Some("TLS Negotiation Error"));
    let judged = || client::violations(&lab).contains(&"edge-broken".to_owned());
    until("the judge", judged);
    let told = lab.violations().into_iter().map(|entry| entry.detail);
    let told: Vec<String> = told.collect();
    assert!(told[0].contains("expe1.example.com"), "{told:?}");
}

#[test]
fn a_new_intermediate_that_the_other_side_lacks_takes_the_tunnels_only() {
    let lab = lab("X14.2", &[]);
    upload(&lab, "expe1", "root", &chain(&lab));
    renew(&lab, "expe1");
    restarted(&lab, "expe1");
    let view = &zones(&lab, "expc1")[0];
    assert_eq!((view.zone, view.tunnels), (None, false));
    until("the judge", || !client::violations(&lab).is_empty());
    assert!(
        lab.violations()
            .iter()
            .all(|entry| entry.detail.contains("tunnels"))
    );
    // An appended authority counts for connections after a restart only.
    upload(&lab, "expc1", "root", &chain(&lab));
    assert!(!zones(&lab, "expc1")[0].tunnels);
    restarted(&lab, "expc1");
    assert!(zones(&lab, "expc1")[0].tunnels);
}

#[test]
fn a_new_certificate_of_expressway_c_must_be_trusted_by_cucm() {
    let lab = lab("X14.2", &[]);
    publish(&lab);
    renew(&lab, "expc1");
    restarted(&lab, "expc1");
    until("the judge", || !client::violations(&lab).is_empty());
    let told = lab.violations();
    assert!(
        told.iter()
            .all(|entry| entry.what == "edge-broken" && entry.detail.contains("trusts expc1")),
        "{told:?}"
    );
    assert!(told[0].detail.contains("tomcat-trust"), "{told:?}");
}

#[test]
fn the_judge_sees_two_peers_restarting_and_fields_that_nobody_writes() {
    let mut config = crate::expressway::with("X14.2", &[]);
    config.time_scale = 0.02;
    let lab = client::lab(config);
    assert_eq!(restart(&lab, "expe1").status, 200);
    assert_eq!(restart(&lab, "expe2").status, 200);
    let path = "/api/provisioning/common/cluster/peers";
    let written = call(&lab, "expc1", "PUT", path, &[], "{\"Peer1\": \"\"}").unwrap();
    assert_eq!(written.status, 200);
    assert_eq!(
        client::violations(&lab),
        ["two-peers-restarting", "peer-fields-written"]
    );
    let refused = call(
        &lab,
        "expc1",
        "PUT",
        "/api/provisioning/common/mra",
        &[],
        "{}",
    )
    .unwrap();
    assert_eq!(refused.status, 405);
}

#[test]
fn a_restart_needs_the_header_from_x14_2_on() {
    for (release, status) in [("X14.0", 200), ("X14.2", 403)] {
        let lab = lab(release, &[]);
        let bare = call(&lab, "expc1", "POST", "/api/provisioning/restart", &[], "").unwrap();
        assert_eq!(bare.status, status, "{release}");
        let begun = lab
            .look_peer("core", "expc1", |peer| peer.restarts)
            .unwrap();
        assert_eq!(begun == 1, status == 200, "{release}");
    }
}

#[test]
fn faults_hooks_and_foreign_requests_are_those_of_every_node() {
    let lab = lab("X14.2", &[]);
    lab.plant(Fault::new("rest POST certs/generate_csr", Mode::ActThenDrop).at("expe1"));
    let path = "/api/provisioning/certs/generate_csr";
    assert!(call(&lab, "expe1", "POST", path, &[], "{}").is_err());
    assert!(
        get(&lab, "expe1", path)
            .body
            .starts_with("-----BEGIN CERTIFICATE REQUEST")
    );
    lab.plant(Fault::new("rest GET sysinfo", Mode::Html200));
    let page = get(&lab, "expc1", "/api/provisioning/sysinfo").body;
    assert!(page.contains("<title>Login</title>"), "{page}");
    assert_eq!(lab.changes(), 1);
    lab.world().foreign_peer_request(&place("expc2")).unwrap();
    assert_eq!(get(&lab, "expc2", path).status, 200);
    assert_eq!(client::violations(&lab), [""; 0]);
}

#[test]
fn from_x15_5_on_the_client_certificate_is_what_the_tunnels_see() {
    let lab = lab("X15.5", &[]);
    publish(&lab);
    trust_on_cucm(&lab);
    lab.misbehave(Misbehaviour::ServerAuthOnly);
    renew(&lab, "expc1");
    restarted(&lab, "expc1");
    assert!(
        zones(&lab, "expc1").iter().all(|view| view.tunnels),
        "the client certificate stays"
    );
    let place = place("expc1");
    let server = lab
        .look_peer("core", "expc1", |peer| peer.stored.clone())
        .unwrap();
    assert!(lab.world().store_client(&place, Some(&server)).is_err());
    lab.world().store_client(&place, None).unwrap();
    restarted(&lab, "expc1");
    assert_eq!(zones(&lab, "expc1")[0].zone, Some("TLS Negotiation Error"));
    let off = "xConfiguration SIP TLS Certificate ExtendedKeyUsage Checking Mode: Off";
    assert!(shown(&lab, "expe1", off).contains("OK"));
    let view = &zones(&lab, "expc1")[0];
    assert_eq!((view.zone, view.tunnels), (None, false));
    let peer = lab.look_peer("core", "expc1", |peer| peer.state);
    assert_eq!(peer, Some(PeerState::Up));
}
