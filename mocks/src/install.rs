//! What an accepted request or upload changes, on the node and on those that share it.

use std::sync::Arc;

use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Req};

use crate::certificates::RequestWanted;
use crate::judge;
use crate::log::{Channel, Kind, Place};
use crate::scope;
use crate::state::{Cluster, Identity, Node, PendingRequest, ServiceState, fingerprint};
use crate::trust::{self, Placed};
use crate::upload;
use crate::world::Scene;

/// How long a trust certificate takes to reach the other nodes, before scaling.
pub(crate) const REPLICATION: std::time::Duration = std::time::Duration::from_secs(15);

impl Scene<'_> {
    pub(crate) fn judge_replication(&mut self, place: &Place, what: &str, channel: Channel) {
        let found = self
            .cluster(place)
            .and_then(|cluster| judge::bad_replication(cluster, what));
        if let Some((what, detail)) = found {
            self.note(place, channel, Kind::Violation, what, &detail);
        }
    }

    pub(crate) fn judge_identity_upload(
        &mut self,
        place: &Place,
        purpose: &str,
        leaf: &X509,
        channel: Channel,
    ) {
        self.judge_replication(place, "identity upload", channel);
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        let found = judge::identity_upload(cluster, &place.node, purpose, leaf);
        for (what, detail) in found {
            self.note(place, channel, Kind::Violation, what, &detail);
        }
    }

    /// claim: CUCM-CSR-OVERWRITES, CUCM-CSR-MULTI-COPIED, CUCM-MULTI-SERVER-PARTIAL
    pub(crate) fn store_request(
        &mut self,
        place: &Place,
        wanted: &RequestWanted,
        request: &Arc<X509Req>,
        key: &PKey<Private>,
        channel: Channel,
    ) {
        self.judge_replication(place, "certificate request", channel);
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        let holders: Vec<String> = if wanted.multi_server {
            reachable(cluster, &place.node, &wanted.purpose)
        } else {
            vec![place.node.clone()]
        };
        let mut overwritten = Vec::new();
        for name in &holders {
            let shared_with = if wanted.multi_server {
                holders.clone()
            } else {
                Vec::new()
            };
            let pending = PendingRequest {
                request: Arc::clone(request),
                key: key.clone(),
                shared_with,
            };
            let Some(node) = cluster.node_mut(name) else {
                continue;
            };
            if node
                .pending
                .insert(wanted.purpose.clone(), pending)
                .is_some()
            {
                overwritten.push(name.clone());
            }
        }
        let detail = format!("{} on {}", wanted.purpose, holders.join(", "));
        self.note(place, channel, Kind::Effect, "request-made", &detail);
        if !overwritten.is_empty() {
            let detail = format!("{} on {}", wanted.purpose, overwritten.join(", "));
            self.note(
                place,
                channel,
                Kind::Violation,
                "request-overwritten",
                &detail,
            );
        }
    }

    /// Stores one trust certificate and lets it spread.
    pub(crate) fn store_authority(
        &mut self,
        place: &Place,
        store: &str,
        certificate: &X509,
        channel: Channel,
    ) -> Placed {
        let Some(node) = self.node(place) else {
            return Placed::Kept;
        };
        let placed = trust::place(
            node.trusts.entry(store.to_owned()).or_default(),
            certificate,
        );
        let detail = format!(
            "{store} {}: {}",
            trust::describe(certificate),
            placed.word()
        );
        self.note(place, channel, Kind::Effect, "trust-upload", &detail);
        if matches!(placed, Placed::Stored | Placed::Replaced) {
            self.spread(place, store, certificate, false);
        }
        placed
    }

    /// The nodes that a trust certificate stored on this one reaches.
    pub(crate) fn receivers(&mut self, place: &Place, store: &str) -> Vec<Place> {
        let Some(cluster) = self.cluster(place) else {
            return Vec::new();
        };
        let receivers = scope::receivers(cluster, &place.node, store).into_iter();
        receivers
            .map(|node| Place::new(&cluster.name, &node.name))
            .collect()
    }

    /// Installs an accepted identity on every node that shares its request.
    pub(crate) fn install(&mut self, place: &Place, purpose: &str, leaf: &X509, channel: Channel) {
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        let Some(pending) = cluster
            .node(&place.node)
            .and_then(|node| node.pending.get(purpose))
            .cloned()
        else {
            return;
        };
        let mut holders = vec![place.node.clone()];
        let reachable = reachable(cluster, &place.node, purpose);
        holders.extend(
            pending
                .shared_with
                .into_iter()
                .filter(|name| *name != place.node && reachable.contains(name)),
        );
        let store = upload::trust_store_of(purpose);
        let chain = cluster
            .node(&place.node)
            .and_then(|node| node.trusts.get(&store))
            .cloned()
            .unwrap_or_default();
        for name in &holders {
            let Some(node) = cluster.node_mut(name) else {
                continue;
            };
            node.identities.insert(
                purpose.to_owned(),
                Identity {
                    certificate: leaf.clone(),
                    key: pending.key.clone(),
                },
            );
            node.pending.remove(purpose);
            if name != &place.node {
                let entries = node.trusts.entry(store.clone()).or_default();
                for authority in &chain {
                    trust::place(entries, authority);
                }
            }
        }
        let print: String = fingerprint(leaf).chars().take(12).collect();
        let places: Vec<Place> = holders
            .iter()
            .map(|name| Place::new(&place.cluster, name))
            .collect();
        for stored_at in &places {
            self.note(
                stored_at,
                channel,
                Kind::Effect,
                "identity-stored",
                &format!("{purpose} sha256={print}"),
            );
        }
        self.follow(&places, purpose);
    }
}

/// The nodes that can take part in a multi-server request or certificate of a purpose: the addressed one, and every
/// other one of its scope whose web server and platform service run.
///
/// claim: CUCM-MULTI-SERVER-PARTIAL
fn reachable(cluster: &Cluster, addressed: &str, purpose: &str) -> Vec<String> {
    let up = |node: &Node, service: &str| {
        node.service(service)
            .is_some_and(|(_, found)| found.state == ServiceState::Started)
    };
    let takes_part = |node: &&Node| {
        node.name == addressed
            || (up(node, "Cisco Tomcat") && up(node, "Platform Administrative Web Service"))
    };
    let sharing = scope::multi_server(cluster, purpose).unwrap_or_default();
    sharing
        .into_iter()
        .filter(takes_part)
        .map(|node| node.name.clone())
        .collect()
}
