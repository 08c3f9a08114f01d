//! Good plans, built by hand from what a plan of several purposes has to look like.

mod passes;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::model::*;
use crate::plan::*;

use super::scene::{ISSUING, PRESENCE, PUBLISHER, ROOT, Setting, fingerprint, now, pem};

use super::site::{AWAY, held_by, registered};

/// Where a purpose's chain must be, as `(store, entry nodes, nodes that are read back)`.
type Entry = (&'static str, Vec<NodeName>, Vec<NodeName>);

pub(super) struct Builder {
    setting: Setting,
    nodes: Vec<(NodeName, Role)>,
    steps: Vec<Step>,
    /// The request of each purpose and node.
    requests: BTreeMap<(&'static str, NodeName), StepId>,
    uploads: BTreeMap<(&'static str, NodeName), StepId>,
    served: BTreeMap<NodeName, BTreeMap<Listener, &'static str>>,
    services: BTreeMap<NodeName, BTreeSet<ServiceName>>,
}

/// The good plan of a setting.
pub(super) fn built(setting: &Setting) -> Plan {
    let mut scene = setting.scene();
    let mut builder = Builder::of(setting, scene.cluster());
    builder.prepare();
    builder.request();
    builder.sso(false);
    for pass in builder.passes() {
        builder.pass(&pass);
    }
    builder.verify();
    builder.sso(true);
    let phones = builder.has_phones().then(|| PhoneBaseline {
        registered: registered(),
        waived: [(AWAY.to_owned(), "in the cellar".to_owned())].into(),
    });
    let cluster = ClusterPlan {
        product: setting.product(),
        release: setting.release(),
        nodes: builder.nodes.iter().map(|(name, _)| name.clone()).collect(),
        steps: builder.steps,
        edges: vec![],
        basis: BTreeMap::new(),
        phones,
        findings: vec![],
        reminders: vec![],
    };
    Plan {
        format: PLAN_FORMAT,
        made: now(),
        valid_until: now(),
        clusters: [("hq".into(), cluster)].into(),
        links: vec![],
    }
}

fn part(purpose: &str) -> &str {
    purpose.trim_end_matches("-ECDSA")
}

/// The service whose start proves a purpose where no port does.
pub(super) fn loader(purpose: &str) -> &'static str {
    match part(purpose) {
        "ipsec" => "Cisco DRF Local",
        "CAPF" => "Cisco Certificate Authority Proxy Function",
        "CallManager" => "Cisco CallManager",
        "TVS" => "Cisco Trust Verification Service",
        "cup" => "Cisco SIP Proxy",
        "cup-xmpp" => "Cisco XCP Router",
        "cup-xmpp-s2s" => "Cisco XCP XMPP Federation Connection Manager",
        _ => "Cisco Tomcat",
    }
}

impl Builder {
    fn of(setting: &Setting, cluster: &ClusterState) -> Self {
        let due = setting.due();
        let mut served = BTreeMap::new();
        let mut services = BTreeMap::new();
        for (name, node) in &cluster.nodes {
            let mut own = BTreeMap::new();
            for (listener, chain) in &node.served {
                let leaf = Observed::Present(chain.present().unwrap().leaf.clone());
                let of = due
                    .iter()
                    .find(|of| node.identities.get(&Purpose::from(**of)) == Some(&leaf));
                own.extend(of.map(|of| (*listener, *of)));
            }
            served.insert(name.clone(), own);
            let runs = node.services.present().unwrap().keys().cloned();
            services.insert(name.clone(), runs.collect());
        }
        Self {
            setting: *setting,
            nodes: setting
                .nodes()
                .iter()
                .map(|(name, role)| (NodeName::new(name), *role))
                .collect(),
            steps: vec![],
            requests: BTreeMap::new(),
            uploads: BTreeMap::new(),
            served,
            services,
        }
    }

    fn is_phones(&self, purpose: &str) -> bool {
        matches!(part(purpose), "CallManager" | "CAPF" | "TVS")
            || (self.setting.reuse && purpose == "tomcat")
    }

    fn has_phones(&self) -> bool {
        self.setting
            .due()
            .iter()
            .any(|purpose| self.is_phones(purpose))
    }

    fn holders(&self, purpose: &str) -> Vec<NodeName> {
        let holds = |role: Role| part(purpose) == "tomcat" || held_by(role).contains(&purpose);
        let nodes = self.nodes.iter().filter(|(_, role)| holds(*role));
        nodes.map(|(name, _)| name.clone()).collect()
    }

    fn of_role(&self, presence: bool) -> Vec<NodeName> {
        let nodes = self.nodes.iter();
        let nodes = nodes.filter(|(_, role)| (*role == Role::ImPresence) == presence);
        nodes.map(|(name, _)| name.clone()).collect()
    }

    fn entries(&self, purpose: &str) -> Vec<Entry> {
        let publisher = vec![NodeName::from(PUBLISHER)];
        let calls = self.of_role(false);
        let everyone: Vec<_> = self.nodes.iter().map(|(name, _)| name.clone()).collect();
        let presence = vec![NodeName::from(PRESENCE)];
        let mut entries = match part(purpose) {
            "tomcat" if self.setting.unity => vec![("tomcat-trust", everyone.clone(), everyone)],
            "tomcat" if self.setting.release.starts_with("12") => {
                let parts = [
                    ("tomcat-trust", publisher.clone(), calls.clone()),
                    ("tomcat-trust", presence, self.of_role(true)),
                ];
                let held = parts.into_iter().filter(|(_, _, held)| !held.is_empty());
                held.collect()
            }
            "tomcat" => vec![("tomcat-trust", publisher.clone(), everyone)],
            "ipsec" => vec![("ipsec-trust", everyone.clone(), everyone)],
            "CallManager" => vec![("CallManager-trust", publisher.clone(), calls.clone())],
            "CAPF" => vec![
                ("CAPF-trust", publisher.clone(), publisher.clone()),
                ("CallManager-trust", publisher.clone(), calls.clone()),
            ],
            "TVS" => vec![("TVS-trust", calls.clone(), calls.clone())],
            "cup" => vec![("cup-trust", presence, self.of_role(true))],
            _ => vec![("cup-xmpp-trust", presence, self.of_role(true))],
        };
        if self.setting.reuse && purpose == "tomcat" {
            entries.push(("CallManager-trust", publisher, calls));
        }
        entries
    }

    fn push(&mut self, stage: Stage, node: Option<&NodeName>, action: Action) -> &mut Step {
        let number = self.steps.len() + 1;
        let restarts = matches!(
            action,
            Action::RestartService { .. } | Action::ResetPhones { .. }
        );
        let lasts = SignedDuration::from_mins(5);
        self.steps.push(Step {
            id: StepId::new(format!("hq-{number:02}")),
            stage,
            node: node.cloned(),
            action,
            before: vec![],
            after: vec![],
            disruption: restarts.then(|| Disruption {
                service: "something".into(),
                loses: "something".to_owned(),
                lasts,
            }),
            takes: lasts,
            reversal: Reversal::Nothing {},
            because: BTreeSet::new(),
            why: "because".to_owned(),
            sources: vec![],
            rests_on: BTreeSet::new(),
        });
        self.steps.last_mut().unwrap()
    }

    fn prepare(&mut self) {
        let mut entries: Vec<Entry> = Vec::new();
        for purpose in self.setting.due() {
            let new = self.entries(purpose).into_iter();
            let new: Vec<Entry> = new.filter(|entry| !entries.contains(entry)).collect();
            entries.extend(new);
        }
        for (store, at, all) in entries {
            for node in &at {
                for name in [ROOT, ISSUING] {
                    let action = Action::UploadTrust {
                        store: store.into(),
                        sha256: fingerprint(name),
                        title: name.to_owned(),
                        pem: pem(name),
                    };
                    let seen: Vec<NodeName> = if at.len() == 1 {
                        all.clone()
                    } else {
                        vec![node.clone()]
                    };
                    let step = self.push(Stage::Prepare, Some(node), action);
                    step.after = seen
                        .into_iter()
                        .map(|node| trusts(node, store, name))
                        .collect();
                }
            }
        }
        self.steps[0].before.push(Condition::ReplicationGood {});
    }

    fn is_shared(&self, purpose: &str) -> bool {
        let can = matches!(
            part(purpose),
            "tomcat" | "CallManager" | "cup-xmpp" | "cup-xmpp-s2s"
        );
        let old = self.setting.release.starts_with("12");
        can && !old && self.setting.distribution == Distribution::MultiServer
    }

    /// Which nodes share a certificate of a purpose, with the node that asks for it.
    fn groups(&self, purpose: &str) -> Vec<(NodeName, BTreeSet<NodeName>)> {
        let holders = self.holders(purpose);
        if self.is_shared(purpose) {
            return vec![(holders[0].clone(), holders.into_iter().collect())];
        }
        let single = holders.into_iter();
        single.map(|node| (node.clone(), [node].into())).collect()
    }

    fn request(&mut self) {
        for purpose in self.setting.due() {
            for (by, nodes) in self.groups(purpose) {
                let key = match (
                    purpose.ends_with("ECDSA"),
                    self.setting.release.starts_with("12"),
                ) {
                    (true, _) => "ec-384",
                    (false, true) => "rsa-2048",
                    (false, false) => "rsa-3072",
                };
                let action = Action::GenerateRequest {
                    purpose: purpose.into(),
                    distribution: if nodes.len() > 1 {
                        Distribution::MultiServer
                    } else {
                        Distribution::ThisServer
                    },
                    nodes: nodes.clone(),
                    common_name: by.to_string(),
                    names: nodes
                        .iter()
                        .map(|node| SubjectName::dns(node.as_str()))
                        .collect(),
                    key: key.parse().unwrap(),
                    hash: "sha256".to_owned(),
                };
                let step = self.push(Stage::Request, Some(&by), action);
                let id = step.id.clone();
                step.before = nodes
                    .iter()
                    .map(|node| Condition::NoRequest {
                        node: node.clone(),
                        purpose: purpose.into(),
                    })
                    .collect();
                step.after = nodes
                    .iter()
                    .map(|node| Condition::RequestOf {
                        node: node.clone(),
                        purpose: purpose.into(),
                        step: id.clone(),
                    })
                    .collect();
                for node in nodes {
                    self.requests.insert((purpose, node), id.clone());
                }
            }
        }
        let requests = self.requests.values().cloned().collect();
        self.push(
            Stage::Request,
            None,
            Action::AwaitCertificates {
                issuer: "corp".into(),
                requests,
                terms: IssueTerms {
                    chain: vec![fingerprint(ROOT), fingerprint(ISSUING)],
                    key_usage: Usages::new(),
                    extended_usage: Usages::new(),
                    at_least: SignedDuration::from_hours(1),
                },
            },
        );
    }

    fn sso(&mut self, on: bool) {
        if !self.setting.single_sign_on {
            return;
        }
        let stage = if on { Stage::Verify } else { Stage::Install };
        let after = self.of_role(false).into_iter();
        let after = after.map(|node| {
            if on {
                Condition::SsoEnabled { node }
            } else {
                Condition::SsoDisabled { node }
            }
        });
        let instruction = "switch".to_owned();
        self.push(stage, None, Action::Person { instruction }).after = after.collect();
    }

    fn verify(&mut self) {
        let mut after = Vec::new();
        for (node, _) in &self.nodes {
            let held = self.setting.due().into_iter();
            let held: Vec<&str> = held
                .filter(|of| self.uploads.contains_key(&(*of, node.clone())))
                .collect();
            after.extend(self.proofs(node, &held));
        }
        let what = "everything".to_owned();
        self.push(Stage::Verify, None, Action::Confirm { what })
            .after = after;
    }
}

fn trusts(node: NodeName, store: &str, name: &str) -> Condition {
    Condition::Trusts {
        node,
        store: store.into(),
        sha256: fingerprint(name),
    }
}
