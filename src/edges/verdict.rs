//! What is said of one edge.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::Fingerprint;

use super::Usage;

/// Whether the connection verifies. Unknown is never fine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It verifies.
    Holds {
        /// What holds by luck only.
        cautions: Vec<Caution>,
    },
    /// It does not verify: everything that is wrong.
    Broken(Vec<Break>),
    /// It cannot be told; each text says what is missing, for a person.
    Unknown(Vec<String>),
}

impl Verdict {
    /// Whether it is known not to verify.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// Whether it is known to verify.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, parts): (&str, Vec<String>) = match self {
            Self::Holds { cautions } => (
                "verifies",
                cautions.iter().map(ToString::to_string).collect(),
            ),
            Self::Broken(breaks) => ("broken", breaks.iter().map(ToString::to_string).collect()),
            Self::Unknown(why) => ("unknown", why.clone()),
        };
        if parts.is_empty() {
            return formatter.write_str(word);
        }
        write!(formatter, "{word}: {}", parts.join("; "))
    }
}

/// A reason why a connection does not verify. Depth 0 is the certificate itself, each further number an authority above
/// it, as OpenSSL counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Break {
    /// Its own key signed the certificate, and the store does not hold it.
    SelfSigned {
        /// Its common name.
        title: String,
        /// The certificate.
        sha256: Fingerprint,
    },
    /// The authority that signed is neither in the store nor sent along.
    AuthorityMissing {
        /// The depth of the last certificate that was reached.
        depth: usize,
        /// The name of the authority.
        title: String,
        /// The authority, if it was seen anywhere.
        sha256: Option<Fingerprint>,
        /// It was sent along, signs itself, and is not trusted.
        sent_along: bool,
    },
    /// An intermediate authority is missing, while the root above it is trusted.
    IntermediateMissing {
        /// The depth of the last certificate that was reached without it.
        depth: usize,
        /// Its name.
        title: String,
        /// The intermediate.
        sha256: Fingerprint,
        /// It was sent along, which is not enough for this connection.
        sent_along: bool,
    },
    /// The store holds what is needed, below another certificate of the same common name, and acts as if it were absent.
    NotFirstOfName {
        /// The depth of the last certificate that was reached without it.
        depth: usize,
        /// The name that both have.
        title: String,
        /// The one that is needed.
        sha256: Fingerprint,
        /// The one that is found instead.
        first: Fingerprint,
        /// What is needed is the last certificate itself, not the one above it.
        itself: bool,
    },
    /// None of the expected names is in the certificate.
    NameMissing {
        /// The expected names; one of them is enough.
        expected: Vec<String>,
        /// The common name is an expected one, and does not count here.
        in_common_name: bool,
    },
    /// A certificate of the chain has ended.
    Expired {
        /// Which.
        depth: usize,
        /// Its name.
        title: String,
        /// Its last second.
        not_after: Timestamp,
    },
    /// A certificate of the chain has not begun.
    NotYetValid {
        /// Which.
        depth: usize,
        /// Its name.
        title: String,
        /// Its first second.
        not_before: Timestamp,
    },
    /// The certificate's extended key usages lack one that this connection needs.
    UsageMissing(Usage),
}

impl Break {
    /// What a traffic server or any OpenSSL says of it, with the depth; newer releases write `self-signed`. Nothing for
    /// names, which OpenSSL does not compare. Source: expressway §7; OpenSSL's own texts.
    pub fn openssl(&self) -> Option<(&'static str, usize)> {
        const NO_ISSUER: &str = "unable to get local issuer certificate";
        const SELF_SIGNED: &str = "self signed certificate";
        Some(match self {
            Self::SelfSigned { .. }
            | Self::NotFirstOfName {
                depth: 0,
                itself: true,
                ..
            } => (SELF_SIGNED, 0),
            Self::AuthorityMissing {
                depth,
                sent_along: true,
                ..
            }
            | Self::NotFirstOfName {
                depth,
                itself: true,
                ..
            } => ("self signed certificate in certificate chain", *depth),
            Self::AuthorityMissing { depth, .. }
            | Self::IntermediateMissing { depth, .. }
            | Self::NotFirstOfName { depth, .. } => (NO_ISSUER, *depth),
            Self::Expired { depth, .. } => ("certificate has expired", *depth),
            Self::NotYetValid { depth, .. } => ("certificate is not yet valid", *depth),
            Self::UsageMissing(_) => ("unsupported certificate purpose", 0),
            Self::NameMissing { .. } => return None,
        })
    }

    /// The certificate that the store would have to hold, and its name.
    pub fn wanted(&self) -> Option<(&Fingerprint, &str)> {
        match self {
            Self::SelfSigned { sha256, title }
            | Self::IntermediateMissing { sha256, title, .. }
            | Self::AuthorityMissing {
                sha256: Some(sha256),
                title,
                ..
            } => Some((sha256, title)),
            Self::AuthorityMissing { sha256: None, .. }
            | Self::NotFirstOfName { .. }
            | Self::NameMissing { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::UsageMissing(_) => None,
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfSigned { title, .. } => write!(
                formatter,
                "{title} is self-signed and not in the store (depth 0)"
            ),
            Self::AuthorityMissing { depth, title, .. } => write!(
                formatter,
                "the authority {title} is not in the store (chain ends at depth {depth})"
            ),
            Self::IntermediateMissing {
                title, sent_along, ..
            } => {
                let but = if *sent_along {
                    ", being sent along is not enough here"
                } else {
                    ""
                };
                write!(
                    formatter,
                    "the intermediate {title} is not in the store though its root is{but}"
                )
            }
            Self::NotFirstOfName {
                title,
                sha256,
                first,
                ..
            } => write!(
                formatter,
                "the store holds two certificates named {title}; the first ({}) hides the one that is needed ({})",
                first.short(),
                sha256.short()
            ),
            Self::NameMissing {
                expected,
                in_common_name,
            } => {
                let but = if *in_common_name {
                    "; the common name has it, which does not count here"
                } else {
                    ""
                };
                write!(
                    formatter,
                    "no DNS name of the certificate is {}{but}",
                    expected.join(" or ")
                )
            }
            Self::Expired {
                depth,
                title,
                not_after,
            } => {
                write!(formatter, "{title} ended on {not_after} (depth {depth})")
            }
            Self::NotYetValid {
                depth,
                title,
                not_before,
            } => {
                write!(formatter, "{title} begins on {not_before} (depth {depth})")
            }
            Self::UsageMissing(usage) => {
                write!(
                    formatter,
                    "the certificate does not allow {}",
                    usage.as_str()
                )
            }
        }
    }
}

/// Something that holds, and only just.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caution {
    /// Only the common name fits; whether a vendor's patch drops that fallback is not known.
    OnlyCommonName(String),
    /// An intermediate is sent along and not in the store.
    OnlySentAlong(String),
}

impl fmt::Display for Caution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyCommonName(name) => {
                write!(formatter, "{name} is only the common name, not a DNS name")
            }
            Self::OnlySentAlong(title) => {
                write!(
                    formatter,
                    "the intermediate {title} is sent along but not in the store"
                )
            }
        }
    }
}
