//! Asks one node over all its channels.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::ask::{AskError, fact, noted};
use super::decode::platform::{self, Job};
use super::decode::{control, excerpt, shell, snapshot};
use super::inventory::Inventory;
use super::problems::Problems;
use super::requests::rest;
use super::requests::soap::{self, Call};
use super::served;
use super::{ClusterAccess, NodeAccess};
use crate::clock::Clock;
use crate::driver::FactGroup;
use crate::model::{BackupJob, NodeState, Observed, Port, Role, ServiceName, ServiceState};
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
    limits: Limits,
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
            limits: network.limits,
            shell_closed: Mutex::new(None),
        })
    }

    /// Begins an observation: what failed in the last one may work now.
    pub(super) async fn begin(&self) {
        *self.shell_closed.lock().await = None;
    }

    /// Learns everything about this node that some groups ask for, each channel beside the others.
    pub(super) async fn ask(
        &self,
        groups: &BTreeSet<FactGroup>,
        problems: &Problems,
        clock: &dyn Clock,
    ) -> NodeAnswer {
        let wants = |group| groups.contains(&group);
        let mut state = NodeState::unasked(self.access.role);
        let interface = async {
            // The inventory also carries the node's own name and its clock.
            if wants(FactGroup::Certificates)
                || wants(FactGroup::Topology)
                || wants(FactGroup::Platform)
            {
                Some(self.interface(clock).await)
            } else {
                None
            }
        };
        let services = async {
            if wants(FactGroup::Services) {
                Some(self.services(problems).await)
            } else {
                None
            }
        };
        let ports = async {
            if wants(FactGroup::Served) {
                Some(served::look(&self.access, &self.limits).await)
            } else {
                None
            }
        };
        let (interface, services, ports, shell) =
            tokio::join!(interface, services, ports, self.platform(groups, problems));
        let mut seen = Vec::new();
        if let Some(answer) = interface {
            seen.extend(self.enter(&mut state, groups, problems, answer));
        }
        if let Some(answer) = services {
            state.services = answer;
        }
        if let Some(answer) = ports {
            state.served = answer.listeners;
            seen.extend(answer.seen);
        }
        (state.release, state.sso) = (shell.release, shell.sso);
        (state.backup_job, state.last_backup) = (shell.backup_job, shell.last_backup);
        NodeAnswer { state, seen }
    }

    /// Fetches the inventory; the node's clock is the header `Date` of the answer.
    // claim: CUCM-REST-PER-NODE, CUCM-REST-SNAPSHOT
    async fn interface(&self, clock: &dyn Clock) -> Result<Interface, AskError> {
        let sent = clock.now();
        let reply = self.rest.get(rest::SNAPSHOT, &[]).await?;
        let received = clock.now();
        let snapshot =
            snapshot::snapshot(&reply.body).map_err(AskError::decode(&self.access.name))?;
        Ok(Interface {
            clock_skew: skew(reply.date.as_deref(), sent, received).into(),
            snapshot,
        })
    }

    fn enter(
        &self,
        state: &mut NodeState,
        groups: &BTreeSet<FactGroup>,
        problems: &Problems,
        answer: Result<Interface, AskError>,
    ) -> Vec<Parsed> {
        let node = &self.access.name;
        let Interface {
            snapshot,
            clock_skew,
        } = match answer {
            Ok(interface) => interface,
            Err(error) => {
                let why = noted(problems, node, &error);
                state.reported_name = Observed::Unknown(why.clone());
                state.clock_skew_seconds = Observed::Unknown(why.clone());
                state.inventory = Observed::Unknown(why);
                return Vec::new();
            }
        };
        state.clock_skew_seconds = clock_skew;
        state.reported_name = snapshot
            .server
            .clone()
            .ok_or_else(|| format!("{node}: the inventory does not name its server"))
            .into();
        if !groups.contains(&FactGroup::Certificates) {
            return Vec::new();
        }
        let inventory = Inventory::read(node, snapshot);
        state.inventory = Observed::Present(());
        state.identities = inventory.identities;
        state.pending = inventory.pending;
        state.trust = inventory.trust;
        inventory.seen
    }

    /// The services, from Control Center, or from the shell while Control Center cannot be reached: then
    /// nothing says how long they have been up.
    // claim: CUCM-REST-GONE-DURING-TOMCAT
    pub(super) async fn services(&self, problems: &Problems) -> Observed<Services> {
        let node = &self.access.name;
        let error = match self.control_center().await {
            Ok(services) => return Observed::Present(services),
            Err(error) => error,
        };
        let first = noted(problems, node, &error);
        if !matches!(error, AskError::Transport(_)) {
            return Observed::Unknown(first);
        }
        let listed = self
            .command(&ReadCommand::Services)
            .await
            .and_then(|output| shell::services(output.as_bytes()).map_err(AskError::decode(node)));
        listed
            .map_err(|error| {
                format!(
                    "{first} And by the shell: {}",
                    noted(problems, node, &error)
                )
            })
            .into()
    }

    async fn control_center(&self) -> Result<Services, AskError> {
        let answer = self.call(soap::service_status()).await?;
        control::services(&answer).map_err(AskError::decode(&self.access.name))
    }

    async fn platform(&self, groups: &BTreeSet<FactGroup>, problems: &Problems) -> Platform {
        let node = &self.access.name;
        let mut facts = Platform::default();
        if groups.contains(&FactGroup::Topology) {
            let answer = self.read(&ReadCommand::Version, shell::version).await;
            facts.release = fact(problems, node, answer);
        }
        if groups.contains(&FactGroup::Platform) {
            let answer = self.read(&ReadCommand::SingleSignOn, platform::sso).await;
            facts.sso = fact(problems, node, answer);
            // Elsewhere the publisher's backup master speaks for the whole cluster.
            if self.access.role == Role::ImPresence {
                (facts.backup_job, facts.last_backup) = self.backups(problems).await;
            }
        }
        facts
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

    /// Sends a SOAP question.
    pub(super) async fn call(&self, call: io::Result<Call>) -> Result<Element, AskError> {
        let call = call?;
        Ok(self
            .soap
            .call(call.path, &call.action, call.document)
            .await?)
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

    async fn command(&self, command: &ReadCommand) -> Result<String, AskError> {
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

/// What the certificate interface answered.
struct Interface {
    snapshot: snapshot::Snapshot,
    clock_skew: Observed<i64>,
}

/// What the shell answered.
#[derive(Default)]
struct Platform {
    release: Observed<crate::model::Release>,
    sso: Observed<crate::model::SsoState>,
    backup_job: Observed<BackupJob>,
    last_backup: Observed<Timestamp>,
}

/// The node's clock minus ours. `Date` has whole seconds and is written while the answer is made, so this is
/// right to within a second and half of the time that the answer took.
fn skew(date: Option<&str>, sent: Timestamp, received: Timestamp) -> Result<i64, String> {
    let date = date.ok_or("the answer has no header Date, so the node's clock is not known")?;
    let there = jiff::fmt::rfc2822::parse(date)
        .map_err(|_| format!("the header Date is {}, which is no date", excerpt(date)))?
        .timestamp();
    let middle = i64::midpoint(sent.as_second(), received.as_second());
    Ok(there.as_second() - middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_difference_is_taken_at_the_middle_of_the_exchange() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (sent, received) = (at("2026-11-22T05:00:00Z"), at("2026-11-22T05:00:10Z"));
        let cases = [
            (Some("Sun, 22 Nov 2026 05:00:05 GMT"), Some(0)),
            (Some("Sun, 22 Nov 2026 04:59:05 GMT"), Some(-60)),
            (Some("Sun, 22 Nov 2026 05:05:05 GMT"), Some(300)),
            (Some("yesterday"), None),
            (None, None),
        ];
        for (date, expected) in cases {
            assert_eq!(skew(date, sent, received).ok(), expected, "{date:?}");
        }
    }
}
