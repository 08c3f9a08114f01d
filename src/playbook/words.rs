//! The words that a playbook may use.

use crate::model::{ControlPath, Gate, KeyAlgorithm, NodeSelection, Port};

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

pub(super) const PATHS: [(&str, ControlPath); 2] = [
    ("shell", ControlPath::Shell),
    ("control-center", ControlPath::ControlCenter),
];

pub(super) const KEYS: [(&str, KeyAlgorithm); 2] =
    [("rsa", KeyAlgorithm::Rsa), ("ec", KeyAlgorithm::Ec)];

/// By the number that a node listens on unless the estate file says otherwise.
pub(super) const PORTS: [(&str, Port); 6] = [
    ("443", Port::Rest),
    ("8443", Port::Soap),
    ("6972", Port::Tftp),
    ("5061", Port::Sip),
    ("2445", Port::Tvs),
    ("7400", Port::Xmpp),
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

/// Source: cucm-rest-and-cli §3.1.
pub(super) const STORES: [&str; 7] = [
    "tomcat-trust",
    "CallManager-trust",
    "CAPF-trust",
    "ipsec-trust",
    "TVS-trust",
    "cup-trust",
    "cup-xmpp-trust",
];

/// Services by their exact names, each with the interfaces that may restart it.
/// Source: cucm-soap §3.4 for the names; §3.3 for those that only the shell restarts.
pub(super) const SERVICES: &[(&str, &[ControlPath])] = &[
    ("Cisco Tomcat", SHELL),
    ("Cisco UDS Tomcat", SHELL),
    ("Cisco AXL Tomcat", SHELL),
    ("Cisco SSOSP Tomcat", SHELL),
    ("Cisco HAProxy", SHELL),
    ("Cisco CallManager", EITHER),
    ("Cisco CTIManager", EITHER),
    ("Cisco Tftp", EITHER),
    ("Cisco Certificate Authority Proxy Function", EITHER),
    ("Cisco Extension Mobility", EITHER),
    ("Cisco Intercluster Lookup Service", EITHER),
    ("Cisco Location Bandwidth Manager", EITHER),
    ("Cisco DirSync", EITHER),
    ("Cisco CTL Provider", EITHER),
    ("Cisco IP Voice Media Streaming App", EITHER),
    ("Cisco AXL Web Service", EITHER),
    ("Cisco Trust Verification Service", EITHER),
    ("Cisco DRF Master", EITHER),
    ("Cisco DRF Local", EITHER),
    ("Cisco Certificate Expiry Monitor", EITHER),
    ("Cisco Certificate Change Notification", EITHER),
    ("Cisco Certificate Enrollment Service", EITHER),
    ("Cisco RIS Data Collector", EITHER),
    ("Cisco CDR Agent", EITHER),
    ("Cisco XCP Router", EITHER),
    ("Cisco XCP Config Manager", EITHER),
    ("Cisco XCP Connection Manager", EITHER),
    ("Cisco XCP Web Connection Manager", EITHER),
    ("Cisco XCP Directory Service", EITHER),
    ("Cisco XCP Authentication Service", EITHER),
    ("Cisco XCP Text Conference Manager", EITHER),
    ("Cisco XCP XMPP Federation Connection Manager", EITHER),
    ("Cisco XCP SIP Federation Connection Manager", EITHER),
    ("Cisco XCP File Transfer Manager", EITHER),
    ("Cisco XCP Message Archiver", EITHER),
    ("Cisco SIP Proxy", EITHER),
    ("Cisco Presence Engine", EITHER),
    ("Cisco Sync Agent", EITHER),
    ("Cisco Intercluster Sync Agent", EITHER),
    ("Cisco Client Profile Agent", EITHER),
    ("Cisco Server Recovery Manager", EITHER),
    ("Connection Conversation Manager", EITHER),
    ("Connection IMAP Server", EITHER),
    ("Connection SMTP Server", EITHER),
    ("Connection Jetty", EITHER),
];

const SHELL: &[ControlPath] = &[ControlPath::Shell];
const EITHER: &[ControlPath] = &[ControlPath::Shell, ControlPath::ControlCenter];
