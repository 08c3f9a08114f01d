//! The phones of the second model: which TVS certificates their lists may name, and whether one of those still answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{NodeName, Purpose, Role, ServiceName};

use super::oracle::Device;

/// The TVS certificates of a list, by node: how often each had changed when the list was made.
type Named = BTreeMap<NodeName, u32>;

pub(super) struct Handsets {
    /// Whether lists name a new TVS certificate as soon as it is stored: from release 14 on.
    at_once: bool,
    /// How often TVS and CallManager changed on each node.
    tvs: Named,
    signer: Named,
    /// What each file server offers: TVS certificates, and how often its own signer had changed.
    offered: BTreeMap<NodeName, (Named, u32)>,
    /// Every list that some phone may hold.
    held: BTreeSet<Named>,
}

impl Handsets {
    pub(super) fn new(devices: &BTreeMap<NodeName, Device>, at_once: bool) -> Self {
        let calls = devices
            .iter()
            .filter(|(_, device)| device.role != Some(Role::ImPresence));
        let none: Named = calls.map(|(name, _)| (name.clone(), 0)).collect();
        Self {
            at_once,
            offered: none
                .keys()
                .map(|name| (name.clone(), (none.clone(), 0)))
                .collect(),
            held: [none.clone()].into(),
            signer: none.clone(),
            tvs: none,
        }
    }

    pub(super) fn store(&mut self, node: &NodeName, purpose: &Purpose, reuse: bool) {
        let counted = match purpose.plain().as_str() {
            "TVS" => &mut self.tvs,
            "CallManager" => &mut self.signer,
            "tomcat" if reuse => &mut self.signer,
            _ => return,
        };
        *counted.entry(node.clone()).or_default() += 1;
        if purpose.as_str() == "TVS" && self.at_once {
            for (named, _) in self.offered.values_mut() {
                named.insert(node.clone(), self.tvs[node]);
                self.held.insert(named.clone());
            }
        }
    }

    pub(super) fn restart(&mut self, node: &NodeName, service: &ServiceName) {
        if service.as_str() == "Cisco Tftp" && self.offered.contains_key(node) {
            let list = (self.tvs.clone(), self.signer[node]);
            self.held.insert(list.0.clone());
            self.offered.insert(node.clone(), list);
        }
    }

    pub(super) fn back(&mut self) {
        self.held = self
            .offered
            .values()
            .map(|(named, _)| named.clone())
            .collect();
    }

    /// What phones lose in this state.
    pub(super) fn harm(&self, devices: &BTreeMap<NodeName, Device>) -> Option<&'static str> {
        let changes = |name: &NodeName| devices[name].fresh.contains(&"TVS".into());
        let answers = |named: &Named| {
            let nodes = self.tvs.iter();
            let mut same = nodes.filter(|(name, turn)| named.get(*name) == Some(*turn));
            same.any(|(name, _)| !changes(name))
        };
        let all = self.held.iter().all(answers);
        let one = self.tvs.len() == 1;
        let some = self.tvs.keys().any(changes);
        if some && !one && !all {
            return Some("no TVS that phones know answers");
        }
        let unsigned = self
            .offered
            .iter()
            .any(|(name, (named, signer))| *signer != self.signer[name] && !answers(named));
        (unsigned && some).then_some("phones refuse their configuration")
    }
}
