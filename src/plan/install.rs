//! The certificates are stored, with single sign-on switched off around the change.

use std::collections::BTreeSet;

use crate::model::StepId;

use super::activate::listed;
use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::job::Job;
use super::request::Request;
use super::stages::{ONE_CALL, replication_good};
use super::step::{Action, Condition, Reversal, Stage, Step};

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
         on every node, publisher first, one node at a time.",
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
