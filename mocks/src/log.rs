//! The lab's own log: what really happened, in order, without any secret.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The platform's REST interface.
    Rest,
    /// AXL.
    Axl,
    /// Control Center.
    Control,
    /// The real-time information service.
    Ris,
    /// The performance monitor.
    Perfmon,
    /// The command line.
    Ssh,
    /// A presented certificate.
    Tls,
    /// The signing authority.
    Authority,
    /// The lab itself.
    Lab,
}

impl Channel {
    /// The word in the log and in a fault's `on`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Axl => "axl",
            Self::Control => "control",
            Self::Ris => "ris",
            Self::Perfmon => "perfmon",
            Self::Ssh => "ssh",
            Self::Tls => "tls",
            Self::Authority => "authority",
            Self::Lab => "lab",
        }
    }
}

/// What sort of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A login, good or failed.
    Login,
    /// A request that only reads.
    Read,
    /// A request that means to change something.
    Write,
    /// A change that took place.
    Effect,
    /// A planted fault that struck.
    Fault,
    /// Something no careful operator does.
    Violation,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its number, from 1.
    pub seq: u64,
    /// Milliseconds since the lab started.
    pub at_ms: u64,
    /// The cluster; empty for the lab and the authority.
    pub cluster: String,
    /// The node's full name; empty likewise.
    pub node: String,
    /// Where.
    pub channel: Channel,
    /// What sort.
    pub kind: Kind,
    /// The request, the effect or the violation.
    pub what: String,
    /// More about it.
    pub detail: String,
}

/// A cluster and one of its nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The cluster's name.
    pub cluster: String,
    /// The node's full name.
    pub node: String,
}

impl Place {
    /// A node of a cluster.
    #[must_use]
    pub fn new(cluster: &str, node: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            node: node.to_owned(),
        }
    }
}

/// The append-only log, in memory and in a file.
pub struct Log(Mutex<Inner>);

struct Inner {
    file: File,
    entries: Vec<LogEntry>,
    broken: bool,
}

impl Log {
    /// Opens the file for appending.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Mutex::new(Inner {
            file,
            entries: Vec::new(),
            broken: false,
        })))
    }

    /// Appends one entry and flushes it. A file that cannot be written is reported once; memory keeps the entry.
    pub fn note(
        &self,
        at_ms: u64,
        place: &Place,
        channel: Channel,
        kind: Kind,
        what: &str,
        detail: &str,
    ) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = u64::try_from(inner.entries.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let entry = LogEntry {
            seq,
            at_ms,
            cluster: place.cluster.clone(),
            node: place.node.clone(),
            channel,
            kind,
            what: what.to_owned(),
            detail: detail.to_owned(),
        };
        let line = serde_json::to_string(&entry).unwrap_or_default();
        let written = writeln!(inner.file, "{line}").and_then(|()| inner.file.flush());
        if let (Err(error), false) = (written, inner.broken) {
            inner.broken = true;
            let said = writeln!(
                io::stderr(),
                "reissue-lab: the log file can no longer be written ({error}); entries stay in memory only"
            );
            drop(said);
        }
        inner.entries.push(entry);
    }

    /// Every entry so far.
    #[must_use]
    pub fn entries(&self) -> Vec<LogEntry> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .clone()
    }
}
