//! What follows by itself when an identity certificate was stored.

use std::time::Duration;

use openssl::x509::X509;

use crate::agenda::Due;
use crate::install::REPLICATION;
use crate::judge;
use crate::log::{Channel, Kind, Place};
use crate::state::{Identity, Node, Release, Role};
use crate::trust;
use crate::world::Scene;

/// How long a service takes to restart itself, before scaling.
const SELF_RESTART: Duration = Duration::from_secs(10);

/// Purposes whose change resets every phone from release 14 on.
///
/// claim: PHONE-AUTO-RESET
const RESETTING: [&str; 4] = ["CallManager", "TVS", "CAPF", "ITLRecovery"];

impl Scene<'_> {
    /// Judges a change of what phones trust before it takes place.
    pub(crate) fn judge_phone_trust(&mut self, place: &Place, purpose: &str, channel: Channel) {
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        for (what, detail) in judge::phone_trust_change(cluster, &place.node, purpose) {
            self.note(place, channel, Kind::Violation, what, &detail);
        }
    }

    /// Puts a certificate that the node made itself in the place of the stored one. There is one `ITLRecovery` for a
    /// whole cluster.
    pub(crate) fn replace(&mut self, place: &Place, purpose: &str, made: &Identity) {
        let Some(cluster) = self.cluster(place) else {
            return;
        };
        let mut places = Vec::new();
        for node in &mut cluster.nodes {
            let shares = purpose == "ITLRecovery" && node.identities.contains_key(purpose);
            if node.name == place.node || shares {
                node.identities.insert(purpose.to_owned(), made.clone());
                node.pending.remove(purpose);
                places.push(Place::new(&cluster.name, &node.name));
            }
        }
        self.follow(&places, purpose);
    }

    /// Does what follows when a purpose's certificate was stored on these nodes.
    pub(crate) fn follow(&mut self, places: &[Place], purpose: &str) {
        let Some(first) = places.first() else { return };
        let Some(cluster) = self.cluster(first) else {
            return;
        };
        let release = cluster.numbers();
        let mut changed = vec![purpose.to_owned()];
        if cluster.reuse {
            changed.extend(stands_in_for(purpose).map(str::to_owned));
        }
        for place in places {
            for purpose in &changed {
                cluster.memory.is_changed(&place.node, purpose);
            }
            if let Some(node) = cluster.node_mut(&place.node)
                && let Some(identity) = node.identities.get(purpose).cloned()
            {
                for purpose in &changed {
                    node.identities.insert(purpose.clone(), identity.clone());
                }
            }
        }
        if purpose == "CAPF" {
            for place in places {
                self.capf_is_trusted(place);
            }
        }
        if release >= Release::FOURTEEN {
            self.services_follow(places, purpose);
            if let Some(purpose) = changed
                .iter()
                .find(|purpose| RESETTING.contains(&purpose.as_str()))
            {
                let count = self.reset_phones(&first.cluster, None);
                let detail = format!("{count} phones, by themselves after {purpose}");
                self.note(first, Channel::Lab, Kind::Effect, "phones-reset", &detail);
            }
        }
    }

    /// claim: CUCM-TVS-SELF-RESTART, PHONE-ITL-ON-START
    fn services_follow(&mut self, places: &[Place], purpose: &str) {
        let service = match purpose {
            "TVS" => "Cisco Trust Verification Service",
            "CAPF" => "Cisco Certificate Authority Proxy Function",
            _ => return,
        };
        let unix = self.now.unix;
        for place in places {
            if let Some(cluster) = self.cluster(place) {
                cluster.refresh_itls(unix);
            }
            let (place, service) = (place.clone(), service.to_owned());
            self.later(SELF_RESTART, Due::Reload { place, service });
        }
    }

    /// Forgets the changes that are finished now: what happens to phones later does not open them again.
    pub(crate) fn close_changes(&mut self, cluster: &str) {
        let Some(cluster) = self.clusters.get_mut(cluster) else {
            return;
        };
        let mut changed = cluster.memory.changed.clone();
        changed.retain(|purpose| judge::open_change(cluster, purpose).is_some());
        cluster.memory.changed = changed;
    }

    /// A new CAPF certificate is trusted beside the former one, whose signatures phones still carry.
    ///
    /// claim: CUCM-CAPF-KEEPS-FORMER
    fn capf_is_trusted(&mut self, place: &Place) {
        let publisher = |node: &&mut Node| node.role == Role::Publisher;
        let own = self
            .node(place)
            .filter(publisher)
            .and_then(|node| node.identities.get("CAPF").cloned());
        let Some(Identity { certificate, .. }) = own else {
            return;
        };
        for store in ["CAPF-trust", "CallManager-trust"] {
            if let Some(node) = self.node(place) {
                trust::add(
                    node.trusts.entry(store.to_owned()).or_default(),
                    &certificate,
                );
            }
            let detail = format!("{store} {}: stored", trust::describe(&certificate));
            self.note(place, Channel::Lab, Kind::Effect, "trust-added", &detail);
            self.spread(place, store, &certificate, true);
        }
    }

    /// Lets a trust certificate reach the other nodes of its scope.
    pub(crate) fn spread(&mut self, place: &Place, store: &str, certificate: &X509, beside: bool) {
        for receiver in self.receivers(place, store) {
            let due = Due::Trust {
                place: receiver,
                store: store.to_owned(),
                certificate: certificate.clone(),
                beside,
            };
            self.later(REPLICATION, due);
        }
    }
}

/// The purpose that a certificate takes over where tomcat is reused.
///
/// claim: CUCM-REUSE
pub(crate) fn stands_in_for(purpose: &str) -> Option<&'static str> {
    match purpose {
        "tomcat" => Some("CallManager"),
        "tomcat-ECDSA" => Some("CallManager-ECDSA"),
        _ => None,
    }
}
