//! Words that diagnoses share.

use super::log::PortVote;

/// `once`, `3 times`.
pub(super) fn times(count: u64) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}

/// A text of the device in quotation marks, or that there is none.
pub(super) fn quoted(text: &str) -> String {
    if text.is_empty() {
        "the message is cut".to_owned()
    } else {
        format!("`{text}`")
    }
}

/// `cucm.steven.lab (10.48.36.215), port 6972`.
pub(super) fn server(name: &str, address: Option<&str>, ports: &[PortVote]) -> String {
    let name = if name.is_empty() { "a server" } else { name };
    let mut text = name.to_owned();
    if let Some(address) = address.filter(|address| *address != name) {
        text += &format!(" ({address})");
    }
    if let Some(port) = ports.first() {
        text += &format!(", port {}", port.port);
    }
    text
}

/// What listens where, as far as it is settled. Source: expressway §7, table of ports.
pub(super) fn presented(ports: &[PortVote]) -> &'static str {
    match ports.first().map(|vote| vote.port) {
        Some(443 | 8443) => "a certificate (tomcat, or tomcat-ECDSA if ECDSA is preferred)",
        Some(6971 | 6972) => {
            "a certificate (tomcat or CallManager, or their -ECDSA twin, which is often still self-signed)"
        }
        Some(5061 | 5091) => "a certificate (CallManager)",
        _ => "a certificate",
    }
}

/// `port 8443`, or that it is not known.
pub(super) fn port_of(ports: &[PortVote]) -> String {
    ports.first().map_or_else(
        || "the server".to_owned(),
        |vote| format!("port {}", vote.port),
    )
}
