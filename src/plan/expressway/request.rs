//! The names of a peer's new certificate: every one that its neighbours look for.
// claim: EXPRESSWAY-CSR-NAMES, EXPRESSWAY-EDGE-NAMES, EXPRESSWAY-ZONE-NAMES

use std::collections::BTreeSet;

use crate::model::neighbours::{far, names as has, node_at, peers, verify_names, zone_addresses};
use crate::model::{
    Certificate, ClusterState, Domain, Expressway, NodeName, Observation, Observed, Product,
    SubjectName,
};

use super::super::due::Due;
use super::Party;

/// One signing request.
pub(super) struct Request {
    pub(super) node: NodeName,
    pub(super) common_name: String,
    pub(super) names: BTreeSet<SubjectName>,
}

/// One request for each peer that is due.
pub(super) fn requests(
    observation: &Observation,
    party: &Party<'_>,
    due: &Due<'_>,
) -> Vec<Request> {
    let far = far(&observation.clusters, party.cluster);
    let far: Vec<&ClusterState> = far
        .into_iter()
        .filter_map(|name| observation.clusters.get(name))
        .collect();
    let request = |node: &NodeName| {
        let present = party.state.identity(node, &due.wanted.purpose);
        let names = named(party, &far, due, node, present);
        Request {
            node: node.clone(),
            common_name: common_name(party, node, present),
            names,
        }
    };
    due.nodes.iter().map(request).collect()
}

/// In a cluster the common name is the cluster's name, else the peer's own. No question for the cluster's name is known,
/// so that the present certificate is asked first.
// claim: EXPRESSWAY-CLUSTER-PATH
fn common_name(party: &Party<'_>, node: &NodeName, present: Option<&Certificate>) -> String {
    let told = told(party, node);
    let cluster = told.and_then(|told| told.cluster_name.present());
    let present = present.and_then(|certificate| certificate.common_name.as_ref());
    let known = cluster
        .into_iter()
        .chain(present)
        .find(|name| is_full(name));
    known.map_or_else(|| node.to_string(), |name| name.to_ascii_lowercase())
}

fn told<'a>(party: &Party<'a>, node: &NodeName) -> Option<&'a Expressway> {
    let state: &'a ClusterState = party.state;
    Some(state.nodes.get(node)?.expressway.present()?.as_ref())
}

/// Source: expressway §7.1, §3.
fn named(
    party: &Party<'_>,
    far: &[&ClusterState],
    due: &Due<'_>,
    node: &NodeName,
    present: Option<&Certificate>,
) -> BTreeSet<SubjectName> {
    let mut names: BTreeSet<SubjectName> = due.wanted.also.clone();
    let mut add = |name: &str| {
        if is_full(name) {
            names.insert(SubjectName::dns(name));
        }
    };
    add(node.as_str());
    add(&common_name(party, node, present));
    if let Some(told) = told(party, node) {
        let own = [&told.own_name, &told.cluster_name];
        own.into_iter()
            .filter_map(Observed::present)
            .for_each(|name| add(name));
    }
    // What the present one has is looked for by somebody: chat nodes, security profiles of phones, aliases.
    for name in present.iter().flat_map(|certificate| &certificate.names) {
        if let SubjectName::Dns(name) = name {
            add(name);
        }
    }
    if party.state.product == Product::ExpresswayC {
        far.iter()
            .flat_map(|edge| verify_names(edge))
            .for_each(|name| add(&name));
        return names;
    }
    for address in far.iter().flat_map(|core| zone_addresses(core)) {
        let alone = party.nodes.len() == 1;
        if alone || node_at(party.state, &address) == Some(node) {
            add(&address);
        }
    }
    names.extend(domains(party, far, present));
    names
}

/// The domains of remote access and of federation that the present certificate does not have in either form.
fn domains(
    party: &Party<'_>,
    far: &[&ClusterState],
    present: Option<&Certificate>,
) -> BTreeSet<SubjectName> {
    let sides = std::iter::once(&party.state).chain(far);
    let domains = sides
        .flat_map(|state| peers(state))
        .filter(|(_, _, told)| told.remote_access != Observed::Present(false))
        .flat_map(|(_, _, told)| told.domains.present().into_iter().flatten());
    let mut names = BTreeSet::new();
    for domain in domains {
        let known = |name: &str| present.is_some_and(|certificate| has(certificate, name));
        let edge = format!("collab-edge.{}", domain.name);
        if domain.xmpp_federation == Some(true) {
            names.insert(SubjectName::dns(&domain.name));
        }
        if remote(domain) && !known(&domain.name) && !known(&edge) {
            names.insert(SubjectName::dns(&edge));
        }
    }
    names
}

fn remote(domain: &Domain) -> bool {
    domain.edge_sip == Some(true) || domain.edge_xmpp == Some(true)
}

/// A host name with its domain, without wildcard: what a request can ask for.
fn is_full(name: &str) -> bool {
    let part = |part: &str| {
        let plain = part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        !part.is_empty() && plain && !part.starts_with('-') && !part.ends_with('-')
    };
    let last = name.rsplit('.').next();
    let ends = last.is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()));
    name.contains('.') && ends && name.split('.').all(part)
}
