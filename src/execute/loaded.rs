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

    /// When the last of the uploads before a restart was sent: of those that its node holds, or, where it holds none
    /// of them, of all. Uploads of earlier passes do not count, nor does one that this run did not send.
    fn last_upload(&self, index: usize, step: &Step) -> Option<Timestamp> {
        let before = self.plan.steps.get(..index)?;
        let stored = before
            .iter()
            .rev()
            .skip_while(|step| !matches!(step.action, Action::UploadIdentity { .. }))
            .take_while(|step| !ends_a_pass(&step.action));
        let uploads: Vec<&Step> = stored
            .filter(|step| matches!(step.action, Action::UploadIdentity { .. }))
            .collect();
        let own = |upload: &&Step| match (&upload.action, &step.node) {
            (Action::UploadIdentity { nodes, .. }, Some(node)) => nodes.contains(node),
            _ => false,
        };
        let any_own = uploads.iter().any(own);
        let counted = uploads.iter().filter(|upload| !any_own || own(upload));
        let sent: Option<Vec<Timestamp>> = counted
            .map(|upload| self.record_of(upload)?.acted)
            .collect();
        sent?.into_iter().max()
    }
}

/// What stands between the uploads of two passes.
fn ends_a_pass(action: &Action) -> bool {
    matches!(
        action,
        Action::RestartService { .. } | Action::ResetPhones { .. } | Action::Confirm { .. }
    )
}
