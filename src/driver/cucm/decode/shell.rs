//! Text of the platform shell that is about the node itself: release, cluster table, services.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::DecodeError;
use crate::model::{Release, Role, ServiceName, ServiceState, ServiceStatus};

/// The active release: `show version active`.
///
/// # Errors
/// If no line gives it, or the release has another form than 15.0.1.12900-234.
// claim: VOS-SHOW-VERSION, CUCM-RELEASE-FORM
pub fn version(output: &[u8]) -> Result<Release, DecodeError> {
    const LABEL: &str = "Active Master Version:";
    let text = super::text(output);
    let wrong = || {
        DecodeError::new(
            "show version active",
            format!("a line `{LABEL} 15.0.1.12900-234`"),
            &text,
        )
    };
    text.lines()
        .find_map(|line| line.trim().strip_prefix(LABEL))
        .ok_or_else(wrong)
        .and_then(|release| Release::parse(release).map_err(|_| wrong()))
}

/// The name by which a node calls itself: `show status`.
///
/// # Errors
/// If no line gives it.
// claim: VOS-STATUS
pub fn host_name(output: &[u8]) -> Result<String, DecodeError> {
    let text = super::text(output);
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(label, _)| label.trim().eq_ignore_ascii_case("host name"))
        .map(|(_, name)| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| DecodeError::new("show status", "a line `Host Name : cucm-pub`", &text))
}

/// One line of `show network cluster`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterMember {
    /// The node's address.
    pub address: IpAddr,
    /// Its qualified name.
    pub name: String,
    /// Its host name.
    pub host: String,
    /// `Publisher` or `Subscriber`.
    usage: String,
    /// `callmanager`, `cups` or `cuc`.
    application: String,
    /// `DBPub` or `DBSub`.
    database: String,
    /// Whether the platform services of the two nodes have authenticated each other.
    pub authenticated: bool,
}

impl ClusterMember {
    /// Whether it is an IM and Presence node.
    // claim: VOS-NETWORK-CLUSTER, IMP-PUBLISHER
    pub fn is_presence(&self) -> bool {
        self.application.eq_ignore_ascii_case("cups")
    }

    /// Whether it keeps the database of its application: of an IM and Presence node, the presence database.
    pub fn keeps_database(&self) -> bool {
        self.database.eq_ignore_ascii_case("DBPub")
    }

    /// Its part in the cluster.
    ///
    /// # Errors
    /// If it is called neither publisher nor subscriber.
    // claim: CUC-DIALECT (assumed)
    pub fn role(&self) -> Result<Role, DecodeError> {
        match self.usage.to_ascii_lowercase().as_str() {
            _ if self.is_presence() => Ok(Role::ImPresence),
            "publisher" => Ok(Role::Publisher),
            "subscriber" => Ok(Role::Subscriber),
            _ => Err(network_error(&format!("{}: {}", self.name, self.usage))),
        }
    }
}

/// The nodes that a node's platform knows: `show network cluster`. The server table that release 15 adds
/// below is passed over. Only `authenticated` was ever seen; its opposite is inferred to be `not authenticated`.
///
/// # Errors
/// If no line is a node, or a node's last column is neither `authenticated` nor `not authenticated`.
// claim: VOS-NETWORK-CLUSTER
pub fn network(output: &[u8]) -> Result<Vec<ClusterMember>, DecodeError> {
    let text = super::text(output);
    let mut members = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [
            address,
            name,
            host,
            usage,
            application,
            database,
            condition @ ..,
        ] = words.as_slice()
        else {
            continue;
        };
        let Ok(address) = address.parse() else {
            continue;
        };
        members.push(ClusterMember {
            address,
            name: (*name).to_owned(),
            host: (*host).to_owned(),
            usage: (*usage).to_owned(),
            application: (*application).to_owned(),
            database: (*database).to_owned(),
            authenticated: authenticated(condition, line)?,
        });
    }
    if members.is_empty() {
        return Err(network_error(&text));
    }
    Ok(members)
}

fn authenticated(condition: &[&str], line: &str) -> Result<bool, DecodeError> {
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    match condition {
        [first, ..] if is(first, "authenticated") => Ok(true),
        [first, second, ..] if is(first, "not") && is(second, "authenticated") => Ok(false),
        _ => Err(network_error(line)),
    }
}

fn network_error(found: &str) -> DecodeError {
    DecodeError::new(
        "show network cluster",
        "lines of address, name, host, role, application, database role and authentication",
        found,
    )
}

/// Services and their conditions: `utils service list`.
///
/// # Errors
/// If no line names a service, or a state is none of those that are known.
// claim: VOS-SERVICE-LIST, CUCM-SERVICE-NOT-ACTIVATED
pub fn services(output: &[u8]) -> Result<BTreeMap<ServiceName, ServiceState>, DecodeError> {
    let text = super::text(output);
    let mut services = BTreeMap::new();
    for line in text.lines() {
        let Some((name, rest)) = line.trim().split_once('[') else {
            continue;
        };
        let Some((state, reason)) = rest.split_once(']') else {
            continue;
        };
        let reason = reason.trim();
        services.insert(
            ServiceName::new(name.trim()),
            ServiceState {
                status: status(state, reason)
                    .ok_or_else(|| services_error("one of the known states", line))?,
                reason: reason.to_owned(),
                up_seconds: None,
            },
        );
    }
    if services.is_empty() {
        return Err(services_error(
            "lines such as `Cisco Tomcat[STARTED]`",
            &text,
        ));
    }
    Ok(services)
}

/// `NOTRUNNING` is a start that failed. Source: cucm-soap §3.2.
fn status(state: &str, reason: &str) -> Option<ServiceStatus> {
    match state {
        "STARTED" => Some(ServiceStatus::Started),
        "STARTING" => Some(ServiceStatus::Starting),
        "STOPPING" => Some(ServiceStatus::Stopping),
        "STOPPED" | "NOTRUNNING" => Some(stopped(reason)),
        _ => None,
    }
}

/// A stopped service is not activated if its reason says so.
pub(super) fn stopped(reason: &str) -> ServiceStatus {
    if reason
        .to_ascii_lowercase()
        .contains("service not activated")
    {
        ServiceStatus::NotActivated
    } else {
        ServiceStatus::Stopped
    }
}

fn services_error(expected: &str, found: &str) -> DecodeError {
    DecodeError::new("utils service list", expected, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_the_active_one() {
        let output = b"Active Master Version: 15.0.1.12900-234\nActive Version Installed Software Options:\nNo Installed Software Options Found.\n";
        assert_eq!(version(output).unwrap().as_str(), "15.0.1.12900-234");
        for wrong in [
            "",
            "No valid command entered",
            "Active Master Version: soon",
        ] {
            version(wrong.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn cluster_lines_are_read_and_the_server_table_is_not() {
        let output = "10.0.1.11 cucm-pub.hq.example.com cucm-pub Publisher callmanager DBPub authenticated\r\n\
            10.0.1.12 cucm-sub1.hq.example.com cucm-sub1 Subscriber callmanager DBSub authenticated using TCP since Mon Nov  3 10:00:00 2025\n\
            10.0.1.13 imp1.hq.example.com imp1 Subscriber cups DBPub not authenticated\n\n\
            Server Table (processnode) Entries\n----------------------------------\ncucm-pub.hq.example.com\ncucm-sub1\n";
        let seen: Vec<_> = network(output.as_bytes())
            .unwrap()
            .into_iter()
            .map(|m| (m.address.to_string(), m.host, m.authenticated))
            .collect();
        let line = |address: &str, host: &str, yes| (address.to_owned(), host.to_owned(), yes);
        assert_eq!(
            seen,
            [
                line("10.0.1.11", "cucm-pub", true),
                line("10.0.1.12", "cucm-sub1", true),
                line("10.0.1.13", "imp1", false)
            ]
        );
    }

    #[test]
    fn parts_are_told_by_role_application_and_database() {
        let output = "10.0.1.11 pub.hq pub Publisher callmanager DBPub authenticated\n\
            10.0.1.13 imp1.hq imp1 Subscriber cups DBPub authenticated\n\
            10.0.1.14 imp2.hq imp2 Subscriber CUPS DBSub authenticated\n\
            10.0.2.12 cuc2.hq cuc2 Subscriber cuc DBSub authenticated\n\
            10.0.2.13 odd.hq odd Standby cuc DBSub authenticated\n";
        let members = network(output.as_bytes()).unwrap();
        let parts: Vec<_> = members
            .iter()
            .map(|member| {
                (
                    member.role().ok(),
                    member.is_presence() && member.keeps_database(),
                )
            })
            .collect();
        let expected = [
            (Some(Role::Publisher), false),
            (Some(Role::ImPresence), true),
            (Some(Role::ImPresence), false),
            (Some(Role::Subscriber), false),
            (None, false),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn the_host_name_is_found_among_the_rest() {
        let output = b"\nHost Name          : cucm-pub\nDate : Fri Dec 12, 2025 13:45:19\nProduct Ver : 12.5.1.14900-11\n";
        assert_eq!(host_name(output).unwrap(), "cucm-pub");
        for wrong in ["", "Host Name :", "Product Ver : 12.5.1.14900-11"] {
            host_name(wrong.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn an_unknown_cluster_table_is_refused() {
        let cases = [
            "",
            "No valid command entered",
            "10.0.1.11 a b Publisher callmanager DBPub",
            "10.0.1.11 a b Publisher callmanager DBPub pending",
        ];
        for output in cases {
            let result = network(output.as_bytes());
            assert!(result.is_err(), "{output}: {result:?}");
        }
    }

    #[test]
    fn services_are_listed_with_their_reasons() {
        let output = "Requesting service status, please wait...\r\nSystem SSH [STARTED] \nCisco Tomcat[STARTED]\r\nCisco Tftp[STARTING]\nCisco CTIManager[STOPPING]\nCisco DRF Master[STOPPED]  Commanded Out of Service\nCisco CAR Web Service[STOPPED]  Service Not Activated\nCisco RIS[NOTRUNNING]\nPrimary Node =true\n";
        let services = services(output.as_bytes()).unwrap();
        let status = |name: &str| services[&ServiceName::from(name)].status;
        assert_eq!(status("System SSH"), ServiceStatus::Started);
        assert_eq!(status("Cisco Tomcat"), ServiceStatus::Started);
        assert_eq!(status("Cisco Tftp"), ServiceStatus::Starting);
        assert_eq!(status("Cisco CTIManager"), ServiceStatus::Stopping);
        assert_eq!(status("Cisco DRF Master"), ServiceStatus::Stopped);
        assert_eq!(status("Cisco CAR Web Service"), ServiceStatus::NotActivated);
        assert_eq!(status("Cisco RIS"), ServiceStatus::Stopped);
        assert_eq!(services.len(), 7);
        assert_eq!(
            services[&ServiceName::from("Cisco DRF Master")].reason,
            "Commanded Out of Service"
        );
    }

    #[test]
    fn an_unknown_service_state_is_refused() {
        for output in ["", "admin:", "Cisco Tomcat[SLEEPING]"] {
            let result = services(output.as_bytes());
            assert!(result.is_err(), "{output}: {result:?}");
        }
    }
}
