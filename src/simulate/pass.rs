//! Passes of what phones hold: nothing else is in flight with one (I2, I26), the trust list follows the uploads (I11),
//! and it ends when every phone was reset and is back (I12).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{NodeName, Purpose, StepId};
use crate::plan::{Action, Condition, Step};

use super::catalogue::PhonePart;
use super::world::World;
use super::{Judge, PLAN_AGAIN};

/// An open pass: from its first upload until every phone is back.
#[derive(Clone, Debug)]
pub(super) struct Pass<'a> {
    /// Its purpose, without a twin.
    pub(super) plain: Purpose,
    pub(super) part: PhonePart,
    /// The place of its last upload among the steps.
    pub(super) last_upload: usize,
    /// The requests whose certificates it stored.
    requests: BTreeSet<&'a StepId>,
    /// Those that were read back from the certificate trust list since.
    listed: BTreeSet<&'a StepId>,
    /// Resets since the last upload and restart, by device pool.
    resets: BTreeMap<&'a str, &'a StepId>,
}

impl<'a> World<'a> {
    /// What a step's beginning does to the open pass.
    pub(super) fn begin_pass(&mut self, step: &'a Step) {
        match &step.action {
            Action::UploadIdentity {
                purpose, request, ..
            } => {
                let Some(part) = self.phone_part(purpose) else {
                    return;
                };
                let open = self.pass.take();
                let open = open.filter(|pass| pass.plain == purpose.plain());
                let mut pass = open.unwrap_or_else(|| Pass {
                    plain: purpose.plain(),
                    part,
                    last_upload: 0,
                    requests: BTreeSet::new(),
                    listed: BTreeSet::new(),
                    resets: BTreeMap::new(),
                });
                pass.last_upload = self.moment;
                // Whether the list carries twins is not known (claim VOS-CTL-TWINS): nothing can wait for it.
                if !purpose.is_ecdsa() {
                    pass.requests.insert(request);
                }
                pass.listed.remove(request);
                pass.resets.clear();
                self.pass = Some(pass);
            }
            Action::RestartService { .. } => {
                if let Some(pass) = &mut self.pass {
                    pass.resets.clear();
                }
            }
            Action::ResetPhones { pool } => {
                let quiet = self.unfinished().is_empty();
                if let Some(pass) = self.pass.as_mut().filter(|_| quiet) {
                    pass.resets.insert(pool, &step.id);
                }
            }
            Action::Person { .. }
            | Action::UploadTrust { .. }
            | Action::GenerateRequest { .. }
            | Action::AwaitCertificates { .. }
            | Action::UpdateTrustList {}
            | Action::Confirm { .. } => {}
        }
    }

    /// What a finished step shows of the open pass; whether every phone is back and the pass has ended.
    pub(super) fn finish_pass(&mut self, step: &'a Step) -> bool {
        if let (Action::UpdateTrustList {}, Some(pass)) = (&step.action, &mut self.pass) {
            let seen = step.after.iter().filter_map(|condition| match condition {
                Condition::TrustListHolds { step } => Some(step),
                _ => None,
            });
            let own: Vec<&StepId> = seen.filter(|id| pass.requests.contains(id)).collect();
            pass.listed.extend(own);
        }
        let ends = matches!(step.action, Action::Confirm { .. }) && self.phones_are_back(step);
        if ends {
            self.pass = None;
        }
        ends
    }

    fn phones_are_back(&self, step: &Step) -> bool {
        let Some(pass) = &self.pass else { return false };
        let asked = step.after.iter().any(|condition| {
            matches!(condition, Condition::PhonesBack { resets, polls }
                if *polls > 0 && pass.resets.values().all(|id| resets.contains(*id)))
        });
        let all = self.pools().all(|pool| pass.resets.contains_key(pool));
        asked && all && self.unfinished().is_empty()
    }

    /// The open pass, if somebody must be waited for: where there are no phones, whatever is confirmed is finished.
    fn awaited(&self) -> Option<&Pass<'a>> {
        let somebody = self.pools().next().is_some() || !self.unfinished().is_empty();
        self.pass.as_ref().filter(|_| somebody)
    }

    /// The device pools whose phones the plan answers for.
    fn pools(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let pools = self.baseline.into_iter().flat_map(|all| &all.registered);
        pools
            .filter(|(_, phones)| !phones.is_empty())
            .map(|(pool, _)| pool.as_str())
    }
}

pub(super) fn before(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    match &step.action {
        Action::UploadIdentity { purpose, .. } => alone(judge, world, step, purpose),
        Action::RestartService { .. } => listed_first(judge, world, step),
        Action::UpdateTrustList {} => has_something_to_list(judge, world, step),
        Action::ResetPhones { pool } => not_too_early(judge, world, step, pool),
        Action::Confirm { .. } => looks_for_phones(judge, step),
        Action::Person { .. }
        | Action::UploadTrust { .. }
        | Action::GenerateRequest { .. }
        | Action::AwaitCertificates { .. } => {}
    }
}

/// I26: what is in flight belongs to one pass. I2: phones can verify nothing if what they verify with changes together.
/// I12: a pass of phones has ended before the next upload.
fn alone(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, purpose: &Purpose) {
    let mut nodes: Vec<&NodeName> = Vec::new();
    let mut others: BTreeSet<Purpose> = BTreeSet::new();
    for (name, node) in &world.nodes {
        let open = node.unproved.iter();
        let mut open = open
            .filter(|other| !world.belong_together(purpose, other))
            .peekable();
        if open.peek().is_some() {
            nodes.push(name);
        }
        others.extend(open.cloned());
    }
    let waiting = world.awaited().filter(|pass| pass.plain != purpose.plain());
    let verifies = |part: Option<PhonePart>| part.is_some_and(PhonePart::verifies);
    let clash = verifies(world.phone_part(purpose))
        && (others.iter().any(|other| verifies(world.phone_part(other)))
            || waiting.is_some_and(|pass| pass.part.verifies()));
    let invariant = match (clash, others.is_empty()) {
        (true, _) => "I2",
        (false, false) => "I26",
        (false, true) => "I12",
    };
    let free = others.is_empty() && waiting.is_none();
    judge.require(free, invariant, Some(step), &nodes, || {
        let open: Vec<&str> = others.iter().map(Purpose::as_str).collect();
        let pass = waiting.map(|pass| pass.plain.as_str()).unwrap_or_default();
        let says = match invariant {
            "I2" if open.is_empty() => format!("phones were not all seen back after {pass}: what they hold is older than it, and {purpose} would take the other way by which they verify what they fetch"),
            "I2" => format!("{} is in flight there: with {purpose} phones would lose both ways by which they verify what they fetch", open.join(", ")),
            "I26" => format!("{} is stored there and was not seen in service yet", open.join(", ")),
            _ => format!("phones were not all reset and seen back after {pass}"),
        };
        let first = if open.is_empty() { pass.to_owned() } else { open.join(", ") };
        let how = match invariant {
            "I26" => String::new(),
            _ => ": restart, reset the phones of every device pool, and see them back".to_owned(),
        };
        (says, format!("Finish {first} before {purpose}{how}."))
    });
}

/// I11: in mixed mode phones get the new certificates in the trust list before a service presents them.
fn listed_first(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let Some(pass) = world.pass.as_ref().filter(|pass| pass.part.is_listed()) else {
        return;
    };
    if !world.is_mixed() {
        return;
    }
    let missing = pass.requests.difference(&pass.listed).count();
    judge.require(missing == 0, "I11", Some(step), &[], || {
        (
            format!(
                "the cluster is in mixed mode, and {missing} of the new {} certificates were not read back from the certificate trust list before this restart",
                pass.plain
            ),
            "Update the trust list on the publisher after the last upload, read every new certificate back from it, and restart then.".to_owned(),
        )
    });
}

/// I11: the trust list is written anew where there is one, by the publisher, for something that it holds.
fn has_something_to_list(judge: &mut Judge<'_>, world: &World<'_>, step: &Step) {
    let pass = world.pass.as_ref();
    let holds = |pass: &Pass<'_>| pass.part.is_listed() && !pass.requests.is_empty();
    let due = world.is_mixed() && pass.is_some_and(holds);
    judge.require(due, "I11", Some(step), &[], || {
        (
            "no certificate that the trust list of a mixed-mode cluster holds was stored before this".to_owned(),
            "Update the trust list after the uploads of CallManager or CAPF in mixed mode, and only then.".to_owned(),
        )
    });
    by_publisher(judge, world, step, "I11");
}

/// I12: phones take what is in effect when they are reset; a reset before that has to be made again.
fn not_too_early(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, pool: &str) {
    by_publisher(judge, world, step, "I12");
    let open = world.unfinished();
    judge.none(&open, "I12", Some(step), || {
        (
            "phones would be reset while the new certificate may not be in effect there: they come back with the old lists"
                .to_owned(),
            "Reset them when every node was confirmed.".to_owned(),
        )
    });
    let due = world.pass.is_some() && world.pools().any(|of| of == pool);
    judge.require(due, "I12", Some(step), &[], || {
        (
            format!("nothing that phones hold has changed, or the plan answers for no phone of {pool}: its users would lose their calls for nothing"),
            "Reset the device pools of the registered phones, once after each change of what they hold.".to_owned(),
        )
    });
    let named = !pool.is_empty();
    judge.require(named, "I12", Some(step), &[], || {
        (
            "phones of an unknown device pool cannot be reset by their pool".to_owned(),
            "Give these phones a device pool, or mend what keeps the database from being read; then observe and plan again.".to_owned(),
        )
    });
}

fn by_publisher(judge: &mut Judge<'_>, world: &World<'_>, step: &Step, invariant: &'static str) {
    let own = step.node.is_some() && step.node.as_ref() == world.seen.publisher();
    judge.require(own, invariant, Some(step), &[], || {
        (
            "only the publisher does this for the cluster".to_owned(),
            PLAN_AGAIN.to_owned(),
        )
    });
}

/// I12: a gate that looks zero times sees nothing.
fn looks_for_phones(judge: &mut Judge<'_>, step: &Step) {
    let blind = step
        .after
        .iter()
        .any(|condition| matches!(condition, Condition::PhonesBack { polls: 0, .. }));
    judge.require(!blind, "I12", Some(step), &[], || {
        (
            "the phones are looked for no time at all".to_owned(),
            "Ask for at least one look that finds every phone.".to_owned(),
        )
    });
}

/// I12: the plan ends when every phone is back.
pub(super) fn at_the_end(judge: &mut Judge<'_>, world: &World<'_>) {
    let open = world.awaited();
    judge.require(open.is_none(), "I12", None, &[], || {
        let plain = open.map(|pass| pass.plain.as_str()).unwrap_or_default();
        (
            format!("the plan ends before every phone was reset and seen back after {plain}"),
            "Reset the phones of every device pool when the nodes are confirmed, and wait until they are back.".to_owned(),
        )
    });
}
