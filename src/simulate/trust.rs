//! Trust stores: chains from the root down, the rule of one certificate per common name, and make before
//! break (I5, I19, I22).

use std::collections::BTreeMap;

use crate::model::{
    Certificate, ClusterState, Fingerprint, NodeName, Observed, Purpose, StepId, Store,
};
use crate::plan::{Action, Condition, Step};

use super::Judge;
use super::catalogue::Nodes;
use super::node::Held;
use super::world::World;

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
    spreads(judge, world, step, at, store);
    let Some(incoming) = world.seen.certificates.get(sha256) else {
        judge.breaks(
            "I5",
            Some(step),
            &[at],
            format!(
                "nobody read the certificate {}: what it is and what it replaces is unknown",
                sha256.short()
            ),
            "Name it in the chain of an issuer of the estate, observe and plan again.",
        );
        return;
    };
    judge.require(
        title == incoming.title(),
        "shape",
        Some(step),
        &[at],
        || {
            (
                format!(
                    "the step calls it {title}; its certificate says {}",
                    incoming.title()
                ),
                "The plan file was changed or damaged; plan again.".to_owned(),
            )
        },
    );
    authority(judge, world, step, at, store, incoming);
    // Where the platform spreads an entry, the rule of one per name strikes on every node that lacks it.
    let mut reached = world.reached(at, store);
    reached.retain(|node| !world.trusts(node, store, std::slice::from_ref(sha256)));
    readable(judge, world, step, store, &reached);
    if world.is_expressway() {
        one_counts(judge, world, step, store, &reached, incoming);
    } else {
        one_per_name(judge, world, step, store, &reached, incoming);
    }
}

/// I5: it is an authority, and the one that signed it is there already.
fn authority(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    at: &NodeName,
    store: &Store,
    incoming: &Certificate,
) {
    let title = incoming.title();
    judge.require(incoming.authority, "I5", Some(step), &[at], || {
        (
            format!("{title} is no authority; nothing can chain to it"),
            "Correct the issuer's chain in the estate.".to_owned(),
        )
    });
    let signer_there = incoming.is_self_signed()
        || incoming
            .signed_by
            .iter()
            .any(|signer| world.trusts(at, store, std::slice::from_ref(signer)));
    judge.require(signer_there, "I5", Some(step), &[at], || {
        (
            format!(
                "{store} was not seen to hold {}, which signed {title}; the node refuses it then",
                incoming.issuer
            ),
            "Upload the chain from the root down.".to_owned(),
        )
    });
}

/// I22: what a store holds must be known, or nobody can say what an upload does to it.
fn readable(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    store: &Store,
    reached: &[&NodeName],
) {
    let unread = |node: &&&NodeName| {
        let state = world.seen.nodes.get(**node);
        state.is_none_or(|state| match state.trust.get(store) {
            Some(Observed::Unknown(_)) => true,
            Some(Observed::Present(entries)) => entries
                .iter()
                .any(|entry| !world.seen.certificates.contains_key(&entry.sha256)),
            Some(Observed::Absent) => false,
            None => state.inventory.present().is_none(),
        })
    };
    let unread: Vec<&NodeName> = reached.iter().filter(unread).copied().collect();
    judge.none(&unread, "I22", Some(step), || {
        (
            format!(
                "{store} or an entry of it could not be read: the upload may replace one, or not be stored"
            ),
            "Mend what keeps it from being read, observe and plan again.".to_owned(),
        )
    });
}

/// I19: of two certificates of one name the list of a peer uses the upper one, so that a new one below another acts as
/// if it were not there. claim: EXPRESSWAY-STORE-SAME-CN
fn one_counts(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    store: &Store,
    reached: &[&NodeName],
    incoming: &Certificate,
) {
    let taken = |node: &&&NodeName| !world.namesakes(node, store, incoming).is_empty();
    let taken: Vec<&NodeName> = reached.iter().filter(taken).copied().collect();
    judge.none(&taken, "I19", Some(step), || {
        let title = incoming.title();
        (
            format!("{store} holds another certificate named {title}, and only the upper one counts: this one would act as if it were absent"),
            format!("Delete the other {title} in the peer's web pages first, if nothing served chains to it, or have the authority take another common name."),
        )
    });
}

/// I22: the store keeps the later of two certificates of one name. I5: nothing in use may rest on the one
/// that goes.
fn one_per_name(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    step: &Step,
    store: &Store,
    reached: &[&NodeName],
    incoming: &Certificate,
) {
    let title = incoming.title();
    let mut namesakes: BTreeMap<&Fingerprint, (&Certificate, Vec<&NodeName>)> = BTreeMap::new();
    for node in reached {
        for old in world.namesakes(node, store, incoming) {
            let found = namesakes
                .entry(&old.sha256)
                .or_insert_with(|| (old, Vec::new()));
            found.1.push(node);
        }
    }
    for (old, holders) in namesakes.into_values() {
        let newer = incoming.not_before > old.not_before;
        judge.require(newer, "I22", Some(step), &holders, || {
            (
                format!(
                    "{store} holds another {title} ({}) that began at {}, and the new one began at {}: the upload would be answered as done and not stored",
                    old.sha256.short(),
                    old.not_before,
                    incoming.not_before
                ),
                format!(
                    "Delete the other {title} from {store} in OS Administration first, if nothing served chains to it."
                ),
            )
        });
        let mut users = resting_on(world.seen, &old.sha256, &incoming.sha256);
        users.extend(signed_by_it(world.seen, &old.sha256));
        judge.none(&users, "I5", Some(step), || {
            (
                format!(
                    "storing {title} would drop {}, on which certificates in use there rest",
                    old.sha256.short()
                ),
                "Give the new authority another common name, or replace those certificates first."
                    .to_owned(),
            )
        });
    }
}

/// I22: only some stores spread, and some of them from one node only; elsewhere an upload is seen on its own node alone.
fn spreads(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, at: &NodeName, store: &Store) {
    let reached = world.reached(at, store);
    for condition in &step.after {
        let Condition::Trusts {
            node, store: of, ..
        } = condition
        else {
            continue;
        };
        let spread = of != store || reached.contains(&node);
        judge.require(spread, "I22", Some(step), &[node], || {
            (
                format!("an upload to {store} on {at} does not spread to {node}"),
                format!("Upload to {node} too."),
            )
        });
    }
}

/// I5: what an upload to a store drops may not be the chain of a certificate that this plan stored before.
pub(super) fn while_open(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let Action::UploadTrust { store, sha256, .. } = &step.action else {
        return;
    };
    let stored = world.nodes.values().flat_map(|node| &node.identities);
    let requests: BTreeMap<&StepId, &Purpose> = stored
        .filter_map(|(purpose, held)| match held {
            Held::Issued(request) => Some((request, purpose)),
            Held::Known(_) | Held::Unread => None,
        })
        .collect();
    for (request, purpose) in requests {
        let Some(terms) = world.issued.get(request) else {
            continue;
        };
        let stores = world.stores_of(purpose).into_iter();
        for (store, nodes) in stores.filter(|(of, _)| of == store) {
            // The one that is on its way in is not missing.
            let mut chain = terms.chain.clone();
            chain.retain(|authority| authority != sha256);
            // A peer's own list drops nothing, whosever certificate it is.
            if nodes == Nodes::Own {
                continue;
            }
            let lost = lacking(world, &store, nodes, &chain);
            judge.none(&lost, "I5", Some(step), || {
                (
                    format!("{store} would lose a part of the chain of the certificate for {request}, which is stored or served"),
                    "Leave that chain in place; give the new authority another common name.".to_owned(),
                )
            });
        }
    }
}

/// The nodes, among some, whose store was not seen to hold a whole chain.
pub(super) fn lacking<'w>(
    world: &'w World<'_>,
    store: &Store,
    among: Nodes,
    chain: &[Fingerprint],
) -> Vec<&'w NodeName> {
    let nodes = world.nodes.keys();
    nodes
        .filter(|node| among.contain(world.seen, node))
        .filter(|node| !world.trusts(node, store, chain))
        .collect()
}

/// Nodes that store or serve something which only the old authority verifies. A renewed authority that
/// kept its key and subject verifies everything that the old one did.
fn resting_on<'a>(
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
    let uses = seen.nodes.iter().filter(|(_, node)| {
        let served = node.served.values().filter_map(Observed::present);
        let stored = node.identities.values().filter_map(Observed::present);
        served.map(|chain| &chain.leaf).chain(stored).any(breaks)
    });
    uses.map(|(name, _)| name).collect()
}

/// The publisher, if a certificate is its CAPF certificate: phones authenticate with what that signed, which is valid
/// while it stays trusted. Source: claim PHONE-LSC-CAPF.
fn signed_by_it<'a>(seen: &'a ClusterState, old: &Fingerprint) -> Option<&'a NodeName> {
    let publisher = seen.publisher()?;
    let node = seen.nodes.get(publisher)?;
    let own = node.identities.get(&Purpose::from("CAPF"))?.present()?;
    (own == old).then_some(publisher)
}
