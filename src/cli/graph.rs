//! `graph`: the order of a plan, or who relies on which certificate.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::edges::{self, Judged, Site, expressway};
use crate::render;

use super::exit::{CliError, Exit};
use super::output::Output;
use super::planning::read_plan;
use super::session::Session;

/// What to draw.
#[derive(Debug, Args)]
pub(super) struct GraphArguments {
    /// The plan
    #[arg(required_unless_present = "trust", conflicts_with = "trust")]
    pub plan: Option<PathBuf>,
    /// Draw which end of every connection relies on whose certificate, as the nodes are now
    #[arg(long)]
    pub trust: bool,
    /// Draw it from this observation instead of asking the nodes
    #[arg(long, value_name = "FILE", requires = "trust")]
    pub observation: Option<PathBuf>,
    /// As what
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
}

/// As what it is drawn.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum GraphFormat {
    /// Mermaid
    Mermaid,
    /// Graphviz
    Dot,
}

/// What `graph --trust` answers to a program.
#[derive(Serialize)]
struct Trust<'a> {
    text: &'a str,
    edges: &'a [Judged],
}

/// `graph FILE` and `graph --trust`. Only the latter needs a session, and the nodes only without `--observation`.
pub(super) async fn graph(
    open: impl FnOnce() -> Result<Session, CliError>,
    output: Output,
    arguments: &GraphArguments,
) -> Result<Exit, CliError> {
    let Some(plan) = &arguments.plan else {
        let session = open()?;
        let observation = session
            .observation(arguments.observation.as_deref())
            .await?;
        let facts = expressway::facts(&observation);
        let mut site = Site::of(&observation);
        let mut all = edges::graph(&observation);
        all.extend(expressway::join_all(&mut site, &observation, &facts));
        let judged = edges::judge(&site, &all, session.clock.now());
        let text = match arguments.format {
            GraphFormat::Mermaid => render::trust_mermaid(&judged),
            GraphFormat::Dot => render::trust_dot(&judged),
        };
        let answer = Trust {
            text: &text,
            edges: &judged,
        };
        return Ok(output.result(Exit::Done, &answer, || text.clone()));
    };
    let plan = read_plan(plan)?;
    Ok(output.text(match arguments.format {
        GraphFormat::Mermaid => render::plan_mermaid(&plan),
        GraphFormat::Dot => render::plan_dot(&plan),
    }))
}
