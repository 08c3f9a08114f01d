//! `playbook list`, `playbook show` and `playbook check`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Appliance, ClaimId, Procedure, Purpose};
use crate::playbook::{Claim, Library, release_named};
use crate::render;

use super::arguments::{Common, PlaybookCommand};
use super::exit::{CliError, Exit};
use super::output::Output;
use super::session::library;

/// Lists, shows or checks procedures. Needs no estate and no device.
pub(super) fn playbooks(
    common: &Common,
    output: Output,
    command: &PlaybookCommand,
) -> Result<Exit, CliError> {
    match command {
        PlaybookCommand::List => {
            let library = library(common.playbooks.as_deref())?;
            Ok(list(output, &library, ""))
        }
        PlaybookCommand::Check { directory } => {
            let library = library(Some(directory))?;
            let told = format!(
                "{}: nothing is wrong with the procedures ({}) and the claims that they cite ({} in the ledger)\n",
                directory.display(),
                library.procedures().len(),
                library.claims().len()
            );
            Ok(list(output, &library, &told))
        }
        PlaybookCommand::Show {
            product,
            purpose,
            release,
            variant,
        } => {
            let library = library(common.playbooks.as_deref())?;
            let purpose = Purpose::from(purpose.as_str());
            let usage = |error: String| CliError::new(Exit::Usage, error);
            let release = release.as_deref().map(release_named).transpose();
            let procedure = library
                .narrowed(
                    appliance(product)?,
                    &purpose,
                    release.map_err(usage)?.as_ref(),
                    variant.as_deref(),
                )
                .map_err(|error| {
                    CliError::new(Exit::Usage, error)
                        .hint("`reissue playbook list` shows every procedure with its variants")
                })?;
            Ok(show(output, &procedure, library.claims()))
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    product: String,
    purpose: &'a str,
    assess_only: bool,
    stores: Vec<&'a str>,
    variants: Vec<&'a str>,
}

fn list(output: Output, library: &Library, told: &str) -> Exit {
    let rows: Vec<Row<'_>> = library.procedures().iter().map(row).collect();
    output.result(Exit::Done, &rows, || {
        format!("{}{told}", render::playbook_list(library.procedures()))
    })
}

fn row(procedure: &Procedure) -> Row<'_> {
    let stores = procedure.stores.iter();
    let variants = procedure.restarts.iter();
    Row {
        product: procedure.appliance.to_string(),
        purpose: procedure.purpose.as_str(),
        assess_only: procedure.assess_only.is_some(),
        stores: stores.map(|rule| rule.store.as_str()).collect(),
        variants: variants.map(|set| set.variant.as_str()).collect(),
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    procedure: &'a Procedure,
    claims: BTreeMap<&'a ClaimId, &'a Claim>,
}

fn show(output: Output, procedure: &Procedure, claims: &BTreeMap<ClaimId, Claim>) -> Exit {
    let named = render::rests_on(procedure);
    let shown = Shown {
        procedure,
        claims: claims.iter().filter(|(id, _)| named.contains(id)).collect(),
    };
    output.result(Exit::Done, &shown, || render::playbook(procedure, claims))
}

fn appliance(word: &str) -> Result<Appliance, CliError> {
    let names = Appliance::ALL.map(|appliance| appliance.to_string());
    let known = Appliance::ALL
        .into_iter()
        .find(|appliance| appliance.to_string() == word);
    known.ok_or_else(|| {
        let near = crate::yaml::nearest(word, names.iter().map(String::as_str));
        let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        CliError::new(
            Exit::Usage,
            format!("`{word}` is not a kind of node{meant}"),
        )
        .hint(format!("expected one of: {}", names.join(", ")))
    })
}
