//! What a person wants to be planned, and which cuts are refused because another step's safety needs
//! what they cut away.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ClusterName, Desired, NodeName, Purpose};

use super::refusal::Refusal;

/// What to plan beside what the desired state says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--only`: nothing but this; an empty set does not restrict.
    pub only: Cut,
    /// `--except`: everything but this.
    pub except: Cut,
    /// The restart variant wanted for a purpose; `default` where none is named.
    pub variants: BTreeMap<Purpose, String>,
    /// Renews what is selected though nothing is due.
    pub force_renew: bool,
    /// `--waive`: phones that are absent and need not come back.
    pub waived: Waivers,
    /// `--tidy`: a last step lists what may be cleared away.
    pub tidy: bool,
    /// `--write-undescribed`: plans for Expressway peers whose own description lacks a call that is needed.
    pub write_undescribed: bool,
}

/// Phones that are not registered and that a person waives by name (invariant I4): they may be stranded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    /// Every phone that is absent when the plan is made.
    pub all: bool,
    /// These phones.
    pub phones: BTreeSet<String>,
    /// Why; a plan keeps it beside each name.
    pub why: String,
}

/// The longest name of a device.
const LONGEST_PHONE: usize = 128;

impl Waivers {
    /// Reads names of phones; the word `all` stands for every absent one.
    ///
    /// # Errors
    /// A refusal for each word that cannot be the name of a phone, and one if nobody says why.
    pub fn read(words: &[String], why: &str) -> Result<Self, Vec<Refusal>> {
        let mut waivers = Self {
            why: why.trim().to_owned(),
            ..Self::default()
        };
        let mut refusals = Vec::new();
        for word in words {
            if word == "all" {
                waivers.all = true;
            } else if is_phone(word) {
                waivers.phones.insert(word.clone());
            } else {
                let says = format!(
                    "`{word}` was expected to be the name of a phone: letters, digits, `.`, `-` and `_`"
                );
                let next = "Write names as the publisher lists them, such as SEP0011223344AA, or @FILE with one a line.";
                refusals.push(unplaced(says, next));
            }
        }
        if waivers.why.is_empty() && !words.is_empty() {
            let says = "phones were waived and nobody said why".to_owned();
            refusals.push(unplaced(says, "Give --why TEXT; the plan keeps it."));
        }
        if refusals.is_empty() {
            Ok(waivers)
        } else {
            Err(refusals)
        }
    }
}

fn is_phone(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !word.is_empty() && word.len() <= LONGEST_PHONE && word.chars().all(plain)
}

/// Clusters, nodes and purposes that `--only` or `--except` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Clusters.
    pub clusters: BTreeSet<ClusterName>,
    /// Nodes.
    pub nodes: BTreeSet<NodeName>,
    /// Purposes.
    pub purposes: BTreeSet<Purpose>,
}

impl Cut {
    /// Finds what each word names in the desired state: a cluster, a node (its full name or the part before
    /// the first dot) or a purpose. `cluster:`, `node:` or `purpose:` in front settles a word that is several.
    ///
    /// # Errors
    /// A refusal for each word that names nothing, or several things.
    pub fn read(words: &[String], desired: &Desired) -> Result<Self, Vec<Refusal>> {
        let mut cut = Self::default();
        let mut refusals = Vec::new();
        for word in words {
            if let Err(refusal) = cut.add(word, desired) {
                refusals.push(refusal);
            }
        }
        if refusals.is_empty() {
            Ok(cut)
        } else {
            Err(refusals)
        }
    }

    fn add(&mut self, word: &str, desired: &Desired) -> Result<(), Refusal> {
        let (kind, name) = match word.split_once(':') {
            Some((kind @ ("cluster" | "node" | "purpose"), name)) => (Some(kind), name),
            _ => (None, word),
        };
        let asked = |one: &str| kind.is_none_or(|kind| kind == one);
        let certificates = &desired.certificates;
        let cluster = certificates
            .iter()
            .map(|wanted| &wanted.cluster)
            .find(|known| asked("cluster") && known.as_str() == name);
        let nodes: BTreeSet<&NodeName> = certificates
            .iter()
            .flat_map(|wanted| &wanted.nodes)
            .filter(|known| asked("node") && (known.as_str() == name || known.short() == name))
            .collect();
        let purpose = certificates
            .iter()
            .map(|wanted| &wanted.purpose)
            .find(|known| asked("purpose") && known.as_str() == name);
        let found = usize::from(cluster.is_some()) + nodes.len() + usize::from(purpose.is_some());
        if found != 1 {
            return Err(not_one(name, found));
        }
        self.clusters.extend(cluster.cloned());
        self.nodes.extend(nodes.into_iter().cloned());
        self.purposes.extend(purpose.cloned());
        Ok(())
    }
}

fn not_one(name: &str, found: usize) -> Refusal {
    let (says, next) = if found == 0 {
        (
            format!(
                "`{name}` was expected to be a cluster, node or purpose of the desired state; it is none"
            ),
            "Correct the word; `reissue status` lists clusters, nodes and purposes.",
        )
    } else {
        (
            format!("`{name}` was expected to name one thing; it names {found}"),
            "Write cluster:NAME, node:FULL.NAME or purpose:NAME.",
        )
    };
    unplaced(says, next)
}

/// A refusal that concerns no cluster.
fn unplaced(says: String, next: &str) -> Refusal {
    Refusal {
        cluster: None,
        nodes: BTreeSet::new(),
        invariant: None,
        says,
        next: next.to_owned(),
    }
}

impl Options {
    /// Whether a cluster is to be planned at all.
    pub(super) fn takes_cluster(&self, cluster: &ClusterName) -> bool {
        taken(cluster, &self.only.clusters, &self.except.clusters)
    }

    /// Whether a purpose is to be planned.
    pub(super) fn takes_purpose(&self, purpose: &Purpose) -> bool {
        taken(purpose, &self.only.purposes, &self.except.purposes)
    }

    /// Whether a node is to be planned.
    pub(super) fn takes_node(&self, node: &NodeName) -> bool {
        taken(node, &self.only.nodes, &self.except.nodes)
    }

    /// The restart variant for a purpose.
    pub(super) fn variant(&self, purpose: &Purpose) -> &str {
        self.variants.get(purpose).map_or("default", String::as_str)
    }
}

fn taken<T: Ord>(name: &T, only: &BTreeSet<T>, except: &BTreeSet<T>) -> bool {
    (only.is_empty() || only.contains(name)) && !except.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waivers_name_phones_and_say_why() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let read = |names: &[&str], why| Waivers::read(&words(names), why);
        assert_eq!(read(&[], ""), Ok(Waivers::default()));
        let some = read(&["SEP0A", "all", "an-lobby.1"], " closed ").unwrap();
        let phones = words(&["SEP0A", "an-lobby.1"]).into_iter().collect();
        let why = "closed".to_owned();
        assert_eq!(
            some,
            Waivers {
                all: true,
                phones,
                why
            }
        );
        let long = "S".repeat(129);
        for wrong in ["", "SEP 0A", "SEP0A;SEP0B", "@list", &long] {
            let refusals = read(&["SEP0B", wrong], "closed").unwrap_err();
            assert_eq!(refusals.len(), 1, "{wrong}");
            assert!(refusals[0].says.contains(wrong), "{}", refusals[0]);
        }
        let refusals = read(&["SEP0A"], "  ").unwrap_err();
        assert!(refusals[0].next.contains("--why"), "{}", refusals[0]);
    }
}
