//! What kept a reader from a node, beside the facts that it left unknown.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::NodeName;
use crate::transport::TransportError;

/// Why a node could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The peer is not the one that is pinned, or nobody pinned it.
    NotTrusted,
    /// The account was refused.
    Unauthorized,
    /// The account was refused elsewhere, and not tried here.
    HeldBack,
    /// No connection, or no whole answer.
    Unreachable,
}

/// One obstacle, once for each node, kind and text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The worst kind sorts first.
    pub kind: ProblemKind,
    /// The node.
    pub node: NodeName,
    /// What a person should know and do.
    pub text: String,
}

/// The problems of the observation in hand.
#[derive(Debug, Default)]
pub(super) struct Problems(Mutex<BTreeSet<Problem>>);

impl Problems {
    /// Forgets those of the last observation.
    pub(super) fn clear(&self) {
        self.entries().clear();
    }

    pub(super) fn all(&self) -> Vec<Problem> {
        self.entries().iter().cloned().collect()
    }

    /// Takes note of an error, if it kept us from the node.
    pub(super) fn note(&self, node: &NodeName, error: &TransportError) {
        if let Some(kind) = kind(error) {
            self.entries().insert(Problem {
                kind,
                node: node.clone(),
                text: error.to_string(),
            });
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeSet<Problem>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer that cannot be read, or a fault, is no obstacle on the way: only the fact is unknown.
fn kind(error: &TransportError) -> Option<ProblemKind> {
    if error.is_not_trusted() {
        return Some(ProblemKind::NotTrusted);
    }
    if matches!(error, TransportError::LoginHeld { .. }) {
        return Some(ProblemKind::HeldBack);
    }
    if error.is_unauthorized() {
        return Some(ProblemKind::Unauthorized);
    }
    let unreachable = matches!(
        error,
        TransportError::NotSent { .. }
            | TransportError::Unknown { .. }
            | TransportError::NoPrompt { .. }
    );
    unreachable.then_some(ProblemKind::Unreachable)
}
