//! Files in and out of archives, chosen by content.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{codes, examine, now};
use crate::diagnose::Examination;
use crate::pki::testing::Recipe;

const LINE: &str = "2026-01-01T00:00:00Z vcsc t: No SSH tunnels have been established\n";

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn a_log_is_found_in_every_packing() {
    let binary: Vec<u8> = [0, 0xd4, 0xc3, 0xb2, 0xa1].repeat(1000);
    let log = LINE.as_bytes();
    let inner = tar(&[
        ("dir/diagnostic_log.txt", log),
        ("eth0.pcap", &binary),
        ("empty", b""),
    ]);
    let long_name = "n/".repeat(120) + "log";
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("plain", log.to_vec()),
        ("named.tar.gz", log.to_vec()),
        ("gz", gz(log)),
        ("two members", [gz(&log[..20]), gz(&log[20..])].concat()),
        ("tar", inner.clone()),
        ("tar.gz", gz(&inner)),
        ("gz in tar.gz", gz(&tar(&[("a/log.gz", &gz(log))]))),
        ("tar.gz in tar", tar(&[("download.tar.gz", &gz(&inner))])),
        ("long name", tar(&[(&long_name, log)])),
    ];
    for (name, bytes) in rows {
        let report = examine(&[(name, &bytes)]);
        assert_eq!(codes(&report), ["tunnels-down"], "{name}");
        assert!(report.all_known(), "{name}: {:?}", report.inputs);
    }
}

#[test]
fn an_archive_that_ends_early_keeps_what_came_before() {
    let noise: String = (0..50_000)
        .map(|n| format!("2026-01-01T00:00:00Z v t: {}\n", n * 7919))
        .collect();
    let whole = gz(&tar(&[
        ("one", (LINE.to_owned() + &noise).as_bytes()),
        ("two", noise.as_bytes()),
    ]));
    let report = examine(&[("cut.tar.gz", &whole[..whole.len() * 2 / 3])]);
    assert_eq!(codes(&report), ["tunnels-down"]);
    assert!(!report.all_known());
    assert!(
        report.inputs[0].notes.concat().contains("to its end"),
        "{:?}",
        report.inputs
    );
}

#[test]
fn packing_without_end_is_refused() {
    let mut bytes = LINE.as_bytes().to_vec();
    for _ in 0..6 {
        bytes = gz(&bytes);
    }
    let report = examine(&[("deep", &bytes)]);
    assert!(!report.all_known() && report.diagnoses.is_empty());
    assert!(
        report.inputs[0].notes.concat().contains("packed more than"),
        "{:?}",
        report.inputs
    );
}

#[test]
fn several_files_are_one_story() {
    let report = examine(&[("a", LINE.as_bytes()), ("b", LINE.as_bytes())]);
    assert_eq!(report.diagnoses.len(), 1);
    assert_eq!(report.diagnoses[0].seen.as_ref().unwrap().count, 2);
    assert_eq!(report.inputs.len(), 2);
}

#[test]
fn the_trust_list_of_a_download_is_no_bundle() {
    let root = Recipe::authority("Old Root").self_signed();
    let pem = root.parsed.pem.as_bytes();
    let with_log = examine(&[(
        "download",
        &gz(&tar(&[("ca.pem", pem), ("log", LINE.as_bytes())])),
    )]);
    assert_eq!(codes(&with_log), ["tunnels-down"]);
    assert!(with_log.certificates.is_empty());
    assert!(
        with_log.inputs[0]
            .notes
            .concat()
            .contains("1 certificate files"),
        "{:?}",
        with_log.inputs
    );
    let alone = examine(&[("bundle", &tar(&[("ca.pem", pem), ("readme", b"hello")]))]);
    assert_eq!((alone.certificates.len(), alone.all_known()), (1, true));
    assert_eq!(alone.certificates[0].files, ["ca.pem"]);
}

#[test]
fn what_is_nothing_says_what_it_looks_like() {
    let long = "prose without any time. ".repeat(60_000);
    let zeros = vec![0; 3 << 20];
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(LINE.repeat(20_000).bytes().flat_map(|byte| [byte, 0]))
        .collect();
    let rows: [(&[u8], &str); 9] = [
        (b"", "empty"),
        (b"just some words", "text without"),
        (b"<html><body>Login</body></html>", "a web page"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"{\"a\": 1}", "a JSON document"),
        (b"\x01\x02\x03\x04", "nothing that is known"),
        (long.as_bytes(), "long text"),
        (&zeros, "neither text"),
        (&utf16, "text in UTF-16"),
    ];
    for (bytes, is) in rows {
        let report = examine(&[("x", bytes)]);
        assert!(!report.all_known(), "{is}");
        assert!(
            report.inputs[0].is.contains(is),
            "{is}: {:?}",
            report.inputs
        );
    }
}

/// Bytes without end.
struct Endless(u64);

impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += buffer.len() as u64;
        buffer.fill(b'\n');
        Ok(buffer.len())
    }
}

/// A reader that fails after its beginning.
struct Failing<'a>(&'a [u8]);

impl std::io::Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Err(std::io::Error::other("the disk\u{1b} is gone"));
        }
        self.0.read(buffer)
    }
}

#[test]
fn a_failing_disk_is_a_note() {
    let mut examination = Examination::new().unwrap();
    examination.read("log", Failing(LINE.as_bytes()));
    let report = examination.finish(None, now());
    assert_eq!(codes(&report), ["tunnels-down"]);
    let notes = report.inputs[0].notes.concat();
    assert!(notes.contains("the disk\\u{1b} is gone"), "{notes}");
    assert!(!report.all_known());
}

#[test]
#[ignore = "reads 8 GiB"]
fn a_file_without_end_ends_at_the_limit() {
    let mut endless = Endless(0);
    let mut examination = Examination::new().unwrap();
    examination.read("zero", &mut endless);
    assert!(endless.0 >= crate::diagnose::READ_LIMIT);
    let report = examination.finish(None, now());
    assert!(report.inputs[0].notes.concat().contains("only the first"));
}
