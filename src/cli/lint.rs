//! `lint`: an issued certificate, its request and its chain, checked without any node.

use std::path::Path;

use crate::model::{Procedure, Product, Purpose, Severity};
use crate::pki::lint::{
    Demands, IssuedCheck, LintFinding, check_issued, request_not_given, unreadable,
};
use crate::pki::{self, Parsed};
use crate::render;

use super::arguments::Common;
use super::exit::{CliError, Exit};
use super::files::read_file;
use super::output::Output;
use super::session::library;

/// What `lint` was given.
pub(super) struct Files<'a> {
    pub(super) certificate: &'a Path,
    pub(super) csr: Option<&'a Path>,
    pub(super) chain: Option<&'a Path>,
    pub(super) profile: &'a str,
}

/// `lint CERT`. Exit code 0 without a blocker, 3 with one.
pub(super) fn lint(common: &Common, output: Output, files: &Files<'_>) -> Result<Exit, CliError> {
    let clock = super::session::clock(common);
    let library = library(common.playbooks.as_deref())?;
    let purpose = Purpose::from(files.profile);
    let procedure = procedure(library.procedures(), &purpose)?;
    let findings = match pki::read_bundle(&bytes(files.certificate)?, &shown(files.certificate)) {
        Err(error) => vec![unreadable(&error, Product::Cucm)],
        Ok(found) => judge(found, files, procedure, &purpose, clock.now())?,
    };
    let blocked = findings
        .iter()
        .any(|finding| finding.severity == Severity::Blocker);
    let exit = if blocked {
        Exit::Differences
    } else {
        Exit::Done
    };
    Ok(output.result(exit, &findings, || render::lint(&findings)))
}

fn judge(
    found: Vec<Parsed>,
    files: &Files<'_>,
    procedure: &Procedure,
    purpose: &Purpose,
    now: jiff::Timestamp,
) -> Result<Vec<LintFinding>, CliError> {
    let usage = |error| CliError::new(Exit::Usage, error);
    let (leaf, mut chain) = pki::choose_leaf(found).map_err(usage)?;
    if let Some(path) = files.chain {
        chain.extend(pki::read_bundle(&bytes(path)?, &shown(path)).map_err(usage)?);
    }
    let request = match files.csr {
        Some(path) => {
            let text = String::from_utf8(bytes(path)?).map_err(|_| {
                CliError::new(
                    Exit::Usage,
                    format!(
                        "{}: expected a request in PEM, found bytes that are no text",
                        path.display()
                    ),
                )
            })?;
            Some(pki::read_request(&text).map_err(usage)?)
        }
        None => None,
    };
    let usages = procedure.usages.last();
    let demands = Demands {
        key_usage: usages
            .map(|rule| rule.key_usage.iter().cloned().collect())
            .unwrap_or_default(),
        extended_usage: usages
            .map(|rule| rule.extended_usage.iter().cloned().collect())
            .unwrap_or_default(),
        ..Demands::default()
    };
    let mut findings = check_issued(&IssuedCheck {
        leaf: &leaf,
        chain: &chain,
        request: request.as_ref(),
        stored: None,
        demands: Some(&demands),
        purpose: Some(purpose),
        product: procedure.appliance.product(),
        release: None,
        now,
    });
    findings.extend(request.is_none().then(request_not_given));
    findings.sort();
    Ok(findings)
}

fn procedure<'a>(
    procedures: &'a [Procedure],
    purpose: &Purpose,
) -> Result<&'a Procedure, CliError> {
    procedures
        .iter()
        .find(|known| known.purpose == *purpose)
        .ok_or_else(|| {
            let known: Vec<&str> = procedures
                .iter()
                .map(|known| known.purpose.as_str())
                .collect();
            CliError::new(
                Exit::Usage,
                format!("there is no procedure for `{purpose}`"),
            )
            .hint(format!("there is {}", known.join(", ")))
        })
}

fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    read_file(path, pki::FILE_LIMIT)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
