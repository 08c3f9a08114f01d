//! Planted faults: each is found under its invariants' numbers, at its node, and nothing else is found.

mod facts;
mod phones;
mod purposes;
mod requests;
mod restarts;
mod trust;

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::model::*;
use crate::plan::{Action, ClusterPlan, Condition, Stage, Step};

use super::build::built;
use super::scene::{
    FIRST, NAMESAKE, PLAIN, PRESENCE, PUBLISHER, R125, ROOT, Scene, Setting, certificate, entry,
    fingerprint, pem,
};
use super::{of_cluster, prove, told};

/// A fault, the invariants that it breaks, and the node that must be named; none where it is the cluster.
type Fault = (
    &'static str,
    Setting,
    &'static [&'static str],
    &'static str,
    fn(&mut Scene, &mut ClusterPlan),
);

const SHARED: Setting = Setting {
    distribution: Distribution::MultiServer,
    ..PLAIN
};
const SIGNED_ON: Setting = Setting {
    single_sign_on: true,
    ..PLAIN
};
const WITH_PRESENCE: Setting = Setting {
    presence: true,
    ..PLAIN
};

fn place(plan: &ClusterPlan, nth: usize, wanted: fn(&Action) -> bool) -> usize {
    let places = plan.steps.iter().enumerate();
    let mut found = places.filter(|(_, step)| wanted(&step.action));
    found.nth(nth).expect("the plan has such a step").0
}

fn is_trust(action: &Action) -> bool {
    matches!(action, Action::UploadTrust { .. })
}
fn is_request(action: &Action) -> bool {
    matches!(action, Action::GenerateRequest { .. })
}
fn is_wait(action: &Action) -> bool {
    matches!(action, Action::AwaitCertificates { .. })
}
fn is_upload(action: &Action) -> bool {
    matches!(action, Action::UploadIdentity { .. })
}
fn is_restart(action: &Action) -> bool {
    matches!(action, Action::RestartService { .. })
}
fn is_person(action: &Action) -> bool {
    matches!(action, Action::Person { .. })
}
fn is_confirm(action: &Action) -> bool {
    matches!(action, Action::Confirm { .. })
}

fn step(plan: &mut ClusterPlan, nth: usize, wanted: fn(&Action) -> bool) -> &mut Step {
    let at = place(plan, nth, wanted);
    &mut plan.steps[at]
}

fn remove(plan: &mut ClusterPlan, nth: usize, wanted: fn(&Action) -> bool) -> Step {
    let at = place(plan, nth, wanted);
    plan.steps.remove(at)
}

fn asked(step: &mut Step) -> (&mut BTreeSet<SubjectName>, &mut KeySpec, &mut Purpose) {
    match &mut step.action {
        Action::GenerateRequest {
            names,
            key,
            purpose,
            ..
        } => (names, key, purpose),
        other => panic!("{other:?} asks for nothing"),
    }
}

fn faults() -> impl Iterator<Item = &'static Fault> {
    [
        facts::FAULTS,
        phones::FAULTS,
        purposes::FAULTS,
        requests::FAULTS,
        restarts::FAULTS,
        trust::FAULTS,
    ]
    .into_iter()
    .flatten()
}

/// Another authority of the root's name in a subscriber's store, on which nothing rests.
fn namesake(scene: &mut Scene, begins: &str) {
    let held = Observed::Present(vec![entry(NAMESAKE)]);
    scene.node(FIRST).trust.insert("tomcat-trust".into(), held);
    let known = &mut scene.cluster().certificates;
    known.get_mut(&fingerprint(NAMESAKE)).unwrap().not_before = begins.parse().unwrap();
}

#[test]
fn a_planted_fault_is_found_under_its_number_and_node() {
    let mut wrong = Vec::new();
    for (name, setting, invariants, node, plant) in faults() {
        let mut scene = setting.scene();
        let mut plan = built(setting);
        plant(&mut scene, of_cluster(&mut plan));
        let proof = prove(&scene.observation, &plan);
        let found: BTreeSet<&str> = proof.violations.iter().map(|it| it.invariant).collect();
        let node = NodeName::from(*node);
        let named = |invariant: &&str| {
            let mut of = proof
                .violations
                .iter()
                .filter(|it| it.invariant == *invariant);
            of.any(|it| node.as_str().is_empty() || it.nodes.contains(&node))
        };
        let wordless = proof
            .violations
            .iter()
            .any(|it| it.says.is_empty() || it.remedy.is_empty());
        if found != invariants.iter().copied().collect()
            || !invariants.iter().any(named)
            || wordless
        {
            wrong.push(format!(
                "{name}: expected {invariants:?} at {node}, found\n{}",
                told(&proof)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_invariant_of_this_release_has_a_planted_fault() {
    let planted: BTreeSet<&str> = faults().flat_map(|fault| fault.2).copied().collect();
    for invariant in [
        "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13", "I14",
        "I15", "I18", "I22", "I24", "I25", "I26", "I27", "I28", "shape",
    ] {
        assert!(planted.contains(invariant), "{invariant}");
    }
}
