//! Peers that are not known, or not the known ones: nothing is sent to them, whatever was asked.

use std::path::PathBuf;
use std::sync::Arc;

use reissue_lab::state::Face;
use reissue_lab::{Kind, Lab, When};
use serde_json::Value;

use crate::support::{Ended, count, reissue};
use crate::trial::{Trial, lab, writes};

const PUBLISHER: &str = "cucm-pub.hq.example.com";
const SUBSCRIBER: &str = "cucm-sub1.hq.example.com";

fn pins(lab: &Lab) -> PathBuf {
    lab.dir().join("pins.json")
}

/// Changes the pins of a node's port; `None` takes them away.
fn repin(lab: &Lab, node: &str, port: u16, sha256: Option<&str>) {
    let mut book: Value = serde_json::from_slice(&std::fs::read(pins(lab)).unwrap()).unwrap();
    let peers = book["peers"].as_array_mut().unwrap();
    let chosen = |peer: &Value| peer["node"] == node && peer["port"] == port;
    match sha256 {
        None => peers.retain(|peer| !chosen(peer)),
        Some(sha256) => {
            for peer in peers.iter_mut().filter(|peer| chosen(peer)) {
                peer["sha256"] = sha256.into();
            }
        }
    }
    std::fs::write(pins(lab), book.to_string()).unwrap();
}

/// How much reached a node, by an interface: logins, questions and changes.
fn reached(lab: &Lab, node: &str, channels: &[&str]) -> usize {
    lab.log()
        .iter()
        .filter(|entry| entry.node == node && channels.contains(&entry.channel.word()))
        .filter(|entry| matches!(entry.kind, Kind::Login | Kind::Read | Kind::Write))
        .count()
}

/// Lets the subscriber present the publisher's certificate, as a wrong address or a stranger in between would.
fn swap(lab: &Lab) {
    let other = lab.look("hq", PUBLISHER, |node| {
        Arc::clone(&node.presented[&Face::Web])
    });
    lab.change("hq", SUBSCRIBER, |node| {
        node.presented.insert(Face::Web, other.unwrap());
    });
}

/// It is refused as not trusted, naming the node and the way out, and nothing reached that node's web ports.
#[track_caller]
fn refused(lab: &Lab, ended: Ended, node: &str, channels: &[&str]) {
    let ended = ended.expect(10);
    assert!(ended.err.contains(node), "{}", ended.err);
    assert!(ended.err.contains("reissue trust"), "{}", ended.err);
    assert_eq!(reached(lab, node, channels), 0, "something was sent");
}

#[test]
fn an_unknown_peer_is_sent_nothing() {
    let lab = lab(|_| {});
    let web = ["rest", "axl", "control", "ris", "perfmon"];
    repin(&lab, SUBSCRIBER, 443, None);
    repin(&lab, SUBSCRIBER, 8443, None);
    for words in [&["status"][..], &["plan"], &["doctor"]] {
        let ended = reissue(&lab, words);
        if words == ["doctor"] {
            let ended = ended.expect(1);
            assert!(ended.out.contains("is not known"), "{}", ended.out);
            assert_eq!(reached(&lab, SUBSCRIBER, &web), 0);
        } else {
            refused(&lab, ended, SUBSCRIBER, &web);
        }
    }
}

#[test]
fn another_certificate_on_the_port_is_sent_nothing() {
    let lab = lab(|_| {});
    swap(&lab);
    let ended = reissue(&lab, ["plan"]);
    refused(
        &lab,
        ended,
        SUBSCRIBER,
        &["rest", "axl", "control", "ris", "perfmon"],
    );
}

#[test]
fn another_host_key_is_sent_no_password() {
    let lab = lab(|_| {});
    repin(&lab, SUBSCRIBER, 22, Some(&"ab".repeat(32)));
    let ended = reissue(&lab, ["plan"]);
    refused(&lab, ended, SUBSCRIBER, &["ssh"]);
}

#[test]
fn an_unknown_host_key_is_sent_no_password() {
    let lab = lab(|_| {});
    repin(&lab, SUBSCRIBER, 22, None);
    let ended = reissue(&lab, ["plan"]);
    refused(&lab, ended, SUBSCRIBER, &["ssh"]);
}

#[test]
fn nothing_is_applied_where_a_peer_changed_after_the_plan() {
    let trial = Trial::new();
    swap(&trial.lab);
    trial.apply().expect(10);
    assert_eq!(writes(&trial.lab), 0);
    trial.untouched();
}

#[test]
fn a_peer_that_changes_during_the_run_stops_it() {
    let trial = Trial::new();
    let world = Arc::clone(trial.lab.world());
    let (other, mine) = (
        trial.lab.look("hq", PUBLISHER, |node| {
            Arc::clone(&node.presented[&Face::Web])
        }),
        trial.lab.look("hq", SUBSCRIBER, |node| {
            Arc::clone(&node.presented[&Face::Web])
        }),
    );
    let place = reissue_lab::Place::new("hq", SUBSCRIBER);
    let strange = Box::new(move || {
        world.change(&place, |node| {
            node.presented.insert(Face::Web, other.unwrap());
        });
    });
    // After the first change, before the second one.
    let first = trial.lab.changes() + 1;
    trial.lab.at_change(first, When::AfterActing, strange);
    let ended = trial.apply().expect(10);
    assert!(ended.out.contains("next: "), "{}", ended.out);
    assert_eq!(count(&trial.lab, Kind::Write, "POST identity"), 0);
    trial.untouched();

    trial.lab.change("hq", SUBSCRIBER, |node| {
        node.presented.insert(Face::Web, mine.unwrap());
    });
    trial.resume().expect(0);
    trial.renewed();
}

#[test]
fn peers_are_removed_and_added_by_fingerprint_alone_without_a_terminal() {
    let lab = lab(|_| {});
    let kept = std::fs::read(pins(&lab)).unwrap();
    let listed = reissue(&lab, ["trust", "list"]).expect(0);
    assert_eq!(listed.out.matches(SUBSCRIBER).count(), 5, "{}", listed.out);

    reissue(&lab, ["trust", "remove", SUBSCRIBER]).expect(0);
    reissue(&lab, ["trust", "remove", SUBSCRIBER]).expect(2);
    let without = std::fs::read(pins(&lab)).unwrap();
    let listed = reissue(&lab, ["trust", "list"]).expect(0);
    assert_eq!(listed.out.matches(SUBSCRIBER).count(), 0, "{}", listed.out);

    let shown = reissue(&lab, ["trust", "add", SUBSCRIBER]).expect(10);
    assert!(shown.err.contains("no terminal"), "{}", shown.err);
    let wrong = "cd".repeat(32);
    reissue(&lab, ["trust", "add", SUBSCRIBER, "--fingerprint", &wrong]).expect(10);
    reissue(&lab, ["trust", "add", SUBSCRIBER, "--fingerprint", "abc"]).expect(2);
    assert_eq!(
        std::fs::read(pins(&lab)).unwrap(),
        without,
        "something was kept"
    );
    assert_eq!(reached(&lab, SUBSCRIBER, &["rest", "control", "ssh"]), 0);

    let mut words = vec!["trust".to_owned(), "add".to_owned(), "cucm-sub1".to_owned()];
    let before: Value = serde_json::from_slice(&kept).unwrap();
    for peer in before["peers"].as_array().unwrap() {
        if peer["node"] == SUBSCRIBER {
            words.push("--fingerprint".to_owned());
            words.push(peer["sha256"].as_str().unwrap().to_owned());
        }
    }
    reissue(&lab, words).expect(0);
    reissue(&lab, ["plan"]).expect(0);
}

#[test]
fn a_nearly_right_node_name_is_met_with_the_right_one() {
    let lab = lab(|_| {});
    let ended = reissue(&lab, ["trust", "add", "cucm-sub2"]).expect(2);
    assert!(ended.err.contains("did you mean cucm-"), "{}", ended.err);
    assert_eq!(lab.log().len(), 0);
}

#[test]
fn a_pin_book_that_others_may_write_is_not_believed() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = lab(|_| {});
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(pins(&lab), open).unwrap();
    let ended = reissue(&lab, ["plan"]);
    assert!(
        matches!(ended.code, 1 | 10),
        "{}\n{}",
        ended.code,
        ended.err
    );
    assert!(ended.err.contains("chmod 600"), "{}", ended.err);
    assert_eq!(reached(&lab, PUBLISHER, &["rest", "control", "ssh"]), 0);
}
