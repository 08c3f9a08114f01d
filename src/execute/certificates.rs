//! Requests to the issuer, certificates back, each checked before any node sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::cluster::ClusterRun;
use super::outcome::{Class, Halt};
use super::run::Signer;
use crate::issue::IssuedCertificates;
use crate::journal::{DoneHow, Event};
use crate::model::{Fingerprint, IssuerName, Purpose, Severity, SigningRequest, StepId};
use crate::pki::lint::{Demands, IssuedCheck, LintFinding, check_issued};
use crate::pki::{Parsed, read_request};
use crate::plan::{Action, IssueTerms, Step};

/// A request that has no certificate yet.
struct Open {
    step: StepId,
    purpose: Purpose,
    name: String,
    request: SigningRequest,
}

impl ClusterRun<'_> {
    /// Hands over every open request and waits for what the issuer makes of them.
    pub(super) async fn certificates(
        &self,
        step: &Step,
        issuer: &IssuerName,
        requests: &BTreeSet<StepId>,
        terms: &IssueTerms,
    ) -> Result<(), Halt> {
        let signer = self.all.signers.get(issuer).ok_or_else(|| {
            self.issue_failed(
                step,
                format!("the estate has no issuer {issuer}"),
                USE_SAME_ESTATE,
            )
        })?;
        let mut open = self.open_requests(step, requests)?;
        for request in &open {
            signer
                .issuer
                .submit(&request.name, &request.request)
                .await
                .map_err(|error| {
                    self.issue_failed(
                        step,
                        format!("request {}: {error}", request.name),
                        "Then `reissue resume`.",
                    )
                })?;
        }
        let deadline = self.all.waits.issue.map(|wait| self.deadline(wait));
        while !open.is_empty() {
            let wanted: BTreeMap<Fingerprint, String> = open
                .iter()
                .map(|request| (request.request.key.sha256.clone(), request.name.clone()))
                .collect();
            let arrived = signer.issuer.collect(&wanted).await.map_err(|error| {
                self.issue_failed(step, error.to_string(), "Then `reissue resume`.")
            })?;
            self.accept(step, signer, terms, &mut open, &arrived)?;
            if open.is_empty() {
                break;
            }
            if deadline.is_some_and(|deadline| self.past(deadline)) {
                return Err(self.awaits(step, issuer, signer, &open));
            }
            self.may_go_on(step.id.as_str())?;
            self.pause().await;
        }
        self.done(step, DoneHow::Seen {})
    }

    /// The requests that still lack a certificate, as they were read back from their nodes.
    fn open_requests(&self, step: &Step, requests: &BTreeSet<StepId>) -> Result<Vec<Open>, Halt> {
        let artifacts = self.artifacts();
        let mut open = Vec::new();
        for id in requests
            .iter()
            .filter(|id| !artifacts.leaves.contains_key(*id))
        {
            let asked = self.plan.steps.iter().find(|step| step.id == *id);
            let (
                Some(made),
                Some(Step {
                    node: Some(node),
                    action,
                    ..
                }),
            ) = (artifacts.requests.get(id), asked)
            else {
                let what = format!("no request of step {id} was recorded");
                return Err(self.issue_failed(step, what, LOOK_AT_REQUEST));
            };
            let Action::GenerateRequest { purpose, .. } = action else {
                return Err(self.issue_failed(
                    step,
                    format!("step {id} makes no request"),
                    LOOK_AT_REQUEST,
                ));
            };
            let request = read_request(&made.pem).map_err(|error| {
                self.issue_failed(
                    step,
                    format!("the request of step {id}: {error}"),
                    LOOK_AT_REQUEST,
                )
            })?;
            let name = format!("{}.{node}.{purpose}", self.name);
            open.push(Open {
                step: id.clone(),
                purpose: purpose.clone(),
                name,
                request,
            });
        }
        Ok(open)
    }

    /// Records what arrived and is right. Anything wrong ends the step, after the right ones are recorded.
    fn accept(
        &self,
        step: &Step,
        signer: &Signer,
        terms: &IssueTerms,
        open: &mut Vec<Open>,
        issued: &IssuedCertificates,
    ) -> Result<(), Halt> {
        let mut wrong = Vec::new();
        let mut still_open = Vec::new();
        for request in open.drain(..) {
            let arrived = issued.get(&request.request.key.sha256).map(Vec::as_slice);
            let Some((leaf, above)) = arrived.and_then(<[Parsed]>::split_first) else {
                still_open.push(request);
                continue;
            };
            let findings = self.lint(signer, terms, &request, leaf, above);
            let (blocking, notes): (Vec<_>, Vec<_>) = findings
                .iter()
                .partition(|finding| finding.severity == Severity::Blocker);
            for finding in notes {
                self.note(step, format!("{}: {}", request.name, words(finding)));
            }
            if blocking.is_empty() {
                self.keep_leaf(&request.step, leaf)?;
                self.note(
                    step,
                    format!("{}: issued, {}", request.name, leaf.facts.sha256.short()),
                );
            } else {
                let words: Vec<String> = blocking.into_iter().map(words).collect();
                wrong.push(format!("{}: {}", request.name, words.join("; ")));
                still_open.push(request);
            }
        }
        *open = still_open;
        if wrong.is_empty() {
            return Ok(());
        }
        let what = format!("refused before any upload: {}", wrong.join(" · "));
        Err(self.issue_failed(step, what, REISSUE_IT))
    }

    fn lint(
        &self,
        signer: &Signer,
        terms: &IssueTerms,
        request: &Open,
        leaf: &Parsed,
        above: &[Parsed],
    ) -> Vec<LintFinding> {
        let mut chain = signer.chain.clone();
        let known: BTreeSet<Fingerprint> = chain.iter().map(|it| it.facts.sha256.clone()).collect();
        chain.extend(
            above
                .iter()
                .filter(|it| !known.contains(&it.facts.sha256))
                .cloned(),
        );
        let demands = Demands {
            chain: terms.chain.clone(),
            key_usage: terms.key_usage.clone(),
            extended_usage: terms.extended_usage.clone(),
            at_least: terms.at_least,
        };
        check_issued(&IssuedCheck {
            leaf,
            chain: &chain,
            request: Some(&request.request),
            stored: None,
            demands: Some(&demands),
            purpose: Some(&request.purpose),
            product: self.plan.product,
            release: Some(&self.plan.release),
            now: self.all.clock.now(),
        })
    }

    fn keep_leaf(&self, request: &StepId, leaf: &Parsed) -> Result<(), Halt> {
        self.all
            .journal
            .keep(&format!("{request}.crt.pem"), leaf.pem.as_bytes())?;
        let (sha256, pem) = (leaf.facts.sha256.clone(), leaf.pem.clone());
        self.all.journal.record(Event::Issued {
            request: request.clone(),
            sha256,
            pem,
        })?;
        Ok(())
    }

    fn awaits(&self, step: &Step, issuer: &IssuerName, signer: &Signer, open: &[Open]) -> Halt {
        let names: Vec<&str> = open.iter().map(|request| request.name.as_str()).collect();
        let mut awaited = format!("certificates from issuer {issuer} for {}", names.join(", "));
        for ignored in signer.issuer.ignored() {
            let (path, why) = (ignored.path.display(), ignored.why);
            _ = write!(awaited, "; {path} was not used: {why}");
        }
        let next = "Have them signed; when the certificates are where the issuer's folder says, \
                    `reissue resume`.";
        self.waits(step, awaited, next)
    }

    fn issue_failed(&self, step: &Step, what: String, next: &str) -> Halt {
        self.failed_unsent(step, Class::Failed, what, next)
    }
}

const USE_SAME_ESTATE: &str =
    "Use the estate file that the plan was made from, then `reissue resume`.";

const LOOK_AT_REQUEST: &str = "The step that makes the request cannot be marked as done by hand. Give the run up with \
    `reissue runs close`, delete the request in OS Administration, and make a new plan.";

const REISSUE_IT: &str = "Have it signed again as it should be, put it in place of the wrong one, then `reissue resume`.";

/// A finding as the person reads it: what is wrong, what the node would say, what helps.
fn words(finding: &LintFinding) -> String {
    let LintFinding {
        code,
        found,
        expected,
        predicted,
        remedies,
        ..
    } = finding;
    let mut text = format!("{code}: expected {expected}, found {found}");
    if let Some(predicted) = predicted {
        _ = write!(text, "; the node would answer \"{predicted}\"");
    }
    if !remedies.is_empty() {
        _ = write!(text, ". {}", remedies.join(" "));
    }
    text
}
