//! The steps that only phone passes have: the trust list, the resets, and the gate behind them.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::{ServiceName, StepId};

use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::install::phone_owner;
use super::pass::Pass;
use super::stages::replication_good;
use super::step::{Action, Condition, Disruption, PhoneBaseline, Reversal, Stage, Step};

/// How long phones typically take to register again. Not published; an estimate for the timeline.
const PHONES_BACK: SignedDuration = SignedDuration::from_mins(10);

/// How long the trust list takes with its reading back. Not published; an estimate.
const ONE_LIST: SignedDuration = SignedDuration::from_mins(2);

/// How long a reset is on its way. Not published; an estimate.
const ONE_RESET: SignedDuration = SignedDuration::from_mins(2);

/// What users notice when phones are reset.
pub(super) fn phones_restart(which: &str) -> Disruption {
    Disruption {
        service: ServiceName::from("Phones"),
        loses: format!("{which} restarts and registers again; calls under way end"),
        lasts: PHONES_BACK,
    }
}

/// In mixed mode: writes the trust list anew, after the uploads and before anything restarts (invariant I11).
pub(super) fn trust_list(
    draft: &mut Draft,
    site: &Site<'_>,
    pass: &Pass<'_>,
    uploaded: &[StepId],
) -> Option<StepId> {
    if !pass.updates_trust_list(site) {
        return None;
    }
    let jobs = || pass.jobs.iter();
    let listed = jobs().filter(|job| Pass::lists(job));
    let after = listed.flat_map(|job| {
        let made = job.requests.iter().zip(&job.made.requests);
        made.map(|(_, request)| Condition::TrustListHolds {
            step: request.clone(),
        })
    });
    let after: Vec<Condition> = after.collect();
    let how = "The list cannot be taken back; it is written anew from what is stored by `utils ctl update CTLFile`.";
    let id = draft.add(Step {
        node: Some(site.publisher.clone()),
        after,
        takes: ONE_LIST,
        reversal: Reversal::Manual { how: how.to_owned() },
        because: jobs().flat_map(|job| job.because(&job.due.nodes)).collect(),
        sources: phone_sources(pass),
        ..step(
            Stage::Activate,
            Action::UpdateTrustList {},
            "Phones in mixed mode believe only what this list carries; they fetch it when they are reset (I11).",
        )
    });
    draft.edges(
        uploaded,
        &id,
        "the list is written from the certificates that are stored (I11)",
    );
    Some(id)
}

/// Resets every phone, pool by pool, and waits until all are back. Gives the resets and the gate.
pub(super) fn phones(
    draft: &mut Draft,
    site: &Site<'_>,
    pass: &Pass<'_>,
    baseline: &PhoneBaseline,
    polls: u32,
    proved: &[StepId],
) -> (BTreeSet<StepId>, StepId) {
    let mut resets = BTreeSet::new();
    let because: BTreeSet<String> = pass
        .jobs
        .iter()
        .flat_map(|job| job.because(&job.due.nodes))
        .collect();
    let mut last: Option<StepId> = None;
    for (pool, names) in &baseline.registered {
        let id = draft.next();
        let which = format!(
            "every one of the {} phones of device pool {pool}",
            names.len()
        );
        let made = draft.add(Step {
            node: Some(site.publisher.clone()),
            after: vec![Condition::PhonesReset {
                pool: pool.clone(),
                step: id,
            }],
            disruption: Some(phones_restart(&which)),
            takes: ONE_RESET,
            reversal: Reversal::Manual {
                how: "A reset cannot be taken back; the phones register again by themselves."
                    .to_owned(),
            },
            because: because.clone(),
            sources: phone_sources(pass),
            ..step(
                Stage::Activate,
                Action::ResetPhones { pool: pool.clone() },
                "Phones take the new trust list only when they start (I12).",
            )
        });
        draft.edges(
            proved,
            &made,
            "phones are reset when every node has its new certificate in effect (I12)",
        );
        draft.edges(&last, &made, "one device pool after the other");
        last = Some(made.clone());
        resets.insert(made);
    }
    let mut after = vec![Condition::PhonesBack {
        resets: resets.clone(),
        polls,
    }];
    after.extend(replication_good(site));
    let gate = draft.add(Step {
        after,
        takes: PHONES_BACK,
        because,
        sources: phone_sources(pass),
        ..step(
            Stage::Activate,
            Action::Confirm {
                what: "every phone that was registered is registered again".to_owned(),
            },
            "A phone that did not take the new list would be lost with the next certificate that phones hold (I1, I12).",
        )
    });
    draft.edges(&resets, &gate, "phones are counted after their reset (I12)");
    draft.edges(proved, &gate, "every node was proved by itself before");
    (resets, gate)
}

fn phone_sources(pass: &Pass<'_>) -> Vec<String> {
    let mut sources = Vec::new();
    for owner in pass.jobs.iter().filter_map(phone_owner) {
        let rule = owner.phones.iter();
        sources.extend(rule.flat_map(|rule| cited(owner, &[&rule.source])));
    }
    sources.sort();
    sources.dedup();
    sources
}
