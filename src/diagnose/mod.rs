//! Diagnosis of files without any node: Expressway logs, and certificates in whatever form they arrive.
//!
//! Everything read here is hostile: sizes are bounded, memory does not grow with the input, and no byte of it
//! reaches a terminal unescaped.

mod bundle;
mod causes;
mod finding;
mod forms;
mod input;
mod log;
mod observed;
#[cfg(test)]
mod tests;
mod words;

use std::io::Read;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::Observation;

pub use bundle::{Listed, Place};
pub use finding::{Checked, Diagnosis, Seen};
pub use input::{DEPTH_LIMIT, ENTRY_LIMIT, READ_LIMIT};
pub use log::{Action, Counts, Findings, LINE_LIMIT, Merged, PortVote, Scanner, What};

use forms::Forms;
use input::{Reading, Sink};

/// What one file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// The file as it was named.
    pub name: String,
    /// What it is: `a log`, `a certificate in DER`.
    pub is: String,
    /// Whether it could be read and is of a kind that is known.
    pub known: bool,
    /// What a person should know of how it was read.
    pub notes: Vec<String>,
}

/// Everything that is known after reading all files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each file.
    pub inputs: Vec<Input>,
    /// What was read of logs, if any file is one.
    pub log: Option<Counts>,
    /// Every certificate, in the order of its chain.
    pub certificates: Vec<Listed>,
    /// What is wrong, worst first.
    pub diagnoses: Vec<Diagnosis>,
}

impl Report {
    /// Whether every file could be read and is of a kind that is known.
    pub fn all_known(&self) -> bool {
        self.inputs.iter().all(|input| input.known)
    }
}

/// Reads files one after the other, then tells what they mean together.
#[derive(Debug)]
pub struct Examination {
    scanner: Scanner,
    forms: Forms,
    inputs: Vec<Input>,
    logs: usize,
}

impl Examination {
    /// Nothing read yet. `None` only if the log's anchors cannot be compiled.
    pub fn new() -> Option<Self> {
        Some(Self {
            scanner: Scanner::new()?,
            forms: Forms::default(),
            inputs: Vec::new(),
            logs: 0,
        })
    }

    /// Reads one file. It is bounded in time and memory by [`READ_LIMIT`], whatever the file holds; a failure to
    /// read becomes a note, so that what was read before counts.
    pub fn read(&mut self, name: &str, file: impl Read) {
        let mut sink = Sink::new(&mut self.scanner, &mut self.forms, name);
        let reading: Reading = input::read(file, &mut sink);
        self.logs += reading.logs;
        self.inputs.push(reading.input(name));
    }

    /// What the files mean. `now` is the moment at which validity is judged.
    pub fn finish(self, observation: Option<&Observation>, now: Timestamp) -> Report {
        let (findings, counts) = self.scanner.finish();
        let mut diagnoses = causes::diagnoses(&findings);
        if let Some(observation) = observation {
            observed::check(&mut diagnoses, observation);
        }
        let (certificates, more) = bundle::diagnose(self.forms, now);
        diagnoses.extend(more);
        diagnoses.sort_by(|one, other| {
            (one.severity, one.code, &one.subject).cmp(&(
                other.severity,
                other.code,
                &other.subject,
            ))
        });
        Report {
            inputs: self.inputs,
            log: (self.logs > 0).then_some(counts),
            certificates,
            diagnoses,
        }
    }
}
