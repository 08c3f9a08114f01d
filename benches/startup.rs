//! How long a person waits for the program itself. Target: 10 ms.

#![allow(
    clippy::expect_used,
    reason = "a benchmark that cannot run must stop loudly"
)]

use std::process::Command;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("startup/version", |bencher| {
        bencher.iter(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_reissue"))
                .arg("--version")
                .output()
                .expect("the program starts");
            assert!(output.status.success(), "{output:?}");
            output
        });
    });
    criterion.final_summary();
}
