//! What a peer says of itself: one tree, printed as XML and on the command line.

use std::collections::BTreeMap;

use super::ZONE;
use super::cluster::{Deployment, ExpresswayCluster, Side};
use super::edges::Link;
use super::peer::Peer;
use crate::state::{Cluster, Moment, Product, Role};

/// An element: its name with its text or with what is in it.
pub(crate) struct Element {
    name: String,
    content: Content,
}

enum Content {
    Text(String),
    Children(Vec<Element>),
}

fn text(name: &str, text: impl Into<String>) -> Element {
    Element {
        name: name.to_owned(),
        content: Content::Text(text.into()),
    }
}

fn group(name: &str, children: Vec<Element>) -> Element {
    Element {
        name: name.to_owned(),
        content: Content::Children(children),
    }
}

/// The whole status of a peer.
///
/// claim: EXPRESSWAY-STATUS-XML, EXPRESSWAY-STATUS-MRA
pub(crate) fn of(
    deployment: &Deployment,
    cluster: &ExpresswayCluster,
    peer: &Peer,
    clusters: &BTreeMap<String, Cluster>,
    now: Moment,
) -> Vec<Element> {
    let edge = if cluster.side == Side::Edge {
        "True"
    } else {
        "False"
    };
    let software = group(
        "Software",
        vec![
            text("Version", &cluster.release),
            group(
                "Configuration",
                vec![text("Expressway", edge), text("ExpresswaySeries", "True")],
            ),
        ],
    );
    let unit = vec![
        text("Product", "TANDBERG VCS"),
        text("Uptime", peer.uptime(now).to_string()),
        text("SystemTime", http_time(now.unix)),
        software,
        group("Hardware", vec![text("SerialNumber", serial(&peer.name))]),
    ];
    let mut status = vec![group("SystemUnit", unit)];
    if !cluster.quirks.hides_zones {
        status.push(zones(deployment, cluster, peer));
        status.push(edge_service(deployment, cluster, peer, clusters));
    }
    status.push(group("Warnings", warnings(peer, now)));
    status.push(group("Fips", vec![text("Mode", "off")]));
    status
}

/// claim: EXPRESSWAY-ZONE-STATUS
fn zones(deployment: &Deployment, cluster: &ExpresswayCluster, peer: &Peer) -> Element {
    let kind = match cluster.side {
        Side::Core => "TraversalClient",
        Side::Edge => "TraversalServer",
    };
    let views = deployment.zones(cluster.side, peer);
    let down = views.iter().all(|view| view.zone.is_some());
    let cause = views.iter().find_map(|view| view.zone).unwrap_or_default();
    let peers = views.iter().map(|view| {
        let sip = vec![
            text(
                "Status",
                if view.zone.is_some() {
                    "Failed"
                } else {
                    "Active"
                },
            ),
            text("Cause", view.zone.unwrap_or_default()),
            text("Address", &view.address),
            text("Port", "7001"),
        ];
        group("Peer", vec![group("SIP", sip)])
    });
    let zone = vec![
        text("Name", ZONE),
        text("Type", kind),
        text("Status", if down { "Failed" } else { "Active" }),
        text("Cause", if down { cause } else { "" }),
        group(kind, peers.collect()),
    ];
    group("Zones", vec![group("Zone", zone)])
}

/// claim: EXPRESSWAY-STATUS-MRA
fn edge_service(
    deployment: &Deployment,
    cluster: &ExpresswayCluster,
    peer: &Peer,
    clusters: &BTreeMap<String, Cluster>,
) -> Element {
    let views = deployment.zones(cluster.side, peer);
    let tunnels = views.iter().map(|view| {
        let state = if view.tunnels { "Active" } else { "Inactive" };
        group(
            "Tunnel",
            vec![text("Peer", &view.far), text("Status", state)],
        )
    });
    let mut tunnels: Vec<Element> = tunnels.collect();
    if views.iter().all(|view| !view.tunnels) {
        tunnels.push(text("Cause", "No SSH tunnels have been established"));
    }
    let mut children = Vec::new();
    if cluster.side == Side::Core {
        for (list, one, kind) in [
            ("CUCMs", "CUCM", Kind::Cucm),
            ("CUPs", "CUP", Kind::Presence),
            ("UCxNs", "UCxN", Kind::Unity),
        ] {
            let mra = deployment.mra(&peer.name).into_iter();
            let listed = mra.filter(|(node, _)| kind_of(clusters, node) == Some(kind));
            let listed = listed.map(|(node, faults)| {
                let causes: Vec<String> = faults
                    .iter()
                    .map(|(link, fault)| match link {
                        Link::Origin(port) => format!("{port}: {fault}"),
                        _ => fault.to_string(),
                    })
                    .collect();
                let state = if causes.is_empty() {
                    "Active"
                } else {
                    "Failed"
                };
                let entry = vec![
                    text("Address", deployment.advertised(node)),
                    text("Status", state),
                    text("Cause", causes.join("; ")),
                ];
                group(one, entry)
            });
            children.push(group(list, listed.collect()));
        }
    }
    children.push(group("Tunnels", tunnels));
    group("CollaborationEdge", children)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cucm,
    Presence,
    Unity,
}

fn kind_of(clusters: &BTreeMap<String, Cluster>, node: &str) -> Option<Kind> {
    clusters.values().find_map(|cluster| {
        let found = cluster.node(node)?;
        Some(match (cluster.product, found.role) {
            (Product::UnityConnection, _) => Kind::Unity,
            (Product::Cucm, Role::ImPresence) => Kind::Presence,
            (Product::Cucm, _) => Kind::Cucm,
        })
    })
}

/// claim: EXPRESSWAY-STATUS-XML
fn warnings(peer: &Peer, now: Moment) -> Vec<Element> {
    let soon = openssl::asn1::Asn1Time::from_unix(now.unix + 30 * 86_400);
    let expires = soon.is_ok_and(|soon| peer.served.identity.certificate.not_after() <= soon);
    let warning = vec![
        text("ID", "5f1ff5ff-0b26-4c0b-8c0c-7c6a35b1a1f1"),
        text(
            "Reason",
            "Server certificate is about to expire - The server certificate expires soon",
        ),
        text("State", "Unacknowledged"),
    ];
    expires
        .then(|| group("Warning", warning))
        .into_iter()
        .collect()
}

fn serial(name: &str) -> String {
    use sha2::Digest as _;
    let print = hex::encode_upper(sha2::Sha256::digest(name));
    print.chars().take(8).collect()
}

fn http_time(unix: i64) -> String {
    let time = jiff::Timestamp::from_second(unix).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The document with these elements.
///
/// claim: EXPRESSWAY-STATUS-XML
pub(crate) fn xml(release: &str, elements: &[&Element]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\"?>\n<Status xmlns=\"http://www.tandberg.no/XML/CUIL/1.0\" \
         product=\"TANDBERG VCS\" version=\"{release}\">\n"
    );
    for element in elements {
        element.write_xml(1, &mut out);
    }
    out + "</Status>\n"
}

impl Element {
    /// Whether it has this name, whatever the case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn write_xml(&self, depth: usize, out: &mut String) {
        let (indent, name) = ("  ".repeat(depth), &self.name);
        match &self.content {
            Content::Text(text) => {
                let text = quick_xml::escape::escape(text.as_str());
                *out += &format!("{indent}<{name} item=\"1\">{text}</{name}>\n");
            }
            Content::Children(children) => {
                *out += &format!("{indent}<{name} item=\"1\">\n");
                for child in children {
                    child.write_xml(depth + 1, out);
                }
                *out += &format!("{indent}</{name}>\n");
            }
        }
    }

    /// The lines of `xStatus`.
    ///
    /// claim: EXPRESSWAY-CLI-STATUS
    pub(crate) fn listing(&self) -> String {
        let mut out = format!("*s {}: /\n", self.name);
        if let Content::Children(children) = &self.content {
            for child in children {
                child.write_lines(1, &mut out);
            }
        }
        out + "*s/end\n"
    }

    fn write_lines(&self, depth: usize, out: &mut String) {
        let (indent, name) = ("  ".repeat(depth), &self.name);
        match &self.content {
            Content::Text(text) if text.is_empty() => *out += &format!("{indent}{name}:\n"),
            Content::Text(text) => *out += &format!("{indent}{name}: \"{text}\"\n"),
            Content::Children(children) => {
                *out += &format!("{indent}{name}: /\n");
                for child in children {
                    child.write_lines(depth + 1, out);
                }
            }
        }
    }
}
