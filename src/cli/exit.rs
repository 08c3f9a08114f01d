//! Exit codes and the one error type that reaches a person.

use std::fmt;

/// What the process says to the shell. The numbers are part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Something failed.
    Failed,
    /// The command line or an input file is wrong.
    Usage,
    /// Changes or findings, with `--check`.
    Differences,
    /// Refused, because an invariant would fail.
    Refused,
    /// The plan is stale.
    Stale,
    /// Waiting at a gate; resumable.
    Waiting,
    /// In doubt or diverged: a person must look.
    InDoubt,
    /// Verification failed.
    Unverified,
    /// Another run holds the cluster.
    Held,
    /// A peer is not the one that is known.
    NotTrusted,
    /// Interrupted; resumable.
    Interrupted,
}

impl Exit {
    /// The number.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Differences => 3,
            Self::Refused => 4,
            Self::Stale => 5,
            Self::Waiting => 6,
            Self::InDoubt => 7,
            Self::Unverified => 8,
            Self::Held => 9,
            Self::NotTrusted => 10,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command ended without doing what was asked, and what to do next.
#[derive(Debug)]
pub(super) struct CliError {
    /// The exit code.
    pub exit: Exit,
    /// What was expected and what was found, on which node or in which file.
    pub says: String,
    /// What to do next.
    pub hints: Vec<String>,
}

impl CliError {
    /// An error with its exit code and text.
    pub(super) fn new(exit: Exit, says: impl fmt::Display) -> Self {
        Self {
            exit,
            says: says.to_string(),
            hints: Vec::new(),
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.says)?;
        for hint in &self.hints {
            write!(formatter, "\nhint: {hint}")?;
        }
        Ok(())
    }
}
