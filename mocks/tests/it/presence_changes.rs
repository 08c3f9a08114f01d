//! IM and Presence nodes: how far trust and certificates reach, and in which order services restart.

use std::collections::BTreeSet;

use reissue_lab::state::{Face, Node, ServiceState};
use reissue_lab::world::Place;
use reissue_lab::{Channel, Ending, Lab};

use crate::client::{self, PUBLISHER, look, ports, rest, served, until};
use crate::presence::{FIRST, SECOND, estate};

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
fn trust_spreads_as_far_as_its_store_goes() {
    let root = |lab: &Lab| std::fs::read_to_string(lab.dir().join("ca/issuing.pem")).unwrap();
    let held = |lab: &Lab, node: &str, store: &str| {
        look(lab, node, |node| node.trusts.get(store).map_or(0, Vec::len))
    };
    for (service, from, reached, spared) in [
        ("tomcat", PUBLISHER, vec![FIRST, SECOND], vec![]),
        ("tomcat", SECOND, vec![FIRST, PUBLISHER], vec![]),
        ("cup-xmpp", FIRST, vec![SECOND], vec![PUBLISHER]),
        ("cup", FIRST, vec![SECOND], vec![]),
        ("cup", SECOND, vec![], vec![FIRST]),
        ("ipsec", FIRST, vec![], vec![SECOND, PUBLISHER]),
        ("CallManager", PUBLISHER, vec![client::FIRST], vec![FIRST]),
    ] {
        let lab = client::lab(estate());
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
