//! What a plan has come to: what nodes trust, store, and show since their services restarted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Appliance, Certificate, ClusterName, ClusterState, Fingerprint, KeyAlgorithm, NodeName,
    Observed, Port, Product, PublicKey, Purpose, ServedChain, ServiceName, StepId, Store,
    WHOLE_PEER,
};
use crate::plan::{Action, Condition, IssueTerms, Step};

use super::expressway::{OWN_CLIENT_FROM, TRUSTED_LIST};
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

/// A certificate that was issued, and the authorities above it without the root.
#[derive(Clone, Debug)]
struct Issued {
    leaf: Fingerprint,
    above: Vec<Fingerprint>,
}

/// The state that plans have come to: what is stored, and what was loaded by a restart.
pub(super) struct World<'a> {
    pub(super) site: Site<'a>,
    clusters: &'a BTreeMap<ClusterName, ClusterState>,
    now: Timestamp,
    /// Requests, by cluster and step.
    asked: BTreeMap<(&'a ClusterName, &'a StepId), &'a Action>,
    /// What was issued, by the step of its request.
    issued: BTreeMap<(&'a ClusterName, &'a StepId), Issued>,
    /// New certificates that nodes store.
    stored: BTreeMap<Party, BTreeMap<&'a Purpose, Issued>>,
    /// Authorities that a peer stores and has not loaded. claim: EXPRESSWAY-TRUST-AFTER-RESTART
    waiting: BTreeMap<Party, Vec<&'a Fingerprint>>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        site: Site<'a>,
        clusters: &'a BTreeMap<ClusterName, ClusterState>,
        now: Timestamp,
    ) -> Self {
        Self {
            site,
            clusters,
            now,
            asked: BTreeMap::new(),
            issued: BTreeMap::new(),
            stored: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    pub(super) fn apply(&mut self, cluster: &'a ClusterName, step: &'a Step) -> BTreeSet<Moved> {
        let mut moved = BTreeSet::new();
        match &step.action {
            Action::UploadTrust { store, sha256, .. } => {
                for node in reached(step, store, sha256) {
                    let party = Party::node(cluster, node);
                    if self.is_expressway(cluster) {
                        if store.as_str() == TRUSTED_LIST {
                            self.waiting.entry(party).or_default().push(sha256);
                        }
                    } else {
                        moved.extend(self.trust(party, store, sha256));
                    }
                }
            }
            Action::GenerateRequest { .. } => {
                self.asked.insert((cluster, &step.id), &step.action);
            }
            Action::AwaitCertificates {
                requests, terms, ..
            } => {
                for request in requests {
                    self.issue(cluster, request, terms);
                }
            }
            Action::UploadIdentity {
                purpose,
                request,
                nodes,
            } => {
                if let Some(issued) = self.issued.get(&(cluster, request)) {
                    for node in nodes {
                        let stored = self.stored.entry(Party::node(cluster, node)).or_default();
                        stored.insert(purpose, issued.clone());
                    }
                }
            }
            Action::RestartService { service, .. } => {
                if let Some(node) = &step.node {
                    moved.extend(self.restart(cluster, node, service));
                }
            }
            Action::Person { .. }
            | Action::UpdateTrustList {}
            | Action::ResetPhones { .. }
            | Action::Confirm { .. } => {}
        }
        moved
    }

    fn is_expressway(&self, cluster: &ClusterName) -> bool {
        let state = self.clusters.get(cluster);
        state.is_some_and(|state| {
            matches!(state.product, Product::ExpresswayC | Product::ExpresswayE)
        })
    }

    fn trust(&mut self, party: Party, store: &Store, sha256: &Fingerprint) -> Option<Moved> {
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
    fn issue(&mut self, cluster: &'a ClusterName, request: &'a StepId, terms: &IssueTerms) {
        let Some(Action::GenerateRequest {
            common_name,
            names,
            key,
            hash,
            ..
        }) = self.asked.get(&(cluster, request)).copied()
        else {
            return;
        };
        let signer = terms.chain.last().and_then(|last| self.site.pool.get(last));
        let own = format!("certificate for {request} of {cluster}");
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
            // Where nothing is demanded nobody can say what the authority leaves out.
            extended_usage: Some(terms.extended_usage.clone()).filter(|it| !it.is_empty()),
            authority: false,
            subject_key_id: None,
            authority_key_id: signer.and_then(|signer| signer.subject_key_id.clone()),
            signature: hash.clone(),
            signed_by: terms.chain.last().cloned().into_iter().collect(),
        };
        self.site.pool.foretell(certificate);
        let issued = Issued {
            leaf: sha256,
            above: terms.chain.iter().skip(1).rev().cloned().collect(),
        };
        self.issued.insert((cluster, request), issued);
    }

    /// A service comes back with what its node stores.
    fn restart(
        &mut self,
        cluster: &ClusterName,
        node: &NodeName,
        service: &ServiceName,
    ) -> Vec<Moved> {
        let party = Party::node(cluster, node);
        let Some(state) = self.clusters.get(cluster) else {
            return Vec::new();
        };
        if self.is_expressway(cluster) {
            if service.as_str() != WHOLE_PEER {
                return Vec::new();
            }
            let release = state
                .nodes
                .get(node)
                .and_then(|node| node.release.present());
            let one_store = release.map(|release| release.level() < OWN_CLIENT_FROM);
            return self.restart_peer(&party, one_store);
        }
        let (Some(stored), Some(seen)) = (self.stored.get(&party), state.nodes.get(node)) else {
            return Vec::new();
        };
        let appliance = Appliance::of(state.product, seen.role);
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
            let Some((_, issued)) = stored.iter().find(|(purpose, _)| fits(purpose)) else {
                continue;
            };
            let new = ServedChain {
                leaf: issued.leaf.clone(),
                rest: Vec::new(),
            };
            moved.extend(shows(&party, face, shown, Observed::Present(new)));
        }
        moved
    }

    /// A whole peer comes back: it has loaded its list, and shows what it stores with the authorities above that the
    /// list holds. `one_store`: it shows the same where it connects; none where its release is not known.
    /// claim: EXPRESSWAY-TRUST-AFTER-RESTART, EXPRESSWAY-ACTIVE-AFTER-RESTART, EXPRESSWAY-SENDS-CHAIN,
    /// EXPRESSWAY-CLIENT-STORE
    fn restart_peer(&mut self, party: &Party, one_store: Option<bool>) -> Vec<Moved> {
        let mut moved = Vec::new();
        let Some(holdings) = self.site.parties.get_mut(party) else {
            return moved;
        };
        let store = Store::from(TRUSTED_LIST);
        let list = holdings.stores.get_mut(&store);
        if let (Some(waiting), Some(list)) = (self.waiting.remove(party), list) {
            if *list == Observed::Absent {
                *list = Observed::Present(Anchors::default());
            }
            if let Observed::Present(list) = list {
                for authority in waiting {
                    list.add(authority, &self.site.pool);
                }
            }
            let dropped = false;
            let what = What::Trusts {
                store: store.clone(),
                dropped,
            };
            let party = party.clone();
            moved.push(Moved { party, what });
        }
        let stored = self.stored.get(party);
        let Some(issued) = stored.and_then(|stored| stored.get(&Purpose::from("server"))) else {
            return moved;
        };
        let held = holdings.stores.get(&store).and_then(Observed::present);
        let above = issued.above.iter();
        let above = above.filter(|authority| held.is_some_and(|held| held.holds(authority)));
        let new = ServedChain {
            leaf: issued.leaf.clone(),
            rest: above.cloned().collect(),
        };
        for (face, shown) in &mut holdings.presents {
            let new = match (face, one_store) {
                (Face::Port(_, KeyAlgorithm::Rsa), _) | (Face::Client, Some(true)) => {
                    Observed::Present(new.clone())
                }
                (Face::Client, None) => Observed::Unknown(
                    "its release was not observed: it may have a client certificate of its own"
                        .to_owned(),
                ),
                (Face::Port(..) | Face::Client | Face::Stored(_), _) => continue,
            };
            moved.extend(shows(party, face, shown, new));
        }
        moved
    }
}

/// An end shows something from now on: whether that is new.
fn shows(
    party: &Party,
    face: &Face,
    shown: &mut Observed<ServedChain>,
    new: Observed<ServedChain>,
) -> Option<Moved> {
    if *shown == new {
        return None;
    }
    *shown = new;
    Some(Moved {
        party: party.clone(),
        what: What::Shows(face.clone()),
    })
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
