//! Expressway releases, and what changes with them.

/// A release such as X14.0.8; numbers that are missing count as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpresswayRelease {
    major: u32,
    minor: u32,
    patch: u32,
}

impl ExpresswayRelease {
    const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Reads what a device prints, with or without the X.
    #[must_use]
    pub fn of(printed: &str) -> Self {
        let mut numbers = printed
            .trim_start_matches(['X', 'x'])
            .split('.')
            .map(|part| part.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self::new(next(), next(), next())
    }

    /// Whether the traffic server verifies whom it connects to.
    ///
    /// claim: EXPRESSWAY-ORIGIN-ENFORCED
    #[must_use]
    pub fn verifies_origin(self) -> bool {
        self >= Self::new(14, 0, 8)
    }

    /// Whether Expressway-C shows its certificate to CUCM.
    ///
    /// claim: EXPRESSWAY-CUCM-TRUSTS-CORE
    #[must_use]
    pub fn shows_itself_to_cucm(self) -> bool {
        self >= Self::new(14, 0, 2)
    }

    /// Whether a restart by REST needs the header against forged requests, and the verification of CUCM a switch.
    ///
    /// claim: EXPRESSWAY-CSRF-HEADER, EXPRESSWAY-VERIFY-ORIGIN-SWITCH
    #[must_use]
    pub fn is_at_least_14_2(self) -> bool {
        self >= Self::new(14, 2, 0)
    }

    /// Whether certificates without clientAuth begin to be accepted, and the checks of SIP SERVICE are relaxed.
    ///
    /// claim: EXPRESSWAY-UPLOAD-CLIENT-AUTH, EXPRESSWAY-SERVICE-USAGES
    #[must_use]
    pub fn is_at_least_15_4(self) -> bool {
        self >= Self::new(15, 4, 0)
    }

    /// Whether a peer has a client certificate beside its server certificate.
    ///
    /// claim: EXPRESSWAY-CLIENT-STORE
    #[must_use]
    pub fn has_client_store(self) -> bool {
        self >= Self::new(15, 5, 0)
    }

    /// Whether elliptic-curve certificates are asked for first, after an upgrade from another release or none.
    ///
    /// claim: EXPRESSWAY-KEY-PREFERENCE
    #[must_use]
    pub fn prefers_elliptic(self, upgraded_from: Option<Self>) -> bool {
        let carried_over = upgraded_from.is_some_and(|from| from >= Self::new(14, 0, 0));
        self.is_at_least_14_2() && !carried_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_releases_have_their_order() {
        let printed = ["X8.11.3", "X14.0", "X14.0.8", "X14.2", "X15.4", "X15.5"];
        let releases: Vec<_> = printed.into_iter().map(ExpresswayRelease::of).collect();
        assert!(releases.is_sorted(), "{releases:?}");
        assert_eq!(
            ExpresswayRelease::of("15.5"),
            ExpresswayRelease::new(15, 5, 0)
        );
    }

    #[test]
    fn the_path_of_upgrades_decides_which_key_is_asked_for() {
        let of = ExpresswayRelease::of;
        for (release, from, elliptic) in [
            ("X14.0", None, false),
            ("X14.2", None, true),
            ("X14.2", Some("X12.7"), true),
            ("X14.2", Some("X14.0"), false),
            ("X15.5", Some("X15.4"), false),
        ] {
            assert_eq!(
                of(release).prefers_elliptic(from.map(of)),
                elliptic,
                "{release} {from:?}"
            );
        }
    }
}
