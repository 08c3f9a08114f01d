//! What was seen: present, absent, or unknown with the reason. Never an `Option`, because absent and
//! unknown lead to different plans.

use serde::{Deserialize, Serialize};

/// One fact about a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed<T> {
    /// The device said so.
    Present(T),
    /// The device was asked and said that there is none.
    Absent,
    /// It could not be learned; the text says why, for a person.
    Unknown(String),
}

impl<T> Observed<T> {
    /// The value, if the device gave one.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Why it is unknown, if it is.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Present(_) | Self::Absent => None,
        }
    }

    /// Changes the value, leaving absent and unknown as they are.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Present(value) => Observed::Present(change(value)),
            Self::Absent => Observed::Absent,
            Self::Unknown(why) => Observed::Unknown(why),
        }
    }
}

impl<T> Default for Observed<T> {
    /// Nobody asked yet. This is unknown, not absent.
    fn default() -> Self {
        Self::Unknown("not asked".to_owned())
    }
}

impl<T, E: std::fmt::Display> From<Result<T, E>> for Observed<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Present(value),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}
