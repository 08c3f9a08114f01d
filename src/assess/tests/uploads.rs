//! Every upload error has something that tells it beforehand, or says why nothing can.

use std::collections::BTreeSet;

use crate::assess::{UPLOAD_ERRORS, explain, explanations};
use crate::pki::lint::TOLD_BY_FILES;

use super::tables;

/// Whether a code is the number of an upload error.
pub(super) fn is_a_number(code: &str) -> bool {
    UPLOAD_ERRORS.iter().any(|error| error.number == code)
}

#[test]
fn every_upload_error_has_a_producer() {
    let planted: BTreeSet<&str> = tables()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .flat_map(|(codes, _)| codes)
        .copied()
        .collect();
    for (place, error) in UPLOAD_ERRORS.iter().enumerate() {
        assert_eq!(error.number, format!("E{}", place + 1));
        assert!(!error.also.is_empty() && explain(error.number).is_some());
        // An internal failure cannot be foretold; a refused login ends the command that looks.
        let told_otherwise = ["E11", "E18"].contains(&error.number);
        assert_eq!(error.told_by.is_empty(), told_otherwise);
        for code in error.told_by {
            // Findings of `lint` are planted where `lint` is tested.
            let of_lint = TOLD_BY_FILES.contains(code) || code.starts_with("L-");
            assert!(
                of_lint || planted.contains(code),
                "{}: {code}",
                error.number
            );
            assert!(explain(code).is_some(), "{code}");
        }
    }
}

/// The codes that the text of a source file spells out.
fn spelled(text: &str) -> BTreeSet<&str> {
    let quoted = text.split('"');
    quoted.filter(|it| it.starts_with("L-")).collect()
}

#[test]
fn every_code_of_lint_is_explained() {
    let sources = [
        include_str!("../../pki/lint/authorities.rs"),
        include_str!("../../pki/lint/format.rs"),
        include_str!("../../pki/lint/key.rs"),
        include_str!("../../pki/lint/names.rs"),
        include_str!("../../pki/lint/usage.rs"),
        include_str!("../../pki/lint/validity.rs"),
    ];
    let codes: BTreeSet<&str> = sources.into_iter().flat_map(spelled).collect();
    let explained: BTreeSet<&str> = explanations()
        .iter()
        .map(|each| each.code)
        .filter(|code| code.starts_with("L-"))
        .collect();
    assert_eq!(codes, explained);
}
