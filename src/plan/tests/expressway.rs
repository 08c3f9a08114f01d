//! Both sides of a traversal and the cluster behind it, under a new intermediate.

use super::outline;
use crate::model::*;
use crate::plan::testing::*;
use crate::plan::*;

/// The whole plan: every step by cluster, then who waits for whom.
fn told(scene: &Scene) -> String {
    let (plans, links) = scene.estate();
    let mut lines = Vec::new();
    for (name, plan) in &plans {
        lines.push(format!("{name}:"));
        let steps = plan.steps.iter().zip(outline(plan));
        lines.extend(steps.map(|(step, told)| format!("  {} {told}", step.id)));
    }
    lines.extend(links);
    lines.join("\n")
}

#[test]
fn everybody_trusts_before_anybody_shows() {
    insta::assert_snapshot!(told(&Scene::with_expressway()));
}
