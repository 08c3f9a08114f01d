//! What to ask for, so that some conditions can be judged and nothing else is asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::driver::{FactGroup, Scope};
use crate::model::NodeName;
use crate::plan::{ClusterPlan, Condition};

use super::judge::{Judgement, Look, judge};

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
    for condition in conditions {
        let (node, asked) = asked(condition);
        groups.extend(asked);
        // The publisher tells of the whole cluster.
        nodes.extend(node.or(plan.nodes.first()).cloned());
    }
    Scope {
        nodes: Some(nodes),
        groups,
    }
}

/// Of which node a condition speaks, and in which groups its facts are.
fn asked(condition: &Condition) -> (Option<&NodeName>, &'static [FactGroup]) {
    match condition {
        Condition::Trusts { node, .. }
        | Condition::NoRequest { node, .. }
        | Condition::RequestOf { node, .. }
        | Condition::IdentityIs { node, .. }
        | Condition::IdentityOf { node, .. } => (Some(node), &[FactGroup::Certificates]),
        Condition::Serves { node, .. } => (Some(node), &[FactGroup::Served]),
        Condition::TrustListHolds { .. } => (None, &[FactGroup::TrustList]),
        // The publisher's clock is read with its platform facts.
        Condition::PhonesReset { .. } | Condition::PhonesBack { .. } => {
            (None, &[FactGroup::Phones, FactGroup::Platform])
        }
        Condition::StartedSince { node, .. }
        | Condition::Runs { node, .. }
        | Condition::Healthy { node, .. } => (Some(node), &[FactGroup::Services]),
        Condition::SsoDisabled { node }
        | Condition::SsoEnabled { node }
        | Condition::BackupIdle { node }
        | Condition::Traverses { node, .. } => (Some(node), &[FactGroup::Platform]),
        Condition::ReplicationGood {} => (None, &[FactGroup::Platform]),
        Condition::PhonesAtLeast { .. } => (None, &[FactGroup::Phones]),
    }
}

/// The judgement of several conditions together.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pub(super) holding: usize,
    pub(super) failing: Vec<(&'a Condition, String, String)>,
    pub(super) unknown: Vec<(&'a Condition, String)>,
}

/// Judges several conditions on one look.
pub(super) fn tally<'a>(
    conditions: impl IntoIterator<Item = &'a Condition>,
    look: Look<'_>,
) -> Tally<'a> {
    let mut tally = Tally::default();
    for condition in conditions {
        match judge(condition, look) {
            Judgement::Holds => tally.holding += 1,
            Judgement::Fails { expected, found } => {
                tally.failing.push((condition, expected, found))
            }
            Judgement::Unknown { why } => tally.unknown.push((condition, why)),
        }
    }
    tally
}

impl Tally<'_> {
    /// Whether every condition holds.
    pub(super) fn all_hold(&self) -> bool {
        self.failing.is_empty() && self.unknown.is_empty()
    }

    /// The conditions that do not hold or are not known to.
    pub(super) fn unmet(&self) -> impl Iterator<Item = &Condition> {
        let failing = self.failing.iter().map(|(condition, ..)| *condition);
        failing.chain(self.unknown.iter().map(|(condition, _)| *condition))
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
        joined(failing.chain(self.unknown.iter().map(|(_, why)| why.as_str())))
    }

    /// Both in one sentence.
    pub(super) fn sentence(&self) -> String {
        let failing = self
            .failing
            .iter()
            .map(|(_, expected, found)| format!("expected {expected}, found {found}"));
        let parts: Vec<String> = failing
            .chain(self.unknown.iter().map(|(_, why)| why.clone()))
            .collect();
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
