//! Founding: the clusters as they are when the lab starts.

mod config;
mod stores;

use std::collections::BTreeMap;
use std::sync::Arc;

use openssl::error::ErrorStack;

pub use config::{LabConfig, TomcatStart};

use crate::authority::Authority;
use crate::pki::keys::KeyRing;
use crate::ssh;
use crate::state::{
    Accounts, Backup, BackupRecord, Cluster, Credentials, Face, Node, Phone, Ports, Quirks, Role,
    Web, usual_services,
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
    stores::introduce(&mut nodes);
    for node in &mut nodes {
        for face in [Face::Web, Face::Tftp, Face::Sip] {
            node.load(face);
        }
    }
    let phones = phones(config.phones, number, &nodes, now);
    let cluster = Cluster {
        name: name.clone(),
        release: config.release.clone(),
        nodes,
        further_listed: Vec::new(),
        accounts: Accounts {
            platform: credentials("reissue"),
            application: credentials("axl-reader"),
        },
        mixed_mode: false,
        backup: Backup {
            running: None,
            restoring: None,
            history: vec![last_backup(now)],
        },
        phones,
        last_restarted: None,
    };
    Ok((name, cluster))
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
    let start = config.start_of(position);
    Ok(Node {
        role: if publisher {
            Role::Publisher
        } else {
            Role::Subscriber
        },
        ports: Ports::default(),
        identities: stores.identities(&name, publisher, start, keys, now)?,
        pending: BTreeMap::new(),
        trusts: stores.trusts(config.tomcat.contains(&TomcatStart::Good)),
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

/// Phones register with the subscribers in turn, or with the publisher where there is none.
fn phones(count: usize, cluster: usize, nodes: &[Node], now: i64) -> Vec<Phone> {
    let subscribers: Vec<&Node> = nodes
        .iter()
        .filter(|node| node.role == Role::Subscriber)
        .collect();
    let homes: Vec<&Node> = if subscribers.is_empty() {
        nodes.iter().collect()
    } else {
        subscribers
    };
    let homes = homes.into_iter().cycle().take(count).enumerate();
    homes
        .map(|(number, home)| Phone {
            name: format!("SEP00C0{cluster:02X}{number:06X}"),
            node: home.name.clone(),
            registered: true,
            since: now - DAY,
        })
        .collect()
}
