//! A second, much simpler model of the devices. It decides which plans do harm, and shares nothing with
//! the proof that it judges.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::*;
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::scene::{ISSUING, PUBLISHER, ROOT, Scene, fingerprint, pem};

#[derive(Default)]
struct Device {
    trusts: BTreeSet<Fingerprint>,
    requests: BTreeMap<Purpose, StepId>,
    stored: BTreeMap<Purpose, StepId>,
    /// What is stored and nobody saw in service.
    fresh: BTreeSet<Purpose>,
    restarted: BTreeSet<ServiceName>,
    open: bool,
    sso: bool,
}

struct Judge<'a> {
    cluster: &'a ClusterState,
    plan: &'a ClusterPlan,
    devices: BTreeMap<NodeName, Device>,
    made: BTreeSet<StepId>,
    received: BTreeSet<StepId>,
    harms: Vec<String>,
}

/// What goes wrong when somebody carries these steps out one after the other.
pub(super) fn harms(scene: &Scene, plan: &ClusterPlan) -> Vec<String> {
    let cluster = &scene.observation.clusters[&ClusterName::from("hq")];
    let devices = cluster.nodes.iter().map(|(name, node)| {
        let store = node.trust[&Store::from("tomcat-trust")].present().unwrap();
        let device = Device {
            trusts: store.iter().map(|entry| entry.sha256.clone()).collect(),
            sso: node.sso == Observed::Present(SsoState::Enabled),
            ..Device::default()
        };
        (name.clone(), device)
    });
    let mut judge = Judge {
        cluster,
        plan,
        devices: devices.collect(),
        made: BTreeSet::new(),
        received: BTreeSet::new(),
        harms: Vec::new(),
    };
    for step in &plan.steps {
        judge.step(step);
    }
    for (name, device) in &judge.devices {
        let sso = cluster.nodes[name].sso == Observed::Present(SsoState::Enabled);
        for (wrong, what) in [
            (!device.fresh.is_empty(), "stored, never proved"),
            (device.open, "restarted, never confirmed"),
            (!device.requests.is_empty(), "a request is left behind"),
            (device.sso != sso, "single sign-on is not as it was"),
        ] {
            if wrong {
                judge.harms.push(format!("end: {name}: {what}"));
            }
        }
    }
    judge.harms
}

impl Judge<'_> {
    fn harm(&mut self, step: &Step, harmful: bool, what: &str) {
        if harmful {
            self.harms.push(format!("{}: {what}", step.id));
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.action {
            Action::UploadTrust { sha256, pem, .. } => self.trust(step, sha256, pem),
            Action::GenerateRequest { purpose, nodes, .. } => self.request(step, purpose, nodes),
            Action::AwaitCertificates {
                requests, terms, ..
            } => {
                let unmade = requests.iter().any(|request| !self.made.contains(request));
                self.harm(step, unmade, "nothing was asked for yet");
                let other = terms.chain != [fingerprint(ROOT), fingerprint(ISSUING)];
                self.harm(step, other, "another chain than the issuer's");
                self.received.extend(requests.iter().cloned());
            }
            Action::UploadIdentity {
                purpose,
                request,
                nodes,
            } => {
                self.upload(step, purpose, request, nodes);
            }
            Action::RestartService { service, .. } => self.restart(step, service),
            Action::Confirm { .. } => self.confirm(step),
            Action::Person { .. } => self.person(step),
            Action::UpdateTrustList {} | Action::ResetPhones { .. } => {}
        }
    }

    fn trust(&mut self, step: &Step, sha256: &Fingerprint, text: &str) {
        let at = step.node.clone().unwrap();
        let root = fingerprint(ROOT);
        let orphan = *sha256 != root && !self.devices[&at].trusts.contains(&root);
        self.harm(step, orphan, "its root is not there");
        let honest = [ROOT, ISSUING]
            .iter()
            .any(|name| fingerprint(name) == *sha256 && pem(name) == text);
        self.harm(step, !honest, "not the certificate that it says");
        let seen = |node: &NodeName| {
            step.after.iter().any(|it| {
                matches!(it, Condition::Trusts { node: on, sha256: of, .. } if on == node && of == sha256)
            })
        };
        self.harm(step, !seen(&at), "not read back");
        for (name, device) in &mut self.devices {
            if seen(name) {
                device.trusts.insert(sha256.clone());
            }
        }
    }

    fn request(&mut self, step: &Step, purpose: &Purpose, nodes: &BTreeSet<NodeName>) {
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

    fn upload(
        &mut self,
        step: &Step,
        purpose: &Purpose,
        request: &StepId,
        nodes: &BTreeSet<NodeName>,
    ) {
        self.harm(step, !self.received.contains(request), "no certificate yet");
        let chain = [fingerprint(ROOT), fingerprint(ISSUING)];
        let all = |device: &Device| chain.iter().all(|each| device.trusts.contains(each));
        let untrusted = !self.devices.values().all(all);
        self.harm(step, untrusted, "a node cannot verify it");
        let sso = self.devices.values().any(|device| device.sso);
        self.harm(step, sso, "single sign-on is on");
        let mut devices = self.devices.values();
        let other = devices.any(|device| device.fresh.iter().any(|open| open != purpose));
        self.harm(step, other, "two purposes at once");
        for node in nodes {
            let waits = self.devices[node].requests.get(purpose);
            self.harm(
                step,
                waits != Some(request),
                "another request waits, or none",
            );
            let (node_of, purpose_of, by) = (node.clone(), purpose.clone(), request.clone());
            let mut guards = vec![
                Condition::RequestOf {
                    node: node_of,
                    purpose: purpose_of,
                    step: by,
                },
                Condition::SsoDisabled { node: node.clone() },
            ];
            guards.extend(chain.iter().map(|sha256| Condition::Trusts {
                node: node.clone(),
                store: "tomcat-trust".into(),
                sha256: sha256.clone(),
            }));
            let blind = !guards.iter().all(|guard| step.before.contains(guard));
            self.harm(step, blind, "a stranger's change is not noticed");
            let stored = stored(node, purpose, request);
            self.harm(step, !step.after.contains(&stored), "not read back");
            let device = self.devices.get_mut(node).unwrap();
            device.requests.remove(purpose);
            device.stored.insert(purpose.clone(), request.clone());
            device.fresh.insert(purpose.clone());
            device.restarted.clear();
        }
    }

    fn restart(&mut self, step: &Step, service: &ServiceName) {
        let at = step.node.clone().unwrap();
        let others = self
            .devices
            .iter()
            .any(|(name, device)| *name != at && device.open);
        self.harm(step, others, "two nodes down");
        let device = &self.devices[&at];
        let fresh = device.fresh.clone();
        let again = device.restarted.contains(service);
        self.harm(step, fresh.is_empty() || again, "for nothing");
        let publisher = NodeName::from(PUBLISHER);
        for purpose in &fresh {
            let changes = self.plan.steps.iter().any(|other| {
                matches!(&other.action, Action::UploadIdentity { purpose: of, nodes, .. }
                    if of == purpose && nodes.contains(&publisher))
            });
            let leader = &self.devices[&publisher];
            let led = leader.stored.contains_key(purpose)
                && !leader.fresh.contains(purpose)
                && !leader.open;
            self.harm(
                step,
                at != publisher && changes && !led,
                "before the publisher",
            );
            let guard = self.devices[&at].stored.get(purpose);
            let guard = guard.map(|request| stored(&at, purpose, request));
            let blind = !guard.is_some_and(|guard| step.before.contains(&guard));
            self.harm(step, blind, "another certificate is not noticed");
        }
        let idle = Condition::BackupIdle { node: publisher };
        let drf = service.as_str().contains("DRF");
        self.harm(step, drf && !step.before.contains(&idle), "breaks a backup");
        let runs = Condition::Runs {
            node: at.clone(),
            service: service.clone(),
        };
        self.harm(step, !step.after.contains(&runs), "not read back");
        let device = self.devices.get_mut(&at).unwrap();
        device.open = true;
        device.restarted.insert(service.clone());
    }

    fn confirm(&mut self, step: &Step) {
        let Some(at) = &step.node else { return };
        if !self.devices[at].open {
            return;
        }
        let services = self.cluster.nodes[at].services.present().unwrap();
        let healthy = step.after.iter().any(|it| {
            matches!(it, Condition::Healthy { node, services: asked }
                if node == at && services.keys().all(|service| asked.contains(service)))
        });
        self.harm(step, !healthy, "a service may be down");
        let device = &self.devices[at];
        let unseen: Vec<Purpose> = device
            .fresh
            .iter()
            .filter(|purpose| !self.seen(step, at, purpose))
            .cloned()
            .collect();
        self.harm(
            step,
            !unseen.is_empty(),
            "a port may serve the old certificate",
        );
        let device = self.devices.get_mut(at).unwrap();
        device.fresh.retain(|purpose| unseen.contains(purpose));
        device.open = !healthy;
    }

    /// Whether every port of a purpose was restarted and is asked for the new certificate.
    fn seen(&self, step: &Step, at: &NodeName, purpose: &Purpose) -> bool {
        let (device, node) = (&self.devices[at], &self.cluster.nodes[at]);
        let old = node.identities[purpose].present().unwrap();
        let ports = node
            .served
            .iter()
            .filter(|(_, chain)| chain.present().unwrap().leaf == *old);
        ports.map(|(listener, _)| listener).all(|listener| {
            let service = if listener.port == Port::Tftp {
                "Cisco Tftp"
            } else {
                "Cisco Tomcat"
            };
            let asked = step.after.contains(&Condition::Serves {
                node: at.clone(),
                listener: *listener,
                step: device.stored[purpose].clone(),
            });
            asked && device.restarted.contains(&ServiceName::from(service))
        })
    }

    fn person(&mut self, step: &Step) {
        for condition in &step.after {
            match condition {
                Condition::SsoDisabled { node } => self.devices.get_mut(node).unwrap().sso = false,
                Condition::SsoEnabled { node } => {
                    let mut devices = self.devices.values();
                    let early = devices.any(|device| device.open || !device.fresh.is_empty());
                    self.harm(step, early, "single sign-on with old metadata");
                    self.devices.get_mut(node).unwrap().sso = true;
                }
                _ => {}
            }
        }
    }
}

fn stored(node: &NodeName, purpose: &Purpose, request: &StepId) -> Condition {
    Condition::IdentityOf {
        node: node.clone(),
        purpose: purpose.clone(),
        step: request.clone(),
    }
}
