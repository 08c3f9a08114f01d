//! A plan as plain text: readable without colour, at most 100 characters wide.

use crate::model::Fingerprint;
use crate::plan::{Plan, Refusal};

use super::Beliefs;
use super::view::{ClusterView, PhonesView, PlanView, StepView};
use super::words::{WIDTH, clean, wrapped};

/// The plan for a terminal or a change ticket.
pub fn plan_text(plan: &Plan, digest: &Fingerprint, beliefs: &Beliefs) -> String {
    let view = PlanView::of(plan, digest, beliefs);
    let mut text = String::from("CHANGE PLAN\n");
    text.push_str(&wrapped("  ", &view.summary));
    text.push_str(&wrapped("  made        ", &view.made));
    text.push_str(&wrapped("  start by    ", &view.valid_until));
    text.push_str(&wrapped("  digest      ", &view.digest));
    for cluster in &view.clusters {
        text.push('\n');
        text.push_str(&cluster_text(cluster));
    }
    text
}

/// Refusals, each with its way out.
pub fn refusals_text(refusals: &[Refusal]) -> String {
    let mut text = wrapped(
        "",
        "REFUSED: no plan was made, and nothing was written to any device.",
    );
    for refusal in refusals {
        let told = refusal.to_string();
        let (says, next) = told.split_once("\n  next: ").unwrap_or((&told, ""));
        text.push_str(&wrapped("- ", says));
        text.push_str(&wrapped("  next: ", next));
    }
    text
}

fn cluster_text(cluster: &ClusterView) -> String {
    let title = format!("CLUSTER {} ", clean(&cluster.name));
    let rule = "=".repeat(WIDTH.saturating_sub(title.chars().count()));
    let mut text = wrapped("", &format!("{title}{rule}"));
    text.push_str(&wrapped("  product     ", &cluster.product));
    text.push_str(&wrapped("  nodes       ", &cluster.nodes.join(", ")));
    text.push_str(&course_text(cluster));
    section(
        &mut text,
        "Findings that this answers",
        &cluster.findings,
        |finding| {
            let place = format!("  {:<9} {} ", finding.severity, clean(&finding.node));
            wrapped(&place, &format!("{}: {}", finding.code, finding.says))
        },
    );
    if let Some(phones) = &cluster.phones {
        text.push_str(&phones_text(phones));
    }
    for stage in &cluster.stages {
        let name = stage.name.to_uppercase();
        text.push('\n');
        text.push_str(&wrapped("", &format!("{name} - {}", stage.means)));
        for step in &stage.steps {
            text.push_str(&step_text(step));
        }
    }
    numbered(&mut text, "Ways back", "W", &cluster.ways_back);
    numbered(&mut text, "Sources", "S", &cluster.sources);
    section(
        &mut text,
        "Reminders: what this plan does not do",
        &cluster.reminders,
        |reminder| wrapped("  - ", reminder),
    );
    section(
        &mut text,
        "Beliefs about the devices that are not documented",
        &cluster.beliefs,
        |belief| {
            let head = format!("  {:<9} ", belief.evidence);
            wrapped(
                &head,
                &format!("{}: {} ({})", belief.id, belief.says, belief.steps),
            )
        },
    );
    text
}

fn course_text(cluster: &ClusterView) -> String {
    let course = &cluster.course;
    let mut text =
        String::from("\nTimeline (typical; waiting for people and issuers is not counted)\n");
    text.push_str(&wrapped("  in all      ", &course.total));
    text.push_str(&wrapped(
        "  window      ",
        &format!("{} from the first restart to the last proof", course.window),
    ));
    if !course.waits.is_empty() {
        text.push_str(&wrapped("  waits at    ", &course.waits));
    }
    text.push_str(&wrapped("  no return   ", &course.no_return));
    for outage in &course.outages {
        let told = format!("{}: {}; {}", outage.service, outage.loses, outage.lasts);
        text.push_str(&wrapped("  outage      ", &told));
    }
    for (step, state) in &course.safe_stops {
        text.push_str(&wrapped(
            "  may rest    ",
            &format!("after {step}: {state}"),
        ));
    }
    text
}

fn phones_text(phones: &PhonesView) -> String {
    let mut text = String::from("\nPhones\n");
    text.push_str(&wrapped("  answers for ", &phones.registered));
    for (name, why) in &phones.waived {
        text.push_str(&wrapped(
            "  waived      ",
            &format!("{name}, absent: {why}"),
        ));
    }
    for pass in &phones.passes {
        text.push_str(&wrapped("  pass        ", pass));
    }
    text
}

fn step_text(step: &StepView) -> String {
    let time = match step.takes.as_str() {
        "" => format!("{}, waits", step.starts),
        takes => format!("{}, {takes}", step.starts),
    };
    let head = format!("  {}  ", step.id);
    let mut text = wrapped(&head, &format!("[{time}] {}: {}", step.node, step.what));
    let mut line =
        |label: &str, told: &str| text.push_str(&wrapped(&format!("      {label:<7} "), told));
    if step.no_return {
        line("*****", "POINT OF NO RETURN *****");
    }
    for detail in &step.details {
        line("what", detail);
    }
    let mut why = vec![step.why.clone()];
    if !step.because.is_empty() {
        why.push(format!("Answers {}.", step.because.join(", ")));
    }
    if !step.sources.is_empty() {
        why.push(step.source_tags());
    }
    line("why", &why.join(" "));
    if !step.users.is_empty() {
        line("users", &step.users);
    }
    if !step.before.is_empty() {
        line("before", &step.before.join("; "));
    }
    if !step.after.is_empty() {
        line("done if", &step.after.join("; "));
    }
    if let Some(number) = step.way_back {
        let kind = if step.no_return {
            "none; recover by"
        } else {
            "by hand,"
        };
        line("back", &format!("{kind} W{number}"));
    }
    text
}

fn numbered(text: &mut String, title: &str, letter: &str, notes: &[String]) {
    let notes: Vec<(usize, &String)> = (1..).zip(notes).collect();
    section(text, title, &notes, |(number, note)| {
        wrapped(&format!("  {:<4}", format!("{letter}{number}")), note)
    });
}

fn section<T>(text: &mut String, title: &str, items: &[T], line: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    text.push('\n');
    text.push_str(&wrapped("", title));
    for item in items {
        text.push_str(&line(item));
    }
}
