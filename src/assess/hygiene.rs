//! Trust entries that are no longer needed. Nothing here is ever deleted by a plan: deletion cannot be undone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    Certificate, ClusterState, Desired, Finding, Fingerprint, NodeName, Observed, Severity, Store,
};

use super::Context;
use super::chains::above;

/// The finding of an entry that has expired.
const EXPIRED: &str = "trust-expired";

/// The finding of an entry in place of which a newer one is used.
const SUPERSEDED: &str = "trust-superseded";

/// An entry of a trust store that a person may delete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Superfluous {
    /// The node that lists it.
    pub node: NodeName,
    /// The store.
    pub store: Store,
    /// The certificate.
    pub fingerprint: Fingerprint,
    /// Its common name.
    pub title: String,
    /// Why nothing needs it.
    pub why: String,
    /// The code of the finding that says so.
    pub code: &'static str,
}

impl Superfluous {
    /// How a person deletes entries of this store, and what has to restart afterwards. Source: rules §7.
    pub fn manual_way(&self) -> String {
        let store = &self.store;
        let (spreads, after) = match store.as_str() {
            "tomcat-trust" => (
                true,
                "restart Cisco Tomcat in the shell, one node at a time",
            ),
            "CAPF-trust" => (
                true,
                "restart Cisco Certificate Authority Proxy Function on the publisher; phones need no reset",
            ),
            "CallManager-trust" => (
                true,
                "expect services to restart and phones to reset: do it in a window",
            ),
            "ipsec-trust" => (
                false,
                "restart Cisco DRF Master on the publisher and Cisco DRF Local on every node, with no backup running",
            ),
            _ => (false, "restart the services that use the store"),
        };
        let reach = if spreads {
            "on the publisher; it is deleted on every node"
        } else {
            "on each node that lists it"
        };
        format!(
            "Take a DRS backup. Delete it from {store} in OS Administration {reach}, list the store on every node again and \
             delete what is left, then {after}. Up to 11.5, stop Cisco Certificate Change Notification on every node first; \
             from 12.0 on that is not needed. On IM and Presence nodes wait 30 minutes after a replacement before deleting. \
             A deletion cannot be undone."
        )
    }
}

/// What is said of an entry that has expired or was superseded.
enum Verdict {
    /// Nothing needs it.
    Superfluous(String),
    /// It stays.
    Keep(String),
}

/// One entry with its verdict.
struct Judged<'a> {
    node: &'a NodeName,
    store: &'a Store,
    certificate: &'a Certificate,
    expired: bool,
    verdict: Verdict,
}

/// Trust entries of a cluster that have expired, or that a newer certificate of the same name or key supersedes, and to
/// which nothing chains that the cluster stores or serves or that the estate's issuers need. What other systems present
/// to the cluster cannot be seen from here. Where inventories or ports are unknown, nothing is superfluous.
pub fn superfluous(state: &ClusterState, desired: &Desired, now: Timestamp) -> Vec<Superfluous> {
    judged(state, desired, now)
        .into_iter()
        .filter_map(|it| match it.verdict {
            Verdict::Superfluous(why) => Some(Superfluous {
                node: it.node.clone(),
                store: it.store.clone(),
                fingerprint: it.certificate.sha256.clone(),
                title: it.certificate.title().to_owned(),
                why,
                code: if it.expired { EXPIRED } else { SUPERSEDED },
            }),
            Verdict::Keep(_) => None,
        })
        .collect()
}

/// Findings: one for each certificate and store, with the nodes that list it.
pub(super) fn entries(context: &Context<'_>) -> Vec<Finding> {
    let mut lines: BTreeMap<(&Store, &Fingerprint, String), Line<'_>> = BTreeMap::new();
    for it in judged(context.state, context.desired, context.now) {
        let (says, may_go) = match it.verdict {
            Verdict::Superfluous(why) => (format!("{why}: it can be deleted by hand"), true),
            Verdict::Keep(why) => (format!("keep it: {why}"), false),
        };
        let code = match (it.expired, may_go) {
            (true, _) => EXPIRED,
            (false, true) => SUPERSEDED,
            (false, false) => continue,
        };
        let line = lines
            .entry((it.store, &it.certificate.sha256, says))
            .or_insert_with(|| Line {
                code,
                certificate: it.certificate,
                nodes: Vec::new(),
            });
        line.nodes.push(it.node.as_str());
    }
    lines
        .into_iter()
        .map(|((store, fingerprint, says), line)| {
            let found = format!(
                "{} {} until {} on {}; {says}",
                line.certificate.title(),
                fingerprint.short(),
                line.certificate.not_after,
                line.nodes.join(", ")
            );
            let expected = format!("{store} holds what is in use");
            context.finding(Severity::Notice, line.code, None, expected, found)
        })
        .collect()
}

/// One finding in the making.
struct Line<'a> {
    code: &'static str,
    certificate: &'a Certificate,
    nodes: Vec<&'a str>,
}

fn judged<'a>(state: &'a ClusterState, desired: &Desired, now: Timestamp) -> Vec<Judged<'a>> {
    let used = Used::of(state, desired);
    let mut found = Vec::new();
    for (node, seen) in &state.nodes {
        for (store, entries) in &seen.trust {
            let held: Vec<&Certificate> = entries
                .present()
                .into_iter()
                .flatten()
                .filter_map(|entry| state.certificates.get(&entry.sha256))
                .collect();
            for certificate in &held {
                let expired = certificate.not_after < now;
                let newer = newer(certificate, &held, &used, now);
                if !expired && newer.is_none() {
                    continue;
                }
                found.push(Judged {
                    node,
                    store,
                    certificate,
                    expired,
                    verdict: used.verdict(store, certificate, newer, now),
                });
            }
        }
    }
    found
}

/// What supersedes a certificate: a valid one of the same common name or key that begins later, in the same store or
/// stored as an identity of the cluster.
fn newer<'a>(
    old: &Certificate,
    held: &[&'a Certificate],
    used: &Used<'a>,
    now: Timestamp,
) -> Option<&'a Certificate> {
    held.iter()
        .chain(&used.identities)
        .copied()
        .find(|candidate| {
            (candidate.title() == old.title() || candidate.key.sha256 == old.key.sha256)
                && candidate.sha256 != old.sha256
                && candidate.not_before > old.not_before
                && candidate.valid_at(now)
        })
}

/// What a cluster uses, and what is not known of that.
struct Used<'a> {
    identities: Vec<&'a Certificate>,
    /// Everything that stored or served certificates, or the desired issuers, chain to, themselves included.
    needed: BTreeSet<&'a Fingerprint>,
    /// What authorities of phones' own certificates chain to, if phones may hold such certificates.
    for_phones: BTreeSet<&'a Fingerprint>,
    /// Why nobody can say what is stored or served.
    gap: Option<String>,
}

impl<'a> Used<'a> {
    fn of(state: &'a ClusterState, desired: &Desired) -> Self {
        let mut roots: BTreeSet<&Fingerprint> = BTreeSet::new();
        let mut identities = Vec::new();
        let mut gap = None;
        for (name, node) in &state.nodes {
            if let Some(why) = node.inventory.unknown() {
                gap = Some(format!("what {name} stores is unknown: {why}"));
            }
            for (purpose, identity) in &node.identities {
                roots.extend(identity.present());
                let held = identity.present().and_then(|it| state.certificates.get(it));
                identities.extend(held);
                if let Some(why) = identity.unknown() {
                    gap = Some(format!(
                        "what {name} stores for {purpose} is unknown: {why}"
                    ));
                }
            }
            for (listener, served) in &node.served {
                match served {
                    Observed::Present(chain) => {
                        roots.insert(&chain.leaf);
                        roots.extend(&chain.rest);
                    }
                    Observed::Absent => {}
                    Observed::Unknown(why) => {
                        gap = Some(format!(
                            "what {name} serves on {listener} is unknown: {why}"
                        ));
                    }
                }
            }
        }
        let wanted = desired.issuers.values().flat_map(|issuer| &issuer.chain);
        let wanted: BTreeSet<&Fingerprint> = wanted.map(|it| &it.certificate.sha256).collect();
        roots.extend(state.certificates.keys().filter(|it| wanted.contains(it)));
        let signers: BTreeSet<&Fingerprint> = if phones_hold_none(state) {
            BTreeSet::new()
        } else {
            phone_authorities(state)
        };
        Self {
            identities,
            needed: above(state, roots),
            for_phones: above(state, signers),
            gap,
        }
    }

    fn verdict(
        &self,
        store: &Store,
        certificate: &Certificate,
        newer: Option<&Certificate>,
        now: Timestamp,
    ) -> Verdict {
        let fingerprint = &certificate.sha256;
        let title = certificate.title();
        // A newer certificate of the same subject and key stands in for the old one in every chain.
        let replaced = newer.is_some_and(|newer| {
            newer.key.sha256 == certificate.key.sha256 && newer.subject == certificate.subject
        });
        if self.for_phones.contains(fingerprint) {
            return Verdict::Keep(
                "phones hold certificates that rest on it, or that is not known".to_owned(),
            );
        }
        if store.as_str().to_ascii_lowercase().starts_with("phone-") {
            return Verdict::Keep(
                "what phones were given from this store cannot be seen".to_owned(),
            );
        }
        if certificate.authority && is_of_the_maker(title) {
            return Verdict::Keep("phones may have built-in certificates of this maker".to_owned());
        }
        if self.needed.contains(fingerprint) && !replaced {
            return Verdict::Keep(
                "something that the cluster stores, serves or is to get chains to it".to_owned(),
            );
        }
        if let Some(gap) = &self.gap {
            return Verdict::Keep(gap.clone());
        }
        Verdict::Superfluous(if certificate.not_after < now {
            format!(
                "expired {}, and nothing stored or served chains to it",
                certificate.not_after
            )
        } else {
            let by = newer.map_or("a newer one", |newer| newer.sha256.short());
            format!("superseded by {by}, and nothing stored or served chains to it")
        })
    }
}

/// Whether it is known of every phone that it has no certificate of its own (claim: PHONE-LSC-CAPF).
fn phones_hold_none(state: &ClusterState) -> bool {
    match &state.phones {
        Observed::Absent => true,
        Observed::Unknown(_) => false,
        Observed::Present(census) => census
            .configured
            .present()
            .is_some_and(|phones| phones.values().all(|phone| phone.lsc == Some(false))),
    }
}

/// Present and former CAPF certificates: by their usual name, and everything in CAPF-trust.
fn phone_authorities(state: &ClusterState) -> BTreeSet<&Fingerprint> {
    let capf = Store::from("CAPF-trust");
    let named = state
        .certificates
        .values()
        .filter(|certificate| certificate.title().starts_with("CAPF-"));
    let stored = state
        .nodes
        .values()
        .filter_map(|node| node.trust.get(&capf)?.present())
        .flatten();
    named
        .map(|certificate| &certificate.sha256)
        .chain(stored.map(|entry| &entry.sha256))
        .collect()
}

/// Authorities that sign the certificates that phones are made with. Their names are field knowledge; a name that is
/// wrongly taken for one is only kept.
fn is_of_the_maker(title: &str) -> bool {
    let title = title.replace('_', " ");
    ["Cisco ", "CAP-RTP-", "ACT2 "]
        .iter()
        .any(|start| title.starts_with(start))
}
