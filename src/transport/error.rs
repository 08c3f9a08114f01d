//! What can go wrong between this program and a node.

use std::fmt;
use std::time::Duration;

use crate::model::NodeName;

use super::{Endpoint, PinError, Refusal};

/// A node's channel, for messages: `cucm-pub.hq.example.com (10.0.1.11:443)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        let Endpoint {
            node, host, port, ..
        } = endpoint;
        Self(format!("{node} ({host}:{port})"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why an exchange gave no usable answer. Each message is one paragraph for a person; secrets and control
/// characters are already taken out.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection came about, so nothing reached the node.
    #[error(
        "{place}: no connection: {cause}. Nothing was sent. Check that the node is up, and its address and port \
         in the estate file; while a service restarts, wait and look again."
    )]
    NotSent {
        /// The channel.
        place: Place,
        /// What failed.
        cause: String,
    },
    /// The peer is unknown or not the one that was pinned. Nothing was sent.
    #[error("{place}: {refusal}")]
    NotTrusted {
        /// The channel.
        place: Place,
        /// Expected and found.
        refusal: Refusal,
    },
    /// The pin book cannot be read, so no peer can be proved. Nothing was sent.
    #[error("{place}: the peer cannot be proved, so nothing was sent: {cause}")]
    Pins {
        /// The channel.
        place: Place,
        /// What is wrong with the book.
        cause: PinError,
    },
    /// The node refused the user or the password.
    #[error(
        "{place}: the node refused account {account}: expected the login to be accepted, found {found}. It will not be \
         tried again, because nodes lock an account after three failures. Check the user name in the estate file \
         and the password (`reissue secret set {account}`), and log in once by hand."
    )]
    Unauthorized {
        /// The channel.
        place: Place,
        /// The account.
        account: String,
        /// The node's words.
        found: String,
    },
    /// An earlier refusal forbids this login. Nothing was sent.
    #[error(
        "{place}: account {account} was not tried, because {first} refused it in this run and a wrong password \
         must not lock the account on more nodes. Mend the password there (`reissue secret set {account}`) and \
         start again."
    )]
    LoginHeld {
        /// The channel.
        place: Place,
        /// The account.
        account: String,
        /// The node that refused it.
        first: NodeName,
    },
    /// It was sent, and the answer did not arrive whole. The node may have acted.
    #[error(
        "{place}: the outcome is unknown: `{request}` was sent, expected a whole answer, found {cause}. The node may \
         or may not have acted; look at its state before anything is sent again."
    )]
    Unknown {
        /// The channel.
        place: Place,
        /// What was sent.
        request: String,
        /// What came instead.
        cause: String,
    },
    /// The answer is larger than allowed.
    #[error(
        "{place}: the answer to `{request}` is too large: expected at most {limit} bytes, found more. Ask for less, or \
         check that this really is the node."
    )]
    TooLarge {
        /// The channel.
        place: Place,
        /// What was sent.
        request: String,
        /// The cap in bytes.
        limit: usize,
    },
    /// A web page came where data was expected: the application is not up, or this is a login page.
    #[error(
        "{place}: `{request}` was answered with a web page (HTTP {status}), expected data, found: {found}. The application \
         behind the port is not ready, or the port is another one's; wait and look again."
    )]
    Html {
        /// The channel.
        place: Place,
        /// What was sent.
        request: String,
        /// The status.
        status: u16,
        /// The page's first words.
        found: String,
    },
    /// The node answered with another status than success.
    #[error(
        "{place}: `{request}` failed: expected HTTP 200, found HTTP {} with: {found}", reply.status
    )]
    Status {
        /// The channel.
        place: Place,
        /// What was sent.
        request: String,
        /// The answer's first words.
        found: String,
        /// The whole answer, for a closer look.
        reply: Box<super::Reply>,
    },
    /// A SOAP fault.
    #[error("{place}: `{request}` was refused with a fault: {fault}")]
    Fault {
        /// The channel.
        place: Place,
        /// The operation.
        request: String,
        /// What the node said.
        fault: Box<super::soap::Fault>,
    },
    /// The answer breaks the rules of its format.
    #[error(
        "{place}: the answer to `{request}` cannot be read: expected {expected}, found {found}."
    )]
    Malformed {
        /// The channel.
        place: Place,
        /// What was sent.
        request: String,
        /// What it should be.
        expected: &'static str,
        /// What is wrong.
        found: String,
    },
    /// A request that this client is not allowed to make. Nothing was sent.
    #[error(
        "{place}: `{request}` was not sent: expected {expected}. This is a defect of this program, please report it."
    )]
    Forbidden {
        /// The channel.
        place: Place,
        /// What was to be sent.
        request: String,
        /// What would be allowed.
        expected: &'static str,
    },
    /// The shell asked something that this program does not answer.
    #[error(
        "{place}: after `{request}` the shell asked a question that this program never answers: `{question}`. Nothing was \
         answered and the session was closed{}. Log in by hand, see what it wants, and look at the node's state before \
         going on.",
        if *acted { "; the node may have acted before it asked" } else { "" }
    )]
    Question {
        /// The channel.
        place: Place,
        /// The command.
        request: String,
        /// The question.
        question: String,
        /// Whether anything had been typed by which the node acts.
        acted: bool,
    },
    /// The shell did not come to its prompt.
    #[error(
        "{place}: the shell did not show its prompt `admin:` within {} s after the login; the last line was `{last}`. Log in \
         by hand: if the shell is only slow, raise the timer `shell_start`.", waited.as_secs()
    )]
    NoPrompt {
        /// The channel.
        place: Place,
        /// How long it was waited for.
        waited: Duration,
        /// The last line.
        last: String,
    },
}

impl TransportError {
    /// Whether it is certain that no request reached the node.
    pub fn not_sent(&self) -> bool {
        match self {
            Self::NotSent { .. }
            | Self::NotTrusted { .. }
            | Self::Pins { .. }
            | Self::LoginHeld { .. }
            | Self::Forbidden { .. }
            | Self::NoPrompt { .. } => true,
            // A refused login carried the request, but the node did not look at it.
            Self::Unauthorized { .. }
            | Self::Unknown { .. }
            | Self::TooLarge { .. }
            | Self::Html { .. }
            | Self::Status { .. }
            | Self::Fault { .. }
            | Self::Malformed { .. }
            | Self::Question { .. } => false,
        }
    }

    /// Whether the account was refused, now or earlier in this run.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::LoginHeld { .. })
    }

    /// Whether the peer could not be proved.
    pub fn is_not_trusted(&self) -> bool {
        matches!(self, Self::NotTrusted { .. } | Self::Pins { .. })
    }
}
