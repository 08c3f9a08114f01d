//! The phones of a cluster when the lab starts.

use super::{DAY, LabConfig};
use crate::state::{Cluster, Holding, Node, Phone, Role, SecurityMode};

/// Phones register with the subscribers in turn, or with the publisher where there is none; each of these has a device
/// pool. The first ones are secure, the last ones switched off.
pub(super) fn found(config: &LabConfig, cluster: &Cluster, number: usize, now: i64) -> Vec<Phone> {
    let subscribers: Vec<&Node> = cluster
        .nodes
        .iter()
        .filter(|node| node.role == Role::Subscriber)
        .collect();
    let homes: Vec<&Node> = if subscribers.is_empty() {
        cluster.publisher().into_iter().collect()
    } else {
        subscribers
    };
    let present = config.phones.saturating_sub(config.absent_phones);
    let homes = homes
        .iter()
        .enumerate()
        .cycle()
        .take(config.phones)
        .enumerate();
    homes
        .map(|(position, (pool, home))| Phone {
            name: format!("SEP00C0{number:02X}{position:06X}"),
            node: home.name.clone(),
            registered: position < present,
            since: now - DAY,
            online: position < present,
            pool: format!("{}-DP{}", cluster.name.to_uppercase(), pool + 1),
            mode: mode(config, position),
            lsc: own_certificate(config, cluster, position),
            holding: holding(cluster, home, now),
            stranded: None,
            due_ms: None,
            fetches: false,
            fetched_ms: None,
        })
        .collect()
}

fn mode(config: &LabConfig, position: usize) -> SecurityMode {
    match (position < config.secure_phones, position % 2) {
        (false, _) => SecurityMode::NonSecure,
        (true, 0) => SecurityMode::Encrypted,
        (true, _) => SecurityMode::Authenticated,
    }
}

/// Secure phones have a certificate that the publisher's CAPF signed.
fn own_certificate(config: &LabConfig, cluster: &Cluster, position: usize) -> Option<String> {
    let capf = cluster.publisher().and_then(|node| node.stored("CAPF"));
    capf.filter(|_| position < config.secure_phones)
}

fn holding(cluster: &Cluster, home: &Node, now: i64) -> Holding {
    let ctl = cluster.ctl(now).map(|list| list.signers());
    Holding {
        itl: cluster.itl(home, now).held(),
        ctl: ctl.unwrap_or_default(),
    }
}
