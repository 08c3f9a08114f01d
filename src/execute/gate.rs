//! Gates that phones keep shut: the run waits, and a person may let it go on without some of them, by name.

use std::collections::BTreeSet;

use super::cluster::{ClusterRun, Seen};
use super::judge::not_back;
use super::look::tally;
use super::mark::{MarkError, placed};
use super::outcome::Halt;
use crate::journal::{Event, Journal};
use crate::model::StepId;
use crate::plan::{Condition, Plan, Step};

/// Whether a condition asks for phones by name, so that a waiver by name changes it.
pub(super) fn names_phones(condition: &Condition) -> bool {
    matches!(
        condition,
        Condition::PhonesBack { .. } | Condition::PhonesReset { .. }
    )
}

/// Whether a step waits for phones.
pub(super) fn answers_for_phones(step: &Step) -> bool {
    step.after.iter().any(names_phones)
}

impl ClusterRun<'_> {
    /// Phones are missing when the wait is over: nothing failed, and nothing goes on. Their names are kept beside the
    /// journal, one a line, as `mark --waive @FILE` takes them.
    pub(super) fn short_of_phones(&self, step: &Step, seen: &Seen) -> Halt {
        let artifacts = self.artifacts();
        let look = seen.with(&artifacts);
        let missing = not_back(&step.after, look);
        let found = tally(&step.after, look).sentence();
        let id = &step.id;
        let mut next = format!(
            "Wait until they are back, then `reissue resume`. Or go on without them, by name: \
             `reissue mark {id} --waive NAME… --why TEXT`, then `reissue resume`."
        );
        if missing.is_empty() {
            next = format!(
                "Nothing is known of the phones, so the gate stays shut. Make them readable, then `reissue resume`. \
                 A phone that needs no answer is waived by name: `reissue mark {id} --waive NAME… --why TEXT`."
            );
        } else {
            let name = format!("{id}.missing.txt");
            let lines: String = missing.iter().map(|name| format!("{name}\n")).collect();
            if let Err(error) = self.all.journal.keep(&name, lines.as_bytes()) {
                return Halt::from(error);
            }
            let path = self.all.journal.directory().join("artifacts").join(name);
            next.push_str(&format!(" All their names: @{}", path.display()));
        }
        self.waits(step, format!("the gate is shut: {found}"), &next)
    }
}

/// Records that a person waives phones at a gate, by name: the run answers for them no longer. `names` are compared
/// without regard to capitals.
///
/// # Errors
/// [`MarkError`]: the plan has no such step, it waits for no phones, or a name is not one of its phones.
pub fn waive(
    journal: &Journal,
    plan: &Plan,
    step: &StepId,
    names: &BTreeSet<String>,
    by: String,
    why: String,
) -> Result<usize, MarkError> {
    let (_, cluster, known) = placed(plan, step)?;
    let Some(phones) = cluster
        .phones
        .as_ref()
        .filter(|_| answers_for_phones(known))
    else {
        return Err(MarkError::NoGate(step.clone()));
    };
    let mut waived = BTreeSet::new();
    let mut unknown = Vec::new();
    for name in names {
        let mut baseline = phones.registered.values().flatten();
        match baseline.find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => _ = waived.insert(known.clone()),
            None => unknown.push(name.as_str()),
        }
    }
    if !unknown.is_empty() {
        return Err(MarkError::NoSuchPhone(unknown.join(", ")));
    }
    if waived.is_empty() {
        return Err(MarkError::NoSuchPhone("no name".to_owned()));
    }
    let count = waived.len();
    journal.record(Event::PhonesWaived {
        step: step.clone(),
        phones: waived,
        by,
        why,
    })?;
    Ok(count)
}
