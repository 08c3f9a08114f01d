//! Estates as an observation of them looks, from a few words about each cluster: what the random trials and the
//! benchmarks plan and prove. Certificates here have no keys; what signs what is said, not computed.

#![allow(
    dead_code,
    clippy::expect_used,
    unreachable_pub,
    missing_docs,
    reason = "shared by programs that each use a part of it"
)]

mod nodes;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
#[allow(clippy::wildcard_imports, reason = "the whole vocabulary is used")]
use reissue::model::*;

/// A few words about one cluster.
#[derive(Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub struct Shape {
    pub product: Product,
    pub release: &'static str,
    pub subscribers: usize,
    pub presence: usize,
    pub mixed: bool,
    /// Registered phones, spread over `pools` device pools.
    pub phones: usize,
    /// Phones of the database that are not registered.
    pub absent: usize,
    pub pools: usize,
    /// Purposes that a rule covers.
    pub wanted: Vec<&'static str>,
    /// Those of them that end soon.
    pub due: Vec<&'static str>,
    /// Purposes of which all nodes share one certificate.
    pub shared: Vec<&'static str>,
    /// CallManager reuses the tomcat certificate.
    pub reuse: bool,
    pub sso: bool,
    /// What is due is self-signed instead of signed by a former authority.
    pub self_signed: bool,
    /// The chain is in the stores already.
    pub chain_there: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            product: Product::Cucm,
            release: "15.0.1.12900-234",
            subscribers: 2,
            presence: 0,
            mixed: false,
            phones: 20,
            absent: 0,
            pools: 2,
            wanted: vec!["tomcat"],
            due: vec!["tomcat"],
            shared: Vec::new(),
            reuse: false,
            sso: false,
            self_signed: false,
            chain_there: false,
        }
    }
}

/// All that a plan is made from.
pub struct Scene {
    pub observation: Observation,
    pub desired: Desired,
}

impl Scene {
    /// One cluster for each shape, named `site-000` and on.
    pub fn of(shapes: &[Shape]) -> Self {
        let chain = [
            authority("Corp Root", "Corp Root"),
            authority("Corp Issuing", "Corp Root"),
        ];
        let chain = chain.map(|certificate| Authority {
            pem: pem(&certificate),
            certificate,
        });
        let named = shapes.iter().enumerate().map(|(number, shape)| {
            let name = ClusterName::new(format!("site-{number:03}"));
            (name, shape)
        });
        let named: Vec<(ClusterName, &Shape)> = named.collect();
        let certificates = named
            .iter()
            .flat_map(|(name, shape)| shape.wanted.iter().map(|purpose| shape.rule(name, purpose)));
        Self {
            desired: Desired {
                certificates: certificates.collect(),
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
            observation: Observation {
                format: OBSERVATION_FORMAT,
                from: now(),
                to: now(),
                clusters: named
                    .iter()
                    .map(|(name, shape)| (name.clone(), shape.cluster(name)))
                    .collect(),
            },
        }
    }
}

pub fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// The moment of the change, at night and shortly before the certificates end.
pub fn now() -> Timestamp {
    moment("2026-11-22T20:00:00Z")
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
        ..certificate(name, "authority", signer, true)
    }
}

/// A certificate whose fingerprint is that of its name and purpose. One that is due ends soon.
fn certificate(name: &str, purpose: &str, signer: &str, due: bool) -> Certificate {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let own = format!("{name} {purpose}");
    let by = if signer == "itself" {
        fingerprint(&own)
    } else {
        fingerprint(&format!("{signer} authority"))
    };
    let elliptic = purpose.ends_with("-ECDSA");
    Certificate {
        sha256: fingerprint(&own),
        subject: format!("CN={name}, O=Example, C=BE"),
        common_name: Some(name.to_owned()),
        issuer: format!("CN={signer}, O=Example, C=BE"),
        serial: fingerprint(&own).short().to_owned(),
        not_before: moment("2024-12-01T00:00:00Z"),
        not_after: moment(if due {
            "2026-12-01T00:00:00Z"
        } else {
            "2029-12-01T00:00:00Z"
        }),
        key: PublicKey {
            algorithm: if elliptic {
                KeyAlgorithm::Ec
            } else {
                KeyAlgorithm::Rsa
            },
            bits: if elliptic { 384 } else { 2048 },
            sha256: fingerprint(&format!("key of {own}")),
        },
        names: [SubjectName::dns(name)].into(),
        key_usage: words(&[
            "digitalSignature",
            "keyEncipherment",
            "dataEncipherment",
            "keyCertSign",
        ]),
        extended_usage: words(&["serverAuth", "clientAuth", "ipsecEndSystem"]),
        authority: purpose == "CAPF",
        subject_key_id: None,
        authority_key_id: None,
        signature: "sha256WithRSAEncryption".to_owned(),
        signed_by: [by].into(),
    }
}

impl Shape {
    fn nodes(&self, cluster: &ClusterName) -> Vec<(NodeName, Role)> {
        let named = |kind: &str, number: usize, role| {
            let name = format!("{kind}{number:02}.{cluster}.example.com");
            (NodeName::new(name), role)
        };
        let subscribers = (1..=self.subscribers).map(|at| named("sub", at, Role::Subscriber));
        let presence = (1..=self.presence).map(|at| named("imp", at, Role::ImPresence));
        std::iter::once(named("pub", 0, Role::Publisher))
            .chain(subscribers)
            .chain(presence)
            .collect()
    }

    fn holders(&self, cluster: &ClusterName, purpose: &str) -> BTreeSet<NodeName> {
        let roles = self.product.holders(&purpose.into());
        let nodes = self.nodes(cluster).into_iter();
        nodes
            .filter(|(_, role)| roles.contains(role))
            .map(|(name, _)| name)
            .collect()
    }

    fn rule(&self, cluster: &ClusterName, purpose: &str) -> DesiredCertificate {
        let key = if purpose.ends_with("-ECDSA") {
            "ec-384"
        } else {
            "rsa-2048"
        };
        DesiredCertificate {
            cluster: cluster.clone(),
            purpose: purpose.into(),
            nodes: self.holders(cluster, purpose),
            issuer: "corp".into(),
            distribution: if self.shared.contains(&purpose) {
                Distribution::MultiServer
            } else {
                Distribution::ThisServer
            },
            key: key.parse().expect("a key"),
            also: BTreeSet::new(),
            renew_before: SignedDuration::from_hours(30 * 24),
            rule: "rule 1".to_owned(),
        }
    }

    /// The certificate of a purpose on a node. A purpose that a rule covers and that is not due has been renewed.
    fn identity(&self, node: &NodeName, purpose: &str) -> Certificate {
        let due = self.due.contains(&purpose);
        let signer = match (due, self.wanted.contains(&purpose)) {
            (true, _) if self.self_signed => "itself",
            (true, _) => "Old Root",
            (false, true) => "Corp Issuing",
            (false, false) => "itself",
        };
        certificate(node.as_str(), purpose, signer, due)
    }

    fn census(&self, cluster: &ClusterName) -> Observed<PhoneCensus> {
        if self.product != Product::Cucm {
            return Observed::Absent;
        }
        let named = |at: usize| format!("SEP{at:012X}");
        let profile = |at: usize| PhoneProfile {
            pool: Some(format!("Pool {}", at % self.pools.max(1))),
            security: if self.mixed && at.is_multiple_of(3) {
                PhoneSecurity::Encrypted
            } else {
                PhoneSecurity::NonSecure
            },
            lsc: Some(self.mixed && at.is_multiple_of(3)),
        };
        let all = 0..self.phones + self.absent;
        let first = self.nodes(cluster).into_iter().next();
        let phones = u64::try_from(self.phones).unwrap_or(u64::MAX);
        Observed::Present(PhoneCensus {
            counted: first.map(|(node, _)| (node, phones)).into_iter().collect(),
            registered: (0..self.phones)
                .map(|at| (named(at), 1_700_000_000))
                .collect(),
            configured: Observed::Present(all.map(|at| (named(at), profile(at))).collect()),
        })
    }

    fn cluster(&self, name: &ClusterName) -> ClusterState {
        let nodes = self.nodes(name);
        let mut certificates: BTreeMap<Fingerprint, Certificate> = BTreeMap::new();
        let identities = nodes.iter().flat_map(|(node, role)| {
            let purposes = nodes::purposes(self, *role);
            purposes
                .into_iter()
                .map(|purpose| self.identity(node, purpose))
        });
        let authorities = [
            ("Old Root", "Old Root"),
            ("Corp Root", "Corp Root"),
            ("Corp Issuing", "Corp Root"),
        ];
        let authorities = authorities.map(|(title, signer)| authority(title, signer));
        for one in identities.chain(authorities) {
            certificates.insert(one.sha256.clone(), one);
        }
        let good = Replication {
            state: Some(2),
            words: "Setup Completed".to_owned(),
        };
        let is_cucm = self.product == Product::Cucm;
        let first_presence = nodes.iter().find(|(_, role)| *role == Role::ImPresence);
        ClusterState {
            listed: Observed::Present(nodes.iter().cloned().collect()),
            network: Observed::Present(nodes.iter().map(|(it, _)| (it.clone(), true)).collect()),
            security: match (is_cucm, self.mixed) {
                (false, _) => Observed::Absent,
                (true, true) => Observed::Present(SecurityMode::Mixed),
                (true, false) => Observed::Present(SecurityMode::NonSecure),
            },
            replication: if nodes.len() == 1 {
                Observed::Absent
            } else {
                let states = nodes.iter().map(|(it, _)| (it.clone(), good.clone()));
                Observed::Present(states.collect())
            },
            presence_publisher: match first_presence {
                Some((node, _)) => Observed::Present(node.clone()),
                None => Observed::Absent,
            },
            ctl: self.trust_list(&nodes),
            phones: self.census(name),
            nodes: nodes
                .iter()
                .map(|(node, role)| (node.clone(), nodes::node(self, node, *role, &nodes)))
                .collect(),
            certificates,
            ..ClusterState::unasked(self.product)
        }
    }

    fn trust_list(&self, nodes: &[(NodeName, Role)]) -> Observed<TrustList> {
        if !self.mixed {
            return Observed::Absent;
        }
        let record = |node: &NodeName, purpose: &str, function: &str| {
            let certificate = self.identity(node, purpose);
            TrustRecord {
                function: function.to_owned(),
                subject: certificate.subject.clone(),
                serial: certificate.serial,
            }
        };
        let calls = nodes.iter().filter(|(_, role)| *role != Role::ImPresence);
        let mut records: Vec<TrustRecord> = calls
            .map(|(node, _)| record(node, "CallManager", "CCM+TFTP"))
            .collect();
        if let Some((publisher, _)) = nodes.first() {
            records.push(record(publisher, "CAPF", "CAPF"));
            records.push(record(
                publisher,
                "ITLRecovery",
                "System Administrator Security Token",
            ));
        }
        Observed::Present(TrustList {
            modified: "Fri Mar 06 19:45:13 CET 2026".to_owned(),
            records,
        })
    }
}
