//! The Expressways in the estate file.

use serde_json::{Value, json};

use super::cluster::{Deployment, ExpresswayCluster, Side};
use super::peer::Peer;
use crate::ssh;
use crate::state::fingerprint;

/// The name of a cluster's one account in the estate file and among the secrets.
pub(crate) fn account(cluster: &ExpresswayCluster) -> String {
    format!("{}-administrator", cluster.name)
}

/// The lines for the accounts.
pub(crate) fn accounts(deployment: &Deployment) -> String {
    let clusters = deployment.clusters().into_iter();
    let line = |cluster: &ExpresswayCluster| {
        let (name, user) = (account(cluster), &cluster.account.user);
        format!("  {name}: {{user: {user}, password: {{file: secrets/{name}}}}}\n")
    };
    clusters.map(line).collect()
}

/// The lines for the clusters. The one account opens the interface and the command line.
pub(crate) fn clusters(deployment: &Deployment) -> String {
    let mut text = String::new();
    for cluster in deployment.clusters() {
        let (name, account) = (&cluster.name, account(cluster));
        text += &format!(
            "  - name: {name}\n    product: {}\n    accounts: {{administrator: {account}, shell: {account}}}\n    \
             nodes:\n",
            cluster.side.word()
        );
        for peer in &cluster.peers {
            text += &format!(
                "      - name: {}\n        role: peer\n        address: 127.0.0.1\n        ports: {{{}}}\n",
                peer.name,
                ports(cluster.side, peer)
            );
        }
    }
    text
}

/// The ports that a peer has a use for.
fn ports(side: Side, peer: &Peer) -> String {
    let ports = peer.ports;
    match side {
        Side::Core => format!("rest: {}, ssh: {}", ports.rest, ports.ssh),
        Side::Edge => format!(
            "rest: {}, ssh: {}, zone: {}, tunnel: {}",
            ports.rest, ports.ssh, ports.traversal, ports.tunnel
        ),
    }
}

/// The rule for the one certificate of each peer.
pub(crate) const RULE: &str = "  - where: {product: [expressway-c, expressway-e], purpose: [server]}\n    \
                               issuer: corp\n    distribution: this-server\n    key: rsa-2048\n    renew_before: 30d\n";

/// What a careful operator would have noted down about a peer before.
pub(crate) fn pins(peer: &Peer, at: &str) -> [Value; 2] {
    let pin = |port: u16, key: &str, sha256: String| {
        json!({ "node": peer.name, "port": port, "key": key, "sha256": sha256,
                "proved": "written by the lab", "at": at })
    };
    [
        pin(443, "rsa", fingerprint(&peer.served.identity.certificate)),
        pin(22, "ssh-ed25519", ssh::host_key_sha256(&peer.host_key)),
    ]
}
