//! Phones: where they register, and what they trust.

use std::collections::BTreeSet;

/// How a phone's signalling is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityMode {
    /// Not at all.
    NonSecure,
    /// Authenticated.
    Authenticated,
    /// Authenticated and encrypted.
    Encrypted,
}

impl SecurityMode {
    /// The number in the database.
    ///
    /// claim: CUCM-AXL-PHONE-PROFILES
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::NonSecure => 1,
            Self::Authenticated => 2,
            Self::Encrypted => 3,
        }
    }

    /// Whether the phone verifies the certificate on 5061.
    #[must_use]
    pub fn is_secure(self) -> bool {
        self != Self::NonSecure
    }
}

/// Fingerprints that a phone got with its initial trust list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldItl {
    /// Who may sign files for it.
    pub signers: BTreeSet<String>,
    /// The trust verification services it asks about others.
    pub tvs: BTreeSet<String>,
}

/// All that a phone trusts by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its initial trust list.
    pub itl: HeldItl,
    /// The signers of its certificate trust list; empty outside mixed mode.
    pub ctl: BTreeSet<String>,
}

/// One phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The device name, such as `SEP001122334455`.
    pub name: String,
    /// The node it registers with.
    pub node: String,
    /// Whether it is registered now.
    pub registered: bool,
    /// When its status last changed, in seconds since 1970. No two changes share a second.
    pub since: i64,
    /// Whether it has power and a network.
    pub online: bool,
    /// Its device pool.
    pub pool: String,
    /// How its signalling is protected.
    pub mode: SecurityMode,
    /// The fingerprint of the CAPF certificate that signed its own certificate, if it has one.
    pub lsc: Option<String>,
    /// What it trusts.
    pub holding: Holding,
    /// Why it is stranded, if it is: a person must go to it.
    pub stranded: Option<String>,
    /// When it is ready to register, in milliseconds since the lab's start.
    pub due_ms: Option<u64>,
    /// Whether it fetches its files before it registers, because it was reset or switched on.
    pub fetches: bool,
    /// When it last took all its files, in milliseconds since the lab's start.
    pub fetched_ms: Option<u64>,
}

impl Phone {
    /// Changes whether it is registered, at a time in seconds since 1970.
    ///
    /// claim: PHONE-RESET
    pub(crate) fn turn(&mut self, registered: bool, unix: i64) {
        if self.registered != registered {
            self.registered = registered;
            self.since = unix.max(self.since.saturating_add(1));
        }
    }

    /// Whether it can register at all.
    #[must_use]
    pub(crate) fn is_able(&self) -> bool {
        self.online && self.stranded.is_none()
    }
}
