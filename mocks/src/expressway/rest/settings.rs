//! Settings that are only read: zones, servers, domains, names.

use serde_json::{Value, json};

use super::super::ZONE;
use super::super::cluster::{Deployment, ExpresswayCluster, Side};
use super::super::peer::Peer;
use super::{message, object, side_of};
use crate::http::Reply;
use crate::log::Place;
use crate::state::{Cluster, Product};
use crate::world::World;

/// The paths that a side has, with what the RAML says of them.
///
/// claim: EXPRESSWAY-REST-SETTINGS
pub(super) const PATHS: [(&str, &str); 11] = [
    ("common/domain", "SIP and MRA domains"),
    ("common/mra", "Mobile and Remote Access"),
    ("common/dns/dns", "DNS names of this peer"),
    (
        "controller/zone/unifiedcommunicationstraversal",
        "Unified Communications traversal zones",
    ),
    (
        "controller/zone/traversalclient",
        "Traversal client zones for other uses",
    ),
    ("controller/server/cucm", "Unified CM servers"),
    ("controller/server/imp", "IM and Presence servers"),
    (
        "edge/zone/unifiedcommunicationstraversal",
        "Unified Communications traversal zones",
    ),
    (
        "edge/zone/traversalserver",
        "Traversal server zones for other uses",
    ),
    ("sysinfo", "This peer"),
    ("common/time/status", "The clock of this peer"),
];

/// Answers a read of one of the paths, or of `PATH/FIELD/VALUE` where the path is a list.
///
/// claim: EXPRESSWAY-REST-FILTER
pub(super) fn read(world: &World, place: &Place, path: &str) -> Reply {
    let known = PATHS.iter().find_map(|(known, _)| {
        let rest = path.strip_prefix(known)?;
        let filter = rest.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        (rest.is_empty() || filter.is_some()).then_some((*known, filter))
    });
    let value = known.and_then(|(path, filter)| {
        let value = world.scene(|scene| {
            let deployment = scene.expressways.as_ref()?;
            let (cluster, peer) = deployment.at(place)?;
            if side_of(path).is_some_and(|side| side != cluster.side) {
                return None;
            }
            let publishers = publishers(deployment, scene.clusters.values());
            let now = scene.now.unix;
            Some(value(deployment, cluster, peer, path, &publishers, now))
        })?;
        match (value, filter) {
            (Value::Array(list), Some((field, wanted))) => {
                let is = |entry: &Value| entry.get(field).and_then(Value::as_str) == Some(wanted);
                Some(Value::Array(list.into_iter().filter(is).collect()))
            }
            (value, None) => Some(value),
            (_, Some(_)) => None,
        }
    });
    value.map_or_else(|| message(404, "Not Found"), |value| object(200, &value))
}

/// The publishers of CUCM and of IM and Presence, by the names in System > Server.
fn publishers<'a>(
    deployment: &Deployment,
    clusters: impl Iterator<Item = &'a Cluster>,
) -> [Vec<String>; 2] {
    let mut both = [Vec::new(), Vec::new()];
    for cluster in clusters.filter(|cluster| cluster.product == Product::Cucm) {
        let publishers = [cluster.publisher(), cluster.presence_publisher()];
        for (names, publisher) in both.iter_mut().zip(publishers) {
            names.extend(publisher.map(|node| deployment.advertised(&node.name).to_owned()));
        }
    }
    both
}

/// claim: EXPRESSWAY-REST-SETTINGS, EXPRESSWAY-REST-SERVERS
fn value(
    deployment: &Deployment,
    cluster: &ExpresswayCluster,
    peer: &Peer,
    path: &str,
    [cucm, presence]: &[Vec<String>; 2],
    unix: i64,
) -> Value {
    let servers = |names: &[String]| {
        let entry = |name: &String| json!({ "Publisher": name, "AxlUsername": "expressway", "TlsVerify": "On" });
        Value::Array(names.iter().map(entry).collect())
    };
    match path {
        "common/domain" => json!([{
            "Index": 1, "Name": "example.com", "Sip": "On", "EdgeSip": "On", "EdgeXmpp": "On", "XmppFederation": "Off"
        }]),
        "common/mra" => json!({ "Enabled": "On", "SSO": "Off" }),
        "common/dns/dns" => json!({
            "SystemHostName": peer.host(), "DomainName": peer.name.split_once('.').map_or("", |(_, domain)| domain),
            "DNSRequestsPortRange": "Use the ephemeral port range"
        }),
        "controller/server/cucm" => servers(cucm),
        "controller/server/imp" => servers(presence),
        // The one zone is for Unified Communications.
        "controller/zone/traversalclient" | "edge/zone/traversalserver" => json!([]),
        "sysinfo" => json!({
            "SoftwareVersion": cluster.release, "SystemName": peer.name, "ClusterName": cluster.fqdn,
            "Peers": cluster.peers.iter().map(|peer| &peer.name).collect::<Vec<_>>()
        }),
        "common/time/status" => json!({ "SystemTime": unix, "SyncStatus": "Synchronized" }),
        _ => zone(deployment, cluster, peer),
    }
}

/// claim: EXPRESSWAY-REST-ZONES, EXPRESSWAY-ZONE-STATUS
fn zone(deployment: &Deployment, cluster: &ExpresswayCluster, peer: &Peer) -> Value {
    let views = deployment.zones(cluster.side, peer);
    let status = if views.iter().any(|view| view.zone.is_none()) {
        "Active"
    } else {
        "Failed"
    };
    let mut zone = json!({
        "Name": ZONE, "SIPPort": 7001, "AuthenticationUserName": "traversal", "AuthenticationMode": "DoNotCheckCredentials",
        "AcceptProxiedRegistrations": "Allow", "RetryInterval": 120, "HopCount": 15,
        "SIPMediaICESupport": "Off", "SIPMultistreamMode": "On", "SIPPoisonMode": "Off",
        "SIPParameterPreservationMode": "Off", "SIPPreloadedSipRoutesSupport": "Off"
    });
    if let Some(fields) = zone.as_object_mut() {
        if !cluster.quirks.hides_zones {
            fields.insert("Status".to_owned(), json!(status));
        }
        match cluster.side {
            Side::Core => fields.insert("PeerAddress".to_owned(), json!(cluster.peer_addresses)),
            Side::Edge => fields.insert(
                "SIPTLSVerifySubjectName".to_owned(),
                json!(cluster.verify_name),
            ),
        };
    }
    json!([zone])
}
