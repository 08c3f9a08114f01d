//! One cluster of CUCM or Unity Connection: what is due there and what it must trust for others, as one sequence.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::Superfluous;
use crate::model::{ClusterName, ClusterState, Finding, Fingerprint, Observed, StepId, Store};

use super::draft::{self, Draft};
use super::facts::{Refusals, Site};
use super::job::{self, Job};
use super::pass::{self, Pass};
use super::step::{Action, ClusterPlan, Condition, PhoneBaseline};
use super::trusting::Extra;
use super::{
    Question, activate, basis, due, install, phones, reset, reuse, stages, tidy, trusting,
};

/// A cluster of which everything is settled that does not depend on other clusters.
pub(super) struct Family<'a> {
    name: &'a ClusterName,
    state: &'a ClusterState,
    /// What is due; without one nothing is.
    pub(super) jobs: Vec<Job<'a>>,
    /// What a person may clear away.
    leftovers: Vec<Superfluous>,
    /// Purposes that change along with another.
    follows: Vec<String>,
}

/// The plan of such a cluster.
pub(super) struct Planned {
    pub(super) plan: ClusterPlan,
    /// The first restart for what it must trust for others.
    pub(super) disturbs: Option<StepId>,
    /// The step after which all of that counts.
    pub(super) loaded: Option<StepId>,
}

impl<'a> Family<'a> {
    /// Finds what is due in a cluster.
    ///
    /// # Errors
    /// Every reason why it cannot be done safely.
    pub(super) fn settle(
        question: &Question<'a>,
        name: &'a ClusterName,
        state: &'a ClusterState,
    ) -> Result<Self, Refusals> {
        let due = due::due(question, name, state)?;
        let mut family = Self {
            name,
            state,
            jobs: Vec::new(),
            leftovers: tidy::leftovers(question, state),
            follows: Vec::new(),
        };
        if due.is_empty() {
            return Ok(family);
        }
        let site = Site::survey(name, state, question.now)?;
        let mut refusals = Vec::new();
        for due in due {
            let jobs = job::collect(&mut refusals, job::settle(question, &site, due));
            family.jobs.extend(jobs.into_iter().flatten());
        }
        family.drop_reusing(&site);
        if refusals.is_empty() {
            Ok(family)
        } else {
            Err(refusals)
        }
    }

    /// Leaves out purposes that reuse the certificate of another.
    fn drop_reusing(&mut self, site: &Site<'_>) {
        let follows = &mut self.follows;
        self.jobs.retain(|job| {
            let original = reuse::original_of(job.purpose());
            let reused = original.and_then(|it| reuse::reused(site, &it).ok()).unwrap_or_default();
            let keeps = !job.due.nodes.iter().any(|node| reused.contains(node));
            if !keeps {
                follows.push(format!(
                    "{} reuses the tomcat certificate and changes with it; it gets no certificate of its own.",
                    job.purpose()
                ));
            }
            keeps
        });
    }

    /// Orders what is due, and what the cluster must trust for others; `None` if neither is anything.
    ///
    /// # Errors
    /// Every reason why it cannot be done safely.
    pub(super) fn plan(
        self,
        question: &Question<'a>,
        wanted: &[trusting::Wanted<'a>],
    ) -> Result<Option<Planned>, Refusals> {
        if self.jobs.is_empty() && self.leftovers.is_empty() && wanted.is_empty() {
            return Ok(None);
        }
        let reading = Site::reading(self.name, self.state, question.now)?;
        let extra = match wanted {
            [] => None,
            wanted => Some(trusting::settle(question, &reading, wanted)?),
        };
        let writes = extra
            .as_ref()
            .is_some_and(|extra| !extra.uploads.is_empty());
        let mut refusals = one_name_one_authority(&reading, &self.jobs, extra.as_ref());
        if writes && self.jobs.is_empty() {
            refusals.extend(trusting::forbidden(question, &reading));
        }
        let site = if writes || !self.jobs.is_empty() || !self.leftovers.is_empty() {
            Site::survey(self.name, self.state, question.now)?
        } else {
            reading
        };
        let mut phones = None;
        if refusals.is_empty() && self.jobs.iter().any(|job| job.phones().is_some()) {
            let waivers = &question.options.waived;
            phones = job::collect(&mut refusals, phones::baseline(&site, &self.jobs, waivers));
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut planned = if self.jobs.is_empty() && !writes {
            looking(&site, extra.as_ref())
        } else {
            let passes = pass::passes(question, &site, self.jobs, extra.as_ref())?;
            steps(question, &site, passes, phones, extra.as_ref())
        };
        tidy::add(&mut planned.plan, question, &site, &self.leftovers);
        planned.plan.reminders.extend(self.follows);
        Ok((!planned.plan.steps.is_empty()).then_some(planned))
    }
}

/// A plan that changes nothing: what the cluster must trust for others is there, and is read again.
fn looking(site: &Site<'_>, extra: Option<&Extra<'_>>) -> Planned {
    let mut plan = bare(site);
    let mut draft = Draft::new(site, Vec::new());
    let loaded = extra.map(|extra| extra.look(&mut draft));
    draft.finish(&mut plan);
    Planned {
        plan,
        disturbs: None,
        loaded,
    }
}

/// Two purposes may not bring different authorities of one common name into one store (invariant I19).
fn one_name_one_authority(
    site: &Site<'_>,
    jobs: &[Job<'_>],
    extra: Option<&Extra<'_>>,
) -> Refusals {
    let mut wanted: BTreeMap<(&Store, String), &Fingerprint> = BTreeMap::new();
    let mut refusals = Vec::new();
    let of_jobs = jobs.iter().flat_map(|job| {
        let rules = job.all_procedures().flat_map(|procedure| &procedure.stores);
        rules.flat_map(|rule| job.issuer.chain.iter().map(move |it| (&rule.store, it)))
    });
    for (store, authority) in of_jobs.chain(extra.into_iter().flat_map(Extra::brings)) {
        let certificate = &authority.certificate;
        let key = (store, certificate.title().to_ascii_lowercase());
        let other = wanted.insert(key, &certificate.sha256);
        if other.is_some_and(|other| *other != certificate.sha256) {
            let says = format!(
                "expected one authority named {} for {store}; two issuers bring different ones",
                certificate.title(),
            );
            let next = "Have one of them renewed under a new name; a store keeps one of each name.";
            refusals.push(site.refuse(says, next).breaking("I19"));
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
    extra: Option<&Extra<'_>>,
) -> Planned {
    let mut draft = Draft::new(site, stages::first_write(site));
    let backup = stages::backup(&mut draft, question, site);
    let before_writes = draft.steps.len();
    let mut jobs: Vec<&mut Job<'_>> = passes.iter_mut().flat_map(|pass| &mut pass.jobs).collect();
    let trusted = stages::prepare(&mut draft, &mut jobs, extra);
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
    let mut disturbs = None;
    let mut loaded = extra
        .filter(|extra| extra.uploads.is_empty())
        .map(|it| it.look(&mut draft));
    for pass in &mut passes {
        let jobs: Vec<&Job<'_>> = pass.jobs.iter().collect();
        let off = install::sso_off(&mut draft, site, &jobs, &gate);
        gate.extend(off);
        for round in pass.rounds(site) {
            let mut ready = install::install(&mut draft, site, pass, &round, &gate);
            let list = reset::trust_list(&mut draft, site, pass, &ready);
            ready.extend(list);
            let next = draft.next();
            if pass.extra.is_some() {
                ready.extend(trusted.iter().cloned());
            }
            gate = activate::activate(&mut draft, site, pass, &round, &ready);
            if pass.extra.is_some() {
                // A person may come after the last proof; whoever waits need not wait for that.
                let mut steps = draft.steps.iter().rev();
                let proof = steps.find(|step| matches!(step.action, Action::Confirm { .. }));
                loaded = proof.map(|step| step.id.clone());
                disturbs = Some(next);
            }
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
    let verified = activate::verify(&mut draft, site, &jobs, &proved, extra, back);
    install::sso_on(&mut draft, site, &jobs, &verified);
    let mut plan = ClusterPlan {
        phones,
        findings: answered(&jobs),
        reminders: reminders(site.state, &jobs),
        ..bare(site)
    };
    draft.finish(&mut plan);
    Planned {
        plan,
        disturbs,
        loaded,
    }
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
