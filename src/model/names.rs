//! Names: small string types, so that a node is never passed where a cluster is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name_types {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name as it is.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// Borrows the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    )*};
}

name_types! {
    /// A cluster as the estate file names it.
    ClusterName;
    /// A node's fully qualified name in lower case, as the estate file and the cluster's own node list give it.
    NodeName;
    /// A step of a plan: the cluster's name and a number, such as `hq-07`. What a person types after `mark`.
    StepId;
    /// One run of `apply`, with all its resumptions.
    RunId;
    /// A certificate purpose exactly as the platform prints it (`tomcat`, `tomcat-ECDSA`, `CallManager`, …). Case matters.
    Purpose;
    /// A trust store with its suffix: `tomcat-trust`.
    Store;
    /// A service as the platform prints it: `Cisco Tomcat`.
    ServiceName;
    /// An issuer as the estate file names it.
    IssuerName;
    /// An account as the estate file names it.
    AccountName;
    /// One belief about a device, by its identifier in `playbooks/claims.yaml`.
    ClaimId;
    /// A stable code of a finding: `served-differs`.
    FindingCode;
}

impl NodeName {
    /// The part before the first dot, for narrow columns.
    pub fn short(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl Purpose {
    /// Whether this purpose holds an elliptic-curve key; the platform marks those by the suffix `-ECDSA`.
    pub fn is_ecdsa(&self) -> bool {
        self.0.ends_with("-ECDSA")
    }

    /// The purpose without the suffix of its elliptic-curve twin. Twins share a trust store, services and, where
    /// phones hold them, one procedure.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self(self.plain_str().to_owned())
    }

    /// The same as text.
    pub fn plain_str(&self) -> &str {
        self.0.trim_end_matches("-ECDSA")
    }
}

impl Store {
    /// The store's name as the REST interface takes it in a body: without the suffix `-trust`.
    pub fn service(&self) -> &str {
        self.0.strip_suffix("-trust").unwrap_or(&self.0)
    }
}

/// A SHA-256 digest in lower-case hexadecimal: of a certificate's DER, of a public key, of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Accepts 64 hexadecimal digits in either case, with or without colons and the prefix `sha256:`.
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.trim();
        let bare = bare.strip_prefix("sha256:").unwrap_or(bare);
        let digits: String = bare
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        (digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit()))
            .then_some(Self(digits))
    }

    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(hex::encode(sha2::Sha256::digest(bytes)))
    }

    /// The digest of bytes that were hashed one after the other.
    pub fn of_stream(hashed: sha2::Sha256) -> Self {
        use sha2::Digest as _;
        Self(hex::encode(hashed.finalize()))
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people; never compared.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
