//! The questions: paths, and the profile with which a peer's own description is compared.

use crate::model::Product;

/// The documented interface; Cisco's examples also write `/api/v1/provisioning`.
// claim: EXPRESSWAY-REST-BASE
pub const BASE: &str = "/api/provisioning";
/// The peer's description of its interface.
pub const DESCRIPTION: &str = "/api/raml";
/// The status document.
// claim: EXPRESSWAY-STATUS
pub const STATUS: &str = "/status.xml";

/// The server certificate of this peer.
// claim: EXPRESSWAY-CERT-SERVER
pub const SERVER: &str = "/certs/server";
/// The trusted CA list of this peer.
// claim: EXPRESSWAY-CERT-ROOT
pub const ROOT: &str = "/certs/root";
/// The signing request that waits.
// claim: EXPRESSWAY-CSR
pub const REQUEST: &str = "/certs/generate_csr";
/// Domains.
pub const DOMAIN: &str = "/common/domain";
/// Mobile and remote access.
pub const REMOTE_ACCESS: &str = "/common/mra";
/// Host name and domain.
pub const DNS: &str = "/common/dns/dns";
/// Unified Communications Manager publishers.
pub const CALL_MANAGERS: &str = "/controller/server/cucm";
/// IM and Presence publishers.
pub const PRESENCE: &str = "/controller/server/imp";

/// Unified Communications traversal zones, then other traversal zones.
pub fn zones(product: Product) -> [&'static str; 2] {
    if product == Product::ExpresswayE {
        [
            "/edge/zone/unifiedcommunicationstraversal",
            "/edge/zone/traversalserver",
        ]
    } else {
        [
            "/controller/zone/unifiedcommunicationstraversal",
            "/controller/zone/traversalclient",
        ]
    }
}

/// Every path below [`BASE`] that is read on a peer: the built-in profile.
pub fn profile(product: Product) -> Vec<&'static str> {
    let mut paths = vec![SERVER, ROOT, REQUEST, DOMAIN, REMOTE_ACCESS, DNS];
    paths.extend(zones(product));
    if product == Product::ExpresswayC {
        paths.extend([CALL_MANAGERS, PRESENCE]);
    }
    paths
}
