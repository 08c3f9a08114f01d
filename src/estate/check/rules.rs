//! The rules of `desired`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Check;
use crate::estate::raw::{RawRule, Word};
use crate::estate::{Cluster, IssuerSource, Rule};
use crate::model::{
    ClusterName, Distribution, IssuerName, KeyAlgorithm, KeySpec, Product, Purpose,
};
use crate::yaml::{Placed, Problem};

const KEYS: [&str; 6] = [
    "rsa-2048", "rsa-3072", "rsa-4096", "ec-256", "ec-384", "ec-521",
];

impl Check<'_> {
    pub(super) fn rules(
        &mut self,
        raw: &[Placed<RawRule>],
        clusters: &BTreeMap<ClusterName, Cluster>,
        issuers: &BTreeMap<IssuerName, IssuerSource>,
    ) -> Vec<Rule> {
        raw.iter()
            .filter_map(|rule| self.rule(rule, clusters, issuers))
            .collect()
    }

    fn rule(
        &mut self,
        raw: &Placed<RawRule>,
        clusters: &BTreeMap<ClusterName, Cluster>,
        issuers: &BTreeMap<IssuerName, IssuerSource>,
    ) -> Option<Rule> {
        let before = self.problems.len();
        let cluster_names = clusters.keys().map(ClusterName::as_str);
        let in_clusters = raw.covers.cluster.as_ref().map(|list| {
            self.words(list, "a cluster of this file", cluster_names)
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
        let purposes = self.words(&raw.covers.purpose, what, every_purpose.iter().copied());
        let issuer_names = issuers.keys().map(IssuerName::as_str);
        self.known(&raw.issuer, "an issuer of this file", issuer_names);
        let key = self.key(&raw.key);
        let distribution = self.distribution(&raw.distribution);
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
        if self.problems.len() > before {
            return None;
        }
        let (line, _) = self.document.line_and_column(raw.place);
        let rule = Rule {
            line,
            place: raw.place,
            clusters: in_clusters,
            products: in_products,
            purposes: purposes.into_iter().map(Purpose::new).collect(),
            issuer: IssuerName::new(raw.issuer.as_str()),
            distribution: distribution?,
            key: key?,
            also: also.into_iter().flatten().collect(),
            renew_before: renew_before?,
        };
        self.fits(raw, &rule, clusters);
        Some(rule)
    }

    /// Looks at the rule as a whole, and at the clusters that it covers.
    fn fits(&mut self, raw: &RawRule, rule: &Rule, clusters: &BTreeMap<ClusterName, Cluster>) {
        for purpose in &raw.covers.purpose.value {
            let name = Purpose::new(purpose.as_str());
            let kind = if name.is_ecdsa() {
                KeyAlgorithm::Ec
            } else {
                KeyAlgorithm::Rsa
            };
            if rule.key.algorithm != kind {
                let message = format!("{name} holds an {kind} key, not {}", rule.key);
                self.problem(
                    Problem::at(raw.key.place, message)
                        .also(purpose.place, "asked for here")
                        .help("purposes that end in -ECDSA take ec-256, ec-384 or ec-521, the others rsa"),
                );
            }
        }
        let covered: Vec<(&Cluster, usize)> = clusters
            .values()
            .flat_map(|cluster| rule.purposes.iter().map(move |purpose| (cluster, purpose)))
            .filter(|(cluster, purpose)| rule.covers(cluster, purpose))
            .map(|(cluster, purpose)| (cluster, cluster.holders(purpose).len()))
            .filter(|(_, holders)| *holders > 0)
            .collect();
        if covered.is_empty() {
            self.problem(
                Problem::at(raw.covers.purpose.place, "this rule covers no certificate")
                    .help("no cluster of this file is of these products and holds these purposes"),
            );
        }
        if rule.distribution != Distribution::MultiServer {
            return;
        }
        if let Some((cluster, _)) = covered.iter().find(|(_, holders)| *holders == 1) {
            let message = format!("`{}` has one node for this: nothing to share", cluster.name);
            self.problem(Problem::at(raw.distribution.place, message).help(
                "the platform makes multi-server requests for several nodes only; use this-server",
            ));
        }
        for name in &raw.names.also {
            if let Ok(address) = name.parse::<std::net::IpAddr>() {
                let message = format!("{address} cannot be in a multi-server certificate");
                self.problem(
                    Problem::at(name.place, message)
                        .also(raw.distribution.place, "multi-server")
                        .help("its further names are DNS names only"),
                );
            }
        }
    }

    fn words<'n>(
        &mut self,
        list: &Placed<Vec<Word>>,
        what: &str,
        names: impl Iterator<Item = &'n str> + Clone,
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
        let words = self.words(list, "a product", names.iter().map(String::as_str));
        let known = |product: &Product| words.contains(&product.to_string());
        Product::ALL.into_iter().filter(known).collect()
    }

    fn key(&mut self, word: &Word) -> Option<KeySpec> {
        self.known(word, "a key", KEYS.into_iter())
            .then(|| word.parse().ok())
            .flatten()
    }

    fn distribution(&mut self, word: &Word) -> Option<Distribution> {
        let known = [
            ("this-server", Distribution::ThisServer),
            ("multi-server", Distribution::MultiServer),
        ];
        let names = known.iter().map(|(name, _)| *name);
        if !self.known(word, "a distribution", names) {
            return None;
        }
        known
            .into_iter()
            .find(|(name, _)| *name == word.value)
            .map(|(_, found)| found)
    }
}

impl Rule {
    /// Whether the rule speaks of a purpose in a cluster.
    pub(in crate::estate) fn covers(&self, cluster: &Cluster, purpose: &Purpose) -> bool {
        let in_clusters = self.clusters.as_ref();
        let in_products = self.products.as_ref();
        self.purposes.contains(purpose)
            && in_clusters.is_none_or(|names| names.contains(&cluster.name))
            && in_products.is_none_or(|products| products.contains(&cluster.product))
    }
}
