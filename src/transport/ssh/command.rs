//! The shell commands that this program knows. There is no way to send another one.

use std::fmt;
use std::time::Duration;

use crate::model::{Purpose, Store};

/// A command that changes nothing and, as far as is known, asks nothing. Source: cucm-rest-and-cli §4.2 to §4.4;
/// cucm-soap §2.2 for single sign-on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadCommand {
    /// The active release.
    Version,
    /// Every node as the platform sees it.
    NetworkCluster,
    /// Host name, release, load and disks.
    Status,
    /// Services and their state.
    Services,
    /// SAML single sign-on.
    SingleSignOn,
    /// The backup that runs, if any.
    BackupStatus,
    /// The restore that runs, if any.
    RestoreStatus,
    /// Backups of the past.
    BackupHistory,
    /// Database replication by node.
    Replication,
    /// Time synchronisation.
    TimeStatus,
    /// Names of identity certificates.
    CertificateList,
    /// Names of signing requests.
    RequestList,
    /// One identity certificate with its PEM.
    Certificate(Purpose),
    /// One signing request with its PEM.
    Request(Purpose),
    /// Names of the certificates in the trust stores.
    TrustCertificateList,
    /// One certificate of a trust store with its PEM, by the names that [`Self::TrustCertificateList`] printed.
    TrustCertificate(Store, String),
    /// The certificate trust list that phones get.
    TrustList,
    /// On Expressway-C from X14.2 on: whether it verifies the servers that it connects to for remote clients.
    // claim: EXPRESSWAY-CLI-CONFIGURATION, EXPRESSWAY-VERIFY-ORIGIN-SWITCH
    VerifyOriginServer,
    /// On Expressway: the cipher strings, one for each use.
    // claim: EXPRESSWAY-CLI-CIPHERS
    Ciphers,
}

impl ReadCommand {
    /// How long it may take. A replication report asks every node in turn; the others answer from one node.
    pub fn limit(&self) -> Duration {
        match self {
            Self::Replication => Duration::from_mins(5),
            Self::Services | Self::BackupStatus | Self::RestoreStatus | Self::BackupHistory => {
                Duration::from_mins(2)
            }
            Self::Version
            | Self::NetworkCluster
            | Self::Status
            | Self::SingleSignOn
            | Self::TimeStatus
            | Self::CertificateList
            | Self::RequestList
            | Self::Certificate(_)
            | Self::Request(_)
            | Self::TrustCertificateList
            | Self::TrustCertificate(..)
            | Self::TrustList
            | Self::VerifyOriginServer
            | Self::Ciphers => Duration::from_mins(1),
        }
    }

    /// The line to send; `None` if a name in it is not one that a node can have printed.
    pub(super) fn line(&self) -> Option<String> {
        match self {
            Self::Certificate(purpose) | Self::Request(purpose) if !is_word(purpose.as_str()) => {
                None
            }
            Self::TrustCertificate(store, file) if !is_word(store.as_str()) || !is_file(file) => {
                None
            }
            _ => Some(self.to_string()),
        }
    }
}

impl fmt::Display for ReadCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Version => "show version active",
            Self::NetworkCluster => "show network cluster",
            Self::Status => "show status",
            Self::Services => "utils service list",
            Self::SingleSignOn => "utils sso status",
            Self::BackupStatus => "utils disaster_recovery status backup",
            Self::RestoreStatus => "utils disaster_recovery status restore",
            Self::BackupHistory => "utils disaster_recovery history backup",
            Self::Replication => "utils dbreplication runtimestate",
            Self::TimeStatus => "utils ntp status",
            Self::CertificateList => "show cert list own",
            Self::RequestList => "show csr list own",
            Self::Certificate(purpose) => return write!(formatter, "show cert own {purpose}"),
            Self::Request(purpose) => return write!(formatter, "show csr own {purpose}"),
            Self::TrustCertificateList => "show cert list trust",
            Self::TrustCertificate(store, file) => {
                return write!(formatter, "show cert trust {store}/{file}");
            }
            Self::TrustList => "show ctl",
            Self::VerifyOriginServer => "xConfiguration EdgeConfigServer VerifyOriginServer",
            Self::Ciphers => "xConfiguration Ciphers",
        };
        formatter.write_str(words)
    }
}

/// A word without a character that a shell or a terminal could take for anything else.
pub(super) fn is_word(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && !word.starts_with('-')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'&'))
}

/// A file of a trust store: a certificate's common name, perhaps with its serial number. Names of authorities have
/// blanks and punctuation, but nothing that a shell or a terminal could take for anything else.
// claim: CUCM-TRUST-FILENAME
fn is_file(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.&,@=+:()".contains(&byte);
    (1..=200).contains(&name.len())
        && !name.starts_with(['-', '.'])
        && name
            .split(' ')
            .all(|word| !word.is_empty() && word.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_carry_a_second_command() {
        for good in ["tomcat", "tomcat-ECDSA", "cup-xmpp-s2s"] {
            assert!(
                ReadCommand::Certificate(Purpose::from(good))
                    .line()
                    .is_some()
            );
        }
        for bad in [
            "",
            "tomcat\nset cert regen tomcat",
            "a b",
            "a;b",
            "-x",
            "a|b",
            "é",
            "\u{1b}",
        ] {
            assert_eq!(
                ReadCommand::Request(Purpose::from(bad)).line(),
                None,
                "{bad:?}"
            );
        }
        let trusted =
            |store, file: &str| ReadCommand::TrustCertificate(Store::from(store), file.into());
        assert_eq!(
            trusted("tomcat-trust", "Corp Root CA (G2)_0a1b.pem")
                .line()
                .unwrap(),
            "show cert trust tomcat-trust/Corp Root CA (G2)_0a1b.pem"
        );
        for (store, file) in [
            ("tomcat trust", "a.pem"),
            ("tomcat-trust", ""),
            ("tomcat-trust", "a  b.pem"),
            ("tomcat-trust", "a.pem | grep"),
            ("tomcat-trust", "../a.pem"),
            ("tomcat-trust", "a\r.pem"),
        ] {
            assert_eq!(trusted(store, file).line(), None, "{store}/{file}");
        }
    }
}
