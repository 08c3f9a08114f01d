//! Expressway-C with CUCM, IM and Presence and Unity Connection.
// claim: EXPRESSWAY-ENFORCES, EXPRESSWAY-NAME-CHECK, EXPRESSWAY-CUCM-TRUST

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::neighbours::server_at;
use crate::model::{
    Appliance, Certificate, ClusterState, Expressway, Finding, KeyAlgorithm, NodeState, Observed,
    Port, Product, Role, Severity, SubjectName, UnifiedServer,
};

use super::super::Context;
use super::authorities::lacking;
use super::neighbours::unified;
use super::{STORE, connects_with, held, is_core, peers, presented};

/// The first release that verifies every request. Source: expressway §7 (TAC; the release note says X14.2.0).
const ENFORCES: (u32, u32, u32) = (14, 0, 8);

/// The first release that presents its certificate to CUCM on other ports than 8443. Source: expressway §7 (RN-1425).
const SHOWS_ITSELF: (u32, u32, u32) = (14, 0, 2);

/// Whether a peer verifies the servers that clients are led to. Unknown counts as the default, on.
fn enforces(node: &NodeState, told: &Expressway) -> bool {
    let old = node
        .release
        .present()
        .is_some_and(|release| release.level() < ENFORCES);
    !old && told.verifies_origin != Observed::Present(false)
}

/// How bad it is that a server does not pass.
fn severity(context: &Context<'_>) -> Severity {
    if peers(context.state).any(|(_, node, told)| enforces(node, told)) {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

/// The switch that was meant for a short time.
pub(super) fn origin(context: &Context<'_>) -> Vec<Finding> {
    peers(context.state)
        .filter(|(_, _, told)| told.verifies_origin == Observed::Present(false))
        .map(|(name, _, _)| {
            context.finding(
                Severity::Warning,
                "expressway-origin-unverified",
                Some(name),
                "VerifyOriginServer is On",
                "it is Off: no server is verified for remote clients",
            )
        })
        .collect()
}

/// TLS verify On where nothing else verifies: it looks at the publisher while it is discovered, and at no subscriber.
pub(super) fn verify_mode(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, told) in peers(context.state).filter(|(_, node, told)| !enforces(node, told)) {
        let on: Vec<&str> = servers(told)
            .filter(|server| server.verify == Some(true))
            .map(|server| server.address.as_str())
            .collect();
        if !on.is_empty() {
            let release = node.release.present();
            findings.push(context.finding(
                Severity::Notice,
                "expressway-tls-verify",
                Some(name),
                "subscribers are verified too",
                format!(
                    "TLS verify is On for {}, which proves nothing for subscribers on {}",
                    on.join(", "),
                    release.map_or("this release", |release| release.as_str())
                ),
            ));
        }
    }
    findings
}

fn servers(told: &Expressway) -> impl Iterator<Item = &UnifiedServer> {
    [&told.call_managers, &told.presence]
        .into_iter()
        .filter_map(Observed::present)
        .flatten()
}

/// How the traffic server takes a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Name,
    CommonNameOnly,
    No,
}

fn fit(certificate: &Certificate, asked: &str) -> Fit {
    let asked = SubjectName::dns(asked);
    let SubjectName::Dns(text) = &asked else {
        return Fit::No;
    };
    let covers = |name: &SubjectName| match name {
        SubjectName::Dns(name) => match (name.strip_prefix("*."), text.split_once('.')) {
            (Some(rest), Some((_, domain))) => rest == domain,
            _ => name == text,
        },
        SubjectName::Ip(_) | SubjectName::Other(_) => false,
    };
    if certificate.names.iter().any(covers) {
        Fit::Name
    } else if certificate
        .common_name
        .as_ref()
        .is_some_and(|common| SubjectName::dns(common) == asked)
    {
        Fit::CommonNameOnly
    } else {
        Fit::No
    }
}

/// The address by which a server is known is a name in what it serves: its entry here for the publisher, and the names
/// that the cluster lists for the others.
pub(super) fn advertised(context: &Context<'_>) -> Vec<Finding> {
    let mut asked: BTreeSet<&str> = peers(context.state)
        .flat_map(|(_, _, told)| servers(told))
        .map(|server| server.address.as_str())
        .collect();
    let clusters = unified(context);
    for state in &clusters {
        let listed = state.listed.present().into_iter().flatten();
        asked.extend(listed.map(|(name, _)| name.as_str()));
    }
    asked
        .into_iter()
        .filter_map(|address| one_advertised(context, &clusters, address))
        .collect()
}

fn one_advertised(
    context: &Context<'_>,
    clusters: &[&ClusterState],
    address: &str,
) -> Option<Finding> {
    let expected = format!("{address}, as the server is known, is a DNS name in its certificate");
    let finding = |severity, found: String| {
        let code = "expressway-advertised-name";
        context.finding(severity, code, None, expected.clone(), found)
    };
    if address.parse::<IpAddr>().is_ok() {
        // Which node this is cannot be told by the address; a certificate with the address as a name would pass.
        let mut seen = clusters
            .iter()
            .flat_map(|state| state.nodes.values().flat_map(|node| https(state, node)))
            .peekable();
        seen.peek()?; // Nothing was seen that could have it.
        let named = seen.any(|(_, certificate)| fit(certificate, address) != Fit::No);
        let found =
            "no server of the estate has the address as a name; IP entries are not looked at";
        return (!named).then(|| finding(severity(context), found.to_owned()));
    }
    let (state, name) = clusters
        .iter()
        .find_map(|state| Some((*state, server_at(state, address)?)))?;
    let node = state.nodes.get(name)?;
    let with = |wanted: Fit| {
        let of: BTreeSet<String> = https(state, node)
            .filter(|(_, certificate)| fit(certificate, address) == wanted)
            .map(|(port, certificate)| format!("{} on {port}", certificate.title()))
            .collect();
        (!of.is_empty()).then(|| of.into_iter().collect::<Vec<_>>().join(", "))
    };
    if let Some(without) = with(Fit::No) {
        return Some(finding(
            severity(context),
            format!("{name} serves {without} without it"),
        ));
    }
    with(Fit::CommonNameOnly).map(|common| {
        let found = format!("{name} serves {common}, where it is the common name only");
        finding(Severity::Notice, found)
    })
}

/// What a server presents to HTTPS requests of remote clients.
fn https<'a>(
    state: &'a ClusterState,
    node: &'a NodeState,
) -> impl Iterator<Item = (Port, &'a Certificate)> {
    [Port::Soap, Port::Tftp]
        .into_iter()
        .flat_map(move |port| presented(state, node, port).map(move |it| (port, it)))
}

/// The ports at which Expressway-C connects to a server. Source: expressway §7 (PORT-150).
fn asked_at(appliance: Appliance) -> &'static [Port] {
    match appliance {
        Appliance::Cucm => &[Port::Soap, Port::Tftp, Port::Sip],
        Appliance::ImPresence => &[Port::Soap, Port::Xmpp],
        Appliance::UnityConnection => &[Port::Soap],
        Appliance::ExpresswayC | Appliance::ExpresswayE => &[],
    }
}

/// The whole chain of what a server presents is in the list of every peer.
pub(super) fn untrusted(context: &Context<'_>) -> Vec<Finding> {
    if !is_core(context) {
        return Vec::new();
    }
    let unity = context
        .estate
        .values()
        .filter(|state| state.product == Product::UnityConnection);
    let clusters: Vec<&ClusterState> = unified(context).into_iter().chain(unity).collect();
    let mut findings = Vec::new();
    for (name, node, told) in peers(context.state) {
        let Some(store) = held(context.state, node, STORE) else {
            continue; // `peer::unknown` says so.
        };
        let mut missing: BTreeMap<(Asked, Vec<String>), BTreeSet<String>> = BTreeMap::new();
        for state in &clusters {
            for (server, node) in &state.nodes {
                for port in asked_at(Appliance::of(state.product, node.role)) {
                    for (asked, lacks) in unverified(state, node, *port, told, &store) {
                        let at = format!("{}:{port}", server.short());
                        missing.entry((asked, lacks)).or_default().insert(at);
                    }
                }
            }
        }
        findings.extend(missing.into_iter().map(|((asked, lacks), at)| {
            let at: Vec<String> = at.into_iter().collect();
            let (severity, only) = match asked {
                Asked::Surely if enforces(node, told) => (Severity::Critical, ""),
                Asked::Surely => (Severity::Warning, ""),
                Asked::IfEllipticFirst => (
                    Severity::Warning,
                    ", which counts where this peer asks for ECDSA first (`xConfiguration Ciphers`); what it asks for is not known",
                ),
            };
            context.finding(
                severity,
                "expressway-server-untrusted",
                Some(name),
                format!("every authority above what is served at {}", at.join(", ")),
                format!("without {}{only}", lacks.join(", ")),
            )
        }));
    }
    findings
}

/// Whether a peer is shown a certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Surely,
    /// The port has an RSA certificate that passes, too.
    IfEllipticFirst,
}

/// What a list lacks of the chains that a port presents.
// claim: EXPRESSWAY-KEY-PREFERENCE
fn unverified(
    state: &ClusterState,
    node: &NodeState,
    port: Port,
    told: &Expressway,
    store: &[&Certificate],
) -> Vec<(Asked, Vec<String>)> {
    let leaves = presented(state, node, port);
    let judged: Vec<(KeyAlgorithm, Vec<String>)> = leaves
        .map(|leaf| (leaf.key.algorithm, lacking(state, leaf, store)))
        .collect();
    let passes = judged
        .iter()
        .any(|(key, lacks)| *key == KeyAlgorithm::Rsa && lacks.is_empty());
    let choice = |key| match told.prefers.present() {
        Some(first) => (*first == key || !passes).then_some(Asked::Surely),
        None if passes && key == KeyAlgorithm::Ec => Some(Asked::IfEllipticFirst),
        None => Some(Asked::Surely),
    };
    judged
        .iter()
        .filter(|(_, lacks)| !lacks.is_empty())
        .filter_map(|(key, lacks)| Some((choice(*key)?, lacks.clone())))
        .collect()
}

/// The stores of a node in which the chain of Expressway-C must be.
fn stores(role: Role) -> [&'static str; 2] {
    if role == Role::ImPresence {
        ["cup-xmpp-trust", "tomcat-trust"]
    } else {
        ["tomcat-trust", "CallManager-trust"]
    }
}

/// CUCM and IM and Presence trust the certificate with which Expressway-C connects to them.
pub(super) fn not_trusted(context: &Context<'_>) -> Vec<Finding> {
    let mut missing: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for (name, node, _) in peers(context.state) {
        let release = node.release.present();
        if release.is_some_and(|release| release.level() < SHOWS_ITSELF) {
            continue;
        }
        let Some(certificate) = connects_with(context.state, name, node) else {
            continue;
        };
        for state in unified(context) {
            for (server, node) in &state.nodes {
                for store in stores(node.role) {
                    let Some(entries) = held(state, node, store) else {
                        continue; // The assessment of that cluster says that it is unknown.
                    };
                    let lacks = lacking(context.state, certificate, &entries);
                    if !lacks.is_empty() {
                        let at = format!("{store} of {}", server.short());
                        missing.entry(lacks).or_default().insert(at);
                    }
                }
            }
        }
    }
    missing
        .into_iter()
        .map(|(lacks, at)| {
            let at: Vec<String> = at.into_iter().collect();
            context.finding(
                Severity::Critical,
                "expressway-not-trusted-by-cucm",
                None,
                format!(
                    "{} hold every authority above the certificate of Expressway-C",
                    at.join(", ")
                ),
                format!("without {}", lacks.join(", ")),
            )
        })
        .collect()
}
