//! A plan's steps and the reasons between them, for Graphviz and Mermaid.

use std::collections::BTreeMap;

use crate::model::StepId;
use crate::plan::{Action, ClusterPlan, Plan, Reversal, Stage, Step};

use super::view::{Labels, is_gate};
use super::words::clean;

/// The plan for Graphviz: one box a step, one arrow a reason.
pub fn plan_dot(plan: &Plan) -> String {
    let mut lines = vec![
        "digraph plan {".to_owned(),
        "  node [shape=box, fontname=\"sans-serif\"];".to_owned(),
    ];
    for (place, (name, cluster)) in plan.clusters.iter().enumerate() {
        let labels = Labels::of(cluster);
        let ids = ids(place, cluster);
        lines.push(format!("  subgraph cluster_{place} {{"));
        lines.push(format!("    label={};", quoted(name.as_str())));
        for step in &cluster.steps {
            let style = match (is_final(step), step.disruption.is_some()) {
                (true, _) => ", style=filled, fillcolor=\"#fdecea\", penwidth=2",
                (false, true) => ", style=filled, fillcolor=\"#fff4e0\"",
                (false, false) => "",
            };
            let id = id_of(&ids, &step.id);
            lines.push(format!(
                "    {id} [label={}{style}];",
                quoted(&label(step, &labels))
            ));
        }
        for edge in &cluster.edges {
            let (first, then) = (id_of(&ids, &edge.first), id_of(&ids, &edge.then));
            lines.push(format!(
                "    {first} -> {then} [tooltip={}];",
                quoted(&edge.why)
            ));
        }
        lines.push("  }".to_owned());
    }
    let ids = all_ids(plan);
    for link in &plan.links {
        let (first, then) = (id_of(&ids, &link.first), id_of(&ids, &link.then));
        let why = quoted(&link.why);
        lines.push(format!(
            "  {first} -> {then} [style=dashed, penwidth=2, tooltip={why}];"
        ));
    }
    lines.push("}\n".to_owned());
    lines.join("\n")
}

/// The plan for Mermaid.
pub fn plan_mermaid(plan: &Plan) -> String {
    let mut lines = vec!["flowchart TB".to_owned()];
    for (place, (name, cluster)) in plan.clusters.iter().enumerate() {
        let labels = Labels::of(cluster);
        let ids = ids(place, cluster);
        lines.push(format!(
            "  subgraph cluster{place}[\"{}\"]",
            entities(name.as_str())
        ));
        for step in &cluster.steps {
            let id = id_of(&ids, &step.id);
            let class = match (is_final(step), step.disruption.is_some()) {
                (true, _) => ":::final",
                (false, true) => ":::disrupts",
                (false, false) => "",
            };
            lines.push(format!(
                "    {id}[\"{}\"]{class}",
                entities(&label(step, &labels))
            ));
        }
        for edge in &cluster.edges {
            let (first, then) = (id_of(&ids, &edge.first), id_of(&ids, &edge.then));
            lines.push(format!(
                "    {first} -->|\"{}\"| {then}",
                entities(&edge.why)
            ));
        }
        lines.push("  end".to_owned());
    }
    let ids = all_ids(plan);
    for link in &plan.links {
        let (first, then) = (id_of(&ids, &link.first), id_of(&ids, &link.then));
        lines.push(format!(
            "  {first} -.->|\"{}\"| {then}",
            entities(&link.why)
        ));
    }
    lines.push("  classDef final fill:#fdecea,stroke:#b3261e,stroke-width:2px".to_owned());
    lines.push("  classDef disrupts fill:#fff4e0,stroke:#b26a00\n".to_owned());
    lines.join("\n")
}

/// Identifiers without any character that means something in a graph language.
fn ids(place: usize, cluster: &ClusterPlan) -> BTreeMap<&StepId, String> {
    let numbered = cluster.steps.iter().enumerate();
    numbered
        .map(|(at, step)| (&step.id, format!("c{place}s{at}")))
        .collect()
}

fn all_ids(plan: &Plan) -> BTreeMap<&StepId, String> {
    let clusters = plan.clusters.values().enumerate();
    clusters
        .flat_map(|(place, cluster)| ids(place, cluster))
        .collect()
}

fn id_of<'a>(ids: &'a BTreeMap<&StepId, String>, step: &StepId) -> &'a str {
    ids.get(step).map_or("unknown", String::as_str)
}

fn is_final(step: &Step) -> bool {
    matches!(step.reversal, Reversal::Irreversible { .. })
}

fn label(step: &Step, labels: &Labels) -> String {
    let node = step
        .node
        .as_ref()
        .map_or("whole cluster", |node| labels.node(node));
    let what = match &step.action {
        Action::Person { .. } => "a person acts".to_owned(),
        Action::UploadTrust { title, .. } => format!("trust {title}"),
        Action::GenerateRequest { purpose, .. } => format!("request {purpose}"),
        Action::AwaitCertificates { issuer, .. } => format!("wait for {issuer}"),
        Action::UploadIdentity { purpose, .. } if step.stage == Stage::Activate => {
            format!("upload {purpose}, no return, phones reset")
        }
        Action::UploadIdentity { purpose, .. } => format!("upload {purpose}, no return"),
        Action::RestartService { service, .. } => format!("restart {service}"),
        Action::UpdateTrustList {} => "update the CTL".to_owned(),
        Action::ResetPhones { pool } => format!("reset phones of {pool}"),
        Action::Confirm { .. } if is_gate(step) => "gate: phones are back".to_owned(),
        Action::Confirm { .. } => "confirm".to_owned(),
    };
    format!("{}: {what} ({node})", step.id)
}

/// A quoted string of the DOT language.
pub(super) fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        clean(text).replace('\\', "\\\\").replace('"', "\\\"")
    )
}

/// Text inside Mermaid's quotes: its own entities for what would end or steer it.
pub(super) fn entities(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '#' => safe.push_str("#35;"),
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '&' => safe.push_str("#amp;"),
            '`' => safe.push_str("#96;"),
            c => safe.push(c),
        }
    }
    safe
}
