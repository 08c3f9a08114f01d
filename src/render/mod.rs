//! Text for people. Every function returns a `String`; nothing here prints.
//!
//! A plan is first turned into a `view`, which holds every sentence once, and then laid out as plain text,
//! Markdown or HTML, so that the three cannot say different things.

mod diagnosis;
mod expressway;
mod findings;
mod graph;
mod lint;
mod plan_html;
mod plan_markdown;
mod plan_text;
mod playbook;
mod progress;
mod proof;
mod report;
mod runs;
mod steps;
#[cfg(test)]
mod tests;
mod trust_graph;
mod view;
mod words;

use std::collections::BTreeMap;

use crate::model::ClaimId;

pub use diagnosis::diagnosis;
pub use findings::{explanation, findings, status};
pub use graph::{plan_dot, plan_mermaid};
pub use lint::lint;
pub use plan_html::{RenderError, plan_html};
pub use plan_markdown::plan_markdown;
pub use plan_text::{plan_text, refusals_text};
pub use playbook::{playbook, playbook_list, rests_on};
pub use progress::ProgressWatch;
pub use proof::proof;
pub use report::{report_html, report_markdown};
pub use runs::{outcome, outcome_json, runs, runs_json};
pub use steps::condition;
pub use trust_graph::{trust_dot, trust_mermaid};

/// What the ledger says of one belief about the devices.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Belief {
    /// The belief in one sentence.
    pub says: String,
    /// `captured`, `documented`, `inferred` or `assumed`.
    pub evidence: String,
}

/// The ledger of beliefs by their identifiers. What a plan names and the ledger lacks counts as assumed.
pub type Beliefs = BTreeMap<ClaimId, Belief>;
