//! IM and Presence nodes: what they hold, run and present, and who lists them.

use std::collections::BTreeSet;

use reissue_lab::state::Node;
use reissue_lab::{Lab, LabConfig, TomcatStart};

use crate::client::{self, PUBLISHER, look, ports, quick, rest, served, soap};
use crate::shell;

pub(crate) const FIRST: &str = "imp1.hq.example.com";
pub(crate) const SECOND: &str = "imp2.hq.example.com";

pub(crate) fn estate() -> LabConfig {
    LabConfig {
        subscribers: 1,
        presence: 2,
        ..quick()
    }
}

#[test]
fn presence_nodes_hold_their_purposes_and_stores_and_run_their_services() {
    let lab = client::lab(estate());
    let snapshot = rest(&lab, FIRST, "GET", "snapshot/server", "")
        .unwrap()
        .json();
    let services = |list: &str| -> BTreeSet<String> {
        let members = snapshot[list].as_array().unwrap().iter();
        members
            .map(|member| member["service"].as_str().unwrap().replace("-trust", ""))
            .collect()
    };
    let purposes = "tomcat tomcat-ECDSA ipsec cup cup-ECDSA cup-xmpp cup-xmpp-ECDSA cup-xmpp-s2s cup-xmpp-s2s-ECDSA";
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(services("identities"), words(purposes));
    assert_eq!(services("trusts"), words("tomcat ipsec cup cup-xmpp"));
    let listed = shell::answer(&lab, "hq", SECOND, "utils service list");
    for running in [
        "Cisco XCP Router",
        "Cisco XCP XMPP Federation Connection Manager",
        "Cisco SIP Proxy",
        "Cisco Presence Engine",
        "Cisco Sync Agent",
        "Cisco Intercluster Sync Agent",
        "Cisco Tomcat",
        "Cisco DRF Local",
    ] {
        assert!(listed.contains(&format!("{running}[STARTED]")), "{listed}");
    }
    for absent in [
        "CallManager",
        "Tftp",
        "Trust Verification",
        "Proxy Function",
    ] {
        assert!(!listed.contains(absent), "{absent}: {listed}");
    }
}

#[test]
fn each_port_of_a_presence_node_presents_its_own_certificate_and_twin() {
    let lab = client::lab(estate());
    let stored = |purpose: &str| look(&lab, FIRST, |node| node.stored(purpose).unwrap());
    let ports = ports(&lab, FIRST);
    for (port, purpose) in [
        (ports.rest, "tomcat"),
        (ports.soap, "tomcat"),
        (ports.sip, "cup"),
        (ports.xmpp, "cup-xmpp"),
    ] {
        assert_eq!(served(port, None).unwrap(), stored(purpose), "{purpose}");
        let twin = stored(&format!("{purpose}-ECDSA"));
        assert_eq!(served(port, Some("ECDSA+SHA256")).unwrap(), twin);
    }
    assert!(served(ports.tftp, None).is_err(), "no file server");
    let processing = client::ports(&lab, PUBLISHER);
    assert!(served(processing.xmpp, None).is_err(), "no router");
}

#[test]
fn every_listing_of_the_cluster_knows_the_presence_nodes() {
    let lab = client::lab(estate());
    let network = shell::answer(&lab, "hq", PUBLISHER, "show network cluster");
    for line in [
        "cucm-pub.hq.example.com cucm-pub Publisher callmanager DBPub authenticated\r\n",
        "imp1.hq.example.com imp1 Subscriber cups DBPub authenticated using TCP",
        "imp2.hq.example.com imp2 Subscriber cups DBSub authenticated using TCP",
    ] {
        assert!(network.contains(line), "{network}");
    }
    let state = shell::answer(&lab, "hq", FIRST, "utils dbreplication runtimestate");
    assert!(
        state.contains("imp2 ") && state.contains("(4 Servers)"),
        "{state}"
    );
    let operation = "<a:listProcessNode xmlns:a=\"http://www.cisco.com/AXL/API/14.0\"><searchCriteria><name>%</name></searchCriteria></a:listProcessNode>";
    let action = "\"CUCM:DB ver=14.0 listProcessNode\"";
    let listed = soap(&lab, PUBLISHER, "/axl/", action, operation)
        .unwrap()
        .body;
    let rows: Vec<&str> = listed.split("<processNode>").collect();
    let role = |node: &str| rows.iter().find(|row| row.contains(node)).unwrap();
    assert!(role(FIRST).contains("CUCM IM and Presence"), "{listed}");
    assert!(role(PUBLISHER).contains("CUCM Voice/Video"), "{listed}");
    let estate = std::fs::read_to_string(lab.estate()).unwrap();
    let (_, described) = estate.split_once("name: imp2.hq.example.com").unwrap();
    let xmpp = format!("xmpp: {}}}", ports(&lab, SECOND).xmpp);
    assert!(
        described.trim_start().starts_with("role: im-presence"),
        "{estate}"
    );
    assert!(described.contains(&xmpp), "{estate}");
}

#[test]
fn what_is_to_be_renewed_starts_due_on_every_node_that_has_it() {
    let purposes = ["tomcat", "CallManager", "cup-xmpp", "cup-ECDSA", "ipsec"];
    let lab = client::lab(LabConfig {
        unity: 2,
        multi_server: true,
        tomcat: vec![TomcatStart::Expired],
        purposes: purposes.map(str::to_owned).to_vec(),
        ..estate()
    });
    for place in lab.world().places() {
        let dues = |node: &Node| -> BTreeSet<String> {
            let now = openssl::asn1::Asn1Time::days_from_now(0).unwrap();
            let held = node.identities.iter();
            let expired = held.filter(|(_, identity)| identity.certificate.not_after() < now);
            expired.map(|(purpose, _)| purpose.clone()).collect()
        };
        let (held, due) = lab
            .look(&place.cluster, &place.node, |node| {
                (node.identities.clone(), dues(node))
            })
            .unwrap();
        let expected = purposes
            .iter()
            .filter(|purpose| held.contains_key(**purpose));
        let expected: BTreeSet<String> = expected.map(|purpose| (*purpose).to_owned()).collect();
        assert_eq!(due, expected, "{}", place.node);
    }
    let text = std::fs::read_to_string(lab.estate()).unwrap();
    let (_, rules) = text.split_once("desired:\n").unwrap();
    for (product, purposes, distribution, key) in [
        (
            "cucm",
            "tomcat, CallManager, cup-xmpp",
            "multi-server",
            "rsa-2048",
        ),
        ("cucm", "ipsec", "this-server", "rsa-2048"),
        ("cucm", "cup-ECDSA", "this-server", "ec-384"),
        ("unity-connection", "tomcat", "multi-server", "rsa-2048"),
        ("unity-connection", "ipsec", "this-server", "rsa-2048"),
    ] {
        let rule = format!(
            "  - where: {{product: [{product}], purpose: [{purposes}]}}\n    issuer: corp\n    \
             distribution: {distribution}\n    key: {key}\n"
        );
        assert!(rules.contains(&rule), "{rule}{rules}");
    }
    assert_eq!(rules.matches("- where:").count(), 5, "{rules}");
}

#[test]
fn a_purpose_that_no_node_has_is_refused() {
    for (presence, refused) in [(0, true), (1, false)] {
        let started = Lab::start(LabConfig {
            presence,
            purposes: vec!["cup".to_owned()],
            ..quick()
        });
        assert_eq!(started.is_err(), refused);
    }
}
