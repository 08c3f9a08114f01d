//! What can go wrong between a request and its certificate.

use std::path::PathBuf;
use std::time::Duration;

use crate::pki::PkiError;

/// Why a request could not be handed over, or certificates not be collected.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A file or folder cannot be used.
    #[error(
        "cannot {doing} {path}: {reason}. Check that the folder of the issuer exists and that this user may use it"
    )]
    File {
        /// What was tried: `read`, `write` …
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The folder holds more than an issuer leaves there.
    #[error(
        "{path} holds more than {limit}; expected only issued certificates. Move everything else away"
    )]
    TooMuch {
        /// The folder.
        path: PathBuf,
        /// What was exceeded.
        limit: &'static str,
    },
    /// A request without a usable name.
    #[error("a request needs a name such as hq.cucm-pub.tomcat; found an empty one")]
    NoName,
    /// The issuer's command is empty or does not start.
    #[error(
        "the issuer's command `{program}` does not start: {reason}. Nothing was sent: correct `command` in the estate file"
    )]
    NotStarted {
        /// The program.
        program: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The command said no.
    #[error(
        "the issuer's command `{program}` ended with {status} for {name}. It said: {said}. Correct the cause, then resume"
    )]
    Failed {
        /// The program.
        program: String,
        /// The request.
        name: String,
        /// `exit status: 1`, `signal: 9`.
        status: String,
        /// The end of what it wrote to standard error, printable.
        said: String,
    },
    /// The command did not end.
    #[error(
        "the issuer's command `{program}` did not end within {} seconds for {name} and was stopped. The authority may \
         have issued a certificate all the same: look there before you resume",
        .after.as_secs_f64()
    )]
    TimedOut {
        /// The program.
        program: String,
        /// The request.
        name: String,
        /// The limit.
        after: Duration,
    },
    /// The command wrote no certificates.
    #[error("the issuer's command `{program}` did not answer {name} with a certificate: {reason}")]
    Answer {
        /// The program.
        program: String,
        /// The request.
        name: String,
        /// What is wrong with its output.
        reason: Box<PkiError>,
    },
    /// The command answered with a certificate for another key.
    #[error(
        "the issuer's command `{program}` answered {name} with certificates for other keys; expected one for the public \
         key {key}. Check that it signs what it reads from standard input"
    )]
    OtherKey {
        /// The program.
        program: String,
        /// The request.
        name: String,
        /// The first digits of the key's fingerprint.
        key: String,
    },
    /// The work was cut off by the end of the process.
    #[error("the work on {path} was interrupted; nothing is lost, resume")]
    Interrupted {
        /// The file or folder.
        path: PathBuf,
    },
}
