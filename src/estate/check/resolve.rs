//! Which rule speaks for which certificate.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Rule;
use super::{Check, signed};
use crate::estate::Cluster;
use crate::model::{ClusterName, DesiredCertificate, Distribution, Purpose};
use crate::yaml::{Place, Problem};

impl Check<'_> {
    /// What every certificate should be that a rule covers. Of the rules that cover one, that which names
    /// the cluster wins over that which names the product, and that over the rest.
    pub(super) fn resolve(
        &mut self,
        rules: &[Rule],
        clusters: &BTreeMap<ClusterName, Cluster>,
    ) -> Vec<DesiredCertificate> {
        for rule in rules {
            self.covers_something(rule, clusters);
        }
        let mut certificates = Vec::new();
        let mut told: BTreeSet<(Place, Place)> = BTreeSet::new();
        for cluster in clusters.values() {
            for purpose in cluster.product.purposes().map(Purpose::new) {
                let nodes = cluster.holders(&purpose);
                let mut matching: Vec<&Rule> = rules
                    .iter()
                    .filter(|rule| rule.covers(cluster, &purpose))
                    .collect();
                // Stable: of equals, the first in the file stays first.
                matching.sort_by_key(|rule| std::cmp::Reverse(rule.reach()));
                let Some((winner, others)) = matching.split_first() else {
                    continue;
                };
                if nodes.is_empty() {
                    continue;
                }
                for equal in others
                    .iter()
                    .filter(|other| other.reach() == winner.reach())
                {
                    if told.insert((winner.place, equal.place)) {
                        self.problem(tie(winner, equal, cluster, &purpose));
                    }
                }
                certificates.push(DesiredCertificate {
                    cluster: cluster.name.clone(),
                    purpose,
                    nodes,
                    issuer: winner.issuer.clone(),
                    distribution: winner.distribution,
                    key: winner.key,
                    also: winner.also.clone(),
                    renew_before: signed(winner.renew_before),
                    rule: explain(winner, others),
                });
            }
        }
        certificates
    }

    fn covers_something(&mut self, rule: &Rule, clusters: &BTreeMap<ClusterName, Cluster>) {
        let mut covered = 0;
        for cluster in clusters.values() {
            for purpose in rule
                .purposes
                .iter()
                .filter(|purpose| rule.covers(cluster, purpose))
            {
                let holders = cluster.holders(purpose).len();
                covered += holders;
                if holders == 1 && rule.distribution == Distribution::MultiServer {
                    let message = format!(
                        "`{}` has one node for {purpose}: nothing to share",
                        cluster.name
                    );
                    self.problem(Problem::at(rule.distribution_place, message).help(
                        "a multi-server request needs several nodes; use this-server for this cluster",
                    ));
                }
            }
        }
        if covered == 0 {
            self.problem(
                Problem::at(rule.purpose_place, "this rule covers no certificate")
                    .help("no cluster of this file is of these products and holds these purposes"),
            );
        }
    }
}

/// How closely a rule names what it covers. The larger wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Everything,
    Product,
    Cluster,
}

impl Rule {
    fn covers(&self, cluster: &Cluster, purpose: &Purpose) -> bool {
        let (names, products) = (self.clusters.as_ref(), self.products.as_ref());
        self.purposes.contains(purpose)
            && names.is_none_or(|names| names.contains(&cluster.name))
            && products.is_none_or(|products| products.contains(&cluster.product))
    }

    fn reach(&self) -> Reach {
        match (&self.clusters, &self.products) {
            (Some(_), _) => Reach::Cluster,
            (None, Some(_)) => Reach::Product,
            (None, None) => Reach::Everything,
        }
    }

    fn title(&self) -> String {
        let names = match self.reach() {
            Reach::Cluster => "names the cluster",
            Reach::Product => "names the product",
            Reach::Everything => "names neither cluster nor product",
        };
        format!("line {} ({names})", self.line)
    }
}

fn explain(winner: &Rule, others: &[&Rule]) -> String {
    let others: Vec<String> = others.iter().map(|rule| rule.title()).collect();
    if others.is_empty() {
        format!("{}, the only rule that covers it", winner.title())
    } else {
        format!("{} wins over {}", winner.title(), others.join(" and "))
    }
}

fn tie(winner: &Rule, equal: &Rule, cluster: &Cluster, purpose: &Purpose) -> Problem {
    let message = format!(
        "the rules of lines {} and {} both cover {purpose} of `{}`, and neither is more specific",
        winner.line, equal.line, cluster.name
    );
    Problem::at(equal.place, message)
        .also(winner.place, "the other rule")
        .help("a rule that names the cluster wins over one that names the product, and that over one that names neither")
}
