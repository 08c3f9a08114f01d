//! Which service takes which certificates with it when it starts, and what is a reason to restart it.

use std::collections::BTreeSet;

use super::{Cluster, Node, Release};

/// The purposes whose stored certificates a service loads when it starts.
///
/// claim: CUCM-TOMCAT-STORED-NOT-SERVED, CUCM-TFTP-CACHES-TOMCAT, CUCM-SIP-PORT, CUCM-CALLMANAGER-SERVED,
/// PHONE-ITL-ON-START, CUCM-TVS-PORT, CUCM-CAPF-RESTART, CUCM-IPSEC-RESTART
#[must_use]
pub(crate) fn loaded_by(service: &str, release: Release) -> &'static [&'static str] {
    match service {
        "Cisco Tomcat" | "Cisco UDS Tomcat" | "Cisco AXL Tomcat" => &["tomcat", "tomcat-ECDSA"],
        "Cisco Tftp" => &["tomcat", "CallManager", "ITLRecovery"],
        "Cisco CallManager" => &["CallManager", "CallManager-ECDSA"],
        "Cisco HAProxy" if release >= Release::FOURTEEN_SU1 => &["CallManager"],
        "Cisco Trust Verification Service" => &["TVS"],
        "Cisco Certificate Authority Proxy Function" => &["CAPF"],
        "Cisco DRF Local" | "Cisco DRF Master" => &["ipsec"],
        other => super::product_services::loaded_by_product_service(other),
    }
}

/// The purposes for which the vendor's notes restart a service although it loads them not.
///
/// claim: CUCM-PHONE-TRUST-SETS, CUCM-TOMCAT-SET-14, CUCM-TOMCAT-SET-12-5
fn also_restarted_for(service: &str, release: Release) -> &'static [&'static str] {
    match service {
        "Cisco Tftp" => &["tomcat-ECDSA", "CallManager-ECDSA", "TVS", "CAPF"],
        "Cisco CallManager" if release < Release::FOURTEEN => &["tomcat", "tomcat-ECDSA"],
        "Cisco CTIManager" => &["CallManager", "CallManager-ECDSA"],
        "Cisco HAProxy" => &["tomcat", "CallManager", "CallManager-ECDSA", "CAPF"],
        "Cisco Trust Verification Service" => &["CallManager", "CallManager-ECDSA", "CAPF"],
        "Cisco SSOSP Tomcat" | "Cisco DRF Local" | "Cisco DRF Master" => {
            &["tomcat", "tomcat-ECDSA"]
        }
        _ => &[],
    }
}

/// Every purpose that is a reason to restart a service.
pub(crate) fn reasons_of(service: &str, release: Release) -> impl Iterator<Item = &'static str> {
    let own = loaded_by(service, release).iter();
    own.chain(also_restarted_for(service, release)).copied()
}

/// The fingerprints of what is stored and is a reason to restart a service of a node. What phones are given by the
/// one and asked of the other comes from all nodes.
pub(crate) fn reason_prints(cluster: &Cluster, node: &Node, service: &str) -> BTreeSet<String> {
    let shared = matches!(service, "Cisco Tftp" | "Cisco Trust Verification Service");
    let mut prints = BTreeSet::new();
    for purpose in reasons_of(service, cluster.numbers()) {
        if shared && !purpose.starts_with("tomcat") {
            prints.extend(cluster.nodes.iter().filter_map(|node| node.stored(purpose)));
        } else {
            prints.extend(node.stored(purpose));
        }
    }
    prints
}
