//! The facts that every change of a peer rests on. One that is unknown, or is not as the rules ask, is a refusal; what
//! cannot be seen at all is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::neighbours::{far, peers};
use crate::model::{
    ClusterName, ClusterState, Expressway, Interface, NodeName, NodeState, Observed, Product,
    Purpose,
};

use super::super::Question;
use super::super::draft::cited;
use super::super::facts::{Refusals, unknown};
use super::super::trusting::Wanted;
use super::{Party, SERVER};

/// The paths without which no change could be made and read back. Source: expressway §2, §5.
const NEEDED: [&str; 4] = [
    "/certs/server",
    "/certs/root",
    "/certs/generate_csr",
    "/restart",
];

/// A refusal for each fact that is unknown or forbids a change.
pub(super) fn survey(question: &Question<'_>, party: &Party<'_>) -> Refusals {
    let mut refusals = Vec::new();
    for (name, node) in &party.state.nodes {
        let facts = [
            ("its release", node.release.unknown()),
            ("its certificates", node.inventory.unknown()),
            ("since when it runs", node.services.unknown()),
            ("what it says of itself", node.expressway.unknown()),
        ];
        let gaps = facts
            .into_iter()
            .filter_map(|(fact, why)| Some((fact, why?)));
        refusals.extend(gaps.map(|(fact, why)| unknown(party.cluster, fact, why).at([name])));
        if let Observed::Present(told) = &node.expressway {
            refusals.extend(of_peer(question, party, name, node, told));
        }
    }
    refusals.extend(one_release(question, party));
    refusals
}

fn of_peer(
    question: &Question<'_>,
    party: &Party<'_>,
    name: &NodeName,
    node: &NodeState,
    told: &Expressway,
) -> Refusals {
    let mut refusals = Vec::new();
    if node.services.present().is_none() && node.services.unknown().is_none() {
        refusals.push(unknown(party.cluster, "since when it runs", "it does not say").at([name]));
    }
    if let Some(why) = told.zones.unknown() {
        let says = "the zones, by which it is seen that it is back after a restart";
        refusals.push(unknown(party.cluster, says, why).at([name]));
    }
    match &told.interface {
        Observed::Present(Interface::Matches) => {}
        Observed::Present(Interface::Lacks(calls)) => {
            let lacking = calls
                .iter()
                .filter(|call| NEEDED.iter().any(|path| call.ends_with(path)));
            let lacking: Vec<&str> = lacking.map(String::as_str).collect();
            if !lacking.is_empty() && !question.options.write_undescribed {
                let says = format!(
                    "expected the peer to describe every call that a renewal needs; its description (/api/raml) is \
                     without {}",
                    lacking.join(", ")
                );
                let next = "Renew this cluster by hand in its web pages and leave it out with --except; its release \
                            words its interface in another way than this program knows. If you know that the calls \
                            are there, plan and apply with --write-undescribed.";
                refusals.push(party.refuse(says, next).at([name]));
            }
        }
        Observed::Unknown(why) => {
            let fact = "the description of its interface";
            refusals.push(unknown(party.cluster, fact, why).at([name]));
        }
        Observed::Absent => {
            let fact = "the description of its interface";
            refusals.push(unknown(party.cluster, fact, "it has none").at([name]));
        }
    }
    refusals
}

/// Both sides of a traversal run one release: facts about another mixture are not known.
// claim: EXPRESSWAY-SAME-RELEASE
fn one_release(question: &Question<'_>, party: &Party<'_>) -> Refusals {
    let clusters = &question.observation.clusters;
    let others = far(clusters, party.cluster)
        .into_iter()
        .filter_map(|name| clusters.get(name));
    let sides: Vec<&ClusterState> = std::iter::once(party.state).chain(others).collect();
    let mut by_release: BTreeMap<&str, BTreeSet<&NodeName>> = BTreeMap::new();
    for (name, node, _) in sides.into_iter().flat_map(peers) {
        if let Some(release) = node.release.present() {
            by_release.entry(release.as_str()).or_default().insert(name);
        }
    }
    if by_release.len() < 2 {
        return Vec::new();
    }
    let all: BTreeSet<&NodeName> = by_release.values().flatten().copied().collect();
    let found = by_release.iter().map(|(release, names)| {
        let names: Vec<&str> = names.iter().map(|name| name.short()).collect();
        format!("{release} on {}", names.join(", "))
    });
    let found: Vec<String> = found.collect();
    let says = format!(
        "expected one release on Expressway-C and Expressway-E; found {}",
        found.join("; ")
    );
    let next = "Finish the upgrade first; what one release takes of the other's certificate is known for equal ones only.";
    vec![party.refuse(says, next).breaking("I25").at(all)]
}

/// The first release with a client certificate of its own. Source: expressway §2.4.
// claim: EXPRESSWAY-CLIENT-STORE
const CLIENT_STORE: (u32, u32, u32) = (15, 5, 0);

/// The peers whose client certificate is the server certificate that the plan replaces.
pub(super) fn copies<'a>(party: &'a Party<'_>) -> Vec<&'a NodeName> {
    let renewed = party.renewed();
    let copied = |name: &&NodeName| {
        let identity = |purpose| party.state.identity(name, &Purpose::from(purpose));
        let pair = identity("client").zip(identity(SERVER));
        renewed.contains(name)
            && pair.is_some_and(|(client, server)| client.sha256 == server.sha256)
    };
    party.nodes.iter().filter(copied).collect()
}

/// How a person renews the client certificate, in the words of the playbook.
pub(super) fn client_way(question: &Question<'_>, party: &Party<'_>) -> String {
    let procedure = party.procedure(question, "client").ok();
    let text = procedure.and_then(|procedure| procedure.assess_only.as_ref());
    text.map_or_else(
        || "No call of the interface is known that does it; use the peer's web pages.".to_owned(),
        |text| text.text.clone(),
    )
}

/// What the tool does not do or could not check.
pub(super) fn reminders(
    question: &Question<'_>,
    party: &Party<'_>,
    wanted: &[Wanted<'_>],
) -> Vec<String> {
    let mut reminders = Vec::new();
    if let Some(server) = &party.server {
        let procedure = server.procedure;
        reminders.extend(procedure.reminders.iter().map(|reminder| {
            let sources = cited(procedure, &[&reminder.source]).join("; ");
            format!("{} [{sources}]", reminder.text)
        }));
        let clusters = &question.observation.clusters;
        if far(clusters, party.cluster).is_empty() {
            reminders.push(
                "No Expressway at the other end of its zones is in the estate: see by hand that it trusts the new chain \
                 before the certificates are stored."
                    .to_owned(),
            );
        }
        let has_client = peers(party.state).any(|(_, node, _)| {
            let release = node.release.present();
            release.is_some_and(|release| release.level() >= CLIENT_STORE)
        });
        if has_client {
            let way = client_way(question, party);
            reminders.push(format!(
                "The client certificate is not renewed by this plan. {way}"
            ));
        }
    }
    let unity: BTreeSet<&str> = wanted
        .iter()
        .filter(|it| product(question, it.of) == Some(Product::UnityConnection))
        .map(|it| it.of.as_str())
        .collect();
    if !unity.is_empty() {
        let unity: Vec<&str> = unity.into_iter().collect();
        reminders.push(format!(
            "No call tells which Unity Connection clusters an Expressway-C serves: {} is taken as served.",
            unity.join(", ")
        ));
    }
    for (name, _, told) in peers(party.state) {
        if let Some(why) = told.tunnels.unknown() {
            reminders.push(format!(
                "The tunnels of {name} could not be read ({why}): look at Status, Unified Communications, SSH tunnels \
                 status after each restart."
            ));
        }
    }
    reminders
}

fn product(question: &Question<'_>, cluster: &ClusterName) -> Option<Product> {
    let state = question.observation.clusters.get(cluster)?;
    Some(state.product)
}
