//! Asks one node over all its channels.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::ask::{AskError, fact, noted};
use super::decode::platform::{self, Job};
use super::decode::{control, shell};
use super::interface::{Interface, skew};
use super::inventory::Inventory;
use super::problems::Problems;
use super::requests::soap::{self, Call};
use super::served;
use super::{ClusterAccess, NodeAccess};
use crate::clock::Clock;
use crate::driver::FactGroup;
use crate::model::{
    Appliance, BackupJob, NodeState, Observed, Port, Release, ServiceName, ServiceState, SsoState,
};
use crate::pki::Parsed;
use crate::transport::rest::ReadClient;
use crate::transport::soap::{Element, SoapReader};
use crate::transport::ssh::{ReadCommand, ShellReader};
use crate::transport::{Limits, TransportError};

/// The services of a node by name.
pub(super) type Services = BTreeMap<ServiceName, ServiceState>;

/// A node's channels.
pub(super) struct NodeClient {
    pub(super) access: NodeAccess,
    pub(super) rest: ReadClient,
    pub(super) soap: SoapReader,
    pub(super) shell: ShellReader,
    appliance: Appliance,
    limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    /// The release, once it is known. It says which interface certificates are read and changed by.
    release: Mutex<Option<Release>>,
    /// Whether call processing was seen not to be activated here, which a run does not change.
    no_calls: AtomicBool,
    /// Why the shell cannot be had in the observation in hand. Held while a command runs, so that two
    /// questions never wait for the same dead port one after the other.
    shell_closed: Mutex<Option<String>>,
}

/// What one node answered.
pub(super) struct NodeAnswer {
    pub(super) state: NodeState,
    pub(super) seen: Vec<Parsed>,
}

impl NodeClient {
    pub(super) fn new(cluster: &ClusterAccess, node: &NodeAccess) -> Result<Self, TransportError> {
        let (network, platform) = (&cluster.network, &cluster.platform);
        Ok(Self {
            access: node.clone(),
            rest: ReadClient::new(network, node.endpoint(Port::Rest), platform.clone())?,
            soap: SoapReader::new(
                network,
                node.endpoint(Port::Soap),
                cluster.application.clone(),
            )?,
            shell: ShellReader::new(network, node.endpoint(Port::Ssh), platform.clone()),
            appliance: Appliance::of(cluster.product, node.role),
            limits: network.limits,
            clock: Arc::clone(&cluster.clock),
            release: Mutex::new(None),
            no_calls: AtomicBool::new(false),
            shell_closed: Mutex::new(None),
        })
    }

    /// Begins an observation or a change: what failed in the last one may work now.
    pub(super) async fn begin(&self) {
        *self.shell_closed.lock().await = None;
    }

    /// Learns everything about this node that some groups ask for, each channel beside the others.
    pub(super) async fn ask(
        &self,
        groups: &BTreeSet<FactGroup>,
        problems: &Problems,
    ) -> NodeAnswer {
        let wants = |group| groups.contains(&group);
        let mut state = NodeState::unasked(self.access.role);
        // What tells the inventory also tells the node's own name and its clock.
        let whole = wants(FactGroup::Certificates);
        let own = whole || wants(FactGroup::Topology) || wants(FactGroup::Platform);
        if wants(FactGroup::Topology) {
            let release = self.ask_release().await;
            state.release = fact(problems, &self.access.name, release);
        }
        let by_shell = own && matches!(self.certificates_by_shell().await, Ok(true));
        let interface = when(own, async {
            if by_shell {
                self.interface_by_shell(problems, whole).await
            } else {
                self.interface(problems, whole).await
            }
        });
        let services = wants(FactGroup::Services);
        let (interface, services, ports, platform) = tokio::join!(
            interface,
            when(services || by_shell, self.services_and_clock(problems)),
            when(
                wants(FactGroup::Served),
                served::look(self.appliance, &self.access, &self.limits)
            ),
            self.platform(groups, problems)
        );
        let mut seen = Vec::new();
        if let Some(answer) = interface {
            seen.extend(self.enter(&mut state, answer));
        }
        if let Some((answer, clock_skew)) = services {
            if by_shell {
                state.clock_skew_seconds = clock_skew;
            }
            if wants(FactGroup::Services) {
                state.services = answer;
            }
        }
        if let Some(answer) = ports {
            state.served = answer.listeners;
            seen.extend(answer.seen);
        }
        state.sso = platform;
        NodeAnswer { state, seen }
    }

    /// Asks for the release and keeps it.
    async fn ask_release(&self) -> Result<Release, AskError> {
        let release = self.read(&ReadCommand::Version, shell::version).await?;
        *self.release.lock().await = Some(release.clone());
        Ok(release)
    }

    /// Whether certificates are read and changed in the shell, because the release has no certificate interface.
    ///
    /// # Errors
    /// If the release is not known and cannot be learned.
    // claim: CUCM-REST-BASE, VOS-CERTIFICATES-BY-SHELL
    pub(super) async fn certificates_by_shell(&self) -> Result<bool, AskError> {
        let known = self.release.lock().await.clone();
        let release = match known {
            Some(release) => release,
            None => self.ask_release().await?,
        };
        Ok(!release.has_certificate_interface())
    }

    fn enter(&self, state: &mut NodeState, answer: Interface) -> Vec<Parsed> {
        state.reported_name = answer.name;
        state.clock_skew_seconds = answer.clock_skew;
        let snapshot = match answer.snapshot {
            None => return Vec::new(),
            Some(Err(why)) => {
                state.inventory = Observed::Unknown(why);
                return Vec::new();
            }
            Some(Ok(snapshot)) => snapshot,
        };
        let inventory = Inventory::read(&self.access.name, snapshot);
        state.inventory = Observed::Present(());
        state.identities = inventory.identities;
        state.pending = inventory.pending;
        state.trust = inventory.trust;
        inventory.seen
    }

    /// The services.
    pub(super) async fn services(&self, problems: &Problems) -> Observed<Services> {
        self.services_and_clock(problems).await.0
    }

    /// The services, from Control Center, or from the shell while Control Center cannot be reached: then
    /// nothing says how long they have been up. Beside them the node's clock.
    // claim: CUCM-REST-GONE-DURING-TOMCAT
    async fn services_and_clock(&self, problems: &Problems) -> (Observed<Services>, Observed<i64>) {
        let node = &self.access.name;
        let error = match self.control_center().await {
            Ok((services, clock_skew)) => return (Observed::Present(services), clock_skew),
            Err(error) => error,
        };
        let first = noted(problems, node, &error);
        let clock_skew = Observed::Unknown(first.clone());
        if !matches!(error, AskError::Transport(_)) {
            return (Observed::Unknown(first), clock_skew);
        }
        let listed = self.read(&ReadCommand::Services, shell::services).await;
        let services = listed.map_err(|error| {
            format!(
                "{first} And by the shell: {}",
                noted(problems, node, &error)
            )
        });
        (services.into(), clock_skew)
    }

    async fn control_center(&self) -> Result<(Services, Observed<i64>), AskError> {
        let (answer, clock_skew) = self.call_dated(soap::service_status()).await?;
        let services = control::services(&answer).map_err(AskError::decode(&self.access.name))?;
        Ok((services, clock_skew))
    }

    /// Single sign-on.
    async fn platform(
        &self,
        groups: &BTreeSet<FactGroup>,
        problems: &Problems,
    ) -> Observed<SsoState> {
        if !groups.contains(&FactGroup::Platform) {
            return Observed::default();
        }
        let answer = self.read(&ReadCommand::SingleSignOn, platform::sso).await;
        fact(problems, &self.access.name, answer)
    }

    /// What the backup master on this node says about its jobs.
    pub(super) async fn backups(
        &self,
        problems: &Problems,
    ) -> (Observed<BackupJob>, Observed<Timestamp>) {
        let node = &self.access.name;
        let backup = self
            .read(&ReadCommand::BackupStatus, |output| {
                platform::backup_job(Job::Backup, output)
            })
            .await;
        let restore = self
            .read(&ReadCommand::RestoreStatus, |output| {
                platform::backup_job(Job::Restore, output)
            })
            .await;
        let job = match (backup, restore) {
            (Ok(BackupJob::Running(job)), _) | (_, Ok(BackupJob::Running(job))) => {
                Ok(BackupJob::Running(job))
            }
            (Ok(BackupJob::Idle), Ok(BackupJob::Idle)) => Ok(BackupJob::Idle),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        let history = self
            .read(&ReadCommand::BackupHistory, platform::last_backup)
            .await;
        let last = match history {
            Ok(last) => last,
            Err(error) => Observed::Unknown(noted(problems, node, &error)),
        };
        (fact(problems, node, job), last)
    }

    /// Whether [`Self::remember_no_calls`] was called.
    pub(super) fn processes_no_calls(&self) -> bool {
        self.no_calls.load(Ordering::Relaxed)
    }

    /// Call processing is not activated on this node: its phones need not be counted.
    pub(super) fn remember_no_calls(&self) {
        self.no_calls.store(true, Ordering::Relaxed);
    }

    /// Sends a SOAP question.
    pub(super) async fn call(&self, call: io::Result<Call>) -> Result<Element, AskError> {
        self.call_dated(call).await.map(|(answer, _)| answer)
    }

    /// Sends a SOAP question, and tells the node's clock by the header `Date` of the answer.
    // claim: CUCM-SOAP-DATE (inferred)
    pub(super) async fn call_dated(
        &self,
        call: io::Result<Call>,
    ) -> Result<(Element, Observed<i64>), AskError> {
        let Call {
            path,
            action,
            document,
        } = call?;
        let sent = self.clock.now();
        let (answer, date) = self.soap.call_dated(path, &action, document).await?;
        let clock_skew = skew(date.as_deref(), sent, self.clock.now()).into();
        Ok((answer, clock_skew))
    }

    /// Runs a command of the shell and reads its output.
    pub(super) async fn read<T>(
        &self,
        command: &ReadCommand,
        decode: impl FnOnce(&[u8]) -> Result<T, super::decode::DecodeError>,
    ) -> Result<T, AskError> {
        let output = self.command(command).await?;
        decode(output.as_bytes()).map_err(AskError::decode(&self.access.name))
    }

    pub(super) async fn command(&self, command: &ReadCommand) -> Result<String, AskError> {
        let mut closed = self.shell_closed.lock().await;
        if let Some(why) = closed.as_ref() {
            return Err(AskError::Same(why.clone()));
        }
        let answer = self.shell.run(command).await.map_err(AskError::from);
        if let Err(error) = &answer
            && error.closes_channel()
        {
            *closed = Some(error.to_string());
        }
        answer
    }
}

/// Waits for an answer, if it is wanted.
pub(super) async fn when<T>(wanted: bool, answer: impl Future<Output = T>) -> Option<T> {
    if wanted { Some(answer.await) } else { None }
}
