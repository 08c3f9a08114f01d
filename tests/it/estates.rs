//! Random estates, planned and proved: nothing that can be planned breaks an invariant or strands a phone.

use std::collections::BTreeMap;

use reissue::assess::assess;
use reissue::model::{Appliance, Finding, NodeName, Product, Purpose, ServiceName};
use reissue::plan::{Action, Options, Plan, Refusal, Waivers, plan};
use reissue::playbook::Library;
use reissue::simulate::prove;

use crate::scenes::{Scene, Shape, now};

/// Numbers from a seed, by `SplitMix64`, so that a failing seed fails everywhere.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

const RELEASES: [&str; 6] = [
    "12.5.1.10000-22",
    "12.5.1.16900-30",
    "14.0.1.10000-20",
    "14.0.1.12900-161",
    "15.0.1.10000-32",
    "15.0.1.12900-234",
];

fn cluster(random: &mut Random) -> Shape {
    let product = if random.one_in(5) {
        Product::UnityConnection
    } else {
        Product::Cucm
    };
    let is_cucm = product == Product::Cucm;
    let release = RELEASES[random.below(RELEASES.len())];
    let presence = if is_cucm {
        [0, 0, 1, 2, 3][random.below(5)]
    } else {
        0
    };
    let subscribers = if is_cucm { random.below(6) } else { 1 };
    let present = |purpose: &&str| {
        let roles = product.holders(&Purpose::from(*purpose));
        roles
            .iter()
            .any(|role| match Appliance::of(product, *role) {
                Appliance::ImPresence => presence > 0,
                _ => true,
            })
    };
    let all: Vec<&str> = product.purposes().filter(present).collect();
    let mut wanted: Vec<&str> = all.into_iter().filter(|_| !random.one_in(3)).collect();
    let mixed = is_cucm && random.one_in(2);
    let mut due: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|_| !random.one_in(3))
        .collect();
    // In mixed mode the twin alone is refused.
    let twin = mixed && wanted.contains(&"CallManager-ECDSA");
    if twin && wanted.contains(&"CallManager") {
        due.push("CallManager"); // once more does no harm
    } else if twin {
        wanted.retain(|purpose| *purpose != "CallManager-ECDSA");
        due.retain(|purpose| *purpose != "CallManager-ECDSA");
    }
    let many = subscribers + presence > 0;
    let shared: Vec<&str> = ["tomcat", "tomcat-ECDSA", "CallManager", "CallManager-ECDSA"]
        .into_iter()
        .filter(|_| many && !release.starts_with("12") && random.one_in(2))
        .filter(|purpose| subscribers > 0 || !purpose.starts_with("CallManager"))
        .collect();
    let absent = if random.one_in(3) { random.below(4) } else { 0 };
    Shape {
        product,
        release,
        subscribers,
        presence,
        mixed,
        phones: random.below(60),
        absent,
        pools: 1 + random.below(4),
        reuse: is_cucm && shared.contains(&"tomcat") && random.one_in(4) && !twin,
        sso: random.one_in(4),
        self_signed: random.one_in(4),
        chain_there: random.one_in(3),
        wanted,
        due,
        shared,
    }
}

fn planned(
    scene: &Scene,
    library: &Library,
    options: &Options,
) -> (Vec<Finding>, Result<Plan, Vec<Refusal>>) {
    let findings = assess(
        &scene.observation,
        &scene.desired,
        library.procedures(),
        now(),
    );
    let plan = plan(
        &scene.observation,
        &scene.desired,
        library.procedures(),
        &findings,
        options,
        now(),
    );
    (findings, plan)
}

/// Phones that are absent are waived, as a person would who knows of them.
fn options() -> Options {
    Options {
        waived: Waivers {
            all: true,
            why: "in storage".to_owned(),
            ..Waivers::default()
        },
        ..Options::default()
    }
}

/// One random estate: a plan that its proof lets pass, in which every service restarts once on a node between
/// two uploads to it.
fn trial(seed: u64, library: &Library, outcomes: &mut BTreeMap<&'static str, usize>) {
    let mut random = Random(seed);
    let shapes: Vec<Shape> = (0..=random.below(2))
        .map(|_| cluster(&mut random))
        .collect();
    let scene = Scene::of(&shapes);
    let (findings, plan) = planned(&scene, library, &options());
    let plan = match plan {
        Ok(plan) => plan,
        Err(refusals) => panic!("seed {seed}: {shapes:#?}\n{refusals:#?}\n{findings:#?}"),
    };
    let again = planned(&scene, library, &options()).1.unwrap();
    assert_eq!(plan, again, "seed {seed}: equal input gives an equal plan");
    let proof = prove(&scene.observation, &plan);
    assert!(
        proof.holds(),
        "seed {seed}: {shapes:#?}\n{:#?}\n{}",
        proof.violations,
        serde_json::to_string_pretty(&plan).unwrap()
    );
    for cluster in plan.clusters.values() {
        let mut restarted: BTreeMap<(&NodeName, &ServiceName), usize> = BTreeMap::new();
        for step in &cluster.steps {
            match (&step.action, &step.node) {
                (Action::RestartService { service, .. }, Some(node)) => {
                    *restarted.entry((node, service)).or_default() += 1;
                }
                (Action::UploadIdentity { .. }, _) => restarted.clear(),
                _ => {}
            }
        }
        let twice = restarted.iter().find(|(_, times)| **times > 1);
        assert_eq!(twice, None, "seed {seed}: {shapes:#?}");
    }
    let outcome = if plan.clusters.is_empty() {
        "nothing to do"
    } else {
        "planned and proved"
    };
    *outcomes.entry(outcome).or_default() += 1;
}

fn trials(seeds: std::ops::Range<u64>) {
    let library = Library::embedded().unwrap();
    let mut outcomes = BTreeMap::new();
    for seed in seeds.clone() {
        trial(seed, &library, &mut outcomes);
    }
    println!("{outcomes:?}");
    let planned = outcomes.get("planned and proved").copied().unwrap_or(0);
    let all = usize::try_from(seeds.end - seeds.start).unwrap();
    assert!(planned * 2 > all, "{outcomes:?}");
}

#[test]
fn random_estates_are_planned_and_proved() {
    trials(0..200);
}

#[test]
#[ignore = "a long sweep: cargo sweep"]
fn ten_thousand_random_estates_are_planned_and_proved() {
    trials(0..10_000);
}
