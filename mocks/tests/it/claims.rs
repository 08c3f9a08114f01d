//! The ledger: every claim the lab cites is in it, and every entry is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The entries of the ledger with their members' names; enough YAML for a file of one shape.
fn ledger() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("playbooks/claims.yaml")).unwrap();
    let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (key, value) = line.split_once(':').unwrap();
        if let Some(member) = key.strip_prefix("  ") {
            assert!(!value.trim().is_empty(), "{current}: {member} is empty");
            entries.get_mut(&current).unwrap().push(member.to_owned());
        } else {
            key.clone_into(&mut current);
            assert!(
                entries.insert(current.clone(), Vec::new()).is_none(),
                "{current} is there twice"
            );
        }
    }
    entries
}

fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(fs::read_to_string(path).unwrap());
        }
    }
}

fn cited() -> BTreeSet<String> {
    let mut texts = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut texts,
    );
    let lines = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once("claim:"));
    let is_name =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '-';
    lines
        .flat_map(|(_, after)| after.split(|letter| !is_name(letter)))
        .filter(|word| word.contains('-') && word.len() > 4)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_entry_has_its_four_members() {
    let entries = ledger();
    assert!(entries.len() > 100);
    for (name, members) in entries {
        assert_eq!(members, ["says", "applies", "source", "evidence"], "{name}");
    }
}

#[test]
fn every_claim_the_lab_cites_is_in_the_ledger() {
    let (cited, entries) = (cited(), ledger());
    assert!(cited.len() > 60, "only {} claims are cited", cited.len());
    let unknown: Vec<&String> = cited
        .iter()
        .filter(|name| !entries.contains_key(*name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
