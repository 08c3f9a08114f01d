//! From what is written to a procedure. Collects every problem instead of stopping at the first.

mod restarts;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::Claim;
use super::raw::{RawPhones, RawPlaybook, RawText, RawUsage, Word};
use super::{releases, words};
use crate::model::{
    Appliance, AttendedRule, ClaimId, GateRule, PhoneRule, Procedure, Purpose, ReleaseRange,
    SourcedText, Store, StoreRule, UsageRule,
};
use crate::yaml::{Place, Problem, choose, look_up};

/// The format of a playbook that this release reads.
const FORMAT: u32 = 1;

struct Check<'a> {
    sources: BTreeSet<&'a str>,
    claims: &'a BTreeMap<ClaimId, Claim>,
    problems: Vec<Problem>,
}

/// Checks everything and gives the procedure, or every problem.
pub(super) fn check(
    raw: &RawPlaybook,
    claims: &BTreeMap<ClaimId, Claim>,
) -> Result<Procedure, Vec<Problem>> {
    let mut check = Check {
        sources: raw.sources.keys().map(|tag| tag.as_str()).collect(),
        claims,
        problems: Vec::new(),
    };
    let procedure = check.procedure(raw);
    match procedure {
        Some(procedure) if check.problems.is_empty() => Ok(procedure),
        _ => Err(check.problems),
    }
}

impl Check<'_> {
    /// Every part is looked at before the first missing one gives up.
    fn procedure(&mut self, raw: &RawPlaybook) -> Option<Procedure> {
        if *raw.format != FORMAT {
            let message = format!("this release reads format {FORMAT}, not {}", *raw.format);
            self.problem(Problem::at(raw.format.place, message));
        }
        let products = Appliance::ALL.map(|appliance| (appliance.to_string(), appliance));
        let appliance = self.keep(choose(&raw.product, "a product", &products));
        if let Some(appliance) = appliance {
            let what = format!("a purpose of {appliance}");
            self.keep(look_up(&raw.purpose, &what, appliance.purposes()));
        }
        self.source_tags(raw);
        let assess_only = raw.assess_only.as_ref().map(|text| self.text(text));
        if let Some(hash) = &raw.hash {
            self.keep(look_up(hash, "a hash", words::HASHES.into_iter()));
        }
        let stores = self.stores(raw);
        let usages = raw
            .usages
            .iter()
            .map(|usage| self.usage(usage))
            .collect::<Vec<_>>();
        let preconditions = self.gates(raw);
        let restarts = self.restarts(raw);
        let phones = raw.phones.as_ref().and_then(|phones| self.phones(phones));
        let attended = self.attended(raw);
        let proof: Vec<_> = raw.proof.iter().map(|rule| self.proof(rule)).collect();
        let reminders = raw.reminders.iter().map(|text| self.text(text)).collect();
        let irreversible = self.text(&raw.irreversible);
        let procedure = Procedure {
            appliance: appliance?,
            purpose: Purpose::new(raw.purpose.as_str()),
            assess_only,
            sources: raw
                .sources
                .iter()
                .map(|(tag, name)| (tag.value.clone(), name.value.clone()))
                .collect(),
            stores,
            multi_server: raw.multi_server.value,
            hash: raw
                .hash
                .as_ref()
                .map_or_else(String::new, |hash| hash.value.clone()),
            usages: usages.into_iter().flatten().collect(),
            preconditions,
            restarts,
            phones,
            attended,
            proof: proof.into_iter().flatten().collect(),
            reminders,
            irreversible,
        };
        self.fits(raw, &procedure);
        Some(procedure)
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problem(problem)).ok()
    }

    fn not_empty(&mut self, is_empty: bool, place: Place, message: &str) {
        if is_empty {
            self.problem(Problem::at(place, message));
        }
    }

    fn source_tags(&mut self, raw: &RawPlaybook) {
        for (tag, name) in &raw.sources {
            let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
            if tag.is_empty() || !tag.chars().all(allowed) {
                let message = format!("`{}` cannot be the tag of a source", tag.value);
                self.problem(
                    Problem::at(tag.place, message).help("use capital letters, digits and hyphens"),
                );
            }
            self.not_empty(
                name.trim().is_empty(),
                name.place,
                "the source has no title",
            );
        }
    }

    /// `T217138; SG14 (said of 15)`: tags, each with words behind it if need be, separated by semicolons.
    fn source(&mut self, word: &Word) -> String {
        for part in word.split(';') {
            let tag = part.split_whitespace().next().unwrap_or_default();
            let tag = crate::yaml::Placed {
                value: tag.to_owned(),
                place: word.place,
            };
            let tags: Vec<&str> = self.sources.iter().copied().collect();
            self.keep(look_up(&tag, "a source of this file", tags.into_iter()));
        }
        word.value.clone()
    }

    fn text(&mut self, raw: &RawText) -> SourcedText {
        self.not_empty(
            raw.text.trim().is_empty(),
            raw.text.place,
            "the text is empty",
        );
        SourcedText {
            text: raw.text.trim().to_owned(),
            source: self.source(&raw.source),
        }
    }

    fn range(&mut self, word: &Word) -> Option<ReleaseRange> {
        self.keep(releases::parse(word).map_err(|why| Problem::at(word.place, why)))
    }

    fn stores(&mut self, raw: &RawPlaybook) -> Vec<StoreRule> {
        let mut stores = Vec::new();
        for rule in &raw.stores.value {
            self.keep(look_up(
                &rule.store,
                "a trust store",
                words::STORES.into_iter(),
            ));
            let nodes = self.keep(choose(
                &rule.nodes,
                "a selection of nodes",
                &words::SELECTIONS,
            ));
            let source = self.source(&rule.source);
            stores.extend(nodes.map(|nodes| StoreRule {
                store: Store::new(rule.store.as_str()),
                nodes,
                replicated: rule.replicated,
                source,
            }));
        }
        stores
    }

    fn usage(&mut self, raw: &RawUsage) -> Option<UsageRule> {
        for usage in &raw.key_usage {
            self.keep(look_up(usage, "a key usage", words::KEY_USAGES.into_iter()));
        }
        for usage in &raw.extended_usage {
            let known = words::EXTENDED_USAGES.into_iter();
            self.keep(look_up(usage, "an extended key usage", known));
        }
        let plain = |list: &[Word]| list.iter().map(|word| word.value.clone()).collect();
        let source = self.source(&raw.source);
        Some(UsageRule {
            releases: self.range(&raw.releases)?,
            key_usage: plain(&raw.key_usage),
            extended_usage: plain(&raw.extended_usage),
            source,
        })
    }

    fn gates(&mut self, raw: &RawPlaybook) -> Vec<GateRule> {
        let mut gates: Vec<GateRule> = Vec::new();
        for rule in &raw.preconditions {
            let source = self.source(&rule.source);
            let gate = self.keep(choose(&rule.gate, "a precondition", &words::GATES));
            if gate.is_some_and(|gate| gates.iter().any(|other| other.gate == gate)) {
                let message = format!("`{}` stands here twice", rule.gate.value);
                self.problem(Problem::at(rule.gate.place, message));
            }
            gates.extend(gate.map(|gate| GateRule { gate, source }));
        }
        gates
    }

    fn claims(&mut self, words: &[Word]) -> Vec<ClaimId> {
        for claim in words {
            let ledger = self.claims.keys().map(ClaimId::as_str);
            self.keep(look_claim_up(claim, ledger));
        }
        let names = words.iter().map(|claim| ClaimId::new(claim.as_str()));
        names.collect()
    }

    fn phones(&mut self, raw: &RawPhones) -> Option<PhoneRule> {
        let source = self.source(&raw.source);
        let claims = self.claims(&raw.claims);
        let upload_resets = match &raw.upload_resets {
            Some(range) => self.range(range)?,
            // No release: a range that ends before the first.
            None => ReleaseRange {
                from: None,
                to: Some((0, 0, 0)),
            },
        };
        Some(PhoneRule {
            ctl: raw.ctl,
            upload_resets,
            one_stays: raw.one_stays,
            source,
            claims,
        })
    }

    fn attended(&mut self, raw: &RawPlaybook) -> Vec<AttendedRule> {
        let mut rules = Vec::new();
        for rule in &raw.attended {
            for text in [&rule.before, &rule.after] {
                self.not_empty(text.trim().is_empty(), text.place, "the text is empty");
            }
            rules.push(AttendedRule {
                before: rule.before.trim().to_owned(),
                after: rule.after.trim().to_owned(),
                from_nodes: rule.from_nodes,
                source: self.source(&rule.source),
            });
        }
        rules
    }
}

/// As [`look_up`], without the hundred names of the ledger.
fn look_claim_up<'n>(
    claim: &Word,
    ledger: impl Iterator<Item = &'n str> + Clone,
) -> Result<(), Problem> {
    look_up(claim, "a claim of the ledger", ledger)
        .map_err(|problem| problem.help("the ledger is claims.yaml beside the playbooks"))
}
