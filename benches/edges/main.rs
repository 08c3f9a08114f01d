//! Trust edges: judging one by one, and all of a cluster after every step of its plan.
//!
//! Target: 10,000 evaluations within a second. The proof of the same plan is measured beside the judgement after every
//! step, because the latter is worth being a part of the proof only where it costs little of it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reports, and stops loudly if it cannot run"
)]

#[path = "../../tests/scenes/mod.rs"]
mod scenes;

use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use reissue::assess::assess;
use reissue::edges::{Edge, Site, after_each_step, graph, judge};
use reissue::model::Product;
use reissue::plan::{Options, Plan, plan};
use reissue::playbook::Library;
use reissue::simulate::prove;

use scenes::{Scene, Shape, now};

const EVALUATIONS: usize = 10_000;

fn main() {
    let library = Library::embedded().expect("the playbooks are good");
    let scene = Scene::of(&[everything()]);
    let planned = plan_of(&scene, &library);
    let site = Site::of(&scene.observation);
    let edges = graph(&scene.observation);
    assert!(edges.len() > 500, "a cluster of 21 nodes has more edges");
    let many: Vec<Edge> = edges.iter().cycle().take(EVALUATIONS).cloned().collect();
    let told = [
        once("10,000 evaluations", || judge(&site, &many, now()).len()),
        once("all edges after every step", || {
            after_each_step(&scene.observation, &planned).len()
        }),
        once("proof of the same plan", || {
            prove(&scene.observation, &planned).clusters.len()
        }),
    ];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("edges");
    group.sample_size(20);
    group.throughput(Throughput::Elements(EVALUATIONS as u64));
    group.bench_function(BenchmarkId::new("judge", EVALUATIONS), |bencher| {
        bencher.iter_with_large_drop(|| judge(&site, &many, now()));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("graph", |bencher| {
        bencher.iter_with_large_drop(|| graph(&scene.observation));
    });
    group.bench_function("after every step", |bencher| {
        bencher.iter(|| after_each_step(&scene.observation, &planned));
    });
    group.bench_function("prove", |bencher| {
        bencher.iter(|| prove(&scene.observation, &planned));
    });
    group.finish();
    criterion.final_summary();
    println!("{} edges\n{}", edges.len(), told.join("\n"));
}

/// The publisher, 14 subscribers and 6 IM and Presence nodes in mixed mode, with every purpose due.
fn everything() -> Shape {
    let all: Vec<&'static str> = Product::Cucm.purposes().collect();
    Shape {
        subscribers: 14,
        presence: 6,
        mixed: true,
        phones: 2_000,
        pools: 10,
        wanted: all.clone(),
        due: all,
        ..Shape::default()
    }
}

fn plan_of(scene: &Scene, library: &Library) -> Plan {
    let procedures = library.procedures();
    let findings = assess(&scene.observation, &scene.desired, procedures, now());
    let options = Options::default();
    let plan = plan(
        &scene.observation,
        &scene.desired,
        procedures,
        &findings,
        &options,
        now(),
    );
    plan.expect("nothing is refused")
}

/// What it takes a single time, as a command does, and how much came out.
fn once(what: &str, work: impl FnOnce() -> usize) -> String {
    let began = Instant::now();
    let count = work();
    format!("{what} once: {:.1?}, {count} results", began.elapsed())
}
