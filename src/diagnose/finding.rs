//! One thing that is wrong, with everything a person needs to act on it.

use jiff::Timestamp;
use serde::Serialize;

use super::log::PortVote;
use crate::model::Severity;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// How bad.
    pub severity: Severity,
    /// The stable code; `reissue explain CODE` prints its long text.
    pub code: &'static str,
    /// The server, file or certificate that it is about.
    pub subject: String,
    /// What was found.
    pub found: String,
    /// Why.
    pub cause: String,
    /// What to do, in order.
    pub remedies: Vec<String>,
    /// Where the rule comes from.
    pub source: &'static str,
    /// For a log: when, how often and where it was written.
    pub seen: Option<Seen>,
    /// For a log: whether an observation confirms it. `None` without an observation.
    pub observed: Option<Checked>,
    /// The server's name and address as the log gives them, for comparing.
    #[serde(skip)]
    pub(super) server: Option<Server>,
}

/// When and how often a log tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// The first time, if the lines have one.
    pub first: Option<Timestamp>,
    /// The last time.
    pub last: Option<Timestamp>,
    /// The systems whose logs tell it.
    pub by: Vec<String>,
    /// The ports that were asked for just before, the most frequent first.
    pub ports: Vec<PortVote>,
    /// The beginning of the first message.
    pub message: String,
}

/// What an observation says of a diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "because")]
pub enum Checked {
    /// It shows the same.
    Confirmed(String),
    /// It shows otherwise; it may be of another time.
    Contradicted(String),
    /// It says nothing of this.
    NotChecked(String),
}

/// A server in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) address: Option<String>,
    /// What about it fails.
    pub(super) fault: Fault,
}

/// What an observation can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    SelfSigned,
    AuthorityMissing,
    Dates,
    Name,
    Other,
}

impl Diagnosis {
    /// A finding without details.
    pub(super) fn new(
        code: &'static str,
        severity: Severity,
        subject: impl Into<String>,
        source: &'static str,
    ) -> Self {
        Self {
            severity,
            code,
            subject: subject.into(),
            found: String::new(),
            cause: String::new(),
            remedies: Vec::new(),
            source,
            seen: None,
            observed: None,
            server: None,
        }
    }

    pub(super) fn found(mut self, text: impl Into<String>) -> Self {
        self.found = text.into();
        self
    }

    pub(super) fn cause(mut self, text: impl Into<String>) -> Self {
        self.cause = text.into();
        self
    }

    pub(super) fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedies.push(text.into());
        self
    }
}
