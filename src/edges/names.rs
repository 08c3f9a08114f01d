//! Whether a certificate has a name. Claim EXPRESSWAY-NAME-CHECK: DNS names without regard to case, a wildcard for the
//! left-most label, then the common name; never an IP entry.

use crate::model::{Certificate, SubjectName};

/// How a certificate has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    Dns,
    /// Only as its common name.
    CommonName,
    No,
}

/// Looks for a name.
pub(super) fn has(certificate: &Certificate, name: &str) -> Has {
    let SubjectName::Dns(name) = SubjectName::dns(name) else {
        return Has::No;
    };
    let dns = certificate.names.iter().any(|known| match known {
        SubjectName::Dns(pattern) => fits(pattern, &name),
        SubjectName::Ip(_) | SubjectName::Other(_) => false,
    });
    if dns {
        return Has::Dns;
    }
    // The first common name counts and the model keeps the last, so one that has several rescues nothing.
    let single = certificate.subject.matches("CN=").count() <= 1;
    match &certificate.common_name {
        Some(common) if single => match SubjectName::dns(common) {
            SubjectName::Dns(pattern) if fits(&pattern, &name) => Has::CommonName,
            SubjectName::Dns(_) | SubjectName::Ip(_) | SubjectName::Other(_) => Has::No,
        },
        _ => Has::No,
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    if pattern == name {
        return true;
    }
    match (pattern.strip_prefix("*."), name.split_once('.')) {
        (Some(rest), Some((label, domain))) => {
            !label.is_empty() && rest == domain && domain.contains('.')
        }
        _ => false,
    }
}
