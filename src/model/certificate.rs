//! Facts of certificates and signing requests, without the library that parses them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fingerprint;

/// One entry of a subject alternative name. Prints as `dns:host.example.com`, `ip:10.0.0.1` or `other:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectName {
    /// A dNSName, in lower case and without a trailing dot.
    Dns(String),
    /// An iPAddress.
    Ip(IpAddr),
    /// Any other kind, as text. Never equal to a name that a plan asks for.
    Other(String),
}

impl SubjectName {
    /// A DNS name in the form in which names are compared. Source: cucm-upload-errors §2.
    pub fn dns(name: &str) -> Self {
        Self::Dns(name.trim_end_matches('.').to_ascii_lowercase())
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(formatter, "dns:{name}"),
            Self::Ip(address) => write!(formatter, "ip:{address}"),
            Self::Other(text) => write!(formatter, "other:{text}"),
        }
    }
}

impl std::str::FromStr for SubjectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("dns", name)) => Ok(Self::dns(name)),
            Some(("ip", address)) => address
                .parse()
                .map(Self::Ip)
                .map_err(|_| format!("`{address}` is not an IP address")),
            Some(("other", other)) => Ok(Self::Other(other.to_owned())),
            _ => Err(format!("`{text}` does not start with dns:, ip: or other:")),
        }
    }
}

impl Serialize for SubjectName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SubjectName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// RSA.
    Rsa,
    /// Elliptic curve.
    Ec,
    /// Anything else; no device of this estate should serve it.
    Other,
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rsa => "RSA",
            Self::Ec => "ECDSA",
            Self::Other => "other",
        })
    }
}

/// A key to be asked for: `rsa-3072`, `ec-384`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeySpec {
    /// The kind.
    pub algorithm: KeyAlgorithm,
    /// The length in bits.
    pub bits: u32,
}

impl fmt::Display for KeySpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            KeyAlgorithm::Rsa => write!(formatter, "rsa-{}", self.bits),
            KeyAlgorithm::Ec => write!(formatter, "ec-{}", self.bits),
            KeyAlgorithm::Other => write!(formatter, "other-{}", self.bits),
        }
    }
}

impl std::str::FromStr for KeySpec {
    type Err = String;

    /// Lengths a node offers. Source: cucm-certificate-rules §2 and cucm-rest-and-cli §2.2.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = |algorithm, bits| Ok(Self { algorithm, bits });
        match text {
            "rsa-2048" => known(KeyAlgorithm::Rsa, 2048),
            "rsa-3072" => known(KeyAlgorithm::Rsa, 3072),
            "rsa-4096" => known(KeyAlgorithm::Rsa, 4096),
            "ec-256" => known(KeyAlgorithm::Ec, 256),
            "ec-384" => known(KeyAlgorithm::Ec, 384),
            "ec-521" => known(KeyAlgorithm::Ec, 521),
            _ => Err(format!(
                "`{text}` is not a key; expected rsa-2048, rsa-3072, rsa-4096, ec-256, ec-384 or ec-521"
            )),
        }
    }
}

impl Serialize for KeySpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeySpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A public key, by what matters of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The kind.
    pub algorithm: KeyAlgorithm,
    /// The length in bits.
    pub bits: u32,
    /// SHA-256 of the DER SubjectPublicKeyInfo: equal keys, equal fingerprints.
    pub sha256: Fingerprint,
}

/// The names by which RFC 5280 calls key usages (`digitalSignature`) and, for extended ones, the short
/// name if it has one (`serverAuth`) or else the dotted object identifier.
pub type Usages = BTreeSet<String>;

/// What a certificate says. Every field is taken from the parsed DER, never from a label beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// SHA-256 of the DER.
    pub sha256: Fingerprint,
    /// The subject in one line, `CN=…, O=…`.
    pub subject: String,
    /// The last common name of the subject.
    pub common_name: Option<String>,
    /// The issuer in one line.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity, inclusive (RFC 5280).
    pub not_after: Timestamp,
    /// The key it certifies.
    pub key: PublicKey,
    /// Subject alternative names; empty if it has none.
    pub names: BTreeSet<SubjectName>,
    /// Key usages; `None` if the extension is missing.
    pub key_usage: Option<Usages>,
    /// Extended key usages; `None` if the extension is missing.
    pub extended_usage: Option<Usages>,
    /// Basic constraints say that it is an authority.
    pub authority: bool,
    /// Subject key identifier, hexadecimal.
    pub subject_key_id: Option<String>,
    /// Authority key identifier's key, hexadecimal.
    pub authority_key_id: Option<String>,
    /// The signature's algorithm by its long name.
    pub signature: String,
    /// Which certificates known together with this one hold the key that signed it. A signature was
    /// checked for each; names alone prove nothing. Its own fingerprint is here when it is self-signed.
    pub signed_by: BTreeSet<Fingerprint>,
}

impl Certificate {
    /// Whether its own key signed it.
    pub fn is_self_signed(&self) -> bool {
        self.signed_by.contains(&self.sha256)
    }

    /// Whether it is valid at a moment; both ends are inclusive.
    pub fn valid_at(&self, moment: Timestamp) -> bool {
        self.not_before <= moment && moment <= self.not_after
    }

    /// The common name, or the subject if it has none.
    pub fn title(&self) -> &str {
        self.common_name.as_deref().unwrap_or(&self.subject)
    }
}

/// A certificate signing request that waits on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningRequest {
    /// SHA-256 of the DER.
    pub sha256: Fingerprint,
    /// The subject in one line.
    pub subject: String,
    /// The last common name.
    pub common_name: Option<String>,
    /// The key to be certified.
    pub key: PublicKey,
    /// Requested subject alternative names; empty if none are requested.
    pub names: BTreeSet<SubjectName>,
    /// Requested key usages.
    pub key_usage: Option<Usages>,
    /// Requested extended key usages.
    pub extended_usage: Option<Usages>,
    /// The request itself, clean PEM; it is public and goes to the authority.
    pub pem: String,
}
