//! Checks of Expressway-C and Expressway-E, each by itself, with each other, and with the CUCM clusters of the estate.
//!
//! None of them tells of revocation, which is never checked. What `VerifyOriginServer` is set to counts only where it
//! was learned; unknown stands for its default, on.

mod authorities;
mod names;
mod neighbours;
mod pair;
mod peer;
mod store;
mod unified;
mod usage;

use crate::model::neighbours::{answers_with, names, peers, presented};
use crate::model::{
    Certificate, ClusterState, Finding, NodeName, NodeState, Observed, Product, Purpose, Severity,
    Store,
};

use super::{Check, Context, certificates, node, requests};

/// Every check of an Expressway cluster.
pub(super) const CHECKS: &[Check] = &[
    certificates::validity,
    certificates::signer,
    certificates::key_and_usages,
    requests::purposes,
    node::reachable,
    node::identity_of_the_box,
    node::clock,
    peer::product,
    peer::unknown,
    peer::interface,
    peer::served,
    peer::zones,
    peer::tunnels,
    peer::alarms,
    names::own,
    names::domains,
    store::own_chain,
    store::same_name,
    usage::client_auth,
    usage::can_be_given,
    pair::peer_addresses,
    pair::verify_names,
    pair::authorities,
    pair::releases,
    unified::origin,
    unified::verify_mode,
    unified::advertised,
    unified::untrusted,
    unified::not_trusted,
];

/// The one trust store of a peer.
const STORE: &str = "trusted-ca";

/// What a store of a node holds; `None` if it is not known. What no library reads is left out.
fn held<'a>(
    state: &'a ClusterState,
    node: &NodeState,
    store: &str,
) -> Option<Vec<&'a Certificate>> {
    match node.trust.get(&Store::from(store)) {
        Some(Observed::Present(entries)) => Some(
            entries
                .iter()
                .filter_map(|entry| state.certificates.get(&entry.sha256))
                .collect(),
        ),
        Some(Observed::Absent) => Some(Vec::new()),
        Some(Observed::Unknown(_)) => None,
        None => node.inventory.present().map(|()| Vec::new()),
    }
}

/// The certificate with which a peer connects to others: from X15.5 on the client certificate.
// claim: EXPRESSWAY-CLIENT-STORE
fn connects_with<'a>(
    state: &'a ClusterState,
    name: &NodeName,
    node: &'a NodeState,
) -> Option<&'a Certificate> {
    let client = Purpose::from("client");
    match node.identities.get(&client) {
        Some(Observed::Present(_)) => state.identity(name, &client),
        Some(Observed::Absent | Observed::Unknown(_)) => None,
        None => answers_with(state, name, node),
    }
}

/// A finding about the server certificate of a peer, which a renewal mends.
fn about_server(
    context: &Context<'_>,
    severity: Severity,
    code: &str,
    node: &NodeName,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Finding {
    Finding {
        purpose: Some(Purpose::from("server")),
        renewal_mends: true,
        ..context.finding(severity, code, Some(node), expected, found)
    }
}

fn is_core(context: &Context<'_>) -> bool {
    context.state.product == Product::ExpresswayC
}
