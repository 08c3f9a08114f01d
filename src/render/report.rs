//! The record of a run: what was approved, what happened to each step and when.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::journal::{Entry, Event, RunRecord, StepStatus};
use crate::model::{RunId, StepId};
use crate::plan::Plan;

use super::runs::status_word;
use super::steps::title;

/// When a step was first begun and last ended.
#[derive(Default)]
struct Times {
    begun: Option<Timestamp>,
    ended: Option<Timestamp>,
}

fn times(entries: &[Entry]) -> BTreeMap<&StepId, Times> {
    let mut times: BTreeMap<&StepId, Times> = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::StepStarted { step, .. } => {
                times.entry(step).or_default().begun.get_or_insert(entry.at);
            }
            Event::StepDone { step, .. }
            | Event::StepFailed { step, .. }
            | Event::StepDiverged { step, .. }
            | Event::Waiting { step, .. } => times.entry(step).or_default().ended = Some(entry.at),
            Event::RunOpened { .. }
            | Event::Resumed { .. }
            | Event::RequestMade { .. }
            | Event::Issued { .. }
            | Event::PhonesWaived { .. }
            | Event::ClusterStopped { .. }
            | Event::RunClosed { .. } => {}
        }
    }
    times
}

/// Phones that somebody waived, when, where and why.
#[derive(Serialize)]
struct Waiver {
    when: String,
    by: String,
    at: String,
    phones: String,
    why: String,
}

/// Those of the plan first, then those of the run.
fn waivers(plan: &Plan, record: &RunRecord) -> Vec<Waiver> {
    let baselines = plan
        .clusters
        .values()
        .filter_map(|cluster| cluster.phones.as_ref());
    let planned = baselines
        .flat_map(|phones| &phones.waived)
        .map(|(name, why)| Waiver {
            when: format!("{:.0}", plan.made),
            by: "whoever planned".to_owned(),
            at: "the plan".to_owned(),
            phones: name.clone(),
            why: why.clone(),
        });
    let during = record.entries.iter().filter_map(|entry| {
        let Event::PhonesWaived {
            step,
            phones,
            by,
            why,
        } = &entry.event
        else {
            return None;
        };
        let names: Vec<&str> = phones.iter().map(String::as_str).collect();
        Some(Waiver {
            when: format!("{:.0}", entry.at),
            by: by.clone(),
            at: step.to_string(),
            phones: names.join(", "),
            why: why.clone(),
        })
    });
    planned.chain(during).collect()
}

/// Markdown for a change board.
pub fn report_markdown(id: &RunId, plan: &Plan, record: &RunRecord) -> String {
    let replay = &record.replay;
    let mut text = String::new();
    let verdict = replay
        .closed
        .as_ref()
        .map_or_else(|| "not finished".to_owned(), ToString::to_string);
    let _ = writeln!(text, "# Run {id}\n");
    let _ = writeln!(text, "- plan: sha256 {}", replay.plan);
    let _ = writeln!(
        text,
        "- opened: {:.0} by {}",
        replay.opened,
        cell(&replay.operator)
    );
    let _ = writeln!(text, "- last event: {:.0}", replay.latest);
    let _ = writeln!(text, "- verdict: {}", cell(&verdict));
    let resumed = record
        .entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::Resumed { .. }))
        .count();
    let _ = writeln!(text, "- taken up again: {resumed} times");
    let _ = writeln!(text, "- not checked: revocation of the issued certificates");
    let times = times(&record.entries);
    for (name, cluster) in &plan.clusters {
        let _ = writeln!(
            text,
            "\n## {name}\n\n| step | what | status | begun | ended |\n|---|---|---|---|---|"
        );
        for step in &cluster.steps {
            let known = replay.step(&step.id);
            let status = known.map_or("unknown", |record| status_word(&record.status));
            let at = times.get(&step.id);
            let shown = |moment: Option<Timestamp>| {
                moment.map_or_else(String::new, |moment| format!("{moment:.0}"))
            };
            let _ = writeln!(
                text,
                "| {} | {} | {}{} | {} | {} |",
                step.id,
                cell(&title(step)),
                status,
                cell(&detail(known.map(|record| &record.status))),
                shown(at.and_then(|at| at.begun)),
                shown(at.and_then(|at| at.ended)),
            );
        }
        for reminder in &cluster.reminders {
            let _ = writeln!(text, "\n- to do by hand: {reminder}");
        }
    }
    let waivers = waivers(plan, record);
    if !waivers.is_empty() {
        let _ = writeln!(
            text,
            "\n## Phones that nobody waits for\n\n| when | by | at | phones | why |\n|---|---|---|---|---|"
        );
    }
    for waiver in waivers {
        let row = [waiver.when, waiver.by, waiver.at, waiver.phones, waiver.why];
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(text, "\n## Requests and certificates\n");
    for (step, request) in &replay.artifacts.requests {
        let _ = writeln!(
            text,
            "- {step}: request sha256 {}, key sha256 {}",
            request.sha256, request.public_key
        );
    }
    for (step, leaf) in &replay.artifacts.leaves {
        let _ = writeln!(text, "- {step}: certificate sha256 {}", leaf.sha256);
    }
    text
}

fn detail(status: Option<&StepStatus>) -> String {
    match status {
        Some(StepStatus::Failed { error, .. }) => format!(": {error}"),
        Some(StepStatus::Diverged { found }) => format!(": {found}"),
        Some(StepStatus::Waiting { awaited }) => format!(": {awaited}"),
        Some(StepStatus::Done(crate::journal::DoneHow::Marked { by, why })) => {
            format!(" by {by}: {why}")
        }
        Some(StepStatus::Pending | StepStatus::InDoubt { .. } | StepStatus::Done(_)) | None => {
            String::new()
        }
    }
}

/// Text that cannot end a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The same as one HTML file, every value escaped.
///
/// # Errors
/// The template engine's own.
pub fn report_html(
    id: &RunId,
    plan: &Plan,
    record: &RunRecord,
) -> Result<String, minijinja::Error> {
    let mut engine = minijinja::Environment::new();
    engine.add_template("report.html", include_str!("report.html"))?;
    let replay = &record.replay;
    let times = times(&record.entries);
    let clusters: Vec<_> = plan
        .clusters
        .iter()
        .map(|(name, cluster)| {
            let steps: Vec<_> = cluster
                .steps
                .iter()
                .map(|step| {
                    let known = replay.step(&step.id).map(|record| &record.status);
                    let at = times.get(&step.id);
                    minijinja::context! {
                        id => step.id.as_str(),
                        what => title(step),
                        status => known.map_or("unknown", status_word),
                        detail => detail(known),
                        begun => at.and_then(|at| at.begun).map(|at| format!("{at:.0}")),
                        ended => at.and_then(|at| at.ended).map(|at| format!("{at:.0}")),
                    }
                })
                .collect();
            minijinja::context! { name => name.as_str(), steps, reminders => cluster.reminders.clone() }
        })
        .collect();
    engine.get_template("report.html")?.render(minijinja::context! {
        id => id.as_str(),
        plan => replay.plan.as_str(),
        opened => format!("{:.0}", replay.opened),
        operator => replay.operator.clone(),
        verdict => replay.closed.as_ref().map_or_else(|| "not finished".to_owned(), ToString::to_string),
        clusters,
        waivers => minijinja::value::Serde(&waivers(plan, record)),
    })
}
