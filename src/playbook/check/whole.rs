//! Whether the parts of a procedure fit each other and the purpose.

use std::collections::BTreeSet;

use super::super::raw::RawPlaybook;
use super::super::{releases, words};
use super::Check;
use crate::model::{Appliance, NodeSelection, Procedure, Release, RestartSet};
use crate::yaml::{Placed, Problem};

/// The restart set that is taken when a person names none.
const DEFAULT_VARIANT: &str = "default";

impl Check<'_> {
    /// Everything that no single line can be blamed for.
    pub(super) fn fits(&mut self, raw: &RawPlaybook, procedure: &Procedure) {
        let purpose = procedure.purpose.as_str();
        let mut signed = procedure.appliance.product().purposes();
        if procedure.assess_only.is_some() {
            self.left_out(raw);
        } else if signed.any(|known| known == purpose) {
            self.whole(raw);
            self.stores_fit(raw, procedure.appliance);
            self.nodes_fit(raw, procedure.appliance);
            self.services_fit(raw, procedure.appliance);
            self.proofs_fit(raw, procedure);
            self.every_release_is_covered(raw, procedure);
            if let Some(kind) = words::kind_of(&procedure.purpose) {
                self.kind_fits(raw, kind);
            }
        } else if procedure.appliance.purposes().any(|known| known == purpose) {
            let message = format!("{purpose} is only assessed and cannot be planned");
            let help =
                "write `assess_only` with the way of recovery, and no section about a renewal";
            self.problem(Problem::at(raw.purpose.place, message).help(help));
        }
    }

    /// A procedure that is never carried out says nothing of how it would be.
    fn left_out(&mut self, raw: &RawPlaybook) {
        let sections = [
            ("stores", raw.stores.is_empty()),
            ("multi_server", !raw.multi_server.value),
            ("hash", raw.hash.is_none()),
            ("usages", raw.usages.is_empty()),
            ("preconditions", raw.preconditions.is_empty()),
            ("restarts", raw.restarts.is_empty()),
            ("phones", raw.phones.is_none()),
            ("attended", raw.attended.is_empty()),
            ("proof", raw.proof.is_empty()),
        ];
        let written: Vec<&str> = sections
            .iter()
            .filter(|(_, is_empty)| !is_empty)
            .map(|(name, _)| *name)
            .collect();
        if !written.is_empty() {
            let message = format!("only assessed, yet it has {}", written.join(", "));
            let help = "leave out either `assess_only` or the sections about a renewal";
            self.problem(Problem::at(raw.purpose.place, message).help(help));
        }
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

    fn kind_fits(&mut self, raw: &RawPlaybook, kind: &words::Kind) {
        let purpose = raw.purpose.as_str();
        if raw.multi_server.value && !kind.multi_server {
            let message = format!("one certificate of {purpose} cannot serve several nodes");
            self.problem(Problem::at(raw.multi_server.place, message));
        }
        for rule in &raw.stores.value {
            let known = words::STORES.contains(&rule.store.as_str());
            if known && !kind.stores.contains(&rule.store.as_str()) {
                let message = format!("{purpose} does not use {}", rule.store.value);
                let help = format!("it uses {}", kind.stores.join(", "));
                self.problem(Problem::at(rule.store.place, message).help(help));
            }
        }
        match &raw.phones {
            None if kind.phones => {
                let message = format!("phones hold {purpose}, and `phones` does not say what");
                self.problem(Problem::at(raw.purpose.place, message));
            }
            Some(phones) if !kind.phones => {
                let message = format!("phones hold nothing of {purpose}");
                self.problem(Problem::at(phones.source.place, message).help("leave `phones` out"));
            }
            _ => {}
        }
    }

    /// Stores that the software has, each once.
    fn stores_fit(&mut self, raw: &RawPlaybook, appliance: Appliance) {
        let mut seen = BTreeSet::new();
        for rule in &raw.stores.value {
            if !seen.insert(rule.store.as_str()) {
                let message = format!("`{}` stands here twice", rule.store.value);
                self.problem(Problem::at(rule.store.place, message));
            }
            if rule.store.as_str() == "CallManager-trust" && appliance != Appliance::Cucm {
                let message = format!("{appliance} nodes have no CallManager-trust");
                self.problem(Problem::at(rule.store.place, message));
            }
        }
    }

    /// Selections that hold a node: of the cluster for a store, of this software for a restart.
    fn nodes_fit(&mut self, raw: &RawPlaybook, appliance: Appliance) {
        let of_cluster = Appliance::ALL
            .into_iter()
            .filter(|other| other.product() == appliance.product());
        let in_cluster: Vec<_> = of_cluster.flat_map(words::selections).copied().collect();
        for rule in &raw.stores.value {
            self.selection_fits(&rule.nodes, appliance, &in_cluster);
        }
        for rule in raw.restarts.iter().flat_map(|set| set.services.iter()) {
            self.selection_fits(&rule.nodes, appliance, words::selections(appliance));
        }
    }

    fn selection_fits(
        &mut self,
        word: &Placed<String>,
        appliance: Appliance,
        fitting: &[NodeSelection],
    ) {
        let selection = words::SELECTIONS
            .iter()
            .find(|(name, _)| *name == word.value);
        if let Some((name, selection)) = selection
            && !fitting.contains(selection)
        {
            let message = format!("`{name}` holds no node that {appliance} procedures are for");
            let offered: Vec<&str> = words::SELECTIONS
                .iter()
                .filter(|(_, selection)| fitting.contains(selection))
                .map(|(name, _)| *name)
                .collect();
            let help = format!("expected one of: {}", offered.join(", "));
            self.problem(Problem::at(word.place, message).help(help));
        }
    }

    fn services_fit(&mut self, raw: &RawPlaybook, appliance: Appliance) {
        let restarted = raw.restarts.iter().flat_map(|set| set.services.iter());
        let proving = raw.proof.iter().filter_map(|rule| rule.service.as_ref());
        for word in restarted.map(|rule| &rule.service).chain(proving) {
            let service = words::SERVICES
                .iter()
                .find(|service| service.name == word.value);
            if service.is_some_and(|service| !service.on.contains(&appliance)) {
                let message = format!("{appliance} nodes have no {}", word.value);
                self.problem(Problem::at(word.place, message));
            }
        }
    }

    fn proofs_fit(&mut self, raw: &RawPlaybook, procedure: &Procedure) {
        for service in raw.proof.iter().filter_map(|rule| rule.service.as_ref()) {
            let sets = procedure.restarts.iter();
            let restarts = sets
                .flat_map(|set| &set.services)
                .any(|rule| rule.service.as_str() == service.value);
            if !restarts {
                let message = format!("no set restarts {}, so it proves nothing", service.value);
                self.problem(Problem::at(service.place, message));
            }
        }
    }

    /// A release that one part speaks of and another does not would be half planned.
    fn every_release_is_covered(&mut self, raw: &RawPlaybook, procedure: &Procedure) {
        // A range that could not be read is told already, and would only be missed a second time here.
        if procedure.usages.len() < raw.usages.len()
            || procedure.restarts.len() < raw.restarts.len()
        {
            return;
        }
        let usages = |release: &Release| {
            let mut rules = procedure.usages.iter();
            rules.any(|rule| rule.releases.contains(release))
        };
        let sets = |release: &Release, variant: Option<&str>| {
            let mut sets = procedure.restarts.iter();
            sets.any(|set| {
                set.releases.contains(release) && variant.is_none_or(|name| set.variant == name)
            })
        };
        let default = |release: &Release| sets(release, Some(DEFAULT_VARIANT));
        if let Some(release) =
            releases::first(|release| (usages(release) || sets(release, None)) && !default(release))
        {
            let message = format!("no set `{DEFAULT_VARIANT}` holds for release {release}");
            let help = "it is taken when nobody names another";
            self.problem(Problem::at(raw.restarts.place, message).help(help));
        }
        if let Some(release) = releases::first(|release| default(release) && !usages(release)) {
            let message =
                format!("no `usages` hold for release {release}, which has a restart set");
            let holds = |set: &RestartSet| {
                releases::release_named(&release)
                    .is_ok_and(|release| set.releases.contains(&release))
            };
            let mut sets = raw.restarts.iter().zip(&procedure.restarts);
            let set = sets.find(|(_, set)| holds(set));
            let place = set.map_or(raw.purpose.place, |(raw, _)| raw.releases.place);
            self.problem(Problem::at(place, message));
        }
    }
}
