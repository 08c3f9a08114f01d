//! Runs: how one ended, and the list of all.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::execute::{Class, Outcome};
use crate::journal::{RunState, RunSummary, StepStatus};
use crate::model::RunId;

/// How a run ended, by cluster.
pub fn outcome(run: &RunId, outcome: &Outcome) -> String {
    let mut text = String::new();
    for (name, cluster) in &outcome.clusters {
        let place = cluster
            .step
            .as_ref()
            .map_or_else(String::new, |step| format!(" at {step}"));
        let _ = writeln!(
            text,
            "{name}: {}{place}, {} of {} steps: {}",
            word(cluster.class),
            cluster.done,
            cluster.steps,
            cluster.what
        );
        if !cluster.next.is_empty() {
            let _ = writeln!(text, "  next: {}", cluster.next);
        }
    }
    if let Some(error) = &outcome.unwritten {
        let _ = writeln!(text, "the end of the run was not written down: {error}");
    }
    if outcome.class() == Class::Done {
        let _ = writeln!(
            text,
            "Look again by independent paths with `reissue verify {run}`; the record is `reissue report {run}`."
        );
    }
    text
}

/// The same for a program.
pub fn outcome_json(run: &RunId, outcome: &Outcome) -> Value {
    let clusters: serde_json::Map<String, Value> = outcome
        .clusters
        .iter()
        .map(|(name, cluster)| {
            let value = json!({
                "class": word(cluster.class),
                "step": cluster.step,
                "what": cluster.what,
                "next": cluster.next,
                "done": cluster.done,
                "steps": cluster.steps,
            });
            (name.to_string(), value)
        })
        .collect();
    json!({ "run": run, "class": word(outcome.class()), "clusters": clusters })
}

fn word(class: Class) -> &'static str {
    match class {
        Class::Done => "done",
        Class::Waiting => "waiting",
        Class::Interrupted => "interrupted",
        Class::Stale => "stale",
        Class::Failed => "failed",
        Class::Verification => "verification failed",
        Class::NotTrusted => "peer not trusted",
        Class::InDoubt => "in doubt",
    }
}

/// Every run with where it stands and what comes next.
pub fn runs(runs: &[RunSummary]) -> String {
    if runs.is_empty() {
        return "No runs.\n".to_owned();
    }
    let mut text = String::new();
    for run in runs {
        match &run.state {
            RunState::NeverBegan => {
                let _ = writeln!(text, "{}  never began; nothing was sent", run.id);
            }
            RunState::Unreadable(why) => {
                let _ = writeln!(text, "{}  cannot be read: {why}", run.id);
            }
            RunState::Known {
                opened,
                latest,
                operator,
                clusters,
                verdict,
            } => {
                let verdict = verdict
                    .as_ref()
                    .map_or_else(|| "not finished".to_owned(), ToString::to_string);
                let _ = writeln!(
                    text,
                    "{}  {verdict}; by {operator}, {opened:.0} to {latest:.0}",
                    run.id
                );
                for cluster in clusters {
                    let next = cluster
                        .next
                        .as_ref()
                        .map_or_else(String::new, |(step, status)| {
                            format!(", next {step} ({})", status_word(status))
                        });
                    let _ = writeln!(
                        text,
                        "  {}: {} of {} steps{next}",
                        cluster.cluster, cluster.done, cluster.steps
                    );
                    if let Some(why) = cluster.stopped.as_ref().filter(|_| cluster.next.is_some()) {
                        let _ = writeln!(text, "    {why}");
                    }
                }
            }
        }
    }
    text
}

/// Every run for a program.
pub fn runs_json(runs: &[RunSummary]) -> Value {
    let one = |run: &RunSummary| match &run.state {
        RunState::NeverBegan => json!({ "run": run.id, "state": "never-began" }),
        RunState::Unreadable(why) => json!({ "run": run.id, "state": "unreadable", "why": why }),
        RunState::Known {
            opened,
            latest,
            operator,
            clusters,
            verdict,
        } => {
            let clusters: Vec<Value> = clusters
                .iter()
                .map(|cluster| {
                    json!({
                        "cluster": cluster.cluster,
                        "done": cluster.done,
                        "steps": cluster.steps,
                        "next": cluster.next.as_ref().map(|(step, _)| step),
                        "status": cluster.next.as_ref().map(|(_, status)| status_word(status)),
                        "stopped": cluster.stopped,
                    })
                })
                .collect();
            json!({
                "run": run.id,
                "state": if verdict.is_some() { "ended" } else { "open" },
                "verdict": verdict,
                "operator": operator,
                "opened": opened,
                "latest": latest,
                "clusters": clusters,
            })
        }
    };
    runs.iter().map(one).collect()
}

/// Where a step stands, in a word or two.
pub(super) fn status_word(status: &StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "not begun",
        StepStatus::InDoubt { .. } => "in doubt",
        StepStatus::Done(_) => "done",
        StepStatus::Failed { .. } => "failed",
        StepStatus::Diverged { .. } => "diverged",
        StepStatus::Waiting { .. } => "waiting",
    }
}
