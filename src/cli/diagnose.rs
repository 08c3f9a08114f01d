//! `diagnose`: logs and certificates as people send them, read without any node.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::diagnose::Examination;
use crate::render;

use super::arguments::Common;
use super::exit::{CliError, Exit};
use super::output::Output;
use super::session::{clock, read_observation};

/// `diagnose FILE…`. Exit code 0 if nothing is wrong, 3 with findings, 2 if a file is of no known kind or could
/// not be read to its end: the findings are then shown as far as they go.
pub(super) fn diagnose(
    common: &Common,
    output: Output,
    files: &[PathBuf],
    observation: Option<&Path>,
) -> Result<Exit, CliError> {
    let observation = observation.map(read_observation).transpose()?;
    let mut examination = Examination::new()
        .ok_or_else(|| CliError::new(Exit::Failed, "the words to look for cannot be compiled"))?;
    for path in files {
        if path.as_os_str() == "-" {
            examination.read("-", std::io::stdin().lock());
        } else {
            examination.read(&path.display().to_string(), open(path)?);
        }
    }
    let report = examination.finish(observation.as_ref(), clock(common).now());
    let exit = if !report.all_known() {
        Exit::Usage
    } else if report.diagnoses.is_empty() {
        Exit::Done
    } else {
        Exit::Differences
    };
    Ok(output.result(exit, &report, || render::diagnosis(&report)))
}

fn open(path: &Path) -> Result<File, CliError> {
    let wrong = |why: String| CliError::new(Exit::Usage, format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let folder = file.metadata().is_ok_and(|data| data.is_dir());
    if folder {
        return Err(wrong("is a folder".to_owned()).hint("name the files in it"));
    }
    Ok(file)
}
