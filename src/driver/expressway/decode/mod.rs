//! What a peer answered, read into facts. Pure: every function here runs on bytes from a file as well.
//!
//! As in the decoders of CUCM, what is not known is tolerated and what is needed is demanded: a shape that the fact
//! sheet does not show is an error with its words in it, never a default.

pub mod certificates;
pub mod configuration;
pub mod description;
pub mod settings;
pub mod status;

#[cfg(test)]
pub(in crate::driver::expressway) mod tests;

use crate::transport::excerpt;

/// The longest name or sentence that is kept of a device's words, in characters.
const LONGEST: usize = 300;

/// An answer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to `{question}` has an unknown form: expected {expected}, found {found}")]
pub struct DecodeError {
    /// The path that was asked for.
    pub question: String,
    /// What the fact sheet says that the answer looks like.
    pub expected: &'static str,
    /// The part of the answer that does not, cut to a line.
    pub found: String,
}

impl DecodeError {
    fn new(question: &str, expected: &'static str, found: &str) -> Self {
        let found = match plain(found) {
            text if text.is_empty() => "nothing".to_owned(),
            text => format!("`{text}`"),
        };
        Self {
            question: question.to_owned(),
            expected,
            found,
        }
    }
}

/// A device's words on one bounded line without control characters.
pub(in crate::driver::expressway) fn plain(text: &str) -> String {
    excerpt(text.as_bytes(), LONGEST)
}
