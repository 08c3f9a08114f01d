//! The facts that a plan rests on, by a readable key, so that a plan can be refused when one has moved and
//! the text says which (promise P5). What moves by itself is left out: uptimes, counts of phones, the exact
//! clock, the last backup.

mod peer;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::model::{
    BackupJob, Certificate, ClusterState, Fingerprint, NodeName, NodeState, Observed, Purpose,
    SecurityMode, ServiceStatus, SsoState, Store,
};

use super::step::{Action, ClusterPlan, Condition, Stage, Step};

/// Clocks further apart than this, in seconds, make statements about validity doubtful (promise P13).
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// What stands for a fact that is in neither map.
const NOT_THERE: &str = "not there";

/// What stands for a fact that could not be learned.
const UNKNOWN: &str = "unknown";

/// Every fact of a cluster that a plan rests on.
pub fn basis(cluster: &ClusterState) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let mut tell = |key: String, value: String| {
        facts.insert(key, value);
    };
    tell("cluster product".into(), cluster.product.to_string());
    tell(
        "cluster node list".into(),
        told(&cluster.listed, |nodes| {
            joined(nodes.iter().map(|(name, role)| format!("{name} ({role})")))
        }),
    );
    tell(
        "cluster security mode".into(),
        told(&cluster.security, |mode| match mode {
            SecurityMode::NonSecure => "non-secure".to_owned(),
            SecurityMode::Mixed => "mixed".to_owned(),
        }),
    );
    for (name, node) in &cluster.nodes {
        tell(format!("{name} role"), node.role.to_string());
        tell(
            format!("{name} replication"),
            told(&cluster.replication, |states| match states.get(name) {
                Some(state) if state.is_good() => "good".to_owned(),
                Some(state) => format!("not good: {}", state.words),
                None => NOT_THERE.to_owned(),
            }),
        );
        tell(
            format!("{name} authenticated"),
            told(&cluster.network, |states| match states.get(name) {
                Some(true) => "yes".to_owned(),
                Some(false) => "no".to_owned(),
                None => NOT_THERE.to_owned(),
            }),
        );
        platform_facts(name, node, &mut tell);
        certificate_facts(cluster, name, node, &mut tell);
        if let Observed::Present(peer) = &node.expressway {
            peer::facts(name, peer, &mut tell);
        }
    }
    facts
}

fn platform_facts(name: &NodeName, node: &NodeState, tell: &mut impl FnMut(String, String)) {
    tell(
        format!("{name} calls itself"),
        told(&node.reported_name, |name| name.to_ascii_lowercase()),
    );
    tell(
        format!("{name} release"),
        told(&node.release, ToString::to_string),
    );
    tell(
        format!("{name} clock"),
        told(&node.clock_skew_seconds, |skew| {
            let near = skew.abs() <= CLOCK_TOLERANCE_SECONDS;
            let class = if near { "within" } else { "off by more than" };
            format!("{class} {CLOCK_TOLERANCE_SECONDS} seconds")
        }),
    );
    tell(
        services_key(name),
        told(&node.services, |services| {
            let running = services
                .iter()
                .filter(|(_, it)| it.status == ServiceStatus::Started);
            joined(running.map(|(service, _)| service))
        }),
    );
    tell(
        sso_key(name),
        told(&node.sso, |sso| match sso {
            SsoState::Enabled => "on".to_owned(),
            SsoState::Disabled => "off".to_owned(),
        }),
    );
    tell(
        format!("{name} backup job"),
        told(&node.backup_job, |job| match job {
            BackupJob::Idle => "none".to_owned(),
            BackupJob::Running(_) => "running".to_owned(),
        }),
    );
}

fn certificate_facts(
    cluster: &ClusterState,
    name: &NodeName,
    node: &NodeState,
    tell: &mut impl FnMut(String, String),
) {
    let named = |fingerprint: &Fingerprint| {
        let known = cluster.certificates.get(fingerprint);
        format!(
            "{fingerprint} ({})",
            known.map_or("not read", Certificate::title)
        )
    };
    tell(
        format!("{name} inventory"),
        told(&node.inventory, |()| "read".to_owned()),
    );
    for (purpose, identity) in &node.identities {
        tell(format!("{name} {purpose} identity"), told(identity, named));
    }
    for (purpose, pending) in &node.pending {
        // A purpose that is not listed and one without a request are the same fact.
        if !matches!(pending, Observed::Absent) {
            let key = told(pending, |request| format!("key {}", request.key.sha256));
            tell(format!("{name} {purpose} request"), key);
        }
    }
    for (store, entries) in &node.trust {
        match entries {
            Observed::Present(entries) => {
                for entry in entries {
                    tell(
                        format!("{name} {store} {}", entry.sha256),
                        named(&entry.sha256),
                    );
                }
            }
            Observed::Absent => {}
            Observed::Unknown(_) => tell(format!("{name} {store}"), UNKNOWN.to_owned()),
        }
    }
    for (listener, served) in &node.served {
        tell(
            format!("{name} serves on {listener}"),
            told(served, |chain| named(&chain.leaf)),
        );
    }
}

fn services_key(node: &NodeName) -> String {
    format!("{node} running services")
}

fn sso_key(node: &NodeName) -> String {
    format!("{node} single sign-on")
}

/// A fact in words. Why it is unknown is left out: the reason changes from one question to the next.
fn told<T>(fact: &Observed<T>, words: impl FnOnce(&T) -> String) -> String {
    match fact {
        Observed::Present(value) => words(value),
        Observed::Absent => "none".to_owned(),
        Observed::Unknown(_) => UNKNOWN.to_owned(),
    }
}

fn joined(items: impl Iterator<Item = impl Display>) -> String {
    items
        .map(|item| item.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A fact that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Moved {
    /// The fact.
    pub fact: String,
    /// What it was.
    pub was: String,
    /// What it is.
    pub is: String,
}

/// The facts that differ between two bases, sorted by fact.
pub fn moved(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Moved> {
    let facts: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let value = |of: &BTreeMap<String, String>, fact: &String| match of.get(fact) {
        Some(value) => value.clone(),
        None if unread(of, fact) => UNKNOWN.to_owned(),
        None => NOT_THERE.to_owned(),
    };
    facts
        .into_iter()
        .filter(|fact| then.get(*fact) != now.get(*fact))
        .map(|fact| Moved {
            fact: fact.clone(),
            was: value(then, fact),
            is: value(now, fact),
        })
        .collect()
}

/// Whether a fact that is not in a map could not be in it, because the list it would come from was not read.
fn unread(facts: &BTreeMap<String, String>, missing: &str) -> bool {
    facts
        .iter()
        .filter(|(_, value)| *value == UNKNOWN)
        .any(|(list, _)| match list.strip_suffix("inventory") {
            Some(node) => missing.starts_with(node),
            None => missing
                .strip_prefix(list.as_str())
                .is_some_and(|rest| rest.starts_with(' ')),
        })
}

/// The facts that some steps may change. Everything else must still be as it was (invariant I28).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    facts: BTreeSet<String>,
    /// Beginnings of facts whose end nobody can know while planning.
    beginnings: BTreeSet<String>,
}

impl Touched {
    /// Whether a step may have changed this fact.
    pub fn covers(&self, fact: &str) -> bool {
        self.facts.contains(fact) || self.beginnings.iter().any(|start| fact.starts_with(start))
    }
}

/// The facts that the steps up to and including one (counted from 0) may change.
pub fn touched(plan: &ClusterPlan, upto: usize) -> Touched {
    let mut touched = Touched::default();
    for step in plan.steps.iter().take(upto.saturating_add(1)) {
        touched.add(plan, step);
    }
    touched
}

/// The identity of a purpose that reuses another's certificate: both are one (claim CUCM-REUSE).
fn reusing(
    plan: &ClusterPlan,
    node: &NodeName,
    purpose: &Purpose,
    identity: &str,
) -> Option<String> {
    let twin = match purpose.as_str() {
        "tomcat" => "CallManager",
        "tomcat-ECDSA" => "CallManager-ECDSA",
        _ => return None,
    };
    let other = format!("{node} {twin} identity");
    let same = plan.basis.get(&other)? == plan.basis.get(identity)?;
    same.then_some(other)
}

impl Touched {
    fn add(&mut self, plan: &ClusterPlan, step: &Step) {
        match &step.action {
            // What a person clears from trust stores while the run waits is gone.
            Action::Person { .. } if step.stage == Stage::Tidy => {
                let stored = |fact: &&String| fact.contains("-trust ");
                self.facts.extend(plan.basis.keys().filter(stored).cloned());
            }
            Action::Person { .. } => {
                self.facts
                    .extend(step.after.iter().filter_map(|condition| match condition {
                        Condition::SsoDisabled { node } | Condition::SsoEnabled { node } => {
                            Some(sso_key(node))
                        }
                        _ => None,
                    }))
            }
            Action::UploadTrust {
                store,
                sha256,
                title,
                ..
            } => {
                // The store keeps one certificate of a name, so that one of the same name may vanish.
                let ending = format!("({title})").to_ascii_lowercase();
                for node in &plan.nodes {
                    let start = format!("{node} {store} ");
                    self.facts.insert(format!("{start}{sha256}"));
                    self.facts.extend(
                        plan.basis
                            .iter()
                            .filter(|(fact, value)| {
                                fact.starts_with(&start)
                                    && value.to_ascii_lowercase().ends_with(&ending)
                            })
                            .map(|(fact, _)| fact.clone()),
                    );
                }
            }
            Action::GenerateRequest { purpose, nodes, .. } => {
                self.facts
                    .extend(nodes.iter().map(|node| format!("{node} {purpose} request")));
            }
            Action::UploadIdentity { purpose, nodes, .. } => {
                for node in nodes {
                    self.facts.insert(format!("{node} {purpose} request"));
                    let identity = format!("{node} {purpose} identity");
                    self.facts.extend(reusing(plan, node, purpose, &identity));
                    self.facts.insert(identity);
                }
                // The platform resets phones and restarts by itself what holds the certificate.
                if step.disruption.is_some() {
                    for node in &plan.nodes {
                        self.facts.insert(services_key(node));
                        self.beginnings.insert(format!("{node} serves on "));
                    }
                }
                // A node may list identities in the trust store too, and copies them to its peers.
                let stores: BTreeSet<&Store> = step
                    .before
                    .iter()
                    .filter_map(|condition| match condition {
                        Condition::Trusts { store, .. } => Some(store),
                        _ => None,
                    })
                    .collect();
                let places = plan.nodes.iter();
                self.beginnings.extend(
                    places.flat_map(|node| {
                        stores.iter().map(move |store| format!("{node} {store} "))
                    }),
                );
            }
            Action::RestartService { .. } => {
                if let Some(node) = &step.node {
                    self.facts.insert(services_key(node));
                    self.beginnings.insert(format!("{node} serves on "));
                }
            }
            // The list is none of the facts of a plan: it follows from the certificates. Phones come and go.
            Action::UpdateTrustList {}
            | Action::ResetPhones { .. }
            | Action::AwaitCertificates { .. }
            | Action::Confirm { .. } => {}
        }
    }
}
