//! Which authorities go into the list of which peer. A list belongs to one peer, keeps what it has, and of two
//! certificates with one common name only the upper one counts.
// claim: EXPRESSWAY-PER-PEER, EXPRESSWAY-TRUST-APPENDS, EXPRESSWAY-STORE-SAME-CN

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Authority, Certificate, Fingerprint, NodeName, Observed, Store, TrustEntry};

use super::super::Question;
use super::super::facts::{Refusals, unknown};
use super::super::trust::{Forecast, forecast};
use super::super::trusting::Wanted;
use super::{Party, SERVER, STORE};

/// One authority that every peer must trust.
pub(super) struct Need<'a> {
    pub(super) authority: &'a Authority,
    /// The authority that signed it, if that one is needed too.
    pub(super) below: Option<&'a Fingerprint>,
    /// Whose certificates chain to it: `server of core`.
    pub(super) whose: BTreeSet<String>,
    pub(super) because: BTreeSet<String>,
}

/// One authority that one peer lacks.
pub(super) struct Upload<'a> {
    pub(super) node: NodeName,
    /// Its place among the needs.
    pub(super) need: usize,
    pub(super) authority: &'a Authority,
}

/// What every peer must trust: the chain of the cluster's own new certificates, by which peers prove themselves to each
/// other too, then those of everybody that it verifies. Roots come before what they signed.
///
/// # Errors
/// Two chains bring different authorities of one name (invariant I19).
pub(super) fn needs<'a>(
    party: &Party<'a>,
    wanted: &[Wanted<'a>],
) -> Result<Vec<Need<'a>>, Refusals> {
    let mut needs: Vec<Need<'a>> = Vec::new();
    let own = party.server.iter().map(|server| {
        let whose = format!("{SERVER} of {}", party.cluster);
        (server.issuer, whose, server.because(&server.due.nodes))
    });
    let others = wanted.iter().map(|each| {
        let whose = format!("{} of {}", each.purpose, each.of);
        (each.issuer, whose, each.because.clone())
    });
    for (issuer, whose, because) in own.chain(others) {
        let mut below = None;
        for authority in &issuer.chain {
            let sha256 = &authority.certificate.sha256;
            let known = needs
                .iter()
                .position(|need| need.authority.certificate.sha256 == *sha256);
            let place = known.unwrap_or(needs.len());
            if known.is_none() {
                needs.push(Need {
                    authority,
                    below,
                    whose: BTreeSet::new(),
                    because: BTreeSet::new(),
                });
            }
            if let Some(need) = needs.get_mut(place) {
                need.whose.insert(whose.clone());
                need.because.extend(because.iter().cloned());
            }
            below = Some(sha256);
        }
    }
    let mut names: BTreeMap<String, &Fingerprint> = BTreeMap::new();
    for need in &needs {
        let certificate = &need.authority.certificate;
        let other = names.insert(
            certificate.title().to_ascii_lowercase(),
            &certificate.sha256,
        );
        if other.is_some() {
            let says = format!(
                "expected one authority named {} for {STORE}; two issuers bring different ones",
                certificate.title()
            );
            let next = "Have one of them renewed under a new name; of two with one name only the upper one counts.";
            return Err(vec![party.refuse(says, next).breaking("I19")]);
        }
    }
    Ok(needs)
}

/// What each peer that the plan may touch lacks, peer by peer.
///
/// # Errors
/// Refusals: a list that is not known, or that holds another authority of the same name (invariant I19).
pub(super) fn uploads<'a>(
    question: &Question<'_>,
    party: &Party<'a>,
    needs: &[Need<'a>],
) -> Result<Vec<Upload<'a>>, Refusals> {
    let mut uploads = Vec::new();
    let mut refusals = Vec::new();
    let mut clashes: BTreeMap<(&str, &Fingerprint), (&Certificate, BTreeSet<&NodeName>)> =
        BTreeMap::new();
    for node in party
        .nodes
        .iter()
        .filter(|node| question.options.takes_node(node))
    {
        let entries = match entries(party, node) {
            Ok(entries) => entries,
            Err(why) => {
                refusals.push(unknown(party.cluster, "the trusted CA list", &why).at([node]));
                continue;
            }
        };
        for (place, need) in needs.iter().enumerate() {
            let incoming = &need.authority.certificate;
            let known = &party.state.certificates;
            match judge(incoming, entries, known) {
                Judged::There => {}
                Judged::Lacking => uploads.push(Upload {
                    node: node.clone(),
                    need: place,
                    authority: need.authority,
                }),
                Judged::Clash(other) => {
                    let clash = clashes.entry((incoming.title(), &other.sha256));
                    clash.or_insert((other, BTreeSet::new())).1.insert(node);
                }
                Judged::Unread(entry) => refusals.push(
                    unknown(
                        party.cluster,
                        &format!("the entry {} of {STORE}", entry.short()),
                        "the certificate could not be read, so that nobody can say whether it has the same name",
                    )
                    .breaking("I19")
                    .at([node]),
                ),
            }
        }
    }
    refusals.extend(clashes.into_iter().map(|((title, _), (other, nodes))| {
        let says = format!(
            "expected {STORE} to take {title}; it holds another certificate of that name ({}, until {}), and of two \
             with one name only the upper one counts",
            other.sha256.short(),
            other.not_after
        );
        let next = "If nothing needs the old one any more, delete it on each of these peers (web pages: Maintenance, \
                    Security, Trusted CA certificate), restart them and plan again; or have the authority renewed under \
                    a new name, such as a suffix -G2.";
        party.refuse(says, next).breaking("I19").at(nodes)
    }));
    if refusals.is_empty() {
        Ok(uploads)
    } else {
        Err(refusals)
    }
}

fn entries<'a>(party: &Party<'a>, node: &NodeName) -> Result<&'a [TrustEntry], String> {
    let state: &'a crate::model::ClusterState = party.state;
    match state
        .nodes
        .get(node)
        .and_then(|node| node.trust.get(&Store::from(STORE)))
    {
        Some(Observed::Present(entries)) => Ok(entries),
        Some(Observed::Absent) => Ok(&[]),
        Some(Observed::Unknown(why)) => Err(why.clone()),
        None => Err("it was not read".to_owned()),
    }
}

/// What a list does with an authority.
enum Judged<'a> {
    There,
    Lacking,
    Clash(&'a Certificate),
    Unread(&'a Fingerprint),
}

fn judge<'a>(
    incoming: &Certificate,
    entries: &'a [TrustEntry],
    known: &'a BTreeMap<Fingerprint, Certificate>,
) -> Judged<'a> {
    // One that is there already may stand below another of its name.
    let others = entries
        .iter()
        .filter(|entry| entry.sha256 != incoming.sha256);
    let mut others = others.filter_map(|entry| known.get(&entry.sha256));
    let same = |other: &&Certificate| other.title().eq_ignore_ascii_case(incoming.title());
    if let Some(other) = others.find(same) {
        return Judged::Clash(other);
    }
    match forecast(incoming, entries, known) {
        Forecast::AlreadyThere => Judged::There,
        Forecast::Unpredictable(entry) => Judged::Unread(entry),
        Forecast::Stored | Forecast::Replaces(_) | Forecast::KeepsOld(_) => Judged::Lacking,
    }
}
