//! What restarts, and what proves that it worked.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::super::raw::{RawPlaybook, RawProof, RawRestart, RawRestartSet, Word};
use super::super::{releases, words};
use super::Check;
use crate::model::{Proof, ProofRule, RestartRule, RestartSet, ServiceName};
use crate::yaml::{Place, Problem, choose, look_up, parse_duration};

impl Check<'_> {
    pub(super) fn restarts(&mut self, raw: &RawPlaybook) -> Vec<RestartSet> {
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
        let paths = self.service(&raw.service).map(|service| service.paths);
        let nodes = self.keep(choose(
            &raw.nodes,
            "a selection of nodes",
            &words::SELECTIONS,
        ));
        let by = self.keep(choose(&raw.by, "an interface", &words::PATHS));
        if let (Some(paths), Some(by)) = (paths, by)
            && !paths.contains(&by)
        {
            let names = words::PATHS.iter().filter(|(_, path)| paths.contains(path));
            let names: Vec<&str> = names.map(|(name, _)| *name).collect();
            let message = match names.as_slice() {
                ["shell"] => format!("{} is restarted by the shell only", raw.service.value),
                names => format!(
                    "{} is restarted by {}",
                    raw.service.value,
                    names.join(" or ")
                ),
            };
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

    pub(super) fn proof(&mut self, raw: &RawProof) -> Option<ProofRule> {
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
                self.service(service)?;
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

    fn service(&mut self, word: &Word) -> Option<&'static words::Service> {
        let names = words::SERVICES.iter().map(|service| service.name);
        self.keep(look_up(word, "a service", names))?;
        words::SERVICES
            .iter()
            .find(|service| service.name == word.value)
    }
}
