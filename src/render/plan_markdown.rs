//! A plan as Markdown, for tickets and repositories.

use crate::model::Fingerprint;
use crate::plan::Plan;

use super::Beliefs;
use super::view::{ClusterView, PlanView, StepView};
use super::words::clean;

/// The plan as Markdown.
pub fn plan_markdown(plan: &Plan, digest: &Fingerprint, beliefs: &Beliefs) -> String {
    let view = PlanView::of(plan, digest, beliefs);
    let mut text = format!("# Change plan\n\n{}\n\n", escaped(&view.summary));
    table(
        &mut text,
        &["made", "start by", "digest"],
        vec![vec![
            view.made.clone(),
            view.valid_until.clone(),
            view.digest.clone(),
        ]],
    );
    for cluster in &view.clusters {
        cluster_markdown(&mut text, cluster);
    }
    text
}

fn cluster_markdown(text: &mut String, cluster: &ClusterView) {
    let course = &cluster.course;
    text.push_str(&format!(
        "## Cluster {}\n\n{}: {}\n\n",
        escaped(&cluster.name),
        escaped(&cluster.product),
        escaped(&cluster.nodes.join(", "))
    ));
    let mut rows = vec![
        vec!["in all".to_owned(), course.total.clone()],
        vec![
            "from the first restart to the last proof".to_owned(),
            course.window.clone(),
        ],
        vec![
            "first point of no return".to_owned(),
            course.no_return.clone(),
        ],
        vec!["waits at".to_owned(), course.waits.clone()],
    ];
    for outage in &course.outages {
        rows.push(vec![
            format!("outage of {}", outage.service),
            format!("users lose {}; {}", outage.loses, outage.lasts),
        ]);
    }
    for (step, state) in &course.safe_stops {
        rows.push(vec![format!("may rest after {step}"), state.clone()]);
    }
    text.push_str(
        "### Timeline\n\nTypical times; waiting for people and issuers is not counted.\n\n",
    );
    table(text, &["what", "how"], rows);
    text.push_str("### Findings that this answers\n\n");
    let findings = cluster.findings.iter().map(|finding| {
        vec![
            finding.severity.clone(),
            finding.code.clone(),
            finding.node.clone(),
            finding.says.clone(),
        ]
    });
    table(
        text,
        &["severity", "code", "where", "what"],
        findings.collect(),
    );
    for stage in &cluster.stages {
        text.push_str(&format!(
            "### {}: {}\n\n",
            escaped(&stage.name),
            escaped(&stage.means)
        ));
        let rows = stage.steps.iter().map(step_row).collect();
        table(
            text,
            &[
                "step",
                "where",
                "what and why",
                "users",
                "done if",
                "way back",
                "time",
            ],
            rows,
        );
    }
    notes(text, "Ways back", "W", &cluster.ways_back);
    notes(text, "Sources", "S", &cluster.sources);
    if !cluster.reminders.is_empty() {
        text.push_str("### Reminders: what this plan does not do\n\n");
        for reminder in &cluster.reminders {
            text.push_str(&format!("- {}\n", escaped(reminder)));
        }
        text.push('\n');
    }
    if !cluster.beliefs.is_empty() {
        text.push_str("### Beliefs about the devices that are not documented\n\n");
        let rows = cluster.beliefs.iter().map(|belief| {
            vec![
                belief.evidence.clone(),
                belief.id.clone(),
                belief.says.clone(),
                belief.steps.clone(),
            ]
        });
        table(
            text,
            &["evidence", "belief", "says", "steps"],
            rows.collect(),
        );
    }
}

fn step_row(step: &StepView) -> Vec<String> {
    let mut what = vec![format!("{}.", step.what)];
    what.extend(step.details.iter().map(|detail| format!("{detail}.")));
    what.push(step.why.clone());
    if !step.because.is_empty() {
        what.push(format!("Answers {}.", step.because.join(", ")));
    }
    if !step.sources.is_empty() {
        let tags: Vec<String> = step
            .sources
            .iter()
            .map(|number| format!("S{number}"))
            .collect();
        what.push(format!("({})", tags.join(", ")));
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
        step.after.join("; "),
        back,
        format!("{}, {takes}", step.starts),
    ]
}

fn notes(text: &mut String, title: &str, letter: &str, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    text.push_str(&format!("### {title}\n\n"));
    for (number, note) in (1..).zip(notes) {
        text.push_str(&format!("- **{letter}{number}** {}\n", escaped(note)));
    }
    text.push('\n');
}

fn table(text: &mut String, head: &[&str], rows: Vec<Vec<String>>) {
    text.push_str(&format!(
        "| {} |\n|{}\n",
        head.join(" | "),
        " --- |".repeat(head.len())
    ));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push('\n');
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
