//! Services of a node.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The state of a service, by the words both interfaces use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Running.
    Started,
    /// Not running.
    Stopped,
    /// Coming up.
    Starting,
    /// Going down.
    Stopping,
}

impl ServiceState {
    /// The word the command line prints in brackets.
    #[must_use]
    pub fn shouted(self) -> &'static str {
        match self {
            Self::Started => "STARTED",
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Stopping => "STOPPING",
        }
    }

    /// The word the SOAP interface prints.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Stopped => "Stopped",
            Self::Starting => "Starting",
            Self::Stopping => "Stopping",
        }
    }
}

/// Why a service is stopped without being at fault.
///
/// claim: CUCM-SERVICE-NOT-ACTIVATED
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The node was never given this role.
    NotActivated,
    /// Stopped by a person or by the node's role.
    CommandedOut,
}

impl Reason {
    /// The text both interfaces print.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NotActivated => "Service Not Activated",
            Self::CommandedOut => "Commanded Out of Service",
        }
    }
}

/// A service of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its state now.
    pub state: ServiceState,
    /// Why it is stopped, when that is no fault.
    pub reason: Option<Reason>,
    /// When it last became started, in milliseconds since the lab's start; negative before it.
    pub started_ms: i64,
    /// How long a restart takes, before scaling.
    pub nominal: Duration,
    /// Counts restarts, so that the agenda of an overtaken one is dropped.
    pub restarts: u64,
    /// The certificates it runs with: purposes and fingerprints.
    pub loaded: BTreeMap<String, String>,
    /// The fingerprints of all that was a reason to restart it when it last came up from a restart; empty before.
    pub restarted_for: BTreeSet<String>,
    /// Whether its last restart was that of another service, which took it along.
    pub restarted_along: bool,
}

impl Service {
    /// A service that has been running for an hour.
    #[must_use]
    pub fn running(nominal: Duration) -> Self {
        Self {
            state: ServiceState::Started,
            reason: None,
            started_ms: -3_600_000,
            nominal,
            restarts: 0,
            loaded: BTreeMap::new(),
            restarted_for: BTreeSet::new(),
            restarted_along: false,
        }
    }

    /// A service that is stopped for a normal reason.
    #[must_use]
    pub fn idle(reason: Reason, nominal: Duration) -> Self {
        Self {
            state: ServiceState::Stopped,
            reason: Some(reason),
            ..Self::running(nominal)
        }
    }

    /// Whether it is between two states.
    #[must_use]
    pub fn in_transition(&self) -> bool {
        matches!(self.state, ServiceState::Starting | ServiceState::Stopping)
    }

    /// Whether it has a role on its node.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.reason.is_none()
    }

    /// Whether it runs, or is stopped for a normal reason.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.state == ServiceState::Started
            || (self.state == ServiceState::Stopped && self.reason.is_some())
    }
}

/// The services of a call-processing node with the nominal time of a restart in seconds.
///
/// claim: CUCM-SERVICE-NAMES, CUCM-DRF-MASTER-PUBLISHER, CUCM-TOMCAT-RESTART-TIME
#[must_use]
pub(crate) fn usual_services(publisher: bool) -> Vec<(String, Service)> {
    let running: [(&str, u64); 22] = [
        ("A Cisco DB", 60),
        ("A Cisco DB Replicator", 60),
        ("Cisco AXL Tomcat", 60),
        ("Cisco CTIManager", 30),
        ("Cisco CallManager", 60),
        ("Cisco Certificate Change Notification", 20),
        ("Cisco Certificate Expiry Monitor", 20),
        ("Cisco DRF Local", 20),
        ("Cisco Extension Mobility", 20),
        ("Cisco HAProxy", 20),
        ("Cisco Intercluster Lookup Service", 20),
        ("Cisco Location Bandwidth Manager", 20),
        ("Cisco RIS Data Collector", 20),
        ("Cisco SSOSP Tomcat", 60),
        ("Cisco Tftp", 20),
        ("Cisco Tomcat", 300),
        ("Cisco Trust Verification Service", 20),
        ("Cisco UDS Tomcat", 60),
        ("Host Resources Agent", 20),
        ("Platform Administrative Web Service", 20),
        ("Platform Communication Web Service", 20),
        ("System Application Agent", 20),
    ];
    let mut services: Vec<(String, Service)> = running
        .into_iter()
        .map(|(name, seconds)| {
            (
                name.to_owned(),
                Service::running(Duration::from_secs(seconds)),
            )
        })
        .collect();
    let short = Duration::from_secs(20);
    services.push((
        "Cisco Dialed Number Analyzer".to_owned(),
        Service::idle(Reason::NotActivated, short),
    ));
    services.push((
        "Cisco IP Voice Media Streaming App".to_owned(),
        Service::idle(Reason::NotActivated, short),
    ));
    let (capf, master) = if publisher {
        (Service::running(short), Service::running(short))
    } else {
        (
            Service::idle(Reason::NotActivated, short),
            Service::idle(Reason::CommandedOut, short),
        )
    };
    services.push((
        "Cisco Certificate Authority Proxy Function".to_owned(),
        capf,
    ));
    services.push(("Cisco DRF Master".to_owned(), master));
    services
}
