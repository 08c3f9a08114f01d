//! The ledger of what is believed of the devices: everything that rests on a belief names one that is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reissue::playbook::{Library, claims};

/// Rust sources under a folder.
fn sources(under: &str) -> Vec<PathBuf> {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(under)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                found.push(path);
            }
        }
    }
    found
}

/// Names like `CUCM-REST-CSR` in a text.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| {
        !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '-')
    })
    .filter(|word| {
        [
            "CUCM-",
            "VOS-",
            "UPLOAD-",
            "PHONE-",
            "IMP-",
            "CUC-",
            "EXPRESSWAY-",
        ]
        .iter()
        .any(|family| word.starts_with(family))
            && word.len() > 4
            && !word.ends_with('-')
    })
    .map(str::to_owned)
    .collect()
}

#[test]
fn every_belief_that_is_cited_is_in_the_ledger() {
    let known: BTreeSet<String> = claims().unwrap().keys().map(ToString::to_string).collect();
    let mut missing = Vec::new();
    let mut cited = 0;
    for path in sources("src").into_iter().chain(sources("mocks/src")) {
        for name in names(&fs::read_to_string(&path).unwrap()) {
            cited += 1;
            if !known.contains(&name) {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(
        cited > 100,
        "only {cited} citations were found: the search is broken"
    );
    assert!(
        missing.is_empty(),
        "not in playbooks/claims.yaml:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_belief_says_where_it_comes_from() {
    for (id, claim) in claims().unwrap() {
        assert!(
            claim.says.ends_with('.') || claim.says.ends_with('"'),
            "{id} is no sentence: {}",
            claim.says
        );
        assert!(!claim.source.trim().is_empty(), "{id} names no source");
        assert!(
            !claim.applies.is_empty(),
            "{id} says nowhere where it holds"
        );
    }
}

#[test]
fn every_restart_of_a_procedure_names_its_beliefs() {
    let library = Library::embedded().unwrap();
    for procedure in library.procedures() {
        for rule in procedure.restarts.iter().flat_map(|set| &set.services) {
            assert!(
                !rule.claims.is_empty(),
                "{}: {} rests on nothing",
                procedure.purpose,
                rule.service
            );
            for claim in &rule.claims {
                assert!(
                    library.claims().contains_key(claim),
                    "{claim} is not in the ledger"
                );
            }
        }
    }
}
