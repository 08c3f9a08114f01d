//! The commands around a plan: plan, show, simulate, graph.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::assess::assess;
use crate::model::{Fingerprint, Observation};
use crate::plan::{self, Cut, Options, Plan, Waivers, file};
use crate::playbook::Library;
use crate::render;
use crate::simulate::{Proof, prove};

use super::approval::assumed;
use super::arguments::ShowFormat;
use super::exit::{CliError, Exit};
use super::files::{read_file, write_file};
use super::output::{Output, talk, write_out};
use super::session::Session;

/// No list of phones is longer: a hundred thousand names and more.
const LONGEST_LIST: usize = 4 << 20;

/// What `plan` was asked for.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(super) struct Wish<'a> {
    pub(super) output: Option<&'a Path>,
    pub(super) observation: Option<&'a Path>,
    pub(super) only: &'a [String],
    pub(super) except: &'a [String],
    pub(super) variant: Option<&'a str>,
    pub(super) force: bool,
    pub(super) waive: &'a [String],
    pub(super) why: &'a str,
    pub(super) tidy: bool,
    pub(super) write_undescribed: bool,
    pub(super) check: bool,
}

/// What `plan` answers to a program.
#[derive(Serialize)]
struct Planned<'a> {
    digest: Option<Fingerprint>,
    file: Option<&'a Path>,
    plan: &'a Plan,
    proof: &'a Proof,
}

/// `plan`.
pub(super) async fn plan_command(
    session: &Session,
    output: Output,
    wish: Wish<'_>,
) -> Result<Exit, CliError> {
    let desired = session.desired()?;
    let options = options(session, &wish, &desired)?;
    let observation = session.observation(wish.observation).await?;
    let now = session.clock.now();
    let procedures = session.procedures();
    let findings = assess(&observation, &desired, procedures, now);
    let plan = plan::plan(&observation, &desired, procedures, &findings, &options, now)
        .map_err(|refusals| refused(&refusals))?;
    let proof = checked(&observation, &plan)?;
    if plan.clusters.is_empty() {
        let data = Planned {
            digest: None,
            file: None,
            plan: &plan,
            proof: &proof,
        };
        return Ok(output.result(Exit::Done, &data, || {
            format!(
                "{}\nNothing to do: no certificate is due.\n",
                render::findings(&findings)
            )
        }));
    }
    let digest = digest(&plan)?;
    if let Some(path) = wish.output {
        let text = file::save(&plan).map_err(|error| CliError::new(Exit::Failed, error))?;
        write_file(path, text.as_bytes())?;
    }
    let exit = if wish.check {
        Exit::Differences
    } else {
        Exit::Done
    };
    let data = Planned {
        digest: Some(digest.clone()),
        file: wish.output,
        plan: &plan,
        proof: &proof,
    };
    let exit = output.result(exit, &data, || {
        format!(
            "{}\n{}",
            render::plan_text(&plan, &digest, &beliefs(&session.library)),
            render::proof(&proof)
        )
    });
    match wish.output {
        Some(path) => {
            let assumed = assumed(&plan, session.library.claims());
            let accepts: String = assumed.iter().map(|id| format!(" --accept {id}")).collect();
            let undescribed = if wish.write_undescribed {
                " --write-undescribed"
            } else {
                ""
            };
            talk(&format!(
                "Plan written to {path}. To carry it out: reissue apply {path} --approve {}{accepts}{undescribed}",
                digest.short(),
                path = path.display(),
            ));
        }
        None => talk("Not written down: give -o FILE to be able to apply it."),
    }
    Ok(exit)
}

fn options(
    session: &Session,
    wish: &Wish<'_>,
    desired: &crate::model::Desired,
) -> Result<Options, CliError> {
    let cut = |words| {
        Cut::read(words, desired).map_err(|refusals| CliError {
            exit: Exit::Usage,
            ..refused(&refusals)
        })
    };
    let mut options = Options {
        only: cut(wish.only)?,
        except: cut(wish.except)?,
        force_renew: wish.force,
        waived: waivers(wish.waive, wish.why)?,
        tidy: wish.tidy,
        write_undescribed: wish.write_undescribed,
        ..Options::default()
    };
    if let Some(variant) = wish.variant {
        let named: Vec<_> = session
            .procedures()
            .iter()
            .filter(|procedure| procedure.restarts.iter().any(|set| set.variant == variant))
            .map(|procedure| procedure.purpose.clone())
            .collect();
        if named.is_empty() {
            let known: BTreeSet<&str> = session
                .procedures()
                .iter()
                .flat_map(|procedure| procedure.restarts.iter().map(|set| set.variant.as_str()))
                .collect();
            let known: Vec<&str> = known.into_iter().collect();
            return Err(CliError::new(
                Exit::Usage,
                format!("no procedure has a variant `{variant}`"),
            )
            .hint(format!("there is {}", known.join(", "))));
        }
        options.variants.extend(
            named
                .into_iter()
                .map(|purpose| (purpose, variant.to_owned())),
        );
    }
    Ok(options)
}

/// Phones that a person waives; `@FILE` is replaced by what the file names.
pub(super) fn waivers(words: &[String], why: &str) -> Result<Waivers, CliError> {
    let mut names = Vec::new();
    for word in words {
        match word.strip_prefix('@') {
            Some(path) => names.extend(listed(Path::new(path))?),
            None => names.push(word.clone()),
        }
    }
    Waivers::read(&names, why).map_err(|refusals| {
        let says: Vec<String> = refusals
            .iter()
            .map(|refusal| refusal.says.clone())
            .collect();
        let hints = refusals.iter().map(|refusal| refusal.next.clone());
        let error = CliError::new(Exit::Usage, says.join("\n"));
        hints
            .collect::<BTreeSet<_>>()
            .into_iter()
            .fold(error, CliError::hint)
    })
}

/// The words of a file, one a line; empty lines and what follows `#` do not count.
fn listed(path: &Path) -> Result<Vec<String>, CliError> {
    let bytes = read_file(path, LONGEST_LIST)?;
    let wrong = |found: &str| {
        let says = format!(
            "{}: expected names of phones, one a line; found {found}",
            path.display()
        );
        CliError::new(Exit::Usage, says)
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("bytes that are no text"))?;
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let names: Vec<String> = lines
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Err(wrong("none"));
    }
    Ok(names)
}

/// What a person approves.
pub(super) fn digest(plan: &Plan) -> Result<Fingerprint, CliError> {
    file::digest(plan).map_err(|error| CliError::new(Exit::Failed, error))
}

/// The ledger, as texts take it.
fn beliefs(library: &Library) -> render::Beliefs {
    let belief = |claim: &crate::playbook::Claim| render::Belief {
        says: claim.says.clone(),
        evidence: claim.evidence.to_string(),
    };
    library
        .claims()
        .iter()
        .map(|(id, claim)| (id.clone(), belief(claim)))
        .collect()
}

/// Refusals as one error, each with what to do next.
fn refused(refusals: &[plan::Refusal]) -> CliError {
    CliError::new(Exit::Refused, render::refusals_text(refusals).trim_end())
}

/// Proves a plan, and refuses it if an invariant fails.
pub(super) fn checked(observation: &Observation, plan: &Plan) -> Result<Proof, CliError> {
    let proof = prove(observation, plan);
    if proof.holds() {
        return Ok(proof);
    }
    Err(CliError::new(
        Exit::Refused,
        format!("the plan is not safe:\n{}", render::proof(&proof)),
    )
    .hint("nothing was changed; mend what each line names, then plan again"))
}

/// Reads a plan file, and refuses one that was edited.
pub(super) fn read_plan(path: &Path) -> Result<Plan, CliError> {
    let bytes = read_file(path, file::LONGEST_FILE)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        CliError::new(
            Exit::Usage,
            format!(
                "{}: expected a plan file, found bytes that are no text",
                path.display()
            ),
        )
    })?;
    file::load(&text).map(|(plan, _)| plan).map_err(|error| {
        let mut says = format!("{}: {error}", path.display());
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            says.push_str(&format!(" ({next})"));
            cause = next.source();
        }
        CliError::new(Exit::Usage, says)
    })
}

/// `show FILE`.
pub(super) fn show(
    library: &Library,
    output: Output,
    path: &Path,
    format: ShowFormat,
) -> Result<Exit, CliError> {
    let plan = read_plan(path)?;
    if output.is_json() || format == ShowFormat::Json {
        return Ok(Output::new("show", true).result(Exit::Done, &plan, String::new));
    }
    let (digest, beliefs) = (digest(&plan)?, beliefs(library));
    write_out(&match format {
        ShowFormat::Text | ShowFormat::Json => render::plan_text(&plan, &digest, &beliefs),
        ShowFormat::Markdown => render::plan_markdown(&plan, &digest, &beliefs),
        ShowFormat::Html => render::plan_html(&plan, &digest, &beliefs)
            .map_err(|error| CliError::new(Exit::Failed, error))?,
    });
    Ok(Exit::Done)
}

/// `simulate FILE`.
pub(super) async fn simulate(
    session: &Session,
    output: Output,
    path: &Path,
    observation: Option<&Path>,
) -> Result<Exit, CliError> {
    let plan = read_plan(path)?;
    let observation = session.observation(observation).await?;
    let proof = prove(&observation, &plan);
    let exit = if proof.holds() {
        Exit::Done
    } else {
        Exit::Refused
    };
    Ok(output.result(exit, &proof, || render::proof(&proof)))
}
