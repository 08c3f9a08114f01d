//! Make before break between clusters (I16): no node shows a certificate that somebody who relies on it cannot verify.
//!
//! Between clusters no sequence says what comes first, only links do. For each cluster one order is taken in which its
//! steps come as early as the links allow. That is exact for each pair: whatever one end has to be given before the
//! other changes, and no link brings before, is missing then. What an edge is, is [`crate::edges`]' business.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::edges::expressway::{self, Facts};
use crate::edges::{Broken, Edge, Site, symptoms, walk};
use crate::model::neighbours::peers;
use crate::model::{ClusterName, NodeName, Observation, Product, Store};

use super::order::Order;
use super::{Judge, Proof, Violation};

/// How much was looked at between clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reliance {
    /// Connections to, from and between Expressways whose ends the plan changes.
    pub connections: usize,
    /// Those that verified before the plan.
    pub held: usize,
    /// Orders of steps.
    pub orders: usize,
    /// Judgements of one connection in one state.
    pub judgements: usize,
}

/// Walks every order, and tells which connection breaks.
pub(super) fn check(proof: &mut Proof, observation: &Observation, order: &Order<'_>) {
    let facts = expressway::facts(observation);
    if facts.is_empty() {
        return;
    }
    untold(proof, observation, order);
    let mut site = Site::of(observation);
    let all = expressway::join_all(&mut site, observation, &facts);
    let planned: BTreeSet<&ClusterName> = order.clusters().map(|(name, _)| name).collect();
    let concerned = |edge: &&Edge| clusters(edge).any(|name| planned.contains(name));
    let concerned: Vec<&Edge> = all.iter().filter(concerned).collect();
    if concerned.is_empty() {
        return;
    }
    let held = concerned
        .iter()
        .filter(|edge| site.verdict(edge, observation.to).holds());
    let mut reliance = Reliance {
        connections: concerned.len(),
        held: held.count(),
        ..Reliance::default()
    };
    let mut met: BTreeSet<Edge> = BTreeSet::new();
    let mut broken: Vec<Broken> = Vec::new();
    for (name, _) in order.clusters() {
        let own = concerned
            .iter()
            .filter(|edge| clusters(edge).any(|of| of == name));
        let own: Vec<Edge> = own.copied().cloned().collect();
        if own.is_empty() {
            continue;
        }
        let others: BTreeSet<&ClusterName> = own.iter().flat_map(clusters).collect();
        let sequence = order.earliest(name, &others);
        let site = site_of(observation, &facts, &others);
        let walked = walk(site, &own, &observation.clusters, &sequence, observation.to);
        reliance.orders += 1;
        reliance.judgements += walked.judged;
        if let Some(extent) = proof.clusters.get_mut(name) {
            extent.checks += walked.judged;
        }
        let new = walked.broken.into_iter();
        broken.extend(new.filter(|each| met.insert(each.edge.clone())));
    }
    proof.reliance = Some(reliance);
    tell(proof, broken);
}

/// Where nobody can tell whom an Expressway-C verifies and who verifies it, silence is not taken for nobody.
fn untold(proof: &mut Proof, observation: &Observation, order: &Order<'_>) {
    let of = |product| {
        let clusters = observation.clusters.iter();
        clusters.filter(move |(_, state)| state.product == product)
    };
    let several = of(Product::ExpresswayC).count() > 1 || of(Product::ExpresswayE).count() > 1;
    for (name, core) in of(Product::ExpresswayC) {
        let told = || peers(core).map(|(_, _, told)| told);
        let servers = told().any(|told| told.call_managers.present().is_some());
        let zones = told().any(|told| told.zones.present().is_some());
        for (planned, _) in order.clusters() {
            let product = observation.clusters.get(planned).map(|state| state.product);
            let unknown = match product {
                _ if planned == name => !servers || (several && !zones),
                Some(Product::Cucm | Product::UnityConnection) => !servers,
                Some(Product::ExpresswayE) => several && !zones,
                Some(Product::ExpresswayC) | None => false,
            };
            let mut judge = Judge::new(planned);
            let nodes: Vec<&NodeName> = core.nodes.keys().collect();
            judge.require(!unknown, "I16", None, &nodes, || {
                (
                    format!("whom {name} connects to could not be read from any of its peers, so that nobody can tell whether it verifies what changes, or is verified"),
                    super::preflight::OBSERVE_AGAIN.to_owned(),
                )
            });
            proof.absorb(judge);
        }
    }
}

/// The clusters of an edge's ends.
fn clusters(edge: &Edge) -> impl Iterator<Item = &ClusterName> {
    [&edge.from, &edge.to]
        .into_iter()
        .filter_map(|end| end.cluster())
}

/// What some clusters hold.
fn site_of<'a>(
    observation: &'a Observation,
    facts: &'a [Facts],
    among: &BTreeSet<&ClusterName>,
) -> Site<'a> {
    let mut site = Site::default();
    for (name, cluster) in observation
        .clusters
        .iter()
        .filter(|(name, _)| among.contains(name))
    {
        site.join(name, cluster);
    }
    for pair in facts {
        let mut peers = pair.core.keys().chain(pair.edge.keys());
        if peers.any(|(cluster, _)| among.contains(cluster)) {
            expressway::join(&mut site, observation, pair);
        }
    }
    site
}

/// What breaks connections alike: whose certificates, verified by whom, with which store, and what is said of it.
type Cause = (
    ClusterName,
    Option<ClusterName>,
    Option<ClusterName>,
    Store,
    String,
);

/// So many connections are told of one cause; of more, the number.
const NAMED: usize = 4;

/// One violation for each cause: an authority that is missing in one place breaks many connections.
fn tell(proof: &mut Proof, broken: Vec<Broken>) {
    let mut causes: BTreeMap<Cause, Vec<Broken>> = BTreeMap::new();
    for each in broken {
        let (presenting, relying) = (each.edge.presenting(), each.edge.relying());
        let cause = (
            each.cluster.clone(),
            presenting.cluster().cloned(),
            relying.cluster().cloned(),
            each.edge.store.clone(),
            each.verdict.to_string(),
        );
        causes.entry(cause).or_default().push(each);
    }
    for ((cluster, ..), edges) in causes {
        let Some((first, more)) = edges.split_first() else {
            continue;
        };
        let ends: BTreeSet<&NodeName> = edges
            .iter()
            .flat_map(|each| [each.edge.relying(), each.edge.presenting()])
            .filter_map(|end| end.name())
            .collect();
        proof.violations.push(Violation {
            cluster,
            step: Some(first.step.clone()),
            invariant: "I16",
            nodes: ends.into_iter().cloned().collect(),
            says: says(first, more),
            remedy: remedy(first, more),
        });
    }
}

/// The edge, why it is broken, how long, how an engineer meets it, and which others are broken alike.
fn says(first: &Broken, more: &[Broken]) -> String {
    let (edge, verdict) = (&first.edge, &first.verdict);
    let known = if verdict.is_broken() {
        ""
    } else {
        ", and it was known to verify before"
    };
    let until = first.until.as_ref().map_or_else(
        || "and stays so".to_owned(),
        |until| format!("until {until}"),
    );
    let mut text = format!("{edge} is {verdict}{known}, from here {until}");
    let seen = symptoms(edge, verdict);
    if let Some(seen) = seen.first() {
        text.push_str(&format!("; seen as: {seen}"));
    }
    let told: Vec<String> = more.iter().take(NAMED).map(alike).collect();
    if !told.is_empty() {
        text.push_str(&format!("; likewise {}", told.join(", ")));
    }
    if more.len() > told.len() {
        text.push_str(&format!(" and {} more", more.len() - told.len()));
    }
    text
}

fn alike(each: &Broken) -> String {
    let (from, to, step) = (&each.edge.from, &each.edge.to, &each.step);
    match each.edge.port {
        Some(port) => format!("{from} to {to} on {port} ({step})"),
        None => format!("{from} to {to} ({}, {step})", each.edge.leg),
    }
}

/// The way for the first, which is the way for all.
fn remedy(first: &Broken, more: &[Broken]) -> String {
    let own = first.edge.relying();
    let others: BTreeSet<String> = more
        .iter()
        .map(|each| each.edge.relying())
        .filter(|relying| *relying != own)
        .map(ToString::to_string)
        .collect();
    if others.is_empty() {
        return first.avoid.clone();
    }
    let others: Vec<String> = others.into_iter().collect();
    format!("{} The same for {}.", first.avoid, others.join(", "))
}
