//! The cluster: a state machine with faults, which keeps its own list of what really happened to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::truth::{Truth, listener, running, tomcat};
use super::{MemoryTime, held, node};
use crate::clock::Clock as _;
use crate::driver::{Actuate, BoxFuture, FactGroup, Observe, Scope, Write, WriteError};
use crate::model::{
    ClusterState, Fingerprint, KeyAlgorithm, NodeName, NodeState, Observed, PhoneCensus, Product,
    Replication, Role, ServedChain, SsoState, Store,
};

/// What goes wrong with one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Fault {
    NotSent,
    ActThenSilence,
    SilenceWithoutAct,
    Refuse,
    ActThenRefuse,
    AcceptWithoutAct,
    /// No answer, and the device acts only later.
    Late,
    Unauthorized,
    NotTrusted,
}

pub(in super::super) struct MemoryCluster {
    pub(in super::super) time: Arc<MemoryTime>,
    truth: Mutex<Truth>,
}

impl MemoryCluster {
    /// Two nodes that serve a certificate of their own making.
    pub(in super::super) fn new(time: Arc<MemoryTime>) -> Self {
        let mut state = ClusterState::unasked(Product::Cucm);
        let mut since = BTreeMap::new();
        let mut pins = BTreeMap::new();
        for (name, role) in [("pub", Role::Publisher), ("sub", Role::Subscriber)] {
            let name = node(name);
            let leaf = Fingerprint::of(name.as_str().as_bytes());
            pins.insert(name.clone(), [leaf.clone()].into());
            let mut seen = NodeState::unasked(role);
            seen.inventory = Observed::Present(());
            seen.identities
                .insert(tomcat(), Observed::Present(leaf.clone()));
            seen.pending.insert(tomcat(), Observed::Absent);
            seen.trust
                .insert(Store::from("tomcat-trust"), Observed::Present(Vec::new()));
            seen.served.insert(
                listener(),
                Observed::Present(ServedChain {
                    leaf,
                    rest: Vec::new(),
                }),
            );
            seen.sso = Observed::Present(SsoState::Disabled);
            seen.clock_skew_seconds = Observed::Present(0);
            state.nodes.insert(name.clone(), seen);
            for service in ["Cisco Tomcat", "Cisco DRF Local"] {
                since.insert(
                    (name.clone(), service.into()),
                    "2026-05-01T00:00:00Z".parse().unwrap(),
                );
            }
        }
        let good = Replication {
            state: Some(2),
            words: "Setup Completed".to_owned(),
        };
        state.replication = Observed::Present(
            state
                .nodes
                .keys()
                .map(|name| (name.clone(), good.clone()))
                .collect(),
        );
        state.phones = Observed::Present(PhoneCensus {
            counted: [(node("pub"), 10)].into(),
            registered: BTreeMap::new(),
            configured: Observed::default(),
        });
        let truth = Truth::new(state, since, pins);
        Self {
            time,
            truth: Mutex::new(truth),
        }
    }

    pub(in super::super) fn truth(&self) -> std::sync::MutexGuard<'_, Truth> {
        held(&self.truth)
    }

    /// What a look at everything shows now.
    pub(in super::super) fn seen(&self) -> ClusterState {
        self.show(&Scope::everything())
    }

    fn show(&self, scope: &Scope) -> ClusterState {
        let mut truth = self.truth();
        let now = self.time.now();
        if let Some((_, at, write)) = truth.late.take_if(|(when, ..)| *when <= now) {
            truth.act(&at, &write, now);
        }
        let asked = |group| scope.groups.contains(&group);
        let mut state = truth.state.clone();
        for (name, seen) in &mut state.nodes {
            let inside = scope
                .nodes
                .as_ref()
                .is_none_or(|nodes| nodes.contains(name));
            let blank = NodeState::unasked(seen.role);
            let since = |service: &str| truth.since[&(name.clone(), service.into())];
            let dark = since("Cisco Tomcat") > now;
            if !inside || dark || !asked(FactGroup::Certificates) {
                seen.identities = blank.identities;
                seen.pending = blank.pending;
                seen.trust = blank.trust;
                seen.inventory = blank.inventory;
            }
            if !inside || dark || !asked(FactGroup::Served) {
                seen.served
                    .values_mut()
                    .for_each(|served| *served = Observed::default());
            }
            if !inside || !asked(FactGroup::Platform) {
                seen.sso = blank.sso;
                seen.clock_skew_seconds = blank.clock_skew_seconds;
            }
            if inside && !dark && asked(FactGroup::Services) {
                let own = truth.since.iter().filter(|((node, _), _)| node == name);
                let states = own
                    .map(|((_, service), since)| (service.clone(), running(&truth, *since, now)));
                seen.services = Observed::Present(states.collect());
            }
        }
        if !asked(FactGroup::Platform) {
            state.replication = Observed::default();
        }
        if !asked(FactGroup::TrustList) {
            state.ctl = Observed::default();
        }
        state.phones = truth.census(now);
        if !asked(FactGroup::Phones) || !scope.includes(&node("pub")) {
            state.phones = Observed::default();
        } else {
            truth.looks += 1;
            if truth.flaps && truth.looks.is_multiple_of(2) {
                state.phones = Observed::Absent;
            }
        }
        state
    }
}

impl Observe for MemoryCluster {
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
        Box::pin(std::future::ready(self.show(scope)))
    }
}

impl Actuate for MemoryCluster {
    fn perform<'a>(
        &'a self,
        node: &'a NodeName,
        write: &'a Write,
    ) -> BoxFuture<'a, Result<(), WriteError>> {
        let mut truth = self.truth();
        let this = truth.sent;
        truth.sent += 1;
        let always = truth
            .restarts
            .filter(|_| matches!(write, Write::RestartService { .. }));
        let fault = truth.faults.remove(&this).or(always);
        if matches!(
            fault,
            None | Some(Fault::ActThenSilence | Fault::ActThenRefuse)
        ) {
            truth.act(node, write, self.time.now());
        }
        if let Some((_, meddle)) = truth.meddling.take_if(|(after, _)| *after == this + 1) {
            meddle(&mut truth.state);
        }
        if fault == Some(Fault::Late) {
            let when = self.time.now() + Duration::from_mins(1);
            truth.late = Some((when, node.clone(), write.clone()));
        }
        let text = |words: &str| format!("{node}: {words}");
        let answer = match fault {
            None | Some(Fault::AcceptWithoutAct) => Ok(()),
            Some(Fault::NotSent) => Err(WriteError::NotSent(text("no connection"))),
            Some(Fault::ActThenSilence | Fault::SilenceWithoutAct | Fault::Late) => {
                Err(WriteError::Unknown(text("no answer")))
            }
            Some(Fault::Refuse | Fault::ActThenRefuse) => {
                Err(WriteError::Refused(text("internal error")))
            }
            Some(Fault::Unauthorized) => Err(WriteError::Unauthorized(text("401"))),
            Some(Fault::NotTrusted) => Err(WriteError::NotTrusted(text("another certificate"))),
        };
        Box::pin(std::future::ready(answer))
    }

    fn expect_leaf(
        &self,
        node: &NodeName,
        key: KeyAlgorithm,
        leaf: &Fingerprint,
    ) -> Result<(), String> {
        assert_eq!(key, KeyAlgorithm::Rsa, "the kind of key that tomcat holds");
        self.truth()
            .pins
            .entry(node.clone())
            .or_default()
            .insert(leaf.clone());
        Ok(())
    }

    fn settle_leaf(&self, node: &NodeName, leaf: &Fingerprint) -> Result<(), String> {
        self.truth()
            .pins
            .insert(node.clone(), [leaf.clone()].into());
        Ok(())
    }
}
