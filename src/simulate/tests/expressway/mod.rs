//! Plans over Expressway and what is behind it: the good one, and spoiled copies of it.

mod estate;
mod plans;

use std::collections::BTreeSet;

use crate::model::{ClusterName, Observation, Observed, StepId, SubjectName};
use crate::plan::{Action, ClusterPlan, Edge, Plan, Step};
use crate::render;

use super::super::{Proof, Violation, prove};
use super::scene::{FIRST, ISSUING, PUBLISHER, ROOT};
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
    let text = render::proof(&proof);
    assert!(text.contains("connections of Expressway"), "{text}");
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
    let drawn = render::proof(&proof);
    assert!(drawn.contains("\nI16 edge-"), "{drawn}");
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

/// Points what waits for a step at another one.
fn instead(plan: &mut Plan, old: &StepId, new: &StepId) {
    for link in &mut plan.links {
        if link.first == *old {
            link.first = new.clone();
        }
    }
}

#[test]
fn a_list_that_is_stored_and_not_loaded_does_not_count() {
    let proof = spoiled(|plan| {
        let core = of(plan, CORE);
        let from = place(core, is_round);
        let gone: Vec<StepId> = core
            .steps
            .drain(from..from + 4)
            .map(|step| step.id)
            .collect();
        let uploaded = core.steps[3].id.clone();
        for link in &mut plan.links {
            // What came before the round comes before what is left of it.
            if gone.contains(&link.then) {
                link.then = of_id(plan.clusters.get(&ClusterName::from(CORE)).unwrap(), from);
            }
        }
        for old in &gone {
            instead(plan, old, &uploaded);
        }
    });
    let found = refused(&proof, "I16");
    let web = found
        .iter()
        .find(|it| it.says.contains("on 8443"))
        .expect("8443");
    assert!(web.says.contains("verifies with trusted-ca"), "{web:#?}");
    assert!(
        web.remedy.contains("loads its list only when it restarts"),
        "{web:#?}"
    );
}

fn of_id(plan: &ClusterPlan, place: usize) -> StepId {
    plan.steps[place].id.clone()
}

#[test]
fn an_intermediate_that_one_peer_lacks_takes_its_tunnels() {
    let proof = spoiled(|plan| {
        let core = of(plan, CORE);
        core.steps.retain(|step| !is_trust(step, CORES[1], ISSUING));
        core.steps.iter_mut().for_each(|step| {
            let known =
                |condition: &crate::plan::Condition| !format!("{condition:?}").contains("core-04");
            step.after.retain(known);
        });
    });
    // Its own chain is not whole either.
    refused(&proof, "I5");
    let found = refused(&proof, "I16");
    assert!(
        found.iter().any(|it| it
            .says
            .contains("expc2.example.com verifies with trusted-ca")
            && it.says.contains("SSH tunnels")
            && it
                .remedy
                .contains("upload Corp Issuing to trusted-ca of expc2.example.com")),
        "{found:#?}"
    );
    assert!(
        found.iter().all(|it| !it.nodes.contains(&CORES[0].into())),
        "{found:#?}"
    );
}

#[test]
fn an_identity_waits_for_its_own_chain() {
    let proof = spoiled(|plan| {
        let core = of(plan, CORE);
        let from = place(core, |step| is_trust(step, CORES[0], ISSUING));
        let late = core.steps.remove(from);
        core.steps.push(late);
    });
    let found = refused(&proof, "I5");
    assert!(
        found
            .iter()
            .any(|it| it.says.contains("trusted-ca was not seen to hold")),
        "{found:#?}"
    );
    // It is stored in the end, and nothing loads it.
    let found = refused(&proof, "I8");
    assert!(
        found
            .iter()
            .any(|it| it.says.contains("counts only after its restart")),
        "{found:#?}"
    );
}

#[test]
fn each_peer_is_confirmed_before_the_next() {
    for cluster in [CORE, EDGE] {
        let proof = spoiled(|plan| {
            let own = of(plan, cluster);
            let from = place(own, is_round);
            let gone = own.steps.remove(from + 1);
            assert!(matches!(gone.action, Action::Confirm { .. }));
        });
        let found = refused(&proof, "I10");
        assert!(
            found[0].says.contains("two nodes could be down"),
            "{found:#?}"
        );
    }
}

/// That a peer runs is true before its restart, too.
#[test]
fn a_confirmation_asks_for_the_start_and_the_traversal() {
    use crate::plan::Condition;
    let without = |kind: fn(&Condition) -> bool| {
        spoiled(|plan| {
            let core = of(plan, CORE);
            let at = place(core, is_round) + 1;
            core.steps[at].after.retain(|condition| !kind(condition));
        })
    };
    let started = without(|it| matches!(it, Condition::StartedSince { .. }));
    let found = refused(&started, "I8");
    assert!(
        found[0]
            .says
            .contains("nothing asks whether the peer started after core-01, core-02"),
        "{found:#?}"
    );
    let traverses = without(|it| matches!(it, Condition::Traverses { .. }));
    let found = refused(&traverses, "I9");
    assert!(found[0].says.contains("UC"), "{found:#?}");
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

#[test]
fn cucm_knows_core_by_both_stores() {
    let proof = spoiled(|plan| {
        let hq = of(plan, "hq");
        let more = |step: &Step| matches!(&step.action, Action::UploadTrust { store, .. } if store.as_str() == "CallManager-trust");
        hq.steps
            .retain(|step| !more(step) && !step.id.as_str().starts_with("hq-load"));
        plan.links
            .retain(|link| !link.first.as_str().starts_with("hq-load"));
    });
    let found = refused(&proof, "I16");
    let says = &found[0].says;
    assert!(says.contains("verifies with CallManager-trust"), "{says}");
    assert!(found.iter().all(|it| {
        it.step
            .as_ref()
            .is_some_and(|id| id.as_str().starts_with("core-"))
    }));
    assert!(
        found.iter().any(|it| it
            .remedy
            .contains("upload Corp Root to CallManager-trust of pub")),
        "{found:#?}"
    );
    assert_eq!(invariants(&proof), BTreeSet::from(["I16"]));
}

#[test]
fn a_name_that_the_other_end_expects_stays() {
    let without = |cluster: &str, name: &str| {
        spoiled(|plan| {
            for step in &mut of(plan, cluster).steps {
                if let Action::GenerateRequest { names, .. } = &mut step.action {
                    names.remove(&SubjectName::dns(name));
                }
            }
        })
    };
    let signs_in = without(EDGE, DOMAIN);
    let found = refused(&signs_in, "I16");
    assert!(
        found[0]
            .says
            .contains("no DNS name of the certificate is collab-edge.example.com or example.com"),
        "{found:#?}"
    );
    assert!(found[0].says.contains("Jabber warns"), "{found:#?}");
    let zone = without(EDGE, EDGES[0]);
    assert!(
        refused(&zone, "I16")
            .iter()
            .any(|it| it.says.contains("traversal zone") || it.says.contains("7001"))
    );
    refused(&zone, "I18");
    let subject = without(CORE, estate::CORE_NAME);
    let found = refused(&subject, "I16");
    assert!(
        found[0]
            .remedy
            .contains("issued with expc.example.com among its DNS names"),
        "{found:#?}"
    );
}

/// A list uses the upper of two certificates of one name.
#[test]
fn an_authority_is_not_stored_below_its_namesake() {
    let mut observation = observed();
    let state = observation.clusters.get_mut(&CORE.into()).unwrap();
    let mut other = super::scene::certificate("Corp Root of 2015", "Corp Root of 2015");
    other.common_name = Some(ROOT.to_owned());
    state.certificates.insert(other.sha256.clone(), other);
    trust(
        &mut observation,
        CORE,
        CORES[0],
        "trusted-ca",
        &["Corp Root of 2015"],
    );
    let proof = prove(&observation, &good(&observation));
    let found = refused(&proof, "I19");
    assert_eq!(found[0].nodes, [CORES[0].into()]);
    assert!(
        refused(&proof, "I16")
            .iter()
            .any(|it| it.says.contains("two certificates named Corp Root"))
    );
}

/// A plan of CUCM alone, with an Expressway-C that nobody changes.
#[test]
fn an_expressway_outside_the_plan_is_relied_on_too() {
    let mut observation = observed();
    let mut plan = good(&observation);
    plan.clusters.retain(|name, _| name.as_str() == "hq");
    plan.links.clear();
    let hq = of(&mut plan, "hq");
    let more = |step: &Step| matches!(&step.action, Action::UploadTrust { store, .. } if store.as_str() == "CallManager-trust");
    hq.steps
        .retain(|step| !more(step) && !step.id.as_str().starts_with("hq-load"));
    let proof = prove(&observation, &plan);
    let found = refused(&proof, "I16");
    assert!(found.iter().all(|it| it.cluster.as_str() == "hq"));
    assert_eq!(invariants(&proof), BTreeSet::from(["I16"]));
    for node in CORES {
        trust(&mut observation, CORE, node, "trusted-ca", &[ROOT, ISSUING]);
    }
    assert_eq!(told(&prove(&observation, &plan)), "");
    observation.clusters.retain(|name, _| name.as_str() == "hq");
    let alone = prove(&observation, &plan);
    assert!(alone.holds() && alone.reliance.is_none());
}

/// What was broken or unknown before is not the plan's.
#[test]
fn what_was_broken_before_is_not_held_against_the_plan() {
    let broken = |observation: &mut Observation| {
        let state = observation.clusters.get_mut(&CORE.into()).unwrap();
        for node in state.nodes.values_mut() {
            let empty = Observed::Present(vec![]);
            node.trust.insert("trusted-ca".into(), empty);
        }
    };
    let mut observation = observed();
    broken(&mut observation);
    let plan = good(&observation);
    let proof = prove(&observation, &plan);
    assert_eq!(told(&proof), "");
    let held = |proof: &Proof| proof.reliance.expect("judged").held;
    assert_eq!(held(&proof), 2 * 2 * 2 + 2 * 2 * 2);
    let mut observation = observed();
    for node in [PUBLISHER, FIRST] {
        let state = observation.clusters.get_mut(&"hq".into()).unwrap();
        let node = state.nodes.get_mut(&node.into()).unwrap();
        for served in node.served.values_mut() {
            *served = Observed::Unknown("timed out".to_owned());
        }
    }
    let proof = prove(&observation, &plan);
    assert!(
        proof.violations.iter().all(|it| it.invariant != "I16"),
        "{}",
        told(&proof)
    );
}

/// Restarts of what loads an authority are for those of others alone: an own one is loaded with the own identity.
#[test]
fn cucm_restarts_for_others_only_when_they_are_linked() {
    let proof = spoiled(|plan| {
        plan.clusters.retain(|name, _| name.as_str() == "hq");
        plan.links.clear();
    });
    let found = refused(&proof, "I8");
    assert!(
        found
            .iter()
            .any(|it| it.says.contains("no new certificate is stored there")),
        "{found:#?}"
    );
    let subscriber_first = spoiled(|plan| {
        let hq = of(plan, "hq");
        let from = place(hq, |step| step.id.as_str() == "hq-load-pub");
        hq.steps[from..from + 4].rotate_left(2);
    });
    assert!(
        refused(&subscriber_first, "I9")[0]
            .says
            .contains("goes first")
    );
    let twice = spoiled(|plan| {
        let hq = of(plan, "hq");
        let from = place(hq, |step| step.id.as_str() == "hq-load-pub");
        let mut again = hq.steps[from].clone();
        again.id = "hq-again".into();
        hq.steps.insert(from + 1, again);
    });
    assert!(
        refused(&twice, "I8")[0]
            .says
            .contains("restarted there already")
    );
}
