//! A renewal by hand: what a careful operator does goes through without a word from the judge.

use reissue_lab::state::{Face, ServiceState, Web};
use reissue_lab::world::Place;
use reissue_lab::{Channel, Ending, Lab, LabConfig, Misbehaviour, When};

use crate::client::{
    self, FIRST, PUBLISHER, look, ports, quick, rest, served, serves_stored, until,
};

fn restart(lab: &Lab, node: &str, service: &str) {
    let place = Place::new("hq", node);
    lab.world()
        .restart_service(&place, service, Ending::Started, Channel::Ssh)
        .unwrap();
    until("the restart", || {
        lab.world().service_state(&place, service) == Some(ServiceState::Started)
    });
}

#[test]
fn a_certificate_is_stored_at_upload_and_served_after_the_restart() {
    let lab = client::lab(quick());
    let ports = ports(&lab, PUBLISHER);
    let before = served(ports.rest, None).unwrap();
    let request = client::make_request(&lab, PUBLISHER);
    let leaf = client::signed(&lab, "hq.pub.tomcat", &request);
    let early = client::upload_identity(&lab, PUBLISHER, &leaf).unwrap();
    assert_eq!(
        (early.status, early.json()["messages"][0].as_str()),
        (
            400,
            Some("CA certificate is not available in the trust-store")
        )
    );
    client::upload_chain(&lab, PUBLISHER);
    assert_eq!(
        client::upload_identity(&lab, PUBLISHER, &leaf)
            .unwrap()
            .status,
        200
    );
    assert!(
        look(&lab, PUBLISHER, |node| node.pending.is_empty()),
        "the request is consumed"
    );
    let stored = look(&lab, PUBLISHER, |node| node.stored("tomcat").unwrap());
    assert_ne!(stored, before);
    assert_eq!(served(ports.rest, None).unwrap(), before);

    restart(&lab, PUBLISHER, "Cisco Tomcat");
    assert_eq!(served(ports.rest, None).unwrap(), stored);
    assert_eq!(served(ports.soap, None).unwrap(), stored);
    assert_eq!(
        served(ports.tftp, None).unwrap(),
        before,
        "Cisco Tftp keeps what it loaded"
    );
    restart(&lab, PUBLISHER, "Cisco Tftp");
    assert_eq!(served(ports.tftp, None).unwrap(), stored);
    assert_eq!(client::violations(&lab), ["identity-without-chain"]);
}

#[test]
fn a_careful_renewal_of_three_nodes_leaves_no_violation() {
    let lab = client::lab(LabConfig {
        time_scale: 0.0005,
        ..LabConfig::default()
    });
    let nodes = [PUBLISHER, FIRST, "cucm-sub2.hq.example.com"];
    for node in nodes {
        client::upload_chain(&lab, node);
        let leaf = client::signed(&lab, node, &client::make_request(&lab, node));
        assert_eq!(
            client::upload_identity(&lab, node, &leaf).unwrap().status,
            200,
            "{node}"
        );
    }
    for node in nodes {
        for service in [
            "Cisco Tomcat",
            "Cisco UDS Tomcat",
            "Cisco AXL Tomcat",
            "Cisco Tftp",
        ] {
            restart(&lab, node, service);
        }
    }
    assert!(
        nodes
            .iter()
            .all(|node| serves_stored(&lab, node, Face::Web)
                && serves_stored(&lab, node, Face::Tftp))
    );
    assert_eq!(client::violations(&lab), Vec::<String>::new());
}

#[test]
fn while_tomcat_restarts_the_web_ports_go_and_come_back_in_steps() {
    let lab = client::lab(LabConfig {
        time_scale: 0.002,
        ..quick()
    });
    let place = Place::new("hq", PUBLISHER);
    lab.world()
        .restart_service(&place, "Cisco Tomcat", Ending::Started, Channel::Ssh)
        .unwrap();
    let mut seen: Vec<u16> = Vec::new();
    until("the web server", || {
        let status =
            rest(&lab, PUBLISHER, "GET", "snapshot/server", "").map_or(0, |reply| reply.status);
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        status == 200
    });
    // A busy machine may let a step pass unseen; none may come out of order.
    let steps = [0, 404, 503, 200];
    assert!(
        steps
            .iter()
            .filter(|step| seen.contains(step))
            .eq(seen.iter()),
        "{seen:?}"
    );
    assert_eq!(seen.first(), Some(&0));
    assert_eq!(
        rest(&lab, FIRST, "GET", "snapshot/server", "")
            .unwrap()
            .status,
        200
    );
}

#[test]
fn a_web_server_that_is_not_ready_answers_with_pages() {
    let lab = client::lab(quick());
    for (web, status) in [
        (Web::NotFound, 404),
        (Web::Unavailable, 503),
        (Web::Up, 200),
    ] {
        lab.change("hq", PUBLISHER, |node| node.web = web);
        let reply = rest(&lab, PUBLISHER, "GET", "snapshot/server", "").unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(reply.body.starts_with("<!DOCTYPE html>"), status != 200);
    }
    lab.change("hq", PUBLISHER, |node| node.web = Web::Refused);
    assert!(rest(&lab, PUBLISHER, "GET", "snapshot/server", "").is_err());
}

#[test]
fn trust_reaches_the_other_nodes_later() {
    let held = |lab: &Lab, node: &str| look(lab, node, |node| node.trusts["tomcat-trust"].len());
    let slow = client::lab(LabConfig {
        time_scale: 1.0,
        ..quick()
    });
    let before = held(&slow, FIRST);
    client::upload_chain(&slow, PUBLISHER);
    assert_eq!(
        (held(&slow, PUBLISHER), held(&slow, FIRST)),
        (before + 1, before)
    );
    let fast = client::lab(quick());
    client::upload_chain(&fast, PUBLISHER);
    until("the replication", || held(&fast, FIRST) == before + 1);
}

#[test]
fn one_certificate_for_the_whole_cluster_is_shared_by_every_node() {
    let lab = client::lab(LabConfig {
        multi_server: true,
        ..quick()
    });
    let body = r#"{"service":"tomcat","distribution":"multi-server","commonName":"cucm-pub-ms.hq.example.com","altNames":["voice.hq.example.com"]}"#;
    let request = rest(&lab, PUBLISHER, "POST", "csr", body).unwrap().json()["csr"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(look(&lab, FIRST, |node| node
        .pending
        .contains_key("tomcat")));
    let leaf = client::signed(&lab, "hq.multi", &request);
    client::upload_chain(&lab, FIRST);
    assert_eq!(
        client::upload_identity(&lab, FIRST, &leaf).unwrap().status,
        200
    );
    let stored = |node: &str| {
        look(&lab, node, |node| {
            (node.stored("tomcat"), node.pending.len())
        })
    };
    assert_eq!(stored(PUBLISHER), stored(FIRST));
    assert_eq!(stored("cucm-sub2.hq.example.com"), stored(FIRST));
    assert_eq!(stored(FIRST).1, 0);
}

#[test]
fn a_node_that_is_down_is_left_out_of_a_shared_request() {
    let lab = client::lab(quick());
    lab.change("hq", FIRST, |node| {
        let service = node
            .services
            .get_mut("Platform Administrative Web Service")
            .unwrap();
        service.state = ServiceState::Stopped;
    });
    let body = r#"{"service":"tomcat","distribution":"multi-server","commonName":"cucm-pub-ms.hq.example.com"}"#;
    assert_eq!(
        rest(&lab, PUBLISHER, "POST", "csr", body).unwrap().status,
        200
    );
    assert!(look(&lab, FIRST, |node| node.pending.is_empty()));
    assert!(look(&lab, "cucm-sub2", |node| node
        .pending
        .contains_key("tomcat")));
}

#[test]
fn phones_leave_with_their_callmanager_and_come_back() {
    let lab = client::lab(LabConfig {
        time_scale: 0.01,
        ..quick()
    });
    let place = Place::new("hq", FIRST);
    let registered = || {
        lab.world()
            .read(&place, |cluster, node, _| {
                cluster.registered_with(&node.name)
            })
            .unwrap()
    };
    assert_eq!(registered(), 12);
    lab.world()
        .restart_service(&place, "Cisco CallManager", Ending::Started, Channel::Ssh)
        .unwrap();
    assert_eq!(registered(), 0);
    until("the phones", || registered() == 12);
}

#[test]
fn the_authority_can_be_paused_and_can_misbehave() {
    let lab = client::lab(quick());
    lab.pause_authority(true);
    let request = client::make_request(&lab, PUBLISHER);
    std::fs::write(lab.dir().join("signing/out/a.csr"), &request).unwrap();
    lab.misbehave(Misbehaviour::Html);
    lab.pause_authority(false);
    let issued = lab.dir().join("signing/in/a.pem");
    until("the page", || issued.exists());
    assert!(std::fs::read_to_string(issued).unwrap().contains("<html>"));
}

#[test]
fn a_hook_is_called_at_its_request_before_and_after_the_act() {
    let lab = client::lab(quick());
    let (heard, inbox) = std::sync::mpsc::channel();
    for (when, word) in [(When::BeforeActing, "before"), (When::AfterActing, "after")] {
        let (heard, world) = (heard.clone(), std::sync::Arc::clone(lab.world()));
        let place = Place::new("hq", PUBLISHER);
        let look = move || world.read(&place, |_, node, _| node.pending.len()).unwrap();
        lab.at_request(
            2,
            when,
            Box::new(move || heard.send((word, look())).unwrap()),
        );
    }
    rest(&lab, PUBLISHER, "GET", "snapshot/server", "").unwrap();
    assert!(inbox.try_recv().is_err());
    client::make_request(&lab, PUBLISHER);
    assert_eq!(
        inbox.try_iter().collect::<Vec<_>>(),
        [("before", 0), ("after", 1)]
    );
    assert_eq!(lab.requests(), 2);
}
