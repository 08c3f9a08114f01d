//! Phones grouped by what the census says of them: what is true of one is true of its class.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Observed, PhoneCensus, PhoneProfile, PhoneSecurity};

/// Where the phones of a class are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Registered when the plan was made.
    Registered,
    /// Configured, not registered, and not waived: such phones block what they would need on return (invariant I4).
    Absent,
    /// Configured, not registered, and waived by name.
    Waived,
    /// The census could not be read: nobody knows how many there are.
    Unknown,
}

/// A class of phones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PhoneClass {
    /// Where they are.
    pub presence: Presence,
    /// How they signal.
    pub security: PhoneSecurity,
    /// Whether they hold a locally significant certificate; `None` if that is not known.
    pub lsc: Option<bool>,
}

impl PhoneClass {
    /// Whether the phones have to verify call processing by TLS; the unknown may.
    pub(super) fn signals_by_tls(&self) -> bool {
        self.security != PhoneSecurity::NonSecure
    }

    /// The class in an engineer's words, after its number.
    pub(super) fn words(&self) -> String {
        let presence = match self.presence {
            Presence::Registered => "registered phones",
            Presence::Absent => "phones that are not registered",
            Presence::Waived => "phones that are not registered and waived",
            Presence::Unknown => "phones that nobody could count",
        };
        let lsc = match self.lsc {
            Some(true) => "LSC installed",
            Some(false) => "LSC none",
            None => "LSC unknown",
        };
        format!("{presence}, {}, {lsc}", self.security)
    }
}

/// The classes of a cluster's phones, with how many each has. What the census does not say is a class of its own.
pub(super) fn classes(
    census: &Observed<PhoneCensus>,
    waived: &BTreeMap<String, String>,
) -> BTreeMap<PhoneClass, usize> {
    let of = |presence, profile: &PhoneProfile| PhoneClass {
        presence,
        security: profile.security,
        lsc: profile.lsc,
    };
    let unread = PhoneProfile::default();
    let mut found = BTreeMap::new();
    let census = census.present();
    let configured = census.and_then(|census| census.configured.present());
    if configured.is_none() {
        found.insert(of(Presence::Unknown, &unread), 0);
    }
    for name in census
        .into_iter()
        .flat_map(|census| census.registered.keys())
    {
        let profile = configured.and_then(|all| all.get(name)).unwrap_or(&unread);
        *found.entry(of(Presence::Registered, profile)).or_default() += 1;
    }
    for (name, profile) in configured.into_iter().flatten() {
        if census.is_some_and(|census| census.registered.contains_key(name)) {
            continue;
        }
        let presence = if waived.contains_key(name) {
            Presence::Waived
        } else {
            Presence::Absent
        };
        *found.entry(of(presence, profile)).or_default() += 1;
    }
    found
}
