//! Plans spoiled many times over.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::model::{NodeName, StepId};
use crate::plan::{Plan, Step};

use super::build::built;
use super::mutation::{Links, Mutation};
use super::scene::{PLAIN, R125, Scene, Setting};
use super::{of_cluster, oracle, prove};

static PLANNED: LazyLock<Vec<(Scene, Plan)>> = LazyLock::new(|| {
    let twin = Setting {
        twin: true,
        single_sign_on: true,
        ..PLAIN
    };
    let phones = Setting {
        more: &["CAPF", "CallManager", "TVS"],
        mixed: true,
        ..PLAIN
    };
    let old = Setting {
        release: R125,
        web: false,
        ..phones
    };
    [PLAIN, twin, phones, old]
        .iter()
        .map(|setting| (setting.scene(), built(setting)))
        .collect()
});

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = 0..90_usize;
    (0..13_u8, place.clone(), place, 0..8_usize).prop_map(|(kind, one, other, at)| match kind {
        0 => Mutation::Drop(one),
        1 => Mutation::Double(one, other),
        2 => Mutation::Swap(one, other),
        3 => Mutation::Move(one, other),
        4 => Mutation::Unguard(one, at),
        5 => Mutation::Unsee(one, at),
        6 => Mutation::OtherRequest(one, other),
        7 => Mutation::Chain(one, Links::ALL[at % 4]),
        8 => Mutation::Blind(one),
        9 => Mutation::Unreset(one),
        10 => Mutation::Unwaive,
        11 => Mutation::Forget(at),
        _ => Mutation::Pem(one),
    })
}

/// Changes that no order of honest steps has: steps elsewhere, at no node, of another name.
fn wreck(step: &mut Step, how: usize) {
    match how % 4 {
        0 => step.node = None,
        1 => step.node = Some(NodeName::from("elsewhere.example.com")),
        2 => step.id = StepId::from("hq-01"),
        _ => step.takes = jiff::SignedDuration::MIN,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn harm_is_found_however_a_plan_was_spoiled(
        which in 0..4_usize,
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let (scene, good) = &PLANNED[which];
        let mut plan = good.clone();
        for mutation in &mutations {
            mutation.spoil(of_cluster(&mut plan));
        }
        let proof = prove(&scene.observation, &plan);
        let harms = oracle::harms(scene, of_cluster(&mut plan));
        prop_assert!(harms.is_empty() || !proof.holds(), "{harms:#?}");
    }

    #[test]
    fn a_wrecked_plan_is_refused_and_never_a_panic(
        which in 0..4_usize,
        mutations in prop::collection::vec(mutation(), 0..12),
        wrecks in prop::collection::vec((0..60_usize, 0..4_usize), 1..8),
        nodes in 0..3_usize,
    ) {
        let (scene, good) = &PLANNED[which];
        let mut plan = good.clone();
        let cluster = of_cluster(&mut plan);
        for mutation in &mutations {
            mutation.spoil(cluster);
        }
        let mut wrecked = cluster.nodes.len() > nodes;
        cluster.nodes.truncate(nodes);
        for (at, how) in wrecks {
            if let Some(step) = cluster.steps.get_mut(at) {
                wreck(step, how);
            }
        }
        wrecked &= !cluster.steps.is_empty();
        let proof = prove(&scene.observation, &plan);
        prop_assert!(!wrecked || !proof.holds());
    }
}
