//! Reading what 1,000 nodes hold.
//!
//! The certificates of 20 nodes are made once and read 50 times each; reading keeps nothing between two answers.

#![allow(
    clippy::expect_used,
    reason = "a benchmark that cannot run must stop loudly"
)]

mod certificates;

use criterion::{Criterion, Throughput};
use reissue::driver::cucm::decode::snapshot::{Snapshot, snapshot};
use reissue::pki::read_bundle;

/// Nodes with certificates of their own.
const MADE: u32 = 20;
/// Answers read.
const READ: usize = 1_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let answers = certificates::snapshots(MADE);
    let read = || {
        answers
            .iter()
            .cycle()
            .take(READ)
            .map(|answer| snapshot(answer).expect("an inventory"))
    };
    let mut group = criterion.benchmark_group("snapshots");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(READ as u64));
    group.bench_function("decode 1000", |bencher| {
        bencher.iter(|| read().map(|snapshot| snapshot.trusts.len()).sum::<usize>());
    });
    group.bench_function(
        "decode 1000 and parse their 58000 certificates",
        |bencher| {
            bencher.iter(|| {
                let parsed: usize = read().map(|snapshot| certificates_of(&snapshot)).sum();
                assert_eq!(parsed, READ * 58);
            });
        },
    );
    group.finish();
    criterion.final_summary();
}

/// Parses every certificate of a node. Gives how many there are.
fn certificates_of(snapshot: &Snapshot) -> usize {
    let identities = snapshot
        .identities
        .iter()
        .filter_map(|it| it.certificate.as_ref());
    let trusted = snapshot
        .trusts
        .iter()
        .flat_map(|store| store.entries.iter().map(|(_, pem)| pem));
    identities
        .chain(trusted)
        .map(|pem| {
            read_bundle(pem.as_bytes(), "the benchmark")
                .expect("a certificate")
                .len()
        })
        .sum()
}
