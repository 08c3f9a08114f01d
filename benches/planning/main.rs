//! From an observation to a proved plan, for estates of several sizes: clusters of 8 nodes of which tomcat is due, and
//! clusters of 21 nodes of which every purpose is due.
//!
//! Targets: 100 clusters of 8 nodes are planned and proved within a second and 300 MiB, and a cluster costs the
//! same in an estate of 100 as in one of 10. One cluster of 21 nodes with every purpose due is planned and proved
//! within 50 ms, 100 of them within 3 s.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reports, and stops loudly if it cannot run"
)]

#[path = "../../tests/scenes/mod.rs"]
mod scenes;

use std::time::Instant;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use reissue::assess::assess;
use reissue::model::{Finding, Procedure, Product};
use reissue::plan::{Action, ClusterPlan, Options, Plan, Step, file, plan};
use reissue::playbook::Library;
use reissue::simulate::{Proof, prove};

use scenes::{Scene, Shape, now};

fn main() {
    let library = Library::embedded().expect("the playbooks are good");
    let procedures = library.procedures();
    // First and in this order, because every later measurement raises the peak.
    let mut told: Vec<String> = Vec::new();
    for size in [1, 10, 100] {
        told.push(once("8 nodes, tomcat", &web_only(), size, procedures));
    }
    for size in [1, 100] {
        told.push(once(
            "21 nodes, every purpose",
            &everything(),
            size,
            procedures,
        ));
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("planning");
    group.sample_size(20);
    for size in [1, 10, 100] {
        estate(&mut group, &web_only(), size, procedures);
    }
    group.finish();
    let mut group = criterion.benchmark_group("every purpose");
    group.sample_size(10);
    for size in [1, 100] {
        estate(&mut group, &everything(), size, procedures);
    }
    group.finish();
    criterion.final_summary();
    println!("{}", told.join("\n"));
}

/// The publisher, five subscribers and two IM and Presence nodes, with 2,000 phones; tomcat is due on all.
fn web_only() -> Shape {
    Shape {
        subscribers: 5,
        presence: 2,
        phones: 2_000,
        ..Shape::default()
    }
}

/// The publisher, 14 subscribers and 6 IM and Presence nodes in mixed mode, with 2,000 phones in 10 device pools;
/// every purpose is due on every node that holds it.
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

/// Measures each stage by itself, then all of them, for an estate of `size` clusters.
fn estate(
    group: &mut BenchmarkGroup<'_, WallTime>,
    shape: &Shape,
    size: usize,
    procedures: &[Procedure],
) {
    let scene = Scene::of(&vec![shape.clone(); size]);
    let findings = assessed(&scene, procedures);
    let planned = plan_of(&scene, procedures, &findings);
    group.throughput(Throughput::Elements(size as u64));
    group.bench_function(BenchmarkId::new("assess", size), |bencher| {
        bencher.iter(|| assessed(&scene, procedures));
    });
    group.bench_function(BenchmarkId::new("plan", size), |bencher| {
        bencher.iter_with_large_drop(|| plan_of(&scene, procedures, &findings));
    });
    group.bench_function(BenchmarkId::new("prove", size), |bencher| {
        bencher.iter(|| proved(&scene, &planned));
    });
    group.bench_function(
        BenchmarkId::new("assess, plan and prove", size),
        |bencher| {
            bencher.iter_with_large_drop(|| all(&scene, procedures));
        },
    );
    group.bench_function(BenchmarkId::new("save", size), |bencher| {
        bencher.iter(|| file::save(&planned).expect("a plan can be written"));
    });
}

fn assessed(scene: &Scene, procedures: &[Procedure]) -> Vec<Finding> {
    assess(&scene.observation, &scene.desired, procedures, now())
}

/// A plan that renews every node of every cluster; anything less would be measured for nothing.
fn plan_of(scene: &Scene, procedures: &[Procedure], findings: &[Finding]) -> Plan {
    let options = Options::default();
    let plan = plan(
        &scene.observation,
        &scene.desired,
        procedures,
        findings,
        &options,
        now(),
    );
    let plan = plan.expect("nothing is refused");
    assert_eq!(plan.clusters.len(), scene.observation.clusters.len());
    let wanted = scene.desired.certificates.iter();
    let wanted: usize = wanted.map(|wanted| wanted.nodes.len()).sum();
    let uploads: usize = plan.clusters.values().map(uploads).sum();
    assert_eq!(uploads, wanted);
    plan
}

fn uploads(cluster: &ClusterPlan) -> usize {
    let upload = |step: &&Step| matches!(step.action, Action::UploadIdentity { .. });
    cluster.steps.iter().filter(upload).count()
}

fn proved(scene: &Scene, plan: &Plan) -> Proof {
    let proof = prove(&scene.observation, plan);
    assert_eq!(proof.violations.first(), None);
    proof
}

fn all(scene: &Scene, procedures: &[Procedure]) -> (Plan, Proof) {
    let findings = assessed(scene, procedures);
    let plan = plan_of(scene, procedures, &findings);
    let proof = proved(scene, &plan);
    (plan, proof)
}

/// What it takes to assess, plan and prove some clusters a single time, as a command does, and what comes out.
fn once(what: &str, shape: &Shape, size: usize, procedures: &[Procedure]) -> String {
    let scene = Scene::of(&vec![shape.clone(); size]);
    let began = Instant::now();
    let (plan, proof) = all(&scene, procedures);
    let took = began.elapsed();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("unknown", str::trim);
    let steps: usize = plan
        .clusters
        .values()
        .map(|cluster| cluster.steps.len())
        .sum();
    let checks: usize = proof.clusters.values().map(|extent| extent.checks).sum();
    let kib = file::save(&plan).expect("a plan can be written").len() / 1024;
    format!(
        "{size} clusters of {what} once: {took:.1?}, peak resident memory {peak}, {steps} steps, {checks} checks, \
         plan file {kib} KiB"
    )
}
