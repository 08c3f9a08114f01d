//! The facts that every plan of a cluster rests on. One that is unknown, or is not as the rules ask, is a
//! refusal: hard invariants are checked here whatever a playbook says and whatever was assessed.

use jiff::Timestamp;

use crate::model::{
    BackupJob, ClusterName, ClusterState, NodeName, NodeState, Observed, Product, Release,
    ServiceName, ServiceState, ServiceStatus, SsoState,
};

use super::due::restart_order;
use super::refusal::Refusal;

/// The first release with the certificate interface (claim CUCM-REST-BASE).
const FIRST_RELEASE: (u32, u32, u32) = (14, 0, 0);

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
        if state.product != Product::Cucm {
            return Err(vec![Refusal::of(
                cluster,
                format!("expected product cucm; found {}", state.product),
                "This release plans changes for cucm only; renew this cluster by hand.",
            )]);
        }
        let Some(publisher) = state.publisher() else {
            let says = "expected one publisher among the declared nodes; found none";
            let next = "Give one node of the cluster `role: publisher` in the estate file.";
            return Err(vec![Refusal::of(cluster, says, next).breaking("I9")]);
        };
        let mut refusals = Vec::new();
        for (name, node) in &state.nodes {
            refusals.extend(node_facts(cluster, name, node));
        }
        refusals.extend(backup_idle(cluster, publisher, state));
        refusals.extend(replication(cluster, state));
        let security = state.security.unknown().or_else(|| {
            matches!(state.security, Observed::Absent).then_some("the parameter has no row")
        });
        refusals.extend(
            security.map(|why| unknown(cluster, "the cluster security mode", why).breaking("I11")),
        );
        let release = state
            .nodes
            .get(publisher)
            .and_then(|node| node.release.present());
        match release {
            Some(release) if refusals.is_empty() => Ok(Self {
                cluster,
                state,
                publisher: publisher.clone(),
                release: release.clone(),
                nodes: restart_order(state),
                now,
            }),
            _ => Err(refusals),
        }
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

fn node_facts(cluster: &ClusterName, name: &NodeName, node: &NodeState) -> Refusals {
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
                format!("expected release 14 or later, which has the certificate interface; found {release}"),
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
    for (needed, found) in [("Cisco Tomcat", tomcat), (SPREADING_SERVICE, web)] {
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
