//! Synthetic clusters, built from the model alone.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};

use crate::model::*;

use super::site::{PORTS, census, held_by, services, stores_of};

pub(super) const PUBLISHER: &str = "pub.hq.example.com";
pub(super) const FIRST: &str = "sub1.hq.example.com";
pub(super) const PRESENCE: &str = "an-imp.hq.example.com";
pub(super) const ROOT: &str = "Corp Root";
pub(super) const ISSUING: &str = "Corp Issuing";

/// What the nodes trust of the new chain before the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trusted {
    Nothing,
    Everywhere,
    OnPublisher,
    /// Another root of the same name, older, on which nothing rests.
    OlderNamesake,
}

/// A cluster and what is wanted of it.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each may hold with each of the others"
)]
pub(super) struct Setting {
    pub(super) subscribers: usize,
    pub(super) presence: bool,
    pub(super) distribution: Distribution,
    /// The elliptic-curve twin is renewed as well.
    pub(super) twin: bool,
    pub(super) single_sign_on: bool,
    pub(super) trusted: Trusted,
    /// What is renewed beside tomcat and its twin.
    pub(super) more: &'static [&'static str],
    /// Whether tomcat is renewed.
    pub(super) web: bool,
    pub(super) release: &'static str,
    pub(super) mixed: bool,
    /// CallManager reuses tomcat.
    pub(super) reuse: bool,
    /// Unity Connection.
    pub(super) unity: bool,
}

pub(super) const PLAIN: Setting = Setting {
    subscribers: 1,
    presence: false,
    distribution: Distribution::ThisServer,
    twin: false,
    single_sign_on: false,
    trusted: Trusted::Nothing,
    more: &[],
    web: true,
    release: R14,
    mixed: false,
    reuse: false,
    unity: false,
};

pub(super) const R125: &str = "12.5.1.16900-48";
pub(super) const R14: &str = "14.0.1.13900-155";
pub(super) const R15: &str = "15.0.1.12900-234";

/// Everything that planning and proving asks for.
pub(super) struct Scene {
    pub(super) observation: Observation,
    pub(super) desired: Desired,
    pub(super) procedures: Vec<Procedure>,
}

pub(super) fn now() -> Timestamp {
    moment("2026-11-22T20:00:00Z")
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn fingerprint(of: &str) -> Fingerprint {
    Fingerprint::of(of.as_bytes())
}

/// A block whose content is the name, so that it has the fingerprint of the name.
pub(super) fn pem(of: &str) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(of);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// A certificate whose fingerprint is that of its name.
pub(super) fn certificate(name: &str, signer: &str) -> Certificate {
    Certificate {
        sha256: fingerprint(name),
        subject: format!("CN={name}"),
        common_name: Some(name.to_owned()),
        issuer: format!("CN={signer}"),
        serial: "01".to_owned(),
        not_before: moment("2025-01-01T00:00:00Z"),
        not_after: moment("2035-01-01T00:00:00Z"),
        key: PublicKey {
            algorithm: KeyAlgorithm::Rsa,
            bits: 3072,
            sha256: fingerprint(&format!("key of {name}")),
        },
        names: BTreeSet::new(),
        key_usage: None,
        extended_usage: None,
        authority: signer.contains("Root") && !name.contains('.'),
        subject_key_id: None,
        authority_key_id: None,
        signature: "sha256WithRSAEncryption".to_owned(),
        signed_by: [fingerprint(signer)].into(),
    }
}

pub(super) fn entry(name: &str) -> TrustEntry {
    TrustEntry {
        file: name.to_owned(),
        sha256: fingerprint(name),
    }
}

/// The name under which the older namesake of the root is known here.
pub(super) const NAMESAKE: &str = "Corp Root of 2015";

fn namesake() -> Certificate {
    Certificate {
        common_name: Some(ROOT.to_owned()),
        not_before: moment("2015-01-01T00:00:00Z"),
        ..certificate(NAMESAKE, NAMESAKE)
    }
}

/// The same question for each node.
fn each<T>(names: &[(String, Role)], value: impl Fn(&str, Role) -> T) -> BTreeMap<NodeName, T> {
    let names = names.iter();
    names
        .map(|(name, role)| (NodeName::new(name), value(name, *role)))
        .collect()
}

impl Setting {
    pub(super) fn nodes(&self) -> Vec<(String, Role)> {
        let publisher = (PUBLISHER.to_owned(), Role::Publisher);
        let subscribers = (1..=self.subscribers)
            .map(|number| (format!("sub{number}.hq.example.com"), Role::Subscriber));
        let presence = (PRESENCE.to_owned(), Role::ImPresence);
        [publisher]
            .into_iter()
            .chain(subscribers)
            .chain(self.presence.then_some(presence))
            .collect()
    }

    fn entries(&self, role: Role) -> Vec<TrustEntry> {
        let there = match self.trusted {
            Trusted::Everywhere => vec![ROOT, ISSUING],
            Trusted::OnPublisher if role == Role::Publisher => vec![ROOT, ISSUING],
            Trusted::Nothing | Trusted::OnPublisher => vec![],
            Trusted::OlderNamesake => vec![NAMESAKE],
        };
        there.into_iter().chain(["Old Root"]).map(entry).collect()
    }

    fn node(&self, name: &str, role: Role) -> NodeState {
        let listener = |port, key| {
            let twin = if key == KeyAlgorithm::Ec { " twin" } else { "" };
            let chain = ServedChain {
                leaf: fingerprint(&format!("{name}{twin}")),
                rest: vec![],
            };
            (Listener { port, key }, Observed::Present(chain))
        };
        let mut served = vec![
            listener(Port::Rest, KeyAlgorithm::Rsa),
            listener(Port::Soap, KeyAlgorithm::Rsa),
        ];
        if role != Role::ImPresence && !self.unity {
            served.push(listener(Port::Tftp, KeyAlgorithm::Rsa));
        }
        let mut purposes = vec![("tomcat", name.to_owned())];
        if self.twin {
            served.push(listener(Port::Rest, KeyAlgorithm::Ec));
            served.push(listener(Port::Soap, KeyAlgorithm::Ec));
            purposes.push(("tomcat-ECDSA", format!("{name} twin")));
        }
        let held = held_by(role).iter().filter(|_| self.is_rich());
        for purpose in held {
            purposes.push((purpose, format!("{name} {purpose}")));
        }
        let rich = self.is_rich() && !self.release.starts_with("12");
        for (port, key, purpose) in PORTS.iter().filter(|_| rich) {
            let own = held_by(role).contains(purpose);
            let leaf = match (self.reuse && *purpose == "CallManager", own) {
                (true, true) => name.to_owned(),
                (_, true) => format!("{name} {purpose}"),
                (_, false) => continue,
            };
            let chain = ServedChain {
                leaf: fingerprint(&leaf),
                rest: vec![],
            };
            let (port, key) = (*port, *key);
            served.push((Listener { port, key }, Observed::Present(chain)));
        }
        if self.reuse {
            purposes.retain(|(purpose, _)| *purpose != "CallManager");
        }
        let stores = ["tomcat-trust"]
            .into_iter()
            .chain(stores_of(role).iter().copied());
        let stores = stores.filter(|store| self.is_rich() || *store == "tomcat-trust");
        let stores = stores.map(|store| (store.into(), Observed::Present(self.entries(role))));
        let sso = if self.single_sign_on && role != Role::ImPresence {
            SsoState::Enabled
        } else {
            SsoState::Disabled
        };
        let pending = purposes.iter();
        NodeState {
            reported_name: Observed::Present(name.to_owned()),
            release: Observed::Present(self.release()),
            clock_skew_seconds: Observed::Present(0),
            pending: pending
                .map(|(purpose, _)| ((*purpose).into(), Observed::Absent))
                .collect(),
            identities: purposes
                .iter()
                .map(|(purpose, held)| ((*purpose).into(), Observed::Present(fingerprint(held))))
                .collect(),
            trust: stores.collect(),
            inventory: Observed::Present(()),
            served: served.into_iter().collect(),
            services: Observed::Present(services(role, self.is_rich())),
            sso: Observed::Present(sso),
            backup_job: Observed::Present(BackupJob::Idle),
            last_backup: Observed::Present(moment("2026-11-22T02:00:00Z")),
            ..NodeState::unasked(role)
        }
    }

    fn wanted(&self, purpose: &str) -> DesiredCertificate {
        let nodes = self.nodes().into_iter();
        DesiredCertificate {
            cluster: "hq".into(),
            purpose: purpose.into(),
            nodes: nodes.map(|(name, _)| NodeName::new(name)).collect(),
            issuer: "corp".into(),
            distribution: self.distribution,
            key: if purpose.ends_with("ECDSA") {
                "ec-384".parse().unwrap()
            } else {
                "rsa-3072".parse().unwrap()
            },
            also: BTreeSet::new(),
            renew_before: SignedDuration::from_hours(30 * 24),
            rule: String::new(),
        }
    }

    fn cluster(&self) -> ClusterState {
        let names = self.nodes();
        let good = Replication {
            state: Some(2),
            words: "Setup Completed".to_owned(),
        };
        let leaves = names.iter().flat_map(|(name, _)| {
            let twin = certificate(&format!("{name} twin"), "Old Root");
            let more = held_by(Role::Publisher)
                .iter()
                .chain(held_by(Role::ImPresence));
            let more = more.map(|purpose| certificate(&format!("{name} {purpose}"), "Old Root"));
            [certificate(name, "Old Root"), twin]
                .into_iter()
                .chain(more)
                .collect::<Vec<_>>()
        });
        let authorities = [
            certificate("Old Root", "Old Root"),
            certificate(ROOT, ROOT),
            certificate(ISSUING, ROOT),
            namesake(),
        ];
        ClusterState {
            nodes: each(&names, |name, role| self.node(name, role)),
            listed: Observed::Present(each(&names, |_, role| role)),
            network: Observed::Present(each(&names, |_, _| true)),
            security: self.security(),
            presence_publisher: if self.presence {
                Observed::Present(PRESENCE.into())
            } else {
                Observed::Absent
            },
            ctl: Observed::Present(TrustList {
                modified: "yesterday".to_owned(),
                records: vec![],
            }),
            phones: Observed::Present(census()),
            replication: if names.len() > 1 {
                Observed::Present(each(&names, |_, _| good.clone()))
            } else {
                Observed::Absent
            },
            certificates: leaves
                .chain(authorities)
                .map(|certificate| (certificate.sha256.clone(), certificate))
                .collect(),
            ..ClusterState::unasked(self.product())
        }
    }

    pub(super) fn scene(&self) -> Scene {
        let chain = [(ROOT, ROOT), (ISSUING, ROOT)].map(|(name, signer)| Authority {
            certificate: certificate(name, signer),
            pem: pem(name),
        });
        let mut certificates = vec![self.wanted("tomcat")];
        if self.twin {
            certificates.push(self.wanted("tomcat-ECDSA"));
        }
        Scene {
            observation: Observation {
                format: OBSERVATION_FORMAT,
                from: now(),
                to: now(),
                clusters: [("hq".into(), self.cluster())].into(),
            },
            desired: Desired {
                certificates,
                issuers: [(
                    "corp".into(),
                    Issuer {
                        chain: chain.into(),
                    },
                )]
                .into(),
                backup_not_older_than: None,
                valid_for: SignedDuration::from_hours(24),

                order: DEFAULT_ORDER.map(Purpose::from).into(),
                phone_polls: DEFAULT_PHONE_POLLS,
            },
            procedures: vec![
                super::procedure::procedure("tomcat", KeyAlgorithm::Rsa),
                super::procedure::procedure("tomcat-ECDSA", KeyAlgorithm::Ec),
                Procedure {
                    appliance: Appliance::ImPresence,
                    ..super::procedure::procedure("tomcat", KeyAlgorithm::Rsa)
                },
                Procedure {
                    appliance: Appliance::ImPresence,
                    ..super::procedure::procedure("tomcat-ECDSA", KeyAlgorithm::Ec)
                },
            ],
        }
    }
}

impl Scene {
    /// Whether the cluster runs a release before 14.
    pub(super) fn is_old(&self) -> bool {
        let mut clusters = self.observation.clusters.values();
        clusters.any(|cluster| {
            let mut nodes = cluster.nodes.values();
            nodes.any(|node| node.release.present().unwrap().level() < (14, 0, 0))
        })
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
}
