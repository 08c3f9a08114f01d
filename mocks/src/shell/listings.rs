//! What the reading commands print: text from a cluster and a node, nothing else.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::certificates;
use super::command::Command;
use super::trust_lists;
use crate::state::{Cluster, Moment, Node, Product, Role, ServiceState};

/// The answer of a reading command, as the node prints it.
pub(super) fn answer(command: &Command, cluster: &Cluster, node: &Node, now: Moment) -> String {
    match command {
        Command::Version => version(cluster),
        Command::NetworkCluster => network(cluster, node),
        Command::Status => status(cluster, node, now),
        Command::Time => time(node, now),
        Command::ServiceList => services(node),
        Command::SsoStatus => sso(node),
        Command::BackupStatus => job(cluster, "backup", cluster.backup.running),
        Command::RestoreStatus => job(cluster, "restore", cluster.backup.restoring),
        Command::BackupHistory => history(cluster),
        Command::Replication => replication(cluster, node, now),
        Command::Sql(query) => sql(query, cluster),
        Command::CertificateList(store) => certificates::list(*store, cluster, node),
        Command::Certificate(store, name) => certificates::one(*store, name, cluster, node),
        Command::RequestList => certificates::requests(node),
        Command::Request(name) => certificates::request(name, node),
        Command::Ctl => trust_lists::show("CTL", cluster.ctl(node.clock(now)).as_ref()),
        Command::Itl => trust_lists::show("ITL", Some(&cluster.itl(node, node.clock(now)))),
        _ => unknown(),
    }
}

/// claim: VOS-UNKNOWN-COMMAND
fn unknown() -> String {
    "No valid command entered\n".to_owned()
}

/// claim: VOS-SHOW-VERSION
fn version(cluster: &Cluster) -> String {
    format!(
        "Active Master Version: {}\nActive Version Installed Software Options:\nNo Installed Software Options Found.\n",
        cluster.release
    )
}

/// The node's own line has no `using TCP`.
///
/// claim: VOS-NETWORK-CLUSTER, IMP-PUBLISHER, CUC-DIALECT
fn network(cluster: &Cluster, here: &Node) -> String {
    let mut text = String::new();
    let processing = match cluster.product {
        Product::Cucm => "callmanager",
        Product::UnityConnection => "cuc",
    };
    let presence_publisher = cluster.presence_publisher().map(|node| &node.name);
    for node in &cluster.nodes {
        let (role, application, database) = match node.role {
            Role::Publisher => ("Publisher", processing, "DBPub"),
            Role::Subscriber => ("Subscriber", processing, "DBSub"),
            Role::ImPresence if presence_publisher == Some(&node.name) => {
                ("Subscriber", "cups", "DBPub")
            }
            Role::ImPresence => ("Subscriber", "cups", "DBSub"),
        };
        let link = if node.name == here.name {
            ""
        } else {
            " using TCP since Sat Nov 14 22:01:41 2026"
        };
        let _ = writeln!(
            text,
            "127.0.0.1 {} {} {role} {application} {database} authenticated{link}",
            node.name,
            node.host()
        );
    }
    for name in &cluster.further_listed {
        let host = name.split('.').next().unwrap_or(name);
        let _ = writeln!(
            text,
            "127.0.0.1 {name} {host} Subscriber {processing} DBSub not authenticated or updated"
        );
    }
    if cluster.version() >= (15, 0) {
        text.push_str("\nServer Table (processnode) Entries\n----------------------------------\n");
        for name in cluster
            .nodes
            .iter()
            .map(|node| &node.name)
            .chain(&cluster.further_listed)
        {
            let _ = writeln!(text, "{name}");
        }
    }
    text
}

/// claim: VOS-STATUS, VOS-CLOCK
fn status(cluster: &Cluster, node: &Node, now: Moment) -> String {
    let columns = format!("\n{:17}{:>16}{:>16}{:>16}\n", "", "Total", "Free", "Used");
    let disk = |name: &str, total: u32, free: u32| {
        let used = total.saturating_sub(free);
        let percent = u64::from(used) * 100 / u64::from(total.max(1));
        format!("{name:17}{total:>15}K{free:>15}K{used:>15}K ({percent}%)\n")
    };
    [
        format!("\nHost Name          : {}\n", node.host()),
        format!(
            "Date               : {}\n",
            clock(node, now, "%a %b %-d, %Y %H:%M:%S")
        ),
        "Time Zone          : Coordinated Universal Time (Etc/UTC)\n".to_owned(),
        "Locale             : en_US.UTF-8\n".to_owned(),
        format!("Product Ver        : {}\n", cluster.release),
        "Unified OS Version : 7.0.0.0-3\n\n".to_owned(),
        "CPU Idle:   95.00%  System:   02.00%    User:   03.00%\n".to_owned(),
        columns,
        disk("Disk/active", 14_154_228, 1_154_824),
        disk("Disk/inactive", 14_154_228, 13_420_392),
        disk("Disk/logging", 49_573_612, 31_205_004),
        "\n".to_owned(),
    ]
    .concat()
}

/// claim: VOS-NTP-STATUS
fn time(node: &Node, now: Moment) -> String {
    format!(
        "ntpd (pid 2041) is running...\n\nsynchronised to NTP server (127.0.0.1) at stratum 3\n\n\
         Current time in UTC is : {}\n",
        clock(node, now, "%a %b %e %H:%M:%S UTC %Y")
    )
}

/// claim: VOS-SERVICE-LIST, CUCM-SERVICE-NOT-ACTIVATED
fn services(node: &Node) -> String {
    let mut text = "Requesting service status, please wait...\n".to_owned();
    for (name, service) in &node.services {
        let reason = service
            .reason
            .filter(|_| service.state == ServiceState::Stopped);
        let _ = write!(text, "{name}[{}]", service.state.shouted());
        let _ = writeln!(
            text,
            "{}",
            reason
                .map(|reason| format!("  {}", reason.text()))
                .unwrap_or_default()
        );
    }
    text
}

/// claim: VOS-SSO-STATUS
fn sso(node: &Node) -> String {
    format!(
        "SSO Status: {}\n",
        if node.sso_enabled {
            "Enabled"
        } else {
            "Disabled"
        }
    )
}

/// claim: VOS-BACKUP-STATUS
fn job(cluster: &Cluster, word: &str, percent: Option<u8>) -> String {
    if !master_agent_runs(cluster) {
        return master_agent_down();
    }
    match percent {
        None => format!("drfCliMsg: No {word} status available\n"),
        Some(percent) => format!(
            "Status: SUCCESS :Execution of {word} operation is in progress\nTar Filename: 2026-11-22-03-00-00.tar\n\
             Storage Location: NETWORK\nOperation: {word}\nPercentage Complete: {percent}\n"
        ),
    }
}

/// claim: VOS-BACKUP-HISTORY
fn history(cluster: &Cluster) -> String {
    if !master_agent_runs(cluster) {
        return master_agent_down();
    }
    if cluster.backup.history.is_empty() {
        return "drfCliMsg:  No history data is available\n".to_owned();
    }
    let mut text = String::new();
    for record in &cluster.backup.history {
        let result = if record.succeeded { "SUCCESS" } else { "ERROR" };
        let at = date(record.at, "%a %b %d %H:%M:%S UTC %Y");
        let _ = writeln!(
            text,
            "{}  NETWORK  {at}  {result}  MANUAL  {} UCM  ---",
            record.file, cluster.release
        );
    }
    text
}

/// The agent that answers for the whole cluster runs on the publisher.
///
/// claim: CUCM-DRF-MASTER-PUBLISHER
fn master_agent_runs(cluster: &Cluster) -> bool {
    let master = cluster
        .publisher()
        .and_then(|node| node.services.get("Cisco DRF Master"));
    master.is_some_and(|service| service.state == ServiceState::Started)
}

fn master_agent_down() -> String {
    "drfCliMsg: The Master Agent is down or the Network request timed out\n".to_owned()
}

/// claim: VOS-REPLICATION
fn replication(cluster: &Cluster, here: &Node, now: Moment) -> String {
    let mut text = format!(
        "\nServer Time: {}\n\nCluster Detailed View from {} ({} Servers):\n\n",
        clock(here, now, "%a %b %e %H:%M:%S UTC %Y"),
        here.host(),
        cluster.nodes.len()
    );
    text.push_str(concat!(
        "                                      PING      DB/RPC/   REPL.    Replication    REPLICATION SETUP\n",
        "SERVER-NAME         IP ADDRESS        (msec)    DbMon?    QUEUE    Group ID       (RTMT) & Details\n",
        "-----------         ----------        ------    -------   -----    -----------    ------------------\n",
    ));
    for (index, node) in cluster.nodes.iter().enumerate() {
        let details = match node.replication {
            0 => "Initialization State",
            2 => "Setup Completed",
            _ => "Setup Failed",
        };
        let group = format!("(g_{})", index + 2);
        let _ = writeln!(
            text,
            "{:<20}{:<18}{:<10}{:<10}{:<9}{group:<15}({}) {details}",
            node.host(),
            "127.0.0.1",
            "0.024",
            "Y/Y/Y",
            "0",
            node.replication
        );
    }
    text
}

/// Answers the one query whose answer is known.
///
/// claim: VOS-RUN-SQL, CUCM-AXL-SECURITY-MODE
fn sql(query: &str, cluster: &Cluster) -> String {
    let query = query.to_ascii_lowercase();
    if query.contains("from processconfig") && query.contains("clustersecuritymode") {
        let mode = u8::from(cluster.mixed_mode);
        return format!(
            "paramname           paramvalue\n=================== ==========\nClusterSecurityMode {mode}\n"
        );
    }
    "The lab's database answers ClusterSecurityMode in processconfig only\n".to_owned()
}

fn clock(node: &Node, now: Moment, pattern: &str) -> String {
    date(node.clock(now), pattern)
}

fn date(unix: i64, pattern: &str) -> String {
    Timestamp::from_second(unix)
        .map(|time| time.strftime(pattern).to_string())
        .unwrap_or_default()
}
