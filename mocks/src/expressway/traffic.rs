//! What the traffic server of Expressway-C writes down when a connection to a node fails.

use std::net::IpAddr;

use super::cluster::Deployment;
use super::edges::{EdgeFault, Edges};
use super::settings;

/// Where every node of a lab is.
const LOOPBACK: &str = "127.0.0.1";

/// Writes down the failures of the traffic server's own ports that are new or different.
///
/// claim: EXPRESSWAY-TRAFFIC-LOG
pub(crate) fn note(deployment: &mut Deployment, edges: &Edges, unix: i64) {
    let before = &deployment.watched.heard;
    let terminates = !settings::goes_on(&deployment.core);
    let mut lines = Vec::new();
    for (edge, judged) in edges {
        let Err(fault) = judged else { continue };
        if edge.link.is_traffic() && before.get(edge) != Some(judged) {
            let asked = deployment.advertised(&edge.far);
            lines.push((
                edge.core.clone(),
                warning(asked, fault, terminates),
                asked.to_owned(),
            ));
        }
    }
    let at = jiff::Timestamp::from_second(unix).unwrap_or_default();
    let at = at.strftime("%Y-%m-%dT%H:%M:%S.000+00:00");
    for (core, warning, asked) in lines {
        let Some(peer) = deployment.core.peer_mut(&core) else {
            continue;
        };
        let head = format!("{at} {} traffic_server[3916]: [ET_NET 2]", peer.host());
        let mut text = format!("{head} WARNING: {warning}\n");
        if terminates {
            let code = "error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed";
            text += &format!("{head} ERROR: SSL connection failed for '{asked}': {code}\n");
            text += "502 connect failed\n";
        }
        peer.traffic += &text;
    }
}

/// claim: EXPRESSWAY-VERIFY-ORIGIN-SWITCH
fn warning(asked: &str, fault: &EdgeFault, terminates: bool) -> String {
    let action = if terminates { "Terminate" } else { "Continue" };
    let address = asked
        .parse::<IpAddr>()
        .map_or_else(|_| LOOPBACK.to_owned(), |ip| ip.to_string());
    match fault {
        EdgeFault::FarChain(fault) => format!(
            "Core server certificate verification failed for ({asked}). Action={action} Error={} \
             server={asked}({address}) depth={}",
            fault.text, fault.depth
        ),
        _ => format!("SNI ({asked}) not in certificate. Action={action} server={asked}({address})"),
    }
}
