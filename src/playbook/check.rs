//! From what is written to a procedure. Collects every problem instead of stopping at the first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::ledger::Claim;
use super::raw::{RawPlaybook, RawRestart, RawRestartSet, RawText, RawUsage, Word};
use super::{releases, words};
use crate::model::{
    ClaimId, GateRule, Procedure, Product, ProofRule, Purpose, ReleaseRange, RestartRule,
    RestartSet, ServiceName, SourcedText, Store, StoreRule, UsageRule,
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
        let products = Product::ALL.map(|product| (product.to_string(), product));
        let product = self.keep(choose(&raw.product, "a product", &products));
        if let Some(product) = product {
            let what = format!("a purpose of {product} that an authority signs");
            self.keep(look_up(&raw.purpose, &what, product.purposes()));
        }
        self.keep(look_up(&raw.hash, "a hash", words::HASHES.into_iter()));
        self.source_tags(raw);
        let stores = self.stores(raw);
        let usages = raw
            .usages
            .iter()
            .map(|usage| self.usage(usage))
            .collect::<Vec<_>>();
        let preconditions = self.gates(raw);
        let restarts = self.restarts(raw);
        let proof = self.proof(raw);
        let reminders = raw.reminders.iter().map(|text| self.text(text)).collect();
        let irreversible = self.text(&raw.irreversible);
        Some(Procedure {
            product: product?,
            purpose: Purpose::new(raw.purpose.as_str()),
            sources: raw
                .sources
                .iter()
                .map(|(tag, name)| (tag.value.clone(), name.value.clone()))
                .collect(),
            stores,
            multi_server: raw.multi_server,
            hash: raw.hash.value.clone(),
            usages: usages.into_iter().flatten().collect(),
            preconditions,
            restarts,
            proof,
            reminders,
            irreversible,
        })
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
        self.not_empty(
            raw.stores.is_empty(),
            raw.stores.place,
            "no store takes the chain",
        );
        let mut stores = Vec::new();
        for rule in &raw.stores.value {
            self.keep(look_up(
                &rule.store,
                "a trust store",
                words::STORES.into_iter(),
            ));
            stores.push(StoreRule {
                store: Store::new(rule.store.as_str()),
                replicated: rule.replicated,
                source: self.source(&rule.source),
            });
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
        self.not_empty(
            raw.restarts.is_empty(),
            place,
            "nothing restarts, so nothing would be served",
        );
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
        for claim in &raw.claims {
            let ledger = self.claims.keys().map(ClaimId::as_str);
            self.keep(look_claim_up(claim, ledger));
        }
        Some(RestartRule {
            service: ServiceName::new(raw.service.as_str()),
            nodes: nodes?,
            by: by?,
            takes: SignedDuration::try_from(takes?).unwrap_or(SignedDuration::MAX),
            outage: raw.outage.trim().to_owned(),
            source,
            claims: raw
                .claims
                .iter()
                .map(|claim| ClaimId::new(claim.as_str()))
                .collect(),
        })
    }

    fn proof(&mut self, raw: &RawPlaybook) -> Vec<ProofRule> {
        self.not_empty(
            raw.proof.is_empty(),
            raw.proof.place,
            "no port proves what is served",
        );
        let mut rules = Vec::new();
        for rule in &raw.proof.value {
            let source = self.source(&rule.source);
            let port = self.keep(choose(&rule.port, "a port that is asked", &words::PORTS));
            let key = self.keep(choose(&rule.key, "a kind of key", &words::KEYS));
            if let (Some(port), Some(key)) = (port, key) {
                rules.push(ProofRule {
                    port,
                    key,
                    always: rule.always,
                    source,
                });
            }
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
