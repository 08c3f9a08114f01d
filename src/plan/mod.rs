//! The planner: findings and procedures to an ordered plan. Pure.
//!
//! Each cluster goes the same way: what is due (`due`), the facts that every step needs (`facts`), one
//! `job` for each purpose with its trust uploads (`trust`), then the steps stage by stage (`stages`,
//! `install`, `activate`). Anything that cannot be ordered safely is a [`Refusal`], and then there is no plan at all.

mod activate;
mod basis;
mod beliefs;
mod draft;
mod due;
mod facts;
pub mod file;
mod install;
mod job;
mod pass;
mod phones;
mod refusal;
mod request;
mod reset;
mod restart;
mod reuse;
mod selection;
mod stages;
mod step;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tidy;
mod timeline;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    ClusterName, ClusterState, Desired, Finding, Fingerprint, Observation, Observed, Procedure,
    StepId, Store,
};

pub use basis::{Moved, Touched, basis, moved, touched};
pub use refusal::Refusal;
pub use selection::{Cut, Options, Waivers};
pub use step::{
    Action, ClusterPlan, Condition, Disruption, Edge, IssueTerms, PLAN_FORMAT, PhoneBaseline, Plan,
    Reversal, Stage, Step,
};
pub use timeline::{Outage, SafeStop, Timed, Timeline, timeline};
pub use trust::{Forecast, forecast};

use draft::Draft;
use facts::{Refusals, Site};
use job::Job;
use pass::Pass;

/// All that a plan is made from.
struct Question<'a> {
    observation: &'a Observation,
    desired: &'a Desired,
    procedures: &'a [Procedure],
    findings: &'a [Finding],
    options: &'a Options,
    now: Timestamp,
}

/// Makes the smallest plan that answers the findings. Equal input gives an equal plan. Where nothing is due
/// the plan has no clusters.
///
/// # Errors
/// Every reason, over all clusters, why a part of what was asked cannot be ordered safely. One refusal
/// refuses the whole plan: leave a cluster out by [`Options::except`].
pub fn plan(
    observation: &Observation,
    desired: &Desired,
    procedures: &[Procedure],
    findings: &[Finding],
    options: &Options,
    now: Timestamp,
) -> Result<Plan, Vec<Refusal>> {
    let question = Question {
        observation,
        desired,
        procedures,
        findings,
        options,
        now,
    };
    let names: BTreeSet<&ClusterName> = desired
        .certificates
        .iter()
        .map(|wanted| &wanted.cluster)
        .filter(|cluster| options.takes_cluster(cluster))
        .collect();
    let mut clusters = BTreeMap::new();
    let mut refusals = Vec::new();
    for name in names {
        match cluster(&question, name) {
            Ok(Some(plan)) => {
                clusters.insert(name.clone(), plan);
            }
            Ok(None) => {}
            Err(more) => refusals.extend(more),
        }
    }
    if !refusals.is_empty() {
        refusals.sort();
        refusals.dedup();
        return Err(refusals);
    }
    Ok(Plan {
        format: PLAN_FORMAT,
        made: now,
        valid_until: now.checked_add(desired.valid_for).unwrap_or(Timestamp::MAX),
        clusters,
        links: Vec::new(),
    })
}

/// Plans one cluster; `None` if nothing is due there.
fn cluster(question: &Question<'_>, name: &ClusterName) -> Result<Option<ClusterPlan>, Refusals> {
    let Some(state) = question.observation.clusters.get(name) else {
        let says = "expected an observation of the cluster; it was not observed";
        let next = "Observe it, or leave it out with --except.";
        return Err(vec![Refusal::of(name, says, next).breaking("I25")]);
    };
    let due = due::due(question, name, state);
    // What keeps a change from beginning there need not be mended first: there will be none.
    if due.is_err()
        && let Some(refusal) = facts::only_observed(name, state)
    {
        return Err(vec![refusal]);
    }
    let due = due?;
    let leftovers = tidy::leftovers(question, state);
    if due.is_empty() && leftovers.is_empty() {
        return Ok(None);
    }
    let site = Site::survey(name, state, question.now)?;
    let mut jobs = Vec::new();
    let mut refusals = Vec::new();
    for due in due {
        jobs.extend(
            job::collect(&mut refusals, job::settle(question, &site, due))
                .into_iter()
                .flatten(),
        );
    }
    let mut follows = Vec::new();
    jobs.retain(|job| {
        let original = reuse::original_of(job.purpose());
        let reused = original.and_then(|it| reuse::reused(&site, &it).ok()).unwrap_or_default();
        let keeps = !job.due.nodes.iter().any(|node| reused.contains(node));
        if !keeps {
            follows.push(format!(
                "{} reuses the tomcat certificate and changes with it; it gets no certificate of its own.",
                job.purpose()
            ));
        }
        keeps
    });
    refusals.extend(one_name_one_authority(&site, &jobs));
    let mut phones = None;
    if refusals.is_empty() && jobs.iter().any(|job| job.phones().is_some()) {
        let waivers = &question.options.waived;
        phones = job::collect(&mut refusals, phones::baseline(&site, &jobs, waivers));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut plan = if jobs.is_empty() {
        bare(&site)
    } else {
        let passes = pass::passes(question, &site, jobs)?;
        steps(question, &site, passes, phones)
    };
    tidy::add(&mut plan, question, &site, &leftovers);
    plan.reminders.extend(follows);
    Ok((!plan.steps.is_empty()).then_some(plan))
}

/// Two purposes may not bring different authorities of one common name into one store (invariant I19).
fn one_name_one_authority(site: &Site<'_>, jobs: &[Job<'_>]) -> Refusals {
    let mut wanted: BTreeMap<(&Store, String), &Fingerprint> = BTreeMap::new();
    let mut refusals = Vec::new();
    for job in jobs {
        let rules = job.all_procedures().flat_map(|procedure| &procedure.stores);
        for (rule, authority) in rules.flat_map(|rule| {
            job.issuer
                .chain
                .iter()
                .map(move |authority| (rule, authority))
        }) {
            let certificate = &authority.certificate;
            let key = (&rule.store, certificate.title().to_ascii_lowercase());
            let other = wanted.insert(key, &certificate.sha256);
            if other.is_some_and(|other| *other != certificate.sha256) {
                let says = format!(
                    "expected one authority named {} for {}; two issuers bring different ones",
                    certificate.title(),
                    rule.store
                );
                let next =
                    "Have one of them renewed under a new name; a store keeps one of each name.";
                refusals.push(site.refuse(says, next).breaking("I19"));
            }
        }
    }
    refusals
}

/// The steps of one cluster. Prepare and request cover all purposes at once; then each pass is installed and
/// activated by itself (invariant I26).
fn steps(
    question: &Question<'_>,
    site: &Site<'_>,
    mut passes: Vec<Pass<'_>>,
    phones: Option<PhoneBaseline>,
) -> ClusterPlan {
    let mut draft = Draft::new(site, stages::first_write(site));
    let backup = stages::backup(&mut draft, question, site);
    let before_writes = draft.steps.len();
    let mut jobs: Vec<&mut Job<'_>> = passes.iter_mut().flat_map(|pass| &mut pass.jobs).collect();
    stages::prepare(&mut draft, &mut jobs);
    stages::request(&mut draft, &mut jobs);
    if let (Some(backup), Some(first)) = (&backup, draft.steps.get(before_writes)) {
        let first = first.id.clone();
        draft.edge(
            backup,
            &first,
            "the backup is taken before the first write (I25)",
        );
    }
    stages::issue(&mut draft, &mut jobs);
    let polls = question.desired.phone_polls;
    let mut gate: Vec<StepId> = Vec::new();
    let mut proved: Vec<StepId> = Vec::new();
    let mut back = None;
    for pass in &mut passes {
        let jobs: Vec<&Job<'_>> = pass.jobs.iter().collect();
        let off = install::sso_off(&mut draft, site, &jobs, &gate);
        gate.extend(off);
        for round in pass.rounds(site) {
            let mut ready = install::install(&mut draft, site, pass, &round, &gate);
            let list = reset::trust_list(&mut draft, site, pass, &ready);
            ready.extend(list);
            gate = activate::activate(&mut draft, site, pass, &round, &ready);
            if let Some(baseline) = phones.as_ref().filter(|_| pass.holds_phones()) {
                let (resets, opened) =
                    reset::phones(&mut draft, site, pass, baseline, polls, &gate);
                back = Some(Condition::PhonesBack { resets, polls });
                gate = vec![opened];
            }
            proved.extend(gate.iter().cloned());
        }
    }
    let jobs: Vec<&Job<'_>> = passes.iter().flat_map(|pass| &pass.jobs).collect();
    let verified = activate::verify(&mut draft, site, &jobs, &proved, back);
    install::sso_on(&mut draft, site, &jobs, &verified);
    let mut plan = ClusterPlan {
        phones,
        findings: answered(&jobs),
        reminders: reminders(site.state, &jobs),
        ..bare(site)
    };
    draft.finish(&mut plan);
    plan
}

/// A plan of a cluster in which nothing is done.
fn bare(site: &Site<'_>) -> ClusterPlan {
    ClusterPlan {
        product: site.state.product,
        release: site.release.clone(),
        nodes: site.nodes.clone(),
        steps: Vec::new(),
        edges: Vec::new(),
        basis: basis(site.state),
        phones: None,
        findings: Vec::new(),
        reminders: Vec::new(),
    }
}

/// The findings that the jobs answer, each once.
fn answered(jobs: &[&Job<'_>]) -> Vec<Finding> {
    let of_jobs = jobs.iter().flat_map(|job| {
        job.due.findings.iter().filter(|finding| {
            finding
                .node
                .as_ref()
                .is_none_or(|node| job.due.nodes.contains(node))
        })
    });
    let findings: BTreeSet<&Finding> = of_jobs.copied().collect();
    findings.into_iter().cloned().collect()
}

/// What the tool does not do or could not check.
fn reminders(state: &ClusterState, jobs: &[&Job<'_>]) -> Vec<String> {
    let mut reminders = Vec::new();
    for job in jobs {
        for procedure in job.all_procedures() {
            for reminder in &procedure.reminders {
                let sources = draft::cited(procedure, &[&reminder.source]).join("; ");
                reminders.push(match sources.as_str() {
                    "" => reminder.text.clone(),
                    sources => format!("{} [{sources}]", reminder.text),
                });
            }
        }
        reminders.extend(job.remarks.iter().cloned());
    }
    if let Observed::Unknown(why) = &state.phones {
        reminders.push(format!(
            "Registered phones could not be counted ({why}): this plan does not prove that they came back."
        ));
    }
    let mut seen = BTreeSet::new();
    reminders.retain(|reminder| seen.insert(reminder.clone()));
    reminders
}
