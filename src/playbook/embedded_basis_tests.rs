//! What the playbooks that are built in rest on: proofs, outages, sources.

use super::embedded_tests::{library, name, planned};
use crate::model::{Proof, RestartRule, WHOLE_PEER};

/// A person switches high availability off where a restart may fail users over.
#[test]
fn high_availability_is_attended() {
    let library = library();
    for procedure in planned(&library) {
        let fails_over = procedure
            .restarts
            .iter()
            .flat_map(|set| &set.services)
            .any(|rule| {
                ["Cisco XCP Router", "Cisco Presence Engine"].contains(&rule.service.as_str())
            });
        let attended: Vec<usize> = procedure
            .attended
            .iter()
            .map(|rule| rule.from_nodes)
            .collect();
        let expected: &[usize] = if fails_over { &[2] } else { &[] };
        assert_eq!(attended, expected, "{}", name(procedure));
    }
}

/// Every set can be proved: it restarts a service that proves, or one behind a port that always does; a TVS that restarts
/// itself (claim CUCM-TVS-SELF-RESTART) is proved by its start.
#[test]
fn every_set_can_be_proved() {
    let library = library();
    for procedure in planned(&library) {
        for set in &procedure.restarts {
            let proves = |rule: &RestartRule| {
                procedure.proof.iter().any(|proof| match &proof.by {
                    Proof::Service(service) => *service == rule.service,
                    Proof::Port { always, .. } => {
                        *always && ["Cisco Tomcat", WHOLE_PEER].contains(&rule.service.as_str())
                    }
                })
            };
            let restarts_itself = procedure.purpose.as_str() == "TVS";
            assert!(
                restarts_itself || set.services.iter().any(proves),
                "{} `{}`",
                name(procedure),
                set.variant
            );
        }
    }
}

#[test]
fn every_outage_names_what_it_rests_on() {
    let library = library();
    for procedure in planned(&library) {
        for rule in procedure.restarts.iter().flat_map(|set| &set.services) {
            let rests_on = |part: &str| {
                rule.claims
                    .iter()
                    .any(|claim| claim.as_str().contains(part))
            };
            let told = rests_on("OUTAGE") || rests_on("RESTART-PHONES");
            assert_eq!(
                !rule.outage.is_empty(),
                told,
                "{} {}",
                name(procedure),
                rule.service
            );
        }
    }
}

/// Field knowledge and inference are named as what they are, and every procedure says how to recover.
#[test]
fn every_source_is_used() {
    let library = library();
    for procedure in library.procedures() {
        let text = serde_json::to_value(procedure).unwrap();
        let mut lines = Vec::new();
        collect_sources(&text, &mut lines);
        for tag in procedure.sources.keys() {
            let cited = lines
                .iter()
                .flat_map(|line| line.split(';'))
                .any(|part| part.split_whitespace().next() == Some(tag));
            assert!(cited, "{} never cites {tag}", name(procedure));
        }
        assert!(procedure.irreversible.text.contains("cannot be taken back"));
    }
}

fn collect_sources<'v>(value: &'v serde_json::Value, lines: &mut Vec<&'v str>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (field, inner) in fields {
                match inner.as_str() {
                    Some(line) if field == "source" => lines.push(line),
                    _ => collect_sources(inner, lines),
                }
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                collect_sources(item, lines);
            }
        }
        _ => {}
    }
}
