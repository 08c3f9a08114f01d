//! The status document. Read by local names: prefixes and the attribute `item` are ignored.
//! Source: expressway §4.1 (a capture of X8.11.3).
// claim: EXPRESSWAY-STATUS

use super::{DecodeError, plain};
use crate::model::{Alarm, Connection, Observed, Product, Release, Tunnel, Zone, ZoneKind};
use crate::transport::soap::Element;

const QUESTION: &str = "/status.xml";

/// What the document tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// `SystemUnit/Software/Version`.
    pub release: Observed<Release>,
    /// `SystemUnit/Uptime`, in seconds.
    pub up_seconds: Observed<u64>,
    /// Which of the two it is.
    pub product: Observed<Product>,
    /// `Zones/Zone`.
    pub zones: Observed<Vec<Zone>>,
    /// `CollaborationEdge/Tunnels`.
    pub tunnels: Observed<Vec<Tunnel>>,
    /// `Warnings/Warning`.
    pub alarms: Observed<Vec<Alarm>>,
}

/// Reads the document. A part that is missing is unknown, never in order.
///
/// # Errors
/// [`DecodeError`] if it is no XML, or none of this kind.
pub fn status(body: &[u8]) -> Result<Status, DecodeError> {
    let root = Element::parse(body)
        .map_err(|why| DecodeError::new(QUESTION, "an XML document `Status`", &why))?;
    if root.name != "Status" {
        let expected = "an XML document `Status`";
        return Err(DecodeError::new(QUESTION, expected, &root.name));
    }
    Ok(Status {
        release: release(&root),
        up_seconds: up_seconds(&root),
        product: product(&root),
        zones: part(&root, &["Zones"], |zones| {
            zones.all("Zone").map(zone).collect()
        }),
        tunnels: tunnels(&root),
        alarms: part(&root, &["Warnings"], |warnings| {
            warnings.all("Warning").map(alarm).collect()
        }),
    })
}

fn missing<T>(path: &str) -> Observed<T> {
    Observed::Unknown(format!("the status document has no readable {path}"))
}

fn part<T>(root: &Element, path: &[&str], read: impl Fn(&Element) -> T) -> Observed<T> {
    match root.at(path) {
        Some(element) => Observed::Present(read(element)),
        None => missing(&path.join("/")),
    }
}

fn release(root: &Element) -> Observed<Release> {
    const PATH: [&str; 3] = ["SystemUnit", "Software", "Version"];
    match root.at(&PATH) {
        Some(version) => Release::parse(&plain(&version.text)).into(),
        None => missing(&PATH.join("/")),
    }
}

fn up_seconds(root: &Element) -> Observed<u64> {
    const PATH: [&str; 2] = ["SystemUnit", "Uptime"];
    match root.at(&PATH).and_then(|up| up.text.parse().ok()) {
        Some(seconds) => Observed::Present(seconds),
        None => missing(&PATH.join("/")),
    }
}

/// The flag stands below the configuration in the capture, and one client reads it directly below `SystemUnit`.
fn product(root: &Element) -> Observed<Product> {
    const PATHS: [&[&str]; 2] = [
        &["SystemUnit", "Software", "Configuration", "Expressway"],
        &["SystemUnit", "Expressway"],
    ];
    let flag = PATHS.iter().find_map(|path| root.at(path));
    match flag.map(|flag| flag.text.to_ascii_lowercase()).as_deref() {
        Some("true") => Observed::Present(Product::ExpresswayE),
        Some("false") => Observed::Present(Product::ExpresswayC),
        Some(_) | None => missing("SystemUnit/Software/Configuration/Expressway"),
    }
}

fn word(element: &Element, name: &str) -> String {
    element.text_of(name).map(plain).unwrap_or_default()
}

fn told(element: &Element, name: &str) -> Observed<String> {
    match word(element, name) {
        text if text.is_empty() => missing(name),
        text => Observed::Present(text),
    }
}

fn zone(element: &Element) -> Zone {
    let kind = match word(element, "Type") {
        kind if kind.starts_with("Traversal") => ZoneKind::Traversal,
        _ => ZoneKind::Other,
    };
    let peers = element.children.iter().flat_map(|below| below.all("Peer"));
    let connections = peers
        .filter_map(|peer| peer.child("SIP"))
        .map(|sip| Connection {
            address: word(sip, "Address"),
            status: told(sip, "Status"),
            cause: word(sip, "Cause"),
        });
    Zone {
        name: word(element, "Name"),
        kind,
        peer_addresses: Vec::new(),
        verify_name: None,
        status: told(element, "Status"),
        cause: word(element, "Cause"),
        connections: connections.collect(),
    }
}

fn alarm(element: &Element) -> Alarm {
    Alarm {
        id: word(element, "ID"),
        reason: word(element, "Reason"),
        state: word(element, "State"),
    }
}

/// What a populated list looks like is not known: entries without a status leave the whole unknown. A cause beside them
/// says why there is none ("No SSH tunnels have been established").
fn tunnels(root: &Element) -> Observed<Vec<Tunnel>> {
    const PATH: [&str; 2] = ["CollaborationEdge", "Tunnels"];
    const PEER: [&str; 4] = ["Peer", "Address", "Name", "Destination"];
    let Some(element) = root.at(&PATH) else {
        return missing(&PATH.join("/"));
    };
    let tunnel = |element: &Element| {
        let peer = PEER.iter().find_map(|name| element.text_of(name));
        Some(Tunnel {
            peer: peer.map(plain).unwrap_or_default(),
            status: element.text_of("Status").map(plain)?,
        })
    };
    let entries = element.children.iter().filter(|it| it.name != "Cause");
    let read: Option<Vec<Tunnel>> = entries.map(tunnel).collect();
    match read {
        Some(tunnels) => Observed::Present(tunnels),
        None => Observed::Unknown(format!(
            "{} has entries without a status, which this release cannot read",
            PATH.join("/")
        )),
    }
}
