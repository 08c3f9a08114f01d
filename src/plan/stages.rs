//! The stages before users notice anything: trust, requests, certificates.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::model::{Fingerprint, IssuerName, NodeName, Observed, StepId, Store};

use super::Question;
use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::job::Job;
use super::request::Request;
use super::step::{Action, Condition, IssueTerms, Reversal, Stage, Step};
use super::trust::Upload;
use super::trusting::Extra;

/// How long one call of the certificate interface takes with its reading back. Not published; an estimate
/// for the timeline that no decision rests on.
pub(super) const ONE_CALL: SignedDuration = SignedDuration::from_mins(1);

/// What to do with a trust certificate that is not wanted any more. Source: cucm-upload-errors §3.
const TRUST_WAY_BACK: &str = "Delete the certificate from the store in OS Administration, Security, \
    Certificate Management. A deletion is cluster-wide and final: only while nothing chains to it.";

/// What to do with a request that is not wanted any more. Source: cucm-rest-and-cli §2, U5.
const REQUEST_WAY_BACK: &str = "Delete the request in OS Administration, Security, Certificate Management. \
    Its key is lost then; the certificate in service is not touched.";

/// The conditions under which a cluster may be written to at all (invariant I25).
pub(super) fn first_write(site: &Site<'_>) -> Vec<Condition> {
    let mut conditions = replication_good(site);
    for node in &site.nodes {
        conditions.extend(
            site.spreading(node)
                .into_iter()
                .map(|service| Condition::Runs {
                    node: node.clone(),
                    service,
                }),
        );
    }
    conditions
}

/// Replication, where the cluster has any.
pub(super) fn replication_good(site: &Site<'_>) -> Vec<Condition> {
    match site.state.replication {
        Observed::Present(_) => vec![Condition::ReplicationGood {}],
        Observed::Absent | Observed::Unknown(_) => Vec::new(),
    }
}

/// A person takes a backup first if the last one is older than the policy asks.
pub(super) fn backup(
    draft: &mut Draft,
    question: &Question<'_>,
    site: &Site<'_>,
) -> Option<StepId> {
    let limit = question.desired.backup_not_older_than?;
    let last = site
        .state
        .nodes
        .get(&site.publisher)
        .map(|node| &node.last_backup);
    let found = match last {
        Some(Observed::Present(at)) if site.now.duration_since(*at) <= limit => return None,
        Some(Observed::Present(at)) => format!("the last successful one ended {at}"),
        Some(Observed::Absent) => "the history shows none".to_owned(),
        Some(Observed::Unknown(why)) => format!("the history could not be read: {why}"),
        None => "the history was not asked for".to_owned(),
    };
    let instruction = format!(
        "Take a DRS backup of the cluster and see it succeed: {found}. Then `reissue mark` this step."
    );
    let why = "There is no other way back from an upload; the estate asks for a recent backup.";
    let codes = question.findings.iter().filter(|finding| {
        finding.cluster == *site.cluster && finding.code.as_str() == "backup-old"
    });
    Some(draft.add(Step {
        node: Some(site.publisher.clone()),
        because: codes.map(|finding| finding.code.to_string()).collect(),
        sources: vec!["Security Guide for CUCM Release 14, Certificates".to_owned()],
        ..step(Stage::Prepare, Action::Person { instruction }, why)
    }))
}

/// Spreads the chains: every root first, then what it signed.
/// Gives the steps for what the cluster must trust for others.
pub(super) fn prepare(
    draft: &mut Draft,
    jobs: &mut [&mut Job<'_>],
    extra: Option<&Extra<'_>>,
) -> Vec<StepId> {
    let mut spread = Spread::default();
    for job in jobs {
        let wants = format!(
            "{} certificates of {}",
            job.due.wanted.purpose, job.due.wanted.issuer
        );
        job.made.trust = spread.all(draft, &job.uploads, |upload| {
            (format!("{wants} are refused"), job.because(&upload.reaches))
        });
    }
    let Some(extra) = extra else {
        return Vec::new();
    };
    let wants = format!("The new {} certificates", extra.whose());
    let known = draft.steps.len();
    let made = spread.all(draft, &extra.uploads, |_| {
        (format!("{wants} are not accepted"), extra.because())
    });
    for step in draft.steps.iter_mut().skip(known) {
        step.rests_on.extend(Extra::claims());
    }
    made
}

/// What was brought to which store.
#[derive(Default)]
struct Spread(BTreeMap<(NodeName, Store, Fingerprint), StepId>);

impl Spread {
    /// Adds the uploads that are not there yet, each with what happens without it and the findings behind it.
    fn all(
        &mut self,
        draft: &mut Draft,
        uploads: &[Upload<'_>],
        told: impl Fn(&Upload<'_>) -> (String, BTreeSet<String>),
    ) -> Vec<StepId> {
        let Self(spread) = self;
        let mut placed: Vec<(&Upload<'_>, StepId)> = Vec::new();
        for upload in uploads {
            let certificate = &upload.authority.certificate;
            let store = &upload.rule.store;
            let key = (
                upload.node.clone(),
                store.clone(),
                certificate.sha256.clone(),
            );
            let id = if let Some(known) = spread.get(&key) {
                known.clone()
            } else {
                let id = draft.add(trust_step(upload, told(upload)));
                spread.insert(key, id.clone());
                id
            };
            let above = placed.iter().filter(|(other, _)| {
                let same_store = other.rule.store == *store;
                same_store
                    && other.place + 1 == upload.place
                    && other.reaches.contains(&upload.node)
            });
            let above: Vec<StepId> = above.map(|(_, id)| id.clone()).collect();
            draft.edges(
                &above,
                &id,
                "an authority is uploaded after the one that signed it (I5)",
            );
            placed.push((upload, id));
        }
        placed.into_iter().map(|(_, id)| id).collect()
    }
}

/// Puts one authority into one store.
fn trust_step(upload: &Upload<'_>, (without, because): (String, BTreeSet<String>)) -> Step {
    let certificate = &upload.authority.certificate;
    let title = certificate.title().to_owned();
    let store = &upload.rule.store;
    let olds: Vec<&str> = upload.replaces.iter().map(String::as_str).collect();
    let dropped = match olds.join(", ") {
        none if none.is_empty() => String::new(),
        olds => format!(
            " The store drops {olds} of the same name; nothing seen in this cluster needs its key."
        ),
    };
    let why = format!("{without} until {store} holds {title}.{dropped}");
    Step {
        node: Some(upload.node.clone()),
        after: upload
            .reaches
            .iter()
            .map(|node| Condition::Trusts {
                node: node.clone(),
                store: store.clone(),
                sha256: certificate.sha256.clone(),
            })
            .collect(),
        takes: ONE_CALL,
        reversal: Reversal::Manual {
            how: TRUST_WAY_BACK.to_owned(),
        },
        because,
        sources: cited(upload.procedure, &[&upload.rule.source]),
        ..step(
            Stage::Prepare,
            Action::UploadTrust {
                store: store.clone(),
                sha256: certificate.sha256.clone(),
                title,
                pem: upload.authority.pem.clone(),
            },
            why,
        )
    }
}

/// Has keys and requests made.
pub(super) fn request(draft: &mut Draft, jobs: &mut [&mut Job<'_>]) {
    for job in jobs {
        let mut made: Vec<StepId> = Vec::new();
        for request in &job.requests {
            let step = request_step(job, request, &draft.next());
            let id = draft.add(step);
            let why = "a store that does not take the chain is found before anybody signs anything";
            draft.edges(&job.made.trust, &id, why);
            if let Some(last) = made.last() {
                draft.edge(last, &id, "publisher first, one node after the other");
            }
            made.push(id);
        }
        job.made.requests = made;
    }
}

fn request_step(job: &Job<'_>, request: &Request, id: &StepId) -> Step {
    let wanted = job.due.wanted;
    let purpose = &wanted.purpose;
    let waiting = |node: &NodeName| Condition::NoRequest {
        node: node.clone(),
        purpose: purpose.clone(),
    };
    let made = |node: &NodeName| Condition::RequestOf {
        node: node.clone(),
        purpose: purpose.clone(),
        step: id.clone(),
    };
    let shared = request.nodes.len() > 1;
    let why = if shared {
        format!(
            "{} makes one key and request for all {} nodes and passes both on.",
            request.node.short(),
            request.nodes.len()
        )
    } else {
        "A new certificate needs a request of this node; its key never leaves the node.".to_owned()
    };
    Step {
        node: Some(request.node.clone()),
        before: request.nodes.iter().map(waiting).collect(),
        after: request.nodes.iter().map(made).collect(),
        takes: ONE_CALL,
        reversal: Reversal::Manual {
            how: REQUEST_WAY_BACK.to_owned(),
        },
        because: job.because(&request.nodes),
        sources: usage_sources(job),
        ..step(
            Stage::Request,
            Action::GenerateRequest {
                purpose: purpose.clone(),
                distribution: wanted.distribution,
                nodes: request.nodes.iter().cloned().collect(),
                common_name: request.common_name.clone(),
                names: request.names.clone(),
                key: wanted.key,
                hash: job.lead.hash.clone(),
            },
            why,
        )
    }
}

/// Waits for each issuer once. Requests share a wait when their certificates must meet the same terms.
pub(super) fn issue(draft: &mut Draft, jobs: &mut [&mut Job<'_>]) {
    let asked_of = |job: &Job<'_>| (job.due.wanted.issuer.clone(), terms_of(job));
    let mut waits: Vec<(IssuerName, IssueTerms)> = Vec::new();
    for job in jobs.iter() {
        let wait = asked_of(job);
        if !waits.contains(&wait) {
            waits.push(wait);
        }
    }
    for wait in waits {
        let mut requests = BTreeSet::new();
        let mut because = BTreeSet::new();
        let mut sources = Vec::new();
        for job in jobs.iter().filter(|job| asked_of(job) == wait) {
            requests.extend(job.made.requests.iter().cloned());
            because.extend(job.because(&job.due.nodes));
            sources.extend(usage_sources(job));
        }
        sources.sort();
        sources.dedup();
        let action = Action::AwaitCertificates {
            issuer: wait.0.clone(),
            requests: requests.clone(),
            terms: wait.1.clone(),
        };
        let why = "Each certificate is checked against its request and these terms before any upload; the \
                   device would refuse a wrong one late, or serve it.";
        let id = draft.add(Step {
            because,
            sources,
            ..step(Stage::Request, action, why)
        });
        draft.edges(&requests, &id, "the issuer signs what the nodes made");
        for job in jobs.iter_mut().filter(|job| asked_of(job) == wait) {
            job.made.issued = Some(id.clone());
        }
    }
}

fn usage_sources(job: &Job<'_>) -> Vec<String> {
    let rules = job.carries.sources.iter();
    rules
        .flat_map(|(procedure, source)| cited(procedure, &[source]))
        .collect()
}

fn terms_of(job: &Job<'_>) -> IssueTerms {
    IssueTerms {
        chain: job
            .issuer
            .chain
            .iter()
            .map(|authority| authority.certificate.sha256.clone())
            .collect(),
        key_usage: job.carries.keys.clone(),
        extended_usage: job.carries.extended.clone(),
        at_least: job.due.wanted.renew_before,
    }
}
