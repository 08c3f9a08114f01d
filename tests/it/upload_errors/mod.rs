//! What nodes refuse an upload for, one row of `cucm-upload-errors` §1 after the other: the cause is planted, and the tool
//! tells it before an identity reaches a node. E11 cannot be told beforehand: there it is recognised, and looked into.

mod contents;
mod platform;

use std::fs;

use reissue::assess::UPLOAD_ERRORS;
use reissue_lab::{Kind, Lab, Misbehaviour};

use crate::forge::Forged;
use crate::support::{Ended, count, no_violation, reissue};
use crate::trial::{Trial, lab, publisher, writes};

/// Everything a command said, on one line, as narrow terminals break lines anywhere.
fn said(ended: &Ended) -> String {
    let both = format!("{} {}", ended.out, ended.err);
    both.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(ended: &Ended, words: &[&str]) {
    let said = said(ended);
    for word in words {
        assert!(said.contains(word), "nothing of `{word}` in:\n{said}");
    }
}

/// A lab that `plan` refuses, with these words, before anything is written.
#[track_caller]
fn unplanned(lab: &Lab, words: &[&str]) {
    says(&reissue(lab, ["plan"]).expect(4), words);
    assert_eq!(writes(lab), 0, "planning writes nothing");
    no_violation(lab);
}

/// The command says so, and no device was written to.
#[track_caller]
fn told(lab: &Lab, command: &[&str], code: i32, words: &[&str]) {
    says(&reissue(lab, command).expect(code), words);
    assert_eq!(writes(lab), 0, "`{command:?}` writes nothing");
}

/// An authority that answers like this ends the run before any identity is sent, with these words.
#[track_caller]
fn unsent(wrong: Misbehaviour, code: i32, words: &[&str]) {
    let trial = Trial::on(lab(|config| config.misbehave = wrong));
    stopped(&trial, &trial.apply(), code, words);
}

#[track_caller]
fn stopped(trial: &Trial, ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, code, "{}{}", ended.out, ended.err);
    says(ended, words);
    says(ended, &["next: "]);
    assert_eq!(uploads(&trial.lab), 0, "an identity was sent");
    trial.untouched();
}

fn uploads(lab: &Lab) -> usize {
    count(lab, Kind::Write, "POST identity/certificates")
}

/// A trial that has its certificates and has not uploaded any.
fn signed() -> Trial {
    let trial = Trial::new();
    let words = trial.words();
    let more = ["--until", "request"].map(str::to_owned);
    reissue(&trial.lab, words.iter().chain(&more)).expect(0);
    trial
}

/// The file that the estate names as the issuer's chain.
fn chain(lab: &Lab, certificates: &[&[u8]]) {
    fs::write(lab.dir().join("ca/corp-chain.pem"), certificates.concat()).unwrap();
}

/// What `lint` says of a certificate below the chain of the estate, with more words.
#[track_caller]
fn linted_with(lab: &Lab, file: &[u8], more: &[&str], words: &[&str]) {
    let path = lab.dir().join("linted.pem");
    fs::write(&path, file).unwrap();
    let chain = lab.dir().join("ca/corp-chain.pem");
    let [path, chain] = [path, chain].map(|path| path.display().to_string());
    let command = ["lint", &path, "--chain", &chain];
    told(lab, &[&command, more].concat(), 3, words);
}

#[track_caller]
fn linted(lab: &Lab, file: &[u8], words: &[&str]) {
    linted_with(lab, file, &[], words);
}

/// A request of the publisher's own that does not wait any more.
fn request(lab: &Lab) -> Vec<u8> {
    let pem = foreign(lab);
    lab.change("hq", "cucm-pub", |node| drop(node.pending.remove("tomcat")));
    pem
}

/// A request of the publisher's that another person made.
fn foreign(lab: &Lab) -> Vec<u8> {
    let node = publisher().node;
    lab.foreign_request("hq", &node, "tomcat").unwrap();
    let pem = lab.look("hq", &node, |node| node.pending["tomcat"].request.to_pem());
    pem.unwrap().unwrap()
}

#[test]
fn each_error_has_a_text_with_its_cause_and_its_remedy() {
    let lab = lab(|config| config.subscribers = 0);
    for error in UPLOAD_ERRORS {
        let text = reissue(&lab, ["explain", error.number]).expect(0).out;
        let all = ["cause", "remedy"].map(|word| text.to_lowercase().contains(word));
        assert_eq!(all, [true, true], "{}: {text}", error.number);
    }
    assert_eq!(lab.requests(), 0);
}

#[test]
fn e1_a_chain_that_lacks_an_authority() {
    let lab = lab(|_| {});
    let issuing = Forged::of(&lab, "issuing");
    let answer = lab.authority().sign(&request(&lab)).unwrap();
    chain(&lab, &[&issuing.pem()]);
    let words = [
        "E1",
        "CA certificate is not available in the trust-store",
        "`CN=Example Corp Root CA, O=Example Corporation`",
        "Add the certificate of",
    ];
    linted(&lab, &answer, &words);
    let missing = [
        "`CN=Example Corp Root CA, O=Example Corporation` is missing",
        "Add it",
    ];
    told(&lab, &["plan"], 2, &missing);
}

#[test]
fn e1_an_authority_that_was_given_a_new_key() {
    let words = [
        "E1",
        "CA certificate is not available in the trust-store",
        "its key did not sign",
        "it may have been renewed under the same name",
    ];
    unsent(Misbehaviour::Rekeyed, 1, &words);
}

#[test]
fn e1_an_authority_that_was_deleted_before_the_upload() {
    let trial = signed();
    let sha256 = reissue_lab::state::fingerprint(&Forged::of(&trial.lab, "issuing").certificate);
    trial.lab.change("hq", "cucm-pub", |node| {
        let store = node.trusts.get_mut("tomcat-trust").unwrap();
        store.retain(|it| reissue_lab::state::fingerprint(it) != sha256);
    });
    let ended = trial.resume();
    stopped(
        &trial,
        &ended,
        7,
        &[
            "E1",
            "tomcat-trust",
            &sha256[..12],
            "Upload the authority again",
        ],
    );
}

#[test]
fn e2_a_request_that_is_gone() {
    let trial = signed();
    trial.lab.change("hq", "cucm-pub", |node| {
        node.pending.remove("tomcat").unwrap();
    });
    let ended = trial.resume();
    stopped(
        &trial,
        &ended,
        7,
        &[
            "E2",
            "cucm-pub",
            "is no request",
            "cannot be put back",
            "make a new plan",
        ],
    );
}

#[test]
fn e3_and_e4_a_request_that_another_one_replaced() {
    let trial = signed();
    // A person who makes a request over a pending one is careless, and not the tool.
    trial.lab.change("hq", "cucm-pub", |node| {
        node.pending.remove("tomcat").unwrap();
    });
    foreign(&trial.lab);
    let ended = trial.resume();
    stopped(
        &trial,
        &ended,
        7,
        &[
            "E4",
            "cucm-pub",
            "is another one, for the key",
            "make a new plan",
        ],
    );
}

#[test]
fn e4_a_certificate_for_another_key() {
    let words = ["certificates from issuer corp", "Have them signed"];
    unsent(Misbehaviour::OtherKey, 6, &words);
    let lab = lab(|config| config.subscribers = 0);
    let request = request(&lab);
    lab.misbehave(Misbehaviour::OtherKey);
    let answer = lab.authority().sign(&request).unwrap();
    let path = lab.dir().join("request.csr");
    fs::write(&path, request).unwrap();
    let csr = path.display().to_string();
    let words = [
        "E4",
        "CSR public key and certificate public key do not match",
        "Use the certificate that was issued for the request that is pending now",
        "Or have the pending request signed",
    ];
    linted_with(&lab, &answer, &["--csr", &csr], &words);
}

/// Adds a line to the lab's only rule.
fn desire(lab: &Lab, line: &str) {
    let text = fs::read_to_string(lab.estate()).unwrap();
    let rule = "    issuer: corp\n";
    assert!(text.contains(rule));
    fs::write(
        lab.estate(),
        text.replace(rule, &format!("{rule}    {line}\n")),
    )
    .unwrap();
}

/// The chain file is the one thing of the estate that these tests change back.
#[test]
fn a_chain_that_is_right_again_is_planned() {
    let lab = lab(|config| config.subscribers = 0);
    let path = lab.dir().join("ca/corp-chain.pem");
    let right = fs::read(&path).unwrap();
    chain(&lab, &[&Forged::of(&lab, "issuing").pem()]);
    told(&lab, &["plan"], 2, &["is missing"]);
    fs::write(path, right).unwrap();
    let trial = Trial::on(lab);
    trial.apply().expect(0);
    trial.renewed();
}
