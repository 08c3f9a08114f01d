//! Phones: who is registered, what the database says of each, and the list that they trust.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{NodeName, Observed};

/// The phones of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneCensus {
    /// Registered hardware phones by node (PerfMon).
    pub counted: BTreeMap<NodeName, u64>,
    /// Registered phones by name, each with the time stamp of its last change of status in seconds since 1970 by
    /// the publisher's clock (RIS).
    pub registered: BTreeMap<String, i64>,
    /// Every phone that the database has, by name.
    pub configured: Observed<BTreeMap<String, PhoneProfile>>,
}

impl PhoneCensus {
    /// The phones that the database has and that are not registered; `None` if the database was not read.
    pub fn absent(&self) -> Option<BTreeSet<&str>> {
        let configured = self.configured.present()?;
        let absent = configured
            .keys()
            .filter(|name| !self.registered.contains_key(*name));
        Some(absent.map(String::as_str).collect())
    }
}

/// What the database says of one phone. Source: claim CUCM-AXL-PHONE-PROFILES.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneProfile {
    /// The device pool; `None` if the row names none.
    pub pool: Option<String>,
    /// How it signals.
    pub security: PhoneSecurity,
    /// Whether a locally significant certificate is installed; `None` if the value is not known.
    pub lsc: Option<bool>,
}

/// The mode of a phone's security profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhoneSecurity {
    /// Neither signalling nor configuration is protected by TLS.
    NonSecure,
    /// Signalling is authenticated by TLS.
    Authenticated,
    /// Signalling and media are encrypted.
    Encrypted,
    /// The database has a value that is not known.
    #[default]
    Unknown,
}

impl std::fmt::Display for PhoneSecurity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::NonSecure => "non-secure",
            Self::Authenticated => "authenticated",
            Self::Encrypted => "encrypted",
            Self::Unknown => "of unknown security",
        })
    }
}

/// A certificate trust list as the publisher shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustList {
    /// When it was last modified, as the platform prints it.
    pub modified: String,
    /// Its records, in order.
    pub records: Vec<TrustRecord>,
}

impl TrustList {
    /// Whether a record carries a serial number, written in hexadecimal in any of the usual ways.
    pub fn lists(&self, serial: &str) -> bool {
        let wanted = plain_serial(serial);
        self.records
            .iter()
            .any(|record| plain_serial(&record.serial) == wanted)
    }
}

/// One record of a trust list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRecord {
    /// What the certificate is for, such as `CCM+TFTP`.
    pub function: String,
    /// The certificate's subject, as the platform prints it.
    pub subject: String,
    /// The certificate's serial number in hexadecimal.
    pub serial: String,
}

/// A serial number without colons, blanks, leading zeros and capital letters.
fn plain_serial(serial: &str) -> String {
    let digits: String = serial
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|digit| digit.to_ascii_lowercase())
        .collect();
    digits.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_found_however_it_is_written() {
        let list = TrustList {
            modified: "Fri Mar 06 19:45:13 CET 2026".to_owned(),
            records: vec![TrustRecord {
                function: "CAPF".to_owned(),
                subject: "CN=CAPF-1a2b".to_owned(),
                serial: "0A:CA:F6:4E".to_owned(),
            }],
        };
        assert!(list.lists("acaf64e") && list.lists("00ACAF64E"));
        assert!(!list.lists("acaf64") && !list.lists(""));
    }
}
