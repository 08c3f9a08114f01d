//! Services restart node by node, each node is proved before the next, then everything is read again.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::{Appliance, NodeName, Observed, ServiceName, StepId};

use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::job::Job;
use super::pass::{Merged, Pass, Round};
use super::restart::Witness;
use super::stages::replication_good;
use super::step::{Action, Condition, Disruption, Reversal, Stage, Step};
use super::trusting::Extra;

/// How long reading a node again typically takes. Not published; an estimate for the timeline.
pub(super) const ONE_LOOK: SignedDuration = SignedDuration::from_mins(2);

/// What to do about a restart that goes wrong. Source: cucm-rest-and-cli §4.3.
const RESTART_WAY_BACK: &str = "A restart cannot be taken back. If the service does not come up, restart it once \
    more by hand (`utils service restart NAME` in the node's shell) and read its log before anything else restarts.";

/// Restarts one node after the other. Returns the step that proves the last one.
pub(super) fn activate(
    draft: &mut Draft,
    site: &Site<'_>,
    pass: &Pass<'_>,
    round: &Round,
    ready: &[StepId],
) -> Vec<StepId> {
    let takes_part = |node: &&NodeName| {
        let gets = pass.jobs.iter().any(|job| job.due.nodes.contains(node));
        round.nodes.contains(*node) && gets || pass.restarts_in(round, node).next().is_some()
    };
    let nodes: Vec<&NodeName> = site.nodes.iter().filter(takes_part).collect();
    let mut proved: Vec<StepId> = ready.to_vec();
    for (at, node) in nodes.iter().enumerate() {
        let kind = site.appliance(node);
        let is_kind = |node: &&&NodeName| site.appliance(node) == kind;
        if !nodes.iter().take(at).any(|node| is_kind(&node)) {
            proved = attend(draft, pass, kind, &proved, true);
        }
        let mut last: Option<StepId> = None;
        for merged in pass.restarts_in(round, node) {
            let first = last.is_none();
            let id = draft.add(restart_step(site, pass, round, node, merged, first));
            if let Some(last) = &last {
                draft.edge(last, &id, "the playbook's order on one node");
            } else {
                let why = "a restart is asked for only after every upload was read back, and one node at a time: the \
                           next only when the last serves its certificate and is healthy (I8, I9, I10)";
                draft.edges(&proved, &id, why);
            }
            last = Some(id);
        }
        let id = draft.add(prove_step(site, pass, round, node));
        let why = "a certificate is in effect when it is seen in effect (I8)";
        match &last {
            Some(last) => draft.edge(last, &id, why),
            None => draft.edges(&proved, &id, why),
        }
        proved = vec![id];
        if !nodes.iter().skip(at + 1).any(|node| is_kind(&node)) {
            proved = attend(draft, pass, kind, &proved, false);
        }
    }
    proved
}

/// What a person does before the first, or after the last, restart on one kind of node.
fn attend(
    draft: &mut Draft,
    pass: &Pass<'_>,
    kind: Appliance,
    gate: &[StepId],
    before: bool,
) -> Vec<StepId> {
    let mut done: Vec<StepId> = gate.to_vec();
    for (_, procedure, rule) in pass.attended.iter().filter(|(of, ..)| *of == kind) {
        let instruction = if before { &rule.before } else { &rule.after };
        let id = draft.add(Step {
            sources: cited(procedure, &[&rule.source]),
            ..step(
                Stage::Activate,
                Action::Person {
                    instruction: format!("{instruction} Then `reissue mark` this step."),
                },
                "No interface is known by which this tool could do or see it.",
            )
        });
        draft.edges(&done, &id, "what comes before is finished first");
        done = vec![id];
    }
    done
}

fn restart_step(
    site: &Site<'_>,
    pass: &Pass<'_>,
    round: &Round,
    node: &NodeName,
    merged: &Merged<'_>,
    first: bool,
) -> Step {
    let rule = merged.first.rule;
    let service = &rule.service;
    let mut before: Vec<Condition> = Vec::new();
    let mut because = BTreeSet::new();
    for job in &pass.jobs {
        if !job.restarts.contains_key(node) {
            continue;
        }
        because.extend(job.because([node]));
        // A node that gets no certificate of its own here restarts for the one that another got.
        let own = round.nodes.contains(node) && job.due.nodes.contains(node);
        let holders = job.due.nodes.iter();
        let holders = holders.filter(|holder| {
            if own {
                *holder == node
            } else {
                round.nodes.contains(*holder)
            }
        });
        before.extend(holders.filter_map(|holder| {
            Some(Condition::IdentityOf {
                node: holder.clone(),
                purpose: job.purpose().clone(),
                step: job.request_of(holder)?.clone(),
            })
        }));
    }
    let trusting = pass.extra.filter(|extra| extra.restarts.contains_key(node));
    if let Some(extra) = trusting {
        before.extend(extra.on(node));
        because.extend(extra.because());
    }
    if first {
        before.extend(replication_good(site));
    }
    if restarts_backup(service) {
        before.push(Condition::BackupIdle {
            node: site.publisher.clone(),
        });
    }
    let disruption = (!rule.outage.is_empty()).then(|| Disruption {
        service: service.clone(),
        loses: rule.outage.clone(),
        lasts: rule.takes,
    });
    let mut sources = Vec::new();
    let mut rests_on = BTreeSet::new();
    for restart in merged.all() {
        sources.extend(cited(restart.procedure, &[&restart.rule.source]));
        rests_on.extend(restart.rule.claims.iter().cloned());
    }
    let mut seen = BTreeSet::new();
    sources.retain(|source| seen.insert(source.clone()));
    let of_job = |job: &Job<'_>| {
        let mut rules = job.restarts.get(node).into_iter().flatten();
        rules.any(|restart| restart.rule.service == *service)
    };
    let why = match trusting.filter(|_| !pass.jobs.iter().any(of_job)) {
        Some(extra) => {
            rests_on.extend(Extra::claims());
            format!(
                "{service} takes the new {} certificates only once it has restarted with their authorities (I21).",
                extra.whose()
            )
        }
        None => format!("{service} goes on with the old certificate until it restarts."),
    };
    Step {
        node: Some(node.clone()),
        before,
        after: vec![Condition::Runs {
            node: node.clone(),
            service: service.clone(),
        }],
        disruption,
        takes: rule.takes,
        reversal: Reversal::Manual {
            how: RESTART_WAY_BACK.to_owned(),
        },
        because,
        sources,
        rests_on,
        ..step(
            Stage::Activate,
            Action::RestartService {
                service: service.clone(),
                by: rule.by,
            },
            why,
        )
    }
}

/// The backup services of a node; they must not restart under a job (claim CUCM-DRF-NOT-DURING-BACKUP).
fn restarts_backup(service: &ServiceName) -> bool {
    service.as_str().starts_with("Cisco DRF")
}

fn healthy(site: &Site<'_>, node: &NodeName) -> Condition {
    Condition::Healthy {
        node: node.clone(),
        services: site.running(node).cloned().collect(),
    }
}

/// What proves a job's certificate on a node.
fn proofs<'j>(job: &'j Job<'_>, node: &'j NodeName) -> impl Iterator<Item = Condition> + 'j {
    let proofs = job.proofs.get(node).into_iter().flatten();
    proofs.filter_map(move |proved| {
        Some(match &proved.by {
            Witness::Port(listener) => Condition::Serves {
                node: node.clone(),
                listener: *listener,
                step: job.request_of(node)?.clone(),
            },
            Witness::Service(service) => Condition::StartedSince {
                node: node.clone(),
                service: service.clone(),
                step: job.upload_of(node)?.clone(),
            },
        })
    })
}

fn prove_step(site: &Site<'_>, pass: &Pass<'_>, round: &Round, node: &NodeName) -> Step {
    let jobs = || {
        let gets = |job: &&Job<'_>| round.nodes.contains(node) && job.due.nodes.contains(node);
        pass.jobs.iter().filter(gets)
    };
    let mut after: Vec<Condition> = jobs().flat_map(|job| proofs(job, node)).collect();
    let trusting = pass.extra.filter(|extra| extra.restarts.contains_key(node));
    after.extend(trusting.iter().flat_map(|extra| extra.on(node)));
    after.push(healthy(site, node));
    let mut sources = Vec::new();
    for proved in jobs().flat_map(|job| job.proofs.get(node).into_iter().flatten()) {
        sources.extend(cited(proved.procedure, &[proved.source]));
    }
    let mut seen = BTreeSet::new();
    sources.retain(|source| seen.insert(source.clone()));
    let purposes: Vec<&str> = jobs().map(|job| job.purpose().as_str()).collect();
    let what = match purposes.as_slice() {
        [] => match trusting {
            Some(extra) => format!(
                "it trusts the new {} certificates and is healthy",
                extra.whose()
            ),
            None => "it is healthy".to_owned(),
        },
        [one] => format!("it serves its new {one} certificate and is healthy"),
        several => format!(
            "its new {} certificates are in effect and it is healthy",
            several.join(", ")
        ),
    };
    Step {
        node: Some(node.clone()),
        after,
        takes: ONE_LOOK,
        because: pass
            .jobs
            .iter()
            .flat_map(|job| job.because([node]))
            .chain(trusting.into_iter().flat_map(Extra::because))
            .collect(),
        sources,
        ..step(
            Stage::Activate,
            Action::Confirm { what },
            "A reply proves nothing; the port is asked for its certificate, and every service that ran must run.",
        )
    }
}

/// Reads the whole cluster again.
pub(super) fn verify(
    draft: &mut Draft,
    site: &Site<'_>,
    jobs: &[&Job<'_>],
    proved: &[StepId],
    extra: Option<&Extra<'_>>,
    phones: Option<Condition>,
) -> StepId {
    let mut after = Vec::new();
    for job in jobs {
        for node in &job.due.nodes {
            let Some(request) = job.request_of(node) else {
                continue;
            };
            after.push(Condition::IdentityOf {
                node: node.clone(),
                purpose: job.purpose().clone(),
                step: request.clone(),
            });
            after.extend(proofs(job, node));
        }
    }
    after.extend(extra.iter().flat_map(|extra| extra.holds.iter().cloned()));
    after.extend(site.nodes.iter().map(|node| healthy(site, node)));
    after.extend(replication_good(site));
    if let Some(back) = phones {
        after.push(back);
    } else if let Observed::Present(phones) = &site.state.phones {
        let count = phones.counted.values().sum();
        after.push(Condition::PhonesAtLeast { count });
    }
    let id = draft.add(Step {
        after,
        takes: ONE_LOOK,
        because: jobs
            .iter()
            .flat_map(|job| job.because(&job.due.nodes))
            .chain(extra.into_iter().flat_map(Extra::because))
            .collect(),
        ..step(
            Stage::Verify,
            Action::Confirm {
                what: "every node holds and serves what this plan wanted".to_owned(),
            },
            "What was true of each node right after its restart must still be true of all of them.",
        )
    });
    draft.edges(proved, &id, "every node was proved by itself before");
    id
}

pub(super) fn listed(nodes: &[NodeName]) -> String {
    nodes
        .iter()
        .map(NodeName::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
