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
mod refusal;
mod request;
mod restart;
mod selection;
mod stages;
mod step;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timeline;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    ClusterName, ClusterState, Desired, Finding, Fingerprint, Observation, Observed, Procedure,
    Store,
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
    })
}

/// Plans one cluster; `None` if nothing is due there.
fn cluster(question: &Question<'_>, name: &ClusterName) -> Result<Option<ClusterPlan>, Refusals> {
    let Some(state) = question.observation.clusters.get(name) else {
        let says = "expected an observation of the cluster; it was not observed";
        let next = "Observe it, or leave it out with --except.";
        return Err(vec![Refusal::of(name, says, next).breaking("I25")]);
    };
    let due = due::due(question, name, state)?;
    if due.is_empty() {
        return Ok(None);
    }
    let site = Site::survey(name, state, question.now)?;
    let mut jobs = Vec::new();
    let mut refusals = Vec::new();
    for due in due {
        match Job::settle(question, &site, due) {
            Ok(job) => jobs.push(job),
            Err(more) => refusals.extend(more),
        }
    }
    refusals.extend(one_name_one_authority(&site, &jobs));
    if refusals.is_empty() {
        Ok(Some(steps(question, &site, jobs)))
    } else {
        Err(refusals)
    }
}

/// Two purposes may not bring different authorities of one common name into one store (invariant I19).
fn one_name_one_authority(site: &Site<'_>, jobs: &[Job<'_>]) -> Refusals {
    let mut wanted: BTreeMap<(&Store, String), &Fingerprint> = BTreeMap::new();
    let mut refusals = Vec::new();
    for job in jobs {
        for (rule, authority) in job.procedure.stores.iter().flat_map(|rule| {
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

/// The steps of one cluster. Prepare and request cover all purposes at once; then each purpose is installed
/// and activated by itself, because only one may be in flight (invariant I26).
fn steps(question: &Question<'_>, site: &Site<'_>, mut jobs: Vec<Job<'_>>) -> ClusterPlan {
    let mut draft = Draft::new(site.cluster, stages::first_write(site));
    let backup = stages::backup(&mut draft, question, site);
    let before_writes = draft.steps.len();
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
    let mut gate: Vec<_> = install::sso_off(&mut draft, site, &jobs)
        .into_iter()
        .collect();
    let mut proved = Vec::new();
    for job in &mut jobs {
        install::install(&mut draft, site, job, &gate);
        gate = activate::activate(&mut draft, site, job)
            .into_iter()
            .collect();
        proved.extend(gate.iter().cloned());
    }
    let verified = activate::verify(&mut draft, site, &jobs, &proved);
    install::sso_on(&mut draft, site, &jobs, &verified);
    let mut plan = ClusterPlan {
        product: site.state.product,
        release: site.release.clone(),
        nodes: site.nodes.clone(),
        steps: Vec::new(),
        edges: Vec::new(),
        basis: basis(site.state),
        phones: None,
        findings: answered(&jobs),
        reminders: reminders(site.state, &jobs),
    };
    draft.finish(&mut plan);
    plan
}

/// The findings that the jobs answer, each once.
fn answered(jobs: &[Job<'_>]) -> Vec<Finding> {
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
fn reminders(state: &ClusterState, jobs: &[Job<'_>]) -> Vec<String> {
    let mut reminders = Vec::new();
    for job in jobs {
        for reminder in &job.procedure.reminders {
            let sources = draft::cited(job.procedure, &[&reminder.source]).join("; ");
            reminders.push(match sources.as_str() {
                "" => reminder.text.clone(),
                sources => format!("{} [{sources}]", reminder.text),
            });
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
