//! What the publisher knows about the whole cluster.

use std::collections::BTreeMap;

use super::ask::{AskError, fact, noted};
use super::decode::{axl, platform, shell};
use super::node::NodeClient;
use super::reader::CucmReader;
use super::requests::soap::{self, AxlVersion};
use super::roster::Roster;
use crate::driver::{FactGroup, Scope};
use crate::model::{BackupJob, ClusterState, NodeName, Observed, Replication, Role, SecurityMode};
use crate::transport::ssh::ReadCommand;
use jiff::Timestamp;

/// The publisher's answers.
#[derive(Default)]
pub(super) struct Publisher {
    listed: Observed<BTreeMap<NodeName, Role>>,
    network: Observed<BTreeMap<NodeName, bool>>,
    security: Observed<SecurityMode>,
    replication: Observed<BTreeMap<NodeName, Replication>>,
    backup_job: Observed<BackupJob>,
    last_backup: Observed<Timestamp>,
}

impl Publisher {
    /// Writes the answers down. The backup master runs on the publisher only and speaks for every
    /// call-processing node.
    // claim: CUCM-DRF-MASTER-PUBLISHER
    pub(super) fn enter(self, scope: &Scope, state: &mut ClusterState) {
        state.listed = self.listed;
        state.network = self.network;
        state.security = self.security;
        state.replication = self.replication;
        for (name, node) in &mut state.nodes {
            if node.role != Role::ImPresence && scope.includes(name) {
                node.backup_job = self.backup_job.clone();
                node.last_backup = self.last_backup.clone();
            }
        }
    }
}

impl CucmReader {
    /// Asks the publisher about the cluster, over SOAP and the shell at the same time.
    pub(super) async fn ask_publisher(&self, scope: &Scope) -> Publisher {
        let Some(publisher) = self.publisher() else {
            return Publisher::unknown(
                "the estate file names no publisher, so nobody can be asked",
            );
        };
        let (database, platform) = tokio::join!(
            self.database(publisher, scope),
            self.shell(publisher, scope)
        );
        Publisher {
            listed: database.0,
            security: database.1,
            ..platform
        }
    }

    async fn database(
        &self,
        publisher: &NodeClient,
        scope: &Scope,
    ) -> (Observed<BTreeMap<NodeName, Role>>, Observed<SecurityMode>) {
        if !scope.groups.contains(&FactGroup::Topology) {
            return Default::default();
        }
        let name = &publisher.access.name;
        let version = match self.axl_version(publisher).await {
            Ok(version) => version,
            Err(error) => {
                let why = noted(&self.problems, name, &error);
                return (Observed::Unknown(why.clone()), Observed::Unknown(why));
            }
        };
        let (listed, security) = tokio::join!(
            self.listed(publisher, version),
            Self::security_mode(publisher, version)
        );
        (
            fact(&self.problems, name, listed),
            fact(&self.problems, name, security),
        )
    }

    async fn listed(
        &self,
        publisher: &NodeClient,
        version: AxlVersion,
    ) -> Result<BTreeMap<NodeName, Role>, AskError> {
        let answer = publisher.call(soap::nodes(version)).await?;
        let nodes = axl::nodes(&answer).map_err(AskError::decode(&publisher.access.name))?;
        let roster = Roster(&self.access.nodes);
        let named = nodes
            .into_iter()
            .map(|node| (roster.node(&[&node.name]), node.role));
        Ok(named.collect())
    }

    async fn security_mode(
        publisher: &NodeClient,
        version: AxlVersion,
    ) -> Result<SecurityMode, AskError> {
        let answer = publisher.call(soap::security_mode(version)).await?;
        axl::security_mode(&answer).map_err(AskError::decode(&publisher.access.name))
    }

    /// The schema version that belongs to the publisher's release.
    // claim: CUCM-AXL-START-VERSION (assumed), CUCM-AXL-VERSION
    pub(super) async fn axl_version(&self, publisher: &NodeClient) -> Result<AxlVersion, AskError> {
        let ask = || async {
            let answer = publisher.call(soap::release()).await?;
            let release =
                axl::release(&answer).map_err(AskError::decode(&publisher.access.name))?;
            let (major, minor, _) = release.level();
            Ok::<_, AskError>(AxlVersion { major, minor })
        };
        self.axl.get_or_try_init(ask).await.copied()
    }

    async fn shell(&self, publisher: &NodeClient, scope: &Scope) -> Publisher {
        let name = &publisher.access.name;
        let mut answers = Publisher::default();
        if scope.groups.contains(&FactGroup::Topology) {
            let network = publisher
                .read(&ReadCommand::NetworkCluster, shell::network)
                .await;
            answers.network = fact(
                &self.problems,
                name,
                network.map(|members| self.named(members)),
            );
        }
        if scope.groups.contains(&FactGroup::Platform) {
            let rows = publisher
                .read(&ReadCommand::Replication, platform::replication)
                .await;
            answers.replication =
                fact(&self.problems, name, rows.map(|rows| self.replicated(rows)));
            (answers.backup_job, answers.last_backup) = publisher.backups(&self.problems).await;
        }
        answers
    }

    fn named(&self, members: Vec<shell::ClusterMember>) -> BTreeMap<NodeName, bool> {
        let roster = Roster(&self.access.nodes);
        members
            .into_iter()
            .map(|member| {
                let address = member.address.to_string();
                let node = roster.node(&[&member.name, &member.host, &address]);
                (node, member.authenticated)
            })
            .collect()
    }

    fn replicated(&self, rows: Vec<platform::ReplicationRow>) -> BTreeMap<NodeName, Replication> {
        let roster = Roster(&self.access.nodes);
        rows.into_iter()
            .map(|row| {
                (
                    roster.node(&[&row.host, &row.address.to_string()]),
                    row.replication,
                )
            })
            .collect()
    }
}

impl Publisher {
    fn unknown(why: &str) -> Self {
        Self {
            listed: Observed::Unknown(why.to_owned()),
            network: Observed::Unknown(why.to_owned()),
            security: Observed::Unknown(why.to_owned()),
            replication: Observed::Unknown(why.to_owned()),
            backup_job: Observed::Unknown(why.to_owned()),
            last_backup: Observed::Unknown(why.to_owned()),
        }
    }
}
