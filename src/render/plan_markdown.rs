//! A plan as Markdown, for tickets and repositories.

use crate::model::Fingerprint;
use crate::plan::Plan;

use super::Beliefs;
use super::view::{ClusterView, PlanView, StepView};
use super::words::clean;

/// The plan as Markdown.
pub fn plan_markdown(plan: &Plan, digest: &Fingerprint, beliefs: &Beliefs) -> String {
    let view = PlanView::of(plan, digest, beliefs);
    let mut lines = vec![
        "# Change plan".to_owned(),
        String::new(),
        escaped(&view.summary),
        String::new(),
    ];
    table(
        &mut lines,
        &["made", "start by", "digest"],
        vec![vec![
            view.made.clone(),
            view.valid_until.clone(),
            view.digest.clone(),
        ]],
    );
    for cluster in &view.clusters {
        cluster_markdown(&mut lines, cluster);
    }
    lines.join("\n")
}

fn cluster_markdown(lines: &mut Vec<String>, cluster: &ClusterView) {
    lines.push(format!("## Cluster {}", escaped(&cluster.name)));
    lines.push(String::new());
    let nodes = escaped(&cluster.nodes.join(", "));
    lines.push(format!("{}: {nodes}", escaped(&cluster.product)));
    lines.push(String::new());
    course_markdown(lines, cluster);
    heading(lines, "Findings that this answers");
    let findings = cluster.findings.iter().map(|finding| {
        vec![
            finding.severity.clone(),
            finding.code.clone(),
            finding.node.clone(),
            finding.says.clone(),
        ]
    });
    table(
        lines,
        &["severity", "code", "where", "what"],
        findings.collect(),
    );
    if let Some(phones) = &cluster.phones {
        heading(lines, "Phones");
        let row = |what: &str, how: &str| vec![what.to_owned(), how.to_owned()];
        let waived = phones.waived.iter();
        let rows = [row("answers for", &phones.registered)]
            .into_iter()
            .chain(waived.map(|(name, why)| row("waived", &format!("{name}, absent: {why}"))))
            .chain(phones.passes.iter().map(|pass| row("pass", pass)));
        table(lines, &["what", "how"], rows.collect());
    }
    for stage in &cluster.stages {
        heading(lines, &format!("{}: {}", stage.name, stage.means));
        let rows = stage.steps.iter().map(step_row).collect();
        let head = [
            "step",
            "where",
            "what and why",
            "users",
            "before",
            "done if",
            "way back",
            "time",
        ];
        table(lines, &head, rows);
    }
    notes(lines, "Ways back", "W", &cluster.ways_back);
    notes(lines, "Sources", "S", &cluster.sources);
    if !cluster.reminders.is_empty() {
        heading(lines, "Reminders: what this plan does not do");
        lines.extend(
            cluster
                .reminders
                .iter()
                .map(|reminder| format!("- {}", escaped(reminder))),
        );
        lines.push(String::new());
    }
    if !cluster.beliefs.is_empty() {
        heading(lines, "Beliefs about the devices that are not documented");
        let rows = cluster.beliefs.iter().map(|belief| {
            vec![
                belief.evidence.clone(),
                belief.id.clone(),
                belief.says.clone(),
                belief.steps.clone(),
            ]
        });
        table(
            lines,
            &["evidence", "belief", "says", "steps"],
            rows.collect(),
        );
    }
}

fn course_markdown(lines: &mut Vec<String>, cluster: &ClusterView) {
    let course = &cluster.course;
    let row = |what: &str, how: &str| vec![what.to_owned(), how.to_owned()];
    let mut rows = vec![
        row("in all", &course.total),
        row("from the first restart to the last proof", &course.window),
        row("first point of no return", &course.no_return),
        row("waits at", &course.waits),
    ];
    rows.extend(course.outages.iter().map(|outage| {
        row(
            &format!("outage of {}", outage.service),
            &format!("{}; {}", outage.loses, outage.lasts),
        )
    }));
    rows.extend(
        course
            .safe_stops
            .iter()
            .map(|(step, state)| row(&format!("may rest after {step}"), state)),
    );
    heading(lines, "Timeline");
    lines.push("Typical times; waiting for people and issuers is not counted.".to_owned());
    lines.push(String::new());
    table(lines, &["what", "how"], rows);
}

fn step_row(step: &StepView) -> Vec<String> {
    let mut what = vec![format!("{}.", step.what)];
    what.extend(step.details.iter().map(|detail| format!("{detail}.")));
    what.push(step.why.clone());
    if !step.because.is_empty() {
        what.push(format!("Answers {}.", step.because.join(", ")));
    }
    if !step.sources.is_empty() {
        what.push(step.source_tags());
    }
    let back = match (step.no_return, step.way_back) {
        (true, Some(number)) => format!("POINT OF NO RETURN; recover by W{number}"),
        (false, Some(number)) => format!("by hand, W{number}"),
        (_, None) => "changes nothing".to_owned(),
    };
    let takes = if step.takes.is_empty() {
        "waits"
    } else {
        &step.takes
    };
    vec![
        step.id.clone(),
        step.node.clone(),
        what.join(" "),
        if step.users.is_empty() {
            "notice nothing".to_owned()
        } else {
            step.users.clone()
        },
        step.before.join("; "),
        step.after.join("; "),
        back,
        format!("{}, {takes}", step.starts),
    ]
}

fn notes(lines: &mut Vec<String>, title: &str, letter: &str, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    heading(lines, title);
    let numbered = (1..).zip(notes);
    lines
        .extend(numbered.map(|(number, note)| format!("- **{letter}{number}** {}", escaped(note))));
    lines.push(String::new());
}

fn heading(lines: &mut Vec<String>, title: &str) {
    lines.push(format!("### {}", escaped(title)));
    lines.push(String::new());
}

fn table(lines: &mut Vec<String>, head: &[&str], rows: Vec<Vec<String>>) {
    lines.push(format!("| {} |", head.join(" | ")));
    lines.push(format!("|{}", " --- |".repeat(head.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.push(String::new());
}

/// Text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}
