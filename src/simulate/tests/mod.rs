//! The proof against real plans, spoiled plans and planted faults.

mod arbitrary;
mod build;
mod directed;
mod expressway;
mod handsets;
mod mutation;
mod oracle;
mod procedure;
mod scene;
mod site;

use std::collections::BTreeMap;

use crate::model::{ClusterName, Distribution};
use crate::plan::{ClusterPlan, Edge, Options, Plan, plan};

use super::{Proof, prove};
use build::built;
use mutation::Mutation;
use scene::{PLAIN, R14, R15, R125, Scene, Setting, Trusted, now};

/// Fewer spoiled plans than this would prove little.
const LEAST_HARMFUL: usize = 3000;

/// The planner's own plan, renewing everything.
fn planned(scene: &Scene) -> Plan {
    let options = Options {
        force_renew: true,
        ..Options::default()
    };
    plan(
        &scene.observation,
        &scene.desired,
        &scene.procedures,
        &[],
        &options,
        now(),
    )
    .unwrap_or_else(|refusals| panic!("{refusals:#?}"))
}

fn of_cluster(plan: &mut Plan) -> &mut ClusterPlan {
    plan.clusters.get_mut(&ClusterName::from("hq")).unwrap()
}

fn told(proof: &Proof) -> String {
    let lines = proof.violations.iter().map(|violation| {
        let step = violation.step.as_ref().map_or("plan", |step| step.as_str());
        format!(
            "{step} {} {:?}: {}",
            violation.invariant, violation.nodes, violation.says
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for subscribers in 0..4 {
        for distribution in [Distribution::ThisServer, Distribution::MultiServer] {
            for trusted in [
                Trusted::Nothing,
                Trusted::Everywhere,
                Trusted::OnPublisher,
                Trusted::OlderNamesake,
            ] {
                for bits in 0..8 {
                    let setting = Setting {
                        subscribers,
                        presence: bits & 1 != 0,
                        distribution,
                        twin: bits & 2 != 0,
                        single_sign_on: bits & 4 != 0,
                        trusted,
                        ..PLAIN
                    };
                    let alone = setting.nodes().len() == 1;
                    if !(alone && distribution == Distribution::MultiServer) {
                        all.push(setting);
                    }
                }
            }
        }
    }
    all
}

#[test]
fn every_plan_that_the_planner_makes_is_proved() {
    for setting in settings() {
        let scene = setting.scene();
        let mut plan = planned(&scene);
        let proof = prove(&scene.observation, &plan);
        assert!(proof.holds(), "{setting:?}\n{}", told(&proof));
        let steps = of_cluster(&mut plan).steps.len();
        let extent = proof.clusters[&ClusterName::from("hq")];
        assert_eq!((extent.steps, extent.states), (steps, 2 * steps + 1));
        let harms = oracle::harms(&scene, of_cluster(&mut plan));
        assert!(harms.is_empty(), "{setting:?}\n{harms:#?}");
    }
}

/// What is renewed together with a web certificate, or without one.
const DUE: [&[&str]; 7] = [
    &["ipsec"],
    &["CAPF"],
    &["CallManager", "CallManager-ECDSA"],
    &["TVS"],
    &["CallManager", "TVS"],
    &["cup", "cup-xmpp", "cup-xmpp-s2s"],
    &[
        "ipsec",
        "cup",
        "cup-xmpp",
        "cup-xmpp-s2s",
        "CAPF",
        "CallManager",
        "CallManager-ECDSA",
        "TVS",
    ],
];

/// Clusters of every release and kind, with every purpose.
fn rich_settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for more in DUE {
        for release in [R125, R14, R15] {
            for subscribers in [0, 1, 3] {
                for bits in 0..16 {
                    let presence = bits & 1 != 0;
                    let shared = bits & 4 != 0;
                    let of_presence = more.contains(&"cup");
                    if (of_presence && !presence) || (shared && subscribers == 0) {
                        continue;
                    }
                    all.push(Setting {
                        subscribers,
                        presence,
                        mixed: bits & 2 != 0,
                        distribution: if shared {
                            Distribution::MultiServer
                        } else {
                            Distribution::ThisServer
                        },
                        web: bits & 8 != 0,
                        twin: bits & 8 != 0,
                        single_sign_on: true,
                        more,
                        release,
                        ..PLAIN
                    });
                }
            }
        }
    }
    for mixed in [false, true] {
        let reused = Setting {
            reuse: true,
            mixed,
            distribution: Distribution::MultiServer,
            ..PLAIN
        };
        all.push(reused);
        all.push(Setting {
            subscribers: 3,
            presence: true,
            more: &["ipsec", "CAPF", "TVS"],
            ..reused
        });
    }
    for release in [R125, R14, R15] {
        for subscribers in [0, 1] {
            for shared in [false, true] {
                all.push(Setting {
                    unity: true,
                    twin: true,
                    subscribers,
                    release,
                    more: &["ipsec"],
                    distribution: if shared && subscribers == 1 {
                        Distribution::MultiServer
                    } else {
                        Distribution::ThisServer
                    },
                    ..PLAIN
                });
            }
        }
    }
    all
}

#[test]
fn every_good_plan_is_proved() {
    let settings = rich_settings();
    for setting in &settings {
        let scene = setting.scene();
        let mut plan = built(setting);
        let proof = prove(&scene.observation, &plan);
        assert!(
            proof.holds(),
            "{setting:?}\n{}\n{}",
            told(&proof),
            outline(&mut plan)
        );
    }
    assert!(settings.len() > 500, "{}", settings.len());
}

/// The steps of a plan, for a failing test.
fn outline(plan: &mut Plan) -> String {
    let steps = of_cluster(plan).steps.iter();
    let lines = steps.map(|step| format!("{} {:?} {:?}", step.id, step.node, step.action));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_port_whose_service_stays_up_may_keep_the_old_certificate() {
    let mut scene = PLAIN.scene();
    let services = &mut scene.procedures[0].restarts[0].services;
    services.retain(|rule| rule.service.as_str() != "Cisco Tftp");
    let proof = prove(&scene.observation, &planned(&scene));
    assert!(proof.holds(), "{}", told(&proof));
}

/// Small enough to be spoiled in every way, and different enough to have every kind of step.
fn to_spoil() -> Vec<Setting> {
    let shared = Distribution::MultiServer;
    let phones: &[&str] = &["ipsec", "CAPF", "CallManager", "CallManager-ECDSA", "TVS"];
    let both: &[&str] = &["CallManager", "TVS"];
    vec![
        Setting {
            subscribers: 2,
            ..PLAIN
        },
        Setting {
            distribution: shared,
            single_sign_on: true,
            presence: true,
            ..PLAIN
        },
        Setting {
            trusted: Trusted::OlderNamesake,
            single_sign_on: true,
            ..PLAIN
        },
        Setting {
            subscribers: 0,
            twin: true,
            single_sign_on: true,
            ..PLAIN
        },
        Setting {
            more: phones,
            mixed: true,
            ..PLAIN
        },
        Setting {
            more: phones,
            release: R125,
            subscribers: 2,
            web: false,
            ..PLAIN
        },
        Setting {
            more: both,
            release: R125,
            mixed: true,
            web: false,
            ..PLAIN
        },
        Setting {
            more: both,
            release: R15,
            subscribers: 2,
            web: false,
            distribution: shared,
            ..PLAIN
        },
        Setting {
            more: both,
            release: R125,
            subscribers: 0,
            web: false,
            ..PLAIN
        },
        Setting {
            more: &["ipsec", "cup", "cup-xmpp", "cup-xmpp-s2s"],
            presence: true,
            ..PLAIN
        },
        Setting {
            reuse: true,
            mixed: true,
            more: &["TVS"],
            distribution: shared,
            ..PLAIN
        },
    ]
}

#[test]
fn every_harmful_change_to_a_plan_is_found() {
    let (mut harmful, mut harmless, mut quiet) = (0, 0, 0);
    let mut missed = Vec::new();
    let mut needless: BTreeMap<String, usize> = BTreeMap::new();
    for setting in to_spoil() {
        let scene = setting.scene();
        let mut good = built(&setting);
        let cluster = of_cluster(&mut good).clone();
        let harms = oracle::harms(&scene, &cluster);
        assert!(
            harms.is_empty(),
            "{setting:?}\n{harms:#?}\n{}",
            outline(&mut good)
        );
        for mutation in Mutation::all(&cluster) {
            let mut plan = good.clone();
            mutation.spoil(of_cluster(&mut plan));
            let proof = prove(&scene.observation, &plan);
            let harms = oracle::harms(&scene, of_cluster(&mut plan));
            match (harms.is_empty(), proof.holds()) {
                (true, true) => quiet += 1,
                (true, false) => {
                    harmless += 1;
                    let first = &proof.violations[0];
                    let kind = format!("{mutation:?}");
                    let kind = kind.split('(').next().unwrap_or_default();
                    *needless
                        .entry(format!("{kind} {}", first.invariant))
                        .or_default() += 1;
                }
                (false, false) => harmful += 1,
                (false, true) => missed.push(format!("{mutation:?} of {setting:?}: {harms:?}")),
            }
        }
    }
    println!(
        "harmful and refused {harmful}, harmless and let through {quiet}, refused without need {harmless}: {needless:?}"
    );
    let shown = missed.len().min(20);
    assert!(
        missed.is_empty(),
        "{} missed:\n{}",
        missed.len(),
        missed[..shown].join("\n")
    );
    assert!(harmful >= LEAST_HARMFUL, "{harmful} harmful plans");
    // A proof that refuses everything would find every harm, too.
    assert!(
        quiet >= 100,
        "only {quiet} harmless changes were let through"
    );
}

#[test]
fn a_cluster_that_was_not_observed_is_not_proved() {
    let scene = PLAIN.scene();
    let mut plan = built(&PLAIN);
    let unseen = plan.clusters.pop_first().unwrap().1;
    plan.clusters.insert("elsewhere".into(), unseen);
    let proof = prove(&scene.observation, &plan);
    assert_eq!(proof.violations.len(), 1, "{}", told(&proof));
    assert_eq!(proof.violations[0].invariant, "I25");
    assert_eq!(proof.violations[0].cluster.as_str(), "elsewhere");
}

#[test]
fn reasons_between_steps_hold() {
    let scene = PLAIN.scene();
    for turn in [
        |edge: &mut Edge| std::mem::swap(&mut edge.first, &mut edge.then),
        |edge: &mut Edge| edge.then = edge.first.clone(),
        |edge: &mut Edge| edge.first = "hq-99".into(),
    ] {
        let mut plan = planned(&scene);
        let edges = &mut of_cluster(&mut plan).edges;
        turn(edges.last_mut().unwrap());
        let proof = prove(&scene.observation, &plan);
        let found: Vec<_> = proof.violations.iter().map(|it| it.invariant).collect();
        assert_eq!(found, ["shape"], "{}", told(&proof));
    }
}
