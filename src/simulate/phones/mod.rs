//! The phones of a cluster: what each class of them may hold, what the servers may offer, and whether every class takes
//! it in every state (I1, I3, I4). Used by the proof alone.

mod class;
mod lists;
mod report;
#[cfg(test)]
mod tests;

use crate::model::{NodeName, Purpose, ServiceName};
use crate::plan::{Action, Step};

pub use class::{PhoneClass, Presence};
pub use report::{ClassProof, Holds, Stranded};

use super::catalogue::{self, CALL_MANAGER, HA_PROXY, PhonePart, TFTP, TVS};
use super::world::World;
use lists::{Holding, List, ListSigner, Refusal, Server, TrustListed, Turn, Ways};

/// From this release on `ITLRecovery` signs lists. Source: claim PHONE-ITL-CONTENT.
const RECOVERY_SIGNS_FROM: (u32, u32, u32) = (12, 0, 0);

/// A class and how it fared so far.
#[derive(Clone, Debug)]
struct Member {
    class: PhoneClass,
    phones: usize,
    by_signer: usize,
    by_tvs: usize,
    stranded: Option<Stranded>,
}

/// The phones of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Phones<'a> {
    names: Vec<&'a NodeName>,
    servers: Vec<Server>,
    /// What the registered ones may hold.
    online: Holding,
    /// What those may hold that are not registered: no gate ever tells that they took anything newer.
    absent: Holding,
    /// The certificate trust lists that may be offered.
    trust_lists: Vec<TrustListed>,
    members: Vec<Member>,
    states: usize,
    by_recovery: bool,
    /// Whether something changed since the phones were last judged.
    moved: bool,
    /// What the last judgement found.
    last: Looked,
}

/// One judgement.
#[derive(Clone, Copy, Debug)]
struct Looked {
    online: Result<Ways, Refusal>,
    absent: Result<Ways, Refusal>,
    /// Whether those that signal by TLS find call processing in the certificate trust list.
    signalling: bool,
    /// Whether every registered phone knows a TVS that answers.
    answered: bool,
}

impl<'a> Phones<'a> {
    /// What was observed.
    pub(super) fn observed(world: &World<'a>) -> Self {
        let nodes = world.nodes.iter();
        let nodes: Vec<_> = nodes
            .filter(|(name, _)| catalogue::Nodes::CallProcessing.contain(world.seen, name))
            .collect();
        let tvs: Vec<Option<Turn>> = nodes
            .iter()
            .map(|(_, node)| {
                node.identities
                    .contains_key(&TVS_PURPOSE.into())
                    .then_some(0)
            })
            .collect();
        let servers: Vec<Server> = nodes
            .iter()
            .enumerate()
            .map(|(place, (_, node))| Server {
                serves_files: node.runs(TFTP),
                verifies: node.runs(TVS),
                tvs: tvs.get(place).copied().flatten(),
                offers: vec![List {
                    call_manager: (place, 0),
                    tvs: tvs.clone(),
                }],
                answers_with: vec![0],
                presents: vec![0],
                ..Server::default()
            })
            .collect();
        let by_recovery = world.release.level() >= RECOVERY_SIGNS_FROM;
        let trust_lists: Vec<TrustListed> = world
            .is_mixed()
            .then(|| servers.iter().map(|server| server.call_manager).collect())
            .into_iter()
            .collect();
        let holding = |signer| Holding {
            signer: if by_recovery {
                signer
            } else {
                ListSigner::CallManager
            },
            lists: Vec::new(),
            trust_lists: trust_lists.clone(),
        };
        let waived = world
            .baseline
            .map(|all| all.waived.clone())
            .unwrap_or_default();
        let members = class::classes(&world.seen.phones, &waived);
        let mut phones = Self {
            names: nodes
                .iter()
                .filter_map(|(name, _)| world.seen.nodes.get_key_value(*name).map(|(name, _)| name))
                .collect(),
            online: holding(ListSigner::KnownRecovery),
            absent: holding(ListSigner::UnknownRecovery),
            servers,
            trust_lists: trust_lists.clone(),
            members: members
                .into_iter()
                .map(|(class, phones)| Member {
                    class,
                    phones,
                    by_signer: 0,
                    by_tvs: 0,
                    stranded: None,
                })
                .collect(),
            states: 0,
            by_recovery,
            moved: true,
            last: Looked {
                online: Err(Refusal::List),
                absent: Err(Refusal::List),
                signalling: true,
                answered: true,
            },
        };
        phones.spread();
        phones
    }

    /// What a step's beginning may do.
    pub(super) fn begin(&mut self, world: &World<'_>, step: &Step) {
        match &step.action {
            Action::UploadIdentity { purpose, nodes, .. } => match world.phone_part(purpose) {
                Some(PhonePart::CallManager) => {
                    let of = |name: &NodeName| nodes.contains(name);
                    self.each(of, |server| {
                        server.call_manager = server.call_manager.saturating_add(1)
                    });
                }
                Some(PhonePart::Tvs) => {
                    for name in nodes {
                        self.store_tvs(world, name);
                    }
                }
                Some(PhonePart::Capf) | None => {}
            },
            Action::RestartService { service, .. } => {
                if let Some(at) = &step.node {
                    self.restart(world, at, service);
                }
            }
            Action::UpdateTrustList {} => {
                let listed = self.servers.iter().map(|server| server.call_manager);
                self.trust_lists.push(listed.collect());
                self.moved = true;
            }
            Action::Person { .. }
            | Action::UploadTrust { .. }
            | Action::GenerateRequest { .. }
            | Action::AwaitCertificates { .. }
            | Action::ResetPhones { .. }
            | Action::Confirm { .. } => {}
        }
        self.spread();
    }

    /// What a finished step shows. `back`: every registered phone was reset and came back.
    pub(super) fn finish(&mut self, world: &World<'_>, step: &Step, back: bool) {
        match &step.action {
            Action::UploadIdentity { purpose, .. }
                if world.phone_part(purpose) == Some(PhonePart::Tvs)
                    && catalogue::restarts_itself(TVS, world.release) =>
            {
                // TVS changes reach the lists at once; claim PHONE-ITL-ON-START.
                self.each(|_| true, |server| keep_last(&mut server.offers));
            }
            Action::UpdateTrustList {} => {
                keep_last(&mut self.trust_lists);
                self.moved = true;
            }
            Action::Confirm { .. } => {
                if let Some(at) = &step.node {
                    self.confirm(world, at);
                }
            }
            _ => {}
        }
        if back {
            self.online.lists.clear();
            self.online.trust_lists.clear();
            self.moved = true;
        }
        self.spread();
    }

    fn each(&mut self, of: impl Fn(&NodeName) -> bool, change: impl Fn(&mut Server)) {
        for (name, server) in self.names.iter().zip(&mut self.servers) {
            if of(name) {
                change(server);
                self.moved = true;
            }
        }
    }

    fn store_tvs(&mut self, world: &World<'_>, at: &NodeName) {
        let Some(place) = self.names.iter().position(|name| *name == at) else {
            return;
        };
        self.moved = true;
        let by_itself = catalogue::restarts_itself(TVS, world.release);
        let Some(server) = self.servers.get_mut(place) else {
            return;
        };
        let stored = server.tvs.map_or(0, |turn| turn.saturating_add(1));
        server.tvs = Some(stored);
        server.tvs_in_flight = true;
        if !by_itself {
            return;
        }
        server.answers_with.push(stored);
        for server in &mut self.servers {
            if let Some(mut list) = server.offers.last().cloned() {
                if let Some(entry) = list.tvs.get_mut(place) {
                    *entry = Some(stored);
                }
                server.offers.push(list);
            }
        }
    }

    fn restart(&mut self, world: &World<'_>, at: &NodeName, service: &ServiceName) {
        let tvs: Vec<Option<Turn>> = self.servers.iter().map(|server| server.tvs).collect();
        let proxied = world.release.level() >= (14, 0, 1);
        let presents = match service.as_str() {
            CALL_MANAGER => true,
            HA_PROXY => proxied,
            _ => false,
        };
        let Some(place) = self.names.iter().position(|name| *name == at) else {
            return;
        };
        let Some(server) = self.servers.get_mut(place) else {
            return;
        };
        let stored = server.call_manager;
        match service.as_str() {
            TFTP => server.offers.push(List {
                call_manager: (place, stored),
                tvs,
            }),
            TVS => {
                server.answers_with.extend(server.tvs);
                server.tvs_restarts = true;
            }
            _ if presents => server.presents.push(stored),
            _ => return,
        }
        self.moved = true;
    }

    /// A confirmed node offers, answers and presents what it loaded last.
    fn confirm(&mut self, world: &World<'_>, at: &NodeName) {
        let Some(node) = world
            .nodes
            .get(at)
            .filter(|node| node.unconfirmed.is_empty())
        else {
            return;
        };
        let in_flight = node.unproved.contains(&Purpose::from(TVS_PURPOSE));
        self.each(
            |name| name == at,
            |server| {
                keep_last(&mut server.offers);
                keep_last(&mut server.presents);
                server.tvs_restarts = false;
                server.tvs_in_flight &= in_flight;
                if !server.tvs_in_flight {
                    keep_last(&mut server.answers_with);
                }
            },
        );
    }

    /// Whoever starts now may take what is offered now.
    fn spread(&mut self) {
        if !self.moved {
            return;
        }
        let offers = self.servers.iter().filter(|server| server.serves_files);
        for offer in offers.flat_map(|server| &server.offers) {
            for holding in [&mut self.online, &mut self.absent] {
                let held = |list: &List| {
                    let same = !self.by_recovery && list.call_manager != offer.call_manager;
                    !same && list.tvs == offer.tvs
                };
                // What is offered now is mostly what was met last.
                if !holding.lists.iter().rev().any(held) {
                    holding.lists.push(offer.clone());
                }
            }
        }
        for listed in &self.trust_lists {
            for holding in [&mut self.online, &mut self.absent] {
                if !holding.trust_lists.contains(listed) {
                    holding.trust_lists.push(listed.clone());
                }
            }
        }
    }
}

/// The purpose whose certificates phones ask by.
const TVS_PURPOSE: &str = "TVS";

fn keep_last<T>(all: &mut Vec<T>) {
    let former = all.len().saturating_sub(1);
    all.drain(..former);
}
