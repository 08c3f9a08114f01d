//! The commands that only look: observe, assess, status, explain.

use std::path::Path;

use serde::Serialize;

use crate::assess::{assess, explain, explanations};
use crate::model::Finding;
use crate::render;

use super::exit::{CliError, Exit};
use super::files::write_file;
use super::output::Output;
use super::session::Session;

/// What `observe` answers to a program.
#[derive(Serialize)]
struct Summary<'a> {
    file: &'a Path,
    clusters: usize,
    nodes: usize,
}

/// `observe -o FILE`.
pub(super) async fn observe(
    session: &Session,
    output: Output,
    file: &Path,
) -> Result<Exit, CliError> {
    let observation = session.observe(&session.readers(None)?).await?;
    let json = serde_json::to_vec_pretty(&observation)
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    write_file(file, &json)?;
    let nodes = observation
        .clusters
        .values()
        .map(|cluster| cluster.nodes.len())
        .sum();
    let summary = Summary {
        file,
        clusters: observation.clusters.len(),
        nodes,
    };
    Ok(output.result(Exit::Done, &summary, || {
        format!(
            "Observed {} nodes of {} clusters from {} to {}: {}\n",
            summary.nodes,
            summary.clusters,
            observation.from,
            observation.to,
            file.display()
        )
    }))
}

/// `assess`.
pub(super) async fn assess_command(
    session: &Session,
    output: Output,
    file: Option<&Path>,
    check: bool,
) -> Result<Exit, CliError> {
    let desired = session.desired()?;
    let observation = session.observation(file).await?;
    let findings = assess(
        &observation,
        &desired,
        session.procedures(),
        session.clock.now(),
    );
    let exit = if check && !findings.is_empty() {
        Exit::Differences
    } else {
        Exit::Done
    };
    Ok(output.result(exit, &findings, || render::findings(&findings)))
}

/// `status`.
pub(super) async fn status(
    session: &Session,
    output: Output,
    check: bool,
) -> Result<Exit, CliError> {
    #[derive(Serialize)]
    struct Status<'a> {
        observation: &'a crate::model::Observation,
        findings: &'a [Finding],
    }
    let desired = session.desired()?;
    let observation = session.observation(None).await?;
    let now = session.clock.now();
    let findings = assess(&observation, &desired, session.procedures(), now);
    let exit = if check && !findings.is_empty() {
        Exit::Differences
    } else {
        Exit::Done
    };
    let data = Status {
        observation: &observation,
        findings: &findings,
    };
    Ok(output.result(exit, &data, || {
        format!(
            "{}\n{}",
            render::status(&observation, now),
            render::findings(&findings)
        )
    }))
}

/// `explain [CODE]`.
pub(super) fn explain_command(output: Output, code: Option<&str>) -> Result<Exit, CliError> {
    let chosen: Vec<_> = match code {
        Some(code) => match explain(code) {
            Some(found) => vec![*found],
            None => return Err(unknown_code(code)),
        },
        None => explanations().to_vec(),
    };
    Ok(output.result(Exit::Done, &chosen, || {
        render::explanation(code).unwrap_or_default()
    }))
}

fn unknown_code(code: &str) -> CliError {
    let nearest = explanations()
        .iter()
        .map(|each| each.code)
        .min_by_key(|known| strsim::damerau_levenshtein(known, code));
    let error = CliError::new(Exit::Usage, format!("no finding has the code `{code}`"));
    match nearest {
        Some(nearest) => error.hint(format!(
            "did you mean `{nearest}`? `reissue explain` lists all codes"
        )),
        None => error,
    }
}
