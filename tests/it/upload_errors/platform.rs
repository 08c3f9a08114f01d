//! What is wrong with a node, its software, or the account.

use std::fs;

use reissue_lab::state::ServiceState;
use reissue_lab::{Fault, Lab, LabConfig, Mode};

use super::{said, says, stopped, told, unplanned, uploads};
use crate::support::{no_violation, reissue};
use crate::trial::{Trial, lab, writes};

/// The estate file is checked against what the product has, and a node against what its software has.
#[test]
fn e10_a_purpose_that_the_product_has_not() {
    let lab = lab(|config| {
        config.unity = 1;
        config.purposes = vec!["tomcat".to_owned()];
    });
    let text = fs::read_to_string(lab.estate()).unwrap();
    let of_unity = "product: [unity-connection], purpose: [tomcat]";
    assert!(text.contains(of_unity), "{text}");
    let wrong = "product: [unity-connection], purpose: [CallManager]";
    fs::write(lab.estate(), text.replace(of_unity, wrong)).unwrap();
    told(&lab, &["plan"], 2, &["CallManager", "unity-connection"]);
    assert_eq!(lab.requests(), 0);
}

/// Nothing can tell it beforehand. It is recognised, never sent again, and what became of it is looked for.
#[test]
fn e11_a_fault_of_the_platform_is_looked_into() {
    for (mode, code) in [(Mode::InternalActed, 0), (Mode::Internal, 1)] {
        let trial = Trial::on(lab(|_| {}));
        trial.lab.plant(Fault::new("rest POST identity", mode));
        let ended = trial.apply();
        assert_eq!(ended.code, code, "{mode:?}: {}{}", ended.out, ended.err);
        if code == 0 {
            trial.renewed();
            continue;
        }
        says(
            &ended,
            &["E11", "Certificate operation is not successful", "next: "],
        );
        assert_eq!(uploads(&trial.lab), 1, "it is not sent again");
        trial.untouched();
    }
}

#[test]
fn e12_a_node_whose_clock_is_wrong() {
    let lab = lab(|_| {});
    lab.change("hq", "cucm-sub1", |node| node.clock_skew = -86_400);
    let ended = reissue(&lab, ["plan"]);
    says(&ended, &["cucm-sub1", "clock"]);
    assert_eq!((ended.code, writes(&lab)), (4, 0), "{}", said(&ended));
}

#[test]
fn e16_a_shared_certificate_on_a_release_without_the_interface() {
    let lab = lab(|config| {
        config.release = "12.5.1.16900-30".to_owned();
        config.multi_server = true;
    });
    let words = ["multi-server-by-shell", "release 14 or later"];
    told(&lab, &["assess"], 0, &words);
    unplanned(&lab, &["multi-server"]);
}

#[test]
fn e17_a_node_that_cannot_be_reached_by_the_others() {
    let shared = |config: &mut LabConfig| config.multi_server = true;
    let service = "Platform Administrative Web Service";
    let lab = lab(shared);
    let stop = |lab: &Lab| {
        lab.change("hq", "cucm-sub1", |node| {
            let name = node.services.keys().find(|name| name.ends_with(service));
            let name = name.unwrap().clone();
            node.services.get_mut(&name).unwrap().state = ServiceState::Stopped;
        })
    };
    stop(&lab);
    told(
        &lab,
        &["assess"],
        0,
        &["platform-service-down", "cucm-sub1"],
    );
    unplanned(&lab, &["cucm-sub1", service]);

    // It stops between the request and the upload.
    let trial = Trial::on(crate::trial::lab(shared));
    let beliefs = ["CUCM-REST-MULTI-SERVER", "CUCM-REST-MULTI-SERVER-SAN"];
    let mut words = trial.words();
    let accepted = beliefs.map(|belief| ["--accept", belief]);
    words.extend(
        accepted
            .as_flattened()
            .iter()
            .map(|word| (*word).to_owned()),
    );
    let until = ["--until", "request"].map(str::to_owned);
    reissue(&trial.lab, words.iter().chain(&until)).expect(0);
    stop(&trial.lab);
    let ended = trial.resume();
    let gone = format!("running services: gone {service}; new none");
    stopped(&trial, &ended, 7, &["cucm-sub1", &gone]);
}

#[test]
fn e17_a_node_that_the_cluster_does_not_know_yet() {
    let lab = lab(|config| config.multi_server = true);
    let node = "cucm-sub9.hq.example.com";
    lab.change_cluster("hq", |cluster| {
        cluster.further_listed.push(node.to_owned());
    });
    told(&lab, &["assess"], 0, &["node-unauthenticated", node]);
    unplanned(&lab, &[node]);
}

#[test]
fn e18_an_account_that_is_refused() {
    let words = ["refused account hq-platform", "reissue secret set"];
    for command in ["doctor", "status", "plan"] {
        let lab = lab(|config| config.subscribers = 0);
        fs::write(lab.dir().join("secrets/hq-platform"), "wrong\n").unwrap();
        told(&lab, &[command], 1, &words);
        no_violation(&lab);
    }
}
