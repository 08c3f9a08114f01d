//! Trust stores: the rule of one certificate per common name, and make before break (I5, I19, I22).

use crate::model::{Certificate, ClusterState, Fingerprint, NodeName, Store};
use crate::plan::{Action, Condition, Step};

use super::Judge;
use super::world::{Held, World, is_replicated};

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let (
        Action::UploadTrust {
            store,
            sha256,
            title,
            ..
        },
        Some(at),
    ) = (&step.action, &step.node)
    else {
        return;
    };
    // Where the platform spreads an entry, the rule of one per name strikes on every node.
    let reached: Vec<&NodeName> = if is_replicated(store) {
        world.nodes.keys().collect()
    } else {
        vec![at]
    };
    for node in reached {
        for old in same_name(world, node, store, sha256, title) {
            let incoming = world.seen.certificates.get(sha256);
            let newer = incoming.is_some_and(|new| new.not_before > old.not_before);
            judge.require(newer, "I22", Some(step), &[node], || {
                (
                    format!(
                        "{store} holds another {title} ({}) that began at {}: the upload would be answered as done and not stored",
                        old.sha256.short(),
                        old.not_before
                    ),
                    format!("Delete the other {title} from {store} in OS Administration first, if nothing served chains to it."),
                )
            });
            let users = served_under(world.seen, &old.sha256, sha256);
            judge.require(users.is_empty(), "I5", Some(step), &users, || {
                (
                    format!(
                        "storing {title} would replace {}, which certificates in use were signed by",
                        old.sha256.short()
                    ),
                    "Give the new authority another common name, or replace those certificates first.".to_owned(),
                )
            });
        }
    }
    for condition in &step.after {
        let Condition::Trusts {
            node, store: into, ..
        } = condition
        else {
            continue;
        };
        judge.require(
            node == at || is_replicated(into),
            "I22",
            Some(step),
            &[node],
            || {
                (
                    format!("an upload to {into} on {at} does not spread to {node}"),
                    format!("Upload to {node} too."),
                )
            },
        );
    }
}

/// I5: while an identity changes hands or a node comes back with it, every node can verify it.
pub(super) fn while_open(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let restarts = matches!(step.action, Action::RestartService { .. });
    let uploads = matches!(step.action, Action::UploadIdentity { .. });
    if !(restarts || uploads) {
        return;
    }
    let requests = world.nodes.values().flat_map(|node| {
        let stored = node.identities.values();
        let served = node.serves.values().map(|(_, held)| held);
        if restarts {
            served.collect::<Vec<_>>()
        } else {
            stored.collect()
        }
    });
    let mut requests: Vec<_> = requests
        .filter_map(|held| match held {
            Held::Issued(request) => Some(request),
            Held::Known(_) => None,
        })
        .collect();
    requests.sort();
    requests.dedup();
    for request in requests {
        let Some(terms) = world.issued.get(request) else {
            continue;
        };
        let Some(Action::GenerateRequest { purpose, .. }) =
            world.generating(request).map(|step| &step.action)
        else {
            continue;
        };
        let store = Store::new(format!(
            "{}-trust",
            purpose.as_str().trim_end_matches("-ECDSA")
        ));
        for node in world.nodes.keys() {
            judge.require(world.trusts(node, &store, &terms.chain), "I5", Some(step), &[node], || {
                (
                    format!("{store} was not seen to hold the whole chain of the certificate for {request}"),
                    format!("Upload the chain to {store} of {node} and read it back first."),
                )
            });
        }
    }
}

/// Other certificates of the same common name in a node's store.
fn same_name<'a>(
    world: &World<'a>,
    node: &NodeName,
    store: &Store,
    sha256: &Fingerprint,
    title: &str,
) -> Vec<&'a Certificate> {
    let held = world.nodes.get(node).and_then(|node| node.trust.get(store));
    held.into_iter()
        .flatten()
        .filter(|each| *each != sha256)
        .filter_map(|each| world.seen.certificates.get(each))
        .filter(|each| each.title().eq_ignore_ascii_case(title))
        .collect()
}

/// Nodes that serve something which only the old authority's key verifies. A renewed authority that kept
/// its key verifies everything that the old one did.
fn served_under<'a>(
    seen: &'a ClusterState,
    old: &Fingerprint,
    new: &Fingerprint,
) -> Vec<&'a NodeName> {
    let breaks = |leaf: &Fingerprint| {
        let mut open = vec![leaf];
        let mut met: Vec<&Fingerprint> = Vec::new();
        while let Some(each) = open.pop() {
            if met.contains(&each) {
                continue;
            }
            met.push(each);
            let Some(certificate) = seen.certificates.get(each) else {
                continue;
            };
            let signers = &certificate.signed_by;
            if signers.contains(old) && !signers.contains(new) && each != old {
                return true;
            }
            open.extend(signers.iter().filter(|signer| *signer != each));
        }
        false
    };
    seen.nodes
        .iter()
        .filter(|(_, node)| {
            let leaves = node.served.values().filter_map(|chain| chain.present());
            leaves.map(|chain| &chain.leaf).any(breaks)
        })
        .map(|(name, _)| name)
        .collect()
}
