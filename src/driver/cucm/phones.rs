//! Registered phones: how many on each node, and which.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::ask::{AskError, noted};
use super::decode::{DecodeError, axl, phones};
use super::node::{NodeClient, Services};
use super::reader::CucmReader;
use super::requests::soap::{self, RIS_PAGE};
use crate::driver::{FactGroup, Scope};
use crate::model::{
    ClusterState, NodeName, Observed, PhoneCensus, Role, ServiceName, ServiceStatus,
};

impl CucmReader {
    /// Counts on every node that processes calls, then asks for names. One missing answer leaves all unknown: a
    /// partial census is no smaller number of phones.
    pub(super) async fn phones(
        &self,
        scope: &Scope,
        state: &ClusterState,
    ) -> Observed<PhoneCensus> {
        let Some(publisher) = self.publisher() else {
            return Observed::Unknown("the estate file names no publisher".to_owned());
        };
        let name = &publisher.access.name;
        let (counted, registered) = tokio::join!(
            self.counted(publisher, scope, state),
            self.registered(publisher)
        );
        let registered = registered.map_err(|error| noted(&self.problems, name, &error));
        match (counted, registered) {
            (Ok(counted), Ok(registered)) => Observed::Present(PhoneCensus {
                counted,
                registered: registered.into_iter().map(|name| (name, 0)).collect(),
                configured: Observed::default(),
            }),
            (Err(why), _) | (_, Err(why)) => Observed::Unknown(why),
        }
    }

    async fn counted(
        &self,
        publisher: &NodeClient,
        scope: &Scope,
        state: &ClusterState,
    ) -> Result<BTreeMap<NodeName, u64>, String> {
        let nodes = self
            .clients
            .values()
            .filter(|client| client.access.role != Role::ImPresence);
        let counts = join_all(nodes.map(|client| async move {
            let name = &client.access.name;
            let asked = scope.groups.contains(&FactGroup::Services) && scope.includes(name);
            let services = match state.nodes.get(name) {
                Some(node) if asked => node.services.clone(),
                _ => client.services(&self.problems).await,
            };
            // Where they could not be learned, the counter itself tells.
            let count = match services.present().map(call_processing) {
                Some(None) => return Ok(None),
                Some(Some(ServiceStatus::Stopped)) => 0,
                _ => self
                    .count(publisher, client)
                    .await
                    .map_err(|error| noted(&self.problems, name, &error))?,
            };
            Ok(Some((name.clone(), count)))
        }))
        .await;
        counts.into_iter().filter_map(Result::transpose).collect()
    }

    /// The publisher answers for every node of the cluster.
    // claim: CUCM-PERFMON-COUNT
    async fn count(&self, publisher: &NodeClient, node: &NodeClient) -> Result<u64, AskError> {
        self.perfmon.turn().await;
        let host = node.access.name.as_str();
        let answer = publisher.call(soap::call_processing_counters(host)).await?;
        phones::counted(&answer).map_err(AskError::decode(&publisher.access.name))
    }

    /// The names of all registered phones: by one question, or, where an answer cannot hold them, name by name.
    async fn registered(&self, publisher: &NodeClient) -> Result<BTreeSet<String>, AskError> {
        let first = self.page(publisher, &[]).await?;
        if first.whole {
            return Ok(first.names);
        }
        let version = self.axl_version(publisher).await?;
        let answer = publisher.call(soap::phone_names(version)).await?;
        let decode = || AskError::decode(&publisher.access.name);
        let known = axl::phone_names(&answer).map_err(decode())?;
        let mut registered = BTreeSet::new();
        for names in soap::pages(&known) {
            let page = self.page(publisher, &names).await?;
            if !page.whole {
                let found = format!("a full or partial answer for {} names", names.len());
                let expected = format!("fewer than {RIS_PAGE} rows");
                return Err(decode()(DecodeError::new(
                    "selectCmDevice",
                    expected,
                    &found,
                )));
            }
            registered.extend(page.names);
        }
        Ok(registered)
    }

    // claim: CUCM-RIS-SELECT, CUCM-RIS-RATE
    async fn page(
        &self,
        publisher: &NodeClient,
        names: &[&str],
    ) -> Result<phones::Registered, AskError> {
        self.ris.turn().await;
        let answer = publisher.call(soap::registered_phones(names)).await?;
        phones::registered(&answer, RIS_PAGE).map_err(AskError::decode(&publisher.access.name))
    }
}

/// The condition of call processing; `None` where it is not activated or not installed.
fn call_processing(services: &Services) -> Option<ServiceStatus> {
    let status = services
        .get(&ServiceName::from("Cisco CallManager"))?
        .status;
    (status != ServiceStatus::NotActivated).then_some(status)
}
