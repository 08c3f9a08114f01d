//! From what is written to a procedure. Collects every problem instead of stopping at the first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::ledger::Claim;
use super::raw::{
    RawPhones, RawPlaybook, RawProof, RawRestart, RawRestartSet, RawText, RawUsage, Word,
};
use super::{releases, words};
use crate::model::{
    Appliance, AttendedRule, ClaimId, GateRule, PhoneRule, Procedure, Proof, ProofRule, Purpose,
    ReleaseRange, RestartRule, RestartSet, ServiceName, SourcedText, Store, StoreRule, UsageRule,
};
use crate::yaml::{Place, Problem, choose, look_up, parse_duration};

/// The format of a playbook that this release reads.
const FORMAT: u32 = 1;

/// The restart set that is taken when a person names none.
const DEFAULT_VARIANT: &str = "default";

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
        if assess_only.is_none() {
            self.whole(raw);
        }
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
        Some(Procedure {
            appliance: appliance?,
            purpose: Purpose::new(raw.purpose.as_str()),
            assess_only,
            sources: raw
                .sources
                .iter()
                .map(|(tag, name)| (tag.value.clone(), name.value.clone()))
                .collect(),
            stores,
            multi_server: raw.multi_server,
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
        })
    }

    /// What a procedure that is carried out cannot do without.
    fn whole(&mut self, raw: &RawPlaybook) {
        let parts = [
            (
                raw.stores.is_empty(),
                &raw.stores.place,
                "no store takes the chain",
            ),
            (
                raw.restarts.is_empty(),
                &raw.restarts.place,
                "nothing restarts, so nothing would be in effect",
            ),
            (
                raw.proof.is_empty(),
                &raw.proof.place,
                "nothing proves what is in effect",
            ),
        ];
        for (is_empty, place, message) in parts {
            self.not_empty(is_empty, *place, message);
        }
        if raw.hash.is_none() {
            let message = "no `hash` is asked for in the request";
            self.problem(Problem::at(raw.purpose.place, message));
        }
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

    fn restarts(&mut self, raw: &RawPlaybook) -> Vec<RestartSet> {
        let place = raw.restarts.place;
        let mut sets: Vec<(Place, RestartSet)> = Vec::new();
        for set in &raw.restarts.value {
            let Some(read) = self.restart_set(set) else {
                continue;
            };
            let same = |(_, other): &&(Place, RestartSet)| {
                other.variant == read.variant && releases::overlap(&other.releases, &read.releases)
            };
            if let Some((first, _)) = sets.iter().find(same) {
                let message = format!("two sets `{}` hold for the same release", read.variant);
                let problem = Problem::at(set.variant.place, message).also(*first, "the other");
                self.problem(problem);
            }
            sets.push((set.variant.place, read));
        }
        let is_default = |(_, set): &(Place, RestartSet)| set.variant == DEFAULT_VARIANT;
        if !raw.restarts.is_empty() && self.problems.is_empty() && !sets.iter().any(is_default) {
            let message = format!("no set is the variant `{DEFAULT_VARIANT}`");
            self.problem(Problem::at(place, message).help("it is taken when nobody names another"));
        }
        sets.into_iter().map(|(_, set)| set).collect()
    }

    fn restart_set(&mut self, raw: &RawRestartSet) -> Option<RestartSet> {
        self.not_empty(
            raw.variant.trim().is_empty(),
            raw.variant.place,
            "the variant has no name",
        );
        self.not_empty(
            raw.services.is_empty(),
            raw.services.place,
            "the set restarts nothing",
        );
        let mut seen = BTreeSet::new();
        let mut services = Vec::new();
        for rule in &raw.services.value {
            if !seen.insert(rule.service.as_str()) {
                let message = format!("{} restarts twice in this set", rule.service.value);
                self.problem(Problem::at(rule.service.place, message));
            }
            services.extend(self.restart(rule));
        }
        Some(RestartSet {
            releases: self.range(&raw.releases)?,
            variant: raw.variant.value.clone(),
            services,
            note: raw.note.as_ref().map(|note| note.trim().to_owned()),
        })
    }

    fn restart(&mut self, raw: &RawRestart) -> Option<RestartRule> {
        let paths = self.keep(choose(&raw.service, "a service", words::SERVICES));
        let nodes = self.keep(choose(
            &raw.nodes,
            "a selection of nodes",
            &words::SELECTIONS,
        ));
        let by = self.keep(choose(&raw.by, "an interface", &words::PATHS));
        if let (Some(paths), Some(by)) = (paths, by)
            && !paths.contains(&by)
        {
            let message = format!("{} is restarted by the shell only", raw.service.value);
            self.problem(Problem::at(raw.by.place, message));
        }
        let takes = parse_duration(&raw.takes.0).map_err(|why| Problem::at(raw.takes.place, why));
        let takes = self.keep(takes);
        let source = self.source(&raw.source);
        let claims = self.claims(&raw.claims);
        Some(RestartRule {
            service: ServiceName::new(raw.service.as_str()),
            nodes: nodes?,
            by: by?,
            takes: SignedDuration::try_from(takes?).unwrap_or(SignedDuration::MAX),
            outage: raw.outage.trim().to_owned(),
            source,
            claims,
        })
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

    fn proof(&mut self, raw: &RawProof) -> Option<ProofRule> {
        let source = self.source(&raw.source);
        let by = match (&raw.port, &raw.key, &raw.service) {
            (Some(port), Some(key), None) => {
                let port = self.keep(choose(port, "a port that is asked", &words::PORTS));
                let key = self.keep(choose(key, "a kind of key", &words::KEYS));
                Proof::Port {
                    port: port?,
                    key: key?,
                    always: raw.always,
                }
            }
            (None, None, Some(service)) => {
                self.keep(choose(service, "a service", words::SERVICES))?;
                Proof::Service(ServiceName::new(service.as_str()))
            }
            _ => {
                let message = "a proof is either a `port` with its `key`, or a `service`";
                self.problem(Problem::at(raw.source.place, message));
                return None;
            }
        };
        Some(ProofRule { by, source })
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
