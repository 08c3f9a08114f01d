//! A node's HTTPS port for tests: real TLS on loopback, any certificate, any answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslVersion};
use openssl::x509::{X509, X509Name};

use crate::model::{AccountName, Fingerprint, NodeName, Port};
use crate::secrets::{Redactor, Secret};

use super::{Endpoint, Limits, Login, Network, Peer, PinBook};

pub(crate) const PASSWORD: &str = "Night-Shift/7&";

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

impl Identity {
    pub(crate) fn rsa(bits: u32) -> Self {
        Self::signed(PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap(), 2)
    }

    pub(crate) fn ec(curve: Nid) -> Self {
        let group = EcGroup::from_curve_name(curve).unwrap();
        Self::signed(
            PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap(),
            2,
        )
    }

    /// An elliptic-curve one, quickly made.
    pub(crate) fn quick() -> Self {
        Self::ec(Nid::X9_62_PRIME256V1)
    }

    /// Self-signed, expired, without any name that fits, and of version 1 if `version` is 0.
    pub(crate) fn signed(key: PKey<Private>, version: i32) -> Self {
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("CN", "somebody else").unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(version).unwrap();
        builder
            .set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap())
            .unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder
            .set_not_before(&Asn1Time::from_unix(0).unwrap())
            .unwrap();
        builder
            .set_not_after(&Asn1Time::from_unix(86_400).unwrap())
            .unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self {
            certificate: builder.build(),
            key,
        }
    }

    pub(crate) fn leaf(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate.to_der().unwrap())
    }

    pub(crate) fn acceptor(&self) -> SslAcceptor {
        acceptor(&[self], None)
    }
}

pub(crate) fn acceptor(identities: &[&Identity], highest: Option<SslVersion>) -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_security_level(0);
    builder.set_max_proto_version(highest).unwrap();
    for identity in identities {
        builder.set_certificate(&identity.certificate).unwrap();
        builder.set_private_key(&identity.key).unwrap();
    }
    builder.build()
}

/// What the server does after a request.
pub(crate) enum Answer {
    /// Writes and waits for the next request.
    Keep(Vec<u8>),
    /// Writes and closes.
    Close(Vec<u8>),
    /// Writes and then stays silent until the client goes away.
    Hold(Vec<u8>),
    /// Writes the first part and then the second for ever.
    Flood(Vec<u8>, Vec<u8>),
}

/// An answer with a length that is true.
pub(crate) fn ok(content_type: &str, body: &str) -> Vec<u8> {
    reply("200 OK", content_type, body)
}

pub(crate) fn reply(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

type Handler = dyn Fn(&str) -> Answer + Send + Sync;

/// A listening port and what arrived there.
pub(crate) struct Server {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    acceptor: Arc<Mutex<SslAcceptor>>,
}

impl Server {
    /// Starts; ends with the process.
    pub(crate) fn start(
        acceptor: SslAcceptor,
        handler: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let acceptor = Arc::new(Mutex::new(acceptor));
        let handler: Arc<Handler> = Arc::new(handler);
        let (seen, current) = (Arc::clone(&requests), Arc::clone(&acceptor));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                let acceptor = current.lock().unwrap().clone();
                std::thread::spawn(move || {
                    if let Ok(stream) = acceptor.accept(stream) {
                        converse(stream, &seen, handler.as_ref());
                    }
                });
            }
        });
        Self {
            port,
            requests,
            acceptor,
        }
    }

    /// The next connection meets another certificate.
    pub(crate) fn swap(&self, acceptor: SslAcceptor) {
        *self.acceptor.lock().unwrap() = acceptor;
    }

    /// Every request with its headers and body, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn endpoint(&self, standard: Port) -> Endpoint {
        Endpoint {
            node: NodeName::from("cucm-pub.hq.example.com"),
            host: "127.0.0.1".into(),
            port: self.port,
            standard,
        }
    }
}

/// Answers requests until one side closes.
pub(crate) fn converse(
    mut stream: impl Read + Write,
    seen: &Mutex<Vec<String>>,
    handler: &(impl Fn(&str) -> Answer + ?Sized),
) {
    while let Some(request) = read_request(&mut stream) {
        seen.lock().unwrap().push(request.clone());
        let (first, then) = match handler(&request) {
            Answer::Keep(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return;
                }
                continue;
            }
            Answer::Close(bytes) => {
                let _gone = stream.write_all(&bytes);
                return;
            }
            Answer::Hold(bytes) => (bytes, Vec::new()),
            Answer::Flood(first, then) => (first, then),
        };
        let mut alive = stream.write_all(&first).is_ok();
        if then.is_empty() {
            let _gone = stream.read(&mut [0]);
            return;
        }
        while alive {
            alive = stream.write_all(&then).is_ok();
        }
        return;
    }
}

fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut one = [0_u8];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut one).ok()? == 0 {
            return None;
        }
        bytes.push(one[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

/// A network with a book of its own, and short limits. The folder must outlive it.
pub(crate) fn network() -> (tempfile::TempDir, Network) {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        connect: Duration::from_secs(2),
        request: Duration::from_secs(1),
        idle: Duration::from_millis(200),
        shell_start: Duration::from_secs(10),
        body: 64 * 1024,
    };
    let book = PinBook::new(folder.path().join("pins.json"));
    let network = Network::new(book, Redactor::new(), limits);
    (folder, network)
}

pub(crate) fn pin(network: &Network, endpoint: &Endpoint, key: &str, leaf: Fingerprint) {
    network
        .pins
        .add(Peer {
            node: endpoint.node.clone(),
            port: endpoint.standard.standard(),
            key: key.into(),
            sha256: leaf,
            proved: "test".into(),
            at: Timestamp::UNIX_EPOCH,
        })
        .unwrap();
}

pub(crate) fn login() -> Login {
    Login {
        account: AccountName::new("hq"),
        user: "reissue".into(),
        password: Secret::new(PASSWORD.into()),
    }
}

/// A port on which nothing listens.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A port that accepts and never says a word.
pub(crate) fn silent_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let kept: Vec<TcpStream> = listener.incoming().flatten().collect();
        drop(kept);
    });
    port
}
