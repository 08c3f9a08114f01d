//! Passes: the purposes that change together, so that each service restarts once on each node, and the certificates
//! that phones hold, each by itself (invariants I2, I12, I26).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Appliance, AttendedRule, NodeName, Procedure, Purpose, ServiceName};

use super::Question;
use super::due::place;
use super::facts::{Refusals, Site};
use super::job::{Job, collect};
use super::refusal::Refusal;
use super::restart::Restart;
use super::trusting::Extra;

/// The purposes of one pass.
pub(super) struct Pass<'a> {
    /// In the order of renewal.
    pub(super) jobs: Vec<Job<'a>>,
    /// What restarts on each node that takes part, each service once.
    pub(super) restarts: BTreeMap<NodeName, Vec<Merged<'a>>>,
    /// What a person does around the restarts, by the kind of node that restarts.
    pub(super) attended: Vec<(Appliance, &'a Procedure, &'a AttendedRule)>,
    /// What the cluster must trust for others, where what reads it restarts in this pass.
    pub(super) extra: Option<&'a Extra<'a>>,
}

/// One service that restarts once for every purpose that asks for it.
pub(super) struct Merged<'a> {
    pub(super) first: Restart<'a>,
    /// The others that ask for the same.
    pub(super) also: Vec<Restart<'a>>,
}

impl<'a> Merged<'a> {
    /// Everybody who asks for it.
    pub(super) fn all(&self) -> impl Iterator<Item = &Restart<'a>> {
        std::iter::once(&self.first).chain(&self.also)
    }
}

/// Groups jobs into passes, in the order of renewal, and settles what proves each.
///
/// # Errors
/// Refusals: a purpose that could not be proved.
pub(super) fn passes<'a>(
    question: &Question<'a>,
    site: &Site<'a>,
    jobs: Vec<Job<'a>>,
    extra: Option<&'a Extra<'a>>,
) -> Result<Vec<Pass<'a>>, Refusals> {
    let order = &question.desired.order;
    // Everything that phones hold nothing of goes together, at the place of the first of them that has one.
    let together = jobs
        .iter()
        .filter(|job| job.phones().is_none())
        .map(|job| place(order, job.purpose()))
        .min()
        .map(|first| if first == order.len() { 0 } else { first });
    let mut groups: BTreeMap<(usize, Option<Purpose>), Vec<Job<'a>>> = BTreeMap::new();
    for job in jobs {
        let family = job.purpose().plain();
        let key = match (job.phones(), together) {
            (None, Some(first)) => (first, None),
            _ => (place(order, &family), Some(family)),
        };
        groups.entry(key).or_default().push(job);
    }
    let mut refusals = Vec::new();
    let mut passes = Vec::new();
    // What must be trusted for others counts once what reads it restarts: with the pass that phones hold nothing of, or
    // else by itself before everything.
    let mut extra = extra.filter(|extra| !extra.restarts.is_empty());
    if together.is_none() && extra.is_some() {
        passes.extend(collect(
            &mut refusals,
            Pass::settle(site, Vec::new(), extra.take()),
        ));
    }
    for jobs in groups.into_values() {
        let phones = jobs.iter().any(|job| job.phones().is_some());
        let extra = if phones { None } else { extra.take() };
        passes.extend(collect(&mut refusals, Pass::settle(site, jobs, extra)));
    }
    if refusals.is_empty() {
        Ok(passes)
    } else {
        Err(refusals)
    }
}

impl<'a> Pass<'a> {
    fn settle(
        site: &Site<'a>,
        mut jobs: Vec<Job<'a>>,
        extra: Option<&'a Extra<'a>>,
    ) -> Result<Self, Refusals> {
        let mut restarts: BTreeMap<NodeName, Vec<Merged<'a>>> = BTreeMap::new();
        let asked = jobs.iter().map(|job| &job.restarts);
        for (node, rules) in asked.chain(extra.map(|it| &it.restarts)).flatten() {
            let merged = restarts.entry(node.clone()).or_default();
            for restart in rules {
                let same = |it: &&mut Merged<'_>| it.first.rule.service == restart.rule.service;
                match merged.iter_mut().find(same) {
                    Some(known) => known.also.push(*restart),
                    None => merged.push(Merged {
                        first: *restart,
                        also: Vec::new(),
                    }),
                }
            }
        }
        let mut refusals: Refusals = unlisted(site, &jobs).into_iter().collect();
        for job in &mut jobs {
            for node in job.due.nodes.clone() {
                let merged = restarts.get(&node).into_iter().flatten();
                let services: BTreeSet<&ServiceName> =
                    merged.map(|it| &it.first.rule.service).collect();
                let proofs = job.proofs_on(site, &node, &services);
                if let Some(proofs) = collect(&mut refusals, proofs) {
                    job.proofs.insert(node, proofs);
                }
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        // What restarts along with another service was counted for the proofs and need not restart again.
        for merged in restarts.values_mut() {
            let leads = merged
                .iter()
                .any(|it| it.first.rule.service.as_str() == XCP_ROUTER);
            merged.retain(|it| !leads || !goes_with_router(&it.first.rule.service));
        }
        let procedures = jobs.iter().flat_map(Job::all_procedures);
        let others = extra.into_iter().flat_map(Extra::procedures);
        let attended = attended(site, procedures.chain(others), &restarts);
        Ok(Self {
            jobs,
            restarts,
            attended,
            extra,
        })
    }

    /// Whether phones hold a certificate of this pass.
    pub(super) fn holds_phones(&self) -> bool {
        self.jobs.iter().any(|job| job.phones().is_some())
    }

    /// Whether the certificate trust list must be written anew.
    pub(super) fn updates_trust_list(&self, site: &Site<'_>) -> bool {
        site.mixed() && self.jobs.iter().any(Self::lists)
    }

    /// Whether the trust list carries the certificate of a job. Of twins nobody knows (claim VOS-CTL-TWINS).
    pub(super) fn lists(job: &Job<'_>) -> bool {
        !job.purpose().is_ecdsa() && job.phones().is_some_and(|rule| rule.ctl)
    }

    /// The nodes that change together. Where one must keep what phones hold of it until they have taken the new
    /// list, the first node goes before all others (invariant I3).
    pub(super) fn rounds(&self, site: &Site<'_>) -> Vec<Round> {
        let all: BTreeSet<NodeName> = self
            .jobs
            .iter()
            .flat_map(|job| job.due.nodes.iter().cloned())
            .chain(self.restarts.keys().cloned())
            .collect();
        let one_stays = self.jobs.iter().any(|job| {
            let stays = job.phones().is_some_and(|rule| rule.one_stays);
            stays && job.due.nodes.len() > 1 && job.due.nodes.len() == job.due.wanted.nodes.len()
        });
        let first = site.nodes.iter().find(|node| all.contains(*node)).cloned();
        match first {
            Some(first) if one_stays => {
                let rest: BTreeSet<NodeName> =
                    all.iter().filter(|node| **node != first).cloned().collect();
                // Where lists are not written by themselves, every node that offers one must name the new certificate.
                let by_itself = self
                    .jobs
                    .iter()
                    .any(|job| job.resets_on_upload(site, &first));
                let alone = Round {
                    nodes: [first].into(),
                    lists_on: if by_itself {
                        BTreeSet::new()
                    } else {
                        rest.clone()
                    },
                };
                vec![alone, Round::of(rest)]
            }
            _ => vec![Round::of(all)],
        }
    }

    /// What restarts on a node in a round.
    pub(super) fn restarts_in<'p>(
        &'p self,
        round: &Round,
        node: &NodeName,
    ) -> impl Iterator<Item = &'p Merged<'a>> {
        let (whole, lists) = (round.nodes.contains(node), round.lists_on.contains(node));
        let merged = self.restarts.get(node).into_iter().flatten();
        merged.filter(move |it| whole || lists && it.first.rule.service.as_str() == LIST_SERVICE)
    }
}

/// The service whose restart restarts every other XCP service of the node (claim IMP-XCP-ROUTER-TAKES-ALL).
const XCP_ROUTER: &str = "Cisco XCP Router";

fn goes_with_router(service: &ServiceName) -> bool {
    service.as_str().starts_with("Cisco XCP ") && service.as_str() != XCP_ROUTER
}

/// The service that offers phones their lists. Source: claim PHONE-ITL-ON-START.
const LIST_SERVICE: &str = "Cisco Tftp";

/// Nodes that change together.
pub(super) struct Round {
    /// They get their certificates and restart.
    pub(super) nodes: BTreeSet<NodeName>,
    /// Here only what offers the lists restarts.
    pub(super) lists_on: BTreeSet<NodeName>,
}

impl Round {
    fn of(nodes: BTreeSet<NodeName>) -> Self {
        Self {
            nodes,
            lists_on: BTreeSet::new(),
        }
    }
}

/// What a person does around the restarts of each kind of node that restarts.
fn attended<'a>(
    site: &Site<'_>,
    procedures: impl Iterator<Item = &'a Procedure>,
    restarts: &BTreeMap<NodeName, Vec<Merged<'_>>>,
) -> Vec<(Appliance, &'a Procedure, &'a AttendedRule)> {
    let of_kind = |kind: Appliance| {
        let nodes = site.nodes.iter();
        nodes.filter(move |node| site.appliance(node) == kind)
    };
    let mut found: Vec<(Appliance, &Procedure, &AttendedRule)> = Vec::new();
    for procedure in procedures {
        let kind = procedure.appliance;
        let restarting = of_kind(kind).any(|node| restarts.contains_key(node));
        for rule in &procedure.attended {
            let known = found
                .iter()
                .any(|(of, _, it)| *of == kind && it.before == rule.before);
            if restarting && !known && of_kind(kind).count() >= rule.from_nodes {
                found.push((kind, procedure, rule));
            }
        }
    }
    found
}

/// In mixed mode a twin changes only beside a certificate that the trust list is known to carry: of the twin alone
/// nobody could read back that the list holds it (claim VOS-CTL-TWINS).
fn unlisted(site: &Site<'_>, jobs: &[Job<'_>]) -> Option<Refusal> {
    let twin = |job: &&Job<'_>| job.purpose().is_ecdsa() && job.phones().is_some();
    let job = jobs.iter().find(twin)?;
    if !site.mixed() || jobs.iter().any(Pass::lists) {
        return None;
    }
    let says = format!(
        "expected {} to change together with CallManager, because in mixed mode the trust list can be read back by \
         that one only; found it due alone",
        job.purpose()
    );
    let next = "Raise `renew_before` of CallManager so that both are due, or renew it by hand with `utils ctl update \
                CTLFile` before the restarts.";
    Some(site.refuse(says, next).breaking("I11"))
}
