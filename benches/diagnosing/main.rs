//! Reading a large diagnostic log. Target: 200 MB/s on one core, and no more memory for 1 GB than for 1 MB.
//!
//! The log is made in memory: mostly lines that mean nothing, one request in eight, and a failure now and then.

#![allow(
    clippy::expect_used,
    reason = "a benchmark that cannot run must stop loudly"
)]

use std::fmt::Write as _;

use criterion::{Criterion, Throughput};
use reissue::diagnose::Examination;

/// The length of the log in bytes.
const LENGTH: usize = 100 * 1024 * 1024;

/// `steven.lab/https/10.48.36.215/8443`, as it stands in the path of a request.
const PATH: &str = "c3RldmVuLmxhYi9odHRwcy8xMC40OC4zNi4yMTUvODQ0Mw";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let log = log(LENGTH);
    let mut group = criterion.benchmark_group("diagnosing");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("a log of 100 MiB", |bencher| {
        bencher.iter(|| {
            let mut examination = Examination::new().expect("the anchors");
            examination.read("log", log.as_bytes());
            examination.finish(None, jiff::Timestamp::UNIX_EPOCH)
        });
    });
    group.finish();
    criterion.final_summary();
}

/// A log of at least so many bytes.
fn log(length: usize) -> String {
    let mut text = String::with_capacity(length + 4096);
    let mut number = 0_u64;
    while text.len() < length {
        number += 1;
        let (minute, second) = (number / 60_000 % 60, number / 1000 % 60);
        let thousandth = number % 1000;
        let head = format!("2022-07-11T18:{minute:02}:{second:02}.{thousandth:03}+02:00 vcsc");
        // Writing to a string cannot fail.
        let _ = match number {
            n if n % 997 == 0 => write!(
                text,
                "{head} traffic_server[18242]: [ET_NET 0]\n\nWARNING: Core server certificate verification failed for\n\n\
                 (cucm.steven.lab).\n\nAction=Terminate Error=self signed certificate \
                 server=cucm.steven.lab(10.48.36.215)\n\ndepth=0\n\n"
            ),
            n if n % 8 == 0 => writeln!(
                text,
                "{head} traffic_server[18242]: Module=\"network.http.trafficserver\" Level=\"INFO\": \
                 Detail=\"Receive Request\" Txn-id=\"{n}\" Msg=\"GET http://vcs_control.steven.lab:8443/{PATH}/cucm-uds/user/{n} HTTP/1.1\""
            ),
            n => writeln!(
                text,
                "{head} tvcs: Module=\"network.sip\" Level=\"DEBUG\": Action=\"Received\" Local-ip=\"10.48.36.46\" \
                 Local-port=\"5061\" Src-ip=\"10.48.36.215\" Src-port=\"{}\" Msg-Hash=\"{:016x}\" SIPMSG: |REGISTER sip:steven.lab SIP/2.0",
                n % 65_536,
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ),
        };
    }
    text
}
