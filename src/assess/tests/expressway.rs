//! Each row plants one deviation into two Expressway clusters beside a CUCM cluster, and expects its finding only.

use std::collections::BTreeSet;

use super::super::testing::*;
use super::explanations;
use super::releases::deny_clients;
use crate::model::*;

type Row = (&'static [&'static str], fn(&mut Case));

const C1: &str = CORES[0];
const C2: &str = CORES[1];
const E1: &str = EDGES[0];

/// Faults of a peer by itself.
#[expect(clippy::too_many_lines, reason = "one table")]
fn rows_of_peers() -> Vec<Row> {
    vec![
        (&["expressway-wrong-product"], |case| {
            case.told(CORE, C1).product = Observed::Present(Product::ExpresswayE);
        }),
        (&["expressway-interface"], |case| {
            let lacks = Interface::Lacks(vec!["GET /certs/root".into()]);
            case.told(CORE, C1).interface = Observed::Present(lacks);
        }),
        (&["unknown-fact"], |case| {
            case.told(CORE, C1).zones = Observed::Unknown("no answer".into());
            case.told(CORE, C1).domains = Observed::Unknown("no answer".into());
        }),
        (&["unknown-fact"], |case| {
            case.zone(EDGE, E1).status = Observed::Unknown("not told".into());
        }),
        (&["unknown-fact"], |case| {
            let unknown = Observed::Unknown("odd entry".into());
            case.peer(CORE, C2)
                .trust
                .insert("trusted-ca".into(), unknown);
        }),
        (&["unknown-fact"], |case| {
            case.peer(CORE, C1).release = Observed::Unknown("no answer".into());
        }),
        (&["wrong-node"], |case| {
            case.peer(CORE, C1).reported_name = Observed::Present("expc9.example.com".into());
        }),
        (&["served-differs"], |case| {
            let served = &mut case.peer(EDGE, E1).served;
            let tunnel = Listener {
                port: Port::Tunnel,
                key: KeyAlgorithm::Rsa,
            };
            let old = ServedChain {
                leaf: fingerprint("root"),
                rest: vec![],
            };
            served.insert(tunnel, Observed::Present(old));
        }),
        (&["expressway-zone-down"], |case| {
            case.zone(CORE, C1).status = Observed::Present("Failed".into());
        }),
        (&["expressway-zone-down"], |case| {
            case.zone(CORE, C1).connections.push(Connection {
                address: E1.into(),
                status: Observed::Present("Failed".into()),
                cause: "TLS negotiation error".into(),
            });
        }),
        (&["expressway-tunnel-down"], |case| {
            case.told(EDGE, E1).tunnels = Observed::Present(vec![]);
        }),
        (&["expressway-tunnel-down"], |case| {
            let tunnel = Tunnel {
                peer: C1.into(),
                status: "Failed".into(),
            };
            case.told(EDGE, E1).tunnels = Observed::Present(vec![tunnel]);
        }),
        (&["expressway-alarm"], |case| {
            let alarm = |reason: &str| Alarm {
                id: "1".into(),
                reason: reason.into(),
                state: "Unacknowledged".into(),
            };
            let alarms = vec![alarm("Certificate expires soon"), alarm("Disk is full")];
            case.told(CORE, C2).alarms = Observed::Present(alarms);
        }),
        (&["expressway-name-missing"], |case| {
            case.server(CORE, C1).names.remove(&SubjectName::dns(C1));
        }),
        (&["expressway-name-missing"], |case| {
            let name = "voice.example.com".to_owned();
            case.told(CORE, C1).cluster_name = Observed::Present(name);
        }),
        (&["expressway-same-name"], |case| {
            let mut other = certificate("other", "other");
            other.common_name = Some("exp-root".into());
            let entry = TrustEntry {
                file: "9".into(),
                sha256: other.sha256.clone(),
            };
            case.of(CORE)
                .certificates
                .insert(other.sha256.clone(), other);
            let store = case.peer(CORE, C1).trust.get_mut(&"trusted-ca".into());
            match store {
                Some(Observed::Present(entries)) => entries.push(entry),
                other => panic!("{other:?}"),
            }
        }),
        (&["chain-expired", "chain-expired"], |case| {
            case.server(CORE, "exp-int").not_after = moment("2026-11-01T00:00:00Z");
        }),
        (&["expressway-client-auth"], |case| {
            deny_clients(case.server(CORE, C1));
        }),
        (&["expressway-client-auth"], |case| {
            deny_clients(case.server(EDGE, E1));
        }),
        (
            &["expressway-origin-unverified", "expressway-tls-verify"],
            |case| {
                case.told(CORE, C1).verifies_origin = Observed::Present(false);
            },
        ),
        (&["expressway-domain-missing"], |case| {
            let edge = SubjectName::dns("collab-edge.example.com");
            case.server(EDGE, E1).names.remove(&edge);
        }),
        (&["expressway-domain-missing"], |case| {
            let domains = &mut case.told(CORE, C1).domains;
            let Observed::Present(domains) = domains else {
                panic!("domains")
            };
            domains[0].xmpp_federation = Some(true);
        }),
    ]
}

/// Faults between clusters.
#[expect(clippy::too_many_lines, reason = "one table")]
fn rows_of_neighbours() -> Vec<Row> {
    vec![
        // What the own list lacks is the far authority too, as both sides have one.
        (
            &[
                "expressway-unrecognized-authority",
                "expressway-far-authority-missing",
            ],
            |case| case.distrust(CORE, C1, "exp-int"),
        ),
        (&["expressway-far-authority-missing"], |case| {
            let other = certificate("edge-int", "exp-root");
            case.server(EDGE, E1).signed_by = [other.sha256.clone()].into();
            let entry = TrustEntry {
                file: "9".into(),
                sha256: other.sha256.clone(),
            };
            case.of(EDGE)
                .certificates
                .insert(other.sha256.clone(), other);
            let store = case.peer(EDGE, E1).trust.get_mut(&"trusted-ca".into());
            let Some(Observed::Present(entries)) = store else {
                panic!("{store:?}")
            };
            entries.push(entry);
            // The second peer has it, under another fingerprint.
            let mut renewed = certificate("edge-int", "exp-root");
            renewed.sha256 = fingerprint("edge-int renewed");
            let entry = TrustEntry {
                file: "9".into(),
                sha256: renewed.sha256.clone(),
            };
            case.of(CORE)
                .certificates
                .insert(renewed.sha256.clone(), renewed);
            let store = case.peer(CORE, C2).trust.get_mut(&"trusted-ca".into());
            let Some(Observed::Present(entries)) = store else {
                panic!("{store:?}")
            };
            entries.push(entry);
        }),
        (&["expressway-zone-peer-name"], |case| {
            case.zone(CORE, C1).peer_addresses = vec!["10.0.0.9".into()];
        }),
        (
            &["expressway-zone-peer-name", "expressway-name-missing"],
            |case| {
                case.server(EDGE, E1).names.remove(&SubjectName::dns(E1));
            },
        ),
        (&["expressway-zone-verify-name"], |case| {
            let cluster = SubjectName::dns("expc.example.com");
            case.server(CORE, C2).names.remove(&cluster);
        }),
        (&["expressway-release-mixed"], |case| {
            let release = Release::parse("X14.3.0").unwrap();
            case.peer(EDGE, E1).release = Observed::Present(release);
        }),
        (&["expressway-server-untrusted"], |case| {
            case.distrust(CORE, C2, "root")
        }),
        // Known by its address alone, the only CUCM cluster is still the one that is meant.
        (
            &["expressway-advertised-name", "expressway-server-untrusted"],
            |case| {
                for peer in CORES {
                    let Observed::Present(servers) = &mut case.told(CORE, peer).call_managers
                    else {
                        panic!("servers")
                    };
                    servers[0].address = "10.0.1.11".into();
                }
                case.distrust(CORE, C2, "root");
            },
        ),
        (
            &["expressway-server-untrusted", "expressway-server-untrusted"],
            |case| {
                let leaf = certificate("cuc.example.com", "cuc.example.com");
                let chain = ServedChain {
                    leaf: leaf.sha256.clone(),
                    rest: vec![],
                };
                let mut unity = case.of("hq").clone();
                unity.product = Product::UnityConnection;
                unity.nodes.retain(|name, _| name.as_str() == PUBLISHER);
                let node = unity.nodes.values_mut().next().unwrap();
                let soap = Listener {
                    port: Port::Soap,
                    key: KeyAlgorithm::Rsa,
                };
                node.served = [(soap, Observed::Present(chain))].into();
                unity.listed = Observed::Present([(PUBLISHER.into(), Role::Publisher)].into());
                unity.network = Observed::Present([(PUBLISHER.into(), true)].into());
                let good = Replication {
                    state: Some(2),
                    words: "Setup Completed".into(),
                };
                unity.replication = Observed::Present([(PUBLISHER.into(), good)].into());
                unity.certificates.insert(leaf.sha256.clone(), leaf);
                case.observation.clusters.insert("unity".into(), unity);
            },
        ),
        (&["expressway-not-trusted-by-cucm"], |case| {
            case.node(SUBSCRIBER)
                .trust
                .remove(&"CallManager-trust".into());
        }),
        (&["expressway-advertised-name"], |case| {
            let Observed::Present(servers) = &mut case.told(CORE, C1).call_managers else {
                panic!("servers")
            };
            servers.push(UnifiedServer {
                address: "10.0.1.11".into(),
                verify: Some(true),
            });
        }),
        (&["expressway-advertised-name"], |case| {
            let Observed::Present(servers) = &mut case.told(CORE, C1).call_managers else {
                panic!("servers")
            };
            servers.push(UnifiedServer {
                address: "pub".into(),
                verify: Some(true),
            });
        }),
    ]
}

#[test]
fn a_good_pair_beside_a_good_cluster_has_no_finding() {
    let findings = Case::with_expressway().findings();
    assert_eq!(findings, []);
}

#[test]
fn each_deviation_gives_its_finding_and_no_other() {
    let mut planted = BTreeSet::new();
    for (number, (codes, plant)) in
        (1..).zip(rows_of_peers().into_iter().chain(rows_of_neighbours()))
    {
        let mut case = Case::with_expressway();
        plant(&mut case);
        let mut found = case.codes();
        found.sort();
        let mut expected: Vec<&str> = codes.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "row {number}: {:#?}", case.findings());
        planted.extend(codes.iter().copied());
    }
    // Of the estate file, not of a device: planted where usages are judged by release.
    planted.insert("expressway-client-auth-issuer");
    let explained: BTreeSet<&str> = explanations()
        .iter()
        .map(|each| each.code)
        .filter(|code| code.starts_with("expressway-"))
        .collect();
    let of_expressway: BTreeSet<&str> = planted
        .into_iter()
        .filter(|code| code.starts_with("expressway-"))
        .collect();
    assert_eq!(of_expressway, explained);
}

#[test]
fn a_missing_intermediate_is_tied_to_the_tunnels_that_it_keeps_down() {
    let mut case = Case::with_expressway();
    case.distrust(EDGE, E1, "exp-int");
    case.told(EDGE, E1).tunnels = Observed::Present(vec![]);
    let finding = case.finding("expressway-far-authority-missing");
    assert_eq!(finding.severity, Severity::Critical);
    assert!(
        finding.found.contains("without exp-int"),
        "{}",
        finding.found
    );
    assert!(
        finding.found.contains("no tunnel is established"),
        "{}",
        finding.found
    );
    assert!(finding.expected.contains(C1) && finding.expected.contains(C2));
}

#[test]
fn a_common_name_alone_is_a_notice_and_a_star_covers_one_label() {
    let severity = |plant: fn(&mut Certificate)| {
        let mut case = Case::with_expressway();
        plant(case.certificate(PUBLISHER));
        let findings = case.findings();
        findings
            .iter()
            .find(|finding| finding.code.as_str() == "expressway-advertised-name")
            .map(|finding| finding.severity)
    };
    assert_eq!(severity(|leaf| leaf.names.clear()), Some(Severity::Notice));
    assert_eq!(
        severity(|leaf| leaf.names = [SubjectName::dns("*.hq.example.com")].into()),
        None
    );
    let elsewhere: fn(&mut Certificate) = |leaf| {
        leaf.names = [SubjectName::dns("*.example.com")].into();
        leaf.common_name = None;
    };
    assert_eq!(severity(elsewhere), Some(Severity::Critical));
}

#[test]
fn edges_are_paired_by_the_addresses_of_zones_where_there_are_several() {
    let mut case = Case::with_expressway();
    let mut stranger = case.of(EDGE).clone();
    let node = stranger.nodes.remove(&NodeName::from(E1)).unwrap();
    stranger.nodes.insert("expe9.other.com".into(), node);
    let own = stranger
        .nodes
        .get_mut(&NodeName::from("expe9.other.com"))
        .unwrap();
    own.reported_name = Observed::Present("expe9.other.com".into());
    own.release = Observed::Present(Release::parse("X15.5.0").unwrap());
    own.served.clear();
    stranger
        .certificates
        .get_mut(&fingerprint(E1))
        .unwrap()
        .names = [SubjectName::dns("expe9.other.com")].into();
    case.observation.clusters.insert("other".into(), stranger);
    let findings = case.findings();
    let between = ["expressway-release-mixed", "expressway-zone-peer-name"];
    let of_pair = findings
        .iter()
        .filter(|finding| between.contains(&finding.code.as_str()));
    assert_eq!(of_pair.count(), 0, "{findings:#?}");
}

#[test]
fn a_peer_that_was_not_reached_is_a_blocker_and_no_guess() {
    let mut case = Case::with_expressway();
    let mut silent = NodeState::unasked(Role::Peer);
    silent.services = Observed::Absent;
    silent.sso = Observed::Absent;
    silent.backup_job = Observed::Absent;
    *case.peer(CORE, C1) = silent;
    let codes: BTreeSet<String> = case.codes().into_iter().collect();
    assert_eq!(codes, ["unknown-fact".to_owned()].into());
}
