//! Findings and the status of every certificate, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::assess::explain;
use crate::model::{
    Certificate, ClusterName, Finding, KeyAlgorithm, Listener, NodeState, Observation, Observed,
    Port, Purpose, Severity,
};

/// Findings by cluster, worst first, each with what was expected and found.
pub fn findings(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "No findings: every certificate is as desired.\n".to_owned();
    }
    let mut by_cluster: BTreeMap<&ClusterName, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_cluster
            .entry(&finding.cluster)
            .or_default()
            .push(finding);
    }
    let mut text = String::new();
    for (cluster, of_cluster) in by_cluster {
        let _ = writeln!(text, "{cluster}: {}", counted(&of_cluster));
        for finding in of_cluster {
            let place = finding
                .node
                .as_ref()
                .map_or_else(|| "the cluster".to_owned(), ToString::to_string);
            let purpose = finding
                .purpose
                .as_ref()
                .map_or_else(String::new, |purpose| format!("  {purpose}"));
            let _ = writeln!(
                text,
                "  {:<9} {:<22} {place}{purpose}",
                finding.severity.to_string(),
                finding.code.as_str()
            );
            let _ = writeln!(text, "            expected  {}", finding.expected);
            let _ = writeln!(text, "            found     {}", finding.found);
        }
    }
    text.push_str("\n`reissue explain CODE` tells cause, remedy and source.\n");
    text
}

fn counted(findings: &[&Finding]) -> String {
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    [
        Severity::Blocker,
        Severity::Critical,
        Severity::Warning,
        Severity::Notice,
    ]
    .into_iter()
    .map(|severity| (count(severity), severity))
    .filter(|(count, _)| *count > 0)
    .map(|(count, severity)| format!("{count} {severity}{}", if count == 1 { "" } else { "s" }))
    .collect::<Vec<_>>()
    .join(", ")
}

/// The long text of one code, or of all.
pub fn explanation(code: Option<&str>) -> Option<String> {
    let wanted = match code {
        Some(code) => vec![explain(code)?],
        None => crate::assess::explanations().iter().collect(),
    };
    let mut text = String::new();
    for each in wanted {
        let _ = writeln!(
            text,
            "{}\n  {}\n  cause   {}\n  remedy  {}\n  source  {}\n",
            each.code, each.means, each.cause, each.remedy, each.source
        );
    }
    Some(text.trim_end().to_owned() + "\n")
}

/// One line for each certificate of each node: stored, served, how long it is good. The soonest to end first.
pub fn status(observation: &Observation, now: Timestamp) -> String {
    let mut text = String::new();
    for (cluster, state) in &observation.clusters {
        let _ = writeln!(text, "{cluster} ({})", state.product);
        let mut rows: Vec<(i64, String)> = Vec::new();
        for (name, node) in &state.nodes {
            if let Observed::Unknown(why) = &node.inventory {
                rows.push((i64::MIN, format!("  {:<24} not read: {why}", name.short())));
            }
            for (purpose, held) in &node.identities {
                let certificate = held.present().and_then(|held| state.certificates.get(held));
                let Some(certificate) = certificate else {
                    let why = held.unknown().unwrap_or("none");
                    rows.push((
                        i64::MAX,
                        format!("  {:<24} {purpose:<22} {why}", name.short()),
                    ));
                    continue;
                };
                let days = certificate.not_after.duration_since(now).as_hours() / 24;
                rows.push((
                    days,
                    row(
                        name.short(),
                        purpose,
                        certificate,
                        days,
                        &served(node, purpose, certificate),
                    ),
                ));
            }
        }
        rows.sort();
        for (_, row) in rows {
            text.push_str(&row);
            text.push('\n');
        }
        for (name, node) in &state.nodes {
            for line in super::expressway::lines(name.short(), node) {
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    text
}

fn row(
    node: &str,
    purpose: &Purpose,
    certificate: &Certificate,
    days: i64,
    served: &str,
) -> String {
    let left = if days < 0 {
        format!("expired {} days ago", -days)
    } else {
        format!("{days} days left")
    };
    let signer = if certificate.is_self_signed() {
        "self-signed".to_owned()
    } else {
        short_name(&certificate.issuer)
    };
    format!(
        "  {node:<24} {:<22} {left:<22} {:<28} {}{served}",
        purpose.as_str(),
        signer,
        certificate.sha256.short()
    )
}

/// What the purpose's own ports present, where this release knows which those are.
fn served(node: &NodeState, purpose: &Purpose, certificate: &Certificate) -> String {
    let ports: &[Port] = match purpose.as_str() {
        "tomcat" | "tomcat-ECDSA" => &[Port::Rest, Port::Soap],
        "CallManager" => &[Port::Sip],
        "server" => &[Port::Rest],
        _ => return String::new(),
    };
    let key = match purpose.as_str() {
        // The one certificate of a peer has either kind.
        "server" => certificate.key.algorithm,
        _ if purpose.is_ecdsa() => KeyAlgorithm::Ec,
        _ => KeyAlgorithm::Rsa,
    };
    let mut differing: Vec<String> = Vec::new();
    for port in ports {
        match node.served.get(&Listener { port: *port, key }) {
            Some(Observed::Present(chain)) if chain.leaf == certificate.sha256 => {}
            Some(Observed::Present(chain)) => {
                differing.push(format!("{port} serves {}", chain.leaf.short()))
            }
            Some(Observed::Absent) => differing.push(format!("{port} serves none")),
            Some(Observed::Unknown(_)) | None => differing.push(format!("{port} unknown")),
        }
    }
    if differing.is_empty() {
        "  served".to_owned()
    } else {
        format!("  NOT SERVED: {}", differing.join(", "))
    }
}

/// The common name of a one-line distinguished name.
fn short_name(subject: &str) -> String {
    let common = subject
        .split(", ")
        .find_map(|part| part.strip_prefix("CN="));
    common.unwrap_or(subject).to_owned()
}
