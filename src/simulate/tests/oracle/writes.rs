//! What the second model makes of uploads and requests.

use std::collections::BTreeSet;

use crate::model::*;
use crate::plan::{Condition, Step};

use super::super::scene::{ISSUING, PUBLISHER, ROOT, fingerprint, pem};
use super::{Device, Judge, stored};

impl Judge<'_> {
    pub(super) fn trust(&mut self, step: &Step, store: &Store, sha256: &Fingerprint, text: &str) {
        let at = step.node.clone().unwrap();
        let root = fingerprint(ROOT);
        let known = self.devices[&at]
            .trusts
            .contains(&(store.clone(), root.clone()));
        self.harm(step, *sha256 != root && !known, "its root is not there");
        let honest = [ROOT, ISSUING]
            .iter()
            .any(|name| fingerprint(name) == *sha256 && pem(name) == text);
        self.harm(step, !honest, "not the certificate that it says");
        let seen = |node: &NodeName| {
            step.after.iter().any(|it| {
                matches!(it, Condition::Trusts { node: on, sha256: of, store: into } if on == node && of == sha256 && into == store)
            })
        };
        self.harm(step, !seen(&at), "not read back");
        for (name, device) in &mut self.devices {
            if seen(name) {
                device.trusts.insert((store.clone(), sha256.clone()));
            }
        }
    }

    pub(super) fn request(&mut self, step: &Step, purpose: &Purpose, nodes: &BTreeSet<NodeName>) {
        for node in nodes {
            let waits = self.devices[node].requests.contains_key(purpose);
            self.harm(step, waits, "destroys a key");
            let guard = Condition::NoRequest {
                node: node.clone(),
                purpose: purpose.clone(),
            };
            self.harm(
                step,
                !step.before.contains(&guard),
                "a stranger's request is not noticed",
            );
            let made = Condition::RequestOf {
                node: node.clone(),
                purpose: purpose.clone(),
                step: step.id.clone(),
            };
            self.harm(step, !step.after.contains(&made), "not read back");
            let device = self.devices.get_mut(node).unwrap();
            device.requests.insert(purpose.clone(), step.id.clone());
        }
        self.made.insert(step.id.clone());
    }

    /// What is in flight must be of the same kind, and phones must be back from the last.
    pub(super) fn together(&mut self, step: &Step, purpose: &Purpose) {
        let group = |of: &Purpose| self.is_phones(of).then(|| of.plain());
        let open = self.devices.values().flat_map(|device| &device.fresh);
        let other = open
            .filter(|open| open.plain() != purpose.plain())
            .any(|open| group(open) != group(purpose));
        let waits = self
            .pending
            .as_ref()
            .is_some_and(|pending| *pending != purpose.plain());
        self.harm(step, other, "two kinds at once");
        self.harm(step, waits, "phones may not be back");
    }

    fn stores(&self, purpose: &Purpose, role: Role) -> Vec<&'static str> {
        let calls = role != Role::ImPresence;
        match purpose.plain().as_str() {
            "tomcat" if self.reuse && calls => vec!["tomcat-trust", "CallManager-trust"],
            "tomcat" => vec!["tomcat-trust"],
            "ipsec" => vec!["ipsec-trust"],
            "CAPF" if role == Role::Publisher => vec!["CAPF-trust", "CallManager-trust"],
            "CallManager" | "CAPF" if calls => vec!["CallManager-trust"],
            "TVS" if calls => vec!["TVS-trust"],
            "cup" if !calls => vec!["cup-trust"],
            "cup-xmpp" | "cup-xmpp-s2s" if !calls => vec!["cup-xmpp-trust"],
            _ => vec![],
        }
    }

    pub(super) fn upload(
        &mut self,
        step: &Step,
        purpose: &Purpose,
        request: &StepId,
        nodes: &BTreeSet<NodeName>,
    ) {
        self.harm(step, !self.received.contains(request), "no certificate yet");
        let chain = [fingerprint(ROOT), fingerprint(ISSUING)];
        let all = |device: &Device| {
            let stores = self.stores(purpose, device.role.unwrap());
            stores.iter().all(|store| {
                chain
                    .iter()
                    .all(|each| device.trusts.contains(&(Store::from(*store), each.clone())))
            })
        };
        let untrusted = !self.devices.values().all(all);
        self.harm(step, untrusted, "a node cannot verify it");
        let web = purpose.plain().as_str() == "tomcat";
        let sso = web && self.devices.values().any(|device| device.sso);
        self.harm(step, sso, "single sign-on is on");
        for node in nodes {
            let waits = self.devices[node].requests.get(purpose);
            self.harm(
                step,
                waits != Some(request),
                "another request waits, or none",
            );
            let (node_of, purpose_of, by) = (node.clone(), purpose.clone(), request.clone());
            let mut guards = vec![Condition::RequestOf {
                node: node_of,
                purpose: purpose_of,
                step: by,
            }];
            if web {
                guards.push(Condition::SsoDisabled { node: node.clone() });
            }
            if purpose.as_str() == "ipsec" {
                guards.push(Condition::BackupIdle {
                    node: PUBLISHER.into(),
                });
            }
            for store in self.stores(purpose, self.devices[node].role.unwrap()) {
                guards.extend(chain.iter().map(|sha256| Condition::Trusts {
                    node: node.clone(),
                    store: store.into(),
                    sha256: sha256.clone(),
                }));
            }
            let blind = !guards.iter().all(|guard| step.before.contains(guard));
            self.harm(step, blind, "a stranger's change is not noticed");
            let stored = stored(node, purpose, request);
            self.harm(step, !step.after.contains(&stored), "not read back");
            let device = self.devices.get_mut(node).unwrap();
            device.requests.remove(purpose);
            device.stored.insert(purpose.clone(), request.clone());
            device.uploads.insert(purpose.clone(), step.id.clone());
            device.fresh.insert(purpose.clone());
            device.restarted.clear();
            device.since.insert(purpose.clone(), BTreeSet::new());
            self.handsets.store(node, purpose, self.reuse);
        }
        if self.is_phones(purpose) {
            self.pending = Some(purpose.plain());
            self.resets.clear();
            for device in self.devices.values_mut() {
                device.restarted.clear();
            }
            if self.mixed && purpose.as_str() != "TVS" && !purpose.is_ecdsa() {
                self.unlisted.insert(request.clone());
            }
        }
    }
}
