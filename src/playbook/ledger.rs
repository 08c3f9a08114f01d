//! The ledger of claims: what is believed of the devices, and what supports it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::raw::RawLedger;
use crate::model::ClaimId;
use crate::yaml::{Document, Problem, Problems, choose};

/// One belief about a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The belief, one testable sentence.
    pub says: String,
    /// Products and releases of which it is believed, such as `cucm 14`.
    pub applies: Vec<String>,
    /// Where it comes from.
    pub source: String,
    /// How well it is supported.
    pub evidence: Evidence,
}

/// How well a claim is supported. Ordered: the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Seen on a live appliance, or in a transcript of one.
    Captured,
    /// Stated by the vendor.
    Documented,
    /// Follows from captured or documented facts.
    Inferred,
    /// Nobody has shown it.
    Assumed,
}

const EVIDENCE: [(&str, Evidence); 4] = [
    ("captured", Evidence::Captured),
    ("documented", Evidence::Documented),
    ("inferred", Evidence::Inferred),
    ("assumed", Evidence::Assumed),
];

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = EVIDENCE.iter().find(|(_, evidence)| evidence == self);
        formatter.write_str(name.map_or("", |(name, _)| name))
    }
}

/// Reads a ledger.
pub(super) fn read(document: &Document) -> Result<BTreeMap<ClaimId, Claim>, Problems> {
    let raw: RawLedger = document.parse()?;
    let mut problems = Vec::new();
    let mut claims = BTreeMap::new();
    for (id, claim) in &raw {
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(allowed) {
            let message = format!("`{}` cannot name a claim", id.value);
            problems.push(
                Problem::at(id.place, message).help("use capital letters, digits and hyphens"),
            );
        }
        for text in [&claim.says, &claim.source] {
            if text.trim().is_empty() {
                problems.push(Problem::at(text.place, "this may not be empty"));
            }
        }
        match choose(&claim.evidence, "a kind of evidence", &EVIDENCE) {
            Err(problem) => problems.push(problem),
            Ok(evidence) => {
                let applies = claim.applies.iter().map(|word| word.value.clone());
                let claim = Claim {
                    says: claim.says.value.clone(),
                    applies: applies.collect(),
                    source: claim.source.value.clone(),
                    evidence,
                };
                claims.insert(ClaimId::new(id.as_str()), claim);
            }
        }
    }
    if problems.is_empty() {
        Ok(claims)
    } else {
        Err(document.report(problems))
    }
}
