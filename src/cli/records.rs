//! The commands around a run that was begun: runs, mark, verify, report.

use std::sync::Arc;

use serde::Serialize;

use crate::execute::{self, Decision, Judgement, Look, Mark, judge};
use crate::journal::{
    ClusterLock, Disk, Holder, Journal, RealDisk, RunState, close, list_runs, read_run, run_summary,
};
use crate::model::{ClusterName, RunId, StepId};
use crate::plan::{Plan, Stage};
use crate::render;

use super::arguments::{RunsCommand, ShowFormat};
use super::carry::{operator, plan_of, unfinished};
use super::exit::{CliError, Exit};
use super::output::{Output, talk, write_out};
use super::planning::waivers;
use super::session::Session;

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::new(Exit::Failed, error)
}

/// `runs` and `runs close`.
pub(super) fn runs(
    session: &Session,
    output: Output,
    command: Option<&RunsCommand>,
) -> Result<Exit, CliError> {
    if let Some(RunsCommand::Close { run, why }) = command {
        let id = RunId::from(run.as_str());
        let _locks = hold_all(session, &id)?;
        let (disk, clock): (Arc<dyn Disk>, _) = (Arc::new(RealDisk), Arc::clone(&session.clock));
        close(
            &disk,
            clock,
            &session.state_dir,
            id,
            operator(),
            why.clone(),
        )
        .map_err(failed)?;
        return Ok(output.result(Exit::Done, run, || format!("Run {run} is closed.\n")));
    }
    let runs = list_runs(&RealDisk, &session.state_dir).map_err(failed)?;
    Ok(output.result(Exit::Done, &render::runs_json(&runs), || {
        render::runs(&runs)
    }))
}

/// Holds every cluster of a run, so that nobody carries it out meanwhile. An unreadable run names none.
fn hold_all(session: &Session, id: &RunId) -> Result<Vec<ClusterLock>, CliError> {
    let clusters: Vec<ClusterName> = match run_summary(&RealDisk, &session.state_dir, id).state {
        RunState::Known { clusters, .. } => clusters.into_iter().map(|each| each.cluster).collect(),
        RunState::NeverBegan | RunState::Unreadable(_) => {
            session.estate.clusters.keys().cloned().collect()
        }
    };
    let holder = Holder::here(id.clone(), session.clock.now());
    clusters
        .iter()
        .map(|cluster| {
            ClusterLock::take(
                &session.state_dir,
                cluster,
                &holder,
                std::time::Duration::ZERO,
            )
            .map_err(|error| CliError::new(Exit::Held, error))
        })
        .collect()
}

/// `mark STEP`.
pub(super) async fn mark(
    session: &Session,
    output: Output,
    run: Option<&str>,
    step: &str,
    decision: Mark,
    why: &str,
) -> Result<Exit, CliError> {
    let Some(id) = unfinished(session, run)? else {
        return Err(CliError::new(
            Exit::Usage,
            "no run is unfinished, so there is no step to mark",
        ));
    };
    let plan = plan_of(session, &id)?;
    let step = StepId::from(step);
    let cluster = plan
        .clusters
        .iter()
        .find(|(_, cluster)| cluster.steps.iter().any(|known| known.id == step))
        .map(|(name, _)| name.clone())
        .ok_or_else(|| {
            CliError::new(Exit::Usage, format!("run {id} has no step `{step}`"))
                .hint("`reissue runs` shows the next step of each cluster; `reissue report` lists them all")
        })?;
    let _locks = hold_all(session, &id)?;
    let clock = Arc::clone(&session.clock);
    let (journal, _) =
        Journal::open(Arc::new(RealDisk), clock, &session.state_dir, id).map_err(failed)?;
    let readers = session.readers(Some(std::slice::from_ref(&cluster)))?;
    let Some(reader) = readers.get(&cluster) else {
        return Err(CliError::new(
            Exit::Usage,
            format!("the estate file has no cluster {cluster}"),
        ));
    };
    let found = execute::mark(
        &journal,
        &plan,
        reader.observe().as_ref(),
        session.clock.as_ref(),
        Decision {
            step: step.clone(),
            mark: decision,
            by: operator(),
            why: why.to_owned(),
        },
    )
    .await
    .map_err(|error| CliError::new(Exit::Usage, error))?;
    if let Some(found) = &found {
        talk(&format!("Recorded, though a look says otherwise: {found}"));
    }
    Ok(output.result(Exit::Done, &found, || {
        format!("{step} is marked. Go on with `reissue resume`.\n")
    }))
}

/// `mark STEP --waive NAME…`: asks no device.
pub(super) fn waive(
    session: &Session,
    output: Output,
    run: Option<&str>,
    step: &str,
    words: &[String],
    why: &str,
) -> Result<Exit, CliError> {
    let waivers = waivers(words, why)?;
    if waivers.all {
        let says = "expected phones by name, or @FILE with one name a line; found `all`";
        return Err(CliError::new(Exit::Usage, says).hint(
            "phones that do not come back are waived by name; the run keeps their names in its directory",
        ));
    }
    let Some(id) = unfinished(session, run)? else {
        let says = "no run is unfinished, so there is no gate to waive phones at";
        return Err(CliError::new(Exit::Usage, says));
    };
    let plan = plan_of(session, &id)?;
    let _locks = hold_all(session, &id)?;
    let clock = Arc::clone(&session.clock);
    let (journal, _) =
        Journal::open(Arc::new(RealDisk), clock, &session.state_dir, id).map_err(failed)?;
    let step = StepId::from(step);
    let count = execute::waive(
        &journal,
        &plan,
        &step,
        &waivers.phones,
        operator(),
        waivers.why,
    )
    .map_err(|error| CliError::new(Exit::Usage, error))?;
    Ok(output.result(Exit::Done, &waivers.phones, || {
        format!("{step} opens without {count} of its phones. Go on with `reissue resume`.\n")
    }))
}

/// One condition of the end state, judged now.
#[derive(Serialize)]
struct Line {
    cluster: ClusterName,
    step: StepId,
    holds: bool,
    says: String,
}

/// `verify [RUN]`: every condition of the plan's last stage, on a fresh look at every node.
pub(super) async fn verify(
    session: &Session,
    output: Output,
    run: Option<&str>,
) -> Result<Exit, CliError> {
    let id = named_or_latest(session, run)?;
    let plan = plan_of(session, &id)?;
    let replay = read_run(&RealDisk, &session.state_dir, &id)
        .map_err(failed)?
        .replay;
    let clusters: Vec<ClusterName> = plan.clusters.keys().cloned().collect();
    let readers = session.readers(Some(&clusters))?;
    let observation = session.observe(&readers).await?;
    let mut lines = Vec::new();
    for (name, cluster) in &plan.clusters {
        let Some(state) = observation.clusters.get(name) else {
            continue;
        };
        let look = Look {
            state,
            ended: observation.to,
            artifacts: &replay.artifacts_of(name, cluster),
        };
        let last = cluster
            .steps
            .iter()
            .filter(|step| step.stage >= Stage::Activate);
        let conditions = last.flat_map(|step| {
            step.after
                .iter()
                .map(move |condition| (&step.id, condition))
        });
        for (step, condition) in conditions {
            let judgement = judge(condition, look);
            let says = match &judgement {
                Judgement::Holds => render::condition(condition, cluster),
                Judgement::Fails { expected, found } => {
                    format!("expected {expected}; found {found}")
                }
                Judgement::Unknown { why } => {
                    format!("{}: unknown: {why}", render::condition(condition, cluster))
                }
            };
            let line = Line {
                cluster: name.clone(),
                step: step.clone(),
                holds: judgement == Judgement::Holds,
                says,
            };
            if !lines
                .iter()
                .any(|known: &Line| known.says == line.says && known.cluster == line.cluster)
            {
                lines.push(line);
            }
        }
    }
    let bad = lines.iter().filter(|line| !line.holds).count();
    let exit = if bad == 0 {
        Exit::Done
    } else {
        Exit::Unverified
    };
    Ok(output.result(exit, &lines, || {
        let mut text: String = lines
            .iter()
            .map(|line| {
                format!(
                    "{}  {}: {}\n",
                    if line.holds { "ok    " } else { "FAILED" },
                    line.cluster,
                    line.says
                )
            })
            .collect();
        text.push_str(&match bad {
            0 => format!(
                "Verified: {} conditions of run {id} hold. Revocation was not checked.\n",
                lines.len()
            ),
            bad => format!("{bad} of {} conditions do not hold.\n", lines.len()),
        });
        text
    }))
}

/// `report [RUN]`.
pub(super) fn report(
    session: &Session,
    output: Output,
    run: Option<&str>,
    format: ShowFormat,
) -> Result<Exit, CliError> {
    let id = named_or_latest(session, run)?;
    let plan: Plan = plan_of(session, &id)?;
    let record = read_run(&RealDisk, &session.state_dir, &id).map_err(failed)?;
    if output.is_json() || format == ShowFormat::Json {
        let data = serde_json::json!({ "run": id, "plan": plan, "journal": record.entries });
        return Ok(Output::new("report", true).result(Exit::Done, &data, String::new));
    }
    write_out(&match format {
        ShowFormat::Html => render::report_html(&id, &plan, &record).map_err(failed)?,
        ShowFormat::Text | ShowFormat::Markdown | ShowFormat::Json => {
            render::report_markdown(&id, &plan, &record)
        }
    });
    Ok(Exit::Done)
}

/// The named run, or the latest one.
fn named_or_latest(session: &Session, run: Option<&str>) -> Result<RunId, CliError> {
    if let Some(run) = run {
        return Ok(RunId::from(run));
    }
    let runs = list_runs(&RealDisk, &session.state_dir).map_err(failed)?;
    runs.into_iter()
        .rev()
        .find(|run| matches!(run.state, RunState::Known { .. }))
        .map(|run| run.id)
        .ok_or_else(|| {
            CliError::new(Exit::Usage, "there is no run yet").hint("`reissue apply` begins one")
        })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::arguments::{Arguments, Command};
    use crate::cli::planning::waivers;

    fn parsed(words: &str) -> Result<Command, clap::Error> {
        let words = ["reissue"].into_iter().chain(words.split(' '));
        Arguments::try_parse_from(words).map(|arguments| arguments.command)
    }

    #[test]
    fn one_decision_is_taken_at_a_time_and_with_a_reason() {
        for good in [
            "mark hq-09 --done --why x",
            "mark hq-09 --failed --why x",
            "mark hq-09 --waive SEP0A SEP0B --why x",
            "mark hq-09 --waive SEP0A --waive @list --why x",
            "plan --waive all --why x --tidy",
        ] {
            assert!(parsed(good).is_ok(), "{good}");
        }
        for bad in [
            "mark hq-09 --why x",
            "mark hq-09 --done --failed --why x",
            "mark hq-09 --done --waive SEP0A --why x",
            "mark hq-09 --waive SEP0A",
            "mark hq-09 --waive --why x",
            "plan --waive SEP0A",
            "plan --why x",
            "apply plan.json --until tidy",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
        let Ok(Command::Mark { waive, step, .. }) = parsed("mark hq-09 --waive A B --why x") else {
            panic!("a mark");
        };
        assert_eq!((step.as_str(), waive.len()), ("hq-09", 2));
    }

    #[test]
    fn a_file_names_phones_one_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        let word = [format!("@{}", list.display()), "SEP0C".to_owned()];
        let missing = waivers(&word, "x").unwrap_err();
        assert!(missing.says.contains("list"), "{missing}");
        std::fs::write(&list, "# the lobby\n\nSEP0A\r\n  SEP0B # gone\n").unwrap();
        let read = waivers(&word, "x").unwrap();
        let names: Vec<&str> = read.phones.iter().map(String::as_str).collect();
        assert_eq!(names, ["SEP0A", "SEP0B", "SEP0C"]);
        for (content, says) in [
            ("# nobody\n", "found none"),
            ("SEP0A;SEP0B\n", "`SEP0A;SEP0B`"),
        ] {
            std::fs::write(&list, content).unwrap();
            let error = waivers(&word, "x").unwrap_err();
            assert!(error.says.contains(says), "{error}");
        }
        std::fs::write(&list, [0xff, 0xfe]).unwrap();
        assert!(waivers(&word, "x").unwrap_err().says.contains("no text"));
    }
}
