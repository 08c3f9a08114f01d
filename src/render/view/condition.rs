//! Conditions in words, those that differ only in the node told together.

use crate::model::NodeName;
use crate::plan::{ClusterPlan, Condition};

use super::super::words::{count, list};
use super::Labels;

/// Some conditions as sentences. `every node` stands for all nodes of the cluster.
pub(super) fn told(conditions: &[Condition], plan: &ClusterPlan, labels: &Labels) -> Vec<String> {
    let mut groups: Vec<((String, String), Vec<&NodeName>)> = Vec::new();
    for condition in conditions {
        let (before, node, after) = words(condition, labels);
        let frame = (before, after);
        match groups.iter_mut().find(|(known, _)| *known == frame) {
            Some((_, nodes)) => nodes.extend(node),
            None => groups.push((frame, node.into_iter().collect())),
        }
    }
    groups
        .into_iter()
        .map(|((before, after), nodes)| {
            let named: Vec<&str> = nodes.iter().map(|node| labels.node(node)).collect();
            let place = if nodes.len() > 1 && nodes.len() == plan.nodes.len() {
                "every node".to_owned()
            } else {
                list(&named)
            };
            format!("{before}{place}{after}")
        })
        .collect()
}

/// What stands before and after the node.
fn words<'a>(condition: &'a Condition, labels: &Labels) -> (String, Option<&'a NodeName>, String) {
    let framed = |before: String, node: &'a NodeName, after: String| (before, Some(node), after);
    match condition {
        Condition::Trusts {
            node,
            store,
            sha256,
        } => framed(
            format!("{store} holds {} on ", labels.certificate(sha256)),
            node,
            String::new(),
        ),
        Condition::NoRequest { node, purpose } => framed(
            format!("no {purpose} request waits on "),
            node,
            String::new(),
        ),
        Condition::RequestOf {
            node,
            purpose,
            step,
        } => framed(
            format!("the {purpose} request of {step} waits on "),
            node,
            String::new(),
        ),
        Condition::IdentityIs {
            node,
            purpose,
            sha256,
        } => framed(
            format!("the {purpose} certificate {} is stored on ", sha256.short()),
            node,
            String::new(),
        ),
        Condition::IdentityOf {
            node,
            purpose,
            step,
        } => framed(
            format!("the {purpose} certificate for {step} is stored on "),
            node,
            String::new(),
        ),
        Condition::Serves {
            node,
            listener,
            step,
        } => framed(
            format!("port {listener} of "),
            node,
            format!(" serves the certificate for {step}"),
        ),
        Condition::Runs { node, service } => {
            framed(format!("{service} runs on "), node, String::new())
        }
        Condition::Healthy { node, services } => framed(
            format!(
                "{} that ran before on ",
                match services.len() {
                    1 => "the service".to_owned(),
                    number => format!("all {}", count(number, "service")),
                }
            ),
            node,
            " run".to_owned(),
        ),
        Condition::SsoDisabled { node } => {
            framed("single sign-on is off on ".to_owned(), node, String::new())
        }
        Condition::SsoEnabled { node } => {
            framed("single sign-on is on on ".to_owned(), node, String::new())
        }
        Condition::BackupIdle { node } => framed(
            "no backup or restore runs, as seen on ".to_owned(),
            node,
            String::new(),
        ),
        Condition::ReplicationGood {} => (
            "database replication is good on every node".to_owned(),
            None,
            String::new(),
        ),
        Condition::PhonesAtLeast { count } => (
            format!("at least {count} phones are registered"),
            None,
            String::new(),
        ),
    }
}
