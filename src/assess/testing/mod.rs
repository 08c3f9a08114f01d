//! A good cluster to plant deviations into.

mod expressway;
mod phones;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use expressway::{CORE, CORES, EDGE, EDGES};
use jiff::{SignedDuration, Timestamp};

use super::assess;
use crate::model::*;

pub(super) const PUBLISHER: &str = "pub.hq.example.com";
pub(super) const SUBSCRIBER: &str = "sub1.hq.example.com";

pub(super) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn now() -> Timestamp {
    moment("2026-11-22T12:00:00Z")
}

pub(super) fn fingerprint(of: &str) -> Fingerprint {
    Fingerprint::of(of.as_bytes())
}

pub(super) fn certificate(name: &str, signer: &str) -> Certificate {
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

/// Adds an IM and Presence node, which the replication does not list.
pub(super) fn add_presence(case: &mut Case, name: &str) {
    let mut state = node(Role::ImPresence, name);
    state.release = Observed::Present(Release::parse("14.0.1.13900-8").unwrap());
    state.identities.clear();
    state.served.clear();
    let cluster = case.cluster();
    cluster.nodes.insert(name.into(), state);
    let (Observed::Present(listed), Observed::Present(network)) =
        (&mut cluster.listed, &mut cluster.network)
    else {
        panic!("membership")
    };
    listed.insert(name.into(), Role::ImPresence);
    network.insert(name.into(), true);
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

pub(super) struct Case {
    pub(super) observation: Observation,
    pub(super) desired: Desired,
    pub(super) procedures: Vec<Procedure>,
}

impl Case {
    #[expect(clippy::too_many_lines, reason = "one cluster, written out")]
    pub(super) fn good() -> Self {
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
                registered: BTreeMap::new(),
                configured: Observed::default(),
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
            appliance: Appliance::Cucm,
            assess_only: None,
            purpose: "tomcat".into(),
            sources: BTreeMap::new(),
            stores: vec![StoreRule {
                store: "tomcat-trust".into(),
                nodes: NodeSelection::All,
                replicated: true,
                source: String::new(),
            }],
            multi_server: true,
            hash: "sha256".to_owned(),
            usages: vec![],
            preconditions: vec![],
            restarts: vec![],
            phones: None,
            attended: Vec::new(),
            proof: [Port::Rest, Port::Soap]
                .into_iter()
                .map(|port| ProofRule {
                    by: Proof::Port {
                        port,
                        key: KeyAlgorithm::Rsa,
                        always: true,
                    },
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

                order: DEFAULT_ORDER.map(Purpose::from).into(),
                phone_polls: DEFAULT_PHONE_POLLS,
            },
            procedures: vec![procedure],
        }
    }

    pub(super) fn cluster(&mut self) -> &mut ClusterState {
        self.observation
            .clusters
            .get_mut(&ClusterName::from("hq"))
            .unwrap()
    }

    pub(super) fn node(&mut self, name: &str) -> &mut NodeState {
        self.cluster().nodes.get_mut(&NodeName::from(name)).unwrap()
    }

    pub(super) fn certificate(&mut self, name: &str) -> &mut Certificate {
        self.cluster()
            .certificates
            .get_mut(&fingerprint(name))
            .unwrap()
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        assess(&self.observation, &self.desired, &self.procedures, now())
    }

    pub(super) fn codes(&self) -> Vec<String> {
        let codes = self.findings().into_iter();
        codes.map(|finding| finding.code.to_string()).collect()
    }

    /// The one finding with a code.
    pub(super) fn finding(&self, code: &str) -> Finding {
        let mut found = self.findings();
        found.retain(|finding| finding.code.as_str() == code);
        let [finding] = found.as_slice() else {
            panic!("{code}: {found:#?}")
        };
        finding.clone()
    }

    /// Stores a certificate as an identity.
    pub(super) fn hold(&mut self, node: &str, purpose: &str, certificate: Certificate) {
        let held = Observed::Present(certificate.sha256.clone());
        self.node(node).identities.insert(purpose.into(), held);
        let known = &mut self.cluster().certificates;
        known.insert(certificate.sha256.clone(), certificate);
    }

    /// Puts a certificate into a trust store.
    pub(super) fn trust(&mut self, node: &str, store: &str, certificate: Certificate) {
        let entry = TrustEntry {
            file: certificate.title().to_owned(),
            sha256: certificate.sha256.clone(),
        };
        let entries = self.node(node).trust.entry(store.into());
        match entries.or_insert_with(|| Observed::Present(Vec::new())) {
            Observed::Present(entries) => entries.push(entry),
            other => panic!("{other:?}"),
        }
        let known = &mut self.cluster().certificates;
        known.insert(certificate.sha256.clone(), certificate);
    }

    /// Wants a purpose on some nodes, with a procedure like that of tomcat but for its store.
    pub(super) fn want(&mut self, purpose: &str, nodes: &[&str], appliance: Appliance) {
        let mut wanted = self.desired.certificates[0].clone();
        wanted.purpose = purpose.into();
        wanted.nodes = nodes.iter().map(|node| NodeName::from(*node)).collect();
        self.desired.certificates.push(wanted);
        let mut procedure = self.procedures[0].clone();
        procedure.purpose = purpose.into();
        procedure.appliance = appliance;
        procedure.proof.clear();
        procedure.stores[0].store = Store::new(format!("{}-trust", procedure.purpose.plain()));
        self.procedures.push(procedure);
    }
}
