//! From what is written to what is meant. Collects every problem instead of stopping at the first.

mod accounts;
mod clusters;
mod issuers;
mod names;
mod order;
mod resolve;
mod rollout;
mod rules;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;

use super::raw::{RawEstate, Word};
use super::{Estate, Timers};
use crate::yaml::{Document, DurationText, Placed, Problem, parse_duration};

/// The format of the estate file that this release reads.
const FORMAT: u32 = 1;

/// Collects problems.
pub(super) struct Check<'a> {
    document: &'a Document,
    /// Relative paths begin here.
    folder: &'a Path,
    problems: Vec<Problem>,
}

/// Checks everything and gives the estate, or every problem.
pub(super) fn check(
    raw: &RawEstate,
    document: &Document,
    file: &Path,
) -> Result<Estate, Vec<Problem>> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut check = Check {
        document,
        folder,
        problems: Vec::new(),
    };
    if *raw.format != FORMAT {
        let found = *raw.format;
        check.problem(
            Problem::at(
                raw.format.place,
                format!("this release reads format {FORMAT}, not {found}"),
            )
            .help("a newer release reads newer formats"),
        );
    }
    let timers = Timers::check(&raw.timers, &mut check);
    let accounts = check.accounts(&raw.accounts);
    let clusters = check.clusters(&raw.clusters, &raw.accounts);
    let issuers = check.issuers(&raw.issuers);
    let rules = check.rules(raw);
    // What a rule covers is only worth saying when the clusters are as they are meant.
    let sound = check.problems.is_empty();
    let certificates = if sound {
        check.resolve(&rules, &clusters)
    } else {
        Vec::new()
    };
    let rollout = check.rollout(raw);
    let valid_for = raw.valid_for.as_ref().and_then(|text| check.duration(text));
    let backup = raw.backup_not_older_than.as_ref();
    let estate = Estate {
        file: file.to_owned(),
        pins: check.optional_path(raw.pins.as_ref()),
        state_dir: check.optional_path(raw.state_dir.as_ref()),
        valid_for: signed(valid_for.unwrap_or(Duration::from_hours(24))),
        backup_not_older_than: backup.and_then(|text| check.duration(text)).map(signed),
        order: check.order(raw),
        phone_polls: check.phone_polls(raw),
        device_queries_per_minute: check.device_queries(raw),
        timers,
        accounts,
        clusters,
        issuers,
        rollout,
        certificates,
    };
    if check.problems.is_empty() {
        Ok(estate)
    } else {
        Err(check.problems)
    }
}

/// Durations of the file are at most ten years, which always fits.
pub(super) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl Check<'_> {
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// A duration that may not be zero.
    pub(super) fn duration(&mut self, text: &Placed<DurationText>) -> Option<Duration> {
        let duration = self.duration_or_zero(text)?;
        if duration.is_zero() {
            self.problem(Problem::at(text.place, "this duration may not be zero"));
            return None;
        }
        Some(duration)
    }

    pub(super) fn duration_or_zero(&mut self, text: &Placed<DurationText>) -> Option<Duration> {
        parse_duration(&text.0)
            .map_err(|why| self.problem(Problem::at(text.place, why)))
            .ok()
    }

    fn optional_path(&mut self, text: Option<&Word>) -> Option<PathBuf> {
        text.and_then(|text| self.path(text))
    }

    /// A path relative to the estate file's folder.
    fn path(&mut self, text: &Word) -> Option<PathBuf> {
        if text.trim().is_empty() {
            self.problem(Problem::at(text.place, "the path is empty"));
            return None;
        }
        Some(self.folder.join(&text.value))
    }

    /// A program and its arguments. A program with a slash is relative to the estate file's folder, any
    /// other is looked for in `PATH`.
    fn command(&mut self, command: &Placed<Vec<String>>) -> Option<Vec<String>> {
        match command.split_first() {
            Some((program, arguments)) if !program.trim().is_empty() => {
                let program = if program.contains('/') {
                    self.folder.join(program).display().to_string()
                } else {
                    program.clone()
                };
                Some(
                    std::iter::once(program)
                        .chain(arguments.iter().cloned())
                        .collect(),
                )
            }
            _ => {
                self.problem(
                    Problem::at(command.place, "the command names no program")
                        .help("write it as a list: [program, argument, …]"),
                );
                None
            }
        }
    }
}
