//! Conditions in words, those that differ only in the node told together.

use crate::model::NodeName;
use crate::plan::{ClusterPlan, Condition};

use super::super::words::{count, list};
use super::Labels;

/// What several conditions may differ in and still be told in one sentence.
enum Item<'a> {
    /// The node, last in the sentence or in its middle.
    Node(&'a NodeName),
    /// Something else.
    Text(String),
    /// Nothing.
    None,
}

/// Some conditions as sentences. `every node` stands for all nodes of the cluster.
pub(super) fn told(conditions: &[Condition], plan: &ClusterPlan, labels: &Labels) -> Vec<String> {
    let mut groups: Vec<((String, String), Vec<Item<'_>>)> = Vec::new();
    for condition in conditions {
        let (before, item, after) = words(condition, labels);
        let frame = (before, after);
        match groups.iter_mut().find(|(known, _)| *known == frame) {
            Some((_, items)) => items.push(item),
            None => groups.push((frame, vec![item])),
        }
    }
    groups
        .into_iter()
        .map(|((before, after), items)| {
            let nodes = items
                .iter()
                .filter(|item| matches!(item, Item::Node(_)))
                .count();
            if nodes > 1 && nodes == plan.nodes.len() {
                return format!("{before}every node{after}");
            }
            let items: Vec<&str> = items
                .iter()
                .map(|item| match item {
                    Item::Node(node) => labels.node(node),
                    Item::Text(text) => text,
                    Item::None => "",
                })
                .collect();
            format!("{before}{}{after}", list(&items))
        })
        .collect()
}

fn traversal(zones: usize, tunnels: u64) -> String {
    let tunnels = usize::try_from(tunnels).unwrap_or(usize::MAX);
    let [zones, tunnels] = [count(zones, "zone"), count(tunnels, "tunnel")];
    format!("{zones} that worked before active, and at least {tunnels} established, on ")
}

/// What stands before and after the part in which conditions of one kind differ.
fn words<'a>(condition: &'a Condition, labels: &Labels) -> (String, Item<'a>, String) {
    let at = |before: String, node: &'a NodeName| (before, Item::Node(node), String::new());
    match condition {
        Condition::Trusts {
            node,
            store,
            sha256,
        } => at(
            format!("{store} holds {} on ", labels.certificate(sha256)),
            node,
        ),
        Condition::NoRequest { node, purpose } => {
            at(format!("no {purpose} request waits on "), node)
        }
        Condition::RequestOf {
            node,
            purpose,
            step,
        } => at(format!("the {purpose} request of {step} waits on "), node),
        Condition::IdentityIs {
            node,
            purpose,
            sha256,
        } => at(
            format!("the {purpose} certificate {} is stored on ", sha256.short()),
            node,
        ),
        Condition::IdentityOf {
            node,
            purpose,
            step,
        } => at(
            format!("the {purpose} certificate issued for {step} is stored on "),
            node,
        ),
        Condition::Serves {
            node,
            listener,
            step,
        } => (
            format!(
                "the certificate issued for {step} is served by {} on ",
                labels.node(node)
            ),
            Item::Text(listener.to_string()),
            String::new(),
        ),
        Condition::StartedSince {
            node,
            service,
            step,
        } => at(format!("{service} started after {step} on "), node),
        Condition::TrustListHolds { step } => (
            "the certificate trust list carries the certificate issued for ".to_owned(),
            Item::Text(step.to_string()),
            String::new(),
        ),
        Condition::PhonesReset { pool, .. } => (
            "the phones of device pool ".to_owned(),
            Item::Text(pool.clone()),
            " have been reset".to_owned(),
        ),
        Condition::PhonesBack { polls, .. } => (
            format!(
                "every phone that was registered and that nobody waived is registered again since its reset, in {} in a row",
                count(usize::try_from(*polls).unwrap_or(usize::MAX), "look")
            ),
            Item::None,
            String::new(),
        ),
        Condition::Runs { node, service } => at(format!("{service} runs on "), node),
        Condition::Healthy { node, services } => at(
            format!(
                "the {} that ran before run on ",
                count(services.len(), "service")
            ),
            node,
        ),
        Condition::SsoDisabled { node } => at("single sign-on is off on ".to_owned(), node),
        Condition::SsoEnabled { node } => at("single sign-on is on on ".to_owned(), node),
        Condition::BackupIdle { node } => {
            at("no backup or restore runs, as seen on ".to_owned(), node)
        }
        Condition::ReplicationGood {} => (
            "database replication is good on every node".to_owned(),
            Item::None,
            String::new(),
        ),
        Condition::PhonesAtLeast { count } => (
            format!("at least {count} phones are registered"),
            Item::None,
            String::new(),
        ),
        Condition::Traverses {
            node,
            zones,
            tunnels,
        } => at(traversal(zones.len(), *tunnels), node),
    }
}
