//! Good plans from which one thing was taken.

use super::*;

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
                link.then = of_id(&plan.clusters[&ClusterName::from(CORE)], from);
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
