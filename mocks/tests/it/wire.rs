//! Every port speaks, and says what it should.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use reissue_lab::state::Face;
use reissue_lab::{Kind, LabConfig};

use crate::client::{self, FIRST, PUBLISHER, look, ports, quick, rest, send, served};

#[test]
fn the_snapshot_has_identities_trust_and_pending_requests() {
    let lab = client::lab(quick());
    let snapshot = rest(&lab, PUBLISHER, "GET", "snapshot/server", "")
        .unwrap()
        .json();
    assert_eq!(snapshot["server"], PUBLISHER);
    let services: Vec<&str> = snapshot["identities"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["service"].as_str())
        .collect();
    let expected = [
        "CAPF",
        "CallManager",
        "CallManager-ECDSA",
        "ITLRecovery",
        "TVS",
        "ipsec",
        "tomcat",
        "tomcat-ECDSA",
    ];
    assert_eq!(services, expected);
    let made = client::make_request(&lab, PUBLISHER);
    let snapshot = rest(&lab, PUBLISHER, "GET", "snapshot/server", "")
        .unwrap()
        .json();
    let tomcat = snapshot["identities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["service"] == "tomcat")
        .unwrap();
    assert_eq!(tomcat["csr"], made);
    let asked = rest(&lab, PUBLISHER, "GET", "csr?service=tomcat", "").unwrap();
    assert_eq!(asked.json()["csr"], made);
    assert_eq!(
        rest(&lab, PUBLISHER, "GET", "csr?service=CAPF", "")
            .unwrap()
            .status,
        404
    );
}

#[test]
fn nodes_differ_in_what_they_leave_out() {
    let lab = client::lab(quick());
    let stores = |node: &str| {
        let snapshot = rest(&lab, node, "GET", "snapshot/server", "")
            .unwrap()
            .json();
        let first = snapshot["identities"][0]
            .as_object()
            .unwrap()
            .contains_key("csr");
        let names = snapshot["trusts"].as_array().unwrap().iter();
        (
            first,
            names
                .map(|entry| entry["service"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let (with_null, bare) = stores(PUBLISHER);
    assert!(with_null && bare.contains(&"tomcat".to_owned()), "{bare:?}");
    let (without, suffixed) = stores(FIRST);
    assert!(
        !without && suffixed.contains(&"tomcat-trust".to_owned()),
        "{suffixed:?}"
    );
}

#[test]
fn wrong_passwords_are_refused_and_three_lock_the_account_of_that_node() {
    let lab = client::lab(LabConfig {
        time_scale: 1.0,
        ..quick()
    });
    let bad = [("authorization", "Basic cmVpc3N1ZTp3cm9uZw==")];
    for _ in 0..3 {
        let path = format!("{}/snapshot/server", client::BASE);
        let reply = send(ports(&lab, PUBLISHER).rest, "GET", &path, &bad, "").unwrap();
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.headers["www-authenticate"],
            "Basic realm=\"CMPlatform Realm\""
        );
    }
    assert_eq!(
        rest(&lab, PUBLISHER, "GET", "snapshot/server", "")
            .unwrap()
            .status,
        401
    );
    assert_eq!(
        rest(&lab, FIRST, "GET", "snapshot/server", "")
            .unwrap()
            .status,
        200
    );
    assert_eq!(client::violations(&lab), ["more-than-one-failed-login"]);
    let log = std::fs::read_to_string(lab.dir().join("lab.jsonl")).unwrap();
    assert!(!log.contains("wrong"), "a password reached the log");
}

#[test]
fn an_older_release_has_no_certificate_interface() {
    let lab = client::lab(LabConfig {
        release: "12.5.1.16900-48".to_owned(),
        ..quick()
    });
    assert_eq!(
        rest(&lab, PUBLISHER, "GET", "snapshot/server", "")
            .unwrap()
            .status,
        404
    );
}

#[test]
fn each_face_presents_its_own_certificate() {
    let lab = client::lab(quick());
    let stored = |purpose: &str| look(&lab, PUBLISHER, |node| node.stored(purpose).unwrap());
    let ports = ports(&lab, PUBLISHER);
    for port in [ports.rest, ports.soap, ports.tftp] {
        assert_eq!(served(port, None).unwrap(), stored("tomcat"));
    }
    assert_eq!(served(ports.sip, None).unwrap(), stored("CallManager"));
    for port in [ports.rest, ports.soap] {
        assert_eq!(
            served(port, Some("ECDSA+SHA256")).unwrap(),
            stored("tomcat-ECDSA")
        );
        assert_eq!(
            served(port, Some("RSA-PSS+SHA256:RSA+SHA256")).unwrap(),
            stored("tomcat")
        );
    }
    assert_eq!(
        served(ports.sip, Some("ECDSA+SHA256")).unwrap(),
        stored("CallManager-ECDSA")
    );
    assert_eq!(served(ports.tvs, None).unwrap(), stored("TVS"));
    assert!(served(ports.tftp, Some("ECDSA+SHA256")).is_err());
    assert!(look(&lab, PUBLISHER, |node| node.serves_stored(Face::Web)));
}

#[test]
fn a_signed_leaf_comes_with_its_issuing_authority_and_without_the_root() {
    let lab = client::lab(LabConfig::default());
    let stream = client::connect(ports(&lab, FIRST).rest, None).unwrap();
    let chain = stream.ssl().peer_cert_chain().unwrap();
    let names: Vec<String> = chain.iter().map(reissue_lab::state::common_name).collect();
    assert_eq!(names, [FIRST, "Example Corp Issuing CA 1"]);
}

#[test]
fn the_ssh_port_says_ssh() {
    let lab = client::lab(quick());
    let mut stream =
        std::net::TcpStream::connect(("127.0.0.1", ports(&lab, PUBLISHER).ssh)).unwrap();
    let mut greeting = [0_u8; 8];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-");
}

#[test]
fn the_estates_files_are_private_and_the_pins_true() {
    let lab = client::lab(quick());
    let mode = |name: &str| {
        std::fs::metadata(lab.dir().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    for private in [
        "pins.json",
        "secrets/hq-platform",
        "secrets/hq-application",
        "ca/issuing.key",
    ] {
        assert_eq!(mode(private), 0o600, "{private}");
    }
    let pins: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(lab.dir().join("pins.json")).unwrap())
            .unwrap();
    let pin = |port: u64, key: &str| {
        let peers = pins["peers"].as_array().unwrap().iter();
        let found = peers
            .into_iter()
            .find(|peer| peer["node"] == FIRST && peer["port"] == port && peer["key"] == key);
        found.unwrap()["sha256"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        pin(8443, "rsa"),
        served(ports(&lab, FIRST).soap, None).unwrap()
    );
    assert_eq!(
        pin(443, "ecdsa"),
        served(ports(&lab, FIRST).rest, Some("ECDSA+SHA256")).unwrap()
    );
    assert_eq!(pin(22, "ssh-ed25519").len(), 64);
    let estate = std::fs::read_to_string(lab.estate()).unwrap();
    assert!(
        estate.contains(&format!("rest: {}", ports(&lab, FIRST).rest)),
        "{estate}"
    );
}

#[test]
fn the_log_in_the_file_is_the_log_in_memory() {
    let lab = client::lab(quick());
    client::make_request(&lab, PUBLISHER);
    let file = std::fs::read_to_string(lab.dir().join("lab.jsonl")).unwrap();
    let lines: Vec<reissue_lab::LogEntry> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, lab.log());
    let kinds: Vec<Kind> = lines.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Login, Kind::Write, Kind::Effect]);
}
