//! Whether an observation shows what a log tells.

use super::finding::{Checked, Diagnosis, Fault, Server};
use crate::model::{
    Certificate, ClusterState, NodeState, Observation, Observed, Port, SubjectName,
};

/// Adds to each diagnosis of a log what the observation says of it.
pub(super) fn check(diagnoses: &mut [Diagnosis], observation: &Observation) {
    for diagnosis in diagnoses {
        let Some(server) = &diagnosis.server else {
            continue;
        };
        let ports = diagnosis.seen.as_ref().map_or(&[][..], |seen| &seen.ports);
        let port = ports.first().map(|vote| vote.port);
        diagnosis.observed = Some(judge(server, port, observation));
    }
}

fn judge(server: &Server, port: Option<u16>, observation: &Observation) -> Checked {
    let Some((name, cluster, node)) = find(server, observation) else {
        return Checked::NotChecked(format!(
            "the observation has no node named {}",
            if server.name.is_empty() {
                "so"
            } else {
                &server.name
            }
        ));
    };
    let wanted = port.and_then(listener);
    if let (Some(port), None) = (port, wanted) {
        return Checked::NotChecked(format!("the observation does not ask port {port}"));
    }
    let presented: Vec<(String, &Certificate)> = node
        .served
        .iter()
        .filter(|(listener, _)| wanted.is_none_or(|wanted| listener.port == wanted))
        .filter_map(|(listener, chain)| match chain {
            Observed::Present(chain) => {
                let leaf = cluster.certificates.get(&chain.leaf)?;
                Some((format!("{name} {listener}"), leaf))
            }
            Observed::Absent | Observed::Unknown(_) => None,
        })
        .collect();
    if presented.is_empty() {
        let which = port.map_or_else(|| "any port".to_owned(), |port| format!("port {port}"));
        return Checked::NotChecked(format!(
            "the observation does not know what {which} of {name} presents"
        ));
    }
    verdict(server, &presented, observation)
}

fn listener(number: u16) -> Option<Port> {
    [Port::Rest, Port::Soap, Port::Tftp, Port::Sip]
        .into_iter()
        .find(|port| port.standard() == number)
}

/// The node by its name, or by its name's first part where the log has no more.
fn find<'a>(
    server: &Server,
    observation: &'a Observation,
) -> Option<(&'a str, &'a ClusterState, &'a NodeState)> {
    let names = [Some(server.name.as_str()), server.address.as_deref()];
    let is = |name: &str| {
        names.iter().flatten().any(|wanted| {
            wanted.eq_ignore_ascii_case(name)
                || (!wanted.contains('.')
                    && name
                        .split('.')
                        .next()
                        .is_some_and(|short| short.eq_ignore_ascii_case(wanted)))
        })
    };
    observation.clusters.values().find_map(|cluster| {
        cluster
            .nodes
            .iter()
            .find(|(name, _)| is(name.as_str()))
            .map(|(name, node)| (name.as_str(), cluster, node))
    })
}

fn verdict(
    server: &Server,
    presented: &[(String, &Certificate)],
    observation: &Observation,
) -> Checked {
    let shows = |leaf: &Certificate| match server.fault {
        Fault::SelfSigned => Some(leaf.is_self_signed()),
        Fault::AuthorityMissing => Some(!leaf.is_self_signed()),
        Fault::Dates => Some(!leaf.valid_at(observation.to)),
        Fault::Name => Some(!holds(leaf, &server.name)),
        Fault::Other => None,
    };
    let describe = |(listener, leaf): &(String, &Certificate)| match server.fault {
        Fault::SelfSigned if leaf.is_self_signed() => {
            format!("{listener} presents the self-signed {}", leaf.title())
        }
        Fault::Dates => format!(
            "{listener} presents {} until {}",
            leaf.title(),
            leaf.not_after
        ),
        Fault::Name => format!("{listener} presents a certificate with {}", names(leaf)),
        _ => format!(
            "{listener} presents {} signed by `{}`",
            leaf.title(),
            leaf.issuer
        ),
    };
    let confirming: Vec<String> = presented
        .iter()
        .filter(|(_, leaf)| shows(leaf) == Some(true))
        .map(describe)
        .collect();
    if !confirming.is_empty() {
        return Checked::Confirmed(confirming.join("; "));
    }
    let all: Vec<String> = presented.iter().map(describe).collect();
    match server.fault {
        Fault::Other => Checked::NotChecked(all.join("; ")),
        _ => Checked::Contradicted(format!("at {}: {}", observation.to, all.join("; "))),
    }
}

/// DNS names, the left-most wildcard included, then the common name; an IP entry does not count.
/// Source: expressway §7 (Apache Traffic Server's host name check).
// claim: EXPRESSWAY-NAME-CHECK
fn holds(leaf: &Certificate, wanted: &str) -> bool {
    let is = |name: &str| {
        name.eq_ignore_ascii_case(wanted)
            || name.strip_prefix("*.").is_some_and(|domain| {
                wanted
                    .split_once('.')
                    .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain))
            })
    };
    leaf.names
        .iter()
        .any(|name| matches!(name, SubjectName::Dns(name) if is(name)))
        || leaf.common_name.as_deref().is_some_and(is)
}

fn names(leaf: &Certificate) -> String {
    let names: Vec<String> = leaf.names.iter().take(8).map(ToString::to_string).collect();
    if names.is_empty() {
        format!("no names beside CN={}", leaf.title())
    } else {
        names.join(", ")
    }
}
