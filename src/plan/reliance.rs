//! Who verifies which new certificate, and what is asked of clusters that the plan leaves out.
// claim: EXPRESSWAY-FULL-CHAIN, EXPRESSWAY-MRA-PORTS, EXPRESSWAY-CUCM-TRUSTS-CORE, EXPRESSWAY-IMP-TRUSTS-CORE

use std::collections::{BTreeMap, BTreeSet};

use crate::model::neighbours::{far, peers, served};
use crate::model::{ClusterName, ClusterState, NodeName, Observed, Product, Purpose, Role, Store};

use super::Question;
use super::expressway::{SERVER, STORE};
use super::facts::{Refusals, unknown};
use super::refusal::Refusal;
use super::step::ClusterPlan;
use super::trusting::Wanted;
use super::whole::Settled;

/// The purposes that Expressway-C is shown, without twins. Source: expressway §7.
const SHOWN_TO_CORE: [&str; 3] = ["tomcat", "CallManager", "cup-xmpp"];

/// Everything that a cluster is about to show anew.
pub(super) fn changes<'a>(settled: &BTreeMap<&'a ClusterName, Settled<'a>>) -> Vec<Wanted<'a>> {
    let mut changes = Vec::new();
    for (of, cluster) in settled {
        match cluster {
            Settled::Party(party) => changes.extend(party.server.as_ref().map(|server| Wanted {
                of,
                purpose: &server.due.wanted.purpose,
                issuer: server.issuer,
                because: server.because(&server.due.nodes),
            })),
            Settled::Family(family) => {
                let shown = |purpose: &Purpose| SHOWN_TO_CORE.contains(&purpose.plain().as_str());
                let jobs = family.jobs.iter().filter(|job| shown(job.purpose()));
                changes.extend(jobs.map(|job| Wanted {
                    of,
                    purpose: job.purpose(),
                    issuer: job.issuer,
                    because: job.because(&job.due.nodes),
                }));
            }
        }
    }
    changes
}

/// The clusters that verify what a cluster shows.
fn reliers<'a>(question: &Question<'a>, change: &Wanted<'_>) -> Vec<&'a ClusterName> {
    let clusters = &question.observation.clusters;
    let cores = || {
        let all = clusters.iter();
        all.filter(|(_, state)| state.product == Product::ExpresswayC)
    };
    let serves = |core: &ClusterState| served(clusters, core);
    match clusters.get(change.of) {
        Some(state) if state.product == Product::ExpresswayC => {
            let mut reliers = far(clusters, change.of);
            reliers.extend(serves(state));
            reliers
        }
        Some(state) if state.product == Product::ExpresswayE => far(clusters, change.of),
        // No call tells which of these a core serves: all of them, where it serves any CUCM.
        Some(state) if state.product == Product::UnityConnection => cores()
            .filter(|(_, core)| !serves(core).is_empty())
            .map(|(name, _)| name)
            .collect(),
        Some(_) => cores()
            .filter(|(_, core)| serves(core).contains(&change.of))
            .map(|(name, _)| name)
            .collect(),
        None => Vec::new(),
    }
}

/// What each cluster of the plan must trust for others. A cluster that is left out must trust it already.
pub(super) fn wants<'a>(
    question: &Question<'a>,
    changes: &[Wanted<'a>],
    refusals: &mut Refusals,
) -> BTreeMap<&'a ClusterName, Vec<Wanted<'a>>> {
    let mut wants: BTreeMap<&ClusterName, Vec<Wanted<'a>>> = BTreeMap::new();
    for change in changes {
        refusals.extend(untold(question, change));
        for relier in reliers(question, change) {
            refusals.extend(left_out(question, relier, change));
            if question.options.takes_cluster(relier) {
                wants.entry(relier).or_default().push(change.clone());
            }
        }
    }
    wants
}

/// Says so where nobody can tell whether an Expressway-C verifies a change: silence would read as "it does not".
fn untold(question: &Question<'_>, change: &Wanted<'_>) -> Refusals {
    let clusters = &question.observation.clusters;
    let of = clusters.get(change.of).map(|state| state.product);
    let cores = clusters.iter().filter(|(name, state)| match of {
        Some(Product::ExpresswayC) => *name == change.of,
        Some(Product::Cucm | Product::UnityConnection) => state.product == Product::ExpresswayC,
        Some(Product::ExpresswayE) | None => false,
    });
    let mut refusals = Vec::new();
    for (name, core) in cores {
        let told: Vec<_> = peers(core)
            .map(|(_, _, told)| &told.call_managers)
            .collect();
        let known = told.iter().any(|servers| servers.present().is_some());
        if !known {
            let why = told.iter().find_map(|servers| servers.unknown());
            let why = why.unwrap_or("no peer answered");
            let fact = format!(
                "which servers it connects to, so that it trusts the new {} certificates of {} before they are shown",
                change.purpose, change.of
            );
            refusals.push(
                unknown(name, &fact, why)
                    .breaking("I16")
                    .at(core.nodes.keys()),
            );
        }
    }
    refusals
}

/// Where a node keeps the authorities of a change.
fn stores(product: Product, role: Role) -> &'static [&'static str] {
    match (product, role) {
        (Product::ExpresswayC | Product::ExpresswayE, _) => &[STORE],
        (_, Role::ImPresence) => &["tomcat-trust", "cup-xmpp-trust"],
        _ => &["tomcat-trust", "CallManager-trust"],
    }
}

/// The nodes of a cluster that the plan may not touch.
fn untouched<'a>(question: &'a Question<'_>, cluster: &ClusterName) -> BTreeSet<&'a NodeName> {
    let state = question.observation.clusters.get(cluster);
    let nodes = state.into_iter().flat_map(|state| state.nodes.keys());
    let whole = !question.options.takes_cluster(cluster);
    nodes
        .filter(|node| whole || !question.options.takes_node(node))
        .collect()
}

/// What a cluster or node that is left out lacks.
fn left_out(question: &Question<'_>, relier: &ClusterName, change: &Wanted<'_>) -> Refusals {
    let Some(state) = question.observation.clusters.get(relier) else {
        return Vec::new();
    };
    let mut refusals = Vec::new();
    let mut lacking: BTreeMap<(&str, &str), BTreeSet<&NodeName>> = BTreeMap::new();
    for name in untouched(question, relier) {
        let Some(node) = state.nodes.get(name) else {
            continue;
        };
        for store in stores(state.product, node.role) {
            let key = Store::from(*store);
            for authority in &change.issuer.chain {
                match node.trusts(&key, &authority.certificate.sha256) {
                    Some(true) => {}
                    Some(false) => {
                        let what = (*store, authority.certificate.title());
                        lacking.entry(what).or_default().insert(name);
                    }
                    None => {
                        let why = node.trust.get(&key).and_then(Observed::unknown);
                        let fact = format!("what {store} holds");
                        let refusal = unknown(relier, &fact, why.unwrap_or("it was not read"));
                        refusals.push(refusal.breaking("I16").at([name]));
                    }
                }
            }
        }
    }
    refusals.extend(lacking.into_iter().map(|((store, title), nodes)| {
        let says = format!(
            "expected {store} to hold {title}, because it verifies the new {} certificates of {}; it does not, and it is \
             left out of the plan",
            change.purpose, change.of
        );
        let next = "Take it into the plan as well (name it in --only too, or drop it from --except), or bring the authority \
                    there first and let it take effect.";
        Refusal::of(relier, says, next).breaking("I16").at(nodes)
    }));
    refusals.sort();
    refusals.dedup();
    refusals
}

/// Tells in the plan of whoever changes which clusters rely on it and are not read again.
pub(super) fn remind(
    question: &Question<'_>,
    changes: &[Wanted<'_>],
    plans: &mut BTreeMap<ClusterName, ClusterPlan>,
) {
    for change in changes {
        for relier in reliers(question, change) {
            let nodes = untouched(question, relier);
            let Some(plan) = plans.get_mut(change.of).filter(|_| !nodes.is_empty()) else {
                continue;
            };
            let nodes: Vec<&str> = nodes.into_iter().map(NodeName::as_str).collect();
            let product = question
                .observation
                .clusters
                .get(relier)
                .map(|it| it.product);
            let peers = matches!(product, Some(Product::ExpresswayC | Product::ExpresswayE));
            let restart = if peers && change.purpose.as_str() == SERVER {
                " Restart none of its peers meanwhile."
            } else {
                ""
            };
            let reminder = format!(
                "{relier} verifies these certificates and is left out ({}): that it trusts the new ones was seen when the \
                 plan was made and is not read again.{restart}",
                nodes.join(", ")
            );
            if !plan.reminders.contains(&reminder) {
                plan.reminders.push(reminder);
            }
        }
    }
}
