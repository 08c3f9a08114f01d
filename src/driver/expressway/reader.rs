//! The read side of a cluster.

use futures_util::stream::{self, StreamExt as _};

use super::ExpresswayAccess;
use super::peer::PeerClient;
use crate::driver::problems::Problems;
use crate::driver::{BoxFuture, Observe, Problem, Scope, linked};
use crate::model::{ClusterState, NodeName, NodeState, Observed};
use crate::transport::TransportError;

/// Peers asked at the same time: a cluster has six at most.
const PEERS_AT_ONCE: usize = 6;

/// Asks one cluster.
pub struct ExpresswayReader {
    access: ExpresswayAccess,
    clients: Vec<PeerClient>,
    problems: Problems,
}

impl ExpresswayReader {
    /// Prepares a client for every peer; connects to nothing yet.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] if the TLS library refuses its settings.
    pub fn new(access: ExpresswayAccess) -> Result<Self, TransportError> {
        let clients = access
            .nodes
            .iter()
            .map(|node| PeerClient::new(&access, node))
            .collect::<Result<_, TransportError>>()?;
        Ok(Self {
            access,
            clients,
            problems: Problems::default(),
        })
    }

    /// What kept the last observation from peers, the worst first.
    pub fn problems(&self) -> Vec<Problem> {
        self.problems.all()
    }

    pub(super) fn access(&self) -> &ExpresswayAccess {
        &self.access
    }

    /// The channel of a declared peer.
    pub(super) fn client(&self, node: &NodeName) -> Option<&PeerClient> {
        self.clients.iter().find(|it| it.access.name == *node)
    }

    async fn look(&self, scope: &Scope) -> ClusterState {
        self.problems.clear();
        // What a CUCM cluster has as a whole, an Expressway cluster has not.
        let mut state = ClusterState {
            listed: Observed::Absent,
            network: Observed::Absent,
            security: Observed::Absent,
            replication: Observed::Absent,
            presence_publisher: Observed::Absent,
            ctl: Observed::Absent,
            phones: Observed::Absent,
            ..ClusterState::unasked(self.access.product)
        };
        for node in &self.access.nodes {
            let unasked = NodeState::unasked(node.role);
            state.nodes.insert(node.name.clone(), unasked);
        }
        let asks: Vec<_> = self
            .clients
            .iter()
            .filter(|client| scope.includes(&client.access.name))
            .map(|client| async move {
                let answer = client.ask(&scope.groups, &self.problems).await;
                (client.access.name.clone(), answer)
            })
            .collect();
        let answers: Vec<_> = stream::iter(asks)
            .buffer_unordered(PEERS_AT_ONCE)
            .collect()
            .await;
        let mut seen = self.access.authorities.clone();
        for (name, answer) in answers {
            seen.extend(answer.seen);
            state.nodes.insert(name, answer.state);
        }
        state.certificates = linked(seen);
        state
    }
}

impl Observe for ExpresswayReader {
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
        Box::pin(self.look(scope))
    }
}
