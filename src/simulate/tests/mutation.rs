//! Ways to spoil a plan.

use std::collections::BTreeSet;

use crate::model::{Fingerprint, StepId};
use crate::plan::{Action, ClusterPlan, Condition, Step};

use super::scene::{fingerprint, pem};

/// One way; numbers are places among the steps.
#[derive(Clone, Debug)]
pub(super) enum Mutation {
    Drop(usize),
    /// Carries a step out once more, further on.
    Double(usize, usize),
    Swap(usize, usize),
    Move(usize, usize),
    /// Takes one condition before a step away.
    Unguard(usize, usize),
    /// Takes one condition after a step away.
    Unsee(usize, usize),
    /// Lets an upload answer, or a wait ask for, the request of another step.
    OtherRequest(usize, usize),
    Chain(usize, Links),
    Pem(usize),
    /// Lets a gate look for phones no time.
    Blind(usize),
    /// Lets a gate forget one of its resets.
    Unreset(usize),
    /// Takes the waivers away.
    Unwaive,
    /// Answers no more for the phones of one pool.
    Forget(usize),
}

/// Of more steps than this, only some pairs are exchanged.
const MANY: usize = 12;

/// Changes to the chain that a certificate must have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Links {
    None,
    WithoutRoot,
    UpsideDown,
    Foreign,
}

impl Links {
    pub(super) const ALL: [Self; 4] = [
        Self::None,
        Self::WithoutRoot,
        Self::UpsideDown,
        Self::Foreign,
    ];

    fn change(self, chain: &mut Vec<Fingerprint>) {
        match self {
            Self::None => chain.clear(),
            Self::WithoutRoot => drop(chain.drain(..1.min(chain.len()))),
            Self::UpsideDown => chain.reverse(),
            Self::Foreign => *chain = vec![fingerprint("Other Root")],
        }
    }
}

impl Mutation {
    /// Every one of them that can be made once; of a long plan, some.
    pub(super) fn all(plan: &ClusterPlan) -> Vec<Self> {
        let steps = &plan.steps;
        let stride = steps.len() / MANY + 1;
        let mut all = Vec::new();
        if let Some(phones) = &plan.phones {
            all.push(Self::Unwaive);
            all.extend((0..phones.registered.len()).map(Self::Forget));
        }
        for (place, step) in steps.iter().enumerate() {
            all.push(Self::Drop(place));
            all.extend(
                (place..steps.len())
                    .step_by(5 * stride)
                    .map(|to| Self::Double(place, to)),
            );
            let others = (place + 1..steps.len()).step_by(stride);
            all.extend(others.map(|other| Self::Swap(place, other)));
            all.extend((0..step.before.len()).map(|at| Self::Unguard(place, at)));
            all.extend((0..step.after.len()).map(|at| Self::Unsee(place, at)));
            match &step.action {
                Action::AwaitCertificates { .. } => {
                    all.extend((0..steps.len()).map(|to| Self::Move(place, to)));
                    all.extend(Links::ALL.map(|links| Self::Chain(place, links)));
                    all.extend((0..steps.len()).map(|other| Self::OtherRequest(place, other)));
                }
                Action::UploadIdentity { .. } => {
                    all.extend((0..steps.len()).map(|other| Self::OtherRequest(place, other)));
                }
                Action::UploadTrust { .. } => all.push(Self::Pem(place)),
                Action::Person { .. } | Action::UpdateTrustList {} | Action::ResetPhones { .. } => {
                    all.extend(
                        (0..steps.len())
                            .step_by(stride)
                            .map(|to| Self::Move(place, to)),
                    );
                }
                Action::Confirm { .. } => {
                    all.extend(
                        (0..steps.len())
                            .step_by(stride)
                            .map(|to| Self::Move(place, to)),
                    );
                    all.extend([Self::Blind(place), Self::Unreset(place)]);
                }
                Action::GenerateRequest { .. } | Action::RestartService { .. } => {}
            }
        }
        all
    }

    /// Spoils a plan; does nothing where it does not fit.
    pub(super) fn spoil(&self, plan: &mut ClusterPlan) {
        let steps = &mut plan.steps;
        match *self {
            Self::Blind(at) => gate(steps.get_mut(at), |_, polls| *polls = 0),
            Self::Unreset(at) => gate(steps.get_mut(at), |resets, _| drop(resets.pop_first())),
            Self::Unwaive => {
                if let Some(phones) = &mut plan.phones {
                    phones.waived.clear();
                }
            }
            Self::Forget(which) => {
                if let Some(phones) = &mut plan.phones {
                    let mut place = 0..;
                    phones.registered.retain(|_, _| place.next() != Some(which));
                }
            }
            Self::Drop(at) if at < steps.len() => drop(steps.remove(at)),
            Self::Double(at, to) if at < steps.len() => {
                let again = again(&steps[at]);
                steps.insert((to + 1).min(steps.len()), again);
            }
            Self::Swap(one, other) if one.max(other) < steps.len() => steps.swap(one, other),
            Self::Move(from, to) if from.max(to) < steps.len() => {
                let step = steps.remove(from);
                steps.insert(to, step);
            }
            Self::Unguard(at, which) => without(steps.get_mut(at).map(|it| &mut it.before), which),
            Self::Unsee(at, which) => without(steps.get_mut(at).map(|it| &mut it.after), which),
            Self::OtherRequest(at, other) if at.max(other) < steps.len() => {
                let id = steps[other].id.clone();
                other_request(&mut steps[at].action, id);
            }
            Self::Chain(at, links) => {
                let action = steps.get_mut(at).map(|step| &mut step.action);
                if let Some(Action::AwaitCertificates { terms, .. }) = action {
                    links.change(&mut terms.chain);
                }
            }
            Self::Pem(at) => {
                let action = steps.get_mut(at).map(|step| &mut step.action);
                if let Some(Action::UploadTrust { pem: text, .. }) = action {
                    *text = pem("Other Root");
                }
            }
            _ => {}
        }
    }
}

fn gate(step: Option<&mut Step>, change: impl Fn(&mut BTreeSet<StepId>, &mut u32)) {
    for condition in step.into_iter().flat_map(|step| &mut step.after) {
        if let Condition::PhonesBack { resets, polls } = condition {
            change(resets, polls);
        }
    }
}

fn without(conditions: Option<&mut Vec<Condition>>, which: usize) {
    if let Some(conditions) = conditions.filter(|conditions| which < conditions.len()) {
        conditions.remove(which);
    }
}

fn other_request(action: &mut Action, id: StepId) {
    match action {
        Action::UploadIdentity { request, .. } => *request = id,
        Action::AwaitCertificates { requests, .. } => {
            requests.pop_last();
            requests.insert(id);
        }
        Action::Person { .. }
        | Action::UploadTrust { .. }
        | Action::GenerateRequest { .. }
        | Action::RestartService { .. }
        | Action::UpdateTrustList {}
        | Action::ResetPhones { .. }
        | Action::Confirm { .. } => {}
    }
}

/// The step once more, under a number of its own, so that only what it does tells the two apart.
fn again(step: &Step) -> Step {
    let id = StepId::new(format!("{}-again", step.id));
    let mut copy = step.clone();
    for condition in copy.before.iter_mut().chain(&mut copy.after) {
        if let Condition::RequestOf { step: by, .. } | Condition::PhonesReset { step: by, .. } =
            condition
            && *by == step.id
        {
            *by = id.clone();
        }
    }
    copy.id = id;
    copy
}
