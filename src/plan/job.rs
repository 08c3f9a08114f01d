//! One purpose of one cluster, with everything settled that its steps need: issuer, request, restarts, proof.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Appliance, Distribution, Finding, Issuer, NodeName, PhoneRule, Procedure, Purpose, StepId,
    Usages,
};

use super::Question;
use super::due::Due;
use super::facts::{Refusals, Site};
use super::request::{Request, pending, request_rules, requests};
use super::restart::{Proved, Restart};
use super::reuse::{reused, twin_of};
use super::trust;

/// A purpose that is due, ready to become steps.
pub(super) struct Job<'a> {
    pub(super) due: Due<'a>,
    /// By the software of the nodes that get it.
    pub(super) procedures: BTreeMap<Appliance, &'a Procedure>,
    /// The first of them.
    pub(super) lead: &'a Procedure,
    /// The procedure of the purpose that reuses this certificate.
    pub(super) reused_for: Option<&'a Procedure>,
    pub(super) issuer: &'a Issuer,
    /// What the issued certificate must carry, and the sources of that.
    pub(super) carries: Carries<'a>,
    pub(super) requests: Vec<Request>,
    pub(super) uploads: Vec<trust::Upload<'a>>,
    pub(super) restarts: BTreeMap<NodeName, Vec<Restart<'a>>>,
    pub(super) proofs: BTreeMap<NodeName, Vec<Proved<'a>>>,
    /// Why the restart sets are as they are, and what could not be proved.
    pub(super) remarks: BTreeSet<String>,
    pub(super) made: Made,
}

/// What a certificate must carry.
#[derive(Default)]
pub(super) struct Carries<'a> {
    pub(super) keys: Usages,
    pub(super) extended: Usages,
    pub(super) sources: Vec<(&'a Procedure, &'a str)>,
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
    /// The uploads of the certificates, in the order of [`Job::requests`] as far as they were made.
    pub(super) uploaded: Vec<StepId>,
}

/// Settles a due purpose: one job, or one for each kind of node where each node gets its own certificate, because
/// kinds of nodes ask for other usages.
///
/// # Errors
/// Every reason why it cannot be done safely.
pub(super) fn settle<'a>(
    question: &Question<'a>,
    site: &Site<'a>,
    due: Due<'a>,
) -> Result<Vec<Job<'a>>, Refusals> {
    let mut groups: BTreeMap<Appliance, Vec<NodeName>> = BTreeMap::new();
    for node in &due.nodes {
        groups
            .entry(site.appliance(node))
            .or_default()
            .push(node.clone());
    }
    let shared = due.wanted.distribution == Distribution::MultiServer;
    let mut parts = Vec::new();
    if shared || groups.len() < 2 {
        parts.push(due);
    } else {
        parts.extend(groups.into_values().map(|nodes| Due {
            wanted: due.wanted,
            findings: due.findings.clone(),
            nodes,
        }));
    }
    let mut jobs = Vec::new();
    let mut refusals = Vec::new();
    for part in parts {
        jobs.extend(collect(&mut refusals, Job::settle(question, site, part)));
    }
    if refusals.is_empty() {
        Ok(jobs)
    } else {
        Err(refusals)
    }
}

impl<'a> Job<'a> {
    fn settle(question: &Question<'a>, site: &Site<'a>, due: Due<'a>) -> Result<Self, Refusals> {
        let wanted = due.wanted;
        let procedures = procedures(question, site, &due)?;
        let Some(issuer) = question.desired.issuers.get(&wanted.issuer) else {
            return Err(vec![site.refuse(
                format!(
                    "expected issuer {} of {}; the estate names no such issuer",
                    wanted.issuer, wanted.purpose
                ),
                "Add the issuer to the estate file.",
            )]);
        };
        let mut refusals = Vec::new();
        let reused = collect(&mut refusals, reused(site, &wanted.purpose)).unwrap_or_default();
        let mut reused_for = None;
        if let Some(twin) = twin_of(&wanted.purpose)
            && due.nodes.iter().any(|node| reused.contains(node))
        {
            reused_for = collect(
                &mut refusals,
                procedure(question, site, Appliance::Cucm, &twin),
            );
        }
        for procedure in procedures.values() {
            refusals.extend(request_rules(site, &due, procedure));
        }
        refusals.extend(trust::chain_refusals(
            site.cluster,
            site.now,
            wanted,
            issuer,
        ));
        refusals.extend(pending(site, &due));
        let carries = collect(&mut refusals, carries(site, &due, &procedures));
        let with_twin: Vec<&Procedure> = procedures.values().copied().chain(reused_for).collect();
        let uploads = collect(&mut refusals, trust::uploads(site, &with_twin, issuer));
        let lead = procedures.values().next().copied();
        let (Some(lead), Some(carries), Some(uploads), true) =
            (lead, carries, uploads, refusals.is_empty())
        else {
            return Err(refusals);
        };
        let mut job = Self {
            requests: requests(site, &due),
            procedures,
            lead,
            reused_for,
            issuer,
            carries,
            uploads,
            restarts: BTreeMap::new(),
            proofs: BTreeMap::new(),
            remarks: BTreeSet::new(),
            made: Made::default(),
            due,
        };
        for node in &site.nodes {
            let rules = job.restarts_on(site, node, question.options);
            if let Some(rules) = collect(&mut refusals, rules)
                && !rules.is_empty()
            {
                job.restarts.insert(node.clone(), rules);
            }
        }
        refusals.sort();
        refusals.dedup();
        if refusals.is_empty() {
            Ok(job)
        } else {
            Err(refusals)
        }
    }

    /// The purpose.
    pub(super) fn purpose(&self) -> &'a Purpose {
        &self.due.wanted.purpose
    }

    /// The procedure for a node that gets the certificate.
    pub(super) fn procedure_on(&self, site: &Site<'_>, node: &NodeName) -> Option<&'a Procedure> {
        self.procedures.get(&site.appliance(node)).copied()
    }

    /// Every procedure that has a say, the purpose's own first.
    pub(super) fn all_procedures(&self) -> impl Iterator<Item = &'a Procedure> {
        self.procedures.values().copied().chain(self.reused_for)
    }

    /// What phones hold of the certificate.
    pub(super) fn phones(&self) -> Option<&'a PhoneRule> {
        self.all_procedures()
            .find_map(|procedure| procedure.phones.as_ref())
    }

    /// Whether a phone that is not registered could be stranded by this certificate: it may change what signs
    /// configuration files and trust lists, or what vouches for the signer.
    pub(super) fn may_strand_absent(&self) -> bool {
        let plain = self.purpose().plain();
        self.reused_for.is_some() || matches!(plain.as_str(), "CallManager" | "TVS")
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
        self.made.requests.get(self.request_at(node)?)
    }

    /// The upload step that gives a node its new certificate.
    pub(super) fn upload_of(&self, node: &NodeName) -> Option<&StepId> {
        self.made.uploaded.get(self.request_at(node)?)
    }

    fn request_at(&self, node: &NodeName) -> Option<usize> {
        self.requests
            .iter()
            .position(|request| request.nodes.contains(node))
    }
}

/// Keeps a value, or its refusals.
pub(super) fn collect<T>(refusals: &mut Refusals, result: Result<T, Refusals>) -> Option<T> {
    result.map_err(|more| refusals.extend(more)).ok()
}

fn procedures<'a>(
    question: &Question<'a>,
    site: &Site<'a>,
    due: &Due<'_>,
) -> Result<BTreeMap<Appliance, &'a Procedure>, Refusals> {
    let mut found = BTreeMap::new();
    let mut refusals = Vec::new();
    let kinds: BTreeSet<Appliance> = due.nodes.iter().map(|node| site.appliance(node)).collect();
    for appliance in kinds {
        let procedure = procedure(question, site, appliance, &due.wanted.purpose);
        if let Some(procedure) = collect(&mut refusals, procedure) {
            found.insert(appliance, procedure);
        }
    }
    if refusals.is_empty() {
        Ok(found)
    } else {
        Err(refusals)
    }
}

fn procedure<'a>(
    question: &Question<'a>,
    site: &Site<'a>,
    appliance: Appliance,
    purpose: &Purpose,
) -> Result<&'a Procedure, Refusals> {
    let known = question
        .procedures
        .iter()
        .find(|known| known.appliance == appliance && known.purpose == *purpose);
    let Some(procedure) = known else {
        let says = format!("expected a playbook for {purpose} on {appliance}; there is none");
        let next = "Add one with --playbooks, or renew this purpose by hand.";
        return Err(vec![site.refuse(says, next)]);
    };
    match &procedure.assess_only {
        None => Ok(procedure),
        Some(why) => {
            let says =
                format!("expected a purpose that can be planned; {purpose} is only assessed");
            Err(vec![site.refuse(says, why.text.clone())])
        }
    }
}

/// What the certificate must carry: on every kind of node that gets it.
fn carries<'a>(
    site: &Site<'_>,
    due: &Due<'_>,
    procedures: &BTreeMap<Appliance, &'a Procedure>,
) -> Result<Carries<'a>, Refusals> {
    let mut carries = Carries::default();
    let mut refusals = Vec::new();
    for (appliance, procedure) in procedures {
        let node = due
            .nodes
            .iter()
            .find(|node| site.appliance(node) == *appliance);
        let release = node.map_or(&site.release, |node| site.release_of(node));
        let mut rules = procedure.usages.iter();
        match rules.find(|rule| rule.releases.contains(release)) {
            Some(rule) => {
                carries.keys.extend(rule.key_usage.iter().cloned());
                carries.extended.extend(rule.extended_usage.iter().cloned());
                carries.sources.push((procedure, &rule.source));
            }
            None => refusals.push(site.refuse(
                format!(
                    "expected the {} procedure for {appliance} to name the usages for release {release}; it names none",
                    procedure.purpose
                ),
                "Use a playbook that covers this release.",
            )),
        }
    }
    if refusals.is_empty() {
        Ok(carries)
    } else {
        Err(refusals)
    }
}
