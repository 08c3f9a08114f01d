//! Checks an issued certificate before a node sees it, and says what the node would answer.
//!
//! Every rule looks at everything and reports all it finds. Codes `E…` are those of the upload error table
//! (cucm-upload-errors §1); codes `L-…` are this product's own.

mod authorities;
mod format;
mod key;
mod names;
#[cfg(test)]
mod tests;
mod usage;
mod validity;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Parsed;
use crate::model::{
    Certificate, Fingerprint, Product, Purpose, Release, Severity, SigningRequest, Usages,
};

pub use format::{request_not_given, unreadable};

/// An issued certificate with what is known around it. What is `None` is not checked.
#[derive(Clone, Copy, Debug)]
pub struct IssuedCheck<'a> {
    /// The issued certificate.
    pub leaf: &'a Parsed,
    /// Authorities that came with it or that its issuer publishes, in any order.
    pub chain: &'a [Parsed],
    /// The request that it answers: the one that is pending on the node now.
    pub request: Option<&'a SigningRequest>,
    /// What the trust store for its chain holds on that node.
    pub stored: Option<&'a [&'a Certificate]>,
    /// What a plan or a playbook demands of it.
    pub demands: Option<&'a Demands>,
    /// What it is for.
    pub purpose: Option<&'a Purpose>,
    /// What it is for, by product.
    pub product: Product,
    /// What the node runs: releases word their refusals differently.
    pub release: Option<&'a Release>,
    /// The node's time.
    pub now: Timestamp,
}

/// What an issued certificate must be, beside matching its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// SHA-256 of the issuer's authorities, root first; the last one must have signed. Empty: any issuer.
    pub chain: Vec<Fingerprint>,
    /// Key usages that it must carry.
    pub key_usage: Usages,
    /// Extended key usages that it must carry.
    pub extended_usage: Usages,
    /// The least time that must be left.
    pub at_least: SignedDuration,
}

/// One thing that is wrong, or worth knowing, about an issued certificate. Ordered worst first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LintFinding {
    /// How bad. A [`Severity::Blocker`] means: do not upload it.
    pub severity: Severity,
    /// `E1` … `E15`, or an own code.
    pub code: &'static str,
    /// What the certificate says.
    pub found: String,
    /// What it should say.
    pub expected: String,
    /// The stable part of what the node would answer, if a source gives it.
    pub predicted: Option<&'static str>,
    /// Ways out; each is enough by itself unless it says otherwise.
    pub remedies: Vec<String>,
    /// Where the rule comes from.
    pub source: &'static str,
}

impl LintFinding {
    fn new(code: &'static str, severity: Severity, source: &'static str) -> Self {
        Self {
            severity,
            code,
            found: String::new(),
            expected: String::new(),
            predicted: None,
            remedies: Vec::new(),
            source,
        }
    }

    fn found(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        self
    }

    fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    fn predicted(mut self, text: Option<&'static str>) -> Self {
        self.predicted = text;
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedies.push(remedy.into());
        self
    }
}

impl IssuedCheck<'_> {
    /// Whether the node runs the platform whose upload errors are known: CUCM, IM and Presence, Unity Connection.
    fn on_voice_platform(&self) -> bool {
        matches!(self.product, Product::Cucm | Product::UnityConnection)
    }

    /// A text of that platform; Expressway answers in other words.
    fn answers(&self, text: &'static str) -> Option<&'static str> {
        self.on_voice_platform().then_some(text)
    }

    /// A text of that platform that releases before 14 word otherwise.
    fn answers_by_release(&self, old: &'static str, text: &'static str) -> Option<&'static str> {
        let is_old = |release: &Release| !release.has_certificate_interface();
        self.answers(if self.release.is_some_and(is_old) {
            old
        } else {
            text
        })
    }

    fn is_for(&self, purpose: &str) -> bool {
        self.purpose.is_some_and(|known| known.as_str() == purpose)
    }
}

/// The upload errors that a file, its request and its chain tell beforehand (cucm-upload-errors §1).
pub const TOLD_BY_FILES: [&str; 11] = [
    "E1", "E4", "E5", "E6", "E7", "E8", "E9", "E12", "E13", "E14", "E15",
];

/// Checks an issued certificate against everything that is known around it. Empty: nothing was found.
pub fn check_issued(check: &IssuedCheck<'_>) -> Vec<LintFinding> {
    let rules = [
        key::check,
        names::check,
        usage::check,
        validity::check,
        authorities::check,
    ];
    let mut findings: Vec<_> = rules.iter().flat_map(|rule| rule(check)).collect();
    findings.sort();
    findings
}

/// A few items in one line; a long list is cut and says so.
fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 20;
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let hidden = items.len().saturating_sub(SHOWN);
    items.truncate(SHOWN);
    match (items.is_empty(), hidden) {
        (true, _) => "none".to_owned(),
        (false, 0) => items.join(", "),
        (false, hidden) => format!("{} and {hidden} more", items.join(", ")),
    }
}
