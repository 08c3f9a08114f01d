//! Clusters of Expressway: what is due there, what each peer must trust for itself and for others, and the two rounds of
//! restarts in which first the list of authorities and then the certificate takes effect.

mod request;
mod rounds;
mod server;
mod steps;
mod survey;
mod trust;

use std::collections::BTreeSet;

use crate::model::{
    ClusterName, ClusterState, NodeName, Observed, Procedure, Purpose, Release, RestartRule,
    StepId, WHOLE_PEER,
};

use super::Question;
use super::due;
use super::facts::{Refusals, unknown};
use super::refusal::Refusal;
use super::step::ClusterPlan;
use super::trusting::Wanted;
use server::Server;

/// The one trust store of a peer.
pub(super) const STORE: &str = "trusted-ca";

/// The one purpose of a peer that a plan renews.
pub(super) const SERVER: &str = "server";

/// A cluster of peers of which everything is settled that does not depend on other clusters.
pub(super) struct Party<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) state: &'a ClusterState,
    /// By name: the order in which they restart.
    nodes: Vec<NodeName>,
    /// What is due; none if nothing is.
    pub(super) server: Option<Server<'a>>,
}

/// The plan of such a cluster.
pub(super) struct Planned {
    pub(super) plan: ClusterPlan,
    /// The step after which everything counts that its peers must trust for others.
    pub(super) loaded: Option<StepId>,
    /// First restart and last proof of the round in which the lists take effect, then of that for the certificates.
    pub(super) rounds: [Option<(StepId, StepId)>; 2],
}

impl<'a> Party<'a> {
    /// Finds what is due in a cluster.
    ///
    /// # Errors
    /// Every reason why it cannot be done safely.
    pub(super) fn settle(
        question: &Question<'a>,
        cluster: &'a ClusterName,
        state: &'a ClusterState,
    ) -> Result<Self, Refusals> {
        let mut party = Self {
            cluster,
            state,
            nodes: state.nodes.keys().cloned().collect(),
            server: None,
        };
        let mut due = due::due(question, cluster, state)?;
        let others = due.extract_if(.., |it| it.wanted.purpose.as_str() != SERVER);
        let others: Refusals = others.map(|it| party.no_such(&it.wanted.purpose)).collect();
        if !others.is_empty() {
            return Err(others);
        }
        if let Some(due) = due.pop() {
            party.server = Some(Server::settle(question, &party, due)?);
        }
        Ok(party)
    }

    /// Orders what is due, and what the peers must trust for others; `None` if neither is anything.
    ///
    /// # Errors
    /// Every reason why it cannot be done safely.
    pub(super) fn plan(
        &self,
        question: &Question<'a>,
        wanted: &[Wanted<'a>],
    ) -> Result<Option<Planned>, Refusals> {
        if self.server.is_none() && wanted.is_empty() {
            return Ok(None);
        }
        let release = self.release()?;
        let needs = trust::needs(self, wanted)?;
        let mut refusals = Vec::new();
        let uploads = trust::uploads(question, self, &needs).unwrap_or_else(|more| {
            refusals.extend(more);
            Vec::new()
        });
        let writes = self.server.is_some() || !uploads.is_empty();
        if writes {
            refusals.extend(survey::survey(question, self));
        }
        if writes && self.server.is_none() {
            let server = Purpose::from(SERVER);
            refusals.extend(due::blockers(question, self.cluster, &[&server].into()));
        }
        let restart = if writes {
            self.restart(question, &release)
                .map_err(|refusal| refusals.push(refusal))
                .ok()
        } else {
            None
        };
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let draft = steps::Course::new(self, release, restart, needs, uploads);
        Ok(Some(draft.planned(question, wanted)))
    }

    fn no_such(&self, purpose: &Purpose) -> Refusal {
        let product = self.state.product;
        let says = format!(
            "expected a purpose of {product} that a plan renews, {SERVER}; found {purpose}"
        );
        self.refuse(
            says,
            "Correct the product of the cluster or the rule in the estate file.",
        )
    }

    /// The release of the cluster: that of its first peer.
    fn release(&self) -> Result<Release, Refusals> {
        let first = self
            .nodes
            .first()
            .and_then(|name| self.state.nodes.get(name));
        match first.map(|node| &node.release) {
            Some(Observed::Present(release)) => Ok(release.clone()),
            other => {
                let why = other.and_then(Observed::unknown).unwrap_or("it gave none");
                Err(vec![
                    unknown(self.cluster, "its release", why).at(self.nodes.first()),
                ])
            }
        }
    }

    /// How a peer restarts, by the playbook.
    fn restart(
        &self,
        question: &Question<'a>,
        release: &Release,
    ) -> Result<(&'a Procedure, &'a RestartRule), Refusal> {
        let procedure = self.procedure(question, SERVER)?;
        let variant = question.options.variant(&procedure.purpose);
        let mut sets = procedure.restarts.iter();
        let set = sets.find(|set| set.variant == variant && set.releases.contains(release));
        let rule = set.and_then(|set| {
            set.services
                .iter()
                .find(|it| it.service.as_str() == WHOLE_PEER)
        });
        rule.map(|rule| (procedure, rule)).ok_or_else(|| {
            let says = format!(
                "expected a restart set `{variant}` of {SERVER} that restarts {WHOLE_PEER} on release {release}; the \
                 playbook has none"
            );
            self.refuse(says, "Use a playbook that covers this release.").breaking("I8")
        })
    }

    /// The procedure of a purpose.
    fn procedure(&self, question: &Question<'a>, purpose: &str) -> Result<&'a Procedure, Refusal> {
        let product = self.state.product;
        let mut known = question.procedures.iter();
        known
            .find(|known| known.appliance.product() == product && known.purpose.as_str() == purpose)
            .ok_or_else(|| {
                let says = format!("expected a playbook for {purpose} on {product}; there is none");
                let next = "Add one with --playbooks, or renew this purpose by hand.";
                self.refuse(says, next)
            })
    }

    fn refuse(&self, says: impl Into<String>, next: impl Into<String>) -> Refusal {
        Refusal::of(self.cluster, says, next)
    }

    /// The peers that get a new certificate.
    fn renewed(&self) -> BTreeSet<&NodeName> {
        self.server.iter().flat_map(|it| &it.due.nodes).collect()
    }
}
