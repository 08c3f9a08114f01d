//! What the publisher knows about the whole cluster.

use std::collections::BTreeMap;

use super::ask::{AskError, fact, noted};
use super::decode::{DecodeError, axl, platform, shell, trust_list};
use super::node::NodeClient;
use super::reader::CucmReader;
use super::requests::soap::{self, AxlVersion};
use super::roster::Roster;
use crate::driver::{FactGroup, Scope};
use crate::model::{
    BackupJob, ClusterState, NodeName, Observed, Product, Replication, Role, SecurityMode,
    TrustList,
};
use crate::transport::ssh::ReadCommand;
use jiff::Timestamp;

/// The publisher's answers.
#[derive(Default)]
pub(super) struct Publisher {
    listed: Observed<BTreeMap<NodeName, Role>>,
    network: Observed<BTreeMap<NodeName, bool>>,
    security: Observed<SecurityMode>,
    replication: Observed<BTreeMap<NodeName, Replication>>,
    presence: Observed<NodeName>,
    ctl: Observed<TrustList>,
    backup_job: Observed<BackupJob>,
    last_backup: Observed<Timestamp>,
}

impl Publisher {
    /// Writes the answers down. The backup master runs on the publisher only and speaks for every node, those of IM
    /// and Presence too.
    // claim: CUCM-DRF-MASTER-PUBLISHER
    pub(super) fn enter(self, scope: &Scope, state: &mut ClusterState) {
        state.listed = self.listed;
        state.network = self.network;
        state.security = self.security;
        state.replication = self.replication;
        state.presence_publisher = self.presence;
        state.ctl = self.ctl;
        for (name, node) in &mut state.nodes {
            if scope.includes(name) {
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
        let mut answers = match self.access.product {
            Product::Cucm => {
                let database = self.database(publisher, scope);
                let (database, mut platform) = tokio::join!(database, self.shell(publisher, scope));
                (platform.listed, platform.security) = database;
                platform
            }
            // Nothing but the shell tells of the cluster, and phones and their trust are none of its business.
            // claim: CUC-SHELL (assumed)
            Product::UnityConnection | Product::ExpresswayC | Product::ExpresswayE => {
                let mut platform = self.shell(publisher, scope).await;
                if scope.groups.contains(&FactGroup::Topology) {
                    platform.security = Observed::Absent;
                }
                platform
            }
        };
        if scope.groups.contains(&FactGroup::TrustList) {
            answers.ctl = self.trust_list(publisher).await;
        }
        answers
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

    /// The list that phones get. Unity Connection has no phones.
    // claim: VOS-CTL-SHOW
    async fn trust_list(&self, publisher: &NodeClient) -> Observed<TrustList> {
        if self.access.product != Product::Cucm {
            return Observed::Absent;
        }
        let answer = publisher
            .read(&ReadCommand::TrustList, trust_list::trust_list)
            .await;
        answer.unwrap_or_else(|error| {
            Observed::Unknown(noted(&self.problems, &publisher.access.name, &error))
        })
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
            match network {
                Ok(members) => self.enter_members(&mut answers, publisher, &members),
                Err(error) => {
                    let why = noted(&self.problems, name, &error);
                    answers.listed = Observed::Unknown(why.clone());
                    answers.presence = Observed::Unknown(why.clone());
                    answers.network = Observed::Unknown(why);
                }
            }
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

    fn enter_members(
        &self,
        answers: &mut Publisher,
        publisher: &NodeClient,
        members: &[shell::ClusterMember],
    ) {
        let roster = Roster(&self.access.nodes);
        let named = |member: &shell::ClusterMember| {
            let address = member.address.to_string();
            roster.node(&[&member.name, &member.host, &address])
        };
        let authenticated = members
            .iter()
            .map(|member| (named(member), member.authenticated));
        answers.network = Observed::Present(authenticated.collect());
        let roles: Result<_, DecodeError> = members
            .iter()
            .map(|member| Ok((named(member), member.role()?)))
            .collect();
        let name = &publisher.access.name;
        answers.listed = fact(&self.problems, name, roles.map_err(AskError::decode(name)));
        answers.presence = presence_publisher(members, named);
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
            presence: Observed::Unknown(why.to_owned()),
            ctl: Observed::Unknown(why.to_owned()),
            backup_job: Observed::Unknown(why.to_owned()),
            last_backup: Observed::Unknown(why.to_owned()),
        }
    }
}

/// The IM and Presence node that keeps the presence database.
// claim: IMP-PUBLISHER
fn presence_publisher(
    members: &[shell::ClusterMember],
    named: impl Fn(&shell::ClusterMember) -> NodeName,
) -> Observed<NodeName> {
    let presence: Vec<_> = members
        .iter()
        .filter(|member| member.is_presence())
        .collect();
    let keepers: Vec<_> = presence
        .iter()
        .filter(|member| member.keeps_database())
        .collect();
    match (presence.len(), keepers.as_slice()) {
        (0, _) => Observed::Absent,
        (_, [only]) => Observed::Present(named(only)),
        (nodes, keepers) => Observed::Unknown(format!(
            "show network cluster: expected one of {nodes} IM and Presence nodes as `cups DBPub`, found {}",
            keepers.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_presence_node_keeps_the_database_or_it_is_not_known_which() {
        let publisher = "10.0.1.11 pub.hq pub Publisher callmanager DBPub authenticated\n";
        let keeper = "10.0.1.13 imp1.hq imp1 Subscriber cups DBPub authenticated\n";
        let other = "10.0.1.14 imp2.hq imp2 Subscriber cups DBSub authenticated\n";
        let look = |lines: &[&str]| {
            let members = shell::network(lines.concat().as_bytes()).unwrap();
            presence_publisher(&members, |member| NodeName::from(member.host.as_str()))
        };
        assert_eq!(look(&[publisher]), Observed::Absent);
        let found = look(&[publisher, other, keeper]);
        assert_eq!(found, Observed::Present(NodeName::from("imp1")));
        for lines in [&[publisher, other][..], &[publisher, keeper, keeper]] {
            let found = look(lines);
            assert!(found.unknown().is_some(), "{lines:?}: {found:?}");
        }
    }
}
