//! The stages that count: certificates are stored, services restart node by node, everything is read again.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::{NodeName, Observed, RestartRule, ServiceName, StepId};

use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::job::{Job, Request};
use super::stages::{ONE_CALL, replication_good};
use super::step::{Action, Condition, Disruption, Reversal, Stage, Step};

/// How long reading a node again typically takes. Not published; an estimate for the timeline.
const ONE_LOOK: SignedDuration = SignedDuration::from_mins(2);

/// Switches single sign-on off right before the first upload, not before the wait for the issuer, so that
/// users are not without it for days. Source: cucm-certificate-rules §6, invariant I14.
pub(super) fn sso_off(draft: &mut Draft, site: &Site<'_>, jobs: &[Job<'_>]) -> Option<StepId> {
    let on = site.single_sign_on();
    if on.is_empty() {
        return None;
    }
    let instruction = format!(
        "Switch SAML single sign-on off (it is on at {}). Tell users that they log on with their directory or \
         local password until it is on again.",
        listed(&on)
    );
    let why = "With single sign-on on, a new tomcat certificate ends in \"Failed to decrypt the secret key\" (I14).";
    let id = draft.add(Step {
        after: on
            .iter()
            .map(|node| Condition::SsoDisabled { node: node.clone() })
            .collect(),
        reversal: Reversal::Manual {
            how: "Switch single sign-on on again; its agreement is not lost.".to_owned(),
        },
        because: ["sso-enabled".to_owned()].into(),
        sources: sso_sources(jobs),
        ..step(Stage::Install, Action::Person { instruction }, why)
    });
    let issued: BTreeSet<&StepId> = jobs
        .iter()
        .filter_map(|job| job.made.issued.as_ref())
        .collect();
    draft.edges(
        issued,
        &id,
        "users should not be without single sign-on while the issuer works",
    );
    Some(id)
}

/// Switches single sign-on on again at the end (invariant I14).
pub(super) fn sso_on(draft: &mut Draft, site: &Site<'_>, jobs: &[Job<'_>], verified: &StepId) {
    let on = site.single_sign_on();
    if on.is_empty() {
        return;
    }
    let instruction = format!(
        "Export the service provider metadata, import it into the identity provider, switch SAML single sign-on \
         on again for {} with the options it had, run its test, then restart Cisco Tomcat and Cisco UDS Tomcat \
         there, publisher first, one node at a time.",
        listed(&on)
    );
    let why = "It was on before this change; the metadata carry the new certificate (I14).";
    let id = draft.add(Step {
        after: on
            .iter()
            .map(|node| Condition::SsoEnabled { node: node.clone() })
            .collect(),
        reversal: Reversal::Manual {
            how: "Switch single sign-on off again; users log on with their password meanwhile."
                .to_owned(),
        },
        because: ["sso-enabled".to_owned()].into(),
        sources: sso_sources(jobs),
        ..step(Stage::Verify, Action::Person { instruction }, why)
    });
    draft.edge(
        verified,
        &id,
        "single sign-on comes back when every node serves its new certificate",
    );
}

fn sso_sources(jobs: &[Job<'_>]) -> Vec<String> {
    use crate::model::Gate::SsoDisabled;
    let mut sources = Vec::new();
    for job in jobs {
        let gates = job.procedure.preconditions.iter();
        for rule in gates.filter(|rule| rule.gate == SsoDisabled) {
            sources.extend(cited(job.procedure, &[&rule.source]));
        }
    }
    sources.sort();
    sources.dedup();
    sources
}

/// Stores the new certificates of one job: publisher first. Nothing serves them yet.
pub(super) fn install(draft: &mut Draft, site: &Site<'_>, job: &mut Job<'_>, first: &[StepId]) {
    let mut uploaded: Vec<StepId> = Vec::new();
    for (request, made) in job.requests.iter().zip(&job.made.requests) {
        let id = draft.add(upload_step(site, job, request, made));
        draft.edges(
            first,
            &id,
            "this purpose starts when what comes before it is done (I14, I26)",
        );
        draft.edges(
            &job.made.trust,
            &id,
            "an identity is refused until its whole chain is trusted (I5)",
        );
        draft.edges(
            &job.made.issued,
            &id,
            "the certificate must exist and have passed its checks (I6)",
        );
        if let Some(last) = uploaded.last() {
            draft.edge(last, &id, "publisher first, one node after the other");
        }
        uploaded.push(id);
    }
    job.made.uploaded = uploaded;
}

fn upload_step(site: &Site<'_>, job: &Job<'_>, request: &Request, made: &StepId) -> Step {
    let purpose = &job.due.wanted.purpose;
    let mut before = Vec::new();
    for node in &request.nodes {
        before.push(Condition::RequestOf {
            node: node.clone(),
            purpose: purpose.clone(),
            step: made.clone(),
        });
    }
    for rule in &job.procedure.stores {
        let holders = if rule.replicated {
            &site.nodes
        } else {
            &request.nodes
        };
        for authority in &job.issuer.chain {
            before.extend(holders.iter().map(|node| Condition::Trusts {
                node: node.clone(),
                store: rule.store.clone(),
                sha256: authority.certificate.sha256.clone(),
            }));
        }
    }
    let sso = site.nodes.iter().filter(|node| {
        let seen = site.state.nodes.get(*node);
        seen.is_some_and(|seen| seen.sso.present().is_some())
    });
    before.extend(sso.map(|node| Condition::SsoDisabled { node: node.clone() }));
    before.extend(replication_good(site));
    let mut after = Vec::new();
    for node in &request.nodes {
        after.push(Condition::IdentityOf {
            node: node.clone(),
            purpose: purpose.clone(),
            step: made.clone(),
        });
        after.push(Condition::NoRequest {
            node: node.clone(),
            purpose: purpose.clone(),
        });
    }
    let why = if request.nodes.len() > 1 {
        format!(
            "One upload stores the shared certificate on {}; each is read back.",
            listed(&request.nodes)
        )
    } else {
        "Stored now, served only after the restart; a node that restarts by accident serves it then.".to_owned()
    };
    Step {
        node: Some(request.node.clone()),
        before,
        after,
        takes: ONE_CALL,
        reversal: Reversal::Irreversible {
            recovery: job.procedure.irreversible.text.clone(),
        },
        because: job.because(&request.nodes),
        sources: cited(job.procedure, &[&job.procedure.irreversible.source]),
        ..step(
            Stage::Install,
            Action::UploadIdentity {
                purpose: purpose.clone(),
                request: made.clone(),
                nodes: request.nodes.iter().cloned().collect(),
            },
            why,
        )
    }
}

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
            match &last {
                Some(last) => draft.edge(last, &id, "the playbook's order on one node"),
                None => {
                    draft.edges(
                        &job.made.uploaded,
                        &id,
                        "a restart is asked for only after every upload was read back (I8)",
                    );
                    draft.edges(&proved, &id, "one node at a time: the next only when the last serves its certificate and is healthy (I9, I10)");
                }
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
            how: format!(
                "A restart cannot be taken back. If {service} does not come up, run `utils service restart \
                 {service}` in the shell of {node} and read its log before anything else restarts."
            ),
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
    let what = format!(
        "{} serves its new {} certificate and is healthy",
        node.short(),
        job.due.wanted.purpose
    );
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
                what: "the whole cluster holds and serves what this plan wanted".to_owned(),
            },
            "What was true of each node right after its restart must still be true of all of them.",
        )
    });
    draft.edges(proved, &id, "every node was proved by itself before");
    id
}

fn listed(nodes: &[NodeName]) -> String {
    nodes
        .iter()
        .map(NodeName::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
