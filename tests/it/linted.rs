//! `lint` on what an authority hands back, good and bad; no node is asked.

use std::path::PathBuf;

use reissue_lab::{Lab, Misbehaviour};

use crate::support::{Ended, reissue};
use crate::trial::lab;

/// A lab with a request of the publisher's on disk.
struct Desk {
    lab: Lab,
    request: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let lab = lab(|_| {});
        lab.foreign_request("hq", "cucm-pub.hq.example.com", "tomcat")
            .unwrap();
        let request = lab.look("hq", "cucm-pub", |node| {
            node.pending["tomcat"].request.to_pem().unwrap()
        });
        let path = lab.dir().join("tomcat.csr");
        std::fs::write(&path, request.unwrap()).unwrap();
        Self { lab, request: path }
    }

    /// The file that the authority makes of the request.
    fn issued(&self, kind: Misbehaviour) -> PathBuf {
        self.lab.misbehave(kind);
        let request = std::fs::read(&self.request).unwrap();
        let path = self.lab.dir().join(format!("{}.crt", kind.word()));
        std::fs::write(&path, self.lab.authority().sign(&request).unwrap()).unwrap();
        path
    }

    fn lint(&self, file: &std::path::Path) -> Ended {
        let chain = self.lab.dir().join("ca/corp-chain.pem");
        let paths =
            [file, self.request.as_path(), chain.as_path()].map(|path| path.to_str().unwrap());
        let [file, request, chain] = paths;
        reissue(
            &self.lab,
            ["lint", file, "--csr", request, "--chain", chain, "--json"],
        )
    }
}

/// The codes of what keeps a certificate from being uploaded.
fn blockers(ended: &Ended) -> Vec<String> {
    let findings = ended.data();
    let blockers = findings.as_array().unwrap().iter();
    let blockers = blockers.filter(|finding| finding["severity"] == "blocker");
    blockers
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_answer_of_an_authority_is_judged() {
    let desk = Desk::new();
    let rows: [(Misbehaviour, i32, &[&str]); 12] = [
        (Misbehaviour::Honest, 0, &[]),
        (Misbehaviour::Der, 0, &[]),
        (Misbehaviour::Pkcs7, 0, &[]),
        (Misbehaviour::BundleLeafFirst, 0, &[]),
        (Misbehaviour::BundleRootFirst, 0, &[]),
        (Misbehaviour::SanDropped, 3, &["E5"]),
        (Misbehaviour::CnAdded, 3, &["E5"]),
        (Misbehaviour::OtherKey, 3, &["E4"]),
        (Misbehaviour::EkuMissing, 3, &["E15"]),
        (Misbehaviour::Expired, 3, &["E12"]),
        (Misbehaviour::NotYetValid, 3, &["E12"]),
        (Misbehaviour::Html, 3, &["E8"]),
    ];
    for (kind, code, expected) in rows {
        let ended = desk.lint(&desk.issued(kind));
        assert_eq!(
            ended.code,
            code,
            "{}: {}{}",
            kind.word(),
            ended.out,
            ended.err
        );
        assert_eq!(blockers(&ended), expected, "{}: {}", kind.word(), ended.out);
    }
    assert_eq!(desk.lab.requests(), 0, "a node was asked");
}

#[test]
fn a_private_key_in_the_file_is_refused_and_not_shown() {
    let desk = Desk::new();
    let mut bytes = std::fs::read(desk.issued(Misbehaviour::Honest)).unwrap();
    let key = std::fs::read_to_string(desk.lab.dir().join("ca/issuing.key")).unwrap();
    bytes.extend(key.as_bytes());
    let file = desk.lab.dir().join("with-key.pem");
    std::fs::write(&file, bytes).unwrap();
    let ended = desk.lint(&file);
    assert_eq!(
        (ended.code, blockers(&ended)),
        (3, vec!["E9".to_owned()]),
        "{}",
        ended.out
    );
    let secret = key.lines().nth(3).unwrap();
    assert!(!ended.out.contains(secret) && !ended.err.contains(secret));
}

#[test]
fn an_expired_certificate_was_good_in_its_time() {
    let desk = Desk::new();
    let file = desk.issued(Misbehaviour::Expired);
    let file = file.to_str().unwrap();
    let then = reissue::clock::Clock::now(&reissue::clock::SystemClock)
        - jiff::SignedDuration::from_hours(24 * 30);
    reissue(&desk.lab, ["lint", file]).expect(3);
    reissue(&desk.lab, ["lint", file, "--at", &then.to_string()]).expect(0);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let desk = Desk::new();
    let ended = reissue(&desk.lab, ["lint", "no-such.pem"]).expect(2);
    assert!(ended.err.contains("no-such.pem"), "{}", ended.err);
}
