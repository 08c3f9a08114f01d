//! Phones: how many are registered on each node, which, and what the database says of each.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::ask::{AskError, noted};
use super::decode::{DecodeError, axl, phones};
use super::node::{NodeClient, Services};
use super::reader::CucmReader;
use super::requests::soap::{self, AxlVersion, RIS_PAGE, Rows};
use crate::driver::{FactGroup, Scope};
use crate::model::{
    ClusterState, NodeName, Observed, PhoneCensus, PhoneProfile, Product, Role, ServiceName,
    ServiceStatus,
};

/// What the database says of phones, by name.
type Profiles = BTreeMap<String, PhoneProfile>;

/// More phones than a cluster can have: an answer that goes on beyond is no list of phones.
const MOST_PHONES: usize = 200_000;

impl CucmReader {
    /// Counts on every node that processes calls, then asks for names. One missing answer leaves all unknown: a
    /// partial census is no smaller number of phones. The database is read once; after that, a look at phones alone
    /// costs one counter for each node and the pages of RIS. Time stamps are by the publisher's clock, so its
    /// difference to ours is told with them.
    pub(super) async fn phones(
        &self,
        scope: &Scope,
        state: &ClusterState,
    ) -> (Observed<PhoneCensus>, Observed<i64>) {
        if self.access.product != Product::Cucm {
            return (Observed::Absent, Observed::default());
        }
        let Some(publisher) = self.publisher() else {
            let why = "the estate file names no publisher".to_owned();
            return (Observed::Unknown(why), Observed::default());
        };
        let name = &publisher.access.name;
        let configured = self.configured(publisher).await;
        let configured = configured.map_err(|error| noted(&self.problems, name, &error));
        let (counted, registered) = tokio::join!(
            self.counted(publisher, scope, state),
            self.registered(publisher, configured.as_ref().copied())
        );
        match (counted, registered) {
            (Ok(counted), Ok((registered, clock_skew))) => {
                let census = PhoneCensus {
                    counted,
                    registered,
                    configured: configured.cloned().into(),
                };
                (Observed::Present(census), clock_skew)
            }
            (Err(why), _) | (_, Err(why)) => (Observed::Unknown(why), Observed::default()),
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
            let services = state.nodes.get(name).filter(|_| asked);
            let services = services.map(|node| &node.services);
            let count = self.counted_on(publisher, client, services).await?;
            Ok(count.map(|count| (name.clone(), count)))
        }))
        .await;
        counts.into_iter().filter_map(Result::transpose).collect()
    }

    /// The phones registered with one node; `None` where call processing is not activated. Its services tell, if
    /// they were asked anyway; else the counter is tried first, and the services only where there is none.
    async fn counted_on(
        &self,
        publisher: &NodeClient,
        client: &NodeClient,
        services: Option<&Observed<Services>>,
    ) -> Result<Option<u64>, String> {
        if client.processes_no_calls() {
            return Ok(None);
        }
        match services.map_or(Calls::Counted, calls) {
            Calls::None => return Ok(None),
            Calls::Standing => return Ok(Some(0)),
            Calls::Counted => {}
        }
        let error = match self.count(publisher, client).await {
            Ok(count) => return Ok(Some(count)),
            Err(error) => noted(&self.problems, &client.access.name, &error),
        };
        if services.is_some() {
            return Err(error);
        }
        match calls(&client.services(&self.problems).await) {
            Calls::None => {
                client.remember_no_calls();
                Ok(None)
            }
            Calls::Standing => Ok(Some(0)),
            Calls::Counted => Err(error),
        }
    }

    /// The publisher answers for every node of the cluster.
    // claim: CUCM-PERFMON-COUNT
    async fn count(&self, publisher: &NodeClient, node: &NodeClient) -> Result<u64, AskError> {
        self.perfmon.turn().await;
        let host = node.access.name.as_str();
        let answer = publisher.call(soap::call_processing_counters(host)).await?;
        phones::counted(&answer).map_err(AskError::decode(&publisher.access.name))
    }

    /// All registered phones: by one question, or, where an answer cannot hold them, name by name.
    async fn registered(
        &self,
        publisher: &NodeClient,
        known: Result<&Profiles, &String>,
    ) -> Result<(BTreeMap<String, i64>, Observed<i64>), String> {
        let name = &publisher.access.name;
        let wrong = |error: AskError| noted(&self.problems, name, &error);
        let (first, clock_skew) = self.page(publisher, &[]).await.map_err(wrong)?;
        if first.whole {
            return Ok((first.phones, clock_skew));
        }
        let mut registered = BTreeMap::new();
        for names in soap::pages(known.map_err(String::clone)?) {
            let (page, _) = self.page(publisher, &names).await.map_err(wrong)?;
            if !page.whole {
                let found = format!("a full or partial answer for {} names", names.len());
                let expected = format!("fewer than {RIS_PAGE} rows");
                let error = DecodeError::new("selectCmDevice", expected, &found);
                return Err(wrong(AskError::decode(name)(error)));
            }
            registered.extend(page.phones);
        }
        Ok((registered, clock_skew))
    }

    // claim: CUCM-RIS-SELECT, CUCM-RIS-RATE
    async fn page(
        &self,
        publisher: &NodeClient,
        names: &[&str],
    ) -> Result<(phones::Registered, Observed<i64>), AskError> {
        self.ris.turn().await;
        let question = soap::registered_phones(names);
        let (answer, clock_skew) = publisher.call_dated(question).await?;
        let page = phones::registered(&answer, RIS_PAGE)
            .map_err(AskError::decode(&publisher.access.name))?;
        Ok((page, clock_skew))
    }

    /// The phones of the database, asked once: whole, or by rows if the node says that they are too many.
    // claim: CUCM-AXL-PHONE-PROFILES (assumed), CUCM-AXL-ROWS
    async fn configured(&self, publisher: &NodeClient) -> Result<&Profiles, AskError> {
        let ask = || async {
            let version = self.axl_version(publisher).await?;
            match rows(publisher, version, None).await {
                Err(error) => match error.rows_allowed() {
                    Some(fewer_than) => by_rows(publisher, version, fewer_than).await,
                    None => Err(error),
                },
                whole => whole,
            }
        };
        self.configured.get_or_try_init(ask).await
    }
}

async fn rows(
    publisher: &NodeClient,
    version: AxlVersion,
    rows: Option<Rows>,
) -> Result<Profiles, AskError> {
    let answer = publisher.call(soap::phone_profiles(version, rows)).await?;
    axl::phone_profiles(&answer).map_err(AskError::decode(&publisher.access.name))
}

/// One piece after the other until one is not full. A phone that is in two pieces was moved by a change of the
/// database meanwhile, which may have moved another one out.
async fn by_rows(
    publisher: &NodeClient,
    version: AxlVersion,
    fewer_than: usize,
) -> Result<Profiles, AskError> {
    let first = fewer_than.saturating_sub(1).max(1);
    let mut all = Profiles::new();
    loop {
        let skip = all.len();
        let piece = rows(publisher, version, Some(Rows { skip, first })).await?;
        let last = piece.len() < first;
        let expected = skip + piece.len();
        all.extend(piece);
        if all.len() != expected || all.len() > MOST_PHONES {
            let found = format!("{} phones in {expected} rows", all.len());
            let error = DecodeError::new("executeSQLQuery device", "each phone once", &found);
            return Err(AskError::decode(&publisher.access.name)(error));
        }
        if last {
            return Ok(all);
        }
    }
}

/// What a node's services say of its phones.
enum Calls {
    /// Call processing is not activated.
    None,
    /// It is activated and does not run.
    Standing,
    /// It may run: the counter tells.
    Counted,
}

fn calls(services: &Observed<Services>) -> Calls {
    let name = ServiceName::from("Cisco CallManager");
    let Some(services) = services.present() else {
        return Calls::Counted;
    };
    match services.get(&name).map(|state| state.status) {
        None | Some(ServiceStatus::NotActivated) => Calls::None,
        Some(ServiceStatus::Stopped) => Calls::Standing,
        Some(ServiceStatus::Started | ServiceStatus::Starting | ServiceStatus::Stopping) => {
            Calls::Counted
        }
    }
}
