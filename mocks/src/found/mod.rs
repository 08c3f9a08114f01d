//! Founding: the clusters as they are when the lab starts.

mod config;
mod phones;
mod stores;

use std::collections::BTreeMap;
use std::sync::Arc;

use openssl::error::ErrorStack;

pub use config::{LabConfig, TomcatStart};

use crate::authority::Authority;
use crate::pki::keys::KeyRing;
use crate::ssh;
use crate::state::{
    Accounts, Backup, BackupRecord, Cluster, Credentials, Memory, Node, Ports, Quirks, Role,
    TrustLists, Web, usual_services,
};
use stores::Stores;

/// Phones start registered a day ago.
const DAY: i64 = 86_400;

/// Builds every cluster. The nodes' ports are filled in when they are bound.
pub(crate) fn clusters(
    config: &LabConfig,
    authority: &Authority,
    keys: &KeyRing,
    now: i64,
) -> Result<BTreeMap<String, Cluster>, ErrorStack> {
    let stores = Stores::found(authority, now)?;
    (0..config.clusters)
        .map(|number| cluster(config, &stores, keys, now, number))
        .collect()
}

/// The first cluster is `hq`, further ones are numbered sites.
fn cluster_name(number: usize) -> String {
    if number == 0 {
        "hq".to_owned()
    } else {
        format!("site{}", number + 1)
    }
}

fn cluster(
    config: &LabConfig,
    stores: &Stores,
    keys: &KeyRing,
    now: i64,
    number: usize,
) -> Result<(String, Cluster), ErrorStack> {
    let name = cluster_name(number);
    let mut nodes = Vec::new();
    for position in 0..=config.subscribers {
        nodes.push(node(config, stores, keys, now, &name, position)?);
    }
    share(config, stores, keys, now, &mut nodes)?;
    stores::introduce(&mut nodes);
    let mut cluster = Cluster {
        name: name.clone(),
        release: config.release.clone(),
        nodes,
        further_listed: Vec::new(),
        accounts: Accounts {
            platform: credentials("reissue"),
            application: credentials("axl-reader"),
        },
        mixed_mode: config.mixed_mode,
        reuse: config.reuse,
        lists: TrustLists::default(),
        backup: Backup {
            running: None,
            restoring: None,
            history: vec![last_backup(now)],
        },
        phones: Vec::new(),
        last_restarted: None,
        memory: Memory::default(),
    };
    start_services(&mut cluster, now);
    cluster.phones = phones::found(config, &cluster, number, now);
    Ok((name, cluster))
}

/// Gives all nodes what they have in common: `ITLRecovery`, and where tomcat is reused its one certificate.
///
/// claim: CUCM-ITL-RECOVERY-SHARED, CUCM-REUSE
fn share(
    config: &LabConfig,
    stores: &Stores,
    keys: &KeyRing,
    now: i64,
    nodes: &mut [Node],
) -> Result<(), ErrorStack> {
    let recovery = nodes
        .first()
        .and_then(|node| node.identities.get("ITLRecovery").cloned());
    let tomcat = if config.reuse {
        stores.shared(config, nodes, keys, now)?
    } else {
        None
    };
    for node in nodes {
        let own = node
            .identities
            .get("tomcat-ECDSA")
            .cloned()
            .filter(|_| config.reuse);
        let common = [
            ("ITLRecovery", &recovery),
            ("tomcat", &tomcat),
            ("CallManager", &tomcat),
            ("CallManager-ECDSA", &own),
        ];
        for (purpose, identity) in common {
            if let Some(identity) = identity {
                node.identities.insert(purpose.to_owned(), identity.clone());
            }
        }
    }
    Ok(())
}

/// Lets every service load what its node stores, and the TFTP services make their lists.
fn start_services(cluster: &mut Cluster, now: i64) {
    let release = cluster.numbers();
    for node in &mut cluster.nodes {
        let names: Vec<String> = node.services.keys().cloned().collect();
        for name in names {
            node.load_service(&name, release);
        }
    }
    let at = now - DAY;
    let lists = cluster
        .nodes
        .iter()
        .map(|node| (node.name.clone(), cluster.make_itl(node, at)));
    cluster.lists = TrustLists {
        itl: lists.collect(),
        ctl: cluster.mixed_mode.then(|| cluster.make_ctl(at)),
    };
}

fn node(
    config: &LabConfig,
    stores: &Stores,
    keys: &KeyRing,
    now: i64,
    cluster: &str,
    position: usize,
) -> Result<Node, ErrorStack> {
    let publisher = position == 0;
    let host = if publisher {
        "cucm-pub".to_owned()
    } else {
        format!("cucm-sub{position}")
    };
    let name = format!("{host}.{cluster}.example.com");
    Ok(Node {
        role: if publisher {
            Role::Publisher
        } else {
            Role::Subscriber
        },
        ports: Ports::default(),
        identities: stores.identities(config, &name, position, keys, now)?,
        pending: BTreeMap::new(),
        trusts: stores.trusts(config),
        presented: BTreeMap::new(),
        services: usual_services(publisher).into_iter().collect(),
        web: Web::Up,
        sso_enabled: config.sso,
        replication: 2,
        clock_skew: 0,
        lockout_enabled: config.lockout,
        lockouts: BTreeMap::new(),
        quirks: quirks(position),
        host_key: Arc::new(ssh::new_host_key()),
        name,
    })
}

/// No two of the first three nodes talk alike.
fn quirks(position: usize) -> Quirks {
    Quirks {
        returns_early: position == 2,
        prompt_needs_newline: position == 1,
        keyboard_interactive_only: position != 1,
        doubled_prompt: position == 2,
        read_only_account: false,
    }
}

fn credentials(user: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: format!("{:024x}", rand::random::<u128>() >> 32),
    }
}

fn last_backup(now: i64) -> BackupRecord {
    let at = now - DAY;
    let date = jiff::Timestamp::from_second(at)
        .unwrap_or_default()
        .strftime("%Y-%m-%d-%H-%M-%S")
        .to_string();
    BackupRecord {
        file: format!("{date}.tar"),
        at,
        succeeded: true,
    }
}
