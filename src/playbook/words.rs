//! The words that a playbook may use.

use crate::model::{
    Appliance, ControlPath, Gate, KeyAlgorithm, NodeSelection, Port, Purpose, WHOLE_PEER,
};

pub(super) const GATES: [(&str, Gate); 4] = [
    ("sso-disabled", Gate::SsoDisabled),
    ("backup-idle", Gate::BackupIdle),
    ("replication-good", Gate::ReplicationGood),
    ("platform-services-up", Gate::PlatformServicesUp),
];

pub(super) const SELECTIONS: [(&str, NodeSelection); 6] = [
    ("all", NodeSelection::All),
    ("publisher", NodeSelection::Publisher),
    ("subscribers", NodeSelection::Subscribers),
    ("im-presence", NodeSelection::ImPresence),
    ("presence-publisher", NodeSelection::PresencePublisher),
    ("call-processing", NodeSelection::CallProcessing),
];

pub(super) const PATHS: [(&str, ControlPath); 3] = [
    ("shell", ControlPath::Shell),
    ("control-center", ControlPath::ControlCenter),
    ("peer", ControlPath::Peer),
];

pub(super) const KEYS: [(&str, KeyAlgorithm); 2] =
    [("rsa", KeyAlgorithm::Rsa), ("ec", KeyAlgorithm::Ec)];

/// By the number that a node listens on unless the estate file says otherwise.
pub(super) const PORTS: [(&str, Port); 7] = [
    ("443", Port::Rest),
    ("8443", Port::Soap),
    ("6972", Port::Tftp),
    ("5061", Port::Sip),
    ("2445", Port::Tvs),
    ("7400", Port::Xmpp),
    ("7001", Port::Zone),
];

pub(super) const HASHES: [&str; 3] = ["sha256", "sha384", "sha512"];

/// Source: RFC 5280 §4.2.1.3.
pub(super) const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// Those that purposes ask for. Source: cucm-certificate-rules §2.
pub(super) const EXTENDED_USAGES: [&str; 3] = ["serverAuth", "clientAuth", "ipsecEndSystem"];

/// Source: cucm-rest-and-cli §3.1; expressway §2.3 for the last, to which this program gives the name.
pub(super) const STORES: [&str; 8] = [
    "tomcat-trust",
    "CallManager-trust",
    "CAPF-trust",
    "ipsec-trust",
    "TVS-trust",
    "cup-trust",
    "cup-xmpp-trust",
    "trusted-ca",
];

/// A service by its exact name.
pub(super) struct Service {
    pub(super) name: &'static str,
    /// The interfaces that may restart it.
    pub(super) paths: &'static [ControlPath],
    /// The software that has it.
    pub(super) on: &'static [Appliance],
}

const fn service(
    name: &'static str,
    paths: &'static [ControlPath],
    on: &'static [Appliance],
) -> Service {
    Service { name, paths, on }
}

/// Source: cucm-soap §3.4 for the names and where they run, §3.3 for those that only the shell restarts; that presence
/// nodes and Unity Connection have the backup services is claimed by IMP-SERVICES, CUC-SERVICES and CUC-IPSEC-RESTART.
pub(super) const SERVICES: &[Service] = &[
    service("Cisco Tomcat", SHELL, EVERY),
    service("Cisco UDS Tomcat", SHELL, CUCM),
    service("Cisco AXL Tomcat", SHELL, CUCM),
    service("Cisco SSOSP Tomcat", SHELL, CUCM),
    service("Cisco HAProxy", SHELL, CUCM),
    service("Cisco CallManager", EITHER, CUCM),
    service("Cisco CTIManager", EITHER, CUCM),
    service("Cisco Tftp", EITHER, CUCM),
    service("Cisco Certificate Authority Proxy Function", EITHER, CUCM),
    service("Cisco Extension Mobility", EITHER, CUCM),
    service("Cisco Intercluster Lookup Service", EITHER, CUCM),
    service("Cisco Location Bandwidth Manager", EITHER, CUCM),
    service(
        "Cisco DirSync",
        EITHER,
        &[Appliance::Cucm, Appliance::UnityConnection],
    ),
    service("Cisco CTL Provider", EITHER, CUCM),
    service("Cisco IP Voice Media Streaming App", EITHER, CUCM),
    service("Cisco AXL Web Service", EITHER, CUCM),
    service("Cisco Trust Verification Service", EITHER, CUCM),
    service(
        "Cisco DRF Master",
        EITHER,
        &[Appliance::Cucm, Appliance::UnityConnection],
    ),
    service("Cisco DRF Local", EITHER, EVERY),
    service("Cisco Certificate Expiry Monitor", EITHER, CUCM),
    service("Cisco Certificate Change Notification", EITHER, CUCM),
    service("Cisco Certificate Enrollment Service", EITHER, CUCM),
    service("Cisco RIS Data Collector", EITHER, CUCM),
    service("Cisco CDR Agent", EITHER, CUCM),
    service("Cisco XCP Router", EITHER, PRESENCE),
    service("Cisco XCP Config Manager", EITHER, PRESENCE),
    service("Cisco XCP Connection Manager", EITHER, PRESENCE),
    service("Cisco XCP Web Connection Manager", EITHER, PRESENCE),
    service("Cisco XCP Directory Service", EITHER, PRESENCE),
    service("Cisco XCP Authentication Service", EITHER, PRESENCE),
    service("Cisco XCP Text Conference Manager", EITHER, PRESENCE),
    service(
        "Cisco XCP XMPP Federation Connection Manager",
        EITHER,
        PRESENCE,
    ),
    service(
        "Cisco XCP SIP Federation Connection Manager",
        EITHER,
        PRESENCE,
    ),
    service("Cisco XCP File Transfer Manager", EITHER, PRESENCE),
    service("Cisco XCP Message Archiver", EITHER, PRESENCE),
    service("Cisco SIP Proxy", EITHER, PRESENCE),
    service("Cisco Presence Engine", EITHER, PRESENCE),
    service("Cisco Sync Agent", EITHER, PRESENCE),
    service("Cisco Intercluster Sync Agent", EITHER, PRESENCE),
    service("Cisco Client Profile Agent", EITHER, PRESENCE),
    service("Cisco Server Recovery Manager", EITHER, PRESENCE),
    service("Connection Conversation Manager", EITHER, UNITY),
    service("Connection IMAP Server", EITHER, UNITY),
    service("Connection SMTP Server", EITHER, UNITY),
    service("Connection Jetty", EITHER, UNITY),
    service(WHOLE_PEER, PEER, EXPRESSWAYS),
];

const SHELL: &[ControlPath] = &[ControlPath::Shell];
const PEER: &[ControlPath] = &[ControlPath::Peer];
const EITHER: &[ControlPath] = &[ControlPath::Shell, ControlPath::ControlCenter];

const CUCM: &[Appliance] = &[Appliance::Cucm];
const PRESENCE: &[Appliance] = &[Appliance::ImPresence];
const UNITY: &[Appliance] = &[Appliance::UnityConnection];
const EXPRESSWAYS: &[Appliance] = &[Appliance::ExpresswayC, Appliance::ExpresswayE];
const EVERY: &[Appliance] = &[
    Appliance::Cucm,
    Appliance::ImPresence,
    Appliance::UnityConnection,
];

/// The selections of nodes that hold something where a kind of software runs.
pub(super) const fn selections(appliance: Appliance) -> &'static [NodeSelection] {
    match appliance {
        Appliance::Cucm | Appliance::UnityConnection => &[
            NodeSelection::All,
            NodeSelection::Publisher,
            NodeSelection::Subscribers,
            NodeSelection::CallProcessing,
        ],
        Appliance::ImPresence => &[
            NodeSelection::All,
            NodeSelection::ImPresence,
            NodeSelection::PresencePublisher,
        ],
        Appliance::ExpresswayC | Appliance::ExpresswayE => &[NodeSelection::All],
    }
}

/// What is fixed for a purpose, whatever a playbook says.
pub(super) struct Kind {
    /// Without `-ECDSA`: twins share everything here.
    pub(super) purpose: &'static str,
    /// The stores that may have to hold its chain.
    pub(super) stores: &'static [&'static str],
    /// Whether one certificate can serve several nodes.
    pub(super) multi_server: bool,
    /// Whether phones hold something of it.
    pub(super) phones: bool,
}

const fn kind(
    purpose: &'static str,
    stores: &'static [&'static str],
    multi_server: bool,
    phones: bool,
) -> Kind {
    Kind {
        purpose,
        stores,
        multi_server,
        phones,
    }
}

/// Source: cucm-certificate-rules §1 (stores, multi-server), §4.2 to §4.4 and §4.6 (phones), §8 (a tomcat certificate that
/// CallManager reuses needs its chain in CallManager-trust). The table of the guide for 14 allows a multi-server TVS,
/// the lists of purposes in cucm-rest-and-cli §3.2 do not, and invariant I3 wants one certificate for each node. That of Expressway belongs to one peer (expressway §2.1, §2.2).
pub(super) const KINDS: &[Kind] = &[
    kind(
        "tomcat",
        &["tomcat-trust", "CallManager-trust"],
        true,
        false,
    ),
    kind("CallManager", &["CallManager-trust"], true, true),
    kind("CAPF", &["CAPF-trust", "CallManager-trust"], false, true),
    kind("TVS", &["TVS-trust"], false, true),
    kind("ipsec", &["ipsec-trust"], false, false),
    kind("cup", &["cup-trust"], false, false),
    kind("cup-xmpp", &["cup-xmpp-trust"], true, false),
    kind("cup-xmpp-s2s", &["cup-xmpp-trust"], true, false),
    kind("server", &["trusted-ca"], false, false),
];

/// What is fixed for a purpose or its twin; `None` for one that no procedure renews.
pub(super) fn kind_of(purpose: &Purpose) -> Option<&'static Kind> {
    let plain = purpose.plain();
    KINDS.iter().find(|kind| kind.purpose == plain.as_str())
}

/// The names of a table, for a schema.
pub(super) fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

/// The numbers of the ports, for a schema.
pub(super) fn ports() -> Vec<u16> {
    let numbers = PORTS.iter();
    numbers
        .filter_map(|(number, _)| number.parse().ok())
        .collect()
}

/// The names of the services, for a schema.
pub(super) fn service_names() -> Vec<&'static str> {
    SERVICES.iter().map(|service| service.name).collect()
}
