//! The edges of Edge: with Core by zone and tunnels, and those of clients.

use std::collections::BTreeSet;

use crate::model::{KeyAlgorithm, Observed, Port};

use super::super::{Basis, Edge, Face, Leg, NameCheck, Party, Profile, Side, Usage};
use super::{At, ExpresswayRelease, Facts, Peer, RELEASE, TRUSTED_LIST, one_of, party};

/// The first release that does not demand both usages of the certificate of Edge. Source: expressway §8.
const RELAXED_FROM: ExpresswayRelease = (15, 4, 0);
/// The ports of the traversal zone and of the tunnels. Source: expressway §3.
pub(super) const ZONE: u16 = 7001;
pub(super) const TUNNELS: u16 = 2222;

const TRAVERSAL: Basis = Basis::Documented("expressway §3, §8: trust rules for zones");
const SIGN_IN: Basis =
    Basis::Documented("expressway §7.1: Jabber warns without the domain in the certificate");

/// The zone and the tunnels, each verified by both ends. A zone is content with a trusted root; tunnels want the whole
/// chain in the list. Names are compared with the DNS names only. Source: expressway §3 (004), §8.
pub(super) fn traversal(facts: &Facts, core: &At, (edge, other): (&At, &Peer)) -> Vec<Edge> {
    let of_edge: BTreeSet<Usage> = match other.release.present() {
        Some(release) if *release >= RELAXED_FROM => [Usage::ServerAuth].into(),
        Some(_) | None => [Usage::ServerAuth, Usage::ClientAuth].into(),
    };
    // Which of the peer addresses is this peer is not known where none is its name.
    let of_peer = match &facts.peer_addresses {
        Observed::Present(names) => {
            let own = names
                .iter()
                .find(|name| name.eq_ignore_ascii_case(edge.1.as_str()));
            let names: Vec<&str> = own.map_or_else(
                || names.iter().map(String::as_str).collect(),
                |own| vec![own.as_str()],
            );
            one_of(names, false)
        }
        Observed::Absent => NameCheck::Unknown("the zone has no peer address".to_owned()),
        Observed::Unknown(why) => NameCheck::Unknown(why.clone()),
    };
    let of_core = match &facts.verify_subject {
        Observed::Present(name) => one_of([name.as_str()], false),
        Observed::Absent => {
            NameCheck::Unknown("the zone has no TLS verify subject name".to_owned())
        }
        Observed::Unknown(why) => NameCheck::Unknown(why.clone()),
    };
    let of_core_usages = BTreeSet::from([Usage::ClientAuth]);
    let legs = [(ZONE, Leg::Zone), (TUNNELS, Leg::Tunnels)];
    let legs = legs
        .iter()
        .filter(|(_, leg)| *leg == Leg::Zone || !facts.without_tunnels);
    let sides = [Side::Connecting, Side::Listening];
    let pairs = legs.flat_map(|leg| sides.iter().map(move |side| (*leg, *side)));
    let edges = pairs.map(|((port, leg), verifier)| {
        let connecting = verifier == Side::Connecting;
        Edge {
            from: party(core),
            to: party(edge),
            port: Some(port),
            leg,
            verifier,
            store: TRUSTED_LIST.into(),
            whole_chain: leg == Leg::Tunnels,
            name: if connecting {
                of_peer.clone()
            } else {
                of_core.clone()
            },
            key: KeyAlgorithm::Rsa,
            face: if connecting {
                Face::Port(port, KeyAlgorithm::Rsa)
            } else {
                Face::Client
            },
            profile: Profile::Expressway,
            usages: match (connecting, leg) {
                (true, Leg::Tunnels) => [Usage::ServerAuth].into(),
                (true, _) => of_edge.clone(),
                (false, _) => of_core_usages.clone(),
            },
            basis: TRAVERSAL,
        }
    });
    let mut edges: Vec<Edge> = edges.collect();
    // Where the release is not known, neither is whether both usages are demanded.
    let both = |edge: &&Edge| edge.usages.len() > 1 && other.release.present().is_none();
    let unsure: Vec<Edge> = edges.iter().filter(both).cloned().collect();
    for edge in unsure {
        edges
            .iter_mut()
            .filter(|known| **known == edge)
            .for_each(|known| {
                known.usages.remove(&Usage::ClientAuth);
            });
        edges.push(Edge {
            basis: RELEASE,
            ..edge
        });
    }
    edges
}

/// Clients look for the domain, or `collab-edge.` before it, among the DNS names; one edge for each domain.
pub(super) fn sign_in(facts: &Facts, edge: &At) -> Vec<Edge> {
    let names: Vec<NameCheck> = match &facts.domains {
        Observed::Present(domains) => {
            let pair = |domain: &String| {
                one_of([domain.as_str(), &format!("collab-edge.{domain}")], false)
            };
            domains.iter().map(pair).collect()
        }
        Observed::Absent => return Vec::new(),
        Observed::Unknown(why) => vec![NameCheck::Unknown(why.clone())],
    };
    let port = Port::Soap.standard();
    let edges = names.into_iter().map(|name| Edge {
        from: Party::Clients,
        to: party(edge),
        port: Some(port),
        leg: Leg::SignIn,
        verifier: Side::Connecting,
        store: "operating system".into(),
        whole_chain: false,
        name,
        key: KeyAlgorithm::Rsa,
        face: Face::Port(port, KeyAlgorithm::Rsa),
        profile: Profile::Client,
        usages: [Usage::ServerAuth].into(),
        basis: SIGN_IN,
    });
    edges.collect()
}
