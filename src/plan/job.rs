//! One purpose of one cluster, with everything settled that its steps need: issuer, request, restarts, proof.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{
    Distribution, Finding, Issuer, KeyAlgorithm, Listener, NodeName, Observed, Procedure,
    ProofRule, RestartRule, RestartSet, Role, ServiceStatus, StepId, SubjectName, UsageRule,
};

use super::Question;
use super::due::Due;
use super::facts::{Refusals, Site, unknown};
use super::trust;

/// The purposes for which this release has every step that the invariants ask for. Others touch what phones
/// trust (CTL, ITL, resets: I1, I2, I11, I12) or have no checked order yet.
const PLANNED: [&str; 2] = ["tomcat", "tomcat-ECDSA"];

/// More bits than this no node takes (invariant I24).
const LONGEST_KEY: u32 = 4096;

/// A purpose that is due, ready to become steps.
pub(super) struct Job<'a> {
    pub(super) due: Due<'a>,
    pub(super) procedure: &'a Procedure,
    pub(super) issuer: &'a Issuer,
    pub(super) usage: &'a UsageRule,
    pub(super) requests: Vec<Request>,
    pub(super) uploads: Vec<trust::Upload<'a>>,
    pub(super) restarts: BTreeMap<NodeName, Vec<&'a RestartRule>>,
    pub(super) proofs: BTreeMap<NodeName, Vec<(Listener, &'a ProofRule)>>,
    /// Why the restart sets are as they are, and what could not be proved.
    pub(super) remarks: BTreeSet<String>,
    pub(super) made: Made,
}

/// The steps made so far for a job, where later steps name them.
#[derive(Default)]
pub(super) struct Made {
    /// The request steps, in the order of [`Job::requests`].
    pub(super) requests: Vec<StepId>,
    /// The trust uploads that the job's chain needs.
    pub(super) trust: Vec<StepId>,
    /// The step that waits for the certificates.
    pub(super) issued: Option<StepId>,
    /// The uploads of the certificates, by the node that gets the upload.
    pub(super) uploaded: Vec<StepId>,
}

/// One signing request.
pub(super) struct Request {
    /// The node that makes it.
    pub(super) node: NodeName,
    /// The nodes whose certificate it will be, in restart order.
    pub(super) nodes: Vec<NodeName>,
    pub(super) common_name: String,
    pub(super) names: BTreeSet<SubjectName>,
}

impl<'a> Job<'a> {
    /// Settles one due purpose.
    ///
    /// # Errors
    /// Every reason why it cannot be done safely.
    pub(super) fn settle(
        question: &Question<'a>,
        site: &Site<'a>,
        due: Due<'a>,
    ) -> Result<Self, Refusals> {
        let wanted = due.wanted;
        let purpose = &wanted.purpose;
        if !PLANNED.contains(&purpose.as_str()) {
            let says = format!(
                "expected one of the purposes {}; found {purpose}",
                PLANNED.join(", ")
            );
            let next =
                "This release has no steps for CTL updates and phone resets; renew it by hand.";
            return Err(vec![site.refuse(says, next)]);
        }
        let procedure = question
            .procedures
            .iter()
            .find(|known| known.product == site.state.product && known.purpose == *purpose);
        let issuer = question.desired.issuers.get(&wanted.issuer);
        let (Some(procedure), Some(issuer)) = (procedure, issuer) else {
            return Err(missing_input(site, &due, procedure.is_none()));
        };
        let mut refusals = request_rules(site, &due, procedure);
        refusals.extend(trust::chain_refusals(site, wanted, issuer));
        refusals.extend(pending(site, &due));
        let usage = procedure
            .usages
            .iter()
            .find(|rule| rule.releases.contains(&site.release));
        if usage.is_none() {
            refusals.push(site.refuse(
                format!("expected the {purpose} procedure to name the usages for release {}; it names none", site.release),
                "Use a playbook that covers this release.",
            ));
        }
        let uploads = collect(&mut refusals, trust::uploads(site, &due, procedure, issuer));
        let variant = question.options.variant(purpose);
        let mut job = Self {
            requests: requests(site, &due),
            procedure,
            issuer,
            usage: match usage {
                Some(usage) if refusals.is_empty() => usage,
                _ => return Err(refusals),
            },
            uploads: uploads.unwrap_or_default(),
            restarts: BTreeMap::new(),
            proofs: BTreeMap::new(),
            remarks: BTreeSet::new(),
            made: Made::default(),
            due,
        };
        for node in job.due.nodes.clone() {
            if let Some(rules) = collect(&mut refusals, job.restarts_on(site, &node, variant)) {
                job.restarts.insert(node.clone(), rules);
            }
            if let Some(proofs) = collect(&mut refusals, job.proofs_on(site, &node)) {
                job.proofs.insert(node, proofs);
            }
        }
        if refusals.is_empty() {
            Ok(job)
        } else {
            Err(refusals)
        }
    }

    /// The codes of the findings that a step on some nodes answers; those of the whole purpose where none
    /// is about these nodes alone.
    pub(super) fn because<'n>(
        &self,
        nodes: impl IntoIterator<Item = &'n NodeName>,
    ) -> BTreeSet<String> {
        let nodes: BTreeSet<&NodeName> = nodes.into_iter().collect();
        let codes = |of: &dyn Fn(&Finding) -> bool| -> BTreeSet<String> {
            let findings = self.due.findings.iter().filter(|finding| of(finding));
            findings.map(|finding| finding.code.to_string()).collect()
        };
        let near = codes(&|finding| {
            finding
                .node
                .as_ref()
                .is_none_or(|node| nodes.contains(node))
        });
        if near.is_empty() {
            codes(&|_| true)
        } else {
            near
        }
    }

    /// The request step behind a node's new certificate.
    pub(super) fn request_of(&self, node: &NodeName) -> Option<&StepId> {
        let at = self
            .requests
            .iter()
            .position(|request| request.nodes.contains(node))?;
        self.made.requests.get(at)
    }

    /// What restarts on a node, in order: only services that run there.
    fn restarts_on(
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
            .filter(|rule| restarts_with(rule, seen.role))
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
    fn proofs_on(
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
            let listener = Listener {
                port: rule.port,
                key: rule.key,
            };
            let served = site
                .state
                .nodes
                .get(node)
                .and_then(|node| node.served.get(&listener));
            match (rule.always, served) {
                (true, Some(Observed::Present(_))) => proofs.push((listener, rule)),
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
                    proofs.push((listener, rule));
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

/// Keeps a value, or its refusals.
fn collect<T>(refusals: &mut Refusals, result: Result<T, Refusals>) -> Option<T> {
    result.map_err(|more| refusals.extend(more)).ok()
}

fn restarts_with(rule: &RestartRule, role: Role) -> bool {
    use crate::model::NodeSelection::{All, CallProcessing, ImPresence, Publisher, Subscribers};
    match rule.nodes {
        All => true,
        Publisher => role == Role::Publisher,
        Subscribers => role == Role::Subscriber,
        ImPresence => role == Role::ImPresence,
        CallProcessing => matches!(role, Role::Publisher | Role::Subscriber),
    }
}

fn missing_input(site: &Site<'_>, due: &Due<'_>, no_procedure: bool) -> Refusals {
    let wanted = due.wanted;
    let refusal = if no_procedure {
        site.refuse(
            format!(
                "expected a playbook for {} on {}; there is none",
                wanted.purpose, site.state.product
            ),
            "Add one with --playbooks, or renew this purpose by hand.",
        )
    } else {
        site.refuse(
            format!(
                "expected issuer {} of {}; the estate names no such issuer",
                wanted.issuer, wanted.purpose
            ),
            "Add the issuer to the estate file.",
        )
    };
    vec![refusal]
}

/// What the interface or a hard invariant forbids to ask for.
fn request_rules(site: &Site<'_>, due: &Due<'_>, procedure: &Procedure) -> Refusals {
    let wanted = due.wanted;
    let purpose = &wanted.purpose;
    let mut refusals = Vec::new();
    let shared = wanted.distribution == Distribution::MultiServer;
    if shared && !procedure.multi_server {
        let says =
            format!("expected a purpose that can be shared; {purpose} cannot be multi-server");
        refusals.push(site.refuse(says, "Set `distribution: this-server` for it."));
    }
    if shared && site.nodes.len() < 2 {
        let says = "expected two nodes or more for a multi-server request; the cluster has one";
        refusals.push(site.refuse(says, "Set `distribution: this-server` for it."));
    }
    if shared && !due.nodes.contains(&site.publisher) {
        let says = format!(
            "expected the publisher among the nodes of the shared {purpose} certificate; it makes the request"
        );
        let next = "Let the rule cover the publisher.";
        refusals.push(site.refuse(says, next).breaking("I9").at([&site.publisher]));
    }
    if shared {
        refusals.extend(membership(site, due));
    }
    if wanted.key.bits > LONGEST_KEY {
        let says = format!(
            "expected a key of at most {LONGEST_KEY} bits; found {}",
            wanted.key
        );
        refusals.push(site.refuse(says, "Ask for a shorter key.").breaking("I24"));
    }
    if (wanted.key.algorithm == KeyAlgorithm::Ec) != purpose.is_ecdsa() {
        let says = format!(
            "expected the kind of key that {purpose} holds; found {}",
            wanted.key
        );
        refusals.push(site.refuse(
            says,
            "Ask for ec-… with purposes that end in -ECDSA, for rsa-… with all others.",
        ));
    }
    for name in &wanted.also {
        match name {
            SubjectName::Dns(text) if text.contains('*') => refusals.push(
                site.refuse(
                    format!("expected names without wildcards; found {name}"),
                    "Write the names out.",
                )
                .breaking("I24"),
            ),
            SubjectName::Dns(_) => {}
            SubjectName::Ip(_) | SubjectName::Other(_) => refusals.push(site.refuse(
                format!("expected DNS names only, which is what the interface takes; found {name}"),
                "Remove it from `names: {also: […]}`.",
            )),
        }
    }
    let addresses = due
        .nodes
        .iter()
        .filter(|node| node.as_str().parse::<IpAddr>().is_ok());
    refusals.extend(addresses.map(|node| {
        let says = "expected a node known by a DNS name; it is known by an address, which a request cannot carry";
        site.refuse(says, "Give the node a host name in the cluster's server list.").breaking("I18").at([node])
    }));
    refusals
}

/// A shared certificate names every node of the cluster that holds the purpose, so that the list must be known.
fn membership(site: &Site<'_>, due: &Due<'_>) -> Refusals {
    let listed = match &site.state.listed {
        Observed::Present(listed) => listed,
        Observed::Unknown(why) => {
            return vec![unknown(site.cluster, "the cluster's node list", why)];
        }
        Observed::Absent => {
            return vec![unknown(
                site.cluster,
                "the cluster's node list",
                "it is empty",
            )];
        }
    };
    let strangers: Vec<&NodeName> = listed
        .keys()
        .filter(|node| !due.nodes.contains(node))
        .collect();
    let missing: Vec<&NodeName> = due
        .nodes
        .iter()
        .filter(|node| !listed.contains_key(*node))
        .collect();
    if strangers.is_empty() && missing.is_empty() {
        return Vec::new();
    }
    let says = format!(
        "expected the shared {} certificate to name exactly the nodes that the publisher lists; they differ in these",
        due.wanted.purpose
    );
    let next = "Let the estate file declare exactly the nodes of the cluster.";
    vec![
        site.refuse(says, next)
            .breaking("I18")
            .at(strangers.into_iter().chain(missing)),
    ]
}

/// A request that waits belongs to somebody; a new one would destroy its key.
fn pending(site: &Site<'_>, due: &Due<'_>) -> Refusals {
    let purpose = &due.wanted.purpose;
    let waiting = due.nodes.iter().filter_map(|node| {
        match site.state.nodes.get(node)?.pending.get(purpose)? {
            Observed::Absent => None,
            Observed::Unknown(why) => {
                let fact = format!("whether a {purpose} request waits");
                Some(unknown(site.cluster, &fact, why).breaking("I7").at([node]))
            }
            Observed::Present(request) => Some(
                site.refuse(
                    format!(
                        "expected no {purpose} request that waits; found one for {} with key {}, which a new \
                         request would destroy",
                        request.subject,
                        request.key.sha256.short()
                    ),
                    "Finish that renewal, or delete the request in OS Administration, then plan again.",
                )
                .breaking("I7")
                .at([node]),
            ),
        }
    });
    waiting.collect()
}

fn requests(site: &Site<'_>, due: &Due<'_>) -> Vec<Request> {
    let wanted = due.wanted;
    let named = |nodes: &[NodeName]| -> BTreeSet<SubjectName> {
        let own = nodes.iter().map(|node| SubjectName::dns(node.as_str()));
        own.chain(wanted.also.iter().cloned()).collect()
    };
    match wanted.distribution {
        Distribution::MultiServer => vec![Request {
            node: site.publisher.clone(),
            nodes: due.nodes.clone(),
            common_name: shared_common_name(site, due),
            names: named(&due.nodes),
        }],
        Distribution::ThisServer => due
            .nodes
            .iter()
            .map(|node| Request {
                node: node.clone(),
                nodes: vec![node.clone()],
                common_name: node.to_string(),
                names: named(std::slice::from_ref(node)),
            })
            .collect(),
    }
}

/// The common name of the shared certificate: the one that the nodes share now, or else the platform's
/// default, `HOST-ms.DOMAIN` (claim CUCM-MULTI-SERVER-CN; `HOST-EC-ms.DOMAIN` by cucm-certificate-rules §1).
fn shared_common_name(site: &Site<'_>, due: &Due<'_>) -> String {
    let purpose = &due.wanted.purpose;
    let present = site.state.identity(&site.publisher, purpose);
    let shared = present.filter(|certificate| {
        let others = due.nodes.iter().filter(|node| **node != site.publisher);
        others
            .filter_map(|node| site.state.identity(node, purpose))
            .any(|other| other.sha256 == certificate.sha256)
    });
    if let Some(name) = shared.and_then(|certificate| certificate.common_name.as_ref()) {
        return name.clone();
    }
    let middle = if purpose.is_ecdsa() { "-EC-ms" } else { "-ms" };
    match site.publisher.as_str().split_once('.') {
        Some((host, domain)) => format!("{host}{middle}.{domain}"),
        None => format!("{}{middle}", site.publisher),
    }
}
