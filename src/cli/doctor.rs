//! `doctor`: everything that a change will need, checked without changing anything.

use serde::Serialize;

use crate::assess::assess;
use crate::model::{Port, Product, Severity};

use super::exit::{CliError, Exit};
use super::output::Output;
use super::session::Session;

/// One thing that was checked.
#[derive(Serialize)]
struct Line {
    what: String,
    fine: bool,
    says: String,
}

/// `doctor`.
pub(super) async fn doctor(session: &Session, output: Output) -> Result<Exit, CliError> {
    let mut lines = Vec::new();
    files(session, &mut lines);
    pins(session, &mut lines);
    let mut exit = Exit::Done;
    if lines.iter().all(|line| line.fine) {
        exit = devices(session, &mut lines).await?;
    } else {
        lines.push(Line {
            what: "nodes".to_owned(),
            fine: false,
            says: "not asked: mend the lines above first".to_owned(),
        });
    }
    if exit == Exit::Done && lines.iter().any(|line| !line.fine) {
        exit = Exit::Failed;
    }
    Ok(output.result(exit, &lines, || {
        let line = |line: &Line| {
            let mark = if line.fine { "ok    " } else { "FAILED" };
            format!("{mark}  {:<44} {}\n", line.what, line.says)
        };
        lines.iter().map(line).collect()
    }))
}

fn files(session: &Session, lines: &mut Vec<Line>) {
    lines.push(Line {
        what: format!("estate file {}", session.estate.file.display()),
        fine: true,
        says: format!("{} clusters", session.estate.clusters.len()),
    });
    let desired = session.desired();
    lines.push(Line {
        what: "issuers' chains".to_owned(),
        fine: desired.is_ok(),
        says: match &desired {
            Ok(desired) => format!("{} issuers", desired.issuers.len()),
            Err(error) => error.says.clone(),
        },
    });
    for (name, account) in &session.estate.accounts {
        let read = session.source(name, account).read(name);
        lines.push(Line {
            what: format!("password of {name}"),
            fine: read.is_ok(),
            says: read
                .err()
                .map_or_else(|| "can be read".to_owned(), |error| error.to_string()),
        });
    }
}

fn pins(session: &Session, lines: &mut Vec<Line>) {
    let peers = match session.network.pins.peers() {
        Ok(peers) => peers,
        Err(error) => {
            lines.push(Line {
                what: "pin book".to_owned(),
                fine: false,
                says: error.to_string(),
            });
            return;
        }
    };
    let nodes = session.estate.clusters.values().flat_map(|cluster| {
        let of = |node| (cluster.pinned(node), node);
        cluster.nodes.values().map(of)
    });
    for (ports, node) in nodes {
        let unknown: Vec<String> = ports
            .into_iter()
            .map(Port::standard)
            .filter(|port| {
                !peers
                    .iter()
                    .any(|peer| peer.node == node.name && peer.port == *port)
            })
            .map(|port| port.to_string())
            .collect();
        lines.push(Line {
            what: format!("pins of {}", node.name),
            fine: unknown.is_empty(),
            says: if unknown.is_empty() {
                "known".to_owned()
            } else {
                format!(
                    "port {} is not known: `reissue trust add {}`",
                    unknown.join(", "),
                    node.name
                )
            },
        });
    }
}

/// Asks every node, and shows what keeps a plan from beginning.
async fn devices(session: &Session, lines: &mut Vec<Line>) -> Result<Exit, CliError> {
    let desired = session.desired()?;
    let observation = session.observation(None).await?;
    let findings = assess(
        &observation,
        &desired,
        session.procedures(),
        session.clock.now(),
    );
    for (cluster, state) in &observation.clusters {
        let mut fine = true;
        let of_cluster = findings
            .iter()
            .filter(|finding| finding.cluster == *cluster);
        for finding in of_cluster.filter(|finding| finding.severity == Severity::Blocker) {
            fine = false;
            let place = finding
                .node
                .as_ref()
                .map_or_else(|| cluster.to_string(), ToString::to_string);
            lines.push(Line {
                what: format!("{place}: {}", finding.code),
                fine: false,
                says: format!("expected {}; found {}", finding.expected, finding.found),
            });
        }
        if fine {
            lines.push(Line {
                what: format!("cluster {cluster}"),
                fine: true,
                says: match state.product {
                    Product::Cucm | Product::UnityConnection => format!(
                        "{} nodes answer; nothing keeps a change from beginning",
                        state.nodes.len()
                    ),
                    Product::ExpresswayC | Product::ExpresswayE => format!(
                        "{} peers answer; nothing keeps a change from beginning",
                        state.nodes.len()
                    ),
                },
            });
        }
    }
    lines.push(Line {
        what: "privilege to write".to_owned(),
        fine: true,
        says: "not checked: it cannot be proved without a write".to_owned(),
    });
    Ok(Exit::Done)
}
