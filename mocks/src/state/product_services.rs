//! The services of IM and Presence and of Unity Connection nodes.

use std::time::Duration;

use super::service::{Reason, Service};

/// Services that every node of the platform's family runs, with the nominal time of a restart in seconds.
const EVERYWHERE: [(&str, u64); 11] = [
    ("A Cisco DB", 60),
    ("A Cisco DB Replicator", 60),
    ("Cisco Certificate Change Notification", 20),
    ("Cisco Certificate Expiry Monitor", 20),
    ("Cisco DRF Local", 20),
    ("Cisco RIS Data Collector", 20),
    ("Cisco Tomcat", 300),
    ("Host Resources Agent", 20),
    ("Platform Administrative Web Service", 20),
    ("Platform Communication Web Service", 20),
    ("System Application Agent", 20),
];

/// The services of an IM and Presence node.
///
/// claim: IMP-SERVICES, CUCM-DRF-MASTER-PUBLISHER
#[must_use]
pub(crate) fn presence_services() -> Vec<(String, Service)> {
    let running = [
        ("Cisco Client Profile Agent", 20),
        ("Cisco Intercluster Sync Agent", 20),
        ("Cisco Presence Engine", 60),
        ("Cisco SIP Proxy", 30),
        ("Cisco Server Recovery Manager", 20),
        ("Cisco Sync Agent", 20),
        ("Cisco XCP Authentication Service", 20),
        ("Cisco XCP Config Manager", 20),
        ("Cisco XCP Connection Manager", 20),
        ("Cisco XCP Router", 60),
        ("Cisco XCP Text Conference Manager", 20),
        ("Cisco XCP Web Connection Manager", 20),
        ("Cisco XCP XMPP Federation Connection Manager", 20),
    ];
    let idle = [
        ("Cisco DRF Master", Reason::CommandedOut),
        ("Cisco XCP Message Archiver", Reason::NotActivated),
        (
            "Cisco XCP SIP Federation Connection Manager",
            Reason::NotActivated,
        ),
    ];
    services(&running, &idle)
}

/// The services of a Unity Connection node.
///
/// claim: CUC-SERVICES, CUCM-DRF-MASTER-PUBLISHER
#[must_use]
pub(crate) fn unity_services(publisher: bool) -> Vec<(String, Service)> {
    let mut running = vec![
        ("Cisco DirSync", 20),
        ("Connection Conversation Manager", 60),
        ("Connection IMAP Server", 20),
        ("Connection Jetty", 30),
        ("Connection SMTP Server", 20),
    ];
    let mut idle = Vec::new();
    if publisher {
        running.push(("Cisco DRF Master", 20));
    } else {
        idle.push(("Cisco DRF Master", Reason::CommandedOut));
    }
    services(&running, &idle)
}

fn services(running: &[(&str, u64)], idle: &[(&str, Reason)]) -> Vec<(String, Service)> {
    let started = EVERYWHERE.iter().chain(running).map(|(name, seconds)| {
        let service = Service::running(Duration::from_secs(*seconds));
        ((*name).to_owned(), service)
    });
    let stopped = idle.iter().map(|(name, reason)| {
        let service = Service::idle(*reason, Duration::from_secs(20));
        ((*name).to_owned(), service)
    });
    started.chain(stopped).collect()
}

/// The purposes that a service of these products loads when it starts.
///
/// claim: IMP-RESTARTS, CUC-RESTARTS
#[must_use]
pub(super) fn loaded_by_product_service(service: &str) -> &'static [&'static str] {
    match service {
        "Cisco SIP Proxy" | "Cisco Presence Engine" => &["cup", "cup-ECDSA"],
        "Cisco XCP Router" => &["cup-xmpp", "cup-xmpp-ECDSA"],
        "Cisco XCP XMPP Federation Connection Manager" => &["cup-xmpp-s2s", "cup-xmpp-s2s-ECDSA"],
        "Connection Conversation Manager" => &["tomcat", "tomcat-ECDSA"],
        "Cisco DirSync"
        | "Connection IMAP Server"
        | "Connection Jetty"
        | "Connection SMTP Server" => &["tomcat"],
        _ => &[],
    }
}
