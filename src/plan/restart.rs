//! What restarts on a node, and what proves there that it worked.

use std::collections::BTreeSet;

use crate::model::{
    Appliance, Listener, NodeName, Observed, Port, Procedure, Proof, RestartRule, RestartSet,
    ServiceName, ServiceStatus,
};

use super::facts::{Refusals, Site, unknown};
use super::job::Job;
use super::selection::Options;

/// One service that restarts, and the procedure that says so.
#[derive(Clone, Copy)]
pub(super) struct Restart<'a> {
    pub(super) rule: &'a RestartRule,
    pub(super) procedure: &'a Procedure,
}

/// One proof that a node's new certificate is in effect.
pub(super) struct Proved<'a> {
    pub(super) by: Witness,
    pub(super) procedure: &'a Procedure,
    pub(super) source: &'a str,
}

/// What is looked at.
pub(super) enum Witness {
    /// A port presents it.
    Port(Listener),
    /// A service started after the upload.
    Service(ServiceName),
}

impl<'a> Job<'a> {
    /// What restarts on a node, in order: only services that run there. A node that gets no new certificate takes
    /// part only where it cannot hold the purpose and the procedure names it all the same.
    pub(super) fn restarts_on(
        &mut self,
        site: &Site<'a>,
        node: &NodeName,
        options: &Options,
    ) -> Result<Vec<Restart<'a>>, Refusals> {
        let gets = self.due.nodes.contains(node);
        if !gets && self.due.wanted.nodes.contains(node) {
            return Ok(Vec::new());
        }
        let own = if gets {
            self.procedure_on(site, node)
        } else {
            Some(self.lead)
        };
        let reused_for = self
            .reused_for
            .filter(|_| site.appliance(node) == Appliance::Cucm);
        let mut restarts: Vec<Restart<'a>> = Vec::new();
        let mut refusals = Vec::new();
        for procedure in own.into_iter().chain(reused_for) {
            let variant = options.variant(&procedure.purpose);
            let set = self.set(site, procedure, node, variant)?;
            for rule in &set.services {
                let known = restarts.iter().any(|it| it.rule.service == rule.service);
                if known || !site.selected(rule.nodes).contains(node) {
                    continue;
                }
                let service = site.service(node, &rule.service);
                match service.map(|service| service.status) {
                    Some(ServiceStatus::Started) => restarts.push(Restart { rule, procedure }),
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
        }
        if gets && restarts.is_empty() && refusals.is_empty() {
            let says = format!(
                "expected a running service that serves {}; none of the restart set runs",
                self.purpose()
            );
            let next = "Start the service, or leave this node out.";
            refusals.push(site.refuse(says, next).breaking("I8").at([node]));
        }
        if refusals.is_empty() {
            Ok(restarts)
        } else {
            Err(refusals)
        }
    }

    /// The restart set of a procedure for a node's release.
    fn set(
        &mut self,
        site: &Site<'a>,
        procedure: &'a Procedure,
        node: &NodeName,
        variant: &str,
    ) -> Result<&'a RestartSet, Refusals> {
        let (purpose, release) = (&procedure.purpose, site.release_of(node));
        let mut names = BTreeSet::new();
        let chosen = procedure
            .restarts
            .iter()
            .filter(|set| set.releases.contains(release))
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
        Ok(set)
    }

    /// What proves on a node that the new certificate is in effect, where some services restart.
    pub(super) fn proofs_on(
        &mut self,
        site: &Site<'a>,
        node: &NodeName,
        restarting: &BTreeSet<&ServiceName>,
    ) -> Result<Vec<Proved<'a>>, Refusals> {
        let mut proofs: Vec<Proved<'a>> = Vec::new();
        let mut refusals = Vec::new();
        let own = self.procedure_on(site, node);
        let rules = own.into_iter().chain(self.reused_for);
        let rules =
            rules.flat_map(|procedure| procedure.proof.iter().map(move |it| (procedure, it)));
        for (procedure, rule) in rules.collect::<Vec<_>>() {
            let by = match &rule.by {
                Proof::Port { port, key, always } => {
                    let listener = Listener {
                        port: *port,
                        key: *key,
                    };
                    let restarts = serving(*port, site.appliance(node))
                        .iter()
                        .any(|service| restarting.iter().any(|it| it.as_str() == *service));
                    let itself = self.restarts_itself(site, node);
                    let renewed = restarts
                        || serving(*port, site.appliance(node))
                            .iter()
                            .any(|service| Some(*service) == itself);
                    match self.port_proof(site, node, listener, *always, renewed) {
                        Ok(true) => Witness::Port(listener),
                        Ok(false) => continue,
                        Err(more) => {
                            refusals.extend(more);
                            continue;
                        }
                    }
                }
                Proof::Service(service) => {
                    let itself = self.restarts_itself(site, node) == Some(service.as_str())
                        && site.running(node).any(|it| it == service);
                    if !restarting.contains(service) && !itself {
                        continue;
                    }
                    Witness::Service(service.clone())
                }
            };
            proofs.push(Proved {
                by,
                procedure,
                source: &rule.source,
            });
        }
        if proofs.is_empty() && refusals.is_empty() {
            let says = format!(
                "expected a proof that {} is in effect; the playbook names none for this node",
                self.purpose()
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

    /// Whether the upload of this certificate resets phones by itself on a node's release.
    pub(super) fn resets_on_upload(&self, site: &Site<'_>, node: &NodeName) -> bool {
        let rule = self.phones();
        rule.is_some_and(|rule| rule.upload_resets.contains(site.release_of(node)))
    }

    /// The service that restarts itself when this certificate is replaced, where an upload resets phones by itself
    /// (claim CUCM-TVS-SELF-RESTART).
    fn restarts_itself(&self, site: &Site<'_>, node: &NodeName) -> Option<&'static str> {
        let service = match self.purpose().as_str() {
            "TVS" => "Cisco Trust Verification Service",
            "CAPF" => "Cisco Certificate Authority Proxy Function",
            _ => return None,
        };
        self.resets_on_upload(site, node).then_some(service)
    }

    /// Whether a port of a node must present the new certificate.
    fn port_proof(
        &mut self,
        site: &Site<'a>,
        node: &NodeName,
        listener: Listener,
        always: bool,
        renewed: bool,
    ) -> Result<bool, Refusals> {
        let purpose = self.purpose();
        let stored = site.state.identity(node, purpose);
        let stored = stored.map(|certificate| &certificate.sha256);
        let seen = site.state.nodes.get(node);
        let refuse =
            |says: String, next: &str| Err(vec![site.refuse(says, next).breaking("I8").at([node])]);
        match (always, seen.and_then(|seen| seen.served.get(&listener))) {
            (true, Some(Observed::Present(_))) if renewed => Ok(true),
            (true, Some(Observed::Present(_))) => refuse(
                format!(
                    "expected the service behind port {listener} to restart; the restart set leaves it out"
                ),
                "Choose a restart set that restarts it; until then it serves the old certificate.",
            ),
            (true, Some(Observed::Absent)) => refuse(
                format!(
                    "expected port {listener} to serve {purpose}; nothing answers with that kind of key"
                ),
                "Look at the service on that node first; no restart could be proved.",
            ),
            (true, other) => {
                let why = other.and_then(Observed::unknown).unwrap_or("not asked");
                let fact = format!("what port {listener} serves");
                Err(vec![unknown(site.cluster, &fact, why).at([node])])
            }
            (false, Some(Observed::Present(chain))) if Some(&chain.leaf) == stored => {
                if !renewed {
                    self.remarks.insert(format!(
                        "{node} port {listener} serves the old certificate until its service restarts; this plan does \
                         not restart it."
                    ));
                }
                Ok(renewed)
            }
            (false, Some(Observed::Unknown(why))) => {
                self.remarks.insert(format!(
                    "{node} port {listener} could not be read ({why}): this plan does not prove what it serves."
                ));
                Ok(false)
            }
            (false, Some(Observed::Present(_) | Observed::Absent) | None) => Ok(false),
        }
    }
}

/// The services behind a port; a restart of any of them brings the stored certificate there. Sources: claims
/// CUCM-TOMCAT-STORED-NOT-SERVED, CUCM-TFTP-PORT, CUCM-CALLMANAGER-SERVED, CUCM-TVS-PORT, IMP-XMPP-PORT, IMP-CUP-PORT.
fn serving(port: Port, appliance: Appliance) -> &'static [&'static str] {
    match (port, appliance) {
        (Port::Rest | Port::Soap, _) => &["Cisco Tomcat"],
        (Port::Tftp, _) => &["Cisco Tftp"],
        (Port::Sip, Appliance::ImPresence) => &["Cisco SIP Proxy"],
        (Port::Sip, _) => &["Cisco CallManager", "Cisco HAProxy"],
        (Port::Tvs, _) => &["Cisco Trust Verification Service"],
        (Port::Xmpp, _) => &["Cisco XCP Router"],
        (Port::Ssh | Port::Zone | Port::Tunnel, _) => &[],
    }
}
