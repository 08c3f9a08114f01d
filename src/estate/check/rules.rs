//! The rules of `desired`, each by itself.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use super::Check;
use crate::estate::raw::{RawEstate, RawRule, Word};
use crate::model::{
    ClusterName, Distribution, IssuerName, KeyAlgorithm, KeySpec, Product, Purpose, SubjectName,
};
use crate::yaml::{Place, Placed, Problem};

const DISTRIBUTIONS: [(&str, Distribution); 2] = [
    ("this-server", Distribution::ThisServer),
    ("multi-server", Distribution::MultiServer),
];

/// One rule of `desired`, looked up.
pub(super) struct Rule {
    /// Where it begins.
    pub(super) place: Place,
    pub(super) purpose_place: Place,
    pub(super) distribution_place: Place,
    /// Its line, from 1.
    pub(super) line: usize,
    pub(super) clusters: Option<BTreeSet<ClusterName>>,
    pub(super) products: Option<BTreeSet<Product>>,
    pub(super) purposes: BTreeSet<Purpose>,
    pub(super) issuer: IssuerName,
    pub(super) distribution: Distribution,
    pub(super) key: KeySpec,
    pub(super) also: BTreeSet<SubjectName>,
    pub(super) renew_before: Duration,
}

const KEYS: [&str; 6] = [
    "rsa-2048", "rsa-3072", "rsa-4096", "ec-256", "ec-384", "ec-521",
];

impl Check<'_> {
    pub(super) fn rules(&mut self, raw: &RawEstate) -> Vec<Rule> {
        raw.desired
            .iter()
            .filter_map(|rule| self.rule(rule, raw))
            .collect()
    }

    fn rule(&mut self, raw: &Placed<RawRule>, estate: &RawEstate) -> Option<Rule> {
        let before = self.problems.len();
        let cluster_names = estate.clusters.iter().map(|cluster| cluster.name.as_str());
        let in_clusters = raw.covers.cluster.as_ref().map(|list| {
            self.words(list, "a cluster of this file", &cluster_names)
                .into_iter()
                .map(ClusterName::new)
                .collect::<BTreeSet<_>>()
        });
        let in_products = raw.covers.product.as_ref().map(|list| self.products(list));
        let every_purpose: Vec<&str> = Product::ALL
            .into_iter()
            .flat_map(Product::purposes)
            .collect();
        let what = "a purpose that an authority signs";
        let purposes = self.words(&raw.covers.purpose, what, &every_purpose.iter().copied());
        let issuer_names = estate.issuers.keys().map(|name| name.as_str());
        self.known(&raw.issuer, "an issuer of this file", issuer_names);
        let key = self.key(&raw.key);
        let distribution = self.chosen(&raw.distribution, "a distribution", &DISTRIBUTIONS);
        let also: Vec<_> = raw
            .names
            .also
            .iter()
            .map(|name| self.subject_name(name))
            .collect();
        let renew_before = match &raw.renew_before {
            Some(text) => self.duration(text),
            None => Some(Duration::from_hours(30 * 24)),
        };
        if let (Some(key), Some(distribution)) = (key, distribution) {
            self.agrees(raw, key, distribution);
        }
        if self.problems.len() > before {
            return None;
        }
        let (line, _) = self.document.line_and_column(raw.place);
        Some(Rule {
            place: raw.place,
            purpose_place: raw.covers.purpose.place,
            distribution_place: raw.distribution.place,
            line,
            clusters: in_clusters,
            products: in_products,
            purposes: purposes.into_iter().map(Purpose::new).collect(),
            issuer: IssuerName::new(raw.issuer.as_str()),
            distribution: distribution?,
            key: key?,
            also: also.into_iter().flatten().collect(),
            renew_before: renew_before?,
        })
    }

    /// The parts of a rule must go together.
    fn agrees(&mut self, raw: &RawRule, key: KeySpec, distribution: Distribution) {
        for purpose in &raw.covers.purpose.value {
            let name = Purpose::new(purpose.as_str());
            let kind = if name.is_ecdsa() {
                KeyAlgorithm::Ec
            } else {
                KeyAlgorithm::Rsa
            };
            if key.algorithm != kind {
                let message = format!("{name} holds an {kind} key, not {key}");
                self.problem(
                    Problem::at(raw.key.place, message)
                        .also(purpose.place, "asked for here")
                        .help("purposes that end in -ECDSA take ec-256, ec-384 or ec-521, the others rsa"),
                );
            }
        }
        for purpose in &raw.covers.purpose.value {
            if distribution == Distribution::MultiServer && purpose.as_str() == "server" {
                let message = "each Expressway peer has a key and a certificate of its own";
                self.problem(
                    Problem::at(raw.distribution.place, message)
                        .also(purpose.place, "asked for here")
                        .help("use this-server"),
                );
            }
        }
        let addresses = raw
            .names
            .also
            .iter()
            .filter(|name| name.parse::<IpAddr>().is_ok());
        for name in addresses.filter(|_| distribution == Distribution::MultiServer) {
            let message = format!("{} cannot be in a multi-server certificate", name.value);
            self.problem(
                Problem::at(name.place, message)
                    .also(raw.distribution.place, "multi-server")
                    .help("its further names are DNS names only"),
            );
        }
    }

    fn words<'n>(
        &mut self,
        list: &Placed<Vec<Word>>,
        what: &str,
        names: &(impl Iterator<Item = &'n str> + Clone),
    ) -> Vec<String> {
        if list.is_empty() {
            self.problem(Problem::at(
                list.place,
                "the list is empty, so the rule covers nothing",
            ));
        }
        let mut words = Vec::new();
        for word in &list.value {
            if self.known(word, what, names.clone()) {
                words.push(word.value.clone());
            }
        }
        words
    }

    fn products(&mut self, list: &Placed<Vec<Word>>) -> BTreeSet<Product> {
        let names = Product::ALL.map(|product| product.to_string());
        let words = self.words(list, "a product", &names.iter().map(String::as_str));
        let known = |product: &Product| words.contains(&product.to_string());
        Product::ALL.into_iter().filter(known).collect()
    }

    fn key(&mut self, word: &Word) -> Option<KeySpec> {
        self.known(word, "a key", KEYS.into_iter())
            .then(|| word.parse().ok())
            .flatten()
    }
}
