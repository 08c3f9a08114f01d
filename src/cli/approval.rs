//! A person's yes to a plan, bound to its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::model::{ClaimId, Fingerprint};
use crate::plan::{Plan, Reversal};
use crate::playbook::{Claim, Evidence};

use super::arguments::RunOptions;
use super::exit::{CliError, Exit};
use super::output::talk;

/// The fewest digits of a digest that name a plan.
const FEWEST_DIGITS: usize = 12;

/// Asks for what the flags have not answered yet.
pub(super) fn ask(
    plan: &Plan,
    digest: &Fingerprint,
    claims: &BTreeMap<ClaimId, Claim>,
    options: &RunOptions,
) -> Result<(), CliError> {
    let points = plan
        .clusters
        .values()
        .flat_map(|cluster| &cluster.steps)
        .filter(|step| matches!(step.reversal, Reversal::Irreversible { .. }))
        .count();
    let terminal = std::io::stdin().is_terminal();
    beliefs(plan, claims, options, terminal)?;
    if let Some(approved) = &options.approve {
        return named(approved, digest);
    }
    if options.yes && points == 0 {
        return Ok(());
    }
    let steps: usize = plan
        .clusters
        .values()
        .map(|cluster| cluster.steps.len())
        .sum();
    let phones = plan.clusters.values().filter_map(|it| it.phones.as_ref());
    let waived = match phones.map(|phones| phones.waived.len()).sum::<usize>() {
        0 => String::new(),
        waived => format!("; {waived} absent phones are waived and may not find back"),
    };
    let question = format!(
        "{steps} steps in {} clusters, {points} of them points of no return{waived}; plan {}",
        plan.clusters.len(),
        digest.short()
    );
    if !terminal {
        return Err(CliError::new(
            Exit::Usage,
            format!("{question}: nobody approved it, and there is no terminal to ask on"),
        )
        .hint(format!(
            "read it with `reissue show`, then approve exactly this plan with --approve {}",
            digest.short()
        )));
    }
    let shown: String = digest.short().chars().take(6).collect();
    talk(&question);
    if answer(&format!("Type {shown} to begin: "))? == shown {
        Ok(())
    } else {
        Err(CliError::new(
            Exit::Usage,
            "not approved; nothing was changed",
        ))
    }
}

/// `--approve` names this plan and no other.
fn named(approved: &str, digest: &Fingerprint) -> Result<(), CliError> {
    let wanted = approved
        .trim()
        .trim_start_matches("sha256:")
        .to_ascii_lowercase();
    if wanted.len() >= FEWEST_DIGITS && digest.as_str().starts_with(&wanted) {
        return Ok(());
    }
    let says = if wanted.len() < FEWEST_DIGITS {
        format!(
            "--approve takes at least {FEWEST_DIGITS} digits of the plan's digest, found {}",
            wanted.len()
        )
    } else {
        format!(
            "the approved plan is {wanted}, this file holds {}",
            digest.short()
        )
    };
    Err(CliError::new(Exit::Usage, says)
        .hint("read this file with `reissue show` before you approve it"))
}

/// What steps of a plan rest on though no source supports it.
pub(super) fn assumed<'a>(
    plan: &'a Plan,
    claims: &BTreeMap<ClaimId, Claim>,
) -> BTreeSet<&'a ClaimId> {
    let steps = plan.clusters.values().flat_map(|cluster| &cluster.steps);
    let unsupported = |id: &&ClaimId| {
        claims
            .get(*id)
            .is_none_or(|claim| claim.evidence == Evidence::Assumed)
    };
    steps
        .flat_map(|step| &step.rests_on)
        .filter(unsupported)
        .collect()
}

/// Steps that rest on beliefs which no source supports are accepted by name, or by a person.
fn beliefs(
    plan: &Plan,
    claims: &BTreeMap<ClaimId, Claim>,
    options: &RunOptions,
    terminal: bool,
) -> Result<(), CliError> {
    let accepted = |id: &&ClaimId| options.accept.iter().any(|word| word == id.as_str());
    let assumed: BTreeSet<&ClaimId> = assumed(plan, claims)
        .into_iter()
        .filter(|id| !accepted(id))
        .collect();
    if assumed.is_empty() {
        return Ok(());
    }
    for id in &assumed {
        let says = claims
            .get(*id)
            .map_or("not in the ledger", |claim| claim.says.as_str());
        talk(&format!("assumed, no source: {id}: {says}"));
    }
    let names: Vec<&str> = assumed.iter().map(|id| id.as_str()).collect();
    if terminal && answer("Steps of this plan rest on that. Type yes to accept: ")? == "yes" {
        return Ok(());
    }
    let flags: Vec<String> = names
        .iter()
        .map(|name| format!("--accept {name}"))
        .collect();
    Err(CliError::new(
        Exit::Usage,
        format!(
            "the plan rests on assumptions that nobody accepted: {}",
            names.join(", ")
        ),
    )
    .hint(format!("accept each by name: {}", flags.join(" "))))
}

fn answer(question: &str) -> Result<String, CliError> {
    let mut prompt = std::io::stderr().lock();
    drop(write!(prompt, "{question}").and_then(|()| prompt.flush()));
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| {
            CliError::new(Exit::Failed, format!("the answer cannot be read: {error}"))
        })?;
    Ok(line.trim().to_owned())
}
