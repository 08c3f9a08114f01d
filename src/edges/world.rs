//! What a plan has come to: what nodes trust, store, and show since their services restarted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Appliance, Certificate, ClusterName, ClusterState, Fingerprint, KeyAlgorithm, NodeName,
    Observed, Port, PublicKey, Purpose, ServedChain, ServiceName, StepId, Store,
};
use crate::plan::{Action, Condition, IssueTerms, Step};

use super::{Anchors, Face, Party, Site};

/// The nodes whose store an upload changes: its own, and those on which the plan waits to see it.
pub(super) fn reached<'s>(
    step: &'s Step,
    store: &'s Store,
    sha256: &'s Fingerprint,
) -> impl Iterator<Item = &'s NodeName> {
    let seen = step
        .after
        .iter()
        .filter_map(move |condition| match condition {
            Condition::Trusts {
                node,
                store: of,
                sha256: holds,
            } if of == store && holds == sha256 => Some(node),
            _ => None,
        });
    step.node.iter().chain(seen)
}

/// What a step changed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moved {
    pub(super) party: Party,
    pub(super) what: What,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Shows(Face),
    Trusts {
        store: Store,
        /// Something went for it.
        dropped: bool,
    },
}

/// The state that a plan has come to: what is stored, and what was loaded by a restart.
pub(super) struct World<'a> {
    pub(super) site: Site<'a>,
    cluster: &'a ClusterName,
    state: &'a ClusterState,
    now: Timestamp,
    /// Requests, by their step.
    asked: BTreeMap<&'a StepId, &'a Action>,
    /// What was issued, by the step of its request.
    issued: BTreeMap<&'a StepId, Fingerprint>,
    /// New certificates that nodes store.
    stored: BTreeMap<&'a NodeName, BTreeMap<&'a Purpose, Fingerprint>>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        site: Site<'a>,
        cluster: &'a ClusterName,
        state: &'a ClusterState,
        now: Timestamp,
    ) -> Self {
        Self {
            site,
            cluster,
            state,
            now,
            asked: BTreeMap::new(),
            issued: BTreeMap::new(),
            stored: BTreeMap::new(),
        }
    }

    pub(super) fn apply(&mut self, step: &'a Step) -> BTreeSet<Moved> {
        let mut moved = BTreeSet::new();
        match &step.action {
            Action::UploadTrust { store, sha256, .. } => {
                for node in reached(step, store, sha256) {
                    moved.extend(self.trust(node, store, sha256));
                }
            }
            Action::GenerateRequest { .. } => {
                self.asked.insert(&step.id, &step.action);
            }
            Action::AwaitCertificates {
                requests, terms, ..
            } => {
                for request in requests {
                    self.issue(request, terms);
                }
            }
            Action::UploadIdentity {
                purpose,
                request,
                nodes,
            } => {
                if let Some(issued) = self.issued.get(request) {
                    for node in nodes {
                        let stored = self.stored.entry(node).or_default();
                        stored.insert(purpose, issued.clone());
                    }
                }
            }
            Action::RestartService { service, .. } => {
                if let Some(node) = &step.node {
                    moved.extend(self.restart(node, service));
                }
            }
            Action::Person { .. }
            | Action::UpdateTrustList {}
            | Action::ResetPhones { .. }
            | Action::Confirm { .. } => {}
        }
        moved
    }

    fn trust(&mut self, node: &NodeName, store: &Store, sha256: &Fingerprint) -> Option<Moved> {
        let party = Party::node(self.cluster, node);
        let holdings = self.site.parties.get_mut(&party)?;
        let unread = holdings.read.unknown().map(str::to_owned);
        let held = holdings
            .stores
            .entry(store.clone())
            .or_insert_with(|| match unread {
                Some(why) => Observed::Unknown(why),
                None => Observed::Absent,
            });
        if *held == Observed::Absent {
            *held = Observed::Present(Anchors::default());
        }
        let dropped = match held {
            Observed::Present(anchors) => anchors.replace(sha256, &self.site.pool),
            Observed::Absent | Observed::Unknown(_) => false,
        };
        let what = What::Trusts {
            store: store.clone(),
            dropped,
        };
        Some(Moved { party, what })
    }

    /// The certificate that will be issued for a request, as far as its terms tell.
    fn issue(&mut self, request: &'a StepId, terms: &IssueTerms) {
        let Some(Action::GenerateRequest {
            common_name,
            names,
            key,
            hash,
            ..
        }) = self.asked.get(request).copied()
        else {
            return;
        };
        let signer = terms.chain.last().and_then(|last| self.site.pool.get(last));
        let own = format!("certificate for {} of {}", request, self.cluster);
        let sha256 = Fingerprint::of(own.as_bytes());
        let lasts = terms.at_least.max(SignedDuration::from_hours(1));
        let certificate = Certificate {
            sha256: sha256.clone(),
            subject: format!("CN={common_name}"),
            common_name: Some(common_name.clone()),
            issuer: signer.map_or_else(String::new, |signer| signer.subject.clone()),
            serial: String::new(),
            not_before: self.now,
            not_after: self.now.checked_add(lasts).unwrap_or(Timestamp::MAX),
            key: PublicKey {
                algorithm: key.algorithm,
                bits: key.bits,
                sha256: Fingerprint::of(format!("key of {own}").as_bytes()),
            },
            names: names.clone(),
            key_usage: Some(terms.key_usage.clone()),
            extended_usage: Some(terms.extended_usage.clone()),
            authority: false,
            subject_key_id: None,
            authority_key_id: signer.and_then(|signer| signer.subject_key_id.clone()),
            signature: hash.clone(),
            signed_by: terms.chain.last().cloned().into_iter().collect(),
        };
        self.site.pool.foretell(certificate);
        self.issued.insert(request, sha256);
    }

    /// A service comes back with what its node stores.
    fn restart(&mut self, node: &NodeName, service: &ServiceName) -> Vec<Moved> {
        let party = Party::node(self.cluster, node);
        let (Some(stored), Some(seen)) = (self.stored.get(node), self.state.nodes.get(node)) else {
            return Vec::new();
        };
        let appliance = Appliance::of(self.state.product, seen.role);
        let Some(holdings) = self.site.parties.get_mut(&party) else {
            return Vec::new();
        };
        let mut moved = Vec::new();
        for (face, shown) in &mut holdings.presents {
            if !loads(service, face, appliance) {
                continue;
            }
            let old = |purpose: &Purpose| seen.identities.get(purpose).and_then(Observed::present);
            // Whichever stored certificate a port presented is the one that it presents again.
            let fits = |purpose: &&Purpose| match (face, &*shown) {
                (Face::Stored(of), _) => of == *purpose,
                (Face::Port(_, key), Observed::Present(chain)) => {
                    purpose.is_ecdsa() == (*key == KeyAlgorithm::Ec)
                        && (old(purpose) == Some(&chain.leaf)
                            || is_web(face) && purpose.plain().as_str() == "tomcat")
                }
                (Face::Port(..) | Face::Client, _) => false,
            };
            let Some((_, leaf)) = stored.iter().find(|(purpose, _)| fits(purpose)) else {
                continue;
            };
            let new = Observed::Present(ServedChain {
                leaf: leaf.clone(),
                rest: Vec::new(),
            });
            if *shown != new {
                *shown = new;
                let what = What::Shows(face.clone());
                moved.push(Moved {
                    party: party.clone(),
                    what,
                });
            }
        }
        moved
    }
}

fn is_web(face: &Face) -> bool {
    [Port::Rest, Port::Soap]
        .iter()
        .any(|port| matches!(face, Face::Port(number, _) if *number == port.standard()))
}

/// Whether a service shows its node's certificate in a way, as it is at the start of the service. Source:
/// cucm-certificate-rules §4; claims CUCM-TFTP-PORT, CUCM-SIP-PORT, CUCM-CALLMANAGER-SERVED, IMP-CUP-PORT, IMP-XMPP-PORT.
fn loads(service: &ServiceName, face: &Face, appliance: Appliance) -> bool {
    let services: &[&str] = match face {
        Face::Port(443 | 8443, _) => &["Cisco Tomcat"],
        Face::Port(6972, _) => &["Cisco Tftp"],
        Face::Port(5061, _) if appliance == Appliance::ImPresence => &["Cisco SIP Proxy"],
        Face::Port(5061, _) => &["Cisco CallManager", "Cisco HAProxy"],
        Face::Port(7400, _) => &["Cisco XCP Router"],
        Face::Stored(purpose) => match purpose.plain().as_str() {
            "tomcat" => &["Cisco Tomcat"],
            "ipsec" => &["Cisco DRF Local", "Cisco DRF Master"],
            "CallManager" => &["Cisco CallManager", "Cisco HAProxy"],
            "cup" => &["Cisco SIP Proxy"],
            "cup-xmpp" => &["Cisco XCP Router"],
            _ => &[],
        },
        Face::Port(..) | Face::Client => &[],
    };
    services.contains(&service.as_str())
}
