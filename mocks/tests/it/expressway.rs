//! Expressway peers on the wire: what they answer, and what they refuse.

use openssl::x509::{X509, X509Req};
use reissue_lab::expressway::{ExpresswayConfig, Peer, Trouble, ZoneView, settings};
use reissue_lab::state::{common_name, fingerprint};
use reissue_lab::world::Place;
use reissue_lab::{Lab, LabConfig, Misbehaviour, TomcatStart};
use serde_json::Value;

use crate::client::{self, Reply, secret, send, served, until};
use crate::shell::typed_at;

pub(crate) const PUBLISHER: &str = client::PUBLISHER;

/// A lab with two peers on each side of that release, and CUCM certificates that are signed.
pub(crate) fn with(release: &str, troubles: &[Trouble]) -> LabConfig {
    LabConfig {
        subscribers: 1,
        tomcat: vec![TomcatStart::Expiring(200)],
        time_scale: 0.0005,
        expressway: Some(ExpresswayConfig {
            release: release.to_owned(),
            troubles: troubles.to_vec(),
            ..ExpresswayConfig::default()
        }),
        ..LabConfig::default()
    }
}

pub(crate) fn lab(release: &str, troubles: &[Trouble]) -> Lab {
    client::lab(with(release, troubles))
}

/// The cluster of a peer named by its host name.
pub(crate) fn cluster(peer: &str) -> &'static str {
    if peer.starts_with("expc") {
        "core"
    } else {
        "edge"
    }
}

pub(crate) fn place(peer: &str) -> Place {
    Place::new(cluster(peer), &format!("{peer}.example.com"))
}

/// One call with the administrator's account and these headers beside it.
pub(crate) fn call(
    lab: &Lab,
    peer: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Reply> {
    let port = lab
        .look_peer(cluster(peer), peer, |peer| peer.ports.rest)
        .unwrap();
    let account = format!("{}-administrator", cluster(peer));
    let authorization = client::basic(lab, "admin", &account);
    let mut all = vec![("authorization", authorization.as_str())];
    all.extend(headers);
    send(port, method, path, &all, body)
}

pub(crate) fn get(lab: &Lab, peer: &str, path: &str) -> Reply {
    call(lab, peer, "GET", path, &[], "").unwrap()
}

pub(crate) fn read(lab: &Lab, peer: &str, path: &str) -> Value {
    get(lab, peer, &format!("/api/provisioning/{path}")).json()
}

/// Uploads a file as the part of that name.
pub(crate) fn upload_as(lab: &Lab, peer: &str, path: &str, part: &str, file: &str) -> Reply {
    let body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"a.pem\"\r\n\
         Content-Type: application/x-pem-file\r\n\r\n{file}\r\n--edge--\r\n"
    );
    let form = [("content-type", "multipart/form-data; boundary=edge")];
    let path = format!("/api/provisioning/certs/{path}");
    call(lab, peer, "POST", &path, &form, &body).unwrap()
}

pub(crate) fn upload(lab: &Lab, peer: &str, path: &str, file: &str) -> Reply {
    upload_as(lab, peer, path, "file", file)
}

/// Makes a request on a peer and answers its PEM.
pub(crate) fn request(lab: &Lab, peer: &str, names: &[&str]) -> String {
    let body = serde_json::json!({
        "Additional_FQDNS": names, "Country": "BE", "KeyLength": 2048, "DigestAlgorithm": "sha256",
        "Organization": "Example Telecom"
    });
    let path = "/api/provisioning/certs/generate_csr";
    let made = call(lab, peer, "POST", path, &[], &body.to_string()).unwrap();
    assert_eq!(made.status, 200, "{}", made.body);
    get(lab, peer, path).body
}

/// A certificate of the corporate authority for a request.
pub(crate) fn signed(lab: &Lab, request: &str) -> String {
    let leaf = lab.authority().sign(request.as_bytes()).unwrap();
    String::from_utf8(leaf).unwrap()
}

pub(crate) fn restart(lab: &Lab, peer: &str) -> Reply {
    let header = [("x-csrf-header", "1")];
    call(lab, peer, "POST", "/api/provisioning/restart", &header, "").unwrap()
}

/// Restarts a peer and waits until it is through.
pub(crate) fn restarted(lab: &Lab, peer: &str) {
    assert_eq!(restart(lab, peer).status, 200);
    let through = || {
        lab.look_peer(cluster(peer), peer, |peer| peer.restarted == peer.restarts)
            .unwrap()
    };
    until("the restart", through);
}

/// The chain of the corporate authority that signs today, root first.
pub(crate) fn chain(lab: &Lab) -> String {
    let file = |name| std::fs::read_to_string(lab.dir().join("ca").join(name)).unwrap();
    file("root.pem") + &file("issuing.pem")
}

/// The traversal connections of a peer.
pub(crate) fn zones(lab: &Lab, peer: &str) -> Vec<ZoneView> {
    lab.look_expressways(|all| {
        let (cluster, found) = all.at(&place(peer)).unwrap();
        all.zones(cluster.side, found)
    })
    .unwrap()
}

/// What one command of the command line shows after its echo.
pub(crate) fn shown(lab: &Lab, peer: &str, command: &str) -> String {
    let port = lab
        .look_peer(cluster(peer), peer, |peer| peer.ports.ssh)
        .unwrap();
    let password = secret(lab, &format!("{}-administrator", cluster(peer)));
    let all = typed_at(port, "admin", password, &format!("{command}\rbye\r"));
    assert!(
        all.contains("TANDBERG Video Communication Server X"),
        "{all}"
    );
    let (_, after) = all.split_once(&format!("{command}\r\n")).expect(&all);
    after.replace('\r', "").trim_end_matches("bye\n").to_owned()
}

#[test]
fn a_peer_answers_under_both_spellings_with_its_own_stores() {
    let lab = lab("X14.2", &[]);
    let stored = lab.look_peer("edge", "expe1", Peer::stored_sha256).unwrap();
    for base in ["/api/provisioning", "/api/v1/provisioning"] {
        let reply = get(&lab, "expe1", &format!("{base}/certs/server"));
        assert_eq!(reply.headers["content-type"], "text/html");
        assert!(reply.body.ends_with("-----END CERTIFICATE-----\r\n"));
        let leaf = X509::from_pem(reply.body.as_bytes()).unwrap();
        assert_eq!(fingerprint(&leaf), stored);
        let root = get(&lab, "expe1", &format!("{base}/certs/root"));
        let store = X509::stack_from_pem(root.body.as_bytes()).unwrap();
        let names: Vec<String> = store.iter().map(|held| common_name(held)).collect();
        assert!(names.contains(&"Public Trust Root".to_owned()), "{names:?}");
        let none = get(&lab, "expe1", &format!("{base}/certs/generate_csr"));
        assert_eq!(
            (none.status, none.json()["Message"].is_string()),
            (404, true)
        );
    }
    for peer in ["expe1", "expe2"] {
        let ports = lab.look_peer("edge", peer, |peer| peer.ports).unwrap();
        let own = lab.look_peer("edge", peer, Peer::served_sha256).unwrap();
        for port in [ports.rest, ports.sip, ports.traversal, ports.tunnel] {
            assert_eq!(served(port, None).unwrap(), own, "{peer}");
        }
    }
    let core = lab.look_peer("core", "expc1", |peer| peer.ports).unwrap();
    assert_eq!((core.traversal, core.tunnel), (0, 0));
}

#[test]
fn settings_are_those_of_the_side_and_zones_say_how_they_are() {
    let lab = lab("X14.2", &[]);
    let zone = read(
        &lab,
        "expc1",
        "controller/zone/unifiedcommunicationstraversal",
    );
    assert_eq!(zone[0]["Status"], "Active");
    assert_eq!(zone[0]["PeerAddress"][1], "expe2.example.com");
    let zone = read(&lab, "expe2", "edge/zone/unifiedcommunicationstraversal");
    assert_eq!(zone[0]["SIPTLSVerifySubjectName"], "expc.example.com");
    let other = "/api/provisioning/controller/server/cucm";
    assert_eq!(get(&lab, "expe1", other).status, 404);
    assert_eq!(get(&lab, "expc1", other).json()[0]["Publisher"], PUBLISHER);
    let domains = read(&lab, "expe1", "common/domain");
    assert_eq!(domains[0]["Name"], "example.com");
    let filtered = read(&lab, "expe1", "common/domain/Name/other.example.com");
    assert_eq!(filtered, serde_json::json!([]));
    assert_eq!(read(&lab, "expc2", "common/mra")["Enabled"], "On");
    assert_eq!(
        read(&lab, "expc2", "common/dns/dns")["SystemHostName"],
        "expc2"
    );
    assert_eq!(read(&lab, "expc2", "sysinfo")["SoftwareVersion"], "X14.2");
}

#[test]
fn the_status_document_is_whole_or_a_part() {
    let lab = lab("X15.4", &[]);
    let whole = get(&lab, "expc1", "/status.xml").body;
    for part in [
        "<Version item=\"1\">X15.4</Version>",
        "<Expressway item=\"1\">False</Expressway>",
        "<Address item=\"1\">expe1.example.com</Address>",
        "<Status item=\"1\">Active</Status>",
        "The server certificate expires soon",
    ] {
        assert!(whole.contains(part), "{part}\n{whole}");
    }
    assert!(!whole.contains("No SSH tunnels"), "{whole}");
    let part = get(&lab, "expe1", "/getxml?location=/Status/SystemUnit").body;
    assert!(
        part.contains("<Uptime item=\"1\">") && !part.contains("<Zones"),
        "{part}"
    );
}

#[test]
fn the_description_of_the_interface_is_what_the_box_takes() {
    let lab = lab("X14.2", &[]);
    let raml = |peer| get(&lab, peer, "/api/raml").body;
    assert!(raml("expc1").starts_with("#%RAML 0.8\n"));
    assert!(raml("expc1").contains("          file:\n") && raml("expc1").contains("X-CSRF-Header"));
    assert!(!raml("expe1").contains("/controller/") && raml("expe1").contains("\n/edge/zone/"));
    lab.change_expressways(|all| "certificate".clone_into(&mut all.core.quirks.upload_part));
    assert!(raml("expc1").contains("          certificate:\n"));
    let chain = chain(&lab);
    assert_eq!(upload(&lab, "expc1", "root", &chain).status, 400);
    assert_eq!(
        upload_as(&lab, "expc1", "root", "certificate", &chain).status,
        200
    );
    assert_eq!(upload(&lab, "expe1", "root", &chain).status, 200);
}

#[test]
fn a_request_carries_the_names_of_peer_and_cluster_and_stays_alone() {
    let lab = lab("X14.2", &[]);
    let pem = request(&lab, "expe1", &["example.com"]);
    let made = X509Req::from_pem(pem.as_bytes()).unwrap();
    let text = String::from_utf8(made.to_text().unwrap()).unwrap();
    for part in [
        "CN = expe.example.com",
        "DNS:expe1.example.com, DNS:expe.example.com, DNS:example.com",
        "TLS Web Client Authentication",
    ] {
        assert!(
            text.replace("CN=", "CN = ").contains(part),
            "{part}\n{text}"
        );
    }
    assert!(client::violations(&lab).is_empty());
    let path = "/api/provisioning/certs/generate_csr";
    let again = call(&lab, "expe1", "POST", path, &[], "{}").unwrap();
    assert_eq!(
        (again.status, again.json()["Message"].as_str()),
        (409, Some("Conflict"))
    );
    assert_eq!(get(&lab, "expe1", path).body, pem);
    assert_eq!(get(&lab, "expe2", path).status, 404);
    assert_eq!(client::violations(&lab), ["request-overwritten"]);
    let odd = call(&lab, "expe2", "POST", path, &[], "{\"CommonName\": \"x\"}").unwrap();
    assert_eq!(odd.status, 400);
}

#[test]
fn uploads_are_refused_in_the_devices_words() {
    let lab = lab("X14.2", &[]);
    let said = |reply: &Reply| reply.json()["Message"].as_str().unwrap().to_owned();
    let pem = request(&lab, "expe1", &[]);
    let leaf = signed(&lab, &pem);
    let der = String::from_utf8_lossy(&X509::from_pem(leaf.as_bytes()).unwrap().to_der().unwrap())
        .into_owned();
    let refused = upload(&lab, "expe1", "server", &der);
    assert_eq!(
        (refused.status, said(&refused).as_str()),
        (
            400,
            "Invalid certificate: The file provided is not a valid X.509 PEM certificate file."
        )
    );
    let refused = upload(&lab, "expe1", "server", &leaf);
    assert!(
        said(&refused).starts_with("Invalid certificate: Unrecognized CA. This certificate is not"),
        "{refused:?}"
    );
    assert_eq!(
        said(&upload(&lab, "expe1", "root", &chain(&lab))),
        "Root Certificate updated."
    );
    assert_eq!(said(&upload(&lab, "expe2", "server", &leaf)), "Bad Request");
    lab.misbehave(Misbehaviour::ServerAuthOnly);
    let server_only = signed(&lab, &pem);
    let refused = upload(&lab, "expe1", "server", &server_only);
    assert!(
        said(&refused).contains("Client Authentication"),
        "{refused:?}"
    );
    assert_eq!(said(&upload(&lab, "expe1", "server", &leaf)), "OK");
    assert_eq!(
        get(&lab, "expe1", "/api/provisioning/certs/generate_csr").status,
        404
    );
}

#[test]
fn the_release_decides_who_takes_a_certificate_without_client_auth() {
    for (release, peer, switched, taken) in [
        ("X15.4", "expe1", false, false),
        ("X15.4", "expe1", true, true),
        ("X15.4", "expc1", true, false),
        ("X15.5", "expc1", false, true),
    ] {
        let lab = lab(release, &[]);
        if switched {
            let command = format!("xConfiguration {}: On", settings::SERVER_EKU_UPLOAD);
            let answer = shown(&lab, peer, &command);
            assert_eq!(answer.contains("ERROR"), peer == "expc1", "{answer}");
        }
        upload(&lab, peer, "root", &chain(&lab));
        lab.misbehave(Misbehaviour::ServerAuthOnly);
        let leaf = signed(&lab, &request(&lab, peer, &[]));
        let status = upload(&lab, peer, "server", &leaf).status;
        assert_eq!(status == 200, taken, "{release} {peer} {switched}");
    }
}

#[test]
fn the_command_line_lists_and_sets() {
    let lab = lab("X14.2", &[]);
    let answer = shown(&lab, "expc1", "xconfiguration edgeconfigserver");
    assert_eq!(
        answer,
        "*c xConfiguration EdgeConfigServer VerifyOriginServer: \"On\"\n\nOK\n\n"
    );
    let zones = shown(&lab, "expe1", "xConfiguration Zones Zone 1");
    assert!(
        zones.contains("TLS Verify Subject Name: \"expc.example.com\"\n"),
        "{zones}"
    );
    let set = shown(
        &lab,
        "expc1",
        "xConfiguration EdgeConfigServer VerifyOriginServer: Off",
    );
    assert!(
        set.ends_with("VerifyOriginServer: \"Off\"\n\nOK\n\n"),
        "{set}"
    );
    let other = shown(
        &lab,
        "expc2",
        "xConfiguration EdgeConfigServer VerifyOriginServer",
    );
    assert!(other.contains("\"Off\""), "{other}");
    let status = shown(&lab, "expe1", "xStatus SystemUnit");
    assert!(status.starts_with("*s SystemUnit: /\n"), "{status}");
    assert!(
        status.contains("Version: \"X14.2\"") && status.ends_with("*s/end\nOK\n\n"),
        "{status}"
    );
    assert!(shown(&lab, "expe1", "show status").ends_with("ERROR\n\n"));
}

#[test]
fn a_third_failed_login_bans_the_source() {
    let lab = lab("X14.2", &[]);
    let port = lab
        .look_peer("edge", "expe1", |peer| peer.ports.rest)
        .unwrap();
    let wrong = [("authorization", "Basic YWRtaW46d3Jvbmc=")];
    for _ in 0..3 {
        let refused = send(port, "GET", "/api/provisioning/sysinfo", &wrong, "").unwrap();
        assert_eq!(refused.status, 401);
    }
    // The ban is for minutes, which are hundreds of milliseconds here; another peer knows nothing of it.
    let banned = lab.look_peer("edge", "expe1", |peer| peer.failures.locked_until_ms);
    assert!(banned.unwrap() > 0);
    assert_eq!(
        read(&lab, "expe2", "sysinfo")["SystemName"],
        "expe2.example.com"
    );
    assert_eq!(client::violations(&lab), ["more-than-one-failed-login"]);
}
