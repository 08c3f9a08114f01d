//! The phones that a plan answers for are those of the census (I4, I11, I12).

use std::collections::BTreeSet;

use crate::model::{Observed, PhoneCensus};
use crate::plan::{Action, ClusterPlan, PhoneBaseline, Step};

use super::catalogue::PhonePart;
use super::preflight::OBSERVE_AGAIN;
use super::world::World;
use super::{Judge, PLAN_AGAIN};

/// So many names are told; of more, the number.
const NAMED: usize = 5;

pub(super) fn check(judge: &mut Judge<'_>, world: &World<'_>, plan: &ClusterPlan) {
    let first = |wanted: &dyn Fn(PhonePart) -> bool| {
        plan.steps.iter().find(|step| match &step.action {
            Action::UploadIdentity { purpose, .. } => world.phone_part(purpose).is_some_and(wanted),
            _ => false,
        })
    };
    let Some(upload) = first(&|_| true) else {
        return;
    };
    if let Some(listed) = first(&PhonePart::is_listed) {
        trust_list_is_read(judge, world, listed);
    }
    let none = PhoneBaseline::default();
    let baseline = plan.phones.as_ref().unwrap_or(&none);
    let Some(census) = world.seen.phones.present() else {
        let why = world
            .seen
            .phones
            .unknown()
            .unwrap_or("the cluster says that it has none");
        judge.breaks(
            "I12",
            Some(upload),
            &[],
            format!(
                "the phones could not be counted ({why}): nobody could tell whether they come back"
            ),
            OBSERVE_AGAIN,
        );
        return;
    };
    let answered: BTreeSet<&str> = baseline
        .registered
        .values()
        .flatten()
        .map(String::as_str)
        .collect();
    let registered: BTreeSet<&str> = census.registered.keys().map(String::as_str).collect();
    let differing: Vec<&str> = registered
        .symmetric_difference(&answered)
        .copied()
        .collect();
    judge.require(differing.is_empty(), "I12", Some(upload), &[], || {
        (
            format!(
                "the plan does not answer for exactly the phones that are registered: {}",
                some_of(&differing)
            ),
            PLAN_AGAIN.to_owned(),
        )
    });
    in_their_pools(judge, world, upload, baseline);
    let waived = baseline.waived.keys().map(String::as_str);
    let wrongly: Vec<&str> = waived.filter(|name| registered.contains(name)).collect();
    judge.require(wrongly.is_empty(), "I4", Some(upload), &[], || {
        (
            format!(
                "waived though registered, so that nobody would wait for them: {}",
                some_of(&wrongly)
            ),
            "Waive only phones that are not registered.".to_owned(),
        )
    });
    if let Some(upload) = first(&PhonePart::verifies) {
        nobody_is_left_behind(judge, world, upload, baseline);
    }
}

/// I12: a phone is reset with its pool, so the plan has to know that one.
fn in_their_pools(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    upload: &Step,
    baseline: &PhoneBaseline,
) {
    let census = world.seen.phones.present();
    let configured = census.and_then(|census| census.configured.present());
    let pool_of = |name: &String| {
        let profile = configured.and_then(|all| all.get(name));
        profile
            .and_then(|profile| profile.pool.as_deref())
            .unwrap_or("")
    };
    let pools = baseline.registered.iter();
    let wrong =
        pools.flat_map(|(pool, names)| names.iter().filter(move |name| pool_of(name) != pool));
    let wrong: Vec<&str> = wrong.map(String::as_str).collect();
    judge.require(wrong.is_empty(), "I12", Some(upload), &[], || {
        (
            format!("in another device pool than the plan says, so that its resets do not reach them: {}", some_of(&wrong)),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I4: phones that are not registered come back with what they hold now.
fn nobody_is_left_behind(
    judge: &mut Judge<'_>,
    world: &World<'_>,
    upload: &Step,
    baseline: &PhoneBaseline,
) {
    let absent = world.seen.phones.present().and_then(PhoneCensus::absent);
    let Some(absent) = absent else {
        judge.breaks(
            "I4",
            Some(upload),
            &[],
            "the configured phones could not be read: nobody could tell which of them are not registered and would be stranded on return",
            OBSERVE_AGAIN,
        );
        return;
    };
    let left: Vec<&str> = absent
        .into_iter()
        .filter(|name| !baseline.waived.contains_key(*name))
        .collect();
    judge.require(left.is_empty(), "I4", Some(upload), &[], || {
        (
            format!(
                "{} configured phones are not registered and not waived ({}): when they come back they hold lists from before this change",
                left.len(),
                some_of(&left)
            ),
            "Bring them back first, or waive them by name with a reason and delete their lists by hand when they return.".to_owned(),
        )
    });
}

/// I11: what cannot be read now cannot be read back after the uploads, when it is too late to stop.
fn trust_list_is_read(judge: &mut Judge<'_>, world: &World<'_>, upload: &Step) {
    let read = !world.is_mixed() || matches!(world.seen.ctl, Observed::Present(_));
    judge.require(read, "I11", Some(upload), &[], || {
        let why = world.seen.ctl.unknown().unwrap_or("the publisher says that there is none");
        (
            format!("the cluster is in mixed mode and its certificate trust list could not be read: {why}"),
            OBSERVE_AGAIN.to_owned(),
        )
    });
}

fn some_of(names: &[&str]) -> String {
    let told: Vec<&str> = names.iter().copied().take(NAMED).collect();
    let told = told.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
