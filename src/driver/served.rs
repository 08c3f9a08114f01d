//! What the TLS ports of a node present. No account is used: this is a second witness beside the inventory.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::NodeAccess;
use crate::model::{Appliance, KeyAlgorithm, Listener, Observed, Port, ServedChain};
use crate::pki::{self, Parsed};
use crate::transport::Limits;
use crate::transport::tls::{ProbeError, probe};

/// What was presented, and the certificates.
pub(super) struct Served {
    pub(super) listeners: BTreeMap<Listener, Observed<ServedChain>>,
    pub(super) seen: Vec<Parsed>,
}

const KEYS: [KeyAlgorithm; 2] = [KeyAlgorithm::Rsa, KeyAlgorithm::Ec];

/// Shakes hands with every port that speaks TLS, once for each kind of key.
// claim: CUCM-ECDSA-TWIN
pub(super) async fn look(appliance: Appliance, node: &NodeAccess, limits: &Limits) -> Served {
    let listeners = Port::of(appliance)
        .iter()
        .copied()
        .filter(|port| *port != Port::Ssh)
        .flat_map(|port| KEYS.into_iter().map(move |key| Listener { port, key }));
    let answers = join_all(listeners.map(|listener| async move {
        let port = node.port(listener.port);
        (
            listener,
            probe(&node.address, port, listener.key, limits).await,
        )
    }))
    .await;
    // Some port of this node answered, so a refused one is closed and not merely out of reach.
    let reached = answers
        .iter()
        .any(|(_, answer)| matches!(answer, Ok(_) | Err(ProbeError::NotOffered { .. })));
    let mut served = Served {
        listeners: BTreeMap::new(),
        seen: Vec::new(),
    };
    for (listener, answer) in answers {
        let presented = match answer {
            Ok(chain) => served.chain(node, listener, &chain),
            Err(error) => absent_or_unknown(listener, &error, reached),
        };
        served.listeners.insert(listener, presented);
    }
    served
}

/// A node may lack the service behind any port but the two of the web server: TFTP, call processing, trust
/// verification, presence. The two web ports are always open, unless
/// Tomcat is down, which says nothing about the certificate.
fn absent_or_unknown(
    listener: Listener,
    error: &ProbeError,
    reached: bool,
) -> Observed<ServedChain> {
    let optional = !matches!(listener.port, Port::Rest | Port::Soap);
    match error {
        ProbeError::NotOffered { .. } => Observed::Absent,
        ProbeError::Refused { .. } if optional && reached => Observed::Absent,
        ProbeError::Refused { .. } | ProbeError::Timeout { .. } | ProbeError::Other { .. } => {
            Observed::Unknown(error.to_string())
        }
    }
}

impl Served {
    /// Only the leaf must be readable: what follows it is a courtesy of the node.
    // claim: CUCM-SERVED-CHAIN (assumed)
    fn chain(
        &mut self,
        node: &NodeAccess,
        listener: Listener,
        chain: &[Vec<u8>],
    ) -> Observed<ServedChain> {
        let mut fingerprints = Vec::new();
        for der in chain {
            fingerprints.push(crate::model::Fingerprint::of(der));
            match pki::parse_der(der) {
                Ok(parsed) => self.seen.push(parsed),
                Err(error) if fingerprints.len() == 1 => {
                    let port = listener.port;
                    return Observed::Unknown(format!(
                        "{} presents on {port} what cannot be read: {error}",
                        node.name
                    ));
                }
                Err(_) => {}
            }
        }
        let mut rest = fingerprints.into_iter();
        match rest.next() {
            Some(leaf) => Observed::Present(ServedChain {
                leaf,
                rest: rest.collect(),
            }),
            None => Observed::Unknown(format!(
                "{} presents an empty chain on {listener}",
                node.name
            )),
        }
    }
}
