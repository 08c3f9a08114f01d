//! The read side of a cluster.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::OnceCell;

use super::node::{NodeAnswer, NodeClient};
use super::pace::Pace;
use super::problems::Problems;
use super::requests::soap::AxlVersion;
use super::{ClusterAccess, Problem};
use crate::driver::{BoxFuture, FactGroup, Observe, Scope, linked};
use crate::model::{ClusterState, NodeName, NodeState, Observed, PhoneProfile, Role};
use crate::transport::TransportError;

/// Nodes asked at the same time: enough for a whole cluster of usual size, few enough for a jump host.
const NODES_AT_ONCE: usize = 8;

/// Asks one cluster. Keeps one connection for each node and channel between observations.
pub struct CucmReader {
    pub(super) access: ClusterAccess,
    pub(super) clients: BTreeMap<NodeName, NodeClient>,
    pub(super) problems: Problems,
    /// Found out once: it changes by an upgrade only, and then the node answers with a fault.
    pub(super) axl: OnceCell<AxlVersion>,
    /// The phones of the database. They do not change within a run, and gates look at phones often.
    pub(super) configured: OnceCell<BTreeMap<String, PhoneProfile>>,
    pub(super) ris: Pace,
    pub(super) perfmon: Pace,
}

impl CucmReader {
    /// Prepares clients for every node; connects to nothing yet.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] if the TLS library refuses its settings.
    pub fn new(access: ClusterAccess) -> Result<Self, TransportError> {
        let clients = access
            .nodes
            .iter()
            .map(|node| Ok((node.name.clone(), NodeClient::new(&access, node)?)))
            .collect::<Result<_, TransportError>>()?;
        Ok(Self {
            ris: Pace::ris(access.device_queries_per_minute),
            perfmon: Pace::perfmon(access.device_queries_per_minute),
            access,
            clients,
            problems: Problems::default(),
            axl: OnceCell::new(),
            configured: OnceCell::new(),
        })
    }

    /// What kept the last observation from nodes, the worst first.
    pub fn problems(&self) -> Vec<Problem> {
        self.problems.all()
    }

    /// The client of the declared publisher.
    pub(super) fn publisher(&self) -> Option<&NodeClient> {
        self.clients
            .values()
            .find(|client| client.access.role == Role::Publisher)
    }

    async fn look(&self, scope: &Scope) -> ClusterState {
        self.problems.clear();
        let mut state = ClusterState::unasked(self.access.product);
        for node in &self.access.nodes {
            state
                .nodes
                .insert(node.name.clone(), NodeState::unasked(node.role));
        }
        for client in self.clients.values() {
            client.begin().await;
        }
        let (answers, publisher) = tokio::join!(self.ask_nodes(scope), self.ask_publisher(scope));
        let mut seen = self.access.authorities.clone();
        for (name, answer) in answers {
            seen.extend(answer.seen);
            state.nodes.insert(name, answer.state);
        }
        publisher.enter(scope, &mut state);
        if scope.groups.contains(&FactGroup::Phones) {
            let (phones, clock_skew) = self.phones(scope, &state).await;
            state.phones = phones;
            self.enter_clock(&mut state, clock_skew);
        }
        state.certificates = linked(seen);
        state
    }

    /// The publisher's clock as its phone service told it, where nothing else was asked of it.
    fn enter_clock(&self, state: &mut ClusterState, clock_skew: Observed<i64>) {
        let name = self.publisher().map(|client| &client.access.name);
        let publisher = name.and_then(|name| state.nodes.get_mut(name));
        if let Some(publisher) = publisher
            && publisher.clock_skew_seconds.present().is_none()
            && clock_skew.present().is_some()
        {
            publisher.clock_skew_seconds = clock_skew;
        }
    }

    async fn ask_nodes(&self, scope: &Scope) -> Vec<(NodeName, NodeAnswer)> {
        let clients = self
            .clients
            .values()
            .filter(|client| scope.includes(&client.access.name));
        let asks: Vec<_> = clients.map(|client| self.ask_node(scope, client)).collect();
        stream::iter(asks)
            .buffer_unordered(NODES_AT_ONCE)
            .collect()
            .await
    }

    async fn ask_node(&self, scope: &Scope, client: &NodeClient) -> (NodeName, NodeAnswer) {
        let answer = client.ask(&scope.groups, &self.problems).await;
        (client.access.name.clone(), answer)
    }
}

impl Observe for CucmReader {
    fn observe<'a>(&'a self, scope: &'a Scope) -> BoxFuture<'a, ClusterState> {
        Box::pin(self.look(scope))
    }
}
