//! A bare client: TLS by hand, HTTP/1.1 by hand.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};
use reissue_lab::state::{Face, Node, fingerprint};
use reissue_lab::{Lab, LabConfig, TomcatStart};
use serde_json::Value;

pub(crate) const BASE: &str = "/platformcom/api/v1/certmgr/config";
pub(crate) const PUBLISHER: &str = "cucm-pub.hq.example.com";
pub(crate) const FIRST: &str = "cucm-sub1.hq.example.com";

/// A lab in two thousandths of the usual time with valid certificates on every node.
pub(crate) fn quick() -> LabConfig {
    LabConfig {
        time_scale: 0.0005,
        tomcat: vec![TomcatStart::SelfSigned(9)],
        ..LabConfig::default()
    }
}

pub(crate) fn lab(config: LabConfig) -> Lab {
    Lab::start(config).expect("the lab starts")
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// Waits for something that happens by itself.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "waited twenty seconds for {what}"
        );
        std::thread::yield_now();
    }
}

pub(crate) fn ports(lab: &Lab, node: &str) -> reissue_lab::state::Ports {
    lab.look("hq", node, |node| node.ports)
        .expect("the node exists")
}

pub(crate) fn look<T>(lab: &Lab, node: &str, look: impl FnOnce(&Node) -> T) -> T {
    lab.look("hq", node, look).expect("the node exists")
}

/// A handshake without verification; `signatures` limits what the client offers.
pub(crate) fn connect(port: u16, signatures: Option<&str>) -> io::Result<SslStream<TcpStream>> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::NONE);
    if let Some(signatures) = signatures {
        builder.set_sigalgs_list(signatures)?;
    }
    let tcp = TcpStream::connect(("127.0.0.1", port))?;
    tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
    builder
        .build()
        .connect("cucm.example.com", tcp)
        .map_err(io::Error::other)
}

/// The fingerprint of the leaf a port presents.
pub(crate) fn served(port: u16, signatures: Option<&str>) -> io::Result<String> {
    let stream = connect(port, signatures)?;
    let leaf = stream
        .ssl()
        .peer_certificate()
        .ok_or_else(|| io::Error::other("no certificate"))?;
    Ok(fingerprint(&leaf))
}

/// One request on a connection of its own.
pub(crate) fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Reply> {
    let began = Instant::now();
    let mut stream = connect(port, None)?;
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: cucm.example.com\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let reply = parse(&bytes);
    match (&reply, ended) {
        (Some(found), _) if complete(found) => {}
        (_, Err(error)) => return Err(error),
        (_, Ok(_)) => {
            let (length, waited) = (bytes.len(), began.elapsed());
            let text = format!("the answer is cut short at {length} bytes after {waited:?}");
            return Err(io::Error::other(text));
        }
    }
    reply.ok_or_else(|| io::Error::other("no answer"))
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Some(Reply {
        status,
        headers,
        body: body.to_owned(),
    })
}

fn complete(reply: &Reply) -> bool {
    let length = reply
        .headers
        .get("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| length == reply.body.len())
}

pub(crate) fn basic(lab: &Lab, user: &str, account: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{user}:{}", secret(lab, account)))
    )
}

/// The password of an account, as the lab wrote it down.
pub(crate) fn secret(lab: &Lab, account: &str) -> String {
    let path = lab.dir().join("secrets").join(account);
    let password = std::fs::read_to_string(path).expect("the secret is there");
    password.trim().to_owned()
}

/// A call of the certificate interface with the right account.
pub(crate) fn rest(
    lab: &Lab,
    node: &str,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<Reply> {
    let authorization = basic(lab, "reissue", "hq-platform");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
    ];
    send(
        ports(lab, node).rest,
        method,
        &format!("{BASE}/{path}"),
        &headers,
        body,
    )
}

/// A SOAP call with the right account. `operation` is the XML inside the body.
pub(crate) fn soap(
    lab: &Lab,
    node: &str,
    path: &str,
    action: &str,
    operation: &str,
) -> io::Result<Reply> {
    let authorization = basic(lab, "axl-reader", "hq-application");
    let headers = [
        ("authorization", authorization.as_str()),
        ("soapaction", action),
        ("content-type", "text/xml"),
    ];
    send(
        ports(lab, node).soap,
        "POST",
        path,
        &headers,
        &envelope(operation),
    )
}

pub(crate) fn envelope(operation: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>{operation}</e:Body></e:Envelope>"
    )
}

/// Asks a node for a tomcat request with its own name, and answers the PEM.
pub(crate) fn make_request(lab: &Lab, node: &str) -> String {
    let body = format!(
        r#"{{"service":"tomcat","distribution":"this-server","commonName":"{node}","altNames":["{node}"],"keyType":"rsa","keyLength":2048,"hashAlgorithm":"sha256"}}"#
    );
    let reply = rest(lab, node, "POST", "csr", &body).expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["csr"].as_str().expect("a request").to_owned()
}

/// Has the authority sign a request by its folder.
pub(crate) fn signed(lab: &Lab, name: &str, request: &str) -> String {
    std::fs::write(lab.dir().join(format!("signing/out/{name}.csr")), request)
        .expect("the folder takes it");
    let issued = lab.dir().join(format!("signing/in/{name}.pem"));
    until("the certificate", || issued.exists());
    std::fs::read_to_string(issued).expect("it can be read")
}

/// Uploads the authority's chain to a node's tomcat-trust, root first; what is there already may stay.
pub(crate) fn upload_chain(lab: &Lab, node: &str) {
    for file in ["root.pem", "issuing.pem"] {
        let pem =
            std::fs::read_to_string(lab.dir().join("ca").join(file)).expect("the chain is there");
        let body = serde_json::json!({ "service": ["tomcat"], "certificates": [pem], "description": "Trust Certificate" });
        let reply =
            rest(lab, node, "POST", "trust/certificates", &body.to_string()).expect("an answer");
        let there = reply.status == 400 && reply.body.contains("already exists");
        assert!(reply.status == 201 || there, "{}", reply.body);
    }
}

pub(crate) fn upload_identity(lab: &Lab, node: &str, pem: &str) -> io::Result<Reply> {
    let body = serde_json::json!({ "service": "tomcat", "certificates": [pem] });
    rest(
        lab,
        node,
        "POST",
        "identity/certificates",
        &body.to_string(),
    )
}

/// Whether a node presents on a face what it has stored for it.
pub(crate) fn serves_stored(lab: &Lab, node: &str, face: Face) -> bool {
    look(lab, node, |node| node.serves_stored(face))
}

pub(crate) fn violations(lab: &Lab) -> Vec<String> {
    lab.violations()
        .into_iter()
        .map(|entry| entry.what)
        .collect()
}
