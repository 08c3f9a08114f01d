//! The shell commands that this program knows. There is no way to send another one.

use std::fmt;
use std::time::Duration;

use crate::model::{Purpose, ServiceName};

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
            | Self::Request(_) => Duration::from_mins(1),
        }
    }

    /// The line to send; `None` if a name in it is not one that a node can have printed.
    pub(super) fn line(&self) -> Option<String> {
        match self {
            Self::Certificate(purpose) | Self::Request(purpose) if !is_word(purpose.as_str()) => {
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
        };
        formatter.write_str(words)
    }
}

/// The line that restarts a service; `None` if its name is not one that a node can have printed.
pub(super) fn restart_line(service: &ServiceName) -> Option<String> {
    let words: Vec<_> = service.as_str().split(' ').collect();
    let named = words.len() <= 10 && words.iter().all(|word| is_word(word));
    named.then(|| format!("utils service restart {service}"))
}

/// A word without a character that a shell or a terminal could take for anything else.
fn is_word(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && !word.starts_with('-')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'&'))
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
        assert_eq!(
            restart_line(&ServiceName::from("Cisco UDS Tomcat")).unwrap(),
            "utils service restart Cisco UDS Tomcat"
        );
        for bad in [
            "",
            "Cisco  Tomcat",
            "Cisco Tomcat\r",
            "Cisco Tomcat | grep",
            " Cisco",
        ] {
            assert_eq!(restart_line(&ServiceName::from(bad)), None, "{bad:?}");
        }
    }
}
