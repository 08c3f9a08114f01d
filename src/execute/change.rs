//! A step that changes a device.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cluster::{ClusterRun, FIND_OUT, Failure, moves, unread};
use super::evidence::{Evidence, Word, evidence};
use super::look::tally;
use super::outcome::{Class, Halt};
use crate::driver::{Scope, Write, WriteError};
use crate::journal::{DoneHow, Event, MadeRequest};
use crate::model::{ClusterState, ControlPath, NodeName};
use crate::plan::{Action, Condition, Step, touched};

/// How often a change that never left this process, or provably had no effect, is sent within one run.
const ATTEMPTS: u32 = 3;

const LOOK: &str = "Look at the node yourself. If it is as the step wants it, `reissue mark` the step as done; \
    if the step did not happen, mark it as failed; then `reissue resume`.";

/// What became of a change.
enum Settled {
    Applied,
    NotApplied(String),
}

/// What the gate before a change found.
enum Gate {
    Open,
    DoneAlready,
}

impl ClusterRun<'_> {
    /// Carries out a change once, whatever happened to it before.
    pub(super) async fn change(&self, index: usize, step: &Step) -> Result<(), Halt> {
        let (node, write) = self
            .payload(step)
            .map_err(|what| self.unready(step, what))?;
        self.expect_leaves(step)?;
        if let Some(acted) = self.record_of(step).and_then(|record| record.acted) {
            let word = Word::Silent("an earlier attempt ended without a result".to_owned());
            if let Settled::Applied = self.settle(step, &word, acted).await? {
                return self.done(step, DoneHow::FoundAlreadyDone {});
            }
        }
        for remaining in (0..ATTEMPTS).rev() {
            if let Gate::DoneAlready = self.gate(index, step).await? {
                return self.done(step, DoneHow::FoundAlreadyDone {});
            }
            let last = remaining == 0;
            let acted = self.start(step)?;
            let word = match self.device.perform(&node, &write).await {
                Ok(()) => Word::Accepted,
                Err(WriteError::Refused(text)) => Word::Refused(text),
                Err(WriteError::Unknown(text)) => Word::Silent(text),
                Err(error) => {
                    self.unsent(step, error, last)?;
                    self.pause().await;
                    continue;
                }
            };
            match (self.settle(step, &word, acted).await?, word) {
                (Settled::Applied, _) => return self.done(step, DoneHow::Performed {}),
                (Settled::NotApplied(found), Word::Silent(text)) if !last => {
                    self.note(
                        step,
                        format!("{text}; the node shows no trace of it ({found}); trying again"),
                    );
                }
                (Settled::NotApplied(found), word) => {
                    return Err(self.without_effect(step, word, found));
                }
            }
        }
        Err(self.unready(step, "no attempt was left".to_owned()))
    }

    /// The node and the complete change.
    fn payload(&self, step: &Step) -> Result<(NodeName, Write), String> {
        let node = step
            .node
            .clone()
            .ok_or("the plan names no node for this step")?;
        let write = match &step.action {
            Action::UploadTrust {
                store, title, pem, ..
            } => Write::UploadTrust {
                store: store.clone(),
                pem: pem.clone(),
                description: title.clone(),
            },
            Action::GenerateRequest {
                purpose,
                distribution,
                common_name,
                names,
                key,
                hash,
                ..
            } => Write::GenerateRequest {
                purpose: purpose.clone(),
                distribution: *distribution,
                common_name: common_name.clone(),
                names: names.clone(),
                key: *key,
                hash: hash.clone(),
            },
            Action::UploadIdentity {
                purpose, request, ..
            } => {
                let artifacts = self.artifacts();
                let leaf = artifacts.leaves.get(request).ok_or_else(|| {
                    format!("no certificate was recorded for the request of {request}")
                })?;
                Write::UploadIdentity {
                    purpose: purpose.clone(),
                    pem: leaf.pem.clone(),
                }
            }
            Action::RestartService { service, by } => Write::RestartService {
                service: service.clone(),
                by: *by,
            },
            Action::Person { .. } | Action::AwaitCertificates { .. } | Action::Confirm { .. } => {
                return Err("the step changes no device".to_owned());
            }
        };
        Ok((node, write))
    }

    /// Waits until the step may be carried out, or is seen to be done. A restart is never seen to be done
    /// before it was asked for: only its own evidence says that, in [`Self::settle`].
    async fn gate(&self, index: usize, step: &Step) -> Result<Gate, Halt> {
        let before = required_before(step);
        let restart = matches!(step.action, Action::RestartService { .. });
        let whole = restart || step.disruption.is_some();
        let scope = if whole {
            Scope::everything()
        } else {
            self.scope_of(before.iter().chain(&step.after), &BTreeSet::new())
        };
        let waits = self.all.waits;
        let deadline = self.deadline(waits.served.max(waits.replication));
        loop {
            let state = self.look(&scope).await;
            let artifacts = self.artifacts();
            if !restart
                && !step.after.is_empty()
                && tally(&step.after, &state, &artifacts).all_hold()
            {
                return Ok(Gate::DoneAlready);
            }
            let tally = tally(&before, &state, &artifacts);
            if let Some((condition, expected, found)) = tally
                .failing
                .iter()
                .find(|(condition, ..)| !passes(condition))
            {
                return Err(self.closed(step, condition, expected, found));
            }
            let unread_facts = if whole {
                self.undisturbed(index, step, &state)?
            } else {
                false
            };
            if tally.all_hold() && !unread_facts {
                self.may_go_on(step.id.as_str())?;
                return Ok(Gate::Open);
            }
            if self.past(deadline) {
                let what = match tally.all_hold() {
                    true => "facts that the plan rests on cannot be read".to_owned(),
                    false => tally.sentence(),
                };
                return Err(self.unready(step, what));
            }
            self.may_go_on(step.id.as_str())?;
            self.note(step, format!("not yet: {}", tally.sentence()));
            self.pause().await;
        }
    }

    /// Nothing else may have moved in the cluster (I28). Says whether something could not be read.
    fn undisturbed(&self, index: usize, step: &Step, state: &ClusterState) -> Result<bool, Halt> {
        let begun = self
            .record_of(step)
            .is_some_and(|record| record.attempts > 0);
        let changed = match (begun, index.checked_sub(1)) {
            (true, _) => touched(self.plan, index),
            (false, Some(last)) => touched(self.plan, last),
            (false, None) => crate::plan::Touched::default(),
        };
        let (gaps, drift): (Vec<_>, Vec<_>) =
            self.drift(state, &changed).into_iter().partition(unread);
        if drift.is_empty() {
            return Ok(!gaps.is_empty());
        }
        let expected = "nothing but this plan's own steps to have changed the cluster".to_owned();
        Err(self.diverged(step, expected, moves(&drift), FIND_OUT))
    }

    /// What nodes may present from now on is kept first, so that they can be talked to whatever happens next.
    fn expect_leaves(&self, step: &Step) -> Result<(), Halt> {
        let Action::UploadIdentity { request, nodes, .. } = &step.action else {
            return Ok(());
        };
        let Some(leaf) = self.artifacts().leaves.remove(request) else {
            return Ok(());
        };
        nodes.iter().try_for_each(|node| {
            self.device.expect_leaf(node, &leaf.sha256).map_err(|why| {
                self.unready(step, format!("the new pin of {node} was not kept: {why}"))
            })
        })
    }

    /// Writes down the intent.
    fn start(&self, step: &Step) -> Result<Timestamp, Halt> {
        let attempt = self
            .record_of(step)
            .map_or(0, |record| record.attempts)
            .saturating_add(1);
        self.all.journal.record(Event::StepStarted {
            step: step.id.clone(),
            attempt,
        })?;
        let acted = self.record_of(step).and_then(|record| record.acted);
        Ok(acted.unwrap_or_else(|| self.all.clock.now()))
    }

    /// Looks until it is known what became of a change. It is not known: the step stays in doubt.
    async fn settle(&self, step: &Step, word: &Word, acted: Timestamp) -> Result<Settled, Halt> {
        let mine = match &step.action {
            Action::GenerateRequest { nodes, .. } => nodes.clone(),
            _ => BTreeSet::new(),
        };
        let mut scope = self.scope_of(&step.after, &mine);
        if let (Action::RestartService { .. }, Some(node)) = (&step.action, &step.node) {
            scope.groups.insert(crate::driver::FactGroup::Services);
            scope.nodes.get_or_insert_default().insert(node.clone());
        }
        let deadline = self.deadline(self.wait_for(step, word));
        let mut told = String::new();
        loop {
            let state = self.look(&scope).await;
            let seen = self.all.clock.now();
            let over = self.past(deadline);
            let settled = seen.duration_since(acted) >= signed(self.all.waits.settle);
            let judged = || evidence(step, word, acted, seen, &state, &self.artifacts());
            let mut proof = judged();
            if let Evidence::Made(made) = proof {
                self.keep_request(step, *made)?;
                proof = judged();
            }
            let text = match proof {
                Evidence::Applied => return Ok(Settled::Applied),
                Evidence::Made(_) => "the request was read".to_owned(),
                Evidence::Foreign { expected, found } => {
                    let next = "Do not delete or sign it before you know whose it is. If nobody needs it, \
                                delete it in OS Administration, then `reissue resume`.";
                    return Err(self.diverged(step, expected, found, next));
                }
                Evidence::NotApplied(found) => {
                    let believed = match word {
                        Word::Accepted => over,
                        Word::Refused(_) => true,
                        Word::Silent(_) => over || settled,
                    };
                    if believed {
                        return Ok(Settled::NotApplied(found));
                    }
                    format!("not seen yet: {found}")
                }
                Evidence::Partly { expected, found } if over => {
                    return Err(self.in_part(step, expected, found));
                }
                Evidence::Partly { found, .. } => format!("under way: {found}"),
                Evidence::Undecided(why) if over => return Err(self.in_doubt(step, word, why)),
                Evidence::Undecided(why) => format!("not known yet: {why}"),
            };
            if text != told {
                self.note(step, text.clone());
                told = text;
            }
            self.pause().await;
        }
    }

    fn wait_for(&self, step: &Step, word: &Word) -> Duration {
        let waits = self.all.waits;
        let wait = match &step.action {
            Action::RestartService {
                by: ControlPath::Shell,
                ..
            } => waits.tomcat_restart,
            Action::RestartService {
                by: ControlPath::ControlCenter,
                ..
            } => waits.service_restart,
            _ => waits.replication,
        };
        match word {
            Word::Silent(_) => wait.max(waits.settle),
            Word::Accepted | Word::Refused(_) => wait,
        }
    }

    fn keep_request(&self, step: &Step, made: MadeRequest) -> Result<(), Halt> {
        self.all
            .journal
            .keep(&format!("{}.csr.pem", step.id), made.pem.as_bytes())?;
        let MadeRequest {
            public_key,
            sha256,
            pem,
        } = made;
        self.all.journal.record(Event::RequestMade {
            step: step.id.clone(),
            public_key,
            sha256,
            pem,
        })?;
        Ok(())
    }

    /// A change that never reached the device. Ends the step, unless it may be tried again now.
    fn unsent(&self, step: &Step, error: WriteError, last: bool) -> Result<(), Halt> {
        let (class, again, next) = match error {
            WriteError::Unauthorized(_) => (
                Class::Failed,
                false,
                "It is not tried again, because accounts lock after three. Mend the account, then \
                 `reissue resume`.",
            ),
            WriteError::NotTrusted(_) => (
                Class::NotTrusted,
                false,
                "Find out why the node shows another key or certificate before you trust it \
                 (`reissue trust`), then `reissue resume`.",
            ),
            WriteError::NotSent(_) | WriteError::Refused(_) | WriteError::Unknown(_) => (
                Class::Failed,
                !last,
                "Nothing was sent. Make the node reachable, then `reissue resume`.",
            ),
        };
        let (what, next) = (error.to_string(), next.to_owned());
        let halt = self.failed(
            step,
            Failure {
                class,
                what,
                next,
                transient: true,
            },
        );
        if again { Ok(()) } else { Err(halt) }
    }
}

impl ClusterRun<'_> {
    /// A precondition that does not pass by itself.
    fn closed(&self, step: &Step, condition: &Condition, expected: &str, found: &str) -> Halt {
        match condition {
            Condition::SsoDisabled { .. } | Condition::SsoEnabled { .. } => {
                self.unready(step, format!("expected {expected}, found {found}"))
            }
            _ => self.diverged(step, expected.to_owned(), found.to_owned(), LOOK),
        }
    }

    /// The step could not be begun; no device acted.
    fn unready(&self, step: &Step, what: String) -> Halt {
        let acted = self
            .record_of(step)
            .is_some_and(|record| record.acted.is_some());
        let next = "Nothing was sent. Mend it, then `reissue resume`.".to_owned();
        self.failed(
            step,
            Failure {
                class: Class::Failed,
                what,
                next,
                transient: !acted,
            },
        )
    }

    /// The device shows no trace of a change that it was sent.
    fn without_effect(&self, step: &Step, word: Word, found: String) -> Halt {
        let what = match word {
            Word::Accepted => format!("the node accepted it and shows no trace of it: {found}"),
            Word::Refused(text) => {
                format!("the node refused it: {text}; and it had no effect: {found}")
            }
            Word::Silent(text) => format!("{text}; and it had no effect: {found}"),
        };
        let next =
            "Mend the cause, then `reissue resume`: it looks first and sends it again only if it \
                    still had no effect."
                .to_owned();
        self.failed(
            step,
            Failure {
                class: Class::Failed,
                what,
                next,
                transient: false,
            },
        )
    }

    /// A change that is seen in part when its wait is over.
    fn in_part(&self, step: &Step, expected: String, found: String) -> Halt {
        if matches!(step.action, Action::RestartService { .. }) {
            let what = format!("the wait is over: expected {expected}, found {found}");
            let next =
                "See in the node's log why it does not come up; start it by hand if need be; then \
                        `reissue resume`."
                    .to_owned();
            return self.failed(
                step,
                Failure {
                    class: Class::Failed,
                    what,
                    next,
                    transient: false,
                },
            );
        }
        let next = "It took effect in part. Mend the nodes that lack it (replication, services), then \
                    `reissue resume`.";
        self.diverged(step, expected, found, next)
    }

    /// The step stays in doubt: nothing is recorded, because nothing was learned.
    fn in_doubt(&self, step: &Step, word: &Word, why: String) -> Halt {
        let what = match word {
            Word::Accepted => format!("the node accepted it; what came of it is not known: {why}"),
            Word::Refused(text) => {
                format!("the node refused it ({text}); what came of it is not known: {why}")
            }
            Word::Silent(text) => format!("{text}; what came of it is not known: {why}"),
        };
        Halt {
            class: Class::InDoubt,
            step: Some(step.id.clone()),
            what,
            next: LOOK.to_owned(),
        }
    }
}

/// The conditions before a step. No request is ever made over another one, whatever a plan says (I7).
fn required_before(step: &Step) -> Vec<Condition> {
    let mut before = step.before.clone();
    if let Action::GenerateRequest { purpose, nodes, .. } = &step.action {
        for node in nodes {
            let none = Condition::NoRequest {
                node: node.clone(),
                purpose: purpose.clone(),
            };
            if !before.contains(&none) {
                before.push(none);
            }
        }
    }
    before
}

/// Whether a condition that fails may come to hold by itself soon.
fn passes(condition: &Condition) -> bool {
    match condition {
        Condition::Trusts { .. }
        | Condition::Runs { .. }
        | Condition::Healthy { .. }
        | Condition::BackupIdle { .. }
        | Condition::ReplicationGood {}
        | Condition::PhonesAtLeast { .. } => true,
        Condition::NoRequest { .. }
        | Condition::RequestOf { .. }
        | Condition::IdentityIs { .. }
        | Condition::IdentityOf { .. }
        | Condition::Serves { .. }
        | Condition::SsoDisabled { .. }
        | Condition::SsoEnabled { .. } => false,
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
