use std::sync::Mutex;

use base64::Engine as _;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::SslVersion;

use crate::model::{KeyAlgorithm, NodeName, Port};
use crate::transport::testing::{
    Answer, Identity, PASSWORD, Server, acceptor, closed_port, converse, login, network, ok, pin,
    reply, silent_port,
};
use crate::transport::{Refusal, WriteAccess};

use super::*;

fn json(_request: &str) -> Answer {
    Answer::Keep(ok("application/json", "{}"))
}

/// A server whose leaf is pinned, and a client for it.
fn pinned(
    handler: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> (tempfile::TempDir, Server, ReadClient) {
    let identity = Identity::ec(Nid::X9_62_PRIME256V1);
    let server = Server::start(identity.acceptor(), handler);
    let (folder, network) = network();
    let endpoint = server.endpoint(Port::Rest);
    pin(&network, &endpoint, "ecdsa", identity.leaf());
    let client = ReadClient::new(&network, endpoint, login()).unwrap();
    (folder, server, client)
}

#[tokio::test]
async fn a_pin_accepts_the_certificates_that_need_renewal() {
    let old = Identity::signed(PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap(), 0);
    let identities = [
        ("rsa", old),
        ("rsa", Identity::rsa(2048)),
        ("ecdsa", Identity::ec(Nid::X9_62_PRIME256V1)),
        ("ecdsa", Identity::ec(Nid::SECP384R1)),
        ("ecdsa", Identity::ec(Nid::SECP521R1)),
    ];
    for (number, (key, identity)) in identities.iter().enumerate() {
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            if number == 4 && version == SslVersion::TLS1_2 {
                // The library's TLS 1.2 does not offer this curve to the server.
                continue;
            }
            let server = Server::start(acceptor(&[identity], Some(version)), json);
            let (_folder, network) = network();
            let endpoint = server.endpoint(Port::Rest);
            pin(&network, &endpoint, key, identity.leaf());
            let client = ReadClient::new(&network, endpoint, login()).unwrap();
            let answer = client.get("/a", &[]).await;
            assert!(answer.is_ok(), "identity {number}, {version:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn another_certificate_gets_no_request() {
    let impostor = Identity::ec(Nid::X9_62_PRIME256V1);
    let server = Server::start(impostor.acceptor(), json);
    let (_folder, network) = network();
    let endpoint = server.endpoint(Port::Rest);
    let client = ReadClient::new(&network, endpoint.clone(), login()).unwrap();
    // Nobody known yet, then somebody else known.
    let error = client.get("/a", &[]).await.unwrap_err();
    assert!(
        matches!(
            &error,
            TransportError::NotTrusted {
                refusal: Refusal::Unknown { .. },
                ..
            }
        ),
        "{error}"
    );
    let known = Identity::ec(Nid::X9_62_PRIME256V1);
    pin(&network, &endpoint, "ecdsa", known.leaf());
    let writer = WriteClient::new(&client, &WriteAccess::granted()).unwrap();
    for error in [
        client.get("/a", &[]).await.unwrap_err(),
        writer.post("/a", b"{}".to_vec()).await.unwrap_err(),
    ] {
        assert!(error.not_sent() && error.is_not_trusted(), "{error}");
        let text = error.to_string();
        assert!(text.contains(known.leaf().as_str()), "{text}");
        assert!(text.contains(impostor.leaf().as_str()), "{text}");
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_replayed_certificate_without_its_key_gets_no_request() {
    let victim = Identity::ec(Nid::X9_62_PRIME256V1);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (port, seen) = replaying_server(&victim, version);
        let (_folder, network) = network();
        let endpoint = Endpoint {
            node: NodeName::from("a"),
            host: "127.0.0.1".into(),
            port,
            standard: Port::Rest,
        };
        pin(&network, &endpoint, "ecdsa", victim.leaf());
        let client = ReadClient::new(&network, endpoint, login()).unwrap();
        let error = client.get("/a", &[]).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent { .. }), "{error}");
        assert!(error.to_string().contains("BadSignature"), "{error}");
        assert!(seen.lock().unwrap().is_empty());
    }
}

/// Presents somebody's certificate and signs with a key of its own.
fn replaying_server(
    victim: &Identity,
    version: &'static rustls::SupportedProtocolVersion,
) -> (u16, Arc<Mutex<Vec<String>>>) {
    let own = Identity::ec(Nid::X9_62_PRIME256V1);
    let key = own.key.private_key_to_pkcs8().unwrap();
    let key = rustls::crypto::ring::sign::any_ecdsa_type(&key.try_into().unwrap()).unwrap();
    let leaf = victim.certificate.to_der().unwrap().into();
    let certified = Arc::new(rustls::sign::CertifiedKey::new(vec![leaf], key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            converse(rustls::StreamOwned::new(connection, stream), &log, &json);
        }
    });
    (port, seen)
}

#[tokio::test]
async fn the_pinned_one_of_two_twins_is_asked_for() {
    let rsa = Identity::rsa(2048);
    let ec = Identity::ec(Nid::X9_62_PRIME256V1);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let server = Server::start(acceptor(&[&rsa, &ec], Some(version)), json);
        for (key, identity) in [("rsa", &rsa), ("ecdsa", &ec)] {
            let (_folder, network) = network();
            let endpoint = server.endpoint(Port::Rest);
            pin(&network, &endpoint, key, identity.leaf());
            let client = ReadClient::new(&network, endpoint, login()).unwrap();
            let answer = client.get("/a", &[]).await;
            assert!(answer.is_ok(), "{key} {version:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_pin_moves_with_the_certificate() {
    let (old, new) = (
        Identity::ec(Nid::X9_62_PRIME256V1),
        Identity::ec(Nid::X9_62_PRIME256V1),
    );
    let server = Server::start(old.acceptor(), json);
    let (_folder, network) = network();
    let endpoint = server.endpoint(Port::Rest);
    pin(&network, &endpoint, "ecdsa", old.leaf());
    let client = ReadClient::new(&network, endpoint.clone(), login()).unwrap();
    client.get("/a", &[]).await.unwrap();
    server.swap(new.acceptor());
    client.fresh().unwrap();
    assert!(client.get("/a", &[]).await.unwrap_err().is_not_trusted());
    let ports = [Port::Rest];
    let at = jiff::Timestamp::UNIX_EPOCH;
    network
        .pins
        .expect_leaf(&endpoint.node, &ports, KeyAlgorithm::Ec, &new.leaf(), at)
        .unwrap();
    client.get("/a", &[]).await.unwrap();
    network
        .pins
        .settle_leaf(&endpoint.node, &ports, &new.leaf())
        .unwrap();
    server.swap(old.acceptor());
    client.fresh().unwrap();
    assert!(client.get("/a", &[]).await.unwrap_err().is_not_trusted());
}

#[tokio::test]
async fn answers_that_are_not_whole_or_not_ours() {
    type Check = fn(&TransportError) -> bool;
    let head = |length: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n\r\n")
    };
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096)).into_bytes();
    let unknown: Check = |error| matches!(error, TransportError::Unknown { .. });
    let too_large: Check = |error| matches!(error, TransportError::TooLarge { .. });
    let html: Check = |error| matches!(error, TransportError::Html { .. });
    let status: Check = |error| matches!(error, TransportError::Status { .. });
    let malformed: Check = |error| matches!(error, TransportError::Malformed { .. });
    let rows: Vec<(&str, Answer, Check)> = vec![
        (
            "slow body",
            Answer::Hold((head("Content-Length: 100") + "{").into_bytes()),
            unknown,
        ),
        ("no answer", Answer::Hold(Vec::new()), unknown),
        ("no answer, closed", Answer::Close(Vec::new()), unknown),
        (
            "truncated",
            Answer::Close((head("Content-Length: 100") + "{").into_bytes()),
            unknown,
        ),
        (
            "announced flood",
            Answer::Flood(
                head("Content-Length: 1073741824").into_bytes(),
                vec![b'x'; 4096],
            ),
            too_large,
        ),
        (
            "endless flood",
            Answer::Flood(head("Transfer-Encoding: chunked").into_bytes(), chunk),
            too_large,
        ),
        (
            "login page",
            Answer::Keep(ok("text/html;charset=UTF-8", "<html><title>Sign in")),
            html,
        ),
        (
            "page in disguise",
            Answer::Keep(ok("application/json", "\u{feff}\n<!DOCTYPE html>")),
            html,
        ),
        (
            "error page",
            Answer::Keep(reply("404 Not Found", "text/html", "<html>")),
            status,
        ),
        (
            "redirect",
            Answer::Keep(
                b"HTTP/1.1 302 F\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
                    .to_vec(),
            ),
            status,
        ),
        (
            "compressed",
            Answer::Keep(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx".to_vec(),
            ),
            malformed,
        ),
        (
            "not HTTP",
            Answer::Close(b"SSH-2.0-OpenSSH\r\n".to_vec()),
            unknown,
        ),
    ];
    for (name, answer, expected) in rows {
        let answer = Mutex::new(Some(answer));
        let (_folder, server, client) = pinned(move |_| {
            answer
                .lock()
                .unwrap()
                .take()
                .unwrap_or(Answer::Close(Vec::new()))
        });
        let writer = WriteClient::new(&client, &WriteAccess::granted()).unwrap();
        let error = writer.post("/a", b"{}".to_vec()).await.unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
        assert!(!error.not_sent(), "{name}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_read_whose_kept_connection_was_closed_is_asked_again() {
    let turn = Mutex::new(0);
    let (_folder, server, client) = pinned(move |_| {
        let mut turn = turn.lock().unwrap();
        *turn += 1;
        if *turn == 2 {
            Answer::Close(Vec::new())
        } else {
            json("")
        }
    });
    client.get("/a", &[]).await.unwrap();
    client.get("/a", &[]).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn nothing_is_sent_to_nobody() {
    let (_folder, network) = network();
    for port in [closed_port(), silent_port()] {
        let mut network = network.clone();
        network.limits.connect = std::time::Duration::from_millis(200);
        let endpoint = Endpoint {
            node: NodeName::from("a"),
            host: "127.0.0.1".into(),
            port,
            standard: Port::Rest,
        };
        let client = ReadClient::new(&network, endpoint, login()).unwrap();
        let error = client.get("/a", &[]).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_password_is_sent_once() {
    let (_folder, server, client) =
        pinned(|_| Answer::Keep(reply("401 Unauthorized", "text/html", "")));
    for _again in 0..3 {
        let error = client.get("/a", &[]).await.unwrap_err();
        assert!(error.is_unauthorized(), "{error}");
        assert!(
            error.to_string().contains("reissue secret set hq"),
            "{error}"
        );
    }
    let writer = WriteClient::new(&client, &WriteAccess::granted()).unwrap();
    assert!(
        writer
            .post("/a", Vec::new())
            .await
            .unwrap_err()
            .is_unauthorized()
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn requests_carry_what_they_should_and_errors_do_not() {
    // A server that repeats everything it got.
    let (_folder, server, client) =
        pinned(|request| Answer::Keep(reply("500 Internal Server Error", "text/plain", request)));
    let error = client
        .get("/a b/c", &[("service", "tomcat&x")])
        .await
        .unwrap_err();
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /a%20b/c?service=tomcat%26x HTTP/1.1\r\n"),
        "{request}"
    );
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("reissue:{PASSWORD}"));
    assert!(request.contains(&basic), "{request}");
    let text = error.to_string();
    assert!(text.contains("[redacted]"), "{text}");
    assert!(!text.contains(&basic) && !text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn a_post_of_any_type_carries_the_header_against_forged_requests_and_takes_data_labelled_as_a_page()
 {
    let label = |body: &'static str| move |_: &str| Answer::Close(ok("text/html", body));
    let (_folder, server, reader) = pinned(label(r#"{"Message":"OK"}"#));
    let writer = WriteClient::new(&reader, &WriteAccess::granted()).unwrap();
    let reply = writer.post_any("/a", "text/x", b"body".to_vec()).await;
    assert_eq!(reply.unwrap().body, br#"{"Message":"OK"}"#);
    let [sent] = server.requests().try_into().unwrap();
    let sent = sent.to_ascii_lowercase();
    for part in [
        "post /a ",
        "\r\nx-csrf-header: 1\r\n",
        "\r\ncontent-type: text/x\r\n",
    ] {
        assert!(sent.contains(part), "{part} {sent}");
    }
    assert!(sent.ends_with("\r\n\r\nbody"), "{sent}");

    let (_folder, _server, reader) = pinned(label("<html><title>Login</title></html>"));
    let writer = WriteClient::new(&reader, &WriteAccess::granted()).unwrap();
    let page = writer.post_any("/a", "text/x", Vec::new()).await;
    assert!(matches!(page, Err(TransportError::Html { .. })), "{page:?}");
}
