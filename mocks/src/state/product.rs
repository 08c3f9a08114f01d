//! What a cluster is a cluster of.

/// A product of the platform's family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Unified Communications Manager, with the IM and Presence nodes that belong to it.
    Cucm,
    /// Unity Connection.
    UnityConnection,
}

impl Product {
    /// The word in the estate file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cucm => "cucm",
            Self::UnityConnection => "unity-connection",
        }
    }
}
