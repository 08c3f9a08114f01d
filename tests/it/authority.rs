//! A signing authority that answers badly: nothing of it reaches a node, and a right answer is all it takes.

use reissue_lab::Misbehaviour;

use crate::support::{count, reissue};
use crate::trial::{Trial, lab, wait};

/// The authority answers wrongly first and rightly after.
#[track_caller]
fn refused(wrong: Misbehaviour, words: &[&str], code: i32) {
    let trial = Trial::on(lab(|config| config.misbehave = wrong));
    let ended = trial.apply().expect(code);
    let words = words.iter().chain(&["next: "]);
    for word in words {
        assert!(ended.out.contains(word), "no `{word}` in\n{}", ended.out);
    }
    assert_eq!(uploads(&trial), 0, "a wrong certificate was uploaded");
    trial.untouched();

    trial.lab.misbehave(Misbehaviour::Honest);
    sign_again(&trial);
    trial.resume().expect(0);
    trial.renewed();
}

/// The authority answers rightly in another form.
#[track_caller]
fn accepted(form: Misbehaviour) {
    let trial = Trial::on(lab(|config| config.misbehave = form));
    trial.apply().expect(0);
    trial.renewed();
}

fn uploads(trial: &Trial) -> usize {
    count(
        &trial.lab,
        reissue_lab::Kind::Write,
        "POST identity/certificates",
    )
}

/// Signs what lies in the folder by hand, as a person does who was told that the first answer is wrong.
fn sign_again(trial: &Trial) {
    let (requests, issued) = (
        trial.lab.dir().join("signing/out"),
        trial.lab.dir().join("signing/in"),
    );
    for wrong in std::fs::read_dir(&issued).unwrap() {
        std::fs::remove_file(wrong.unwrap().path()).unwrap();
    }
    for request in std::fs::read_dir(&requests).unwrap() {
        let path = request.unwrap().path();
        let answer = trial.lab.authority().sign(&std::fs::read(&path).unwrap());
        let name = path.with_extension("pem");
        std::fs::write(issued.join(name.file_name().unwrap()), answer.unwrap()).unwrap();
    }
}

#[test]
fn names_that_were_dropped_are_refused() {
    let predicted = "CSR SAN and Certificate SAN does not match";
    refused(Misbehaviour::SanDropped, &["E5", predicted], 1);
}

#[test]
fn a_name_that_was_added_is_refused() {
    let predicted = "CSR SAN and Certificate SAN does not match";
    refused(Misbehaviour::CnAdded, &["E5", predicted], 1);
}

#[test]
fn another_usage_is_refused() {
    refused(Misbehaviour::EkuMissing, &["E15", "serverAuth"], 1);
}

#[test]
fn an_expired_certificate_is_refused() {
    refused(Misbehaviour::Expired, &["E12"], 1);
}

#[test]
fn a_certificate_of_next_week_is_refused() {
    refused(Misbehaviour::NotYetValid, &["E12", "valid from"], 1);
}

#[test]
fn a_certificate_for_another_key_answers_no_request() {
    refused(
        Misbehaviour::OtherKey,
        &["certificates from issuer corp"],
        6,
    );
}

#[test]
fn a_web_page_is_no_certificate() {
    refused(
        Misbehaviour::Html,
        &["certificates from issuer corp", "was not used"],
        6,
    );
}

#[test]
fn der_is_accepted() {
    accepted(Misbehaviour::Der);
}

#[test]
fn pkcs7_is_accepted() {
    accepted(Misbehaviour::Pkcs7);
}

#[test]
fn bundles_are_accepted_in_either_order() {
    accepted(Misbehaviour::BundleLeafFirst);
    accepted(Misbehaviour::BundleRootFirst);
}

#[test]
fn an_authority_that_takes_days_is_waited_for_across_runs() {
    let trial = Trial::new();
    trial.lab.pause_authority(true);
    trial.apply().expect(6);
    trial.resume().expect(6);
    trial.untouched();
    let waiting = reissue(&trial.lab, ["runs"]).expect(0);
    assert!(waiting.out.contains("waiting"), "{}", waiting.out);

    trial.lab.pause_authority(false);
    wait("the authority", || {
        count(&trial.lab, reissue_lab::Kind::Effect, "issued") == 2
    });
    trial.resume().expect(0);
    trial.renewed();
}
