//! Asks one peer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ExpresswayAccess;
use super::ask::{Answer, Asker};
use super::command_line::NOT_ASKED;
use super::decode::certificates::{blocks, first};
use super::decode::description::Description;
use super::decode::settings;
use super::decode::status::{Status, status};
use super::requests as paths;
use crate::clock::Clock;
use crate::driver::cucm::decode::snapshot::{Identity, Snapshot, TrustStore};
use crate::driver::cucm::interface::skew;
use crate::driver::cucm::inventory::Inventory;
use crate::driver::problems::Problems;
use crate::driver::{FactGroup, NodeAccess, served};
use crate::model::{
    Appliance, Expressway, NodeState, Observed, Port, Product, Purpose, Release, ServiceName,
    ServiceState, ServiceStatus, Store, WHOLE_PEER, Zone, ZoneKind,
};
use crate::pki::Parsed;
use crate::transport::rest::ReadClient;
use crate::transport::ssh::ShellReader;
use crate::transport::{Limits, TransportError};

/// The release from which on there is a client certificate of its own. Source: expressway §2.4.
// claim: EXPRESSWAY-CLIENT-STORE
const CLIENT_STORE: (u32, u32, u32) = (15, 5, 0);

/// A peer's channel.
pub(super) struct PeerClient {
    pub(super) access: NodeAccess,
    pub(super) rest: ReadClient,
    pub(super) shell: Option<ShellReader>,
    product: Product,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

/// What one peer answered.
pub(super) struct PeerAnswer {
    pub(super) state: NodeState,
    pub(super) seen: Vec<Parsed>,
}

impl PeerClient {
    pub(super) fn new(
        cluster: &ExpresswayAccess,
        node: &NodeAccess,
    ) -> Result<Self, TransportError> {
        let endpoint = node.endpoint(Port::Rest);
        Ok(Self {
            access: node.clone(),
            rest: ReadClient::new(&cluster.network, endpoint, cluster.administrator.clone())?,
            shell: cluster.shell.clone().map(|login| {
                ShellReader::expressway(&cluster.network, node.endpoint(Port::Ssh), login)
            }),
            product: cluster.product,
            limits: cluster.network.limits,
            clock: Arc::clone(&cluster.clock),
        })
    }

    /// Learns everything about this peer that some groups ask for. One question at a time: peers limit the rate of
    /// connections, and the first refused login must be the last.
    // claim: EXPRESSWAY-BANS
    pub(super) async fn ask(
        &self,
        groups: &BTreeSet<FactGroup>,
        problems: &Problems,
    ) -> PeerAnswer {
        use FactGroup::{Certificates, Platform, Served, Services, Topology};
        let wants = |wanted: &[FactGroup]| wanted.iter().any(|group| groups.contains(group));
        let mut state = none_of_another_platform(NodeState::unasked(self.access.role));
        let mut seen = Vec::new();
        let mut asker = Asker {
            node: &self.access.name,
            rest: &self.rest,
            problems,
            closed: None,
        };
        let mut told = Expressway::default();
        let mut description = Err("not asked".to_owned());
        if wants(&[Topology, Platform, Services, Certificates]) {
            description = self.description(&mut asker).await;
            told.interface = description
                .as_ref()
                .map(|known| known.compared(&paths::profile(self.product)))
                .into();
            let status = self.status(&mut asker, &mut state).await;
            self.enter_status(&mut told, &status);
            if wants(&[Topology, Platform, Services]) {
                self.settings(&mut asker, &mut told, &status).await;
                if asker.closed.is_none() {
                    self.command_line(&mut told, &state.release, problems).await;
                }
            }
            state.reported_name.clone_from(&told.own_name);
            state.services = told.up_seconds.clone().map(whole);
        }
        if wants(&[Certificates]) {
            let client = client_path(state.release.present(), &description);
            let read = self.certificates(&mut asker, client).await;
            seen.extend(enter_certificates(&self.access, &mut state, read));
        }
        if wants(&[Served]) {
            let appliance = Appliance::of(self.product, self.access.role);
            let answer = served::look(appliance, &self.access, &self.limits).await;
            state.served = answer.listeners;
            seen.extend(answer.seen);
        }
        if wants(&[Topology, Platform, Services, Certificates]) {
            state.expressway = Observed::Present(Box::new(told));
        }
        PeerAnswer { state, seen }
    }

    async fn description(&self, asker: &mut Asker<'_>) -> Result<Description, String> {
        match asker.fetch(paths::DESCRIPTION).await? {
            Answer::Is(reply) => asker.decoded(Description::parse(&reply.body)),
            Answer::None => Err(format!(
                "{} does not describe its interface: `GET {}` was answered with HTTP 404",
                self.access.name,
                paths::DESCRIPTION
            )),
        }
    }

    /// The status document; the peer's clock is the header `Date` of the answer.
    async fn status(&self, asker: &mut Asker<'_>, state: &mut NodeState) -> Result<Status, String> {
        let sent = self.clock.now();
        let read = match asker.fetch(paths::STATUS).await {
            Ok(Answer::Is(reply)) => {
                let date = reply.date.as_deref();
                state.clock_skew_seconds = skew(date, sent, self.clock.now()).into();
                asker.decoded(status(&reply.body))
            }
            Ok(Answer::None) => Err(format!(
                "{} has no status document: HTTP 404",
                self.access.name
            )),
            Err(why) => Err(why),
        };
        match &read {
            Ok(status) => state.release = status.release.clone(),
            Err(why) => {
                state.release = Observed::Unknown(why.clone());
                if state.clock_skew_seconds.present().is_none() {
                    state.clock_skew_seconds = Observed::Unknown(why.clone());
                }
            }
        }
        read
    }

    fn enter_status(&self, told: &mut Expressway, status: &Result<Status, String>) {
        let edge = self.product == Product::ExpresswayE;
        told.product = each(status, |status| &status.product);
        told.up_seconds = each(status, |status| &status.up_seconds);
        told.tunnels = each(status, |status| &status.tunnels);
        told.alarms = each(status, |status| &status.alarms);
        // claim: EXPRESSWAY-CLUSTER-PATH
        let unnamed = "no question for it is known; if the peers share a name, put it into `names: {also: […]}`";
        told.cluster_name = Observed::Unknown(unnamed.to_owned());
        told.peers = Observed::Unknown("no question for it is known".to_owned());
        told.prefers = Observed::Unknown(NOT_ASKED.to_owned());
        told.verifies_origin = if edge {
            Observed::Absent
        } else {
            Observed::Unknown(NOT_ASKED.to_owned())
        };
    }

    async fn settings(
        &self,
        asker: &mut Asker<'_>,
        told: &mut Expressway,
        status: &Result<Status, String>,
    ) {
        told.own_name = asker
            .read(paths::DNS, settings::own_name)
            .await
            .unwrap_or_else(Observed::Unknown);
        told.remote_access = asker
            .read(paths::REMOTE_ACCESS, settings::remote_access)
            .await
            .into();
        told.domains = asker.read(paths::DOMAIN, settings::domains).await.into();
        told.zones = self.zones(asker, status).await.into();
        if self.product == Product::ExpresswayC {
            told.call_managers = asker
                .read(paths::CALL_MANAGERS, settings::servers)
                .await
                .into();
            told.presence = asker.read(paths::PRESENCE, settings::servers).await.into();
        } else {
            told.call_managers = Observed::Absent;
            told.presence = Observed::Absent;
        }
    }

    async fn zones(
        &self,
        asker: &mut Asker<'_>,
        status: &Result<Status, String>,
    ) -> Result<Vec<Zone>, String> {
        let mut zones = Vec::new();
        let kinds = [ZoneKind::UnifiedCommunications, ZoneKind::Traversal];
        for (path, kind) in paths::zones(self.product).into_iter().zip(kinds) {
            zones.extend(
                asker
                    .read(path, |question, body| settings::zones(question, body, kind))
                    .await?,
            );
        }
        let shown = each(status, |status| &status.zones);
        Ok(with_status(
            zones,
            shown.present().map_or(&[], Vec::as_slice),
        ))
    }

    /// The peer's certificates as text: which PEM lies where.
    async fn certificates(
        &self,
        asker: &mut Asker<'_>,
        client: Option<Result<String, String>>,
    ) -> Result<Certificates, String> {
        let server = asker.read(paths::SERVER, first).await?;
        let root = asker.read(paths::ROOT, blocks).await?;
        let request = match asker.setting(paths::REQUEST).await {
            Ok(Answer::None) => Ok(None),
            Ok(Answer::Is(reply)) => asker.decoded(first(paths::REQUEST, &reply.body)).map(Some),
            Err(why) => Err(why),
        };
        let client = match client {
            None => None,
            Some(Err(why)) => Some(Err(why)),
            Some(Ok(path)) => Some(asker.read(&path, first).await),
        };
        Ok(Certificates {
            server,
            root,
            request,
            client,
        })
    }
}

/// Which PEM lies where on a peer.
struct Certificates {
    server: String,
    root: Vec<String>,
    request: Result<Option<String>, String>,
    client: Option<Result<String, String>>,
}

/// A peer that answers runs, as a whole.
fn whole(up_seconds: u64) -> BTreeMap<ServiceName, ServiceState> {
    let state = ServiceState {
        status: ServiceStatus::Started,
        reason: String::new(),
        up_seconds: Some(up_seconds),
    };
    [(ServiceName::from(WHOLE_PEER), state)].into()
}

/// What CUCM has and Expressway does not.
fn none_of_another_platform(state: NodeState) -> NodeState {
    NodeState {
        sso: Observed::Absent,
        backup_job: Observed::Absent,
        last_backup: Observed::Absent,
        ..state
    }
}

fn each<T: Clone>(
    status: &Result<Status, String>,
    part: impl Fn(&Status) -> &Observed<T>,
) -> Observed<T> {
    match status {
        Ok(status) => part(status).clone(),
        Err(why) => Observed::Unknown(why.clone()),
    }
}

/// Where the client certificate is read, on releases that have one.
fn client_path(
    release: Option<&Release>,
    description: &Result<Description, String>,
) -> Option<Result<String, String>> {
    if release.is_none_or(|release| release.level() < CLIENT_STORE) {
        return None;
    }
    Some(match description {
        Ok(known) => known.client_certificate().ok_or_else(|| {
            "the peer's description of its interface names no path for the client certificate"
                .to_owned()
        }),
        Err(why) => Err(why.clone()),
    })
}

/// Settings tell what a zone is for, the status document how it fares; zones that only the latter has come last.
fn with_status(mut zones: Vec<Zone>, shown: &[Zone]) -> Vec<Zone> {
    for seen in shown {
        match zones.iter_mut().find(|zone| zone.name == seen.name) {
            Some(zone) => {
                if zone.status.present().is_none() {
                    zone.status = seen.status.clone();
                }
                zone.cause.clone_from(&seen.cause);
                zone.connections.clone_from(&seen.connections);
            }
            None => zones.push(seen.clone()),
        }
    }
    zones
}

fn enter_certificates(
    access: &NodeAccess,
    state: &mut NodeState,
    read: Result<Certificates, String>,
) -> Vec<Parsed> {
    let read = match read {
        Ok(read) => read,
        Err(why) => {
            state.inventory = Observed::Unknown(why);
            return Vec::new();
        }
    };
    let (server, client) = (Purpose::from("server"), Purpose::from("client"));
    let identity = |purpose: &Purpose, pem: String, request: Option<String>| Identity {
        purpose: purpose.clone(),
        certificate: Some(pem),
        request,
    };
    let request = read.request.as_ref().ok().cloned().flatten();
    let mut identities = vec![identity(&server, read.server, request)];
    if let Some(Ok(pem)) = &read.client {
        identities.push(identity(&client, pem.clone(), None));
    }
    let entries = read.root.into_iter().enumerate();
    let snapshot = Snapshot {
        server: None,
        identities,
        trusts: vec![TrustStore {
            store: Store::from("trusted-ca"),
            // The list has no file names. Of two with one common name the first counts, so the order is kept.
            entries: entries
                .map(|(number, pem)| (format!("{:04}", number + 1), pem))
                .collect(),
        }],
    };
    let inventory = Inventory::read(&access.name, snapshot);
    state.inventory = Observed::Present(());
    state.identities = inventory.identities;
    state.pending = inventory.pending;
    state.trust = inventory.trust;
    if let Err(why) = read.request {
        state.pending.insert(server, Observed::Unknown(why));
    }
    if let Some(why) = read.client.map(Result::err) {
        // The request of the client store has no known path either.
        let unknown = why
            .clone()
            .unwrap_or_else(|| "no question for a request of the client store is known".to_owned());
        state
            .pending
            .insert(client.clone(), Observed::Unknown(unknown));
        if let Some(why) = why {
            state.identities.insert(client, Observed::Unknown(why));
        }
    }
    inventory.seen
}
