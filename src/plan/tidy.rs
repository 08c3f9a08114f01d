//! `--tidy`: what may be cleared from trust stores, as the last thing that a person is asked. The tool deletes nothing
//! by itself, because a deletion cannot be undone.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::{Superfluous, superfluous};
use crate::model::{ClusterState, Fingerprint, NodeName, Store};

use super::Question;
use super::activate::listed;
use super::draft::{Draft, cited, step};
use super::facts::Site;
use super::step::{Action, ClusterPlan, Edge, Reversal, Stage, Step};

/// The documents behind the way by hand, by their tags in the playbooks. Source: cucm-certificate-rules §7.
const SOURCES: [&str; 3] = ["T214231", "SG14", "IMP125"];

/// What may be cleared away, if a person asked for that to be planned.
pub(super) fn leftovers(question: &Question<'_>, state: &ClusterState) -> Vec<Superfluous> {
    if question.options.tidy {
        superfluous(state, question.desired, question.now)
    } else {
        Vec::new()
    }
}

/// Adds the step behind everything else of a plan. It has no conditions: only a mark ends it.
pub(super) fn add(
    plan: &mut ClusterPlan,
    question: &Question<'_>,
    site: &Site<'_>,
    entries: &[Superfluous],
) {
    if entries.is_empty() {
        return;
    }
    let last = plan.steps.last().map(|step| step.id.clone());
    let mut draft = Draft::behind(site, std::mem::take(&mut plan.steps));
    let instruction = instruction(entries);
    let id = draft.add(Step {
        reversal: Reversal::Irreversible {
            recovery: "A deleted entry comes back by uploading the certificate again, if somebody kept it, or with the \
                       DRS backup that was taken first."
                .to_owned(),
        },
        because: entries.iter().map(|it| it.code.to_owned()).collect(),
        sources: sources(question),
        ..step(
            Stage::Tidy,
            Action::Person { instruction },
            "Nothing that the cluster stores or serves chains to these; what other systems present to it cannot be seen \
             from here. It can wait, and no certificate of this plan waits for it.",
        )
    });
    plan.steps = draft.steps;
    plan.edges.extend(last.map(|first| Edge {
        first,
        then: id,
        why: "what nothing needs is cleared away when everything else is proved".to_owned(),
    }));
    plan.edges.sort();
}

/// A certificate of a store: its name, its fingerprint, and why nothing needs it.
type Certificate<'a> = (&'a str, &'a Fingerprint, &'a str);

/// Every entry with the nodes that list it, store by store with the way by hand.
fn instruction(entries: &[Superfluous]) -> String {
    let mut stores: BTreeMap<&Store, BTreeMap<Certificate<'_>, BTreeSet<&NodeName>>> =
        BTreeMap::new();
    for entry in entries {
        let what = (entry.title.as_str(), &entry.fingerprint, entry.why.as_str());
        let nodes = stores.entry(&entry.store).or_default().entry(what);
        nodes.or_default().insert(&entry.node);
    }
    let mut lines = vec![
        "Delete by hand what nothing needs, or leave it: these entries harm nothing. Look first with `reissue assess` \
         whether they are still there, for a renewal replaces entries of the same name."
            .to_owned(),
    ];
    for (store, held) in stores {
        for ((title, fingerprint, why), nodes) in held {
            let nodes: Vec<NodeName> = nodes.into_iter().cloned().collect();
            lines.push(format!(
                "{store}: {title}, SHA-256 {}, on {}: {why}.",
                fingerprint.short(),
                listed(&nodes)
            ));
        }
        let way = entries.iter().find(|entry| entry.store == *store);
        lines.extend(way.map(Superfluous::manual_way));
    }
    lines.join("\n")
}

/// The documents with the words that the playbooks have for them.
fn sources(question: &Question<'_>) -> Vec<String> {
    let of = |tag: &&str| {
        let mut procedures = question.procedures.iter();
        let knows = procedures.find(|procedure| procedure.sources.contains_key(*tag))?;
        cited(knows, &[tag]).pop()
    };
    SOURCES.iter().filter_map(of).collect()
}
