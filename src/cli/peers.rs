//! `trust`: knowing nodes by their TLS certificates and SSH host keys.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use crate::estate;
use crate::model::{Fingerprint, KeyAlgorithm, NodeName, Port};
use crate::pki;
use crate::transport::{Endpoint, Peer, ssh, tls};

use super::exit::{CliError, Exit};
use super::output::{Output, talk};
use super::session::Session;

/// A peer as it presents itself, not yet believed.
#[derive(Serialize)]
struct Shown {
    node: NodeName,
    port: u16,
    key: String,
    sha256: Fingerprint,
    about: String,
    known: bool,
}

/// A declared node and the ports by which it is known.
type Declared<'a> = (&'a estate::Node, BTreeSet<Port>);

/// `trust list`.
pub(super) fn list(session: &Session, output: Output) -> Result<Exit, CliError> {
    let peers = session
        .network
        .pins
        .peers()
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    Ok(output.result(Exit::Done, &peers, || {
        if peers.is_empty() {
            return "No peer is known. `reissue trust add` looks at every node of the estate.\n"
                .to_owned();
        }
        let line = |peer: &Peer| {
            format!(
                "{:<36} {:>5} {:<12} sha256:{}  {} {}\n",
                peer.node, peer.port, peer.key, peer.sha256, peer.at, peer.proved
            )
        };
        peers.iter().map(line).collect()
    }))
}

/// `trust remove NODE`.
pub(super) fn remove(session: &Session, output: Output, node: &str) -> Result<Exit, CliError> {
    let name = NodeName::new(node.to_ascii_lowercase());
    let removed = session
        .network
        .pins
        .remove(&name, None)
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    if removed == 0 {
        return Err(
            CliError::new(Exit::Usage, format!("nothing is known of {name}"))
                .hint("`reissue trust list` shows what is known"),
        );
    }
    Ok(output.result(Exit::Done, &removed, || {
        format!("{removed} pins of {name} removed.\n")
    }))
}

/// `trust add [NODE]`.
pub(super) async fn add(
    session: &Session,
    output: Output,
    node: Option<&str>,
    fingerprints: &[String],
) -> Result<Exit, CliError> {
    let given = given(fingerprints)?;
    let nodes = nodes(session, node)?;
    let mut shown = Vec::new();
    let mut silent = Vec::new();
    for node in &nodes {
        look(session, node, &mut shown, &mut silent).await;
    }
    for problem in &silent {
        talk(problem);
    }
    let new: Vec<&Shown> = shown.iter().filter(|each| !each.known).collect();
    if new.is_empty() {
        let exit = if silent.is_empty() {
            Exit::Done
        } else {
            Exit::Failed
        };
        return Ok(output.result(exit, &shown, || "Nothing new to trust.\n".to_owned()));
    }
    let accepted = accepted(&new, &given)?;
    let at = session.clock.now();
    for each in accepted {
        let proved = if given.is_empty() {
            "compared by a person on the terminal"
        } else {
            "given by fingerprint"
        };
        let peer = Peer {
            node: each.node.clone(),
            port: each.port,
            key: each.key.clone(),
            sha256: each.sha256.clone(),
            proved: proved.to_owned(),
            at,
        };
        session
            .network
            .pins
            .add(peer)
            .map_err(|error| CliError::new(Exit::Failed, error))?;
    }
    let exit = if silent.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    };
    Ok(output.result(exit, &shown, || {
        format!(
            "Pins are kept in {}.\n",
            session.network.pins.path().display()
        )
    }))
}

fn given(fingerprints: &[String]) -> Result<BTreeSet<Fingerprint>, CliError> {
    fingerprints
        .iter()
        .map(|text| {
            Fingerprint::parse(text).ok_or_else(|| {
                CliError::new(
                    Exit::Usage,
                    format!("`{text}` is not a SHA-256 of 64 hexadecimal digits"),
                )
            })
        })
        .collect()
}

fn nodes<'a>(session: &'a Session, wanted: Option<&str>) -> Result<Vec<Declared<'a>>, CliError> {
    let all: BTreeMap<&NodeName, Declared<'_>> = session
        .estate
        .clusters
        .values()
        .flat_map(|cluster| {
            let known = |(name, node)| (name, (node, cluster.pinned(node)));
            cluster.nodes.iter().map(known)
        })
        .collect();
    let Some(wanted) = wanted else {
        return Ok(all.into_values().collect());
    };
    let found = all.iter().find(|(name, _)| {
        name.as_str().eq_ignore_ascii_case(wanted) || name.short().eq_ignore_ascii_case(wanted)
    });
    found.map(|(_, node)| vec![node.clone()]).ok_or_else(|| {
        let nearest = all
            .keys()
            .min_by_key(|name| strsim::damerau_levenshtein(name.as_str(), wanted));
        let error = CliError::new(
            Exit::Usage,
            format!("the estate file has no node `{wanted}`"),
        );
        match nearest {
            Some(nearest) => error.hint(format!("did you mean {nearest}?")),
            None => error,
        }
    })
}

/// Looks at what a node presents; sends no password.
async fn look(
    session: &Session,
    (node, ports): &Declared<'_>,
    shown: &mut Vec<Shown>,
    silent: &mut Vec<String>,
) {
    let limits = session.network.limits;
    for port in ports.iter().copied().filter(|port| *port != Port::Ssh) {
        for key in [KeyAlgorithm::Rsa, KeyAlgorithm::Ec] {
            match tls::probe(&node.address, node.port(port), key, &limits).await {
                Ok(chain) => {
                    let leaf = chain.first().map(|der| pki::parse_der(der));
                    let Some(Ok(leaf)) = leaf else {
                        silent.push(format!(
                            "{}: port {port} presents something that is no certificate",
                            node.name
                        ));
                        continue;
                    };
                    let kind = if key == KeyAlgorithm::Ec {
                        "ecdsa"
                    } else {
                        "rsa"
                    };
                    let facts = leaf.facts;
                    let about = format!(
                        "{}, issued by {}, until {}",
                        facts.subject, facts.issuer, facts.not_after
                    );
                    shown.push(one(session, node, port, kind, facts.sha256, about));
                }
                Err(tls::ProbeError::NotOffered { .. }) => {}
                Err(error) => silent.push(format!("{}: {error}", node.name)),
            }
        }
    }
    if !ports.contains(&Port::Ssh) {
        return;
    }
    let endpoint = Endpoint {
        node: node.name.clone(),
        host: node.address.clone(),
        port: node.port(Port::Ssh),
        standard: Port::Ssh,
    };
    match ssh::host_key(&endpoint, &limits).await {
        Ok((kind, sha256)) => shown.push(one(
            session,
            node,
            Port::Ssh,
            &kind,
            sha256,
            "SSH host key".to_owned(),
        )),
        Err(error) => silent.push(error.to_string()),
    }
}

fn one(
    session: &Session,
    node: &estate::Node,
    port: Port,
    key: &str,
    sha256: Fingerprint,
    about: String,
) -> Shown {
    let known = matches!(
        session.network.pins.check(&node.name, port, &sha256),
        Ok(Ok(()))
    );
    Shown {
        node: node.name.clone(),
        port: port.standard(),
        key: key.to_owned(),
        sha256,
        about,
        known,
    }
}

/// Those that a person or the command line vouches for. Without either, nothing is believed.
fn accepted<'a>(
    new: &[&'a Shown],
    given: &BTreeSet<Fingerprint>,
) -> Result<Vec<&'a Shown>, CliError> {
    for each in new {
        talk(&format!(
            "{} port {} {}\n  sha256:{}\n  {}",
            each.node, each.port, each.key, each.sha256, each.about
        ));
    }
    if !given.is_empty() {
        let (fine, other): (Vec<&Shown>, Vec<&Shown>) =
            new.iter().partition(|each| given.contains(&each.sha256));
        if let Some(first) = other.first().filter(|_| fine.is_empty()) {
            return Err(CliError::new(
                Exit::NotTrusted,
                format!(
                    "{} port {} presents sha256:{}, which is none of those given",
                    first.node, first.port, first.sha256
                ),
            ));
        }
        for each in other {
            talk(&format!(
                "{} port {} {}: not given, not kept",
                each.node, each.port, each.key
            ));
        }
        return Ok(fine);
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::new(
            Exit::NotTrusted,
            "these peers are not known, and there is no terminal to ask on",
        )
        .hint(
            "compare each with the node's own console, then name it with --fingerprint sha256:…",
        ));
    }
    talk(
        "Compare each with what the node's own console shows (`show cert own tomcat`; on Expressway Maintenance > Security > Server certificate).",
    );
    let mut prompt = std::io::stderr().lock();
    drop(
        write!(
            prompt,
            "Keep these {} as known peers? Type yes: ",
            new.len()
        )
        .and_then(|()| prompt.flush()),
    );
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        Ok(new.to_vec())
    } else {
        Err(CliError::new(
            Exit::NotTrusted,
            "not confirmed; nothing was kept",
        ))
    }
}
