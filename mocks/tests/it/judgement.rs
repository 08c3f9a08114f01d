//! The lab's judgement: each careless act has its word, and only its word.

use reissue_lab::state::{Backup, Face, Node, ServiceState};
use reissue_lab::world::Place;
use reissue_lab::{Channel, Ending, Lab};

use crate::client::{self, FIRST, PUBLISHER, quick, until};

const SECOND: &str = "cucm-sub2.hq.example.com";

fn begin(lab: &Lab, node: &str, service: &str, ending: Ending) {
    let place = Place::new("hq", node);
    lab.world()
        .restart_service(&place, service, ending, Channel::Ssh)
        .unwrap();
}

fn restart(lab: &Lab, node: &str, service: &str) {
    begin(lab, node, service, Ending::Started);
    let place = Place::new("hq", node);
    until("the restart", || {
        lab.world().service_state(&place, service) == Some(ServiceState::Started)
    });
}

/// Puts another node's tomcat certificate into a node's store, as an upload would: stored, and not served.
fn store_another(lab: &Lab, node: &str) {
    let other = client::look(lab, SECOND, |node| node.identities["CallManager"].clone());
    lab.change("hq", node, |node: &mut Node| {
        node.identities.insert("tomcat".to_owned(), other);
    });
}

type Act = fn(&Lab);

fn restarts_of_two_nodes(lab: &Lab) {
    begin(lab, PUBLISHER, "Cisco Tftp", Ending::Stuck);
    begin(lab, FIRST, "Cisco DRF Local", Ending::Started);
}

fn next_before_healthy(lab: &Lab) {
    restart(lab, PUBLISHER, "Cisco Tftp");
    store_another(lab, PUBLISHER);
    restart(lab, FIRST, "Cisco Tftp");
}

fn subscriber_first(lab: &Lab) {
    store_another(lab, PUBLISHER);
    store_another(lab, FIRST);
    restart(lab, FIRST, "Cisco Tomcat");
}

fn same_certificate_twice(lab: &Lab) {
    restart(lab, PUBLISHER, "Cisco Tftp");
    restart(lab, PUBLISHER, "Cisco Tftp");
}

fn backup_running(lab: &Lab) {
    lab.change_cluster("hq", |cluster| {
        cluster.backup = Backup {
            running: Some(40),
            ..Backup::default()
        }
    });
    restart(lab, PUBLISHER, "Cisco DRF Local");
}

fn master_on_a_subscriber(lab: &Lab) {
    restart(lab, FIRST, "Cisco DRF Master");
}

fn bad_replication(lab: &Lab) {
    lab.change("hq", FIRST, |node| node.replication = 3);
    client::make_request(lab, PUBLISHER);
}

fn request_twice(lab: &Lab) {
    lab.foreign_request("hq", PUBLISHER, "tomcat").unwrap();
    client::make_request(lab, PUBLISHER);
}

fn no_request(lab: &Lab) {
    let leaf = client::signed(lab, "a", &client::make_request(lab, PUBLISHER));
    client::upload_chain(lab, PUBLISHER);
    lab.change("hq", PUBLISHER, |node| node.pending.clear());
    assert_eq!(
        client::upload_identity(lab, PUBLISHER, &leaf)
            .unwrap()
            .status,
        400
    );
}

fn sso_on(lab: &Lab) {
    let leaf = client::signed(lab, "a", &client::make_request(lab, PUBLISHER));
    client::upload_chain(lab, PUBLISHER);
    lab.change("hq", PUBLISHER, |node| node.sso_enabled = true);
    assert_eq!(
        client::upload_identity(lab, PUBLISHER, &leaf)
            .unwrap()
            .status,
        200
    );
}

#[test]
fn each_careless_act_has_its_word() {
    let rows: [(&str, Act); 10] = [
        ("two-nodes-restarting", restarts_of_two_nodes),
        ("next-restart-before-previous-healthy", next_before_healthy),
        ("subscriber-restarted-before-publisher", subscriber_first),
        ("restart-without-new-certificate", same_certificate_twice),
        ("restart-during-backup", backup_running),
        ("restart-of-stopped-service", master_on_a_subscriber),
        ("write-with-bad-replication", bad_replication),
        ("request-overwritten", request_twice),
        ("identity-without-request", no_request),
        ("sso-enabled-at-upload", sso_on),
    ];
    for (word, act) in rows {
        let lab = client::lab(quick());
        act(&lab);
        let found = client::violations(&lab);
        assert!(
            found.iter().any(|violation| violation == word),
            "{word}: {found:?}"
        );
        // A second node in restart is also one before the first is healthy; nothing else may be said.
        let others = found
            .iter()
            .filter(|violation| *violation != word)
            .collect::<Vec<_>>();
        let implied =
            word == "two-nodes-restarting" && others == ["next-restart-before-previous-healthy"];
        assert!(others.is_empty() || implied, "{word}: {found:?}");
    }
}

#[test]
fn a_restart_that_never_ends_keeps_the_old_leaf_away() {
    let lab = client::lab(quick());
    let place = Place::new("hq", PUBLISHER);
    for (ending, state) in [
        (Ending::Stuck, ServiceState::Stopping),
        (Ending::NeverStarts, ServiceState::Starting),
    ] {
        lab.world()
            .restart_service(&place, "Cisco Tomcat", ending, Channel::Ssh)
            .unwrap();
        until("the state", || {
            lab.world().service_state(&place, "Cisco Tomcat") == Some(state)
        });
        assert!(client::served(client::ports(&lab, PUBLISHER).rest, None).is_err());
    }
    restart(&lab, PUBLISHER, "Cisco Tomcat");
    assert!(client::serves_stored(&lab, PUBLISHER, Face::Web));
}
