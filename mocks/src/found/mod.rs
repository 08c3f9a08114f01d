//! Founding: the clusters as they are when the lab starts.

mod config;
mod expressway;
mod phones;
mod presence;
mod products;
mod stores;
mod unity;

use std::collections::BTreeMap;
use std::sync::Arc;

use openssl::error::ErrorStack;

pub use config::{LabConfig, TomcatStart};

use crate::authority::Authority;
use crate::expressway::Deployment;
use crate::pki::keys::KeyRing;
use crate::ssh;
use crate::state::{
    Accounts, Backup, BackupRecord, Cluster, Credentials, Face, Memory, Node, Ports, Product,
    Quirks, Release, Role, Service, TrustLists, Web, usual_services,
};
use stores::Stores;

/// Phones start registered a day ago.
const DAY: i64 = 86_400;

/// Web applications that run inside Cisco Tomcat before release 14.
///
/// claim: CUCM-CONTAINERS-14
const CONTAINERS: [&str; 3] = ["Cisco AXL Tomcat", "Cisco SSOSP Tomcat", "Cisco UDS Tomcat"];

/// What founding draws on.
struct Founding<'a> {
    config: &'a LabConfig,
    stores: &'a Stores,
    keys: &'a KeyRing,
    now: i64,
}

/// Builds every cluster, and the Expressways. Ports are filled in when they are bound.
pub(crate) fn estate(
    config: &LabConfig,
    authority: &Authority,
    keys: &KeyRing,
    now: i64,
) -> Result<(BTreeMap<String, Cluster>, Option<Deployment>), ErrorStack> {
    let stores = Stores::found(authority, now)?;
    let founding = Founding {
        config,
        stores: &stores,
        keys,
        now,
    };
    let mut clusters = Vec::new();
    for number in 0..config.clusters {
        let cluster = cluster(&founding, number)?;
        if config.unity > 0 {
            clusters.push(unity::cluster(&founding, &cluster.name)?);
        }
        clusters.push(cluster);
    }
    let named = clusters.into_iter();
    let mut named = named
        .map(|cluster| (cluster.name.clone(), cluster))
        .collect();
    let deployment = expressway::deployment(&founding, &mut named)?;
    Ok((named, deployment))
}

/// The first cluster is `hq`, further ones are numbered sites.
fn cluster_name(number: usize) -> String {
    if number == 0 {
        "hq".to_owned()
    } else {
        format!("site{}", number + 1)
    }
}

fn cluster(founding: &Founding<'_>, number: usize) -> Result<Cluster, ErrorStack> {
    let config = founding.config;
    let name = cluster_name(number);
    let mut nodes = Vec::new();
    for position in 0..=config.subscribers {
        nodes.push(node(founding, &name, position)?);
    }
    for number in 1..=config.presence {
        nodes.push(presence::node(founding, &name, number)?);
    }
    share(founding, &mut nodes)?;
    let mut cluster = assemble(founding, name, Product::Cucm, nodes);
    cluster.phones = phones::found(config, &cluster, number, founding.now);
    Ok(cluster)
}

/// A cluster of these nodes, who know each other and whose services have started. It has no phones.
fn assemble(
    founding: &Founding<'_>,
    name: String,
    product: Product,
    mut nodes: Vec<Node>,
) -> Cluster {
    let config = founding.config;
    stores::introduce(&mut nodes);
    let mut cluster = Cluster {
        name,
        product,
        release: config.release.clone(),
        nodes,
        further_listed: Vec::new(),
        accounts: Accounts {
            platform: credentials("reissue"),
            application: credentials("axl-reader"),
        },
        mixed_mode: config.mixed_mode && product == Product::Cucm,
        reuse: config.reuse && product == Product::Cucm,
        lists: TrustLists::default(),
        backup: Backup {
            running: None,
            restoring: None,
            history: vec![last_backup(founding.now)],
        },
        phones: Vec::new(),
        last_restarted: None,
        memory: Memory::default(),
    };
    start_services(&mut cluster, founding.now);
    cluster
}

/// Gives all nodes what they have in common: `ITLRecovery`, and where tomcat is reused its one certificate.
///
/// claim: CUCM-ITL-RECOVERY-SHARED, CUCM-REUSE
fn share(founding: &Founding<'_>, nodes: &mut [Node]) -> Result<(), ErrorStack> {
    let (config, stores) = (founding.config, founding.stores);
    let recovery = nodes
        .first()
        .and_then(|node| node.identities.get("ITLRecovery").cloned());
    let tomcat = if config.reuse {
        stores.shared(config, nodes, founding.keys, founding.now)?
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
            ("tomcat", &tomcat),
            ("ITLRecovery", &recovery),
            ("CallManager", &tomcat),
            ("CallManager-ECDSA", &own),
        ];
        let held = if node.role.processes_calls() { 4 } else { 1 };
        for (purpose, identity) in common.into_iter().take(held) {
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
    let offering = |node: &&Node| node.services.contains_key(Face::Tftp.service());
    let offering = cluster.nodes.iter().filter(offering);
    let lists = offering.map(|node| (node.name.clone(), cluster.make_itl(node, at)));
    cluster.lists = TrustLists {
        itl: lists.collect(),
        ctl: cluster.mixed_mode.then(|| cluster.make_ctl(at)),
    };
}

fn node(founding: &Founding<'_>, cluster: &str, position: usize) -> Result<Node, ErrorStack> {
    let config = founding.config;
    let publisher = position == 0;
    let (host, role) = if publisher {
        ("cucm-pub".to_owned(), Role::Publisher)
    } else {
        (format!("cucm-sub{position}"), Role::Subscriber)
    };
    let name = format!("{host}.{cluster}.example.com");
    let (stores, keys) = (founding.stores, founding.keys);
    let mut services: BTreeMap<String, Service> = usual_services(publisher).into_iter().collect();
    if Release::of(&config.release) < Release::FOURTEEN {
        services.retain(|name, _| !CONTAINERS.contains(&name.as_str()));
    }
    Ok(Node {
        identities: stores.identities(config, &name, position, keys, founding.now)?,
        trusts: stores.trusts(config),
        services,
        ..bare_node(config, name, role, position)
    })
}

/// A node that holds and runs nothing yet. It talks after its position in the cluster.
fn bare_node(config: &LabConfig, name: String, role: Role, position: usize) -> Node {
    Node {
        role,
        ports: Ports::default(),
        identities: BTreeMap::new(),
        pending: BTreeMap::new(),
        trusts: BTreeMap::new(),
        presented: BTreeMap::new(),
        services: BTreeMap::new(),
        web: Web::Up,
        sso_enabled: config.sso,
        replication: 2,
        clock_skew: 0,
        lockout_enabled: config.lockout,
        lockouts: BTreeMap::new(),
        quirks: quirks(position % 3),
        host_key: Arc::new(ssh::new_host_key()),
        name,
    }
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
