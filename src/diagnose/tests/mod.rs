//! Tests.
mod bundles;
mod hostile;
mod inputs;
mod lines;
mod observing;

use jiff::Timestamp;

use super::{Diagnosis, Examination, Report};

/// The moment of all tests.
fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// What some files mean together.
fn examine(files: &[(&str, &[u8])]) -> Report {
    let mut examination = Examination::new().unwrap();
    for (name, bytes) in files {
        examination.read(name, *bytes);
    }
    examination.finish(None, now())
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.diagnoses.iter().map(|each| each.code).collect()
}

#[track_caller]
fn only(report: &Report) -> &Diagnosis {
    assert_eq!(report.diagnoses.len(), 1, "{:#?}", report.diagnoses);
    &report.diagnoses[0]
}
