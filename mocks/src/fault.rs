//! Planted faults: what goes wrong, where and how often.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use crate::log::Channel;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The connection is closed before anything is done.
    DropBefore,
    /// It is done, and the connection is closed without an answer.
    ActThenDrop,
    /// Answered 500, nothing done.
    Status500,
    /// Answered 500 with the platform's word for a fault of its own, nothing done.
    Internal,
    /// Done, and answered likewise.
    InternalActed,
    /// Answered 503, nothing done.
    Status503,
    /// Answered 401 although the credentials are right, nothing done.
    Status401,
    /// Answered 200 with a login page, nothing done.
    Html200,
    /// Done; the answer is shorter than its Content-Length.
    Truncated,
    /// Done; the answer comes byte by byte.
    SlowBody,
    /// Answered as success, nothing done.
    SuccessNotApplied,
    /// Done; the answer does not end.
    HugeBody,
    /// The SSH connection is cut right after the command arrived, nothing done.
    SshCut,
    /// The SSH connection is cut right after the command was carried out.
    SshCutActed,
    /// The shell never prints `[STARTED]` although the service starts.
    NeverStarted,
    /// The service stays in `STARTING` for ever.
    NeverStarts,
    /// The service stays in `STOPPING` for ever and the shell does not return.
    RestartStuck,
    /// Control Center or RIS says that too many requests were made.
    RateLimited,
}

const MODES: [(&str, Mode); 18] = [
    ("drop-before", Mode::DropBefore),
    ("act-then-drop", Mode::ActThenDrop),
    ("status-500", Mode::Status500),
    ("internal", Mode::Internal),
    ("internal-acted", Mode::InternalActed),
    ("status-503", Mode::Status503),
    ("status-401", Mode::Status401),
    ("html-200", Mode::Html200),
    ("truncated", Mode::Truncated),
    ("slow-body", Mode::SlowBody),
    ("success-not-applied", Mode::SuccessNotApplied),
    ("huge-body", Mode::HugeBody),
    ("ssh-cut", Mode::SshCut),
    ("ssh-cut-acted", Mode::SshCutActed),
    ("never-started", Mode::NeverStarted),
    ("never-starts", Mode::NeverStarts),
    ("restart-stuck", Mode::RestartStuck),
    ("rate-limited", Mode::RateLimited),
];

impl Mode {
    /// Whether the device carries the request out although something goes wrong.
    #[must_use]
    pub fn acts(self) -> bool {
        !matches!(
            self,
            Self::DropBefore
                | Self::Status500
                | Self::Internal
                | Self::Status503
                | Self::Status401
                | Self::Html200
                | Self::SuccessNotApplied
                | Self::SshCut
                | Self::RateLimited
        )
    }

    /// The word on the command line and in the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        MODES
            .iter()
            .find(|(_, mode)| *mode == self)
            .map_or("unknown", |(word, _)| word)
    }
}

/// A fault to plant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Only on this node, by full or host name; on every node if absent.
    pub node: Option<String>,
    /// Part of `<channel> <what>`, such as `rest POST csr` or `ssh utils service restart`.
    pub on: String,
    /// What goes wrong.
    pub mode: Mode,
    /// How many matches pass first.
    pub skip: u32,
    /// How many matches it strikes.
    pub times: u32,
}

impl Fault {
    /// A fault that strikes the first match on any node, once.
    #[must_use]
    pub fn new(on: &str, mode: Mode) -> Self {
        Self {
            node: None,
            on: on.to_owned(),
            mode,
            skip: 0,
            times: 1,
        }
    }

    /// The same fault on one node only.
    #[must_use]
    pub fn at(mut self, node: &str) -> Self {
        self.node = Some(node.to_owned());
        self
    }

    /// The same fault after `skip` matches that pass.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// The same fault for `times` matches.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }
}

/// Why a fault's text cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultError {
    /// A part that is not `key=value`.
    #[error(
        "`{0}` is not of the form key=value; write node=… on=\"rest POST csr\" mode=act-then-drop skip=0 times=1"
    )]
    NotAPair(String),
    /// A key that is not known.
    #[error("`{0}` is no part of a fault; the parts are node, on, mode, skip and times")]
    UnknownKey(String),
    /// A mode that is not known.
    #[error("`{found}` is no fault mode; the modes are {known}")]
    UnknownMode {
        /// What was written.
        found: String,
        /// The modes there are.
        known: String,
    },
    /// A number that is none.
    #[error("`{0}` is not a whole number")]
    NotANumber(String),
    /// A part that must be there.
    #[error("a fault needs `{0}=…`")]
    Missing(&'static str),
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (mut node, mut on, mut mode, mut skip, mut times) = (None, None, None, 0, 1);
        for part in split_quoted(text) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| FaultError::NotAPair(part.clone()))?;
            match key {
                "node" => node = Some(value.to_owned()),
                "on" => on = Some(value.to_owned()),
                "mode" => mode = Some(parse_mode(value)?),
                "skip" => skip = parse_number(value)?,
                "times" => times = parse_number(value)?,
                _ => return Err(FaultError::UnknownKey(key.to_owned())),
            }
        }
        let on = on.ok_or(FaultError::Missing("on"))?;
        let mode = mode.ok_or(FaultError::Missing("mode"))?;
        Ok(Self {
            node,
            on,
            mode,
            skip,
            times,
        })
    }
}

fn parse_mode(word: &str) -> Result<Mode, FaultError> {
    MODES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, mode)| *mode)
        .ok_or_else(|| FaultError::UnknownMode {
            found: word.to_owned(),
            known: MODES.map(|(known, _)| known).join(", "),
        })
}

fn parse_number(text: &str) -> Result<u32, FaultError> {
    text.parse()
        .map_err(|_| FaultError::NotANumber(text.to_owned()))
}

/// Splits at blanks outside double quotes, and drops the quotes.
fn split_quoted(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => parts.push(String::new()),
            other => {
                if let Some(part) = parts.last_mut() {
                    part.push(other);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The planted faults.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn plant(&self, fault: Fault) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The fault that strikes this request, if any; counts it.
    pub(crate) fn strike(&self, node: &str, channel: Channel, what: &str) -> Option<Mode> {
        let text = format!("{} {what}", channel.word());
        let host = node.split('.').next().unwrap_or(node);
        let mut planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for fault in planted.iter_mut() {
            let here = fault
                .node
                .as_deref()
                .is_none_or(|wanted| wanted == node || wanted == host);
            if !here || !text.contains(&fault.on) || fault.times == 0 {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            return Some(fault.mode);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_part() {
        let fault: Fault = "node=sub1 on=\"rest POST csr\" mode=act-then-drop skip=2 times=3"
            .parse()
            .unwrap();
        assert_eq!(
            fault,
            Fault::new("rest POST csr", Mode::ActThenDrop)
                .at("sub1")
                .after(2)
                .times(3)
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let rows = [
            ("mode=drop-before", "a fault needs `on=…`"),
            ("on=rest", "a fault needs `mode=…`"),
            ("on=rest mode=melt", "`melt` is no fault mode"),
            (
                "on=rest mode=drop-before times=x",
                "`x` is not a whole number",
            ),
            ("rest", "`rest` is not of the form key=value"),
            ("where=rest", "`where` is no part of a fault"),
        ];
        for (text, expected) in rows {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn strikes_after_the_skipped_ones_and_only_so_often() {
        let faults = Faults::default();
        faults.plant(
            Fault::new("rest POST csr", Mode::Status500)
                .at("sub1")
                .after(1)
                .times(2),
        );
        let strike = |node: &str, what: &str| faults.strike(node, Channel::Rest, what);
        assert_eq!(strike("pub.example.com", "POST csr"), None);
        assert_eq!(strike("sub1.example.com", "GET csr"), None);
        let struck: Vec<_> = (0..4)
            .map(|_| strike("sub1.example.com", "POST csr"))
            .collect();
        assert_eq!(
            struck,
            [None, Some(Mode::Status500), Some(Mode::Status500), None]
        );
    }
}
