//! Synthetic clusters to plan for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::assess::assess;
use crate::model::*;

use super::{ClusterPlan, Options, Plan, Refusal, plan};

mod expressway;
mod procedure;

pub(crate) use expressway::*;
pub(crate) use procedure::procedure;

pub(crate) const PUBLISHER: &str = "cucm-pub.hq.example.com";
pub(crate) const FIRST: &str = "cucm-sub1.hq.example.com";
pub(crate) const SECOND: &str = "cucm-sub2.hq.example.com";
pub(crate) const PRESENCE: &str = "an-imp1.hq.example.com";

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    moment("2026-11-22T20:00:00Z")
}

pub(crate) fn fingerprint(of: &str) -> Fingerprint {
    Fingerprint::of(of.as_bytes())
}

/// A certificate whose fingerprint is that of its name.
pub(crate) fn certificate(name: &str, signer: &str) -> Certificate {
    Certificate {
        sha256: fingerprint(name),
        subject: format!("CN={name}"),
        common_name: Some(name.to_owned()),
        issuer: format!("CN={signer}"),
        serial: "01".to_owned(),
        not_before: moment("2025-01-01T00:00:00Z"),
        not_after: moment("2035-12-31T00:00:00Z"),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
            sha256: fingerprint(&format!("key of {name}")),
        },
        names: [SubjectName::dns(name)].into(),
        key_usage: Some(
            ["digitalSignature", "dataEncipherment"]
                .map(str::to_owned)
                .into(),
        ),
        extended_usage: Some(["serverAuth", "clientAuth"].map(str::to_owned).into()),
        authority: false,
        subject_key_id: None,
        authority_key_id: None,
        signature: "sha256WithRSAEncryption".to_owned(),
        signed_by: [fingerprint(signer)].into(),
    }
}

pub(crate) fn authority(name: &str, signer: &str) -> Certificate {
    Certificate {
        authority: true,
        ..certificate(name, signer)
    }
}

fn services(role: Role) -> BTreeMap<ServiceName, ServiceState> {
    let mut names = vec![
        "Cisco Tomcat",
        "Platform Administrative Web Service",
        "Cisco DRF Local",
    ];
    if role != Role::ImPresence {
        names.extend([
            "Cisco UDS Tomcat",
            "Cisco AXL Tomcat",
            "Cisco CallManager",
            "Cisco Tftp",
        ]);
    }
    if role == Role::Publisher {
        names.push("Cisco DRF Master");
    }
    let started = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(9),
    };
    names
        .into_iter()
        .map(|name| (name.into(), started.clone()))
        .collect()
}

fn node(role: Role, name: &str) -> NodeState {
    let chain = ServedChain {
        leaf: fingerprint(name),
        rest: vec![],
    };
    let mut ports = vec![Port::Rest, Port::Soap];
    if role != Role::ImPresence {
        ports.push(Port::Tftp);
    }
    NodeState {
        reported_name: Observed::Present(name.to_owned()),
        release: Observed::Present(Release::parse("14.0.1.13900-155").unwrap()),
        clock_skew_seconds: Observed::Present(1),
        identities: [("tomcat".into(), Observed::Present(fingerprint(name)))].into(),
        pending: [("tomcat".into(), Observed::Absent)].into(),
        trust: [(
            "tomcat-trust".into(),
            Observed::Present(vec![TrustEntry {
                file: "old".to_owned(),
                sha256: fingerprint("Old Root"),
            }]),
        )]
        .into(),
        inventory: Observed::Present(()),
        served: ports
            .into_iter()
            .map(|port| {
                (
                    Listener {
                        port,
                        key: KeyAlgorithm::Rsa,
                    },
                    Observed::Present(chain.clone()),
                )
            })
            .collect(),
        services: Observed::Present(services(role)),
        sso: Observed::Present(SsoState::Disabled),
        backup_job: Observed::Present(BackupJob::Idle),
        last_backup: Observed::Present(moment("2026-11-22T02:00:00Z")),
        ..NodeState::unasked(role)
    }
}

/// One cluster named `hq`, with everything that planning asks for.
pub(crate) struct Scene {
    pub(crate) observation: Observation,
    pub(crate) desired: Desired,
    pub(crate) procedures: Vec<Procedure>,
    pub(crate) options: Options,
}

impl Scene {
    /// Publisher and two subscribers with self-made certificates of an old authority.
    pub(crate) fn three_nodes() -> Self {
        Self::of(&[
            (SECOND, Role::Subscriber),
            (PUBLISHER, Role::Publisher),
            (FIRST, Role::Subscriber),
        ])
    }

    /// Any nodes.
    pub(crate) fn of(names: &[(&str, Role)]) -> Self {
        let root = authority("Corp Root", "Corp Root");
        let issuing = authority("Corp Issuing", "Corp Root");
        let mut certificates: BTreeMap<_, _> = names
            .iter()
            .map(|(name, _)| certificate(name, "Old Root"))
            .chain([
                authority("Old Root", "Old Root"),
                root.clone(),
                issuing.clone(),
            ])
            .map(|certificate| (certificate.sha256.clone(), certificate))
            .collect();
        for (name, _) in names {
            certificates.get_mut(&fingerprint(name)).unwrap().not_after =
                moment("2026-12-01T00:00:00Z");
        }
        let good = Replication {
            state: Some(2),
            words: "Setup Completed".to_owned(),
        };
        let cluster = ClusterState {
            nodes: names
                .iter()
                .map(|(name, role)| ((*name).into(), node(*role, name)))
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
                counted: [(PUBLISHER.into(), 120), (FIRST.into(), 80)].into(),
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
            key: "rsa-2048".parse().unwrap(),
            also: BTreeSet::new(),
            renew_before: SignedDuration::from_hours(30 * 24),
            rule: String::new(),
        };
        let chain = [root, issuing].map(|certificate| Authority {
            pem: format!("PEM {}\n", certificate.title()),
            certificate,
        });
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
                        chain: chain.into(),
                    },
                )]
                .into(),
                backup_not_older_than: Some(SignedDuration::from_hours(7 * 24)),
                valid_for: SignedDuration::from_hours(24),

                order: DEFAULT_ORDER.map(Purpose::from).into(),
                phone_polls: DEFAULT_PHONE_POLLS,
            },
            procedures: vec![procedure()],
            options: Options::default(),
        }
    }

    pub(crate) fn cluster(&mut self) -> &mut ClusterState {
        self.observation
            .clusters
            .get_mut(&ClusterName::from("hq"))
            .unwrap()
    }

    pub(crate) fn node(&mut self, name: &str) -> &mut NodeState {
        self.cluster().nodes.get_mut(&NodeName::from(name)).unwrap()
    }

    pub(crate) fn certificate(&mut self, name: &str) -> &mut Certificate {
        self.cluster()
            .certificates
            .get_mut(&fingerprint(name))
            .unwrap()
    }

    /// Makes one certificate known and puts it into a node's tomcat-trust.
    pub(crate) fn trust(&mut self, node: &str, certificate: Certificate) {
        let entry = TrustEntry {
            file: certificate.title().to_owned(),
            sha256: certificate.sha256.clone(),
        };
        self.cluster()
            .certificates
            .insert(certificate.sha256.clone(), certificate);
        let store = self
            .node(node)
            .trust
            .get_mut(&Store::from("tomcat-trust"))
            .unwrap();
        let Observed::Present(entries) = store else {
            panic!("the store was made unknown before")
        };
        entries.push(entry);
    }

    pub(crate) fn wanted(&mut self) -> &mut DesiredCertificate {
        &mut self.desired.certificates[0]
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        assess(&self.observation, &self.desired, &self.procedures, now())
    }

    /// Plans with what the assessment finds.
    pub(crate) fn plan(&self) -> Result<Plan, Vec<Refusal>> {
        self.plan_with(&self.findings())
    }

    /// Plans with given findings.
    pub(crate) fn plan_with(&self, findings: &[Finding]) -> Result<Plan, Vec<Refusal>> {
        plan(
            &self.observation,
            &self.desired,
            &self.procedures,
            findings,
            &self.options,
            now(),
        )
    }

    /// The plan of the one cluster.
    pub(crate) fn planned(&self) -> ClusterPlan {
        let mut plan = self
            .plan()
            .unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        plan.clusters
            .remove(&ClusterName::from("hq"))
            .expect("something is due")
    }
}
