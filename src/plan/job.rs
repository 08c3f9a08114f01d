//! One purpose of one cluster, with everything settled that its steps need: issuer, request, restarts, proof.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Appliance, Finding, Issuer, Listener, NodeName, Procedure, ProofRule, RestartRule, StepId,
    UsageRule,
};

use super::Question;
use super::due::Due;
use super::facts::{Refusals, Site};
use super::request::{Request, pending, request_rules, requests};
use super::trust;

/// The purposes for which this release has every step that the invariants ask for. Others touch what phones
/// trust (CTL, ITL, resets: I1, I2, I11, I12) or have no checked order yet.
const PLANNED: [&str; 2] = ["tomcat", "tomcat-ECDSA"];

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
            .find(|known| known.appliance == Appliance::Cucm && known.purpose == *purpose);
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
}

/// Keeps a value, or its refusals.
fn collect<T>(refusals: &mut Refusals, result: Result<T, Refusals>) -> Option<T> {
    result.map_err(|more| refusals.extend(more)).ok()
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
