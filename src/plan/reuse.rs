//! Tomcat certificates that CallManager reuses: renewing one renews both, and phones notice.

use std::collections::BTreeSet;

use crate::model::{KeyAlgorithm, Listener, NodeName, NodeState, Observed, Port, Purpose};

use super::facts::{Refusals, Site, unknown};

/// The purpose that a tomcat certificate may stand in for. Source: cucm-certificate-rules §8 (T221070).
pub(super) fn twin_of(purpose: &Purpose) -> Option<Purpose> {
    match purpose.as_str() {
        "tomcat" => Some("CallManager".into()),
        "tomcat-ECDSA" => Some("CallManager-ECDSA".into()),
        _ => None,
    }
}

/// The purpose whose certificate a CallManager certificate may be.
pub(super) fn original_of(purpose: &Purpose) -> Option<Purpose> {
    match purpose.as_str() {
        "CallManager" => Some("tomcat".into()),
        "CallManager-ECDSA" => Some("tomcat-ECDSA".into()),
        _ => None,
    }
}

/// The nodes on which CallManager reuses a tomcat certificate: both identities are one, or the platform hides the
/// second and port 5061 presents the first (claim CUCM-REUSE).
///
/// # Errors
/// A refusal for each node where that cannot be told.
pub(super) fn reused(site: &Site<'_>, purpose: &Purpose) -> Result<BTreeSet<NodeName>, Refusals> {
    let Some(twin) = twin_of(purpose) else {
        return Ok(BTreeSet::new());
    };
    let mut nodes = BTreeSet::new();
    let mut refusals = Vec::new();
    for name in site.selected(crate::model::NodeSelection::CallProcessing) {
        let Some(node) = site.state.nodes.get(&name) else {
            continue;
        };
        match on(node, purpose, &twin) {
            Ok(true) => {
                nodes.insert(name);
            }
            Ok(false) => {}
            Err(why) => {
                let fact = format!("whether {twin} reuses the {purpose} certificate");
                let refusal = unknown(site.cluster, &fact, why);
                refusals.push(refusal.breaking("I12").at([&name]));
            }
        }
    }
    if refusals.is_empty() {
        Ok(nodes)
    } else {
        Err(refusals)
    }
}

fn on<'n>(node: &'n NodeState, purpose: &Purpose, twin: &Purpose) -> Result<bool, &'n str> {
    let Some(stored) = node.identities.get(purpose).and_then(Observed::present) else {
        return Ok(false);
    };
    if let Some(other) = node.identities.get(twin).and_then(Observed::present) {
        return Ok(other == stored);
    }
    let key = if purpose.is_ecdsa() {
        KeyAlgorithm::Ec
    } else {
        KeyAlgorithm::Rsa
    };
    let port = Port::Sip;
    match node.served.get(&Listener { port, key }) {
        Some(Observed::Present(chain)) => Ok(chain.leaf == *stored),
        Some(Observed::Unknown(why)) => Err(why),
        Some(Observed::Absent) | None => Ok(false),
    }
}
