//! The one place where the lab looks at the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
#[allow(
    clippy::disallowed_methods,
    reason = "the lab plays devices, and devices have a clock of their own"
)]
pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}
