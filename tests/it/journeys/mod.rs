//! What an engineer does from the first look to the record for the change board, and what gets in the way.

mod clusters;
mod envelope;
mod gates;
mod holding;
mod phones;
mod reference;
mod same_name;
mod shells;
mod signals;
mod stale;
mod tidied;

use std::collections::BTreeMap;
use std::path::PathBuf;

use reissue_lab::{Kind, Lab};

use crate::support::{self, Ended, apply_with, reissue};

/// The writes of a renewal of one publisher, in order: what the lab's hooks count.
const TRUST: usize = 1;
const REQUEST: usize = 2;
const UPLOAD: usize = 3;
const TOMCAT: usize = 4;

/// The full name of a cluster's publisher.
fn publisher(cluster: &str) -> String {
    format!("cucm-pub.{cluster}.example.com")
}

/// A lab and the plan for it.
struct Journey {
    lab: Lab,
    file: PathBuf,
    digest: String,
}

impl Journey {
    #[track_caller]
    fn on(lab: Lab) -> Self {
        let (file, digest) = support::plan(&lab);
        Self { lab, file, digest }
    }

    fn words(&self, more: &[&str]) -> Vec<String> {
        apply_with(&self.file, &self.digest, more)
    }

    fn apply(&self, more: &[&str]) -> Ended {
        reissue(&self.lab, self.words(more))
    }

    fn resume(&self, more: &[&str]) -> Ended {
        reissue(&self.lab, ["resume"].iter().chain(more))
    }
}

/// How often each thing took effect: `node: what, detail`.
fn effects(lab: &Lab, what: &str) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for entry in lab.log() {
        if entry.kind == Kind::Effect && entry.what == what {
            let key = format!("{}: {}", entry.node, entry.detail);
            *times.entry(key).or_default() += 1;
        }
    }
    times
}

/// Every service of a restart set was restarted on its node, and once.
#[track_caller]
fn restarted_once(lab: &Lab, restarts: usize) {
    let times = effects(lab, "restart-begin");
    assert_eq!(times.len(), restarts, "{times:#?}");
    assert!(times.values().all(|times| *times == 1), "{times:#?}");
}

/// What a command said in all.
fn said(ended: &Ended) -> String {
    format!("{}{}", ended.out, ended.err)
}

/// Fails unless a command said all of this.
#[track_caller]
fn says(ended: &Ended, words: &[&str]) {
    let said = said(ended);
    for word in words {
        assert!(said.contains(word), "nothing of `{word}` in:\n{said}");
    }
}
