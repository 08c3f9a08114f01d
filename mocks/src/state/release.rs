//! Releases as numbers that can be compared.

/// A release, such as 14SU3, which the platform prints as `14.0.1.13900-155`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The service update; 0 for none.
    pub update: u32,
}

impl Release {
    /// The first release whose ITL is signed by `ITLRecovery` (claim: PHONE-ITL-CONTENT).
    pub const ITL_RECOVERY: Self = Self::new(12, 0, 0);
    /// Release 14.
    pub const FOURTEEN: Self = Self::new(14, 0, 0);
    /// Release 14, service update 1.
    pub const FOURTEEN_SU1: Self = Self::new(14, 0, 1);
    /// Release 14, service update 2.
    pub const FOURTEEN_SU2: Self = Self::new(14, 0, 2);

    const fn new(major: u32, minor: u32, update: u32) -> Self {
        Self {
            major,
            minor,
            update,
        }
    }

    /// Reads what the platform prints; numbers that are missing count as 0.
    ///
    /// claim: CUCM-RELEASE-SU
    #[must_use]
    pub fn of(printed: &str) -> Self {
        let mut numbers = printed
            .split(['.', '-'])
            .map(|part| part.parse::<u32>().unwrap_or(0));
        let major = numbers.next().unwrap_or(0);
        let minor = numbers.next().unwrap_or(0);
        let build = numbers.nth(1).unwrap_or(0);
        Self::new(major, minor, (build / 1000).saturating_sub(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_releases_have_their_order() {
        for (printed, expected) in [
            ("12.5.1.16900-48", Release::new(12, 5, 6)),
            ("14.0.1.10000-20", Release::FOURTEEN),
            ("14.0.1.11900-132", Release::FOURTEEN_SU1),
            ("15.0.1.12900-234", Release::new(15, 0, 2)),
            ("nonsense", Release::new(0, 0, 0)),
        ] {
            assert_eq!(Release::of(printed), expected, "{printed}");
        }
        assert!(Release::of("15.0.1.10000-32") > Release::FOURTEEN_SU2);
    }
}
