//! IM and Presence nodes: what they hold and present, how things reach them, and in which order they restart.

use std::collections::BTreeSet;

use reissue_lab::state::{Face, Node, ServiceState};
use reissue_lab::world::Place;
use reissue_lab::{Channel, Ending, Lab, LabConfig, TomcatStart};

use crate::client::{self, PUBLISHER, look, ports, quick, rest, served, soap, until};
use crate::shell;

const FIRST: &str = "imp1.hq.example.com";
const SECOND: &str = "imp2.hq.example.com";

fn estate() -> LabConfig {
    LabConfig {
        subscribers: 1,
        presence: 2,
        ..quick()
    }
}

fn restart(lab: &Lab, node: &str, service: &str) {
    let place = Place::new("hq", node);
    lab.world()
        .restart_service(&place, service, Ending::Started, Channel::Ssh)
        .unwrap();
    until("the restart", || {
        lab.look("hq", node, |node| {
            node.services
                .values()
                .all(reissue_lab::state::Service::is_well)
        }) == Some(true)
    });
}

/// Stores another certificate for a purpose, as an upload would.
fn store_another(lab: &Lab, node: &str, purpose: &str) {
    lab.change("hq", node, |node: &mut Node| {
        let other = node.identities["ipsec"].clone();
        node.identities.insert(purpose.to_owned(), other);
    });
}

fn generate(lab: &Lab, node: &str, purpose: &str, distribution: &str) -> client::Reply {
    let body = serde_json::json!({
        "service": purpose, "distribution": distribution, "commonName": node, "altNames": [node],
    });
    rest(lab, node, "POST", "csr", &body.to_string()).unwrap()
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

#[test]
fn trust_spreads_as_far_as_its_store_goes() {
    let root = |lab: &Lab| std::fs::read_to_string(lab.dir().join("ca/issuing.pem")).unwrap();
    let held = |lab: &Lab, node: &str, store: &str| {
        look(lab, node, |node| node.trusts.get(store).map_or(0, Vec::len))
    };
    for (release, service, from, reached, spared) in [
        (
            "14.0.1.13900-155",
            "tomcat",
            PUBLISHER,
            vec![FIRST, SECOND],
            vec![],
        ),
        (
            "14.0.1.13900-155",
            "tomcat",
            SECOND,
            vec![FIRST, PUBLISHER],
            vec![],
        ),
        (
            "14.0.1.13900-155",
            "cup-xmpp",
            FIRST,
            vec![SECOND],
            vec![PUBLISHER],
        ),
        ("14.0.1.13900-155", "cup", FIRST, vec![SECOND], vec![]),
        ("14.0.1.13900-155", "cup", SECOND, vec![], vec![FIRST]),
        (
            "14.0.1.13900-155",
            "ipsec",
            FIRST,
            vec![],
            vec![SECOND, PUBLISHER],
        ),
        (
            "14.0.1.13900-155",
            "CallManager",
            PUBLISHER,
            vec![client::FIRST],
            vec![FIRST],
        ),
    ] {
        let lab = client::lab(LabConfig {
            release: release.to_owned(),
            ..estate()
        });
        let store = format!("{service}-trust");
        let before = |node: &&str| (node.to_string(), held(&lab, node, &store));
        let (expected, same): (Vec<_>, Vec<_>) = (
            reached.iter().map(before).collect(),
            spared.iter().map(before).collect(),
        );
        let body = serde_json::json!({ "service": [service], "certificates": [root(&lab)] });
        let reply = rest(&lab, from, "POST", "trust/certificates", &body.to_string()).unwrap();
        assert_eq!(reply.status, 201, "{}", reply.body);
        for (node, number) in expected {
            until("the replication", || {
                held(&lab, &node, &store) == number + 1
            });
        }
        let replicated = lab.log().into_iter();
        let replicated = replicated.filter(|entry| entry.what == "trust-replicated");
        let nodes: BTreeSet<String> = replicated.map(|entry| entry.node).collect();
        for (node, number) in same {
            assert_eq!(held(&lab, &node, &store), number, "{service} on {node}");
            assert!(!nodes.contains(&node), "{service} on {node}");
        }
    }
}

#[test]
fn one_certificate_covers_the_nodes_of_its_purpose() {
    let lab = client::lab(estate());
    let holders = |purpose: &str| -> Vec<String> {
        let places = lab.world().places().into_iter();
        let pending = places
            .filter(|place| look(&lab, &place.node, |node| node.pending.contains_key(purpose)));
        pending.map(|place| place.node).collect()
    };
    let everyone = [PUBLISHER, client::FIRST, FIRST, SECOND];
    assert_eq!(
        generate(&lab, PUBLISHER, "tomcat", "multi-server").status,
        200
    );
    assert_eq!(holders("tomcat"), everyone);
    for purpose in ["cup-xmpp", "cup-xmpp-s2s"] {
        assert_eq!(generate(&lab, FIRST, purpose, "multi-server").status, 200);
        assert_eq!(holders(purpose), [FIRST, SECOND]);
    }
    for (node, purpose) in [
        (FIRST, "cup"),
        (FIRST, "ipsec"),
        (SECOND, "cup-xmpp"),
        (PUBLISHER, "cup-xmpp"),
    ] {
        let refused = generate(&lab, node, purpose, "multi-server");
        assert_eq!(refused.status, 400, "{purpose} on {node}");
    }
    let request = look(&lab, SECOND, |node| {
        let request = &node.pending["cup-xmpp"].request;
        String::from_utf8(request.to_text().unwrap()).unwrap()
    });
    assert!(request.contains(FIRST) && request.contains(SECOND) && !request.contains(PUBLISHER));
    assert!(request.contains("IPSec End System") && !request.contains("Key Encipherment"));
}

#[test]
fn a_shared_presence_certificate_is_served_after_each_router_restarted() {
    let lab = client::lab(estate());
    let made = generate(&lab, FIRST, "cup-xmpp", "multi-server").json();
    let leaf = client::signed(&lab, "hq.cup-xmpp", made["csr"].as_str().unwrap());
    let chain = ["root.pem", "issuing.pem"]
        .map(|file| std::fs::read_to_string(lab.dir().join("ca").join(file)).unwrap());
    let body = serde_json::json!({ "service": ["cup-xmpp"], "certificates": chain });
    let trusted = rest(&lab, FIRST, "POST", "trust/certificates", &body.to_string()).unwrap();
    assert_eq!(trusted.status, 201, "{}", trusted.body);
    let body = serde_json::json!({ "service": "cup-xmpp", "certificates": [leaf] });
    let stored = rest(
        &lab,
        FIRST,
        "POST",
        "identity/certificates",
        &body.to_string(),
    )
    .unwrap();
    assert_eq!(stored.status, 200, "{}", stored.body);
    for node in [FIRST, SECOND] {
        assert!(
            !look(&lab, node, |node| node.serves_stored(Face::Xmpp)),
            "{node}"
        );
        restart(&lab, node, "Cisco XCP Router");
        let stored = look(&lab, node, |node| node.stored("cup-xmpp").unwrap());
        assert_eq!(served(ports(&lab, node).xmpp, None).unwrap(), stored);
    }
    assert_eq!(client::violations(&lab), Vec::<String>::new());
}

#[test]
fn a_restart_of_the_router_takes_the_other_xcp_services_along() {
    let lab = client::lab(estate());
    store_another(&lab, FIRST, "cup-xmpp-s2s");
    let counts = || {
        look(&lab, FIRST, |node| {
            let count = |name: &str| node.services[name].restarts;
            [
                count("Cisco XCP Connection Manager"),
                count("Cisco XCP XMPP Federation Connection Manager"),
                count("Cisco XCP Message Archiver"),
                count("Cisco SIP Proxy"),
            ]
        })
    };
    restart(&lab, FIRST, "Cisco XCP Router");
    assert_eq!(counts(), [1, 1, 0, 0]);
    assert!(look(&lab, FIRST, |node| node.serves_stored(Face::Federation)));
    restart(&lab, FIRST, "Cisco XCP XMPP Federation Connection Manager");
    assert_eq!(counts(), [1, 2, 0, 0]);
    assert_eq!(
        client::violations(&lab),
        Vec::<String>::new(),
        "the instruction is followed to the letter"
    );
    let along = lab.log().into_iter();
    let along = along.filter(|entry| entry.what == "restart-along").count();
    let state = lab
        .world()
        .service_state(&Place::new("hq", FIRST), "Cisco XCP Message Archiver");
    assert_eq!((along, state), (6, Some(ServiceState::Stopped)));
}

#[test]
fn the_node_that_goes_first_depends_on_the_purpose() {
    let federation = "Cisco XCP XMPP Federation Connection Manager";
    let rows: [(&str, &[&str], &str, &str); 5] = [
        ("tomcat", &["Cisco Tomcat"], PUBLISHER, FIRST),
        (
            "cup",
            &["Cisco SIP Proxy", "Cisco Presence Engine"],
            FIRST,
            SECOND,
        ),
        ("cup-ECDSA", &["Cisco SIP Proxy"], FIRST, SECOND),
        ("cup-xmpp", &["Cisco XCP Router"], FIRST, SECOND),
        ("cup-xmpp-s2s", &[federation], FIRST, SECOND),
    ];
    for (purpose, services, first, early) in rows {
        for (nodes, careless) in [([first, early], false), ([early, first], true)] {
            let lab = client::lab(estate());
            store_another(&lab, first, purpose);
            store_another(&lab, early, purpose);
            for node in nodes {
                for service in services {
                    restart(&lab, node, service);
                }
            }
            let word = "subscriber-restarted-before-publisher";
            let expected = if careless { services.len() } else { 0 };
            assert_eq!(
                client::violations(&lab),
                vec![word; expected],
                "{services:?} on {nodes:?}"
            );
        }
    }
}
