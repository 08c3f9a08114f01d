//! The settings of the command line, by release and side.

use std::collections::BTreeMap;

use super::cluster::{Deployment, ExpresswayCluster, Side};
use super::release::ExpresswayRelease;

/// Whether Expressway-C verifies the nodes it asks for clients.
///
/// claim: EXPRESSWAY-VERIFY-ORIGIN-SWITCH
pub const VERIFY_ORIGIN: &str = "EdgeConfigServer VerifyOriginServer";

/// Whether Expressway-E takes a certificate without clientAuth.
///
/// claim: EXPRESSWAY-UPLOAD-CLIENT-AUTH
pub const SERVER_EKU_UPLOAD: &str = "XCP TLS Certificate CVS EnableServerEkuUpload";

/// Whether SIP over TLS looks for clientAuth in what comes in.
///
/// claim: EXPRESSWAY-ZONE-USAGES
pub const CHECK_USAGES: &str = "SIP TLS Certificate ExtendedKeyUsage Checking Mode";

/// The ciphers that Expressway-C offers to the nodes behind it.
///
/// claim: EXPRESSWAY-CLI-CIPHERS, EXPRESSWAY-KEY-PREFERENCE
pub const CIPHERS: &str = "Ciphers ForwardProxyTLSCiphers Value";

/// What stands before the ciphers where RSA certificates are preferred.
const RSA_FIRST: &str = "ECDHE-RSA-AES256-GCM-SHA384:";
const USUAL: &str = "EECDH:EDH:HIGH:-AES256+SHA:!MEDIUM:!LOW:!3DES:!MD5:!PSK:!eNULL:!aNULL:!aDH";

/// Whether a cluster asks for elliptic-curve certificates first.
///
/// claim: EXPRESSWAY-KEY-PREFERENCE
pub(crate) fn prefers_elliptic(cluster: &ExpresswayCluster) -> bool {
    let ciphers = cluster.settings.get(CIPHERS);
    cluster.numbers().is_at_least_14_2()
        && ciphers.is_some_and(|ciphers| !ciphers.starts_with(RSA_FIRST))
}

/// Whether the traffic server goes on although it does not trust whom it meets.
pub(crate) fn goes_on(core: &ExpresswayCluster) -> bool {
    core.setting_is(VERIFY_ORIGIN, "Off")
}

/// Lets elliptic-curve certificates, or RSA certificates, be asked for first.
pub(crate) fn prefer_elliptic(cluster: &mut ExpresswayCluster, wanted: bool) {
    let first = if wanted { "" } else { RSA_FIRST };
    cluster
        .settings
        .insert(CIPHERS.to_owned(), format!("{first}{USUAL}"));
}

/// The switches of a release on a side, as they are after the installation.
pub(crate) fn of(side: Side, release: &str) -> BTreeMap<String, String> {
    let numbers = ExpresswayRelease::of(release);
    let at_least = |printed: &str| numbers >= ExpresswayRelease::of(printed);
    let within = |from: &str, until: &str| at_least(from) && !at_least(until);
    let all = [
        (VERIFY_ORIGIN, "On", side == Side::Core && at_least("X14.2")),
        (
            SERVER_EKU_UPLOAD,
            "Off",
            side == Side::Edge && within("X15.4", "X15.5"),
        ),
        (CHECK_USAGES, "On", at_least("X15.5")),
        (
            "SIP Advanced TlsSignatureAlgoPrefRsa",
            "On",
            at_least("X15.2"),
        ),
        (
            "Security CSRFProtection Status",
            "Disabled",
            at_least("X15.0"),
        ),
    ];
    let held = all.into_iter().filter(|(_, _, held)| *held);
    held.map(|(path, value, _)| (path.to_owned(), value.to_owned()))
        .collect()
}

/// Every setting of a cluster with its value, zones among them.
///
/// claim: EXPRESSWAY-CLI-ZONES
pub(crate) fn listing(deployment: &Deployment, side: Side) -> BTreeMap<String, String> {
    let cluster = match side {
        Side::Core => &deployment.core,
        Side::Edge => &deployment.edge,
    };
    let mut all = cluster.settings.clone();
    let zone = "Zones Zone 1";
    let mut put =
        |path: String, value: &str| all.insert(format!("{zone} {path}"), value.to_owned());
    put("Name".to_owned(), super::ZONE);
    match side {
        Side::Core => {
            put("Type".to_owned(), "TraversalClient");
            for (number, address) in cluster.peer_addresses.iter().enumerate() {
                put(
                    format!("TraversalClient Peer {} Address", number + 1),
                    address,
                );
            }
            put("TraversalClient SIP Port".to_owned(), "7001");
            put("TraversalClient SIP Transport".to_owned(), "TLS");
            put("TraversalClient SIP TLS Verify Mode".to_owned(), "On");
        }
        Side::Edge => {
            put("Type".to_owned(), "TraversalServer");
            put("TraversalServer SIP TLS Verify Mode".to_owned(), "On");
            let name = &cluster.verify_name;
            put(
                "TraversalServer SIP TLS Verify Subject Name".to_owned(),
                name,
            );
        }
    }
    all
}
