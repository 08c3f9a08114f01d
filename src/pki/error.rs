//! What can be wrong with a file, a request or a chain.

/// Why certificates or a signing request could not be taken. `origin` is a file, or what a node sent, in the
/// words of the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// Nothing to read.
    #[error(
        "{origin} is empty; expected certificates in PEM, DER or PKCS#7. Fetch it again from its source"
    )]
    Empty {
        /// What was read.
        origin: String,
    },
    /// Longer than any honest bundle.
    #[error(
        "{origin} has {size} bytes; a certificate file has at most {limit}. Check that it is the right file"
    )]
    TooLarge {
        /// What was read.
        origin: String,
        /// Its length in bytes.
        size: usize,
        /// The longest that is read, in bytes.
        limit: usize,
    },
    /// A private key: nothing was read from the file.
    #[error(
        "{origin} holds a private key and was not used. A node makes its own key and needs only the certificate: \
         give a file without the key, and replace the key if others could read this file"
    )]
    PrivateKey {
        /// What was read.
        origin: String,
    },
    /// Something else than what was wanted.
    #[error("{origin} is {found}; expected {expected}. {next}")]
    WrongKind {
        /// What was read.
        origin: String,
        /// What was wanted.
        expected: &'static str,
        /// What it seems to be.
        found: String,
        /// What to do.
        next: &'static str,
    },
    /// The right kind of thing, but broken.
    #[error("{origin} is damaged: {reason}. Fetch it again from its source")]
    Damaged {
        /// What was read.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A request whose own signature does not verify.
    #[error(
        "{origin} does not verify with its own key, so its names cannot be relied on. Download it from the node again"
    )]
    RequestSignature {
        /// What was read.
        origin: String,
    },
    /// Certificates that form no chain.
    #[error(
        "expected a chain from one root, each certificate signed by the one before; {problem}. {next}"
    )]
    NoChain {
        /// What is wrong.
        problem: String,
        /// What to do.
        next: String,
    },
}
