//! A Unity Connection cluster: what it has, and what it has not.

use std::collections::BTreeSet;

use reissue_lab::state::{Face, ServiceState};
use reissue_lab::world::Place;
use reissue_lab::{Channel, Ending, Lab, LabConfig};
use serde_json::json;

use crate::client::{self, BASE, Reply, basic, envelope, quick, send, until};
use crate::shell;

const CLUSTER: &str = "hq-unity";
const PUBLISHER: &str = "cuc-pub.hq.example.com";
const SUBSCRIBER: &str = "cuc-sub.hq.example.com";

fn lab() -> Lab {
    client::lab(LabConfig {
        subscribers: 0,
        unity: 2,
        ..quick()
    })
}

fn rest(lab: &Lab, node: &str, method: &str, path: &str, body: &serde_json::Value) -> Reply {
    let authorization = basic(lab, "reissue", "hq-unity-platform");
    let port = lab.look(CLUSTER, node, |node| node.ports.rest).unwrap();
    let headers = [("authorization", authorization.as_str())];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(port, method, &format!("{BASE}/{path}"), &headers, &body).unwrap()
}

fn soap(lab: &Lab, path: &str, action: &str, operation: &str) -> Reply {
    let authorization = basic(lab, "axl-reader", "hq-unity-application");
    let port = lab.look(CLUSTER, PUBLISHER, |node| node.ports.soap);
    let headers = [
        ("authorization", authorization.as_str()),
        ("soapaction", action),
    ];
    send(port.unwrap(), "POST", path, &headers, &envelope(operation)).unwrap()
}

fn chain(lab: &Lab) -> [String; 2] {
    ["root.pem", "issuing.pem"]
        .map(|file| std::fs::read_to_string(lab.dir().join("ca").join(file)).unwrap())
}

#[test]
fn unity_nodes_have_a_shell_and_control_center_and_no_axl() {
    let lab = lab();
    let network = shell::answer(&lab, CLUSTER, PUBLISHER, "show network cluster");
    assert!(
        network.contains("cuc-pub.hq.example.com cuc-pub Publisher cuc DBPub authenticated\r\n"),
        "{network}"
    );
    assert!(
        network.contains("cuc-sub.hq.example.com cuc-sub Subscriber cuc DBSub authenticated using"),
        "{network}"
    );
    assert!(!network.contains("cucm"), "{network}");
    let listed = shell::answer(&lab, CLUSTER, SUBSCRIBER, "utils service list");
    for running in [
        "Connection Conversation Manager",
        "Connection IMAP Server",
        "Connection SMTP Server",
        "Connection Jetty",
        "Cisco DirSync",
        "Cisco Tomcat",
        "Cisco DRF Local",
    ] {
        assert!(listed.contains(&format!("{running}[STARTED]")), "{listed}");
    }
    let history = "utils disaster_recovery history backup";
    assert!(shell::answer(&lab, CLUSTER, SUBSCRIBER, history).contains("SUCCESS"));
    let state = shell::answer(&lab, CLUSTER, PUBLISHER, "utils dbreplication runtimestate");
    assert_eq!(state.matches("(2) Setup Completed").count(), 2, "{state}");
    let operation = "<a:getCCMVersion xmlns:a=\"http://www.cisco.com/AXL/API/14.0\"/>";
    let action = "\"CUCM:DB ver=14.0 getCCMVersion\"";
    for path in ["/axl/", "/axl"] {
        assert_eq!(soap(&lab, path, action, operation).status, 404);
    }
    let operation = "<s:soapGetServiceStatus xmlns:s=\"http://schemas.cisco.com/ast/soap\"><s:ServiceStatus></s:ServiceStatus></s:soapGetServiceStatus>";
    let path = "/controlcenterservice2/services/ControlCenterServices";
    let states = soap(&lab, path, "\"soapGetServiceStatus\"", operation);
    assert_eq!(states.status, 200, "{}", states.body);
    assert!(
        states
            .body
            .contains("<ServiceName>Connection Jetty</ServiceName>")
    );
}

#[test]
fn unity_nodes_hold_three_purposes_and_two_stores() {
    let lab = lab();
    let nothing = serde_json::Value::Null;
    let snapshot = rest(&lab, SUBSCRIBER, "GET", "snapshot/server", &nothing).json();
    let names = |list: &str| -> BTreeSet<String> {
        let members = snapshot[list].as_array().unwrap().iter();
        members
            .map(|member| member["service"].as_str().unwrap().to_owned())
            .collect()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        names("identities"),
        set(&["tomcat", "tomcat-ECDSA", "ipsec"])
    );
    assert_eq!(names("trusts"), set(&["tomcat-trust", "ipsec-trust"]));
    let estate = std::fs::read_to_string(lab.estate()).unwrap();
    for line in [
        "  - name: hq-unity\n    product: unity-connection\n",
        "accounts: {platform: hq-unity-platform, application: hq-unity-application}",
        "  - where: {product: [cucm], purpose: [tomcat]}\n",
        "  - where: {product: [unity-connection], purpose: [tomcat]}\n",
    ] {
        assert!(estate.contains(line), "{line}: {estate}");
    }
}

#[test]
fn a_root_is_uploaded_on_each_node_and_one_certificate_serves_both() {
    let lab = lab();
    let wanted = json!({
        "service": "tomcat", "distribution": "multi-server", "commonName": "cuc-pub-ms.hq.example.com",
    });
    let made = rest(&lab, PUBLISHER, "POST", "csr", &wanted);
    assert_eq!(made.status, 200, "{}", made.body);
    let leaf = client::signed(&lab, "unity", made.json()["csr"].as_str().unwrap());
    let missing = |node: &str| {
        let held = |store: &Vec<openssl::x509::X509>| {
            let names = store
                .iter()
                .map(|entry| reissue_lab::state::common_name(entry));
            names
                .filter(|name| name == "Example Corp Issuing CA 2")
                .count()
        };
        let held = lab.look(CLUSTER, node, |node| held(&node.trusts["tomcat-trust"]));
        held == Some(0)
    };
    assert!(missing(PUBLISHER) && missing(SUBSCRIBER));
    let [_, issuing] = chain(&lab);
    let body = json!({ "service": ["tomcat"], "certificates": [issuing] });
    assert_eq!(
        rest(&lab, PUBLISHER, "POST", "trust/certificates", &body).status,
        201
    );
    let replicated = || {
        let log = lab.log().into_iter();
        log.filter(|entry| entry.what == "trust-replicated").count()
    };
    assert!(!missing(PUBLISHER) && missing(SUBSCRIBER));
    assert_eq!(
        rest(&lab, SUBSCRIBER, "POST", "trust/certificates", &body).status,
        201
    );
    let body = json!({ "service": "tomcat", "certificates": [leaf] });
    let stored = rest(&lab, PUBLISHER, "POST", "identity/certificates", &body);
    assert_eq!(stored.status, 200, "{}", stored.body);
    for node in [PUBLISHER, SUBSCRIBER] {
        for service in [
            "Cisco Tomcat",
            "Connection IMAP Server",
            "Cisco DirSync",
            "Connection Jetty",
            "Connection SMTP Server",
            "Connection Conversation Manager",
        ] {
            let place = Place::new(CLUSTER, node);
            lab.world()
                .restart_service(&place, service, Ending::Started, Channel::Ssh)
                .unwrap();
            until("the restart", || {
                lab.world().service_state(&place, service) == Some(ServiceState::Started)
            });
        }
        let serves = lab.look(CLUSTER, node, |node| node.serves_stored(Face::Web));
        assert_eq!(serves, Some(true), "{node}");
    }
    assert_eq!(replicated(), 0);
    assert_eq!(client::violations(&lab), Vec::<String>::new());
    let wanted = json!({ "service": "ipsec", "distribution": "multi-server", "commonName": "x" });
    assert_eq!(rest(&lab, PUBLISHER, "POST", "csr", &wanted).status, 400);
}
