//! The judgement of one edge.

use jiff::Timestamp;

use crate::model::{Certificate, Observed, ServedChain};

use super::names::{Has, has};
use super::{Anchors, Basis, Break, Caution, Edge, NameCheck, Party, Pool, Verdict, chain};

/// Judges one edge: `presented` is what the other end shows there, `store` what the verifying end trusts. Whatever of
/// it is unknown and could matter makes the verdict unknown.
pub fn evaluate(
    edge: &Edge,
    presented: &Observed<ServedChain>,
    store: &Observed<Anchors>,
    pool: &Pool<'_>,
    now: Timestamp,
) -> Verdict {
    let sent = match presented {
        Observed::Present(sent) => sent,
        Observed::Absent => {
            return Verdict::Unknown(vec![format!(
                "{} presents nothing there",
                edge.presenting()
            )]);
        }
        Observed::Unknown(why) => {
            return Verdict::Unknown(vec![format!("what {} presents: {why}", edge.presenting())]);
        }
    };
    let empty = Anchors::default();
    let mut found = match store {
        Observed::Present(store) => chain::search(edge, sent, store, pool, now),
        Observed::Absent => chain::search(edge, sent, &empty, pool, now),
        Observed::Unknown(why) => {
            let mut found = chain::Found::default();
            let whose = edge.relying();
            found
                .unknown
                .push(format!("{} of {whose}: {why}", edge.store));
            found
        }
    };
    if let Some(leaf) = pool.get(&sent.leaf) {
        names(edge, leaf, &mut found);
        usages(edge, leaf, &mut found);
    }
    found.breaks.sort();
    found.breaks.dedup();
    match (
        &edge.basis,
        found.breaks.is_empty(),
        found.unknown.is_empty(),
    ) {
        (_, true, true) => Verdict::Holds {
            cautions: found.cautions,
        },
        (_, true, false) => Verdict::Unknown(found.unknown),
        (Basis::Documented(_), false, _) => Verdict::Broken(found.breaks),
        (Basis::Assumed(on), false, _) => {
            let breaks = found
                .breaks
                .iter()
                .map(|each| format!("{on}; if so: {each}"));
            Verdict::Unknown(breaks.collect())
        }
    }
}

fn names(edge: &Edge, leaf: &Certificate, found: &mut chain::Found) {
    let (names, common_name) = match &edge.name {
        NameCheck::Nothing => return,
        NameCheck::Unknown(why) => {
            found.unknown.push(format!("the expected name: {why}"));
            return;
        }
        NameCheck::AnyOf { names, common_name } => (names, *common_name),
    };
    let ways: Vec<(&String, Has)> = names.iter().map(|name| (name, has(leaf, name))).collect();
    if ways.iter().any(|(_, has)| *has == Has::Dns) {
        return;
    }
    let rescue = ways.iter().find(|(_, has)| *has == Has::CommonName);
    match rescue {
        Some((name, _)) if common_name => {
            found
                .cautions
                .push(Caution::OnlyCommonName((*name).clone()));
        }
        _ => found.breaks.push(Break::NameMissing {
            expected: names.iter().cloned().collect(),
            in_common_name: rescue.is_some(),
        }),
    }
}

/// A certificate without extended key usages allows everything (RFC 5280 §4.2.1.12).
fn usages(edge: &Edge, leaf: &Certificate, found: &mut chain::Found) {
    let Some(allowed) = &leaf.extended_usage else {
        return;
    };
    let any = allowed.contains("anyExtendedKeyUsage") || allowed.contains("2.5.29.37.0");
    let lacking = edge
        .usages
        .iter()
        .filter(|usage| !any && !allowed.contains(usage.as_str()));
    found
        .breaks
        .extend(lacking.map(|usage| Break::UsageMissing(*usage)));
}

/// A client's store is its own; nobody looks into it.
pub(super) fn store_of_clients(party: &Party) -> Option<&'static str> {
    matches!(party, Party::Clients).then_some("what clients trust is not observed")
}
