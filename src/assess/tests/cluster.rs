//! Clusters, nodes and ways in.

use super::Row;
use crate::assess::testing::*;
use crate::model::*;

#[expect(clippy::too_many_lines, reason = "one table")]
pub(super) fn rows() -> Vec<Row> {
    vec![
        (&["role-differs"], |case| {
            let Observed::Present(listed) = &mut case.cluster().listed else {
                panic!("listed")
            };
            listed.insert(SUBSCRIBER.into(), Role::ImPresence);
        }),
        (&["node-unauthenticated"], |case| {
            let Observed::Present(network) = &mut case.cluster().network else {
                panic!("network")
            };
            network.insert(SUBSCRIBER.into(), false);
        }),
        (&["platform-service-down"], |case| {
            service(case, "Platform Administrative Web Service").status = ServiceStatus::Stopped;
        }),
        (&["service-down"], |case| {
            service(case, "Cisco Tftp").status = ServiceStatus::Stopped;
        }),
        (&[], |case| {
            let stopped = service(case, "Cisco Tftp");
            stopped.status = ServiceStatus::Stopped;
            stopped.reason = "Commanded Out of Service".into();
        }),
        (&["phones-unknown"], |case| {
            case.cluster().phones = Observed::Unknown("no answer".into());
        }),
        (&["release-unsupported", "release-differs"], |case| {
            case.node(SUBSCRIBER).release = Observed::Present(release("11.5.1.23900-30"));
        }),
        // A whole cluster of 12.5 is read and changed in the shell.
        (&[], |case| {
            for node in [PUBLISHER, SUBSCRIBER] {
                case.node(node).release = Observed::Present(release("12.5.1.14900-63"));
            }
        }),
        (&["multi-server-by-shell", "not-shared"], |case| {
            for node in [PUBLISHER, SUBSCRIBER] {
                case.node(node).release = Observed::Present(release("12.5.1.14900-63"));
                case.certificate(node).names = [PUBLISHER, SUBSCRIBER].map(SubjectName::dns).into();
            }
            case.desired.certificates[0].distribution = Distribution::MultiServer;
        }),
        (&["purpose-unknown"], |case| {
            case.want("cup", &[PUBLISHER], Appliance::Cucm);
            case.hold(PUBLISHER, "cup", certificate(PUBLISHER, "root"));
            case.trust(PUBLISHER, "cup-trust", certificate("root", "root"));
        }),
        (&["identity-unknown"], |case| {
            let tomcat = Purpose::from("tomcat");
            let unknown = Observed::Unknown("no answer".into());
            case.node(SUBSCRIBER).identities.insert(tomcat, unknown);
        }),
        (&["not-served"], |case| {
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            let served = &mut case.node(SUBSCRIBER).served;
            served.insert(listener, Observed::Absent);
        }),
        (&["pending-request"], |case| {
            let waiting = Observed::Present(request("one", &[PUBLISHER]));
            case.node(PUBLISHER)
                .pending
                .insert("tomcat".into(), waiting);
        }),
        // The shared request is on the publisher, and the subscriber has none.
        (
            &["request-missing", "pending-request", "not-shared"],
            |case| {
                case.desired.certificates[0].distribution = Distribution::MultiServer;
                let both = [PUBLISHER, SUBSCRIBER];
                for node in both {
                    case.certificate(node).names = both.map(SubjectName::dns).into();
                    case.node(node)
                        .pending
                        .insert("tomcat".into(), Observed::Absent);
                }
                let waiting = Observed::Present(request("one", &both));
                case.node(PUBLISHER)
                    .pending
                    .insert("tomcat".into(), waiting);
            },
        ),
        // One presence node: nothing depends on which keeps the database.
        (&[], |case| add_presence(case, "imp1.hq.example.com")),
        (&["presence-publisher-unknown"], |case| {
            add_presence(case, "imp1.hq.example.com");
            add_presence(case, "imp2.hq.example.com");
        }),
        (&["presence-publisher-unknown"], |case| {
            presence(case, "cup-xmpp")
        }),
        (&[], |case| {
            presence(case, "cup-xmpp");
            case.cluster().presence_publisher = Observed::Present("imp1.hq.example.com".into());
        }),
        (&["release-differs"], |case| {
            add_presence(case, "imp1.hq.example.com");
            case.node("imp1.hq.example.com").release = Observed::Present(release("14.0.1.12900-6"));
        }),
        // Unity Connection has no node list, no security mode and no phones.
        (&[], unity),
        (&["node-undeclared", "node-unlisted"], |case| {
            unity(case);
            let Observed::Present(network) = &mut case.cluster().network else {
                panic!("network")
            };
            network.remove(&NodeName::from(SUBSCRIBER));
            network.insert("cuc3.hq.example.com".into(), true);
        }),
        (&["unknown-fact"], |case| {
            unity(case);
            case.cluster().network = Observed::Unknown("no answer".into());
        }),
    ]
}

fn release(text: &str) -> Release {
    Release::parse(text).unwrap()
}

fn service<'a>(case: &'a mut Case, name: &str) -> &'a mut ServiceState {
    let Observed::Present(services) = &mut case.node(SUBSCRIBER).services else {
        panic!("services")
    };
    services.get_mut(&ServiceName::from(name)).unwrap()
}

/// A presence purpose on one presence node, as it should be.
fn presence(case: &mut Case, purpose: &str) {
    let node = "imp1.hq.example.com";
    add_presence(case, node);
    case.want(purpose, &[node], Appliance::ImPresence);
    case.hold(node, purpose, certificate(node, "root"));
    let store = format!("{purpose}-trust");
    case.trust(node, &store, certificate("root", "root"));
}

fn unity(case: &mut Case) {
    case.procedures[0].appliance = Appliance::UnityConnection;
    let cluster = case.cluster();
    cluster.product = Product::UnityConnection;
    cluster.listed = Observed::Absent;
    cluster.security = Observed::Absent;
    cluster.phones = Observed::Absent;
}

fn request(key: &str, names: &[&str]) -> SigningRequest {
    SigningRequest {
        sha256: fingerprint("request"),
        subject: "CN=pub".to_owned(),
        common_name: None,
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 3072,
            sha256: fingerprint(key),
        },
        names: names.iter().map(|name| SubjectName::dns(name)).collect(),
        key_usage: None,
        extended_usage: None,
        pem: String::new(),
    }
}

#[test]
fn a_mixed_major_release_blocks_and_a_missed_update_warns() {
    for (text, severity) in [
        ("15.0.1.12900-234", Severity::Blocker),
        ("14.0.1.12900-161", Severity::Warning),
    ] {
        let mut case = Case::good();
        case.node(SUBSCRIBER).release = Observed::Present(release(text));
        assert_eq!(case.finding("release-differs").severity, severity, "{text}");
    }
}
