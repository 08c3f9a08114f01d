//! Planted faults, each seen from the client's side and from the node's.

use std::io::{Read as _, Write as _};

use reissue_lab::{Fault, Lab, Mode};

use crate::client::{self, PUBLISHER, look, ports, quick, rest};

const REQUEST: &str =
    r#"{"service":"tomcat","distribution":"this-server","commonName":"cucm-pub.hq.example.com"}"#;

fn ask(lab: &Lab) -> Result<u16, String> {
    rest(lab, PUBLISHER, "POST", "csr", REQUEST)
        .map(|reply| reply.status)
        .map_err(|error| error.to_string())
}

fn is_pending(lab: &Lab) -> bool {
    look(lab, PUBLISHER, |node| node.pending.contains_key("tomcat"))
}

#[test]
fn each_mode_shows_on_the_wire_and_acts_or_not() {
    let rows = [
        (Mode::DropBefore, None, false),
        (Mode::ActThenDrop, None, true),
        (Mode::Status500, Some(500), false),
        (Mode::Status503, Some(503), false),
        (Mode::Status401, Some(401), false),
        (Mode::Html200, Some(200), false),
        (Mode::Truncated, None, true),
        (Mode::SuccessNotApplied, Some(200), false),
    ];
    let lab = client::lab(quick());
    for (mode, status, acts) in rows {
        lab.change("hq", PUBLISHER, |node| node.pending.clear());
        lab.plant(Fault::new("rest POST csr", mode));
        let answer = ask(&lab);
        assert_eq!(
            answer.as_ref().ok().copied(),
            status,
            "{mode:?}: {answer:?}"
        );
        assert_eq!(is_pending(&lab), acts, "{mode:?}");
    }
    assert_eq!(
        ask(&lab),
        Ok(200),
        "a fault strikes as often as it was told to"
    );
}

#[test]
fn a_fault_waits_for_its_node_and_its_turn() {
    let lab = client::lab(quick());
    lab.plant(
        Fault::new("rest POST csr", Mode::Status500)
            .at("cucm-pub")
            .after(1),
    );
    let elsewhere = rest(&lab, client::FIRST, "POST", "csr", REQUEST)
        .unwrap()
        .status;
    assert_eq!(
        (elsewhere, ask(&lab), ask(&lab), ask(&lab)),
        (200, Ok(200), Ok(500), Ok(200))
    );
}

#[test]
fn a_large_body_does_not_end_by_itself() {
    let lab = client::lab(quick());
    lab.plant(Fault::new("rest GET snapshot/server", Mode::HugeBody));
    let mut stream = client::connect(ports(&lab, PUBLISHER).rest, None).unwrap();
    let password = std::fs::read_to_string(lab.dir().join("secrets/hq-platform")).unwrap();
    let credentials = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("reissue:{}", password.trim()),
    );
    let head = format!(
        "GET {}/snapshot/server HTTP/1.1\r\nhost: a\r\nauthorization: Basic {credentials}\r\n\r\n",
        client::BASE
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut read = 0;
    let mut buffer = vec![0_u8; 65_536];
    while read < 32 * 1024 * 1024 {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "ended after {read} bytes");
        read += count;
    }
}

#[test]
fn a_rate_limit_is_a_fault_with_the_devices_words() {
    let lab = client::lab(quick());
    lab.plant(Fault::new("ris selectCmDevice", Mode::RateLimited));
    let operation = "<selectCmDevice xmlns=\"http://schemas.cisco.com/ast/soap\"><StateInfo/><CmSelectionCriteria/></selectCmDevice>";
    let path = "/realtimeservice2/services/RISService70";
    let reply = client::soap(&lab, PUBLISHER, path, "\"selectCmDevice\"", operation).unwrap();
    assert_eq!(reply.status, 500);
    assert!(
        reply.body.contains("Server.RateControl") && reply.body.contains("Exceeded allowed rate")
    );
}

#[test]
fn every_fault_that_strikes_is_logged() {
    let lab = client::lab(quick());
    lab.plant(Fault::new("rest POST csr", Mode::ActThenDrop));
    assert!(ask(&lab).is_err());
    let faults: Vec<String> = lab
        .log()
        .into_iter()
        .filter(|entry| entry.kind == reissue_lab::Kind::Fault)
        .map(|entry| format!("{} {}", entry.what, entry.detail))
        .collect();
    assert_eq!(faults, ["act-then-drop POST csr"]);
}
