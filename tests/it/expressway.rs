//! Expressway-C and Expressway-E from outside: two small servers that answer as the fact sheet says, and the program.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};

use crate::support::{Ended, command, finish};

const CORE: &str = "expc1.example.com";
const EDGE: &str = "expe1.example.com";
const PASSWORD: &str = "Night-Shift/7&";

/// A certificate and its key.
struct Issued(X509, PKey<Private>);

fn issue(name: &str, signer: Option<&Issued>) -> Issued {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(u32::try_from(name.len()).unwrap()).unwrap();
    builder
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    let issuer = signer.map_or(&*subject, |signer| signer.0.subject_name());
    builder.set_issuer_name(issuer).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(300).unwrap())
        .unwrap();
    builder.set_pubkey(&key).unwrap();
    if signer.is_some() {
        let context = builder.x509v3_context(None, None);
        let names = SubjectAlternativeName::new()
            .dns(name)
            .build(&context)
            .unwrap();
        builder.append_extension(names).unwrap();
    } else {
        let authority = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(authority).unwrap();
    }
    let signing = signer.map_or(&key, |signer| &signer.1);
    builder.sign(signing, MessageDigest::sha256()).unwrap();
    Issued(builder.build(), key)
}

fn pem(issued: &Issued) -> String {
    String::from_utf8(issued.0.to_pem().unwrap()).unwrap()
}

/// One peer: its port and the first line of everything that it was asked.
struct Peer {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Answers every path of a table to the right password; ends with the process.
    fn start(identity: &Issued, answers: BTreeMap<String, (&'static str, String)>) -> Self {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        builder.set_certificate(&identity.0).unwrap();
        builder.set_private_key(&identity.1).unwrap();
        let acceptor = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, answers) = (Arc::clone(&requests), Arc::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                let answers = Arc::clone(&answers);
                std::thread::spawn(move || {
                    if let Ok(stream) = acceptor.accept(stream) {
                        converse(stream, &seen, &answers);
                    }
                });
            }
        });
        Self { port, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server tells the time of its own clock"
)]
fn converse(
    mut stream: impl Read + Write,
    seen: &Mutex<Vec<String>>,
    answers: &BTreeMap<String, (&'static str, String)>,
) {
    let proof = base64::engine::general_purpose::STANDARD.encode(format!("reader:{PASSWORD}"));
    loop {
        let mut head = Vec::new();
        let mut one = [0_u8];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut one) {
                Ok(1) => head.push(one[0]),
                _ => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let line = head.lines().next().unwrap().to_owned();
        let path = line.split(' ').nth(1).unwrap().to_owned();
        seen.lock().unwrap().push(line);
        let known = answers.get(&path);
        let (status, kind, body) = if !head.contains(&proof) {
            ("401 Unauthorized", "text/html", "<html>Login</html>")
        } else if let Some((kind, body)) = known {
            ("200 OK", *kind, body.as_str())
        } else {
            (
                "404 Not Found",
                "application/json",
                "{\"Message\":\"Not Found\"}",
            )
        };
        let length = body.len();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&jiff::Timestamp::now())
            .unwrap();
        let reply = format!(
            "HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// What a good peer answers beside its zones.
fn answers(name: &str, edge: bool, pems: [&str; 2]) -> BTreeMap<String, (&'static str, String)> {
    let json = "application/json";
    let host = name.split('.').next().unwrap();
    let side = if edge { "edge" } else { "controller" };
    let zone = if edge {
        format!(r#"[{{"Name":"UC","Status":"Active","SIPTLSVerifySubjectName":"{CORE}"}}]"#)
    } else {
        format!(r#"[{{"Name":"UC","Status":"Active","PeerAddress":["{EDGE}"]}}]"#)
    };
    let other = if edge {
        "traversalserver"
    } else {
        "traversalclient"
    };
    let mut rows = vec![
        (
            "certs/server".to_owned(),
            "text/html",
            pems[0].replace('\n', "\r\n"),
        ),
        (
            "certs/root".to_owned(),
            "text/html",
            pems[1].replace('\n', "\r\n"),
        ),
        (
            "common/mra".to_owned(),
            json,
            r#"{"Enabled":"On","SSO":"Off"}"#.to_owned(),
        ),
        (
            "common/domain".to_owned(),
            json,
            r#"[{"Name":"example.com","EdgeSip":"On"}]"#.to_owned(),
        ),
        (
            "common/dns/dns".to_owned(),
            json,
            format!(r#"{{"SystemHostName":"{host}","DomainName":"example.com"}}"#),
        ),
        (
            format!("{side}/zone/unifiedcommunicationstraversal"),
            json,
            zone,
        ),
        (format!("{side}/zone/{other}"), json, "[]".to_owned()),
    ];
    if !edge {
        rows.push(("controller/server/cucm".to_owned(), json, "[]".to_owned()));
        rows.push(("controller/server/imp".to_owned(), json, "[]".to_owned()));
    }
    let mut described: String = rows
        .iter()
        .map(|(path, ..)| path.as_str())
        .chain(["certs/generate_csr"])
        .map(|path| format!("/provisioning/{path}:\n  get:\n"))
        .collect();
    for path in [
        "certs/server",
        "certs/root",
        "certs/generate_csr",
        "restart",
    ] {
        described += &format!("/provisioning/{path}:\n  post:\n");
    }
    let flag = if edge { "True" } else { "False" };
    let status = format!(
        "<?xml version=\"1.0\"?><Status xmlns=\"http://www.tandberg.no/XML/CUIL/1.0\"><SystemUnit item=\"1\">\
         <Uptime item=\"1\">7200</Uptime><Software item=\"1\"><Version item=\"1\">X14.2.5</Version><Configuration item=\"1\">\
         <Expressway item=\"1\">{flag}</Expressway></Configuration></Software></SystemUnit><Zones item=\"1\"/><Warnings item=\"1\"/>\
         <CollaborationEdge item=\"1\"><Tunnels item=\"1\"/></CollaborationEdge></Status>"
    );
    let mut answers: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(path, kind, body)| (format!("/api/provisioning/{path}"), (kind, body)))
        .collect();
    answers.insert(
        "/api/raml".into(),
        ("text/plain", format!("#%RAML 0.8\n{described}")),
    );
    answers.insert("/status.xml".into(), ("text/xml", status));
    answers
}

struct Site {
    folder: tempfile::TempDir,
    core: Peer,
    edge: Peer,
    leaves: Vec<String>,
}

impl Site {
    fn start() -> Self {
        let root = issue("Corp Root", None);
        let (core, edge) = (issue(CORE, Some(&root)), issue(EDGE, Some(&root)));
        let leaves = [&core, &edge].map(|leaf| {
            let digest = leaf.0.digest(MessageDigest::sha256()).unwrap();
            hex::encode(digest)
        });
        let root = pem(&root);
        let start = |identity: &Issued, name, edge| {
            Peer::start(identity, answers(name, edge, [&pem(identity), &root]))
        };
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
            core: start(&core, CORE, false),
            edge: start(&edge, EDGE, true),
            leaves: leaves.into(),
        };
        site.write("root.pem", &root);
        site.write("password", PASSWORD);
        let estate = format!(
            "format: 1\nstate_dir: state\naccounts:\n  exp: {{user: reader, password: {{file: password}}}}\nclusters:\n\
             - {{name: core, product: expressway-c, accounts: {{administrator: exp}}, nodes: [{{name: {CORE}, role: peer, address: 127.0.0.1, ports: {{rest: {}}}}}]}}\n\
             - {{name: edge, product: expressway-e, accounts: {{administrator: exp}}, nodes: [{{name: {EDGE}, role: peer, address: 127.0.0.1, ports: {{rest: {}}}}}]}}\n\
             issuers: {{corp: {{kind: folder, requests: out, issued: in, chain: root.pem}}}}\n\
             desired: [{{where: {{product: [expressway-c], purpose: [server]}}, issuer: corp, distribution: this-server, key: rsa-2048, renew_before: 400d}}]\n",
            site.core.port, site.edge.port
        );
        site.write("estate.yaml", &estate);
        site
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn run(&self, words: &[&str]) -> Ended {
        let estate: &Path = &self.folder.path().join("estate.yaml");
        finish(command(estate, words).spawn().unwrap())
    }

    /// Both peers become known by their fingerprints.
    fn trusted() -> Self {
        let site = Self::start();
        let words: Vec<String> = site
            .leaves
            .iter()
            .flat_map(|leaf| ["--fingerprint".to_owned(), format!("sha256:{leaf}")])
            .collect();
        let mut all = vec!["trust", "add"];
        all.extend(words.iter().map(String::as_str));
        site.run(&all).expect(0);
        site
    }

    fn sent(&self) -> Vec<String> {
        [self.core.requests(), self.edge.requests()].concat()
    }
}

#[test]
fn expressway_is_observed_and_assessed_and_never_written_to() {
    let site = Site::trusted();
    assert!(site.sent().is_empty(), "trust add sends no request");
    let status = site.run(&["status"]).expect(0);
    for words in [
        "X14.2.5; up 2 h; remote access on; zone UC Active; 0 tunnels; interface as known",
        "not learned: VerifyOriginServer",
        "served",
        "expressway-tunnel-down",
        "expressway-domain-missing",
    ] {
        assert!(status.out.contains(words), "{words}\n{}", status.out);
    }
    let data = site.run(&["assess", "--json"]).expect(0).data();
    let codes: Vec<&str> = data
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    let mut codes = codes;
    codes.sort_unstable();
    codes.dedup();
    let expected = [
        "expiring",
        "expressway-domain-missing",
        "expressway-tunnel-down",
        "key-policy",
        "usage-missing",
    ];
    assert_eq!(codes, expected, "{data:#}");
    let doctor = site.run(&["doctor"]).expect(0);
    assert!(doctor.out.contains("1 peers answer"), "{}", doctor.out);
    let file = site.folder.path().join("observation.json");
    site.run(&["observe", "-o", file.to_str().unwrap()])
        .expect(0);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("\"expressway\"") && !text.contains(PASSWORD));
    assert!(site.sent().iter().all(|line| line.starts_with("GET ")));
}

#[test]
fn a_plan_refuses_what_a_peer_cannot_make() {
    let site = Site::trusted();
    let estate = std::fs::read_to_string(site.folder.path().join("estate.yaml")).unwrap();
    site.write("estate.yaml", &estate.replace("rsa-2048", "rsa-3072"));
    let ended = site.run(&["plan"]);
    assert_ne!(ended.code, 0);
    for words in ["cluster core", "rsa-2048 or rsa-4096", "found rsa-3072"] {
        assert!(ended.err.contains(words), "{words}\n{}", ended.err);
    }
    assert!(site.sent().iter().all(|line| line.starts_with("GET ")));
}

#[test]
fn a_wrong_password_costs_one_login_over_all_peers() {
    let site = Site::trusted();
    site.write("password", "not the password");
    let ended = site.run(&["status"]);
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("refused account exp"), "{}", ended.err);
    assert_eq!(site.sent().len(), 1, "{:?}", site.sent());
}

#[test]
fn a_peer_that_nobody_vouched_for_is_sent_nothing() {
    let site = Site::start();
    let ended = site.run(&["status"]).expect(10);
    assert!(ended.err.contains("reissue trust"), "{}", ended.err);
    assert!(site.sent().is_empty(), "{:?}", site.sent());
}

#[test]
fn the_trust_between_both_sides_is_drawn() {
    let site = Site::trusted();
    for (format, arrow) in [("mermaid", "-->"), ("dot", "->")] {
        let ended = site
            .run(&["graph", "--trust", "--format", format])
            .expect(0);
        for port in ["7001", "2222"] {
            let drawn = ended.out.lines().any(|line| {
                line.contains(arrow) && line.contains(&format!("{port} RSA trusted-ca"))
            });
            assert!(drawn, "{port}\n{}", ended.out);
        }
        // Nodes of a CUCM cluster verify each other with this store; peers do not.
        assert!(!ended.out.contains("tomcat-trust"), "{}", ended.out);
        assert!(ended.out.contains("Connections: "), "{}", ended.out);
    }
}
