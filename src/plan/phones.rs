//! The phones that a plan answers for, and those that a person has waived.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Observed, PhoneCensus, PhoneProfile};

use super::facts::{Refusals, Site, unknown};
use super::job::Job;
use super::selection::Waivers;
use super::step::PhoneBaseline;

/// Names that a refusal shows; the rest is counted.
const SHOWN: usize = 10;

/// The phones that a plan with phone passes answers for. Phones that are not registered now would be stranded by a
/// change of the list's signer or of the trust verification service when they come back (invariant I4).
///
/// # Errors
/// Refusals: the phones are not known, absent ones are not waived, or a registered one belongs to no pool.
pub(super) fn baseline(
    site: &Site<'_>,
    jobs: &[Job<'_>],
    waivers: &Waivers,
) -> Result<PhoneBaseline, Refusals> {
    let (census, configured) = known(site)?;
    let mut refusals = Vec::new();
    let absent: BTreeSet<&str> = census.absent().unwrap_or_default();
    let strands = jobs.iter().any(Job::may_strand_absent);
    let mut waived = BTreeMap::new();
    let mut left = Vec::new();
    for name in absent.iter().filter(|_| strands) {
        if waivers.all || waivers.phones.contains(*name) {
            waived.insert((*name).to_owned(), waivers.why.clone());
        } else {
            left.push(*name);
        }
    }
    if !left.is_empty() {
        let says = format!(
            "expected every phone of the cluster to be registered, or waived by name; {} not: {}. They hold the \
             present trust list, and would refuse everything when they come back",
            if left.len() == 1 {
                "1 is".to_owned()
            } else {
                format!("{} are", left.len())
            },
            shown(&left)
        );
        let next = "Bring them back and observe again, or waive them with `--waive NAME|@FILE|all --why TEXT`: \
                    their trust list must then be deleted by hand.";
        refusals.push(site.refuse(says, next).breaking("I4"));
    }
    let mut registered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut homeless = Vec::new();
    for name in census.registered.keys() {
        match configured
            .get(name)
            .and_then(|profile| profile.pool.as_ref())
        {
            Some(pool) => {
                registered
                    .entry(pool.clone())
                    .or_default()
                    .insert(name.clone());
            }
            None => homeless.push(name.as_str()),
        }
    }
    if !homeless.is_empty() {
        let says = format!(
            "expected every registered phone to belong to a device pool, through which it is reset; the database \
             names none for {}",
            shown(&homeless)
        );
        let next = "Look at these devices in the administration, then observe again.";
        refusals.push(site.refuse(says, next).breaking("I12"));
    }
    if refusals.is_empty() {
        Ok(PhoneBaseline { registered, waived })
    } else {
        Err(refusals)
    }
}

type Known<'a> = (&'a PhoneCensus, &'a BTreeMap<String, PhoneProfile>);

fn known<'a>(site: &Site<'a>) -> Result<Known<'a>, Refusals> {
    let refuse = |fact: &str, why: &str| vec![unknown(site.cluster, fact, why).breaking("I4")];
    let state = site.state;
    let census = match &state.phones {
        Observed::Present(census) => census,
        Observed::Absent => return Err(refuse("the registered phones", "the cluster shows none")),
        Observed::Unknown(why) => return Err(refuse("the registered phones", why)),
    };
    match &census.configured {
        Observed::Present(configured) => Ok((census, configured)),
        Observed::Absent => Err(refuse("which phones the database has", "it shows none")),
        Observed::Unknown(why) => Err(refuse("which phones the database has", why)),
    }
}

fn shown(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    let text = first.join(", ");
    match names.len().saturating_sub(first.len()) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
