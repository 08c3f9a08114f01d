//! What an observation tells of Expressway, as edges take it. What it does not tell stays unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::neighbours::{far, named_by_any, node_at, peers, served, server_at};
use crate::model::{
    ClusterName, ClusterState, Expressway, Fingerprint, KeyAlgorithm, Listener, NodeName,
    NodeState, Observation, Observed, Port, Product, Purpose, ServedChain, Store, Zone, ZoneKind,
};

use super::{ExpresswayRelease, Facts, OWN_CLIENT_FROM, Peer, TRUSTED_LIST};

/// No chain of any authority is as long; what comes from a device may be.
const LONGEST_CHAIN: usize = 16;

/// One [`Facts`] for each pair of clusters of Expressway-C and Expressway-E that belong together, and one for each
/// cluster that nothing belongs to. The certificates are not repeated in it: the site of the same observation has them.
pub fn facts(observation: &Observation) -> Vec<Facts> {
    let clusters = &observation.clusters;
    let of = |product| {
        let clusters = clusters.iter();
        clusters.filter(move |(_, state)| state.product == product)
    };
    let mut all = Vec::new();
    for core in of(Product::ExpresswayC) {
        let pairs = far(clusters, core.0);
        if pairs.is_empty() {
            all.push(of_pair(clusters, Some(core), None));
        }
        let pairs = pairs
            .into_iter()
            .filter_map(|name| clusters.get_key_value(name));
        all.extend(pairs.map(|edge| of_pair(clusters, Some(core), Some(edge))));
    }
    let alone = of(Product::ExpresswayE).filter(|(name, _)| far(clusters, name).is_empty());
    all.extend(alone.map(|edge| of_pair(clusters, None, Some(edge))));
    all
}

type Named<'a> = (&'a ClusterName, &'a ClusterState);

fn of_pair(
    clusters: &BTreeMap<ClusterName, ClusterState>,
    core: Option<Named<'_>>,
    edge: Option<Named<'_>>,
) -> Facts {
    let each = |side: Option<Named<'_>>| {
        let nodes = side.into_iter().flat_map(|(cluster, state)| {
            let nodes = state.nodes.iter();
            nodes.map(move |(name, node)| ((cluster.clone(), name.clone()), peer(state, node)))
        });
        nodes.collect()
    };
    let mut facts = Facts {
        core: each(core),
        edge: each(edge),
        ..Facts::default()
    };
    if let Some((_, state)) = core {
        let served = served(clusters, state);
        for cluster in &served {
            facts.serves.insert((*cluster).clone());
            facts
                .advertised
                .extend(clusters.get(*cluster).map(advertised).unwrap_or_default());
        }
        // Which of them it serves no interface tells; the edges say so.
        let unity = clusters.iter();
        let unity = unity.filter(|(_, state)| state.product == Product::UnityConnection);
        if !served.is_empty() {
            facts
                .serves
                .extend(unity.map(|(cluster, _)| cluster.clone()));
        }
        let told = told(state, |told| &told.zones);
        let unified = |zone: &Zone| zone.kind == ZoneKind::UnifiedCommunications;
        facts.without_tunnels = told.present().is_some_and(|told| !zones(told).any(unified));
        facts.peer_addresses = addresses(state, edge.map(|(_, state)| state));
    }
    if let Some((_, state)) = edge {
        facts.verify_subject = verify_subject(state);
        let sides = core.into_iter().chain(edge).map(|(_, state)| state);
        facts.domains = domains(&sides.collect::<Vec<_>>());
    }
    facts
}

/// One setting of every peer that answered; unknown where none told it.
fn told<'a, T>(
    state: &'a ClusterState,
    setting: impl Fn(&'a Expressway) -> &'a Observed<T>,
) -> Observed<Vec<&'a T>> {
    let mut known = Vec::new();
    let mut why = None;
    let mut absent = false;
    for node in state.nodes.values() {
        match &node.expressway {
            Observed::Present(told) => match setting(told) {
                Observed::Present(value) => known.push(value),
                Observed::Absent => absent = true,
                Observed::Unknown(gap) => why = why.or(Some(gap)),
            },
            Observed::Absent => {}
            Observed::Unknown(gap) => why = why.or(Some(gap)),
        }
    }
    match (known.is_empty(), absent, why) {
        (false, _, _) => Observed::Present(known),
        (true, true, None) => Observed::Absent,
        (true, _, why) => Observed::Unknown(why.map_or("no peer answered", |gap| gap).to_owned()),
    }
}

fn peer(state: &ClusterState, node: &NodeState) -> Peer {
    let release: Observed<ExpresswayRelease> = node.release.clone().map(|release| release.level());
    let trusted = match node.trust.get(&Store::from(TRUSTED_LIST)) {
        Some(entries) => entries.clone().map(|entries| {
            let entries = entries.into_iter();
            entries.map(|entry| entry.sha256).collect()
        }),
        None => match &node.inventory {
            Observed::Unknown(why) => Observed::Unknown(why.clone()),
            Observed::Present(()) | Observed::Absent => Observed::Absent,
        },
    };
    let server = presents(node);
    let client = client(state, node, &release, &trusted, &server);
    let setting = node.expressway.present();
    Peer {
        release,
        trusted,
        client,
        server,
        prefers: setting.map_or_else(Observed::default, |told| told.prefers.clone()),
        verifies_origin: setting
            .map_or_else(Observed::default, |told| told.verifies_origin.clone()),
    }
}

/// What a peer presents as a server, on whichever port was seen; what it stores may not have been loaded. It has one
/// server certificate, of either kind of key.
fn presents(node: &NodeState) -> Observed<ServedChain> {
    let keys = [KeyAlgorithm::Rsa, KeyAlgorithm::Ec];
    let ports = [Port::Zone, Port::Tunnel, Port::Rest];
    let listeners = keys
        .into_iter()
        .flat_map(|key| ports.map(|port| Listener { port, key }));
    let seen: Vec<&Observed<ServedChain>> = listeners
        .filter_map(|listener| node.served.get(&listener))
        .collect();
    let known = seen.iter().find(|chain| chain.present().is_some());
    let known = known.or_else(|| seen.first());
    known.map_or_else(Observed::default, |chain| (*chain).clone())
}

/// What a peer shows where it connects. claim: EXPRESSWAY-CLIENT-STORE, EXPRESSWAY-SENDS-CHAIN
fn client(
    state: &ClusterState,
    node: &NodeState,
    release: &Observed<ExpresswayRelease>,
    trusted: &Observed<Vec<Fingerprint>>,
    server: &Observed<ServedChain>,
) -> Observed<ServedChain> {
    let held = node.identities.get(&Purpose::from("client"));
    match (held, release.present()) {
        (Some(held), _) => held.clone().map(|leaf| ServedChain {
            rest: above(state, &leaf, trusted),
            leaf,
        }),
        (None, Some(release)) if *release < OWN_CLIENT_FROM => server.clone(),
        (None, Some(_)) => Observed::Unknown("its client certificate was not read".to_owned()),
        (None, None) => Observed::Unknown(
            "its release was not observed: from X15.5 on it has a client certificate of its own"
                .to_owned(),
        ),
    }
}

/// The authorities above a certificate that a list holds, without the root.
fn above(
    state: &ClusterState,
    leaf: &Fingerprint,
    trusted: &Observed<Vec<Fingerprint>>,
) -> Vec<Fingerprint> {
    let held: BTreeSet<&Fingerprint> = trusted.present().into_iter().flatten().collect();
    let mut above: Vec<Fingerprint> = Vec::new();
    let mut at = state.certificates.get(leaf);
    while let Some(certificate) = at.filter(|_| above.len() < LONGEST_CHAIN) {
        let mut signers = certificate.signed_by.iter();
        let signer = signers.find(|signer| **signer != certificate.sha256 && held.contains(signer));
        at = signer.and_then(|signer| state.certificates.get(signer));
        let at = at.filter(|signer| !signer.is_self_signed());
        above.extend(at.map(|signer| signer.sha256.clone()));
    }
    above
}

/// The names of System > Server, by node. A node that the list does not have is not advertised.
fn advertised(cucm: &ClusterState) -> BTreeMap<NodeName, Observed<String>> {
    let mut names: BTreeMap<NodeName, Observed<String>> = BTreeMap::new();
    let rest = match &cucm.listed {
        Observed::Present(listed) => {
            for name in listed.keys() {
                if let Some(node) = server_at(cucm, name.as_str()) {
                    names.insert(node.clone(), Observed::Present(name.to_string()));
                }
            }
            Observed::Absent
        }
        Observed::Absent => Observed::Absent,
        Observed::Unknown(why) => Observed::Unknown(why.clone()),
    };
    for node in cucm.nodes.keys() {
        names.entry(node.clone()).or_insert_with(|| rest.clone());
    }
    names
}

fn zones<'a>(told: &[&'a Vec<Zone>]) -> impl Iterator<Item = &'a Zone> {
    let zones = told.iter().copied().flatten();
    zones.filter(|zone| zone.kind != ZoneKind::Other)
}

/// Where the zones of Expressway-C connect to, as far as it is this cluster of Expressway-E; all of them where none is
/// known to be another's.
fn addresses(core: &ClusterState, edge: Option<&ClusterState>) -> Observed<BTreeSet<String>> {
    let all = told(core, |told| &told.zones).map(|told| {
        let addresses = zones(&told).flat_map(|zone| zone.peer_addresses.iter().cloned());
        addresses.collect::<BTreeSet<String>>()
    });
    let Observed::Present(all) = all else {
        return all;
    };
    let here = |address: &&String| {
        edge.is_some_and(|edge| node_at(edge, address).is_some() || named_by_any(edge, address))
    };
    let own: BTreeSet<String> = all.iter().filter(here).cloned().collect();
    let known = if own.is_empty() { all } else { own };
    if known.is_empty() {
        Observed::Absent
    } else {
        Observed::Present(known)
    }
}

/// The name that the zones of Expressway-E expect; not known where they expect several, for which of them
/// Expressway-C uses nobody tells.
fn verify_subject(edge: &ClusterState) -> Observed<String> {
    let told = match told(edge, |told| &told.zones) {
        Observed::Present(told) => told,
        Observed::Absent => return Observed::Absent,
        Observed::Unknown(why) => return Observed::Unknown(why),
    };
    let names: BTreeSet<&str> = zones(&told)
        .filter_map(|zone| zone.verify_name.as_deref())
        .collect();
    let mut each = names.iter();
    match (each.next(), each.next()) {
        (Some(only), None) => Observed::Present((*only).to_owned()),
        (None, _) if zones(&told).next().is_none() => Observed::Absent,
        (None, _) => Observed::Unknown("no zone tells which name it expects".to_owned()),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = names.into_iter().collect();
            Observed::Unknown(format!(
                "zones expect different names: {}",
                names.join(", ")
            ))
        }
    }
}

/// The domains of remote access, from both sides; none where it is off.
fn domains(sides: &[&ClusterState]) -> Observed<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut why = None;
    for (_, _, told) in sides.iter().flat_map(|side| peers(side)) {
        if told.remote_access == Observed::Present(false) {
            continue;
        }
        match &told.domains {
            Observed::Present(domains) => {
                let remote = domains.iter().filter(|domain| {
                    domain.edge_sip == Some(true) || domain.edge_xmpp == Some(true)
                });
                found.extend(remote.map(|domain| domain.name.clone()));
            }
            Observed::Absent => {}
            Observed::Unknown(gap) => why = why.or(Some(gap)),
        }
    }
    match (found.is_empty(), why) {
        (false, _) => Observed::Present(found),
        (true, None) => Observed::Absent,
        (true, Some(gap)) => Observed::Unknown(gap.clone()),
    }
}
