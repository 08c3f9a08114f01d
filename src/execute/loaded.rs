//! Whether a service has loaded what the steps before its restart stored: then it is not restarted again. A person
//! or an attempt that the journal lost may have restarted it, and from release 14 on some services do it by themselves.

use jiff::Timestamp;

use super::cluster::{ClusterRun, Seen};
use super::evidence::{Evidence, Word, evidence};
use crate::plan::{Action, Step};

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
        self.began_after(step, sent, &again, again.began)
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
