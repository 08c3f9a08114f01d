//! A step that changes a device.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::cluster::{ClusterRun, Seen, disrupts, moves, unread};
use super::evidence::Word;
use super::look::tally;
use super::outcome::Halt;
use super::settle::{Settled, sent_once};
use super::stops::FIND_OUT;
use crate::driver::{Scope, Write, WriteError, proves_nodes};
use crate::journal::{DoneHow, Event};
use crate::model::{KeyAlgorithm, NodeName};
use crate::plan::{Action, Condition, Step, Touched, touched};

/// How often a change that never left this process, or provably had no effect, is sent within one run.
const ATTEMPTS: u32 = 3;

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
                Err(WriteError::Broken(text)) => Word::Broken(text),
                Err(error) => {
                    self.unsent(step, &error, last)?;
                    self.pause().await;
                    continue;
                }
            };
            match (self.settle(step, &word, acted).await?, word) {
                (Settled::Applied, _) => return self.done(step, DoneHow::Performed {}),
                (Settled::NotApplied(found), Word::Silent(text)) if !last && !sent_once(step) => {
                    self.note(
                        step,
                        format!("{text}; the node shows no trace of it ({found}); trying again"),
                    );
                }
                (Settled::NotApplied(found), word) => {
                    return Err(self.without_effect(step, &word, &found));
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
            Action::UpdateTrustList {} => Write::UpdateTrustList,
            Action::ResetPhones { pool } => Write::ResetPhones { pool: pool.clone() },
            Action::Person { .. } | Action::AwaitCertificates { .. } | Action::Confirm { .. } => {
                return Err("the step changes no device".to_owned());
            }
        };
        Ok((node, write))
    }

    /// Waits until the step may be carried out, or is seen to be done.
    async fn gate(&self, index: usize, step: &Step) -> Result<Gate, Halt> {
        let before = required_before(step);
        let restart = matches!(step.action, Action::RestartService { .. });
        let whole = disrupts(step);
        let mut scope = self.scope_of(before.iter().chain(&step.after), &BTreeSet::new());
        if whole {
            scope.nodes = None;
            scope.groups.extend(Scope::without_phones().groups);
        }
        let waits = self.all.waits;
        let deadline = self.deadline(waits.served.max(waits.replication));
        loop {
            let seen = self.look(&scope).await;
            let artifacts = self.artifacts();
            let done_already = if restart {
                self.never_begun(step) && self.has_loaded(index, step, &seen).await
            } else {
                !step.after.is_empty() && tally(&step.after, seen.with(&artifacts)).all_hold()
            };
            if done_already {
                return Ok(Gate::DoneAlready);
            }
            let tally = tally(&before, seen.with(&artifacts));
            if let Some((condition, expected, found)) = tally
                .failing
                .iter()
                .find(|(condition, ..)| !passes(condition))
            {
                return Err(self.closed(step, condition, expected, found));
            }
            let unread_facts = if whole {
                self.undisturbed(index, step, &seen)?
            } else {
                false
            };
            if tally.all_hold() && !unread_facts {
                self.may_go_on(step.id.as_str())?;
                return Ok(Gate::Open);
            }
            if self.past(deadline) {
                let what = if tally.all_hold() {
                    "facts that the plan rests on cannot be read".to_owned()
                } else {
                    tally.sentence()
                };
                return Err(self.unready(step, what));
            }
            self.may_go_on(step.id.as_str())?;
            self.note(step, format!("not yet: {}", tally.sentence()));
            self.pause().await;
        }
    }

    pub(super) fn never_begun(&self, step: &Step) -> bool {
        self.record_of(step)
            .is_none_or(|record| record.attempts == 0)
    }

    /// Nothing else may have moved in the cluster (I28). Says whether something could not be read.
    fn undisturbed(&self, index: usize, step: &Step, seen: &Seen) -> Result<bool, Halt> {
        let changed = match (self.never_begun(step), index.checked_sub(1)) {
            (false, _) => touched(self.plan, index),
            (true, Some(last)) => touched(self.plan, last),
            (true, None) => Touched::default(),
        };
        let (gaps, drift): (Vec<_>, Vec<_>) =
            self.drift(seen, &changed).into_iter().partition(unread);
        if drift.is_empty() {
            return Ok(!gaps.is_empty());
        }
        let expected = "nothing but this plan's own steps to have changed the cluster".to_owned();
        Err(self.diverged(step, expected, moves(&drift), FIND_OUT))
    }

    /// What nodes may present from now on is kept first, so that they can be talked to whatever happens next.
    /// They are known by their tomcat certificates, peers by their server certificates; others prove nobody on the ports that are talked to.
    fn expect_leaves(&self, step: &Step) -> Result<(), Halt> {
        let Action::UploadIdentity {
            purpose,
            request,
            nodes,
        } = &step.action
        else {
            return Ok(());
        };
        if !proves_nodes(purpose) {
            return Ok(());
        }
        let key = if purpose.is_ecdsa() {
            KeyAlgorithm::Ec
        } else {
            KeyAlgorithm::Rsa
        };
        let Some(leaf) = self.artifacts().leaves.remove(request) else {
            return Ok(());
        };
        nodes.iter().try_for_each(|node| {
            self.device
                .expect_leaf(node, key, &leaf.sha256)
                .map_err(|why| {
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

/// Whether a condition that fails may come to hold by itself soon. From release 14 on some services start by
/// themselves after an upload; a list or an identity changes only if somebody changes it.
fn passes(condition: &Condition) -> bool {
    match condition {
        Condition::Trusts { .. }
        | Condition::Runs { .. }
        | Condition::Healthy { .. }
        | Condition::BackupIdle { .. }
        | Condition::StartedSince { .. }
        | Condition::PhonesReset { .. }
        | Condition::PhonesBack { .. }
        | Condition::ReplicationGood {}
        | Condition::PhonesAtLeast { .. }
        | Condition::Traverses { .. } => true,
        Condition::NoRequest { .. }
        | Condition::RequestOf { .. }
        | Condition::IdentityIs { .. }
        | Condition::IdentityOf { .. }
        | Condition::Serves { .. }
        | Condition::TrustListHolds { .. }
        | Condition::SsoDisabled { .. }
        | Condition::SsoEnabled { .. } => false,
    }
}
