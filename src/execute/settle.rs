//! What became of a change: looked for until it is known, or the wait is over.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cluster::ClusterRun;
use super::evidence::{Evidence, Word, evidence};
use super::gate::answers_for_phones;
use super::outcome::Halt;
use super::stops::in_doubt;
use crate::driver::{FactGroup, Scope};
use crate::journal::{Event, MadeRequest};
use crate::model::ControlPath;
use crate::plan::{Action, Step};

/// Whether a change without an answer is not sent again in this run, though nothing is seen of it: a peer that broke the
/// connection off may only be slow to restart.
// claim: EXPRESSWAY-RESTART
pub(super) fn sent_once(step: &Step) -> bool {
    let by_peer = ControlPath::Peer;
    matches!(&step.action, Action::RestartService { by, .. } if *by == by_peer)
}

/// What became of a change.
pub(super) enum Settled {
    Applied,
    NotApplied(String),
}

impl ClusterRun<'_> {
    /// Looks until it is known what became of a change. If the wait ends first, the step stays in doubt.
    pub(super) async fn settle(
        &self,
        step: &Step,
        word: &Word,
        acted: Timestamp,
    ) -> Result<Settled, Halt> {
        let mine = match &step.action {
            Action::GenerateRequest { nodes, .. } => nodes.clone(),
            _ => BTreeSet::new(),
        };
        let scope = match &step.action {
            Action::RestartService { .. } => self.restart_scope(step),
            _ => self.scope_of(&step.after, &mine),
        };
        let deadline = self.deadline(self.wait_for(step, word));
        let mut told = String::new();
        loop {
            let seen = self.look(&scope).await;
            let over = self.past(deadline);
            let settled = seen.ended.duration_since(acted) >= signed(self.all.waits.settle);
            let judged = || evidence(step, word, acted, seen.with(&self.artifacts()));
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
                                delete it in OS Administration, or on the page of the server certificate of an \
                                Expressway, then `reissue resume`.";
                    return Err(self.diverged(step, expected, found, next));
                }
                Evidence::NotApplied(found) => {
                    let believed = match word {
                        Word::Accepted => over,
                        Word::Silent(_) if sent_once(step) => over,
                        // Phones take their time to show that they were reset.
                        Word::Refused(_) if !answers_for_phones(step) => true,
                        Word::Refused(_) | Word::Broken(_) | Word::Silent(_) => over || settled,
                    };
                    if believed {
                        return Ok(Settled::NotApplied(found));
                    }
                    format!("not seen yet: {found}")
                }
                Evidence::Partly { .. } if over && answers_for_phones(step) => {
                    return Err(self.short_of_phones(step, &seen));
                }
                Evidence::Partly { expected, found } if over => {
                    return Err(self.in_part(step, expected, found));
                }
                Evidence::Partly { found, .. } => format!("under way: {found}"),
                Evidence::Undecided(why) if over => return Err(in_doubt(step, word, &why)),
                Evidence::Undecided(why) => format!("not known yet: {why}"),
            };
            if text != told {
                self.note(step, text.clone());
                told = text;
            }
            self.pause().await;
        }
    }

    /// What shows whether a service restarted.
    pub(super) fn restart_scope(&self, step: &Step) -> Scope {
        let mut scope = self.scope_of(&step.after, &BTreeSet::new());
        scope.groups.insert(FactGroup::Services);
        if let (Some(nodes), Some(node)) = (&mut scope.nodes, &step.node) {
            nodes.insert(node.clone());
        }
        scope
    }

    fn wait_for(&self, step: &Step, word: &Word) -> Duration {
        let waits = self.all.waits;
        let wait = match &step.action {
            Action::RestartService {
                by: ControlPath::Shell | ControlPath::Peer,
                ..
            } => waits.tomcat_restart,
            Action::RestartService {
                by: ControlPath::ControlCenter,
                ..
            } => waits.service_restart,
            // A phone is reset when its call has ended.
            Action::ResetPhones { .. } => waits.phones_back,
            _ => waits.replication,
        };
        match word {
            Word::Broken(_) | Word::Silent(_) => wait.max(waits.settle),
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
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
