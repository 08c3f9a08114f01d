//! What must be the same, however often a run was killed. The lab's log and state are the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use reissue_lab::{Kind, Lab};
use serde_json::Value;

use super::scene::{Scene, clusters_of};
use crate::support;

/// What devices and authority did: node, effect and detail, and how often.
pub type Effects = BTreeMap<(String, String, String), usize>;

/// Everything that was done to the estate, without what differs from run to run.
pub fn effects(lab: &Lab) -> Effects {
    let mut effects = Effects::new();
    for entry in lab
        .log()
        .into_iter()
        .filter(|entry| entry.kind == Kind::Effect)
    {
        // A certificate's print differs; that it is the issued one is judged by itself.
        let words = entry.detail.split(' ').filter(|word| !is_print(word));
        let detail = words.collect::<Vec<_>>().join(" ");
        *effects.entry((entry.node, entry.what, detail)).or_default() += 1;
    }
    effects
}

fn is_print(word: &str) -> bool {
    let print = word.trim_start_matches("sha256=").trim_end_matches(':');
    print.len() >= 12 && print.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Fails unless the estate is as after an undisturbed run, and came there by the same changes.
#[track_caller]
pub fn judge(scene: &Scene, undisturbed: &Effects) {
    let lab = &scene.lab;
    support::no_violation(lab);
    let done = effects(lab);
    let differs: Vec<_> = undisturbed
        .keys()
        .chain(done.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|effect| undisturbed.get(*effect) != done.get(*effect))
        .map(|effect| {
            format!(
                "{effect:?}: {:?} instead of {:?}",
                done.get(effect),
                undisturbed.get(effect)
            )
        })
        .collect();
    assert!(
        differs.is_empty(),
        "other changes than in an undisturbed run:\n{}",
        differs.join("\n")
    );
    let report = support::reissue(lab, ["report", "--json"]).expect(0).data();
    let issued = issued(&report);
    for cluster in clusters_of(lab) {
        support::renewed(lab, &cluster, &scene.before[&cluster]);
        for node in support::tomcat(lab, &cluster) {
            assert!(
                issued.contains(&node.stored),
                "{} stores what no request was answered with",
                node.name
            );
        }
    }
    settled(lab);
    looked_at(lab, &report);
}

/// The certificates that answered the run's requests.
fn issued(report: &Value) -> BTreeSet<String> {
    let events = events(report);
    let prints = events.filter_map(|event| event["issued"]["sha256"].as_str().map(str::to_owned));
    prints.collect()
}

fn events(report: &Value) -> impl Iterator<Item = &Value> {
    report["journal"]
        .as_array()
        .expect("a journal")
        .iter()
        .map(|entry| &entry["event"])
}

/// The pins know each node by the new certificate and no longer by the old one.
#[track_caller]
fn settled(lab: &Lab) {
    let text = fs::read(lab.dir().join("pins.json")).expect("pins");
    let pins: Value = serde_json::from_slice(&text).expect("JSON");
    for cluster in clusters_of(lab) {
        for node in support::tomcat(lab, &cluster) {
            for port in [443, 8443] {
                let known: Vec<&str> = pins["peers"]
                    .as_array()
                    .expect("peers")
                    .iter()
                    .filter(|pin| {
                        pin["node"] == node.name.as_str()
                            && pin["port"] == port
                            && pin["key"] == "rsa"
                    })
                    .filter_map(|pin| pin["sha256"].as_str())
                    .collect();
                assert_eq!(
                    known,
                    [node.stored.as_str()],
                    "pins of {} on {port}",
                    node.name
                );
            }
        }
    }
}

/// Every step ended once, and each node was looked at after its last restart: by the journal, and by the lab's log.
#[track_caller]
fn looked_at(lab: &Lab, report: &Value) {
    let events: Vec<&Value> = events(report).collect();
    let at = |kind: &str, step: &Value| -> Vec<usize> {
        let of = |(_, event): &(usize, &&Value)| event[kind]["step"] == *step;
        events
            .iter()
            .enumerate()
            .filter(of)
            .map(|(index, _)| index)
            .collect()
    };
    let clusters = report["plan"]["clusters"].as_object().expect("clusters");
    let log = lab.log();
    for (name, plan) in clusters {
        let steps = plan["steps"].as_array().expect("steps");
        let mut restarted = BTreeMap::new();
        let mut confirmed = BTreeMap::new();
        for step in steps {
            let done = at("step-done", &step["id"]);
            assert_eq!(
                done.len(),
                1,
                "{name}: {} ended {} times",
                step["id"],
                done.len()
            );
            let nodes = nodes_of(step);
            if step["action"].get("restart-service").is_some() {
                let begun = at("step-started", &step["id"]);
                restarted.extend(nodes.into_iter().map(|node| (node, begun.last().copied())));
            } else if step["action"].get("confirm").is_some() {
                confirmed.extend(nodes.into_iter().map(|node| (node, done.last().copied())));
            }
        }
        assert!(!restarted.is_empty(), "{name} restarts nothing");
        for (node, begun) in restarted {
            assert!(
                confirmed.get(&node) > Some(&begun),
                "{node} was not confirmed after its last restart"
            );
            let last = log
                .iter()
                .rposition(|entry| entry.node == node && entry.what == "restart-end");
            let reads = &log[last.expect("it restarted")..];
            for what in ["GET snapshot/server", "soapGetServiceStatus"] {
                let read =
                    |entry: &reissue_lab::LogEntry| entry.node == node && entry.what.contains(what);
                assert!(
                    reads.iter().any(read),
                    "{node} was not asked for {what} after its last restart"
                );
            }
        }
    }
    assert_eq!(
        events
            .last()
            .map(|event| &event["run-closed"]["verdict"]["done"]),
        Some(&serde_json::json!({}))
    );
}

/// The nodes that a step's end speaks of.
fn nodes_of(step: &Value) -> BTreeSet<String> {
    let after = step["after"].as_array().expect("conditions");
    let conditions = after
        .iter()
        .filter_map(|condition| condition.as_object()?.values().next());
    let named = conditions.filter_map(|condition| condition["node"].as_str());
    named
        .chain(step["node"].as_str())
        .map(str::to_owned)
        .collect()
}
