//! Whether a tomcat certificate is CallManager's as well, so that renewing it changes what phones trust (I12).

use std::collections::BTreeSet;

use crate::model::{
    Appliance, ClusterState, KeyAlgorithm, Listener, NodeState, Observed, Port, Purpose, Release,
};

/// The purposes that are reused for CallManager on some node, or of which that cannot be ruled out. Where the platform
/// hides the second one, port 5061 tells. Source: cucm-certificate-rules §8, claim CUCM-REUSE.
pub(super) fn found(seen: &ClusterState, release: &Release) -> BTreeSet<Purpose> {
    let pairs = [
        ("tomcat", "CallManager", KeyAlgorithm::Rsa),
        ("tomcat-ECDSA", "CallManager-ECDSA", KeyAlgorithm::Ec),
    ];
    let call_processing = || {
        let nodes = seen.nodes.iter();
        nodes.filter(|(name, _)| seen.appliance(name) == Some(Appliance::Cucm))
    };
    let shared = pairs.into_iter().filter(|(purpose, twin, key)| {
        call_processing().any(|(_, node)| shares(node, &(*purpose).into(), &(*twin).into(), *key))
    });
    shared
        .filter(|_| release.level() >= (14, 0, 0))
        .map(|(purpose, ..)| Purpose::from(purpose))
        .collect()
}

fn shares(node: &NodeState, purpose: &Purpose, other: &Purpose, key: KeyAlgorithm) -> bool {
    let listener = Listener {
        port: Port::Sip,
        key,
    };
    let stored = node.identities.get(purpose).and_then(Observed::present);
    let other = node.identities.get(other).and_then(Observed::present);
    match (stored, other, node.served.get(&listener)) {
        (Some(stored), Some(other), _) => stored == other,
        (Some(stored), None, Some(Observed::Present(chain))) => chain.leaf == *stored,
        (Some(_), None, Some(Observed::Unknown(_))) => true,
        (None, _, _) | (Some(_), None, Some(Observed::Absent) | None) => false,
    }
}
