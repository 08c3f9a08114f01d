//! Products and releases.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a cluster is made of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Unified Communications Manager with its IM and Presence nodes.
    Cucm,
    /// Unity Connection.
    UnityConnection,
    /// Expressway Core.
    ExpresswayC,
    /// Expressway Edge.
    ExpresswayE,
}

impl fmt::Display for Product {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cucm => "cucm",
            Self::UnityConnection => "unity-connection",
            Self::ExpresswayC => "expressway-c",
            Self::ExpresswayE => "expressway-e",
        })
    }
}

/// A node's part in its cluster.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The first node, which writes the database.
    Publisher,
    /// Any other call-processing node.
    Subscriber,
    /// An IM and Presence node.
    ImPresence,
    /// A peer of an Expressway cluster.
    Peer,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
            Self::ImPresence => "im-presence",
            Self::Peer => "peer",
        })
    }
}

/// The software that a node runs: what a procedure is written for. A CUCM cluster has nodes of two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Appliance {
    /// Unified Communications Manager.
    Cucm,
    /// The IM and Presence service.
    ImPresence,
    /// Unity Connection.
    UnityConnection,
    /// Expressway Core.
    ExpresswayC,
    /// Expressway Edge.
    ExpresswayE,
}

impl Appliance {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Cucm,
        Self::ImPresence,
        Self::UnityConnection,
        Self::ExpresswayC,
        Self::ExpresswayE,
    ];

    /// What a node of a product runs, by its part in the cluster.
    pub fn of(product: Product, role: Role) -> Self {
        match (product, role) {
            (Product::Cucm, Role::ImPresence) => Self::ImPresence,
            (Product::Cucm, _) => Self::Cucm,
            (Product::UnityConnection, _) => Self::UnityConnection,
            (Product::ExpresswayC, _) => Self::ExpresswayC,
            (Product::ExpresswayE, _) => Self::ExpresswayE,
        }
    }
}

impl Appliance {
    /// The product whose clusters have such nodes.
    pub fn product(self) -> Product {
        match self {
            Self::Cucm | Self::ImPresence => Product::Cucm,
            Self::UnityConnection => Product::UnityConnection,
            Self::ExpresswayC => Product::ExpresswayC,
            Self::ExpresswayE => Product::ExpresswayE,
        }
    }
}

impl fmt::Display for Appliance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cucm => "cucm",
            Self::ImPresence => "im-presence",
            Self::UnityConnection => "unity-connection",
            Self::ExpresswayC => "expressway-c",
            Self::ExpresswayE => "expressway-e",
        })
    }
}

/// A release as the device prints it, such as `14.0.1.13900-155` or `X14.2.5`, with the parts that procedures ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Release {
    text: String,
    major: u32,
    minor: u32,
    update: u32,
}

impl Release {
    /// Reads `major.minor.maintenance.build-revision`, or `Xmajor.minor.maintenance` of Expressway, where a missing
    /// last part is 0 (claim: EXPRESSWAY-RELEASE).
    ///
    /// The service update is taken from the build: 10000 is none, 11900 is SU1, 12900 is SU2 and so on
    /// (claim: CUCM-RELEASE-SU).
    ///
    /// # Errors
    /// A sentence that says what was expected, if the text has another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(numbers) = text.trim().strip_prefix('X') {
            return Self::expressway(text.trim(), numbers);
        }
        let wrong = || format!("`{text}` is not a release such as 14.0.1.13900-155");
        let mut parts = text.trim().split('.');
        let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
        let (major, minor, _maintenance) = (
            number().ok_or_else(wrong)?,
            number().ok_or_else(wrong)?,
            number().ok_or_else(wrong)?,
        );
        let build = parts.next().ok_or_else(wrong)?;
        let build: u32 = build
            .split('-')
            .next()
            .and_then(|b| b.parse().ok())
            .ok_or_else(wrong)?;
        Ok(Self {
            text: text.trim().to_owned(),
            major,
            minor,
            update: (build / 1000).saturating_sub(10),
        })
    }

    fn expressway(text: &str, numbers: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a release such as X14.2.5");
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let parts: Option<Vec<u32>> = numbers.split('.').map(number).collect();
        match parts.as_deref() {
            Some([major, minor]) => Ok((*major, *minor, 0)),
            Some([major, minor, update]) => Ok((*major, *minor, *update)),
            _ => Err(wrong()),
        }
        .map(|(major, minor, update)| Self {
            text: text.to_owned(),
            major,
            minor,
            update,
        })
    }

    /// Whether certificates are read and changed over the REST interface, which exists from 14 on; before, the
    /// platform shell is the way (claims CUCM-REST-BASE, VOS-CERTIFICATES-BY-SHELL).
    pub fn has_certificate_interface(&self) -> bool {
        self.level() >= (14, 0, 0)
    }

    /// The number that procedures compare: major, minor, service update or maintenance. 14SU2 is (14, 0, 2), X14.2.5
    /// is (14, 2, 5).
    pub fn level(&self) -> (u32, u32, u32) {
        (self.major, self.minor, self.update)
    }

    /// The release as the platform printed it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl TryFrom<String> for Release {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Release> for String {
    fn from(release: Release) -> Self {
        release.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expressway_release_is_read_and_printed_unchanged() {
        for (text, level) in [
            ("X14.2.5", (14, 2, 5)),
            ("X15.0", (15, 0, 0)),
            ("X8.11.3", (8, 11, 3)),
        ] {
            let release = Release::parse(text).unwrap();
            assert_eq!(release.level(), level);
            assert_eq!(release.to_string(), text);
        }
        for text in [
            "X",
            "X14",
            "X14.",
            "X14.2.5.1",
            "X14.a",
            "X+1.2",
            "X14.2.5-1",
        ] {
            let error = Release::parse(text).unwrap_err();
            assert!(error.contains("X14.2.5"), "{error}");
        }
    }
}
