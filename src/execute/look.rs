//! What to ask for, so that some conditions can be judged and nothing else is asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::driver::{FactGroup, Scope};
use crate::journal::Artifacts;
use crate::model::{ClusterState, NodeName};
use crate::plan::{ClusterPlan, Condition};

use super::judge::{Judgement, judge};

/// The nodes and groups that some conditions speak of, and the certificates of some nodes beside them.
pub(super) fn scope<'a>(
    plan: &ClusterPlan,
    conditions: impl IntoIterator<Item = &'a Condition>,
    certificates_of: &BTreeSet<NodeName>,
) -> Scope {
    let mut nodes = certificates_of.clone();
    let mut groups = BTreeSet::new();
    if !certificates_of.is_empty() {
        groups.insert(FactGroup::Certificates);
    }
    let mut everywhere = false;
    for condition in conditions {
        let (node, group) = asked(condition);
        groups.insert(group);
        match (node, group) {
            (Some(node), _) => {
                nodes.insert(node.clone());
            }
            (None, FactGroup::Phones) => everywhere = true,
            // The publisher tells of the whole cluster.
            (None, _) => nodes.extend(plan.nodes.first().cloned()),
        }
    }
    Scope {
        nodes: (!everywhere).then_some(nodes),
        groups,
    }
}

/// Of which node a condition speaks, and in which group the fact is.
fn asked(condition: &Condition) -> (Option<&NodeName>, FactGroup) {
    match condition {
        Condition::Trusts { node, .. }
        | Condition::NoRequest { node, .. }
        | Condition::RequestOf { node, .. }
        | Condition::IdentityIs { node, .. }
        | Condition::IdentityOf { node, .. } => (Some(node), FactGroup::Certificates),
        Condition::Serves { node, .. } => (Some(node), FactGroup::Served),
        Condition::TrustListHolds { .. } => (None, FactGroup::TrustList),
        Condition::PhonesReset { .. } | Condition::PhonesBack { .. } => (None, FactGroup::Phones),
        Condition::StartedSince { node, .. }
        | Condition::Runs { node, .. }
        | Condition::Healthy { node, .. } => (Some(node), FactGroup::Services),
        Condition::SsoDisabled { node }
        | Condition::SsoEnabled { node }
        | Condition::BackupIdle { node } => (Some(node), FactGroup::Platform),
        Condition::ReplicationGood {} => (None, FactGroup::Platform),
        Condition::PhonesAtLeast { .. } => (None, FactGroup::Phones),
    }
}

/// The judgement of several conditions together.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pub(super) holding: usize,
    pub(super) failing: Vec<(&'a Condition, String, String)>,
    pub(super) unknown: Vec<String>,
}

/// Judges several conditions on one look.
pub(super) fn tally<'a>(
    conditions: impl IntoIterator<Item = &'a Condition>,
    state: &ClusterState,
    artifacts: &Artifacts,
) -> Tally<'a> {
    let mut tally = Tally::default();
    for condition in conditions {
        match judge(condition, state, artifacts) {
            Judgement::Holds => tally.holding += 1,
            Judgement::Fails { expected, found } => {
                tally.failing.push((condition, expected, found))
            }
            Judgement::Unknown { why } => tally.unknown.push(why),
        }
    }
    tally
}

impl Tally<'_> {
    /// Whether every condition holds.
    pub(super) fn all_hold(&self) -> bool {
        self.failing.is_empty() && self.unknown.is_empty()
    }

    /// What should be, where it is not.
    pub(super) fn expected(&self) -> String {
        joined(
            self.failing
                .iter()
                .map(|(_, expected, _)| expected.as_str()),
        )
    }

    /// What is instead, and what is not known.
    pub(super) fn found(&self) -> String {
        let failing = self.failing.iter().map(|(_, _, found)| found.as_str());
        joined(failing.chain(self.unknown.iter().map(String::as_str)))
    }

    /// Both in one sentence.
    pub(super) fn sentence(&self) -> String {
        let failing = self
            .failing
            .iter()
            .map(|(_, expected, found)| format!("expected {expected}, found {found}"));
        let parts: Vec<String> = failing.chain(self.unknown.iter().cloned()).collect();
        joined(parts.iter().map(String::as_str))
    }
}

/// More than a person reads at once is counted instead.
const SHOWN: usize = 6;

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.collect();
    let mut text = parts
        .iter()
        .take(SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join("; ");
    if let Some(more) = parts.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        _ = write!(text, "; and {more} more");
    }
    text
}
