//! Each row plants one deviation into a good cluster and expects its finding, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{assess, explain, explanations};
use crate::model::*;

const PUBLISHER: &str = "pub.hq.example.com";
const SUBSCRIBER: &str = "sub1.hq.example.com";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    moment("2026-11-22T12:00:00Z")
}

fn fingerprint(of: &str) -> Fingerprint {
    Fingerprint::of(of.as_bytes())
}

fn certificate(name: &str, signer: &str) -> Certificate {
    Certificate {
        sha256: fingerprint(name),
        subject: format!("CN={name}"),
        common_name: Some(name.to_owned()),
        issuer: format!("CN={signer}"),
        serial: "01".to_owned(),
        not_before: moment("2026-01-01T00:00:00Z"),
        not_after: moment("2027-12-31T00:00:00Z"),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 3072,
            sha256: fingerprint(&format!("key of {name}")),
        },
        names: [SubjectName::dns(name)].into(),
        key_usage: None,
        extended_usage: None,
        authority: name == signer,
        subject_key_id: None,
        authority_key_id: None,
        signature: "sha256WithRSAEncryption".to_owned(),
        signed_by: [fingerprint(signer)].into(),
    }
}

fn node(role: Role, name: &str) -> NodeState {
    let started = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(9),
    };
    let services = [
        "Cisco Tomcat",
        "Platform Administrative Web Service",
        "Cisco Tftp",
    ];
    NodeState {
        reported_name: Observed::Present(name.to_owned()),
        release: Observed::Present(Release::parse("14.0.1.13900-155").unwrap()),
        clock_skew_seconds: Observed::Present(1),
        identities: [(
            Purpose::from("tomcat"),
            Observed::Present(fingerprint(name)),
        )]
        .into(),
        trust: [(
            Store::from("tomcat-trust"),
            Observed::Present(vec![TrustEntry {
                file: "root".to_owned(),
                sha256: fingerprint("root"),
            }]),
        )]
        .into(),
        inventory: Observed::Present(()),
        served: [Port::Rest, Port::Soap]
            .into_iter()
            .map(|port| {
                let chain = ServedChain {
                    leaf: fingerprint(name),
                    rest: vec![],
                };
                (
                    Listener {
                        port,
                        key: KeyAlgorithm::Rsa,
                    },
                    Observed::Present(chain),
                )
            })
            .collect(),
        services: Observed::Present(
            services
                .iter()
                .map(|name| (ServiceName::from(*name), started.clone()))
                .collect(),
        ),
        sso: Observed::Present(SsoState::Disabled),
        backup_job: Observed::Present(BackupJob::Idle),
        last_backup: Observed::Present(moment("2026-11-22T02:00:00Z")),
        ..NodeState::unasked(role)
    }
}

struct Case {
    observation: Observation,
    desired: Desired,
    procedures: Vec<Procedure>,
}

impl Case {
    #[expect(clippy::too_many_lines, reason = "one cluster, written out")]
    fn good() -> Self {
        let names = [(PUBLISHER, Role::Publisher), (SUBSCRIBER, Role::Subscriber)];
        let root = certificate("root", "root");
        let mut certificates: BTreeMap<_, _> = names
            .iter()
            .map(|(name, _)| (fingerprint(name), certificate(name, "root")))
            .collect();
        certificates.insert(root.sha256.clone(), root.clone());
        let good = Replication {
            state: Some(2),
            words: "Setup Completed".to_owned(),
        };
        let cluster = ClusterState {
            nodes: names
                .iter()
                .map(|(name, role)| (NodeName::from(*name), node(*role, name)))
                .collect(),
            listed: Observed::Present(
                names
                    .iter()
                    .map(|(name, role)| ((*name).into(), *role))
                    .collect(),
            ),
            network: Observed::Present(
                names
                    .iter()
                    .map(|(name, _)| ((*name).into(), true))
                    .collect(),
            ),
            security: Observed::Present(SecurityMode::NonSecure),
            replication: Observed::Present(
                names
                    .iter()
                    .map(|(name, _)| ((*name).into(), good.clone()))
                    .collect(),
            ),
            phones: Observed::Present(PhoneCensus {
                counted: BTreeMap::new(),
                registered: BTreeSet::new(),
            }),
            certificates,
            ..ClusterState::unasked(Product::Cucm)
        };
        let wanted = DesiredCertificate {
            cluster: "hq".into(),
            purpose: "tomcat".into(),
            nodes: names.iter().map(|(name, _)| (*name).into()).collect(),
            issuer: "corp".into(),
            distribution: Distribution::ThisServer,
            key: "rsa-3072".parse().unwrap(),
            also: BTreeSet::new(),
            renew_before: SignedDuration::from_hours(30 * 24),
            rule: String::new(),
        };
        let procedure = Procedure {
            product: Product::Cucm,
            purpose: "tomcat".into(),
            sources: BTreeMap::new(),
            stores: vec![StoreRule {
                store: "tomcat-trust".into(),
                replicated: true,
                source: String::new(),
            }],
            multi_server: true,
            hash: "sha256".to_owned(),
            usages: vec![],
            preconditions: vec![],
            restarts: vec![],
            proof: [Port::Rest, Port::Soap]
                .into_iter()
                .map(|port| ProofRule {
                    port,
                    key: KeyAlgorithm::Rsa,
                    always: true,
                    source: String::new(),
                })
                .collect(),
            reminders: vec![],
            irreversible: SourcedText {
                text: String::new(),
                source: String::new(),
            },
        };
        Self {
            observation: Observation {
                format: OBSERVATION_FORMAT,
                from: now(),
                to: now(),
                clusters: [("hq".into(), cluster)].into(),
            },
            desired: Desired {
                certificates: vec![wanted],
                issuers: [(
                    "corp".into(),
                    Issuer {
                        chain: vec![Authority {
                            certificate: root,
                            pem: String::new(),
                        }],
                    },
                )]
                .into(),
                backup_not_older_than: Some(SignedDuration::from_hours(7 * 24)),
                valid_for: SignedDuration::from_hours(24),
            },
            procedures: vec![procedure],
        }
    }

    fn cluster(&mut self) -> &mut ClusterState {
        self.observation
            .clusters
            .get_mut(&ClusterName::from("hq"))
            .unwrap()
    }

    fn node(&mut self, name: &str) -> &mut NodeState {
        self.cluster().nodes.get_mut(&NodeName::from(name)).unwrap()
    }

    fn certificate(&mut self, name: &str) -> &mut Certificate {
        self.cluster()
            .certificates
            .get_mut(&fingerprint(name))
            .unwrap()
    }

    fn codes(&self) -> Vec<String> {
        assess(&self.observation, &self.desired, &self.procedures, now())
            .into_iter()
            .map(|finding| finding.code.to_string())
            .collect()
    }
}

#[test]
fn a_good_cluster_has_no_finding() {
    assert_eq!(Case::good().codes(), Vec::<String>::new());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn each_deviation_is_found_and_only_that() {
    type Plant = fn(&mut Case);
    let rows: &[(&[&str], Plant)] = &[
        (&["expired"], |case| {
            case.certificate(PUBLISHER).not_after = moment("2026-11-22T11:59:59Z")
        }),
        (&["expiring"], |case| {
            case.certificate(PUBLISHER).not_after = moment("2026-12-20T00:00:00Z")
        }),
        (&["not-yet-valid"], |case| {
            case.certificate(SUBSCRIBER).not_before = moment("2026-11-23T00:00:00Z")
        }),
        (&["self-signed"], |case| {
            let own = fingerprint(PUBLISHER);
            case.certificate(PUBLISHER).signed_by = [own].into();
        }),
        (&["wrong-issuer", "chain-incomplete"], |case| {
            case.certificate(PUBLISHER).signed_by.clear();
        }),
        (&["weak-signature"], |case| {
            case.certificate(PUBLISHER).signature = "sha1WithRSAEncryption".into()
        }),
        (&["names-missing", "names-extra"], |case| {
            case.certificate(PUBLISHER).names = [SubjectName::dns("other.example.com")].into();
        }),
        (&["key-policy"], |case| {
            case.certificate(PUBLISHER).key.bits = 2048
        }),
        (&["usage-missing"], |case| {
            case.node(SUBSCRIBER).release =
                Observed::Present(Release::parse("14.0.1.13900-155").unwrap());
            case.certificate(PUBLISHER).extended_usage = Some(["serverAuth".to_owned()].into());
            case.certificate(SUBSCRIBER).extended_usage =
                Some(["serverAuth".to_owned(), "clientAuth".to_owned()].into());
            case.procedures[0].usages.push(UsageRule {
                releases: ReleaseRange::default(),
                key_usage: vec![],
                extended_usage: vec!["serverAuth".to_owned(), "clientAuth".to_owned()],
                source: "SG14".to_owned(),
            });
        }),
        (&["identity-missing"], |case| {
            case.node(SUBSCRIBER).identities.clear();
        }),
        (&["served-differs"], |case| {
            let other = ServedChain {
                leaf: fingerprint("root"),
                rest: vec![],
            };
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            case.node(SUBSCRIBER)
                .served
                .insert(listener, Observed::Present(other));
        }),
        (&["served-unknown"], |case| {
            let listener = Listener {
                port: Port::Soap,
                key: KeyAlgorithm::Rsa,
            };
            case.node(SUBSCRIBER)
                .served
                .insert(listener, Observed::Unknown("closed".into()));
        }),
        (&["chain-incomplete"], |case| {
            case.node(SUBSCRIBER).trust.clear();
        }),
        (&["node-undeclared"], |case| {
            let Observed::Present(listed) = &mut case.cluster().listed else {
                panic!("listed")
            };
            listed.insert("sub2.hq.example.com".into(), Role::Subscriber);
        }),
        (&["node-unlisted"], |case| {
            let Observed::Present(listed) = &mut case.cluster().listed else {
                panic!("listed")
            };
            listed.remove(&NodeName::from(SUBSCRIBER));
        }),
        (&["replication-bad"], |case| {
            let Observed::Present(states) = &mut case.cluster().replication else {
                panic!("states")
            };
            states.get_mut(&NodeName::from(SUBSCRIBER)).unwrap().state = Some(3);
        }),
        (&["wrong-node"], |case| {
            case.node(SUBSCRIBER).reported_name = Observed::Present("pub.hq.example.com".into());
        }),
        (&["clock-skew"], |case| {
            case.node(PUBLISHER).clock_skew_seconds = Observed::Present(-301)
        }),
        (&["release-differs", "release-unsupported"], |case| {
            case.node(SUBSCRIBER).release =
                Observed::Present(Release::parse("12.5.1.11900-1").unwrap());
        }),
        (&["backup-running"], |case| {
            case.node(PUBLISHER).backup_job =
                Observed::Present(BackupJob::Running("backup 40%".into()));
        }),
        (&["backup-old"], |case| {
            case.node(PUBLISHER).last_backup = Observed::Absent
        }),
        (&["sso-enabled"], |case| {
            case.node(PUBLISHER).sso = Observed::Present(SsoState::Enabled)
        }),
        (&["unknown-fact"], |case| {
            case.cluster().security = Observed::Unknown("no answer".into())
        }),
        (&["unknown-fact"], |case| {
            case.node(SUBSCRIBER).sso = Observed::Unknown("no answer".into())
        }),
        (&["tomcat-reused"], |case| {
            let tomcat = case.node(PUBLISHER).identities[&Purpose::from("tomcat")].clone();
            case.node(PUBLISHER)
                .identities
                .insert("CallManager".into(), tomcat);
        }),
        (&["twin-self-signed"], |case| {
            let twin = certificate("pub-EC.hq.example.com", "pub-EC.hq.example.com");
            case.node(PUBLISHER).identities.insert(
                "tomcat-ECDSA".into(),
                Observed::Present(twin.sha256.clone()),
            );
            case.cluster()
                .certificates
                .insert(twin.sha256.clone(), twin);
        }),
        (&["not-shared"], |case| {
            case.desired.certificates[0].distribution = Distribution::MultiServer;
            let both: BTreeSet<_> = [PUBLISHER, SUBSCRIBER]
                .iter()
                .map(|name| SubjectName::dns(name))
                .collect();
            case.certificate(PUBLISHER).names = both.clone();
            case.certificate(SUBSCRIBER).names = both;
        }),
    ];
    for (expected, plant) in rows {
        let mut case = Case::good();
        plant(&mut case);
        let mut codes = case.codes();
        codes.sort_unstable();
        let mut expected: Vec<String> = expected.iter().map(|code| (*code).to_owned()).collect();
        expected.sort_unstable();
        assert_eq!(codes, expected);
        for code in codes {
            assert!(explain(&code).is_some(), "{code} has no explanation");
        }
    }
}

#[test]
fn a_waiting_request_blocks_only_where_the_certificate_is_due() {
    let request = SigningRequest {
        sha256: fingerprint("request"),
        subject: "CN=pub".to_owned(),
        common_name: None,
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 3072,
            sha256: fingerprint("key"),
        },
        names: BTreeSet::new(),
        key_usage: None,
        extended_usage: None,
        pem: String::new(),
    };
    let mut case = Case::good();
    case.node(PUBLISHER)
        .pending
        .insert("tomcat".into(), Observed::Present(request));
    let severity = |case: &Case| {
        let findings = assess(&case.observation, &case.desired, &case.procedures, now());
        findings
            .iter()
            .find(|found| found.code.as_str() == "pending-request")
            .unwrap()
            .severity
    };
    assert_eq!(severity(&case), Severity::Notice);
    case.certificate(PUBLISHER).not_after = moment("2026-11-25T00:00:00Z");
    assert_eq!(severity(&case), Severity::Blocker);
}

#[test]
fn the_last_second_of_validity_still_counts() {
    let mut case = Case::good();
    case.certificate(PUBLISHER).not_after = now();
    assert_eq!(case.codes(), ["expiring"]);
}

#[test]
fn codes_are_unique_and_complete() {
    let codes: BTreeSet<&str> = explanations().iter().map(|each| each.code).collect();
    assert_eq!(codes.len(), explanations().len());
    for each in explanations() {
        for text in [each.means, each.cause, each.remedy, each.source] {
            assert!(!text.is_empty(), "{} lacks a text", each.code);
        }
    }
}
