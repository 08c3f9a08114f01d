//! One cluster renewed from the first look to the record, for one node or for all at once.

use std::fs;
use std::net::TcpStream;

use openssl::hash::MessageDigest;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use reissue_lab::{Kind, Lab, TomcatStart};
use serde_json::Value;

use super::{Journey, effects, restarted_once, says};
use crate::support::{self, count, no_violation, plan, reissue, renewed, small, stored, tomcat};

/// The leaf that a port really presents to a client that takes RSA only.
fn presented(port: u16) -> String {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    connector
        .set_max_proto_version(Some(SslVersion::TLS1_2))
        .unwrap();
    connector.set_cipher_list("aRSA").unwrap();
    let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let connector = connector.build().configure().unwrap();
    let nameless = connector
        .verify_hostname(false)
        .use_server_name_indication(false);
    let stream = nameless.connect("", tcp);
    let leaf = stream.unwrap().ssl().peer_certificate().unwrap();
    hex::encode(leaf.digest(MessageDigest::sha256()).unwrap())
}

/// Every node presents what it stores on 443, 8443 and 6972.
#[track_caller]
fn presents_what_it_stores(lab: &Lab) {
    for node in tomcat(lab, "hq") {
        let ports = lab.look("hq", &node.name, |node| node.ports).unwrap();
        for port in [ports.rest, ports.soap, ports.tftp] {
            assert_eq!(presented(port), node.stored, "{} on {port}", node.name);
        }
    }
}

#[test]
fn a_cluster_is_renewed_from_status_to_report() {
    let lab = support::lab(|_| {});
    let before = stored(&lab, "hq");
    says(
        &reissue(&lab, ["status"]).expect(0),
        &["cucm-sub1", "expired 2 days ago"],
    );
    says(
        &reissue(&lab, ["plan", "--check"]).expect(3),
        &["POINT OF NO RETURN"],
    );
    let (file, digest) = plan(&lab);
    let file_word = file.display().to_string();
    let shown = |format| {
        reissue(&lab, ["show", &file_word, "--format", format])
            .expect(0)
            .out
    };
    assert!(shown("text").contains(&digest));
    assert!(shown("markdown").starts_with('#'));
    assert!(shown("html").contains("</html>"));
    let graph = |format| {
        reissue(&lab, ["graph", &file_word, "--format", format])
            .expect(0)
            .out
    };
    assert!(graph("mermaid").contains("hq-28") && graph("dot").contains("digraph"));
    says(
        &reissue(&lab, ["simulate", &file_word]).expect(0),
        &["no invariant fails"],
    );
    assert_eq!(
        lab.changes(),
        0,
        "looking, planning and proving change nothing"
    );

    let words = support::apply_with(&file, &digest, &[]);
    let applied = reissue(&lab, words).expect(0);
    assert!(
        !super::said(&applied).contains(['\x1b', '\r']),
        "no terminal, no escape codes"
    );
    renewed(&lab, "hq", &before);
    presents_what_it_stores(&lab);
    no_violation(&lab);
    for (what, times) in [("POST trust", 1), ("POST csr", 3), ("POST identity", 3)] {
        assert_eq!(count(&lab, Kind::Write, what), times, "{what}");
    }
    assert!(
        effects(&lab, "identity-stored")
            .values()
            .all(|times| *times == 1)
    );
    restarted_once(&lab, 16);

    let changes = lab.changes();
    says(&reissue(&lab, ["verify"]).expect(0), &["Verified: "]);
    says(
        &reissue(&lab, ["runs"]).expect(0),
        &["done", "28 of 28 steps"],
    );
    let report = |format| reissue(&lab, ["report", "--format", format]).expect(0).out;
    assert!(report("markdown").contains("hq-28") && report("html").contains("</html>"));
    says(
        &reissue(&lab, ["plan", "--check"]).expect(0),
        &["Nothing to do"],
    );
    says(&reissue(&lab, ["resume"]).expect(0), &["Nothing to resume"]);
    assert_eq!(lab.changes(), changes, "a renewed cluster is left alone");
}

#[test]
fn one_certificate_serves_a_whole_cluster() {
    let journey = Journey::on(support::lab(|config| config.multi_server = true));
    let before = stored(&journey.lab, "hq");
    let beliefs = ["CUCM-REST-MULTI-SERVER", "CUCM-REST-MULTI-SERVER-SAN"];
    says(&journey.apply(&[]).expect(2), &beliefs);
    let accepted = beliefs.map(|belief| ["--accept", belief]);
    journey.apply(accepted.as_flattened()).expect(0);
    renewed(&journey.lab, "hq", &before);
    presents_what_it_stores(&journey.lab);
    let mut held = stored(&journey.lab, "hq");
    held.dedup();
    assert_eq!(held.len(), 1, "every node holds the same certificate");
    no_violation(&journey.lab);
    assert_eq!(count(&journey.lab, Kind::Write, "POST csr"), 1);
    assert_eq!(count(&journey.lab, Kind::Write, "POST identity"), 1);
    restarted_once(&journey.lab, 16);
    reissue(&journey.lab, ["verify"]).expect(0);
    says(
        &reissue(&journey.lab, ["plan"]).expect(0),
        &["Nothing to do"],
    );
}

#[test]
fn one_observation_gives_one_plan() {
    let lab = support::lab(|_| {});
    let path = |name: &str| lab.dir().join(name).display().to_string();
    let observed = path("observed.json");
    reissue(&lab, ["observe", "-o", &observed]).expect(0);
    let requests = lab.requests();
    let observation: Value = serde_json::from_slice(&fs::read(&observed).unwrap()).unwrap();
    let moment = observation["from"].as_str().unwrap();
    let from = ["--observation", &observed];
    let assess = |more: &[&str]| reissue(&lab, ["assess"].iter().chain(&from).chain(more));
    says(&assess(&["--check"]).expect(3), &["expired", "expiring"]);
    let files = [path("one.json"), path("two.json")];
    for file in &files {
        reissue(
            &lab,
            ["plan", "-o", file, "--at", moment].iter().chain(&from),
        )
        .expect(0);
    }
    let [one, two] = files.map(|file| fs::read(file).unwrap());
    assert_eq!(one, two);
    // At another moment it is the same plan, but for its own time and validity.
    let clusters = |moment: &[&str]| {
        let ended = reissue(&lab, ["plan", "--json"].iter().chain(&from).chain(moment)).expect(0);
        ended.data()["plan"]["clusters"].clone()
    };
    assert_eq!(clusters(&["--at", moment]), clusters(&[]));
    assert_eq!(
        lab.requests(),
        requests,
        "an observation in a file asks no node"
    );
}

#[test]
fn validity_is_judged_at_the_moment_asked_for() {
    let lab = small(|config| config.tomcat = vec![TomcatStart::Good]);
    let observed = lab.dir().join("observed.json").display().to_string();
    reissue(&lab, ["observe", "-o", &observed]).expect(0);
    let observation: Value = serde_json::from_slice(&fs::read(&observed).unwrap()).unwrap();
    let moment: jiff::Timestamp = observation["from"].as_str().unwrap().parse().unwrap();
    for (days, found) in [(0, None), (290, Some("expiring")), (301, Some("expired"))] {
        let at = (moment + jiff::SignedDuration::from_hours(24 * days)).to_string();
        let words = ["assess", "--json", "--observation", &observed, "--at", &at];
        let data = reissue(&lab, words).expect(0).data();
        let codes: Vec<&str> = data
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["purpose"] == "tomcat")
            .filter_map(|finding| finding["code"].as_str())
            .filter(|code| code.starts_with("expir"))
            .collect();
        assert_eq!(
            codes,
            found.into_iter().collect::<Vec<_>>(),
            "{days} days on"
        );
    }
    says(&reissue(&lab, ["plan"]).expect(0), &["Nothing to do"]);
}
