//! Tests of edges: fixtures here, one file for each subject.

mod expressway;
mod family;
mod property;
mod steps;
mod verdicts;

use std::collections::BTreeMap;

use super::*;
use crate::model::{Certificate, Fingerprint, Observed, ServedChain, SubjectName};
use crate::plan::testing;

pub(super) use testing::{authority, fingerprint, moment, now};

/// A certificate of a server, whose fingerprint is that of its name.
pub(super) fn certificate(name: &str, signer: &str) -> Certificate {
    testing::certificate(name, signer)
}

/// What one edge is judged by.
pub(super) struct Bench {
    pub(super) edge: Edge,
    pub(super) presented: Observed<ServedChain>,
    pub(super) store: Observed<Vec<Fingerprint>>,
    pub(super) certificates: BTreeMap<Fingerprint, Certificate>,
}

pub(super) const CUCM: &str = "cucm.steven.lab";

impl Bench {
    /// `cucm.steven.lab` with a certificate of Issuing under Root; the store holds both.
    pub(super) fn good(profile: Profile) -> Self {
        let mut bench = Self {
            edge: Edge {
                from: Party::node(&"exp-c".into(), &"vcsc.steven.lab".into()),
                to: Party::node(&"hq".into(), &CUCM.into()),
                port: Some(8443),
                leg: Leg::TrafficServer,
                verifier: Side::Connecting,
                store: "trusted-ca".into(),
                whole_chain: false,
                name: NameCheck::AnyOf {
                    names: [CUCM.to_owned()].into(),
                    common_name: true,
                },
                key: KeyAlgorithm::Rsa,
                face: Face::Port(8443, KeyAlgorithm::Rsa),
                profile,
                usages: [Usage::ServerAuth].into(),
                basis: Basis::Documented("test"),
            },
            presented: Observed::Present(ServedChain {
                leaf: fingerprint(CUCM),
                rest: Vec::new(),
            }),
            store: Observed::Present(Vec::new()),
            certificates: BTreeMap::new(),
        };
        bench.know(certificate(CUCM, "Issuing"));
        bench.trust(authority("Root", "Root"));
        bench.trust(authority("Issuing", "Root"));
        bench
    }

    pub(super) fn know(&mut self, certificate: Certificate) {
        self.certificates
            .insert(certificate.sha256.clone(), certificate);
    }

    pub(super) fn trust(&mut self, certificate: Certificate) {
        if let Observed::Present(store) = &mut self.store {
            store.push(certificate.sha256.clone());
        }
        self.know(certificate);
    }

    pub(super) fn distrust(&mut self, title: &str) {
        if let Observed::Present(store) = &mut self.store {
            store.retain(|held| *held != fingerprint(title));
        }
    }

    pub(super) fn leaf(&mut self) -> &mut Certificate {
        self.certificates.get_mut(&fingerprint(CUCM)).unwrap()
    }

    pub(super) fn sends(&mut self, titles: &[&str]) {
        if let Observed::Present(chain) = &mut self.presented {
            chain.rest = titles.iter().map(|title| fingerprint(title)).collect();
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let pool = Pool::of(&self.certificates);
        let store = self
            .store
            .clone()
            .map(|entries| Anchors::of(&entries, &pool));
        evaluate(&self.edge, &self.presented, &store, &pool, now())
    }

    #[track_caller]
    pub(super) fn breaks(&self) -> Vec<Break> {
        match self.verdict() {
            Verdict::Broken(breaks) => breaks,
            other => panic!("{other:?}"),
        }
    }
}

/// A self-signed certificate under a name that is not its fingerprint's.
pub(super) fn namesake(of: &str, own: &str) -> Certificate {
    let named = authority(of, of);
    Certificate {
        sha256: fingerprint(own),
        signed_by: [fingerprint(own)].into(),
        ..named
    }
}

/// A certificate that expects names as DNS entries only.
pub(super) fn named(mut certificate: Certificate, names: &[&str]) -> Certificate {
    certificate.names = names.iter().map(|name| SubjectName::dns(name)).collect();
    certificate
}
