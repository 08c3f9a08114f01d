//! What a trust store does with a certificate.

use std::cmp::Ordering;

use openssl::x509::X509;

use crate::state::{common_name, fingerprint};

/// What became of a trust certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It is new.
    Stored,
    /// It took the place of another one of its name.
    Replaced,
    /// The stored one of its name stays.
    Kept,
    /// It was there already.
    Present,
}

impl Placed {
    /// The word in the log.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Replaced => "replaced",
            Self::Kept => "kept the stored one",
            Self::Present => "already present",
        }
    }
}

/// Puts a certificate into a store beside any other of its name.
///
/// claim: CUCM-CAPF-KEEPS-FORMER
pub(crate) fn add(store: &mut Vec<X509>, certificate: &X509) -> Placed {
    let print = fingerprint(certificate);
    if store.iter().any(|stored| fingerprint(stored) == print) {
        return Placed::Present;
    }
    store.push(certificate.clone());
    Placed::Stored
}

/// Puts a certificate into a store: one for each common name, the later start wins, an equal start changes nothing.
///
/// claim: CUCM-TRUST-SAME-CN, CUCM-TRUST-OLDER-KEPT, CUCM-TRUST-EQUAL-START
pub(crate) fn place(store: &mut Vec<X509>, certificate: &X509) -> Placed {
    let print = fingerprint(certificate);
    if store.iter().any(|stored| fingerprint(stored) == print) {
        return Placed::Present;
    }
    let name = common_name(certificate);
    let Some(stored) = store.iter_mut().find(|stored| common_name(stored) == name) else {
        store.push(certificate.clone());
        return Placed::Stored;
    };
    match certificate.not_before().compare(stored.not_before()) {
        Ok(Ordering::Greater) => {
            *stored = certificate.clone();
            Placed::Replaced
        }
        _ => Placed::Kept,
    }
}

/// A certificate in a few words for the log.
#[must_use]
pub(crate) fn describe(certificate: &X509) -> String {
    let print: String = fingerprint(certificate).chars().take(12).collect();
    format!("CN={} sha256={print}", common_name(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::keys::KeyRing;
    use crate::pki::mint::{self, DAY, Validity};

    const NOW: i64 = 1_790_000_000;

    fn authority(name: &str, days_ago: i64) -> X509 {
        let validity = Validity {
            from: NOW - days_ago * DAY,
            until: NOW + 100 * DAY,
        };
        mint::authority(name, KeyRing::elliptic(256).unwrap(), None, validity)
            .unwrap()
            .certificate
    }

    #[test]
    fn one_certificate_for_each_name() {
        let rows = [
            ("another name", authority("Other", 50), Placed::Stored, 2),
            ("a later start", authority("Root", 10), Placed::Replaced, 1),
            ("an earlier start", authority("Root", 90), Placed::Kept, 1),
            ("the same start", authority("Root", 30), Placed::Kept, 1),
        ];
        for (what, upload, expected, entries) in rows {
            let stored = authority("Root", 30);
            let mut store = vec![stored.clone()];
            assert_eq!(place(&mut store, &upload), expected, "{what}");
            assert_eq!(store.len(), entries, "{what}");
            let holds = store
                .iter()
                .any(|entry| fingerprint(entry) == fingerprint(&upload));
            assert_eq!(holds, expected != Placed::Kept, "{what}");
        }
    }

    #[test]
    fn the_very_same_certificate_changes_nothing() {
        let stored = authority("Root", 30);
        let mut store = vec![stored.clone()];
        assert_eq!(place(&mut store, &stored), Placed::Present);
        assert_eq!(store.len(), 1);
    }
}
