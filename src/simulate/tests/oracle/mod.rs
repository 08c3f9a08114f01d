//! A second, much simpler model of the devices. It decides which plans do harm, and shares nothing with
//! the proof that it judges.

mod writes;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::*;
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::build::loader;
use super::handsets::Handsets;
use super::scene::{ISSUING, PUBLISHER, ROOT, Scene, fingerprint};
use super::site::{AWAY, registered};

#[derive(Default)]
pub(super) struct Device {
    pub(super) role: Option<Role>,
    trusts: BTreeSet<(Store, Fingerprint)>,
    requests: BTreeMap<Purpose, StepId>,
    stored: BTreeMap<Purpose, StepId>,
    uploads: BTreeMap<Purpose, StepId>,
    /// What is stored and nobody saw in service.
    pub(super) fresh: BTreeSet<Purpose>,
    restarted: BTreeSet<ServiceName>,
    /// What restarted since each purpose was stored.
    since: BTreeMap<Purpose, BTreeSet<ServiceName>>,
    pub(super) open: bool,
    sso: bool,
}

struct Judge<'a> {
    cluster: &'a ClusterState,
    plan: &'a ClusterPlan,
    devices: BTreeMap<NodeName, Device>,
    made: BTreeSet<StepId>,
    received: BTreeSet<StepId>,
    mixed: bool,
    reuse: bool,
    /// What phones hold and were not reset and seen back for.
    pending: Option<Purpose>,
    unlisted: BTreeSet<StepId>,
    resets: BTreeMap<String, StepId>,
    handsets: Handsets,
    harms: Vec<String>,
}

/// What goes wrong when somebody carries these steps out one after the other.
pub(super) fn harms(scene: &Scene, plan: &ClusterPlan) -> Vec<String> {
    let cluster = &scene.observation.clusters[&ClusterName::from("hq")];
    let devices: BTreeMap<NodeName, Device> = cluster
        .nodes
        .iter()
        .map(|(name, node)| {
            let stores = node.trust.iter().flat_map(|(store, held)| {
                let held = held.present().unwrap().iter();
                held.map(|entry| (store.clone(), entry.sha256.clone()))
            });
            let device = Device {
                role: Some(node.role),
                trusts: stores.collect(),
                sso: node.sso == Observed::Present(SsoState::Enabled),
                ..Device::default()
            };
            (name.clone(), device)
        })
        .collect();
    let reuse = cluster.nodes.values().any(|node| {
        let sip = Listener {
            port: Port::Sip,
            key: KeyAlgorithm::Rsa,
        };
        let leaf = node
            .served
            .get(&sip)
            .and_then(Observed::present)
            .map(|chain| chain.leaf.clone());
        leaf.is_some() && leaf.as_ref() == node.identities[&"tomcat".into()].present()
    });
    let mut judge = Judge {
        cluster,
        plan,
        handsets: Handsets::new(&devices, !scene.is_old()),
        devices,
        made: BTreeSet::new(),
        received: BTreeSet::new(),
        mixed: cluster.security == Observed::Present(SecurityMode::Mixed),
        reuse,
        pending: None,
        unlisted: BTreeSet::new(),
        resets: BTreeMap::new(),
        harms: Vec::new(),
    };
    judge.baseline();
    for step in &plan.steps {
        judge.step(step);
        let found = judge.handsets.harm(&judge.devices);
        judge.harm(step, found.is_some(), found.unwrap_or_default());
    }
    judge.end();
    judge.harms
}

impl Judge<'_> {
    fn harm(&mut self, step: &Step, harmful: bool, what: &str) {
        if harmful {
            self.harms.push(format!("{}: {what}", step.id));
        }
    }

    fn end(&mut self) {
        for (name, device) in &self.devices {
            let sso = self.cluster.nodes[name].sso == Observed::Present(SsoState::Enabled);
            for (wrong, what) in [
                (!device.fresh.is_empty(), "stored, never proved"),
                (device.open, "restarted, never confirmed"),
                (!device.requests.is_empty(), "a request is left behind"),
                (device.sso != sso, "single sign-on is not as it was"),
            ] {
                if wrong {
                    self.harms.push(format!("end: {name}: {what}"));
                }
            }
        }
        if self.pending.is_some() {
            self.harms.push("end: phones may not be back".to_owned());
        }
    }

    fn is_phones(&self, purpose: &Purpose) -> bool {
        matches!(purpose.plain().as_str(), "CallManager" | "CAPF" | "TVS")
            || (self.reuse && purpose.as_str() == "tomcat")
    }

    fn baseline(&mut self) {
        let uploads = self
            .plan
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::UploadIdentity { purpose, .. } => Some(purpose.clone()),
                _ => None,
            });
        let phones: Vec<Purpose> = uploads.filter(|purpose| self.is_phones(purpose)).collect();
        let answered = self.plan.phones.clone().unwrap_or_default();
        let lists = phones.iter().any(|purpose| purpose.as_str() != "CAPF");
        if lists && !answered.waived.contains_key(AWAY) {
            self.harms
                .push("start: a phone is stranded when it returns".to_owned());
        }
        if !phones.is_empty() && answered.registered != registered() {
            self.harms
                .push("start: nobody waits for some phones".to_owned());
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.action {
            Action::UploadTrust {
                sha256, pem, store, ..
            } => self.trust(step, store, sha256, pem),
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
                self.together(step, purpose);
                self.upload(step, purpose, request, nodes);
            }
            Action::RestartService { service, .. } => self.restart(step, service),
            Action::Confirm { .. } => self.confirm(step),
            Action::Person { .. } => self.person(step),
            Action::UpdateTrustList {} => {
                let seen = step.after.iter().filter_map(|it| match it {
                    Condition::TrustListHolds { step } => Some(step),
                    _ => None,
                });
                for request in seen {
                    self.unlisted.remove(request);
                }
            }
            Action::ResetPhones { pool } => self.reset(step, pool),
        }
    }

    fn restart(&mut self, step: &Step, service: &ServiceName) {
        let at = step.node.clone().unwrap();
        let others = self
            .devices
            .iter()
            .any(|(name, device)| *name != at && device.open);
        self.harm(step, others, "two nodes down");
        self.harm(
            step,
            !self.unlisted.is_empty(),
            "phones do not have it in their trust list",
        );
        let device = &self.devices[&at];
        let fresh = device.fresh.clone();
        let again = device.restarted.contains(service);
        let useless = fresh.is_empty() && self.pending.is_none();
        self.harm(step, useless || again, "for nothing");
        let publisher = NodeName::from(PUBLISHER);
        for purpose in &fresh {
            let changes = self.plan.steps.iter().any(|other| {
                matches!(&other.action, Action::UploadIdentity { purpose: of, nodes, .. } if of == purpose && nodes.contains(&publisher))
            });
            let first = &self.devices[&publisher];
            let done = first.stored.contains_key(purpose) && !first.fresh.contains(purpose);
            self.harm(
                step,
                at != publisher && changes && !done,
                "before the publisher",
            );
            let guard = stored(&at, purpose, &self.devices[&at].stored[purpose]);
            self.harm(
                step,
                !step.before.contains(&guard),
                "another certificate is not noticed",
            );
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
        for since in device.since.values_mut() {
            since.insert(service.clone());
        }
        self.resets.clear();
        self.handsets.restart(&at, service);
    }

    fn confirm(&mut self, step: &Step) {
        if let Some(at) = &step.node {
            self.confirm_node(step, at);
        }
        let quiet = self
            .devices
            .values()
            .all(|device| !device.open && device.fresh.is_empty());
        let all = registered()
            .keys()
            .all(|pool| self.resets.contains_key(pool));
        let back = step.after.iter().any(|it| {
            matches!(it, Condition::PhonesBack { resets, polls }
                if *polls > 0 && self.resets.values().all(|id| resets.contains(id)))
        });
        if self.pending.is_some() && quiet && all && back {
            self.pending = None;
            self.handsets.back();
        }
    }

    fn reset(&mut self, step: &Step, pool: &str) {
        let open = self
            .devices
            .values()
            .any(|device| device.open || !device.fresh.is_empty());
        self.harm(step, open, "phones come back with old lists");
        self.harm(step, self.pending.is_none(), "phones are reset for nothing");
        let seen = Condition::PhonesReset {
            pool: pool.to_owned(),
            step: step.id.clone(),
        };
        self.harm(step, !step.after.contains(&seen), "not read back");
        self.resets.insert(pool.to_owned(), step.id.clone());
    }

    fn confirm_node(&mut self, step: &Step, at: &NodeName) {
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
        let ports: Vec<&Listener> = node
            .served
            .iter()
            .filter(|(_, chain)| chain.present().unwrap().leaf == *old)
            .map(|(listener, _)| listener)
            .collect();
        let since = Condition::StartedSince {
            node: at.clone(),
            service: loader(purpose.as_str()).into(),
            step: device.uploads[purpose].clone(),
        };
        let loaded = device.since[purpose].contains(&loader(purpose.as_str()).into());
        if ports.is_empty() {
            return step.after.contains(&since) && (loaded || self.starts_itself(at, purpose));
        }
        ports.into_iter().all(|listener| {
            let service = match (listener.port, device.role) {
                (Port::Tftp, _) => "Cisco Tftp",
                (Port::Sip, Some(Role::ImPresence)) => "Cisco SIP Proxy",
                (Port::Sip, _) => "Cisco CallManager",
                (Port::Tvs, _) => "Cisco Trust Verification Service",
                (Port::Xmpp, _) => "Cisco XCP Router",
                _ => "Cisco Tomcat",
            };
            let asked = step.after.contains(&Condition::Serves {
                node: at.clone(),
                listener: *listener,
                step: device.stored[purpose].clone(),
            });
            let fresh = device.since[purpose].contains(&ServiceName::from(service));
            asked && (fresh || self.starts_itself(at, purpose))
        })
    }

    fn starts_itself(&self, at: &NodeName, purpose: &Purpose) -> bool {
        let release = self.cluster.nodes[at].release.present().unwrap();
        let own = matches!(purpose.as_str(), "TVS" | "CAPF") && release.level() >= (14, 0, 0);
        let router = purpose.as_str() == "cup-xmpp-s2s"
            && self.devices[at].since[purpose].contains(&"Cisco XCP Router".into());
        own || router
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
