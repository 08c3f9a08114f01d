//! The facts that every plan of a cluster rests on. One that is unknown, or is not as the rules ask, is a
//! refusal: hard invariants are checked here whatever a playbook says and whatever was assessed.

use jiff::Timestamp;

use crate::model::{
    Appliance, BackupJob, ClusterName, ClusterState, NodeName, NodeSelection, NodeState, Observed,
    Product, Release, Role, SecurityMode, ServiceName, ServiceState, ServiceStatus, SsoState,
};

use super::due::restart_order;
use super::refusal::Refusal;

/// The first release whose procedures are known.
const FIRST_RELEASE: (u32, u32, u32) = (12, 5, 0);

/// The web service that spreads requests and certificates, without the vendor's prefix, which not every
/// listing prints. Source: T118731 in cucm-certificate-rules §6.
const SPREADING_SERVICE: &str = "Platform Administrative Web Service";

/// A cluster of which everything is known that any step needs.
pub(super) struct Site<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) state: &'a ClusterState,
    pub(super) publisher: NodeName,
    pub(super) release: Release,
    /// All nodes in restart order.
    pub(super) nodes: Vec<NodeName>,
    pub(super) now: Timestamp,
}

/// Collects refusals beside the value that remains when there are none.
pub(super) type Refusals = Vec<Refusal>;

impl<'a> Site<'a> {
    /// Reads a cluster.
    ///
    /// # Errors
    /// A refusal for each fact that is unknown or forbids a change.
    pub(super) fn survey(
        cluster: &'a ClusterName,
        state: &'a ClusterState,
        now: Timestamp,
    ) -> Result<Self, Refusals> {
        let publisher = publisher(cluster, state)?;
        let mut refusals = Vec::new();
        for (name, node) in &state.nodes {
            let calls = state.product == Product::Cucm;
            refusals.extend(node_facts(cluster, name, node, calls));
        }
        refusals.extend(backup_idle(cluster, publisher, state));
        refusals.extend(replication(cluster, state));
        refusals.extend(security_mode(cluster, state));
        refusals.extend(presence_publisher(cluster, state));
        if refusals.is_empty() {
            Self::reading(cluster, state, now)
        } else {
            Err(refusals)
        }
    }

    /// A cluster that is only looked at, or of which it is not settled yet whether anything changes there.
    ///
    /// # Errors
    /// A refusal where nobody can say which release it runs.
    pub(super) fn reading(
        cluster: &'a ClusterName,
        state: &'a ClusterState,
        now: Timestamp,
    ) -> Result<Self, Refusals> {
        let publisher = publisher(cluster, state)?;
        let release = match state.nodes.get(publisher).map(|node| &node.release) {
            Some(Observed::Present(release)) => release.clone(),
            other => {
                let why = other.and_then(Observed::unknown).unwrap_or("it gave none");
                return Err(vec![unknown(cluster, "its release", why).at([publisher])]);
            }
        };
        Ok(Self {
            cluster,
            state,
            publisher: publisher.clone(),
            release,
            nodes: restart_order(state),
            now,
        })
    }

    /// The software of a node.
    pub(super) fn appliance(&self, node: &NodeName) -> Appliance {
        let appliance = self.state.appliance(node);
        appliance.unwrap_or(Appliance::of(self.state.product, Role::Subscriber))
    }

    /// The release of a node; the publisher's where the node gave none.
    pub(super) fn release_of(&self, node: &NodeName) -> &Release {
        let seen = self.state.nodes.get(node);
        let release = seen.and_then(|seen| seen.release.present());
        release.unwrap_or(&self.release)
    }

    /// The nodes of a selection, in restart order.
    pub(super) fn selected(&self, selection: NodeSelection) -> Vec<NodeName> {
        let covers = |name: &&NodeName| {
            let Some(node) = self.state.nodes.get(*name) else {
                return false;
            };
            match selection {
                NodeSelection::All => true,
                NodeSelection::Publisher => node.role == Role::Publisher,
                NodeSelection::Subscribers => node.role == Role::Subscriber,
                NodeSelection::ImPresence => node.role == Role::ImPresence,
                NodeSelection::PresencePublisher => {
                    Some(*name) == presence_leader(self.state).as_ref()
                }
                NodeSelection::CallProcessing => {
                    matches!(node.role, Role::Publisher | Role::Subscriber)
                }
            }
        };
        self.nodes.iter().filter(covers).cloned().collect()
    }

    /// Whether the cluster is in mixed mode.
    pub(super) fn mixed(&self) -> bool {
        self.state.security.present() == Some(&SecurityMode::Mixed)
    }

    /// The services that run on a node.
    pub(super) fn running(
        &self,
        node: &NodeName,
    ) -> impl Iterator<Item = &'a ServiceName> + use<'a> {
        let state: &'a ClusterState = self.state;
        state
            .nodes
            .get(node)
            .and_then(|node| node.services.present())
            .into_iter()
            .flatten()
            .filter(|(_, service)| service.status == ServiceStatus::Started)
            .map(|(name, _)| name)
    }

    /// The condition of one service of a node, if the node lists it.
    pub(super) fn service(
        &self,
        node: &NodeName,
        service: &ServiceName,
    ) -> Option<&'a ServiceState> {
        self.state.nodes.get(node)?.services.present()?.get(service)
    }

    /// The services that spread requests and certificates, as this node names them.
    pub(super) fn spreading(&self, node: &NodeName) -> Vec<ServiceName> {
        self.running(node)
            .filter(|service| spreads(service))
            .cloned()
            .collect()
    }

    /// The nodes on which single sign-on is on.
    pub(super) fn single_sign_on(&self) -> Vec<NodeName> {
        let on = |name: &&NodeName| {
            let node = self.state.nodes.get(*name);
            node.and_then(|node| node.sso.present()) == Some(&SsoState::Enabled)
        };
        self.nodes.iter().filter(on).cloned().collect()
    }

    /// A refusal about this cluster.
    pub(super) fn refuse(&self, says: impl Into<String>, next: impl Into<String>) -> Refusal {
        Refusal::of(self.cluster, says, next)
    }
}

fn publisher<'a>(cluster: &ClusterName, state: &'a ClusterState) -> Result<&'a NodeName, Refusals> {
    state.publisher().ok_or_else(|| {
        let says = "expected one publisher among the declared nodes; found none";
        let next = "Give one node of the cluster `role: publisher` in the estate file.";
        vec![Refusal::of(cluster, says, next).breaking("I9")]
    })
}

/// Whether a service is one of those that make and spread certificates.
fn spreads(service: &ServiceName) -> bool {
    service.as_str() == "Cisco Tomcat" || service.as_str().ends_with(SPREADING_SERVICE)
}

/// A fact that is unknown.
pub(super) fn unknown(cluster: &ClusterName, fact: &str, why: &str) -> Refusal {
    Refusal::of(
        cluster,
        format!("expected to know {fact}; it is unknown: {why}"),
        "Mend what the text names and observe again; no step rests on an unknown fact.",
    )
    .breaking("I25")
}

/// In mixed mode certificates that phones hold need a CTL update; Unity Connection has no such mode.
fn security_mode(cluster: &ClusterName, state: &ClusterState) -> Option<Refusal> {
    let why = match &state.security {
        Observed::Present(_) => return None,
        Observed::Absent if state.product != Product::Cucm => return None,
        Observed::Absent => "the parameter has no row",
        Observed::Unknown(why) => why,
    };
    Some(unknown(cluster, "the cluster security mode", why).breaking("I11"))
}

/// The presence node that comes first; the only one where there is one.
pub(super) fn presence_leader(state: &ClusterState) -> Option<NodeName> {
    if let Observed::Present(name) = &state.presence_publisher {
        return Some(name.clone());
    }
    let mut nodes = presence_nodes(state);
    let first = nodes.next()?;
    nodes.next().is_none().then(|| first.clone())
}

fn presence_nodes(state: &ClusterState) -> impl Iterator<Item = &NodeName> {
    let nodes = state.nodes.iter();
    nodes
        .filter(|(_, node)| node.role == Role::ImPresence)
        .map(|(name, _)| name)
}

/// Several presence nodes have an order only if it is known which of them keeps the database.
fn presence_publisher(cluster: &ClusterName, state: &ClusterState) -> Option<Refusal> {
    let leader = presence_leader(state);
    presence_nodes(state).next()?;
    let known = leader.is_some_and(|leader| presence_nodes(state).any(|node| *node == leader));
    if known {
        return None;
    }
    let why = match &state.presence_publisher {
        Observed::Unknown(why) => why.clone(),
        Observed::Absent => "`show network cluster` names none".to_owned(),
        Observed::Present(name) => format!("it is said to be {name}, which is no presence node"),
    };
    Some(unknown(cluster, "the IM and Presence database publisher", &why).breaking("I9"))
}

fn node_facts(cluster: &ClusterName, name: &NodeName, node: &NodeState, calls: bool) -> Refusals {
    let facts = [
        ("its release", node.release.unknown()),
        ("its certificate inventory", node.inventory.unknown()),
        ("its services", node.services.unknown()),
        ("whether single sign-on is on", node.sso.unknown()),
    ];
    let mut refusals: Refusals = facts
        .into_iter()
        .filter_map(|(fact, why)| Some(unknown(cluster, fact, why?).at([name])))
        .collect();
    match &node.release {
        Observed::Present(release) if release.level() < FIRST_RELEASE => refusals.push(
            Refusal::of(
                cluster,
                format!("expected release 12.5 or later, for which procedures are known; found {release}"),
                "Renew by hand, or upgrade first.",
            )
            .at([name]),
        ),
        Observed::Absent => refusals.push(unknown(cluster, "its release", "it gave none").at([name])),
        Observed::Present(_) | Observed::Unknown(_) => {}
    }
    let Some(services) = node.services.present() else {
        return refusals;
    };
    let tomcat = services.get(&ServiceName::from("Cisco Tomcat"));
    let web = services
        .iter()
        .find(|(service, _)| service.as_str().ends_with(SPREADING_SERVICE))
        .map(|(_, state)| state);
    let mut needed = vec![("Cisco Tomcat", tomcat)];
    // The document speaks of CUCM; elsewhere the service counts where it is listed.
    if web.is_some() || matches!(node.role, Role::Publisher | Role::Subscriber) && calls {
        needed.push((SPREADING_SERVICE, web));
    }
    for (needed, found) in needed {
        let status = found.map(|service| service.status);
        if status != Some(ServiceStatus::Started) {
            let found = status.map_or_else(|| "not listed".to_owned(), |it| it.to_string());
            let refusal = Refusal::of(
                cluster,
                format!(
                    "expected {needed} to be started, because it spreads certificates; found {found}"
                ),
                "Start it on that node, then observe again.",
            );
            refusals.push(refusal.breaking("I25").at([name]));
        }
    }
    refusals
}

fn backup_idle(cluster: &ClusterName, publisher: &NodeName, state: &ClusterState) -> Refusals {
    let running = match state.nodes.get(publisher).map(|node| &node.backup_job) {
        Some(Observed::Present(BackupJob::Running(what))) => what,
        Some(Observed::Unknown(why)) => {
            return vec![unknown(cluster, "whether a backup or restore runs", why).at([publisher])];
        }
        Some(Observed::Present(BackupJob::Idle) | Observed::Absent) | None => return Vec::new(),
    };
    let refusal = Refusal::of(
        cluster,
        format!("expected no backup or restore to run; found {running}"),
        "Wait until it has ended, then plan again; the DRF services restart in this change.",
    );
    vec![refusal.breaking("I13").at([publisher])]
}

fn replication(cluster: &ClusterName, state: &ClusterState) -> Refusals {
    let states = match &state.replication {
        Observed::Present(states) => states,
        Observed::Absent if state.nodes.len() == 1 => return Vec::new(),
        Observed::Absent => {
            return vec![unknown(
                cluster,
                "database replication",
                "the publisher shows none",
            )];
        }
        Observed::Unknown(why) => return vec![unknown(cluster, "database replication", why)],
    };
    let bad = state.nodes.keys().filter_map(|node| {
        let found = match states.get(node) {
            Some(replication) if replication.is_good() => return None,
            Some(replication) => replication.words.as_str(),
            None => "no state for it",
        };
        let refusal = Refusal::of(
            cluster,
            format!("expected database replication 2, Setup Completed; found {found}"),
            "`utils dbreplication runtimestate` on the publisher; repair replication first.",
        );
        Some(refusal.breaking("I25").at([node]))
    });
    bad.collect()
}
