//! Files that are wrong: one paragraph that says where, the exit code for it, and no node is asked.

use std::path::Path;

use reissue_lab::Lab;

use crate::support::{Ended, reissue};
use crate::trial::{Trial, lab};

/// The most lines that an error may take: a message, an excerpt and a way out.
const PARAGRAPH: usize = 14;

/// It ended as asked, with one readable error that holds some words, and nobody was asked.
#[track_caller]
fn told(lab: &Lab, what: &str, ended: &Ended, code: i32, words: &[&str]) {
    let said = format!("{what}: exit {}\n{}\n{}", ended.code, ended.out, ended.err);
    assert_eq!(ended.code, code, "{said}");
    assert_eq!(
        ended.err.matches("error: ").count(),
        1,
        "not one error: {said}"
    );
    assert!(ended.err.lines().count() <= PARAGRAPH, "too long: {said}");
    for word in words {
        assert!(ended.err.contains(word), "no `{word}`: {said}");
    }
    for noise in ["panicked", "RUST_BACKTRACE", "Error {", "\u{1b}["] {
        assert!(!ended.err.contains(noise), "`{noise}`: {said}");
    }
    assert_eq!(lab.requests(), 0, "a node was asked: {said}");
}

/// A passage of the lab's estate file, what stands there instead, and where that is told.
#[rustfmt::skip]
const MISTAKES: [(&str, &str, &[&str]); 12] = [
    ("format: 1", "format: 2", &["estate.yaml:2:9", "format"]),
    ("poll:", "pol:", &["estate.yaml:14:3", "did you mean `poll`"]),
    ("poll: 10ms", "poll: soon", &["estate.yaml:14:9"]),
    ("product: cucm", "product: cumc", &["estate.yaml:22:14", "did you mean `cucm`"]),
    ("role: publisher", "role: subscriber", &["has no publisher"]),
    ("role: subscriber", "role: publisher", &["two publishers"]),
    ("issuer: corp", "issuer: crop", &["did you mean `corp`"]),
    ("kind: folder", "kind: floder", &["did you mean `folder`"]),
    ("key: rsa-2048", "key: rsa-64", &["rsa-64"]),
    ("renew_before: 30d", "renew_before: 30", &["30"]),
    ("clusters:", "clusters: [", &["estate.yaml:"]),
    ("- name: hq", "- name: hq\n    name: hq", &["twice"]),
];

#[test]
fn mistakes_in_the_estate_file_are_told_with_their_place() {
    let lab = lab(|_| {});
    let good = std::fs::read_to_string(lab.estate()).unwrap();
    for (from, to, words) in MISTAKES {
        assert!(good.contains(from), "{from}");
        std::fs::write(lab.estate(), good.replacen(from, to, 1)).unwrap();
        let ended = reissue(&lab, ["plan"]);
        told(&lab, to, &ended, 2, words);
        let place = ended.err.split("estate.yaml:").nth(1).unwrap_or_default();
        let mut numbers = place.split([':', '\n', ' ']);
        let both = [numbers.next(), numbers.next()];
        assert!(
            both.iter()
                .all(|number| number.is_some_and(|n| n.parse::<u32>().is_ok())),
            "no line and column: {}",
            ended.err
        );
    }
}

#[test]
fn what_is_no_estate_file_at_all_is_told_in_a_paragraph() {
    let lab = lab(|_| {});
    let estate = lab.estate().to_owned();
    let good = std::fs::read(&estate).unwrap();
    let mut late = good.clone();
    late.extend([0xff, 0xfe, 0x00]);
    let wide: Vec<u8> = String::from_utf8_lossy(&good)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let bombs = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(0..30)
            .map(|n| {
                format!(
                    "b{n}: &b{n} [*{0},*{0},*{0},*{0},*{0},*{0},*{0},*{0}]\n",
                    if n == 0 {
                        "a".to_owned()
                    } else {
                        format!("b{}", n - 1)
                    }
                )
            })
            .collect::<String>();
    let rows: [(&str, Vec<u8>); 9] = [
        ("empty", Vec::new()),
        ("only a comment", b"# nothing\n".to_vec()),
        (
            "a web page",
            b"<!DOCTYPE html><html><body>Sign in</body></html>".to_vec(),
        ),
        ("a list", b"- 1\n- 2\n".to_vec()),
        ("bytes that are no text", vec![0xff; 100]),
        ("text that ends in bytes", late),
        ("UTF-16", wide),
        ("very deep", "[".repeat(100_000).into_bytes()),
        ("aliases of aliases", bombs.into_bytes()),
    ];
    for (what, bytes) in rows {
        std::fs::write(&estate, bytes).unwrap();
        told(&lab, what, &reissue(&lab, ["plan"]), 2, &["estate.yaml"]);
    }
    std::fs::write(&estate, vec![b'#'; 64 << 20]).unwrap();
    told(
        &lab,
        "64 MiB",
        &reissue(&lab, ["plan"]),
        2,
        &["estate.yaml"],
    );
    std::fs::remove_file(&estate).unwrap();
    told(
        &lab,
        "missing",
        &reissue(&lab, ["plan"]),
        2,
        &["estate.yaml"],
    );
    std::fs::create_dir(&estate).unwrap();
    told(
        &lab,
        "a directory",
        &reissue(&lab, ["plan"]),
        2,
        &["estate.yaml"],
    );
}

#[test]
fn a_chain_that_is_missing_or_none_is_named() {
    let lab = lab(|_| {});
    let chain = lab.dir().join("ca/corp-chain.pem");
    let good = std::fs::read(&chain).unwrap();
    let key = std::fs::read(lab.dir().join("ca/issuing.key")).unwrap();
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("a page", b"<html>".to_vec()),
        ("a key", key),
        ("cut", good[..good.len() / 3].to_vec()),
    ] {
        std::fs::write(&chain, bytes).unwrap();
        told(&lab, what, &reissue(&lab, ["plan"]), 2, &["corp-chain.pem"]);
    }
    std::fs::remove_file(&chain).unwrap();
    told(
        &lab,
        "missing",
        &reissue(&lab, ["plan"]),
        2,
        &["corp-chain.pem"],
    );
}

/// Every command that reads a plan.
fn with_plan(lab: &Lab, file: &Path, digest: &str) -> Vec<(String, Ended)> {
    let file = file.to_str().unwrap();
    let words: [&[&str]; 5] = [
        &["show", file],
        &["graph", file],
        &["simulate", file],
        &[
            "apply",
            file,
            "--approve",
            digest,
            "--accept",
            "VOS-SSO-STATUS",
        ],
        &["apply", file, "--yes"],
    ];
    words
        .iter()
        .map(|words| (words.join(" "), reissue(lab, *words)))
        .collect()
}

#[test]
fn a_plan_that_is_not_as_it_was_made_is_refused() {
    let trial = Trial::new();
    let good = std::fs::read_to_string(&trial.plan).unwrap();
    let half = good.len() / 2;
    let edited = good.replacen("cucm-sub1", "cucm-sub2", 1);
    let other = good.replacen("\"format\": 1", "\"format\": 99", 1);
    assert_ne!(other, good);
    let member = good.replacen("\"format\": 1", "\"format\": 1, \"extra\": true", 1);
    let rows: [(&str, Vec<u8>, &str); 8] = [
        ("empty", Vec::new(), "plan.json"),
        (
            "cut in the middle",
            good.as_bytes()[..half].to_vec(),
            "plan.json",
        ),
        (
            "one byte short",
            good.trim_end().as_bytes()[..good.trim_end().len() - 1].to_vec(),
            "plan.json",
        ),
        ("edited", edited.into_bytes(), "edited"),
        ("another format", other.into_bytes(), "format"),
        ("another member", member.into_bytes(), "plan.json"),
        ("bytes", vec![0x80; 1000], "plan.json"),
        (
            "another file",
            std::fs::read(trial.lab.estate()).unwrap(),
            "plan.json",
        ),
    ];
    let asked = trial.lab.requests();
    for (what, bytes, word) in rows {
        std::fs::write(&trial.plan, bytes).unwrap();
        for (command, ended) in with_plan(&trial.lab, &trial.plan, &trial.digest) {
            let said = format!(
                "{what}, {command}: exit {}\n{}{}",
                ended.code, ended.out, ended.err
            );
            assert_eq!(ended.code, 2, "{said}");
            assert!(ended.err.contains(word), "{said}");
            assert!(ended.err.lines().count() <= PARAGRAPH, "{said}");
            assert!(!ended.err.contains("panicked"), "{said}");
        }
    }
    assert_eq!(trial.lab.requests(), asked, "a node was asked");
    trial.untouched();
}

#[test]
fn only_the_approved_plan_is_applied() {
    let trial = Trial::new();
    let file = trial.plan.to_str().unwrap();
    let asked = trial.lab.requests();
    let accept = ["--accept", "VOS-SSO-STATUS"];
    let other = "0".repeat(64);
    for approval in [
        &["--approve", &other][..],
        &["--approve", &trial.digest[..6]],
        &["--yes"],
        &[],
    ] {
        let words = [&["apply", file][..], approval, &accept].concat();
        let ended = reissue(&trial.lab, &words);
        assert_eq!(ended.code, 2, "{approval:?}\n{}{}", ended.out, ended.err);
        assert!(ended.err.contains("hint: "), "{}", ended.err);
    }
    let unaccepted = reissue(&trial.lab, ["apply", file, "--approve", &trial.digest]).expect(2);
    assert!(
        unaccepted.err.contains("--accept VOS-SSO-STATUS"),
        "{}",
        unaccepted.err
    );
    assert_eq!(trial.lab.requests(), asked, "a node was asked");
    trial.untouched();
}

#[test]
fn what_is_no_observation_is_refused() {
    let lab = lab(|_| {});
    let file = lab.dir().join("observation.json");
    let rows: [(&str, &[u8]); 7] = [
        ("empty", b""),
        ("an empty object", b"{}"),
        ("another format", b"{\"format\": 99}"),
        ("a number", b"7"),
        ("the right format and nothing else", b"{\"format\": 1}"),
        ("bytes", &[0xff; 64]),
        ("very deep", &vec![b'['; 50_000]),
    ];
    for (what, bytes) in rows {
        std::fs::write(&file, bytes).unwrap();
        for command in ["assess", "plan"] {
            let ended = reissue(&lab, [command, "--observation", file.to_str().unwrap()]);
            told(&lab, what, &ended, 2, &["observation.json"]);
        }
    }
    std::fs::remove_file(&file).unwrap();
    let ended = reissue(&lab, ["plan", "--observation", file.to_str().unwrap()]);
    told(&lab, "missing", &ended, 2, &["observation.json"]);
}
