//! How an engineer meets a broken edge, and what mends it.
// claim: EXPRESSWAY-LOG-LINES

use super::{Break, Edge, Leg, NameCheck, Profile, Side, Verdict};

/// What is seen of a broken edge, one text each: lines of a log as Expressway-C writes them, with `<ts>`, `<pid>`, `<n>`
/// and `<ip>` where only the device knows; the state of a zone; a warning of a client. Nothing where it is not broken.
/// Source: expressway §4.1, §7 (000, 002, 004).
pub fn symptoms(edge: &Edge, verdict: &Verdict) -> Vec<String> {
    let Verdict::Broken(breaks) = verdict else {
        return Vec::new();
    };
    let (relying, presenting) = (edge.relying(), edge.presenting());
    match (edge.leg, edge.verifier) {
        (Leg::TrafficServer, Side::Connecting) => traffic_server(edge, breaks),
        (Leg::TrafficServer, Side::Listening) => vec![format!(
            "Sign-in through {presenting} fails although it trusts {relying}: {relying} refuses the certificate of {presenting}"
        )],
        (Leg::Zone, _) => vec![format!(
            "{}: the traversal zone to {} is Failed, TLS Negotiation Error",
            edge.from, edge.to
        )],
        (Leg::Tunnels, _) => vec![format!(
            "{}: No SSH tunnels have been established (to {}); the zone may be Active all the same",
            edge.from, edge.to
        )],
        (Leg::SignIn, _) => vec![format!(
            "Jabber warns of an untrusted certificate of {presenting} at sign-in"
        )],
        (Leg::Backup, _) => vec![format!(
            "Backup and restore fail between {} and {}",
            edge.from, edge.to
        )],
        (Leg::Sip, _) if edge.profile == Profile::Expressway => vec![format!(
            "{}: SIP over TLS to {} fails, TLS Negotiation Error",
            edge.from, edge.to
        )],
        (Leg::Sip | Leg::Xmpp | Leg::Web, _) => vec![format!(
            "{} over TLS from {} to {} fails: {relying} refuses the certificate of {presenting}",
            edge.leg, edge.from, edge.to
        )],
    }
}

fn traffic_server(edge: &Edge, breaks: &[Break]) -> Vec<String> {
    let host = edge.from.name().map_or("clients", |name| name.short());
    let own = edge.to.to_string();
    let name = match &edge.name {
        NameCheck::AnyOf { names, .. } => names.first().unwrap_or(&own),
        NameCheck::Nothing | NameCheck::Unknown(_) => &own,
    };
    let line = |says: String| format!("<ts> {host} traffic_server[<pid>]: [ET_NET <n>] {says}");
    let why = breaks.iter().find_map(Break::openssl);
    let warning = match why {
        Some((error, depth)) => format!(
            "WARNING: Core server certificate verification failed for ({name}). Action=Terminate Error={error} server={name}(<ip>) depth={depth}"
        ),
        // A name is compared once the chain has verified.
        None => format!(
            "WARNING: SNI ({name}) not in certificate. Action=Terminate server={name}(<ip>)"
        ),
    };
    let failed = format!(
        "ERROR: SSL connection failed for '{name}': error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed"
    );
    vec![line(warning), line(failed), "502 connect failed".to_owned()]
}

/// What mends one break, as an instruction without its end.
pub(super) fn remedy(edge: &Edge, broken: &Break) -> String {
    let (relying, presenting, store) = (edge.relying(), edge.presenting(), &edge.store);
    match broken {
        Break::SelfSigned { title, .. }
        | Break::AuthorityMissing { title, .. }
        | Break::IntermediateMissing { title, .. } => {
            format!("upload {title} to {store} of {relying}")
        }
        Break::NotFirstOfName { title, first, .. } => format!(
            "delete the other {title} ({}) from {store} of {relying}",
            first.short()
        ),
        Break::NameMissing { expected, .. } => format!(
            "have the certificate of {presenting} issued with {} among its DNS names",
            expected.join(" or ")
        ),
        Break::Expired { title, .. } => format!("renew {title}"),
        Break::NotYetValid {
            title, not_before, ..
        } => {
            format!("wait until {title} is valid ({not_before})")
        }
        Break::UsageMissing(usage) => format!(
            "have the certificate of {presenting} issued with {}",
            usage.as_str()
        ),
    }
}
