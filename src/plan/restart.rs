//! What restarts on a node, and which of its ports prove that it worked.

use std::collections::BTreeSet;

use crate::model::{
    Listener, NodeName, NodeSelection, Observed, Port, Proof, ProofRule, RestartRule, RestartSet,
    Role, ServiceStatus,
};

use super::facts::{Refusals, Site, unknown};
use super::job::Job;

impl<'a> Job<'a> {
    /// What restarts on a node, in order: only services that run there.
    pub(super) fn restarts_on(
        &mut self,
        site: &Site<'a>,
        node: &NodeName,
        variant: &str,
    ) -> Result<Vec<&'a RestartRule>, Refusals> {
        let purpose = &self.due.wanted.purpose;
        let Some(seen) = site.state.nodes.get(node) else {
            return Err(vec![
                unknown(site.cluster, "the node", "not observed").at([node]),
            ]);
        };
        let release = seen.release.present().unwrap_or(&site.release);
        let sets = self
            .procedure
            .restarts
            .iter()
            .filter(|set| set.releases.contains(release));
        let mut names = BTreeSet::new();
        let chosen: Option<&RestartSet> = sets
            .inspect(|set| {
                names.insert(set.variant.as_str());
            })
            .find(|set| set.variant == variant);
        let Some(set) = chosen else {
            let offered: Vec<&str> = names.into_iter().collect();
            let says = format!(
                "expected a restart set `{variant}` of {purpose} for release {release}; the playbook offers: {}",
                if offered.is_empty() {
                    "none".to_owned()
                } else {
                    offered.join(", ")
                }
            );
            let next = "Choose one that is offered, or a playbook that covers this release.";
            return Err(vec![site.refuse(says, next).breaking("I8").at([node])]);
        };
        if let Some(note) = &set.note {
            self.remarks.insert(format!(
                "Restart set `{}` of {purpose}: {note}",
                set.variant
            ));
        }
        let mut rules = Vec::new();
        let mut refusals = Vec::new();
        for rule in set
            .services
            .iter()
            .filter(|rule| covers(rule.nodes, seen.role))
        {
            match site
                .service(node, &rule.service)
                .map(|service| service.status)
            {
                Some(ServiceStatus::Started) => rules.push(rule),
                Some(status @ (ServiceStatus::Starting | ServiceStatus::Stopping)) => refusals
                    .push(
                        site.refuse(
                            format!(
                                "expected {} to be started or stopped; it is {status}",
                                rule.service
                            ),
                            "Wait until it has settled, then plan again.",
                        )
                        .breaking("I9")
                        .at([node]),
                    ),
                Some(ServiceStatus::Stopped | ServiceStatus::NotActivated) | None => {}
            }
        }
        if rules.is_empty() && refusals.is_empty() {
            let says = format!(
                "expected a running service that serves {purpose}; none of the restart set runs"
            );
            let next = "Start the service, or leave this node out.";
            refusals.push(site.refuse(says, next).breaking("I8").at([node]));
        }
        if refusals.is_empty() {
            Ok(rules)
        } else {
            Err(refusals)
        }
    }

    /// The ports of a node that must serve the new certificate.
    pub(super) fn proofs_on(
        &mut self,
        site: &Site<'a>,
        node: &NodeName,
    ) -> Result<Vec<(Listener, &'a ProofRule)>, Refusals> {
        let purpose = &self.due.wanted.purpose;
        let stored = site
            .state
            .identity(node, purpose)
            .map(|certificate| &certificate.sha256);
        let mut proofs = Vec::new();
        let mut refusals = Vec::new();
        for rule in &self.procedure.proof {
            let Proof::Port { port, key, always } = rule.by else {
                continue;
            };
            let listener = Listener { port, key };
            let served = site
                .state
                .nodes
                .get(node)
                .and_then(|node| node.served.get(&listener));
            let restarts = self.restarts.get(node).into_iter().flatten();
            let renewed = serving(port).is_some_and(|service| {
                restarts
                    .clone()
                    .any(|rule| rule.service.as_str() == service)
            });
            match (always, served) {
                (true, Some(Observed::Present(_))) if renewed => proofs.push((listener, rule)),
                (true, Some(Observed::Present(_))) => refusals.push(
                    site.refuse(
                        format!("expected the service behind port {listener} to restart; the restart set leaves it out"),
                        "Choose a restart set that restarts it; until then it serves the old certificate.",
                    )
                    .breaking("I8")
                    .at([node]),
                ),
                (true, Some(Observed::Absent)) => refusals.push(
                    site.refuse(
                        format!("expected port {listener} to serve {purpose}; nothing answers with that kind of key"),
                        "Look at the service on that node first; no restart could be proved.",
                    )
                    .breaking("I8")
                    .at([node]),
                ),
                (true, other) => {
                    let why = other.and_then(Observed::unknown).unwrap_or("not asked");
                    let fact = format!("what port {listener} serves");
                    refusals.push(unknown(site.cluster, &fact, why).at([node]));
                }
                (false, Some(Observed::Present(chain))) if Some(&chain.leaf) == stored => {
                    if renewed {
                        proofs.push((listener, rule));
                    } else {
                        self.remarks.insert(format!(
                            "{node} port {listener} serves the old certificate until its service restarts; this \
                             plan does not restart it."
                        ));
                    }
                }
                (false, Some(Observed::Unknown(why))) => {
                    self.remarks.insert(format!(
                        "{node} port {listener} could not be read ({why}): this plan does not prove what it serves."
                    ));
                }
                (false, Some(Observed::Present(_) | Observed::Absent) | None) => {}
            }
        }
        if proofs.is_empty() && refusals.is_empty() {
            let says = format!(
                "expected a port that proves {purpose}; the playbook names none for this node"
            );
            refusals.push(
                site.refuse(says, "Use a playbook with a proof.")
                    .breaking("I8")
                    .at([node]),
            );
        }
        if refusals.is_empty() {
            Ok(proofs)
        } else {
            Err(refusals)
        }
    }
}

/// The service behind a port. Sources: claims CUCM-TOMCAT-STORED-NOT-SERVED, CUCM-TFTP-PORT, CUCM-SIP-PORT.
fn serving(port: Port) -> Option<&'static str> {
    match port {
        Port::Rest | Port::Soap => Some("Cisco Tomcat"),
        Port::Tftp => Some("Cisco Tftp"),
        Port::Sip => Some("Cisco CallManager"),
        Port::Tvs => Some("Cisco Trust Verification Service"),
        Port::Xmpp => Some("Cisco XCP Router"),
        Port::Ssh => None,
    }
}

/// Whether a selection of nodes holds those of a role.
fn covers(nodes: NodeSelection, role: Role) -> bool {
    match nodes {
        NodeSelection::All => true,
        NodeSelection::Publisher => role == Role::Publisher,
        NodeSelection::Subscribers => role == Role::Subscriber,
        NodeSelection::ImPresence | NodeSelection::PresencePublisher => role == Role::ImPresence,
        NodeSelection::CallProcessing => matches!(role, Role::Publisher | Role::Subscriber),
    }
}
