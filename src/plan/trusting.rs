//! What a CUCM cluster must trust because Expressway-C is about to show it, and what restarts so that it counts.
// claim: EXPRESSWAY-CUCM-TRUSTS-CORE, EXPRESSWAY-IMP-TRUSTS-CORE

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Appliance, Authority, ClaimId, ClusterName, Issuer, NodeName, Procedure, Purpose, ServiceName,
    ServiceStatus, StepId, Store,
};

use super::Question;
use super::draft::{Draft, step};
use super::due;
use super::facts::{Refusals, Site};
use super::restart::Restart;
use super::step::{Action, Condition, Stage, Step};
use super::trust::{self, Upload};

/// A chain that a cluster must trust because another cluster is about to show it.
#[derive(Clone)]
pub(super) struct Wanted<'a> {
    /// Who shows it.
    pub(super) of: &'a ClusterName,
    /// As which purpose.
    pub(super) purpose: &'a Purpose,
    pub(super) issuer: &'a Issuer,
    /// The codes of the findings that make it due there.
    pub(super) because: BTreeSet<String>,
}

/// The procedures whose stores take the chain of Expressway-C, and the services that read those stores when they start.
const READERS: [(Appliance, &str, &[&str]); 4] = [
    (Appliance::Cucm, "tomcat", &["Cisco Tomcat"]),
    (
        Appliance::Cucm,
        "CallManager",
        &["Cisco CallManager", "Cisco HAProxy"],
    ),
    (Appliance::ImPresence, "tomcat", &["Cisco Tomcat"]),
    (Appliance::ImPresence, "cup-xmpp", &["Cisco XCP Router"]),
];

/// What a cluster must trust beside the chains of its own certificates.
pub(super) struct Extra<'a> {
    wanted: Vec<Wanted<'a>>,
    procedures: Vec<&'a Procedure>,
    pub(super) uploads: Vec<Upload<'a>>,
    /// What restarts, where anything is uploaded that reaches the node.
    pub(super) restarts: BTreeMap<NodeName, Vec<Restart<'a>>>,
    /// Every store of every node that must hold a chain.
    pub(super) holds: Vec<Condition>,
}

/// Settles what a cluster must trust for others.
///
/// # Errors
/// Refusals: a store that is unknown or would not do what is needed, a service that no playbook restarts.
pub(super) fn settle<'a>(
    question: &Question<'a>,
    site: &Site<'a>,
    wanted: &[Wanted<'a>],
) -> Result<Extra<'a>, Refusals> {
    let mut refusals = Vec::new();
    let kinds: BTreeSet<Appliance> = site.nodes.iter().map(|node| site.appliance(node)).collect();
    let mut procedures = Vec::new();
    for (appliance, purpose, _) in READERS.iter().filter(|(of, ..)| kinds.contains(of)) {
        match procedure(question, *appliance, purpose) {
            Some(procedure) => procedures.push(procedure),
            None => refusals.push(no_playbook(site, &format!("{purpose} on {appliance}"))),
        }
    }
    let mut uploads: Vec<Upload<'a>> = Vec::new();
    for each in wanted {
        match trust::uploads(site, &procedures, each.issuer) {
            Ok(found) => uploads.extend(found),
            Err(more) => refusals.extend(more),
        }
    }
    let reached: BTreeSet<&NodeName> = uploads.iter().flat_map(|it| &it.reaches).collect();
    let mut restarts = BTreeMap::new();
    for node in site.nodes.iter().filter(|node| reached.contains(node)) {
        match restarts_on(site, &procedures, node) {
            Ok(found) => restarts.insert(node.clone(), found),
            Err(more) => {
                refusals.extend(more);
                None
            }
        };
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut extra = Extra {
        wanted: wanted.to_vec(),
        procedures,
        uploads,
        restarts,
        holds: Vec::new(),
    };
    extra.holds = extra.holding(site);
    Ok(extra)
}

fn procedure<'a>(
    question: &Question<'a>,
    appliance: Appliance,
    purpose: &str,
) -> Option<&'a Procedure> {
    let mut known = question.procedures.iter();
    known.find(|known| known.appliance == appliance && known.purpose.as_str() == purpose)
}

fn no_playbook(site: &Site<'_>, what: &str) -> super::Refusal {
    let says = format!(
        "expected a playbook for {what}, which names the stores and services that Expressway-C needs; there is none"
    );
    site.refuse(says, "Add one with --playbooks.")
        .breaking("I21")
}

/// The services of a node that read the stores when they start, as the playbooks restart them: only those that run.
fn restarts_on<'a>(
    site: &Site<'a>,
    procedures: &[&'a Procedure],
    node: &NodeName,
) -> Result<Vec<Restart<'a>>, Refusals> {
    let kind = site.appliance(node);
    let release = site.release_of(node);
    let mut restarts: Vec<Restart<'a>> = Vec::new();
    let mut refusals = Vec::new();
    let of_kind = READERS.iter().filter(|(of, ..)| *of == kind);
    for service in of_kind.flat_map(|(_, _, services)| *services) {
        let service = ServiceName::from(*service);
        match site.service(node, &service).map(|it| it.status) {
            Some(ServiceStatus::Started) => {}
            Some(status @ (ServiceStatus::Starting | ServiceStatus::Stopping)) => {
                let says = format!("expected {service} to be started or stopped; it is {status}");
                let next = "Wait until it has settled, then plan again.";
                refusals.push(site.refuse(says, next).breaking("I9").at([node]));
                continue;
            }
            Some(ServiceStatus::Stopped | ServiceStatus::NotActivated) | None => continue,
        }
        let of_kind = procedures.iter().filter(|it| it.appliance == kind);
        let found = of_kind.copied().find_map(|procedure| {
            let sets = procedure.restarts.iter();
            let mut rules = sets
                .filter(|set| set.releases.contains(release))
                .flat_map(|set| &set.services);
            let rule = rules.find(|rule| rule.service == service)?;
            Some(Restart { rule, procedure })
        });
        match found {
            Some(restart) => restarts.push(restart),
            None => refusals.push(
                no_playbook(
                    site,
                    &format!("the restart of {service} on release {release}"),
                )
                .at([node]),
            ),
        }
    }
    if refusals.is_empty() {
        Ok(restarts)
    } else {
        Err(refusals)
    }
}

/// What forbids any change in a cluster that gets no certificate itself.
pub(super) fn forbidden(question: &Question<'_>, site: &Site<'_>) -> Refusals {
    // Blockers about one purpose of its own are not in the way.
    let none_of_its_own = Purpose::from("server");
    due::blockers(question, site.cluster, &[&none_of_its_own].into())
}

impl<'a> Extra<'a> {
    /// Every store with every authority that it must hold.
    pub(super) fn brings(&self) -> impl Iterator<Item = (&Store, &Authority)> {
        let rules = self.procedures.iter().flat_map(|it| &it.stores);
        rules.flat_map(|rule| {
            let chains = self.wanted.iter().flat_map(|it| &it.issuer.chain);
            chains.map(move |authority| (&rule.store, authority))
        })
    }

    fn holding(&self, site: &Site<'_>) -> Vec<Condition> {
        let mut holds = Vec::new();
        for rule in self.procedures.iter().flat_map(|it| &it.stores) {
            for node in site.selected(rule.nodes) {
                for authority in self.wanted.iter().flat_map(|it| &it.issuer.chain) {
                    let condition = Condition::Trusts {
                        node: node.clone(),
                        store: rule.store.clone(),
                        sha256: authority.certificate.sha256.clone(),
                    };
                    if !holds.contains(&condition) {
                        holds.push(condition);
                    }
                }
            }
        }
        holds
    }

    /// The procedures whose services restart.
    pub(super) fn procedures(&self) -> impl Iterator<Item = &'a Procedure> {
        self.procedures.iter().copied()
    }

    /// The codes of the findings behind it.
    pub(super) fn because(&self) -> BTreeSet<String> {
        self.wanted
            .iter()
            .flat_map(|it| it.because.iter().cloned())
            .collect()
    }

    /// Whose certificates these are: `server of core`.
    pub(super) fn whose(&self) -> String {
        whose(&self.wanted)
    }

    /// What of it must be on a node.
    pub(super) fn on(&self, node: &NodeName) -> impl Iterator<Item = Condition> {
        let here =
            move |it: &&Condition| matches!(it, Condition::Trusts { node: of, .. } if of == node);
        self.holds
            .iter()
            .filter(here)
            .cloned()
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The beliefs behind it.
    pub(super) fn claims() -> [ClaimId; 2] {
        [
            ClaimId::from("EXPRESSWAY-CUCM-TRUSTS-CORE"),
            ClaimId::from("EXPRESSWAY-IMP-TRUSTS-CORE"),
        ]
    }

    /// Adds the step that reads again that everything is there, where nothing needs to be brought.
    pub(super) fn look(&self, draft: &mut Draft) -> StepId {
        let what = format!("it trusts the new {} certificates", self.whose());
        draft.add(Step {
            after: self.holds.clone(),
            takes: super::activate::ONE_LOOK,
            because: self.because(),
            rests_on: Self::claims().into(),
            ..step(
                Stage::Prepare,
                Action::Confirm { what },
                "Every authority was there when the plan was made; it is read again before the other cluster changes (I21).",
            )
        })
    }
}

/// `server of core, tomcat of hq`.
pub(super) fn whose(wanted: &[Wanted<'_>]) -> String {
    let all: BTreeSet<String> = wanted
        .iter()
        .map(|it| format!("{} of {}", it.purpose, it.of))
        .collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}
