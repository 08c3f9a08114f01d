//! Estates as an observation of them looks: every tomcat certificate is due, nothing else is wrong.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
#[allow(clippy::wildcard_imports, reason = "the whole vocabulary is used")]
use reissue::model::*;

/// Nodes of a cluster: the publisher, five subscribers and two IM and Presence nodes.
pub(crate) const NODES: usize = 8;

/// Authorities in each trust store beside the one that signed what is in use: 50 entries on a node.
const STRANGERS: usize = 9;

/// Registered phones of a cluster.
const PHONES: usize = 2_000;

/// All that a plan is made from.
pub(crate) struct Scene {
    pub(crate) observation: Observation,
    pub(crate) desired: Desired,
}

impl Scene {
    /// Any number of clusters.
    pub(crate) fn of(clusters: usize) -> Self {
        let names: Vec<ClusterName> = (0..clusters)
            .map(|number| ClusterName::new(format!("site-{number:03}")))
            .collect();
        let chain = [
            authority("Corp Root", "Corp Root"),
            authority("Corp Issuing", "Corp Root"),
        ];
        let chain = chain.map(|certificate| Authority {
            pem: pem(&certificate),
            certificate,
        });
        Self {
            observation: Observation {
                format: OBSERVATION_FORMAT,
                from: now(),
                to: now(),
                clusters: names
                    .iter()
                    .map(|name| (name.clone(), cluster(name)))
                    .collect(),
            },
            desired: Desired {
                certificates: names.iter().map(wanted).collect(),
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
        }
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// The moment of the change, at night and shortly before the certificates end.
pub(crate) fn now() -> Timestamp {
    moment("2026-11-22T20:00:00Z")
}

fn nodes_of(cluster: &ClusterName) -> Vec<(NodeName, Role)> {
    (0..NODES)
        .map(|number| {
            let (kind, role) = match number {
                0 => ("pub", Role::Publisher),
                6.. => ("imp", Role::ImPresence),
                _ => ("sub", Role::Subscriber),
            };
            (
                NodeName::new(format!("{kind}{number}.{cluster}.example.com")),
                role,
            )
        })
        .collect()
}

fn wanted(cluster: &ClusterName) -> DesiredCertificate {
    DesiredCertificate {
        cluster: cluster.clone(),
        purpose: "tomcat".into(),
        nodes: nodes_of(cluster)
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        issuer: "corp".into(),
        distribution: Distribution::ThisServer,
        key: "rsa-3072".parse().expect("a key"),
        also: BTreeSet::new(),
        renew_before: SignedDuration::from_hours(30 * 24),
        rule: "rule 1".to_owned(),
    }
}

fn fingerprint(of: &str) -> Fingerprint {
    Fingerprint::of(of.as_bytes())
}

/// The block whose content has the fingerprint of an authority.
fn pem(authority: &Certificate) -> String {
    let content = STANDARD.encode(format!("{} authority", authority.title()));
    format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n")
}

fn authority(name: &str, signer: &str) -> Certificate {
    Certificate {
        authority: true,
        not_after: moment("2035-12-31T00:00:00Z"),
        ..certificate(name, "authority", signer)
    }
}

/// A certificate that ends soon; its fingerprint is that of its name and purpose.
fn certificate(name: &str, purpose: &str, signer: &str) -> Certificate {
    let words = |words: [&str; 2]| Some(words.map(str::to_owned).into());
    Certificate {
        sha256: fingerprint(&format!("{name} {purpose}")),
        subject: format!("CN={name}, O=Example, C=BE"),
        common_name: Some(name.to_owned()),
        issuer: format!("CN={signer}, O=Example, C=BE"),
        serial: fingerprint(name).short().to_owned(),
        not_before: moment("2024-12-01T00:00:00Z"),
        not_after: moment("2026-12-01T00:00:00Z"),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 3072,
            sha256: fingerprint(&format!("key of {name} {purpose}")),
        },
        names: [SubjectName::dns(name)].into(),
        key_usage: words(["digitalSignature", "dataEncipherment"]),
        extended_usage: words(["serverAuth", "clientAuth"]),
        authority: false,
        subject_key_id: None,
        authority_key_id: None,
        signature: "sha256WithRSAEncryption".to_owned(),
        signed_by: [fingerprint(&format!("{signer} authority"))].into(),
    }
}

const PURPOSES: [&str; 5] = ["tomcat", "CallManager", "CAPF", "TVS", "ipsec"];
const STORES: [&str; 5] = [
    "tomcat-trust",
    "CallManager-trust",
    "CAPF-trust",
    "TVS-trust",
    "ipsec-trust",
];

/// Services that matter to a tomcat change, then some that do not.
const SERVICES: [&str; 12] = [
    "Cisco Tomcat",
    "Platform Administrative Web Service",
    "Cisco DRF Local",
    "Cisco UDS Tomcat",
    "Cisco AXL Tomcat",
    "Cisco CallManager",
    "Cisco Tftp",
    "Cisco CTIManager",
    "Cisco DirSync",
    "Cisco Extension Mobility",
    "Cisco Trust Verification Service",
    "Cisco Certificate Authority Proxy Function",
];

fn node(name: &NodeName, role: Role, strangers: &[Certificate]) -> NodeState {
    let held = |purpose: &str| fingerprint(&format!("{name} {purpose}"));
    let mut services: BTreeSet<&str> = SERVICES.into();
    if role == Role::ImPresence {
        services.retain(|name| !name.contains("CallManager") && !name.contains("Tftp"));
    }
    if role == Role::Publisher {
        services.insert("Cisco DRF Master");
    }
    let started = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(9),
    };
    let ports = [Port::Rest, Port::Soap, Port::Tftp];
    let ports = ports
        .into_iter()
        .filter(|port| *port != Port::Tftp || role != Role::ImPresence);
    let chain = ServedChain {
        leaf: held("tomcat"),
        rest: vec![],
    };
    NodeState {
        reported_name: Observed::Present(name.to_string()),
        release: Observed::Present(Release::parse("15.0.1.12900-234").expect("a release")),
        clock_skew_seconds: Observed::Present(1),
        identities: PURPOSES
            .map(|it| (it.into(), Observed::Present(held(it))))
            .into(),
        pending: PURPOSES.map(|it| (it.into(), Observed::Absent)).into(),
        trust: STORES
            .into_iter()
            .zip(strangers.chunks(STRANGERS))
            .map(store)
            .collect(),
        inventory: Observed::Present(()),
        served: ports
            .map(|port| {
                let listener = Listener {
                    port,
                    key: KeyAlgorithm::Rsa,
                };
                (listener, Observed::Present(chain.clone()))
            })
            .collect(),
        services: Observed::Present(
            services
                .into_iter()
                .map(|name| (name.into(), started.clone()))
                .collect(),
        ),
        sso: Observed::Present(SsoState::Disabled),
        backup_job: Observed::Present(BackupJob::Idle),
        last_backup: Observed::Present(moment("2026-11-22T02:00:00Z")),
        ..NodeState::unasked(role)
    }
}

fn store((name, strangers): (&str, &[Certificate])) -> (Store, Observed<Vec<TrustEntry>>) {
    let entry = |file: &str, sha256| TrustEntry {
        file: file.to_owned(),
        sha256,
    };
    let mut entries: Vec<TrustEntry> = strangers
        .iter()
        .map(|stranger| entry(stranger.title(), stranger.sha256.clone()))
        .collect();
    entries.push(entry("Old Root", fingerprint("Old Root authority")));
    (name.into(), Observed::Present(entries))
}

fn cluster(name: &ClusterName) -> ClusterState {
    let nodes = nodes_of(name);
    let strangers: Vec<Certificate> = (0..STORES.len() * STRANGERS)
        .map(|number| format!("Public Root {number}"))
        .map(|title| authority(&title, &title))
        .collect();
    let old = authority("Old Root", "Old Root");
    let identities = nodes.iter().flat_map(|(node, _)| {
        PURPOSES.map(|purpose| certificate(node.as_str(), purpose, "Old Root"))
    });
    let certificates: BTreeMap<_, _> = identities
        .chain(strangers.iter().cloned())
        .chain([
            old,
            authority("Corp Root", "Corp Root"),
            authority("Corp Issuing", "Corp Root"),
        ])
        .map(|certificate| (certificate.sha256.clone(), certificate))
        .collect();
    let good = Replication {
        state: Some(2),
        words: "Setup Completed".to_owned(),
    };
    ClusterState {
        listed: Observed::Present(nodes.iter().cloned().collect()),
        network: Observed::Present(nodes.iter().map(|(node, _)| (node.clone(), true)).collect()),
        security: Observed::Present(SecurityMode::NonSecure),
        replication: Observed::Present(
            nodes
                .iter()
                .map(|(node, _)| (node.clone(), good.clone()))
                .collect(),
        ),
        phones: Observed::Present(PhoneCensus {
            counted: nodes.iter().map(|(node, _)| (node.clone(), 250)).collect(),
            registered: (0..PHONES)
                .map(|number| (format!("SEP{number:012X}"), 0))
                .collect(),
            configured: Observed::default(),
        }),
        nodes: nodes
            .iter()
            .map(|(name, role)| (name.clone(), node(name, *role, &strangers)))
            .collect(),
        certificates,
        ..ClusterState::unasked(Product::Cucm)
    }
}
