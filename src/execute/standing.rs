//! What the steps that are done have brought about and no later step has changed. It must still be so: a
//! request, identity or trust entry that somebody replaced meanwhile stops the run (I28).

use std::collections::BTreeMap;

use crate::journal::{Replay, StepStatus};
use crate::model::{Fingerprint, Listener, NodeName, Purpose, StepId, Store};
use crate::plan::{Action, ClusterPlan, Condition};

/// The fact that a condition speaks of. The last step that speaks of it decides what it should be.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fact<'a> {
    Trust(&'a NodeName, &'a Store, &'a Fingerprint),
    Request(&'a NodeName, &'a Purpose),
    Identity(&'a NodeName, &'a Purpose),
    Served(&'a NodeName, Listener),
    SingleSignOn(&'a NodeName),
    Listed(&'a StepId),
}

impl<'a> Fact<'a> {
    /// `None` for what comes and goes by itself: services, replication, phones, backups.
    fn of(condition: &'a Condition) -> Option<Self> {
        match condition {
            Condition::Trusts {
                node,
                store,
                sha256,
            } => Some(Self::Trust(node, store, sha256)),
            Condition::NoRequest { node, purpose } | Condition::RequestOf { node, purpose, .. } => {
                Some(Self::Request(node, purpose))
            }
            Condition::IdentityIs { node, purpose, .. }
            | Condition::IdentityOf { node, purpose, .. } => Some(Self::Identity(node, purpose)),
            Condition::Serves { node, listener, .. } => Some(Self::Served(node, *listener)),
            Condition::SsoDisabled { node } | Condition::SsoEnabled { node } => {
                Some(Self::SingleSignOn(node))
            }
            Condition::TrustListHolds { step } => Some(Self::Listed(step)),
            Condition::StartedSince { .. }
            | Condition::PhonesReset { .. }
            | Condition::PhonesBack { .. }
            | Condition::Runs { .. }
            | Condition::Healthy { .. }
            | Condition::BackupIdle { .. }
            | Condition::ReplicationGood {}
            | Condition::PhonesAtLeast { .. }
            | Condition::Traverses { .. } => None,
        }
    }
}

/// What nodes would refuse an upload for, now that a condition which the run brought about holds no more.
/// Source: cucm-upload-errors E1, E2, E4.
pub(super) fn refused_for(condition: &Condition) -> Option<&'static str> {
    match condition {
        Condition::Trusts { .. } => Some(
            "E1: a node refuses an identity whose chain is not in the store. Upload the authority again to put it back",
        ),
        Condition::RequestOf { .. } => Some(
            "E2, E4: a node refuses a certificate for which no request waits, or another one. A request that is gone \
             took its key along and cannot be put back",
        ),
        _ => None,
    }
}

/// The conditions that done steps have brought about. A step that was begun or waits for
/// somebody, and is not done, leaves its own facts open.
pub(super) fn standing<'a>(plan: &'a ClusterPlan, run: &Replay) -> Vec<&'a Condition> {
    let mut facts = BTreeMap::new();
    for step in &plan.steps {
        let begun = run.step(&step.id).is_some_and(|record| {
            record.attempts > 0 || matches!(record.status, StepStatus::Waiting { .. })
        });
        let done = run.is_done(&step.id);
        if let Action::UploadIdentity { purpose, nodes, .. } = &step.action
            && (begun || done)
        {
            // Whether a node keeps the request that a certificate answered is for the step to say, if it is known.
            for node in nodes {
                facts.remove(&Fact::Request(node, purpose));
            }
        }
        for condition in &step.after {
            match Fact::of(condition) {
                Some(fact) if done => {
                    facts.insert(fact, condition);
                }
                Some(fact) if begun => {
                    facts.remove(&fact);
                }
                _ => {}
            }
        }
    }
    facts.into_values().collect()
}
