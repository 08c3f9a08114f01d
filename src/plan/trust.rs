//! Which authorities go into which trust stores, and what a store will do with them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{
    Appliance, Authority, Certificate, ClusterName, ClusterState, DesiredCertificate, Fingerprint,
    Issuer, NodeName, Observed, Procedure, Store, StoreRule, TrustEntry,
};

use super::facts::{Refusals, Site, unknown};
use super::refusal::Refusal;

/// One upload of one authority to one store of one node.
pub(super) struct Upload<'a> {
    pub(super) node: NodeName,
    /// The nodes whose store must hold it afterwards.
    pub(super) reaches: Vec<NodeName>,
    pub(super) rule: &'a StoreRule,
    /// The procedure that asks for it.
    pub(super) procedure: &'a Procedure,
    pub(super) authority: &'a Authority,
    /// The place in the chain; 0 is the root.
    pub(super) place: usize,
    /// What it will replace: certificates with the same common name.
    pub(super) replaces: BTreeSet<String>,
}

/// What a store does with a certificate. It keeps one for each common name, the one that begins later
/// (claims CUCM-TRUST-SAME-CN, CUCM-TRUST-OLDER-KEPT, CUCM-TRUST-EQUAL-START).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forecast<'a> {
    /// It is there already.
    AlreadyThere,
    /// It will be stored beside the others.
    Stored,
    /// It will be stored and these vanish.
    Replaces(Vec<&'a Certificate>),
    /// It will not be stored, and the answer need not say so: this one stays.
    KeepsOld(&'a Certificate),
    /// An entry of the store could not be read, so that nothing can be said.
    Unpredictable(&'a Fingerprint),
}

/// Predicts what a store with these entries does with a certificate.
pub fn forecast<'a>(
    incoming: &Certificate,
    entries: &'a [TrustEntry],
    known: &'a BTreeMap<Fingerprint, Certificate>,
) -> Forecast<'a> {
    if entries.iter().any(|entry| entry.sha256 == incoming.sha256) {
        return Forecast::AlreadyThere;
    }
    let mut replaced = Vec::new();
    for entry in entries {
        let Some(stored) = known.get(&entry.sha256) else {
            return Forecast::Unpredictable(&entry.sha256);
        };
        if !stored.title().eq_ignore_ascii_case(incoming.title()) {
            continue;
        }
        if stored.not_before >= incoming.not_before {
            return Forecast::KeepsOld(stored);
        }
        replaced.push(stored);
    }
    if replaced.is_empty() {
        Forecast::Stored
    } else {
        Forecast::Replaces(replaced)
    }
}

/// What is wrong with an issuer's chain, before anything is uploaded.
pub(super) fn chain_refusals(
    cluster: &ClusterName,
    now: Timestamp,
    wanted: &DesiredCertificate,
    issuer: &Issuer,
) -> Refusals {
    let next = "Correct the issuer's chain file in the estate.";
    let refuse = |says: String| Refusal::of(cluster, says, next).breaking("I5");
    let mut refusals = Vec::new();
    if issuer.chain.is_empty() {
        refusals.push(refuse(format!(
            "expected a chain for issuer {}; found none",
            wanted.issuer
        )));
    }
    let mut above: Option<&Certificate> = None;
    let mut titles = BTreeSet::new();
    for authority in &issuer.chain {
        let certificate = &authority.certificate;
        let title = certificate.title();
        let linked = match above {
            None => certificate.is_self_signed(),
            Some(above) => certificate.signed_by.contains(&above.sha256),
        };
        if !linked {
            let by = above.map_or("itself, as a root is", Certificate::title);
            refusals.push(refuse(format!(
                "expected {title} of issuer {} to be signed by {by}; it is not",
                wanted.issuer
            )));
        }
        if !certificate.authority {
            refusals.push(refuse(format!(
                "expected {title} to be an authority; its basic constraints deny it"
            )));
        }
        if let Some(says) = too_short(certificate, wanted, now) {
            refusals.push(refuse(says));
        }
        if !titles.insert(title.to_ascii_lowercase()) {
            let says = format!(
                "expected one certificate for each common name in the chain; {title} is twice there"
            );
            refusals.push(Refusal::of(cluster, says, next).breaking("I19"));
        }
        above = Some(certificate);
    }
    refusals
}

fn too_short(
    certificate: &Certificate,
    wanted: &DesiredCertificate,
    now: Timestamp,
) -> Option<String> {
    let title = certificate.title();
    if !certificate.valid_at(now) {
        return Some(format!(
            "expected {title} to be valid now; it is valid from {} until {}",
            certificate.not_before, certificate.not_after
        ));
    }
    (certificate.not_after.duration_since(now) < wanted.renew_before).then(|| {
        format!(
            "expected {title} to outlive what it signs; it ends {}, and a certificate that ends with it would \
             be due again at once",
            certificate.not_after
        )
    })
}

/// Every upload that the chain of a due purpose still needs, root first. A replicated store is filled on the first of
/// its nodes and must show the certificate on all of them; where the first has it and others lack it, they get it
/// directly.
///
/// # Errors
/// A refusal where a store is unknown, or would not do what the plan needs (invariant I22).
pub(super) fn uploads<'a>(
    site: &Site<'a>,
    procedures: &[&'a Procedure],
    issuer: &'a Issuer,
) -> Result<Vec<Upload<'a>>, Refusals> {
    let mut uploads = Vec::new();
    let mut refusals = Vec::new();
    let mut seen: BTreeSet<(&Store, NodeName)> = BTreeSet::new();
    let rules = procedures
        .iter()
        .flat_map(|procedure| procedure.stores.iter().map(move |rule| (*procedure, rule)));
    for (procedure, rule) in rules {
        let mut needing = site.selected(rule.nodes);
        needing.retain(|node| seen.insert((&rule.store, node.clone())));
        for circle in circles(site, rule, needing) {
            for (place, authority) in issuer.chain.iter().enumerate() {
                let needs = (procedure, rule, authority, place);
                match fill(site, &circle, needs) {
                    Ok(found) => uploads.extend(found),
                    Err(found) => refusals.extend(found),
                }
            }
        }
    }
    if refusals.is_empty() {
        Ok(uploads)
    } else {
        Err(refusals)
    }
}

/// The nodes among which a store spreads by itself. From release 14 on tomcat-trust is one for the CUCM and the presence
/// nodes of a cluster; what it does before that is not known, so that each part is filled for itself.
// claim: IMP-TOMCAT-TRUST-SHARED (documented)
fn circles(site: &Site<'_>, rule: &StoreRule, nodes: Vec<NodeName>) -> Vec<Vec<NodeName>> {
    if !rule.replicated || site.release.has_certificate_interface() {
        return vec![nodes];
    }
    let (mut presence, others): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .partition(|node| site.state.appliance(node) == Some(Appliance::ImPresence));
    let first = site.state.presence_publisher.present();
    presence.sort_by_key(|node| Some(node) != first);
    vec![others, presence]
}

/// The uploads of one authority that the nodes of one circle need.
fn fill<'a>(
    site: &Site<'_>,
    circle: &[NodeName],
    (procedure, rule, authority, place): (&'a Procedure, &'a StoreRule, &'a Authority, usize),
) -> Result<Vec<Upload<'a>>, Refusals> {
    let mut lacking = Vec::new();
    let mut replaces = BTreeSet::new();
    let mut refusals = Vec::new();
    for node in circle {
        match judge(site, node, rule, authority) {
            Ok(None) => {}
            Ok(Some(vanishing)) => {
                lacking.push(node.clone());
                replaces.extend(vanishing);
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let spread = rule.replicated && circle.first() == lacking.first();
    let targets = if spread {
        lacking.len().min(1)
    } else {
        lacking.len()
    };
    let upload = |node: NodeName| Upload {
        reaches: if spread {
            circle.to_vec()
        } else {
            vec![node.clone()]
        },
        node,
        rule,
        procedure,
        authority,
        place,
        replaces: replaces.clone(),
    };
    Ok(lacking.into_iter().take(targets).map(upload).collect())
}

/// `None` if the node has it; otherwise the certificates that vanish when it is stored.
fn judge(
    site: &Site<'_>,
    node: &NodeName,
    rule: &StoreRule,
    authority: &Authority,
) -> Result<Option<Vec<String>>, Refusal> {
    let incoming = &authority.certificate;
    let title = incoming.title();
    let store = &rule.store;
    let entries: &[TrustEntry] = match site
        .state
        .nodes
        .get(node)
        .and_then(|node| node.trust.get(store))
    {
        Some(Observed::Present(entries)) => entries,
        Some(Observed::Unknown(why)) => {
            return Err(unknown(site.cluster, &format!("what {store} holds"), why).at([node]));
        }
        Some(Observed::Absent) | None => &[],
    };
    match forecast(incoming, entries, &site.state.certificates) {
        Forecast::AlreadyThere => Ok(None),
        Forecast::Stored => Ok(Some(Vec::new())),
        Forecast::Unpredictable(entry) => Err(unknown(
            site.cluster,
            &format!("the entry {} of {store}", entry.short()),
            "the certificate could not be read, so that nobody can say what an upload would replace",
        )
        .breaking("I22")
        .at([node])),
        Forecast::KeepsOld(old) => Err(site
            .refuse(
                format!(
                    "expected {store} to take {title} (from {}); it would silently keep {} of the same name (from {})",
                    incoming.not_before,
                    old.sha256.short(),
                    old.not_before
                ),
                "If nothing chains to the stored one, delete it in OS Administration (this is cluster-wide and \
                 final), then plan again; or have the authority renewed under a new name.",
            )
            .breaking("I22")
            .at([node])),
        Forecast::Replaces(olds) => {
            let broken: BTreeSet<String> =
                olds.iter().flat_map(|old| dependents(site.state, old, incoming)).collect();
            if broken.is_empty() {
                return Ok(Some(olds.iter().map(|old| old.sha256.short().to_owned()).collect()));
            }
            let broken: Vec<String> = broken.into_iter().collect();
            Err(site
                .refuse(
                    format!(
                        "expected {title} to enter {store} without harm; it would replace an authority of the \
                         same name with another key, on which these rest: {}",
                        broken.join(", ")
                    ),
                    "Have the authority renewed under a new name (such as a suffix -G2), or move those \
                     certificates to another authority first.",
                )
                .breaking("I22")
                .at([node]))
        }
    }
}

/// What is stored or served anywhere in the cluster and chains to an authority whose key vanishes with it.
fn dependents(state: &ClusterState, old: &Certificate, new: &Certificate) -> Vec<String> {
    if old.key.sha256 == new.key.sha256 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (name, node) in &state.nodes {
        for (purpose, identity) in &node.identities {
            if identity
                .present()
                .is_some_and(|leaf| rests_on(state, leaf, &old.sha256))
            {
                found.push(format!("{name} {purpose}"));
            }
        }
        for (listener, served) in &node.served {
            if served
                .present()
                .is_some_and(|chain| rests_on(state, &chain.leaf, &old.sha256))
            {
                found.push(format!("{name} port {listener}"));
            }
        }
    }
    found
}

/// Whether one certificate chains to another, over every signature that was checked.
fn rests_on(state: &ClusterState, leaf: &Fingerprint, authority: &Fingerprint) -> bool {
    let mut open = vec![leaf];
    let mut seen = BTreeSet::new();
    while let Some(current) = open.pop() {
        if current == authority {
            return true;
        }
        if seen.insert(current) {
            let signers = state
                .certificates
                .get(current)
                .map(|certificate| &certificate.signed_by);
            open.extend(signers.into_iter().flatten());
        }
    }
    false
}
