//! Ports by what answers there, and the kind of key that a client asks them for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Appliance, KeyAlgorithm};

/// A listening port of a node, by what answers there.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// 443: administration pages and the certificate interface.
    Rest,
    /// 8443: AXL and the serviceability interfaces.
    Soap,
    /// 6972: configuration files over HTTPS.
    Tftp,
    /// 5061: SIP over TLS.
    Sip,
    /// 2445: the trust verification service.
    Tvs,
    /// 7400: XMPP between the IM and Presence service and Expressway.
    Xmpp,
    /// 22: the platform shell.
    Ssh,
    /// 7001: SIP of the traversal zone, on Expressway-E.
    Zone,
    /// 2222: the tunnels of remote access, on Expressway-E.
    Tunnel,
}

impl Port {
    /// Every port.
    pub const ALL: [Self; 9] = [
        Self::Rest,
        Self::Soap,
        Self::Tftp,
        Self::Sip,
        Self::Tvs,
        Self::Xmpp,
        Self::Ssh,
        Self::Zone,
        Self::Tunnel,
    ];

    /// The ports that a kind of node has. Source: claims CUCM-TFTP-PORT, CUCM-SIP-PORT, CUCM-TVS-PORT (assumed),
    /// IMP-XMPP-PORT, IMP-CUP-PORT (assumed), EXPRESSWAY-PORTS.
    pub fn of(appliance: Appliance) -> &'static [Self] {
        match appliance {
            Appliance::Cucm => &[
                Self::Rest,
                Self::Soap,
                Self::Tftp,
                Self::Sip,
                Self::Tvs,
                Self::Ssh,
            ],
            Appliance::ImPresence => &[Self::Rest, Self::Soap, Self::Sip, Self::Xmpp, Self::Ssh],
            Appliance::UnityConnection => &[Self::Rest, Self::Soap, Self::Ssh],
            Appliance::ExpresswayC => &[Self::Rest],
            Appliance::ExpresswayE => &[Self::Rest, Self::Zone, Self::Tunnel],
        }
    }

    /// The ports by which a kind of node is known: those over which this program logs in.
    pub fn pinned(appliance: Appliance) -> impl Iterator<Item = Self> {
        let known = |port: &Self| matches!(port, Self::Rest | Self::Soap | Self::Ssh);
        Self::of(appliance).iter().copied().filter(known)
    }

    /// The port that a node listens on unless the estate file says otherwise.
    pub fn standard(self) -> u16 {
        match self {
            Self::Rest => 443,
            Self::Soap => 8443,
            Self::Tftp => 6972,
            Self::Sip => 5061,
            Self::Tvs => 2445,
            Self::Xmpp => 7400,
            Self::Ssh => 22,
            Self::Zone => 7001,
            Self::Tunnel => 2222,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.standard())
    }
}

/// A port asked with one kind of key. Prints and serialises as `8443/rsa`: by the standard number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// The port.
    pub port: Port,
    /// The kind of key that the client offered to accept.
    pub key: KeyAlgorithm,
}

impl fmt::Display for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.key {
            KeyAlgorithm::Rsa => "rsa",
            KeyAlgorithm::Ec => "ecdsa",
            KeyAlgorithm::Other => "other",
        };
        write!(formatter, "{}/{key}", self.port.standard())
    }
}

impl std::str::FromStr for Listener {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, key) = text
            .split_once('/')
            .ok_or_else(|| format!("`{text}` is not like 8443/rsa"))?;
        let port = Port::ALL
            .into_iter()
            .find(|port| port.standard().to_string() == number)
            .ok_or_else(|| format!("`{number}` is not a port this release asks"))?;
        let key = match key {
            "rsa" => KeyAlgorithm::Rsa,
            "ecdsa" => KeyAlgorithm::Ec,
            _ => return Err(format!("`{key}` is neither rsa nor ecdsa")),
        };
        Ok(Self { port, key })
    }
}

impl Serialize for Listener {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listener {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
