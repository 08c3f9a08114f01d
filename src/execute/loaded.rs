//! Whether a service has loaded what the steps before its restart stored: then it is not restarted again. A person
//! or an attempt that the journal lost may have restarted it, and from release 14 on some services do it by themselves.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::cluster::{ClusterRun, Seen};
use super::evidence::{Evidence, Word, evidence};
use crate::plan::{Action, Step};

/// So many looks, so far apart, see one second pass.
const LOOKS: usize = 12;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl ClusterRun<'_> {
    /// Whether the service of a restart began to run after the last upload that it loads.
    pub(super) async fn has_loaded(&self, index: usize, step: &Step, seen: &Seen) -> bool {
        let Some(sent) = self.last_upload(index, step) else {
            return false;
        };
        if !self.began_after(step, sent, seen, seen.ended) {
            return false;
        }
        // A look at a whole cluster takes minutes, and an uptime in it is as old as its answer. A short look, counted
        // back from its beginning, cannot make a service younger than it is.
        let again = self.look(&self.restart_scope(step)).await;
        if !self.began_after(step, sent, &again, again.began) {
            return false;
        }
        match self.known_to_run(index, step) {
            Some(known) => self.is_younger(step, known, again).await,
            None => true,
        }
    }

    /// When this run knew that the instance runs which an earlier step of it started; `None` if there is no such step.
    fn known_to_run(&self, index: usize, step: &Step) -> Option<Timestamp> {
        let Action::RestartService { service, .. } = &step.action else {
            return None;
        };
        let earlier = self.plan.steps.get(..index)?;
        let started = earlier.iter().rposition(|other| {
            let same = matches!(&other.action, Action::RestartService { service: it, .. } if it == service);
            same && other.node == step.node
        })?;
        // Whatever was done next was done after it was seen to run.
        let next = &earlier.get(started + 1)?.id;
        self.artifacts().acted.get(next).copied()
    }

    /// Whether the service runs for less than a moment that has passed, for sure. Nodes tell uptimes in whole seconds, so
    /// that one look leaves a second open; where the moment lies in it, more looks see the second pass.
    // claim: CUCM-CC-UPTIME
    async fn is_younger(&self, step: &Step, moment: Timestamp, first: Seen) -> bool {
        let mut seen = first;
        let (mut earliest, mut latest) = (Timestamp::MIN, Timestamp::MAX);
        for _ in 0..LOOKS {
            let Some((from, to)) = began_between(step, &seen) else {
                return false;
            };
            (earliest, latest) = (earliest.max(from), latest.min(to));
            if earliest > moment || latest <= moment {
                break;
            }
            self.all.timer.sleep(BETWEEN_LOOKS).await;
            seen = self.look(&self.restart_scope(step)).await;
        }
        earliest > moment
    }

    fn began_after(
        &self,
        step: &Step,
        sent: Timestamp,
        seen: &Seen,
        counted_from: Timestamp,
    ) -> bool {
        let word = Word::Silent("this run did not restart it".to_owned());
        let artifacts = self.artifacts();
        let mut look = seen.with(&artifacts);
        look.ended = counted_from;
        evidence(step, &word, sent, look) == Evidence::Applied
    }

    /// When the last step was sent that this restart makes effective: of the uploads that its node holds, or, where it
    /// holds none of them, of all; and of the trust list, which is written before the restarts (invariant I11). Steps of
    /// earlier passes do not count, and one that this run did not send leaves the answer open.
    fn last_upload(&self, index: usize, step: &Step) -> Option<Timestamp> {
        let before = self.plan.steps.get(..index)?.iter().rev();
        let pass: Vec<&Step> = before
            .skip_while(|step| !stores(&step.action))
            .take_while(|step| !ends_a_pass(&step.action))
            .filter(|step| stores(&step.action))
            .collect();
        let own = |stored: &&Step| match (&stored.action, &step.node) {
            (Action::UploadIdentity { nodes, .. }, Some(node)) => nodes.contains(node),
            _ => false,
        };
        let any_own = pass.iter().any(own);
        let counts = |stored: &&&Step| {
            !any_own || own(stored) || matches!(stored.action, Action::UpdateTrustList {})
        };
        let sent: Option<Vec<Timestamp>> = pass
            .iter()
            .filter(counts)
            .map(|stored| self.record_of(stored)?.acted)
            .collect();
        sent?.into_iter().max()
    }
}

/// Between which moments the service of a step began, as one look tells.
fn began_between(step: &Step, seen: &Seen) -> Option<(Timestamp, Timestamp)> {
    let Action::RestartService { service, .. } = &step.action else {
        return None;
    };
    let node = seen.state.nodes.get(step.node.as_ref()?)?;
    let up = node.services.present()?.get(service)?.up_seconds?;
    let up = SignedDuration::from_secs(i64::try_from(up).ok()?);
    let second = SignedDuration::from_secs(1);
    let from = seen.began.checked_sub(up).ok()?.checked_sub(second).ok()?;
    Some((from, seen.ended.checked_sub(up).ok()?))
}

/// What a service loads when it starts.
fn stores(action: &Action) -> bool {
    matches!(
        action,
        Action::UploadIdentity { .. } | Action::UpdateTrustList {}
    )
}

/// What stands between the uploads of two passes.
fn ends_a_pass(action: &Action) -> bool {
    matches!(
        action,
        Action::RestartService { .. } | Action::ResetPhones { .. } | Action::Confirm { .. }
    )
}
