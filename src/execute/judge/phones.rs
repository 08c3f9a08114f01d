//! Phones: how many, whether they were reset and are back, and the list that they trust.

use std::collections::{BTreeMap, BTreeSet};

use super::{Holds, Judgement, Look, fails, unknown};
use crate::journal::IssuedLeaf;
use crate::model::{ClusterState, Observed, StepId};
use crate::pki::read_bundle;
use crate::plan::Condition;

/// More phones than a person reads at once are counted instead.
const SHOWN: usize = 10;

pub(super) fn at_least(state: &ClusterState, count: u64) -> Judgement {
    match &state.phones {
        Observed::Present(census) => {
            let registered: u64 = census.counted.values().sum();
            if registered >= count {
                Holds
            } else {
                fails(
                    format!("at least {count} registered phones"),
                    registered.to_string(),
                )
            }
        }
        Observed::Absent => fails(format!("at least {count} registered phones"), "none"),
        Observed::Unknown(why) => unknown("the number of registered phones", why),
    }
}

/// Whether the certificate trust list carries the certificate of a request, by its serial number.
pub(super) fn listed(step: &StepId, leaf: &IssuedLeaf, state: &ClusterState) -> Judgement {
    let read = read_bundle(leaf.pem.as_bytes(), "the recorded certificate");
    let serial = match read.as_deref() {
        Ok([one]) => &one.facts.serial,
        Ok(_) => {
            return unknown(
                format!("the serial number of the certificate for {step}"),
                "not one certificate was recorded",
            );
        }
        Err(error) => {
            return unknown(
                format!("the serial number of the certificate for {step}"),
                &error.to_string(),
            );
        }
    };
    let expected = || {
        format!("a certificate trust list with the certificate for {step}, serial number {serial}")
    };
    match &state.ctl {
        Observed::Present(list) if list.lists(serial) => Holds,
        Observed::Present(list) => fails(
            expected(),
            format!(
                "one of {} records without it, last modified {}",
                list.records.len(),
                list.modified
            ),
        ),
        Observed::Absent => fails(expected(), "no certificate trust list"),
        Observed::Unknown(why) => unknown("the certificate trust list", why),
    }
}

/// The phones of a pool that the plan still answers for, and since when each must have changed its status, in
/// seconds since 1970 by the operator's clock.
type Demand<'a> = BTreeMap<&'a str, i64>;

/// The phones that the plan answers for and nobody waived, of those pools for which `since` names a moment.
fn demanded(
    look: Look<'_>,
    mut since: impl FnMut(&str) -> Result<Option<i64>, Judgement>,
) -> Result<Demand<'_>, Judgement> {
    let phones = &look.artifacts.phones;
    let mut demand = Demand::new();
    for (pool, names) in &phones.registered {
        let asked = names.iter().filter(|name| {
            !phones.waived.contains_key(*name) && !look.artifacts.waived.contains(*name)
        });
        let mut asked = asked.peekable();
        if asked.peek().is_none() {
            continue;
        }
        if let Some(since) = since(pool)? {
            demand.extend(asked.map(|name| (name.as_str(), since)));
        }
    }
    Ok(demand)
}

/// When a step acted, in whole seconds: phones tell no fractions.
fn acted(step: &StepId, look: Look<'_>) -> Result<i64, Judgement> {
    let acted = look.artifacts.acted.get(step);
    acted.map(|acted| acted.as_second()).ok_or_else(|| {
        unknown(
            format!("when step {step} was carried out"),
            "it was not recorded",
        )
    })
}

/// The demanded phones that have not come back, and those that are registered as they were before.
#[derive(Default)]
struct Short<'a> {
    gone: Vec<&'a str>,
    as_before: Vec<&'a str>,
}

/// A census that was not read in full, or a clock that is not known, shows nothing about any phone.
// claim: PHONE-RESET
fn short<'a>(demand: &Demand<'a>, state: &ClusterState) -> Result<Short<'a>, Judgement> {
    if demand.is_empty() {
        return Ok(Short::default());
    }
    let census = match &state.phones {
        Observed::Present(census) => census,
        Observed::Absent => {
            return Err(unknown("which phones are registered", "no phone is listed"));
        }
        Observed::Unknown(why) => return Err(unknown("which phones are registered", why)),
    };
    let publisher = state.publisher().and_then(|name| state.nodes.get(name));
    let skew = match publisher.map(|node| &node.clock_skew_seconds) {
        Some(Observed::Present(skew)) => *skew,
        Some(Observed::Unknown(why)) => return Err(unknown("the publisher's clock", why)),
        Some(Observed::Absent) | None => return Err(unknown("the publisher's clock", "not asked")),
    };
    let mut found = Short::default();
    for (name, since) in demand {
        match census.registered.get(*name) {
            None => found.gone.push(name),
            Some(stamp) if stamp.saturating_sub(skew) < *since => found.as_before.push(name),
            Some(_) => {}
        }
    }
    Ok(found)
}

/// Whether every phone of a pool is registered as it was before a step.
pub(in crate::execute) fn untouched(pool: &str, step: &StepId, look: Look<'_>) -> bool {
    resetting(pool, step, look)
        .is_ok_and(|(demand, short)| !demand.is_empty() && short.as_before.len() == demand.len())
}

fn resetting<'a>(
    pool: &str,
    step: &StepId,
    look: Look<'a>,
) -> Result<(Demand<'a>, Short<'a>), Judgement> {
    let acted = acted(step, look)?;
    let demand = demanded(look, |of| Ok((of == pool).then_some(acted)))?;
    let short = short(&demand, look.state)?;
    Ok((demand, short))
}

/// Whether every phone of a pool has changed its status since a step, or is not registered.
pub(super) fn reset(pool: &str, step: &StepId, look: Look<'_>) -> Judgement {
    let judged = resetting(pool, step, look).map(|(demand, Short { as_before, .. })| {
        if as_before.is_empty() {
            return Holds;
        }
        fails(
            format!("{} phones of device pool {pool} reset", demand.len()),
            counted(&as_before, "not reset yet"),
        )
    });
    judged.unwrap_or_else(|other| other)
}

/// Whether every phone that the plan answers for is registered again since the reset of its pool.
pub(super) fn back(resets: &BTreeSet<StepId>, look: Look<'_>) -> Judgement {
    let judged = missing(resets, look).map(|(demand, Short { gone, as_before })| {
        let found = [
            (gone, "not registered"),
            (as_before, "registered as before the reset"),
        ];
        let found = found.iter().filter(|(names, _)| !names.is_empty());
        let found: Vec<String> = found.map(|(names, how)| counted(names, how)).collect();
        if found.is_empty() {
            Holds
        } else {
            fails(
                format!("{} phones registered again since their reset", demand.len()),
                found.join("; "),
            )
        }
    });
    judged.unwrap_or_else(|other| other)
}

fn missing<'a>(
    resets: &BTreeSet<StepId>,
    look: Look<'a>,
) -> Result<(Demand<'a>, Short<'a>), Judgement> {
    let demand = demanded(look, |pool| {
        let mut since = None;
        for step in resets {
            if look.artifacts.resets.get(step).is_some_and(|of| of == pool) {
                since = since.max(Some(acted(step, look)?));
            }
        }
        let unknown = || {
            unknown(
                format!("when the phones of device pool `{pool}` were reset"),
                "no step did it",
            )
        };
        since.map(Some).ok_or_else(unknown)
    })?;
    let short = short(&demand, look.state)?;
    Ok((demand, short))
}

/// The phones that keep some conditions from holding; none if the look did not tell.
pub(in crate::execute) fn not_back<'a>(
    conditions: &[Condition],
    look: Look<'a>,
) -> BTreeSet<&'a str> {
    let short = conditions.iter().filter_map(|condition| match condition {
        Condition::PhonesBack { resets, .. } => missing(resets, look).ok().map(|(_, short)| short),
        Condition::PhonesReset { pool, step } => {
            let (_, short) = resetting(pool, step, look).ok()?;
            Some(Short {
                gone: Vec::new(),
                ..short
            })
        }
        _ => None,
    });
    short
        .flat_map(|short| short.gone.into_iter().chain(short.as_before))
        .collect()
}

/// `2 not registered: SEP1, SEP2`.
fn counted(names: &[&str], how: &str) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} {how}: {}{more}", names.len(), shown.join(", "))
}
