//! Every port speaks, and says what it should.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use reissue_lab::state::Face;
use reissue_lab::{Kind, LabConfig};

use crate::client::{self, FIRST, PUBLISHER, look, ports, quick, rest, send, served, soap};

#[test]
fn the_snapshot_has_identities_trust_and_pending_requests() {
    let lab = client::lab(quick());
    let snapshot = rest(&lab, PUBLISHER, "GET", "snapshot/server", "").unwrap().json();
    assert_eq!(snapshot["server"], PUBLISHER);
    let services: Vec<&str> =
        snapshot["identities"].as_array().unwrap().iter().filter_map(|entry| entry["service"].as_str()).collect();
    let expected =
        ["CAPF", "CallManager", "CallManager-ECDSA", "ITLRecovery", "TVS", "ipsec", "tomcat", "tomcat-ECDSA"];
    assert_eq!(services, expected);
    let made = client::make_request(&lab, PUBLISHER);
    let snapshot = rest(&lab, PUBLISHER, "GET", "snapshot/server", "").unwrap().json();
    let tomcat = snapshot["identities"].as_array().unwrap().iter().find(|entry| entry["service"] == "tomcat").unwrap();
    assert_eq!(tomcat["csr"], made);
    let asked = rest(&lab, PUBLISHER, "GET", "csr?service=tomcat", "").unwrap();
    assert_eq!(asked.json()["csr"], made);
    assert_eq!(rest(&lab, PUBLISHER, "GET", "csr?service=CAPF", "").unwrap().status, 404);
}

#[test]
fn nodes_differ_in_what_they_leave_out() {
    let lab = client::lab(quick());
    let stores = |node: &str| {
        let snapshot = rest(&lab, node, "GET", "snapshot/server", "").unwrap().json();
        let first = snapshot["identities"][0].as_object().unwrap().contains_key("csr");
        let names = snapshot["trusts"].as_array().unwrap().iter();
        (first, names.map(|entry| entry["service"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let (with_null, bare) = stores(PUBLISHER);
    assert!(with_null && bare.contains(&"tomcat".to_owned()), "{bare:?}");
    let (without, suffixed) = stores(FIRST);
    assert!(!without && suffixed.contains(&"tomcat-trust".to_owned()), "{suffixed:?}");
}

#[test]
fn wrong_passwords_are_refused_and_three_lock_the_account_of_that_node() {
    let lab = client::lab(LabConfig { time_scale: 1.0, ..quick() });
    let bad = [("authorization", "Basic cmVpc3N1ZTp3cm9uZw==")];
    for _ in 0..3 {
        let path = format!("{}/snapshot/server", client::BASE);
        let reply = send(ports(&lab, PUBLISHER).rest, "GET", &path, &bad, "").unwrap();
        assert_eq!(reply.status, 401);
        assert_eq!(reply.headers["www-authenticate"], "Basic realm=\"CMPlatform Realm\"");
    }
    assert_eq!(rest(&lab, PUBLISHER, "GET", "snapshot/server", "").unwrap().status, 401);
    assert_eq!(rest(&lab, FIRST, "GET", "snapshot/server", "").unwrap().status, 200);
    assert_eq!(client::violations(&lab), ["more-than-one-failed-login"]);
    let log = std::fs::read_to_string(lab.dir().join("lab.jsonl")).unwrap();
    assert!(!log.contains("wrong"), "a password reached the log");
}

#[test]
fn an_older_release_has_no_certificate_interface() {
    let lab = client::lab(LabConfig { release: "12.5.1.16900-48".to_owned(), ..quick() });
    assert_eq!(rest(&lab, PUBLISHER, "GET", "snapshot/server", "").unwrap().status, 404);
}

#[test]
fn axl_answers_the_release_the_nodes_and_the_security_mode() {
    let lab = client::lab(quick());
    let ask = |version: &str, inner: &str| {
        let name: String = inner.chars().skip(3).take_while(|letter| letter.is_ascii_alphanumeric()).collect();
        let operation = inner.replacen("/>", &format!(" xmlns:a=\"http://www.cisco.com/AXL/API/{version}\"/>"), 1);
        let operation = operation.replacen('>', &format!(" xmlns:a=\"http://www.cisco.com/AXL/API/{version}\">"), usize::from(!inner.ends_with("/>")));
        soap(&lab, PUBLISHER, "/axl/", &format!("\"CUCM:DB ver={version} {name}\""), &operation).unwrap()
    };
    assert!(ask("12.5", "<a:getCCMVersion/>").body.contains("<version>14.0.1.13900-155</version>"));
    let nodes = ask("14.0", "<a:listProcessNode><searchCriteria><name>%</name></searchCriteria></a:listProcessNode>");
    assert!(nodes.body.contains("<name>EnterpriseWideData</name>") && nodes.body.contains(FIRST), "{}", nodes.body);
    let sql = "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'";
    let query = format!("<a:executeSQLQuery><sql>{sql}</sql></a:executeSQLQuery>");
    assert!(ask("14.0", &query).body.contains("<paramvalue>0</paramvalue>"));
    lab.change_cluster("hq", |cluster| cluster.mixed_mode = true);
    assert!(ask("14.0", &query).body.contains("<paramvalue>1</paramvalue>"));
    let newer = ask("15.0", "<a:getCCMVersion/>");
    assert_eq!(newer.status, 500);
    assert!(newer.body.contains("<axlError>"), "{}", newer.body);
}

#[test]
fn an_axl_child_with_a_namespace_is_refused() {
    let lab = client::lab(quick());
    let operation = "<getCCMVersion xmlns=\"http://www.cisco.com/AXL/API/14.0\"><processNodeName/></getCCMVersion>";
    let reply = soap(&lab, PUBLISHER, "/axl/", "\"CUCM:DB ver=14.0 getCCMVersion\"", operation).unwrap();
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("no namespace"), "{}", reply.body);
}

#[test]
fn a_session_cookie_stands_in_for_the_credentials() {
    let lab = client::lab(quick());
    let operation = "<a:getCCMVersion xmlns:a=\"http://www.cisco.com/AXL/API/14.0\"/>";
    let action = "\"CUCM:DB ver=14.0 getCCMVersion\"";
    let first = soap(&lab, PUBLISHER, "/axl/", action, operation).unwrap();
    let cookie = first.headers["set-cookie"].split(';').next().unwrap().to_owned();
    let port = ports(&lab, PUBLISHER).soap;
    let again = |cookie: &str| {
        let headers = [("cookie", cookie), ("soapaction", action)];
        send(port, "POST", "/axl/", &headers, &client::envelope(operation)).unwrap().status
    };
    assert_eq!(again(&cookie), 200);
    assert_eq!(again("JSESSIONIDSSO=0000"), 404);
    let none = send(port, "POST", "/axl/", &[("soapaction", action)], &client::envelope(operation)).unwrap();
    assert_eq!(none.status, 401);
}

const AST: &str = "http://schemas.cisco.com/ast/soap";
const CONTROL: &str = "/controlcenterservice2/services/ControlCenterServices";

fn restart_operation(service: &str) -> String {
    format!(
        "<soapDoControlServices xmlns=\"{AST}\"><ControlServiceRequest><NodeName>{PUBLISHER}</NodeName>\
         <ControlType>Restart</ControlType><ServiceList><item>{service}</item></ServiceList>\
         </ControlServiceRequest></soapDoControlServices>"
    )
}

#[test]
fn control_center_restarts_what_it_may() {
    let lab = client::lab(quick());
    let ask = |operation: &str| soap(&lab, PUBLISHER, CONTROL, "\"op\"", operation).unwrap().body;
    let status = format!("<soapGetServiceStatus xmlns=\"{AST}\"><ServiceStatus/></soapGetServiceStatus>");
    let states = ask(&status);
    assert!(states.contains("<ServiceName>Cisco Tomcat</ServiceName><ServiceStatus>Started</ServiceStatus>"));
    assert!(states.contains("Service Not Activated"));
    for refused in ["Cisco Tomcat", "A Cisco DB", "Cisco Nothing"] {
        let reply = ask(&restart_operation(refused));
        assert!(reply.contains("<ReturnCode>-1</ReturnCode>"), "{refused}: {reply}");
    }
    let reply = ask(&restart_operation("Cisco Tftp"));
    assert!(reply.contains("<ReturnCode>0</ReturnCode>") && reply.contains("Stopping"), "{reply}");
    client::until("the restart", || ask(&status).contains("<ServiceName>Cisco Tftp</ServiceName><ServiceStatus>Started"));
    let bare = "<soapGetServiceStatus><ServiceStatus/></soapGetServiceStatus>";
    assert!(ask(bare).contains("qualifies every element"));
}

#[test]
fn phones_are_counted_by_both_interfaces() {
    let lab = client::lab(quick());
    let count = format!(
        "<perfmonCollectCounterData xmlns=\"{AST}\"><Host>{FIRST}</Host><Object>Cisco CallManager</Object>\
         </perfmonCollectCounterData>"
    );
    let path = "/perfmonservice2/services/PerfmonService";
    let counted = soap(&lab, PUBLISHER, path, "\"perfmonCollectCounterData\"", &count).unwrap().body;
    let name = format!("\\\\{FIRST}\\Cisco CallManager\\RegisteredHardwarePhones");
    assert!(counted.contains(&format!("<Name>{name}</Name><Value>12</Value>")), "{counted}");
    let select = format!(
        "<selectCmDevice xmlns=\"{AST}\"><StateInfo/><CmSelectionCriteria><MaxReturnedDevices>1000</MaxReturnedDevices>\
         <DeviceClass>Phone</DeviceClass><Model>255</Model><Status>Registered</Status><NodeName/><SelectBy>Name</SelectBy>\
         <SelectItems><item><Item>SEP*</Item></item></SelectItems><Protocol>Any</Protocol>\
         <DownloadStatus>Any</DownloadStatus></CmSelectionCriteria></selectCmDevice>"
    );
    let path = "/realtimeservice2/services/RISService70";
    let listed = soap(&lab, PUBLISHER, path, "\"selectCmDevice\"", &select).unwrap().body;
    assert!(listed.contains("<ns1:TotalDevicesFound>24</ns1:TotalDevicesFound>"), "{listed}");
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
        assert_eq!(served(port, Some("ECDSA+SHA256")).unwrap(), stored("tomcat-ECDSA"));
        assert_eq!(served(port, Some("RSA-PSS+SHA256:RSA+SHA256")).unwrap(), stored("tomcat"));
    }
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
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", ports(&lab, PUBLISHER).ssh)).unwrap();
    let mut greeting = [0_u8; 8];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-");
}

#[test]
fn the_estates_files_are_private_and_the_pins_true() {
    let lab = client::lab(quick());
    let mode = |name: &str| std::fs::metadata(lab.dir().join(name)).unwrap().permissions().mode() & 0o777;
    for private in ["pins.json", "secrets/hq-platform", "secrets/hq-application", "ca/issuing.key"] {
        assert_eq!(mode(private), 0o600, "{private}");
    }
    let pins: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(lab.dir().join("pins.json")).unwrap()).unwrap();
    let pin = |port: u64, key: &str| {
        let peers = pins["peers"].as_array().unwrap().iter();
        let found = peers.into_iter().find(|peer| peer["node"] == FIRST && peer["port"] == port && peer["key"] == key);
        found.unwrap()["sha256"].as_str().unwrap().to_owned()
    };
    assert_eq!(pin(8443, "rsa"), served(ports(&lab, FIRST).soap, None).unwrap());
    assert_eq!(pin(443, "ecdsa"), served(ports(&lab, FIRST).rest, Some("ECDSA+SHA256")).unwrap());
    assert_eq!(pin(22, "ssh-ed25519").len(), 64);
    let estate = std::fs::read_to_string(lab.estate()).unwrap();
    assert!(estate.contains(&format!("rest: {}", ports(&lab, FIRST).rest)), "{estate}");
}

#[test]
fn the_log_in_the_file_is_the_log_in_memory() {
    let lab = client::lab(quick());
    client::make_request(&lab, PUBLISHER);
    let file = std::fs::read_to_string(lab.dir().join("lab.jsonl")).unwrap();
    let lines: Vec<reissue_lab::LogEntry> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, lab.log());
    let kinds: Vec<Kind> = lines.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::Login, Kind::Write, Kind::Effect]);
}
