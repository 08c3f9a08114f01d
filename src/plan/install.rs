//! The certificates are stored, with single sign-on switched off around the change.

use std::collections::BTreeSet;

use crate::model::{NodeName, Procedure, StepId};

use super::activate::listed;
use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::job::Job;
use super::pass::{Pass, Round};
use super::request::Request;
use super::reset::phones_restart;
use super::stages::{ONE_CALL, replication_good};
use super::step::{Action, Condition, Reversal, Stage, Step};

/// Switches single sign-on off right before the first upload, not before the wait for the issuer, so that
/// users are not without it for days. Source: cucm-certificate-rules §6, invariant I14.
pub(super) fn sso_off(
    draft: &mut Draft,
    site: &Site<'_>,
    jobs: &[&Job<'_>],
    gate: &[StepId],
) -> Option<StepId> {
    let on = site.single_sign_on();
    if on.is_empty() || !jobs.iter().any(|job| is_web(job)) {
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
    draft.edges(gate, &id, "what comes before is finished first (I26)");
    Some(id)
}

/// Whether single sign-on rests on a job's certificate.
pub(super) fn is_web(job: &Job<'_>) -> bool {
    job.purpose().plain_str() == "tomcat"
}

/// Switches single sign-on on again at the end (invariant I14).
pub(super) fn sso_on(draft: &mut Draft, site: &Site<'_>, jobs: &[&Job<'_>], verified: &StepId) {
    let on = site.single_sign_on();
    if on.is_empty() || !jobs.iter().any(|job| is_web(job)) {
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

fn sso_sources(jobs: &[&Job<'_>]) -> Vec<String> {
    use crate::model::Gate::SsoDisabled;
    let mut sources = Vec::new();
    for procedure in jobs.iter().flat_map(|job| job.all_procedures()) {
        let gates = procedure.preconditions.iter();
        for rule in gates.filter(|rule| rule.gate == SsoDisabled) {
            sources.extend(cited(procedure, &[&rule.source]));
        }
    }
    sources.sort();
    sources.dedup();
    sources
}

/// Stores the new certificates of a pass on some nodes: publisher first. Nothing serves them yet, unless the
/// platform restarts what does by itself. Gives the uploads.
pub(super) fn install(
    draft: &mut Draft,
    site: &Site<'_>,
    pass: &mut Pass<'_>,
    round: &Round,
    first: &[StepId],
) -> Vec<StepId> {
    let mut all = Vec::new();
    for job in &mut pass.jobs {
        let mut uploaded = std::mem::take(&mut job.made.uploaded);
        let requests = job.requests.iter().zip(&job.made.requests);
        for (request, made) in requests.filter(|(request, _)| round.nodes.contains(&request.node)) {
            let id = draft.add(upload_step(site, job, request, made));
            draft.edges(
                first,
                &id,
                "this pass starts when what comes before it is done (I12, I14, I26)",
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
            uploaded.push(id.clone());
            all.push(id);
        }
        job.made.uploaded = uploaded;
    }
    all
}

/// What must hold right before an upload.
fn before_upload(
    site: &Site<'_>,
    job: &Job<'_>,
    request: &Request,
    made: &StepId,
) -> Vec<Condition> {
    let purpose = job.purpose();
    let waits = |node: &NodeName| Condition::RequestOf {
        node: node.clone(),
        purpose: purpose.clone(),
        step: made.clone(),
    };
    let mut before: Vec<Condition> = request.nodes.iter().map(waits).collect();
    for rule in job.all_procedures().flat_map(|procedure| &procedure.stores) {
        let holders = site.selected(rule.nodes);
        for authority in &job.issuer.chain {
            before.extend(holders.iter().map(|node| Condition::Trusts {
                node: node.clone(),
                store: rule.store.clone(),
                sha256: authority.certificate.sha256.clone(),
            }));
        }
    }
    if is_web(job) {
        let sso = site.nodes.iter().filter(|node| {
            let seen = site.state.nodes.get(*node);
            seen.is_some_and(|seen| seen.sso.present().is_some())
        });
        before.extend(sso.map(|node| Condition::SsoDisabled { node: node.clone() }));
    }
    if purpose.as_str() == "ipsec" {
        before.push(Condition::BackupIdle {
            node: site.publisher.clone(),
        });
    }
    before.extend(replication_good(site));
    before
}

fn upload_step(site: &Site<'_>, job: &Job<'_>, request: &Request, made: &StepId) -> Step {
    let purpose = job.purpose();
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
    let resets = request
        .nodes
        .iter()
        .any(|node| job.resets_on_upload(site, node));
    let why = match (resets, request.nodes.len() > 1) {
        (true, _) => "From release 14 on the platform resets every phone by itself when this certificate is stored: \
                      users notice this step."
            .to_owned(),
        (false, true) => format!(
            "One upload stores the shared certificate on {}; each is read back.",
            listed(&request.nodes)
        ),
        (false, false) => "Stored now, served only after the restart; a node that restarts by accident serves it then."
            .to_owned(),
    };
    let mut procedures: Vec<&Procedure> = Vec::new();
    procedures.extend(
        request
            .nodes
            .first()
            .and_then(|node| job.procedure_on(site, node)),
    );
    let phones = job.phones().filter(|_| resets);
    let mut sources = cited(job.lead, &[&job.lead.irreversible.source]);
    let mut rests_on = BTreeSet::new();
    if let (Some(rule), Some(owner)) = (phones, phone_owner(job)) {
        sources.extend(cited(owner, &[&rule.source]));
        rests_on.extend(rule.claims.iter().cloned());
    }
    let recovery = procedures
        .first()
        .map_or(&job.lead.irreversible.text, |procedure| {
            &procedure.irreversible.text
        });
    Step {
        node: Some(request.node.clone()),
        before: before_upload(site, job, request, made),
        after,
        disruption: resets.then(|| phones_restart("every phone of the cluster")),
        takes: ONE_CALL,
        reversal: Reversal::Irreversible {
            recovery: recovery.clone(),
        },
        because: job.because(&request.nodes),
        sources,
        rests_on,
        ..step(
            if resets {
                Stage::Activate
            } else {
                Stage::Install
            },
            Action::UploadIdentity {
                purpose: purpose.clone(),
                request: made.clone(),
                nodes: request.nodes.iter().cloned().collect(),
            },
            why,
        )
    }
}

/// The procedure that says what phones hold of a job's certificate.
pub(super) fn phone_owner<'a>(job: &Job<'a>) -> Option<&'a Procedure> {
    job.all_procedures()
        .find(|procedure| procedure.phones.is_some())
}
