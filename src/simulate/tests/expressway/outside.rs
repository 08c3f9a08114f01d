//! What others hold and know: names, namesakes, CUCM, and who is not in the plan.

use super::*;

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
    let mut other = certificate("Corp Root of 2015", "Corp Root of 2015");
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

/// Who changes nothing is read again before the others change, and need not be in a state to be written to.
#[test]
fn a_cluster_that_is_only_read_is_not_judged_as_one_that_is_written_to() {
    let mut observation = observed();
    for node in [PUBLISHER, FIRST] {
        for store in ["tomcat-trust", "CallManager-trust"] {
            trust(&mut observation, "hq", node, store, &[ROOT, ISSUING]);
        }
    }
    let hq = observation.clusters.get_mut(&"hq".into()).unwrap();
    hq.replication = Observed::Unknown("the shell did not answer".to_owned());
    let mut plan = good(&observation);
    let hq = of(&mut plan, "hq");
    hq.steps.retain(|step| step.id.as_str() == "hq-loaded-sub1");
    plan.links
        .retain(|link| !link.then.as_str().starts_with("hq"));
    assert_eq!(told(&prove(&observation, &plan)), "");
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
