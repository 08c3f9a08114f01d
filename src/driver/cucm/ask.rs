//! One question to one node, and what became of it.

use std::io;

use super::decode::DecodeError;
use super::problems::Problems;
use crate::model::{NodeName, Observed};
use crate::transport::TransportError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// It did not come through.
    #[error(transparent)]
    Transport(Box<TransportError>),
    /// It was answered in a form that none of the fact sheets shows.
    #[error("{node}: {error}")]
    Decode {
        /// The node.
        node: NodeName,
        /// What was expected and found.
        error: DecodeError,
    },
    /// The question could not be written down.
    #[error(
        "the question could not be written: {0}. This is a defect of this program, please report it"
    )]
    Document(#[from] io::Error),
    /// An earlier question in the same observation met this; it was not asked again.
    #[error("{0}")]
    Same(String),
}

impl From<TransportError> for AskError {
    fn from(error: TransportError) -> Self {
        Self::Transport(Box::new(error))
    }
}

impl AskError {
    pub(super) fn decode(node: &NodeName) -> impl FnOnce(DecodeError) -> Self {
        let node = node.clone();
        |error| Self::Decode { node, error }
    }

    /// Fewer than how many rows would be answered, if this says that there are too many.
    pub(super) fn rows_allowed(&self) -> Option<usize> {
        match self {
            Self::Transport(error) => match &**error {
                TransportError::Fault { fault, .. } => fault.rows_allowed(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the same channel would fail the same way for any other question.
    pub(super) fn closes_channel(&self) -> bool {
        matches!(self, Self::Transport(error) if error.not_sent() || error.is_unauthorized())
    }
}

/// Turns an answer into a fact; a failure becomes unknown, and is noted if it kept us from the node.
pub(super) fn fact<T>(
    problems: &Problems,
    node: &NodeName,
    answer: Result<T, AskError>,
) -> Observed<T> {
    answer.map_err(|error| noted(problems, node, &error)).into()
}

/// The text of a failure, noted if it kept us from the node.
pub(super) fn noted(problems: &Problems, node: &NodeName, error: &AskError) -> String {
    if let AskError::Transport(error) = error {
        problems.note(node, error);
    }
    error.to_string()
}
