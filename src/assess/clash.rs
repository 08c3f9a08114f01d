//! Authorities of the estate that meet another certificate of their name in a trust store.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Certificate, ClusterState, Finding, Fingerprint, NodeName, Observed, Severity, Store,
};
use crate::pki::{TrustPrediction, predict_trust_upload};

use super::Context;
use super::chains::above;

/// A trust store keeps one certificate for each common name. A renewed authority that does not begin later is
/// silently not stored; one with another key breaks what the old key signed. Told before anything is due, because
/// `plan` refuses both. Source: cucm-upload-errors §3.
pub(super) fn of_authorities(context: &Context<'_>) -> Vec<Finding> {
    let mut clashes: BTreeMap<(Store, &str, String), BTreeSet<&NodeName>> = BTreeMap::new();
    for wanted in context.wanted() {
        let Some(issuer) = context.desired.issuers.get(&wanted.issuer) else {
            continue;
        };
        for node in &wanted.nodes {
            let Some(procedure) = context.procedure(node, &wanted.purpose) else {
                continue;
            };
            for rule in &procedure.stores {
                let stored = stored(context.state, node, &rule.store);
                for authority in &issuer.chain {
                    let incoming = &authority.certificate;
                    if let Some(found) = clash(context, &stored, incoming) {
                        let key = (rule.store.clone(), incoming.title(), found);
                        clashes.entry(key).or_default().insert(node);
                    }
                }
            }
        }
    }
    clashes
        .into_iter()
        .map(|((store, title, found), nodes)| {
            let nodes: Vec<&str> = nodes.into_iter().map(NodeName::as_str).collect();
            context.finding(
                Severity::Critical,
                "authority-name-clash",
                None,
                format!("{store} takes the issuer's {title} without harm"),
                format!("{found}; on {}", nodes.join(", ")),
            )
        })
        .collect()
}

/// The entries of a store that can be read; `plan` refuses where one cannot.
fn stored<'a>(state: &'a ClusterState, node: &NodeName, store: &Store) -> Vec<&'a Certificate> {
    let entries = state.nodes.get(node).and_then(|it| it.trust.get(store));
    entries
        .and_then(Observed::present)
        .into_iter()
        .flatten()
        .filter_map(|entry| state.certificates.get(&entry.sha256))
        .collect()
}

fn clash(context: &Context<'_>, stored: &[&Certificate], incoming: &Certificate) -> Option<String> {
    match predict_trust_upload(stored, incoming, context.now) {
        TrustPrediction::Identical | TrustPrediction::Stored => None,
        TrustPrediction::Refused => Some(format!(
            "it expired {}: the store refuses it",
            incoming.not_after
        )),
        TrustPrediction::SilentlyKept { kept, because } => Some(format!(
            "{} would silently be kept: {because}",
            kept.short()
        )),
        TrustPrediction::Replaces(old) => {
            let broken: BTreeSet<String> = old
                .iter()
                .filter_map(|old| context.state.certificates.get(old))
                .filter(|old| old.key.sha256 != incoming.key.sha256)
                .flat_map(|old| resting_on(context.state, &old.sha256))
                .collect();
            if broken.is_empty() {
                return None;
            }
            let broken: Vec<String> = broken.into_iter().collect();
            Some(format!(
                "it replaces an authority of the same name with another key, on which these rest: {}",
                broken.join(", ")
            ))
        }
    }
}

/// Identities, ports and trust entries that chain to an authority.
fn resting_on(state: &ClusterState, authority: &Fingerprint) -> Vec<String> {
    let rests =
        |leaf: &Fingerprint| leaf != authority && above(state, [leaf].into()).contains(authority);
    let mut found = Vec::new();
    for (name, node) in &state.nodes {
        for (purpose, identity) in &node.identities {
            if identity.present().is_some_and(rests) {
                found.push(format!("{name} {purpose}"));
            }
        }
        for (listener, served) in &node.served {
            if served.present().is_some_and(|chain| rests(&chain.leaf)) {
                found.push(format!("{name} port {listener}"));
            }
        }
        for (store, entries) in &node.trust {
            let resting = entries.present().into_iter().flatten();
            found.extend(
                resting
                    .filter(|entry| rests(&entry.sha256))
                    .filter_map(|entry| state.certificates.get(&entry.sha256))
                    .map(|it| format!("{} in {store}", it.title())),
            );
        }
    }
    found
}
