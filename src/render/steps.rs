//! A step or a condition in one line, for progress, reports and verification.

use crate::plan::{ClusterPlan, Condition, Step};

use super::view;

/// What a step does and where.
pub(super) fn title(step: &Step) -> String {
    let what = view::what(&step.action);
    match &step.node {
        Some(node) => format!("{what} on {}", node.short()),
        None => what,
    }
}

/// What must hold, with its nodes.
pub fn condition(condition: &Condition, plan: &ClusterPlan) -> String {
    view::told_alone(condition, plan)
}
