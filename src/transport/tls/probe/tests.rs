use std::time::Duration;

use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};

use crate::transport::testing::{Answer, Identity, Server, acceptor, closed_port, silent_port};

use super::*;

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(3),
        ..Limits::default()
    }
}

async fn look(port: u16, key: KeyAlgorithm) -> Result<Vec<Vec<u8>>, ProbeError> {
    probe("127.0.0.1", port, key, &limits()).await
}

fn silent(_request: &str) -> Answer {
    Answer::Close(Vec::new())
}

#[tokio::test]
async fn each_kind_of_key_shows_its_own_chain() {
    let rsa = Identity::signed(PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap(), 0);
    let ec = Identity::ec(Nid::SECP384R1);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let twins = Server::start(acceptor(&[&rsa, &ec], Some(version)), silent);
        let single = Server::start(acceptor(&[&rsa], Some(version)), silent);
        let rows = [
            (twins.port, KeyAlgorithm::Rsa, Some(&rsa)),
            (twins.port, KeyAlgorithm::Ec, Some(&ec)),
            (single.port, KeyAlgorithm::Rsa, Some(&rsa)),
            (single.port, KeyAlgorithm::Ec, None),
        ];
        for (port, key, expected) in rows {
            let found = look(port, key).await;
            match expected {
                Some(identity) => {
                    assert_eq!(
                        found.unwrap(),
                        [identity.certificate.to_der().unwrap()],
                        "{version:?} {key}"
                    );
                }
                None => assert!(
                    matches!(found, Err(ProbeError::NotOffered { .. })),
                    "{found:?}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn the_whole_chain_is_kept_as_sent_even_if_the_port_wants_a_client_certificate() {
    let (leaf, stray) = (Identity::ec(Nid::X9_62_PRIME256V1), Identity::rsa(2048));
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
        builder.set_certificate(&leaf.certificate).unwrap();
        builder.set_private_key(&leaf.key).unwrap();
        builder
            .add_extra_chain_cert(stray.certificate.clone())
            .unwrap();
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        let server = Server::start(builder.build(), silent);
        let expected = [
            leaf.certificate.to_der().unwrap(),
            stray.certificate.to_der().unwrap(),
        ];
        assert_eq!(
            look(server.port, KeyAlgorithm::Ec).await.unwrap(),
            expected,
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn ports_that_do_not_answer_are_told_apart() {
    let refused = look(closed_port(), KeyAlgorithm::Rsa).await;
    assert!(
        matches!(refused, Err(ProbeError::Refused { .. })),
        "{refused:?}"
    );
    let short = Limits {
        connect: Duration::from_millis(200),
        ..Limits::default()
    };
    let slow = probe("127.0.0.1", silent_port(), KeyAlgorithm::Rsa, &short).await;
    assert!(matches!(slow, Err(ProbeError::Timeout { .. })), "{slow:?}");
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let _gone = std::io::Write::write_all(&mut stream, b"220 not TLS at all\r\n");
        }
    });
    let other = look(port, KeyAlgorithm::Rsa).await;
    assert!(matches!(other, Err(ProbeError::Other { .. })), "{other:?}");
}
