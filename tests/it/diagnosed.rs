//! `diagnose` from outside: logs and certificates from files, archives and standard input; no node is asked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Ended, command, finish};

/// A folder for one test.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn diagnose(&self, words: &[&str]) -> Ended {
        self.with_input(words, b"")
    }

    fn with_input(&self, words: &[&str], input: &[u8]) -> Ended {
        let words = [&["diagnose"], words].concat();
        let mut child = command(&self.0.path().join("no-estate.yaml"), words)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses its arguments does not read.
        let written = child.stdin.take().unwrap().write_all(input);
        let ended = finish(child);
        assert!(written.is_ok() || ended.code == 2, "{}", ended.err);
        ended
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// One failed connection to port 6972, wrapped over lines as devices and articles show it.
const LOG: &str = "\
2022-07-11T18:55:26.000+02:00 vcsc traffic_server[18242]: Msg=\"GET http://vcs_control.steven.lab:8443/c3RldmVuLmxhYi9odHRwcy9jdWNtLnN0ZXZlbi5sYWIvNjk3Mg/SPDefault.cnf.xml HTTP/1.1\"
2022-07-11T18:55:26.016+02:00 vcsc traffic_server[18242]: [ET_NET 0]

WARNING: Core server certificate verification failed for

(cucm.steven.lab).

Action=Terminate Error=self signed certificate server=cucm.steven.lab(10.48.36.215)

depth=0
2022-07-11T18:55:26.024+02:00 vcsc traffic_server[18242]: \u{1b}[2JMsg=\"HTTP/1.1 502 connect failed\"
";

fn packed(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in [("xconf.txt", &b"*c xConfiguration"[..]), (name, bytes)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn the_same_answer_from_a_file_an_archive_and_standard_input() {
    let desk = Desk::new();
    let plain = desk.file("diagnostic.log", LOG);
    // The name says nothing: this is an archive.
    let archive = desk.file(
        "diagnostic.txt",
        packed("loggingsnapshot.txt", LOG.as_bytes()),
    );
    let from_file = desk.diagnose(&[text(&plain), "--json"]).expect(3);
    let from_archive = desk.diagnose(&[text(&archive), "--json"]).expect(3);
    let from_input = desk.with_input(&["-", "--json"], LOG.as_bytes()).expect(3);
    let diagnoses = from_file.data()["diagnoses"].clone();
    assert_eq!(diagnoses, from_archive.data()["diagnoses"]);
    assert_eq!(diagnoses, from_input.data()["diagnoses"]);
    let found = &diagnoses.as_array().unwrap()[..];
    assert_eq!(found.len(), 1, "{diagnoses:#}");
    assert_eq!(found[0]["code"], "mra-self-signed");
    assert_eq!(
        found[0]["subject"],
        "cucm.steven.lab (10.48.36.215), port 6972"
    );
    assert_eq!(found[0]["seen"]["ports"][0]["port"], 6972);
    assert_eq!(found[0]["seen"]["first"], "2022-07-11T16:55:26.016Z");
}

#[test]
fn a_person_reads_server_port_cause_and_remedy() {
    let desk = Desk::new();
    let plain = desk.file("diagnostic.log", LOG);
    let ended = desk.diagnose(&[text(&plain)]).expect(3);
    for part in [
        "critical mra-self-signed",
        "cucm.steven.lab (10.48.36.215), port 6972",
        "-ECDSA",
        "every Expressway-C peer",
        "CSCwa12905",
        "Short-term only",
        "xConfiguration EdgeConfigServer VerifyOriginServer: Off",
        "expressway §7",
    ] {
        let flat = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part}:\n{}", ended.out);
    }
    assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'));
    let code = command(Path::new("none.yaml"), ["explain", "mra-self-signed"]);
    let mut code = code;
    assert!(code.status().unwrap().success());
}

#[test]
fn certificates_are_told_and_a_key_is_not_shown() {
    let desk = Desk::new();
    let lab = crate::trial::lab(|_| {});
    let chain = std::fs::read(lab.dir().join("ca/corp-chain.pem")).unwrap();
    let key = std::fs::read_to_string(lab.dir().join("ca/issuing.key")).unwrap();
    let good = desk.file("chain.pem", &chain);
    let ended = desk.diagnose(&[text(&good)]).expect(0);
    assert!(
        ended.out.contains("Nothing wrong was found"),
        "{}",
        ended.out
    );
    let bad = desk.file("with key.pem", [chain, key.clone().into_bytes()].concat());
    let ended = desk.diagnose(&[text(&bad), "--json"]).expect(3);
    assert_eq!(ended.data()["diagnoses"][0]["code"], "file-private-key");
    let secret = key.lines().nth(3).unwrap();
    assert!(!ended.out.contains(secret) && !ended.err.contains(secret));
    assert_eq!(lab.requests(), 0, "a node was asked");
}

#[test]
fn what_cannot_be_read_is_told_with_what_it_looks_like() {
    let desk = Desk::new();
    let page = desk.file("cert.pem", "<html><title>Login</title></html>");
    let ended = desk.diagnose(&[text(&page), "--json"]).expect(2);
    assert_eq!(ended.data()["inputs"][0]["is"], "a web page");
    let bytes = desk.file("bytes", [1, 2, 3, 4, 5]);
    let ended = desk.diagnose(&[text(&bytes)]).expect(2);
    assert!(ended.out.contains("nothing that is known"), "{}", ended.out);
    let cut = packed("log.txt", LOG.repeat(200).as_bytes());
    let cut = desk.file("cut.tar.gz", &cut[..cut.len() - 30]);
    let ended = desk.diagnose(&[text(&cut)]).expect(2);
    assert!(ended.out.contains("to its end"), "{}", ended.out);
    let ended = desk.diagnose(&["no-such-file"]).expect(2);
    assert!(ended.err.contains("no-such-file"), "{}", ended.err);
    let folder = desk.diagnose(&[text(desk.0.path())]).expect(2);
    assert!(folder.err.contains("is a folder"), "{}", folder.err);
    desk.diagnose(&[]).expect(2);
    let empty = desk.diagnose(&["-"]).expect(2);
    assert!(empty.out.contains("-: empty"), "{}", empty.out);
}

#[test]
fn an_observation_that_is_none_is_refused_before_the_log_is_read() {
    let desk = Desk::new();
    let log = desk.file("log", LOG);
    let ended = desk
        .diagnose(&[text(&log), "--observation", text(&log)])
        .expect(2);
    assert!(
        ended.err.contains("expected an observation"),
        "{}",
        ended.err
    );
}
