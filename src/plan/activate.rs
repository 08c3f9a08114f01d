//! Services restart node by node, each node is proved before the next, then everything is read again.

use jiff::SignedDuration;

use crate::model::{NodeName, Observed, RestartRule, ServiceName, StepId};

use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::job::Job;
use super::stages::replication_good;
use super::step::{Action, Condition, Disruption, Reversal, Stage, Step};

/// How long reading a node again typically takes. Not published; an estimate for the timeline.
const ONE_LOOK: SignedDuration = SignedDuration::from_mins(2);

/// What to do about a restart that goes wrong. Source: cucm-rest-and-cli §4.3.
const RESTART_WAY_BACK: &str = "A restart cannot be taken back. If the service does not come up, restart it once \
    more by hand (`utils service restart NAME` in the node's shell) and read its log before anything else restarts.";

/// Restarts one node after the other. Returns the step that proves the last one.
pub(super) fn activate(draft: &mut Draft, site: &Site<'_>, job: &Job<'_>) -> Option<StepId> {
    let mut proved: Option<StepId> = None;
    for node in &job.due.nodes {
        let Some(request) = job.request_of(node) else {
            continue;
        };
        let mut last: Option<StepId> = None;
        for rule in job.restarts.get(node).into_iter().flatten() {
            let first = last.is_none();
            let id = draft.add(restart_step(site, job, node, request, rule, first));
            if let Some(last) = &last {
                draft.edge(last, &id, "the playbook's order on one node");
            } else {
                let why = "a restart is asked for only after every upload was read back (I8)";
                draft.edges(&job.made.uploaded, &id, why);
                let why = "one node at a time: the next only when the last serves its certificate and is \
                           healthy (I9, I10)";
                draft.edges(&proved, &id, why);
            }
            last = Some(id);
        }
        let id = draft.add(prove_step(site, job, node, request));
        draft.edges(
            &last,
            &id,
            "a certificate is in effect when it is seen on the wire (I8)",
        );
        proved = Some(id);
    }
    proved
}

fn restart_step(
    site: &Site<'_>,
    job: &Job<'_>,
    node: &NodeName,
    request: &StepId,
    rule: &RestartRule,
    first: bool,
) -> Step {
    let service = &rule.service;
    let mut before = vec![Condition::IdentityOf {
        node: node.clone(),
        purpose: job.due.wanted.purpose.clone(),
        step: request.clone(),
    }];
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
        because: job.because([node]),
        sources: cited(job.procedure, &[&rule.source]),
        rests_on: rule.claims.iter().cloned().collect(),
        ..step(
            Stage::Activate,
            Action::RestartService {
                service: service.clone(),
                by: rule.by,
            },
            format!("{service} goes on with the old certificate until it restarts."),
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

fn serves<'a>(
    job: &'a Job<'_>,
    node: &'a NodeName,
    request: &'a StepId,
) -> impl Iterator<Item = Condition> + 'a {
    job.proofs
        .get(node)
        .into_iter()
        .flatten()
        .map(move |(listener, _)| Condition::Serves {
            node: node.clone(),
            listener: *listener,
            step: request.clone(),
        })
}

fn prove_step(site: &Site<'_>, job: &Job<'_>, node: &NodeName, request: &StepId) -> Step {
    let proofs = job.proofs.get(node).into_iter().flatten();
    let tags: Vec<&str> = proofs.map(|(_, rule)| rule.source.as_str()).collect();
    let purpose = &job.due.wanted.purpose;
    let what = format!("it serves its new {purpose} certificate and is healthy");
    Step {
        node: Some(node.clone()),
        after: serves(job, node, request)
            .chain([healthy(site, node)])
            .collect(),
        takes: ONE_LOOK,
        because: job.because([node]),
        sources: cited(job.procedure, &tags),
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
    jobs: &[Job<'_>],
    proved: &[StepId],
) -> StepId {
    let mut after = Vec::new();
    for job in jobs {
        for node in &job.due.nodes {
            let Some(request) = job.request_of(node) else {
                continue;
            };
            after.push(Condition::IdentityOf {
                node: node.clone(),
                purpose: job.due.wanted.purpose.clone(),
                step: request.clone(),
            });
            after.extend(serves(job, node, request));
        }
    }
    after.extend(site.nodes.iter().map(|node| healthy(site, node)));
    after.extend(replication_good(site));
    if let Observed::Present(phones) = &site.state.phones {
        let count = phones.counted.values().sum();
        after.push(Condition::PhonesAtLeast { count });
    }
    let id = draft.add(Step {
        after,
        takes: ONE_LOOK,
        because: jobs
            .iter()
            .flat_map(|job| job.because(&job.due.nodes))
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
