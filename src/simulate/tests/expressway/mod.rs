//! Plans over Expressway and what is behind it: the good one, and spoiled copies of it.

mod estate;
mod orders;
mod outside;
mod planned;
mod plans;
mod spoiled;

use std::collections::BTreeSet;

use crate::model::{ClusterName, Observation, Observed, StepId, SubjectName};
use crate::plan::{Action, ClusterPlan, Edge, Plan, Step};

use super::super::{Proof, Violation, prove};
use super::scene::{FIRST, ISSUING, PUBLISHER, ROOT, certificate};
use super::told;
use estate::{CORE, CORES, DOMAIN, EDGE, EDGES, observed, trust};
use plans::{good, is_round, naive, place};

fn of<'p>(plan: &'p mut Plan, cluster: &str) -> &'p mut ClusterPlan {
    plan.clusters.get_mut(&ClusterName::from(cluster)).unwrap()
}

/// The proof of the good plan after it was spoiled.
fn spoiled(spoil: impl FnOnce(&mut Plan)) -> Proof {
    let observation = observed();
    let mut plan = good(&observation);
    spoil(&mut plan);
    prove(&observation, &plan)
}

/// The violations of one invariant.
#[track_caller]
fn refused<'p>(proof: &'p Proof, invariant: &str) -> Vec<&'p Violation> {
    let found = proof.violations.iter();
    let found: Vec<&Violation> = found.filter(|it| it.invariant == invariant).collect();
    assert!(!found.is_empty(), "no {invariant}:\n{}", told(proof));
    found
}

fn invariants(proof: &Proof) -> BTreeSet<&str> {
    proof.violations.iter().map(|it| it.invariant).collect()
}

fn is_trust(step: &Step, node: &str, of: &str) -> bool {
    let wanted = matches!(&step.action, Action::UploadTrust { title, .. } if title == of);
    wanted && step.node == Some(node.into())
}

#[test]
fn everybody_trusts_before_anybody_changes() {
    let observation = observed();
    let proof = prove(&observation, &good(&observation));
    assert_eq!(told(&proof), "");
    let reliance = proof.reliance.expect("connections are judged");
    assert_eq!(reliance.orders, 3);
    // Core to Edge: 2 by 2 peers, zone and tunnels, both ends; Core to CUCM: 2 by 2, on 8443 and 6972, and back by 2 stores.
    assert_eq!(reliance.held, 2 * 2 * 2 * 2 + 2 * 2 * (2 + 2));
}

/// The order of most instructions, cluster by cluster.
#[test]
fn the_naive_order_is_refused_with_the_broken_connection() {
    let observation = observed();
    let proof = prove(&observation, &naive());
    let text = told(&proof);
    let says: Vec<&str> = refused(&proof, "I16")
        .iter()
        .map(|it| it.says.as_str())
        .collect();
    let shows = |words: &[&str]| {
        let all = |says: &&&str| words.iter().all(|word| says.contains(word));
        assert!(says.iter().any(|it| all(&it)), "{words:?}:\n{text}");
    };
    shows(&[
        "on 8443",
        "expc1.example.com verifies with trusted-ca",
        "Corp",
        "traffic_server[<pid>]",
        "Error=",
    ]);
    shows(&["CallManager-trust", "Sign-in through expc"]);
    shows(&["on 7001", "Failed, TLS Negotiation Error"]);
    shows(&["on 2222", "No SSH tunnels have been established"]);
    // Nothing keeps restarts of both sides apart either.
    refused(&proof, "I26");
    assert_eq!(invariants(&proof), BTreeSet::from(["I16", "I26"]));
}

#[test]
fn no_link_may_be_missing() {
    let observation = observed();
    let whole = good(&observation);
    let expected = [
        ("I16", "pub.hq.example.com"),
        ("I16", "CallManager-trust"),
        ("I26", "expe1.example.com"),
        ("I26", "expe1.example.com"),
        ("I26", "expe1.example.com"),
    ];
    assert_eq!(whole.links.len(), expected.len());
    for (number, (invariant, word)) in expected.into_iter().enumerate() {
        let mut plan = whole.clone();
        let gone = plan.links.remove(number);
        let proof = prove(&observation, &plan);
        let found = refused(&proof, invariant);
        let told = found.iter().any(|it| it.says.contains(word));
        assert!(told, "{gone:?}: {found:#?}");
    }
}

#[test]
fn a_circle_of_links_is_named() {
    let proof = spoiled(|plan| {
        let last = plan.clusters[&ClusterName::from("hq")]
            .steps
            .last()
            .unwrap()
            .id
            .clone();
        plan.links.push(Edge {
            first: last,
            then: "core-01".into(),
            why: "by mistake".to_owned(),
        });
    });
    let found = refused(&proof, "shape");
    let [circle] = found.as_slice() else {
        panic!("{found:#?}")
    };
    assert!(circle.says.contains("core-01 waits for hq-"), "{circle:#?}");
    assert!(circle.says.contains(" waits for core-"), "{circle:#?}");
}

#[test]
fn links_mean_steps_of_two_clusters() {
    let with = |first: &str, then: &str| {
        spoiled(|plan| {
            plan.links.push(Edge {
                first: first.into(),
                then: then.into(),
                why: "by mistake".to_owned(),
            });
        })
    };
    let nowhere = with("core-77", "edge-02");
    assert!(
        refused(&nowhere, "shape")[0]
            .says
            .contains("no step is called core-77")
    );
    let inside = with("core-01", "core-02");
    assert!(
        refused(&inside, "shape")[0]
            .says
            .contains("both belong to one cluster")
    );
    let twice = spoiled(|plan| of(plan, EDGE).steps[0].id = "core-01".into());
    assert!(
        refused(&twice, "shape")
            .iter()
            .any(|it| it.says.contains("a step called core-01 too"))
    );
}
