//! The command line over real SSH, and a renewal on a release that has nothing else.

use std::sync::Arc;
use std::time::Duration;

use openssl::x509::X509;
use reissue_lab::state::{Face, ServiceState, fingerprint};
use reissue_lab::world::Place;
use reissue_lab::{Kind, Lab, LabConfig};
use russh::client::{self, KeyboardInteractiveAuthResponse as Reply};
use russh::keys::PublicKeyOrCertificate;
use russh::{ChannelMsg, Error};

use crate::client::{self as web, PUBLISHER, look, quick, until};

/// A visitor who takes every host key; what the keys prove is tried elsewhere.
struct Visitor;

impl client::Handler for Visitor {
    type Error = Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Error> {
        Ok(true)
    }
}

/// Logs in to a node of a cluster, types all of `typed` and answers all that is shown until the shell ends.
pub(crate) fn typed(lab: &Lab, cluster: &str, node: &str, typed: &str) -> String {
    let port = lab.look(cluster, node, |node| node.ports.ssh).unwrap();
    let password = web::secret(lab, &format!("{cluster}-platform"));
    typed_at(port, "reissue", password, typed)
}

/// Likewise at a port, with this account.
pub(crate) fn typed_at(port: u16, user: &str, password: String, typed: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let session = async {
        let address = ("127.0.0.1", port);
        let mut handle = client::connect(Arc::default(), address, Visitor)
            .await
            .unwrap();
        handle
            .authenticate_keyboard_interactive_start(user, None)
            .await
            .unwrap();
        let answered = handle
            .authenticate_keyboard_interactive_respond(vec![password])
            .await
            .unwrap();
        assert!(matches!(answered, Reply::Success), "{answered:?}");
        let mut channel = handle.channel_open_session().await.unwrap();
        channel
            .request_pty(true, "vt100", 200, 1000, 0, 0, &[])
            .await
            .unwrap();
        channel.request_shell(true).await.unwrap();
        channel.data_bytes(typed.as_bytes().to_vec()).await.unwrap();
        let mut shown = Vec::new();
        while let Some(message) = channel.wait().await {
            if let ChannelMsg::Data { data } = message {
                shown.extend_from_slice(&data);
            }
        }
        String::from_utf8(shown).unwrap()
    };
    let limited = async { tokio::time::timeout(Duration::from_secs(30), session).await };
    runtime.block_on(limited).expect("the shell ends")
}

/// The answer of one command that asks nothing.
pub(crate) fn answer(lab: &Lab, cluster: &str, node: &str, command: &str) -> String {
    // Some nodes show their first prompt only after a newline; the others answer it with another prompt.
    let shown = typed(lab, cluster, node, &format!("\r{command}\rquit\r"));
    let (_, after) = shown.split_once(&format!("{command}\r\n")).expect(&shown);
    after.split("admin:").next().unwrap().to_owned()
}

fn import(lab: &Lab, cluster: &str, node: &str, what: &str, pem: &str) -> String {
    let pasted = pem.replace('\n', "\r\n");
    let line = format!("\rset cert import {what}\r{pasted}\r\nquit\r");
    typed(lab, cluster, node, &line)
}

/// A lab on the last release before the certificate interface.
fn before_14() -> LabConfig {
    LabConfig {
        release: "12.5.1.11900-146".to_owned(),
        presence: 1,
        unity: 1,
        ..quick()
    }
}

#[test]
fn before_release_14_there_is_no_certificate_interface_on_any_node() {
    let lab = web::lab(before_14());
    for place in lab.world().places() {
        let port = lab
            .look(&place.cluster, &place.node, |node| node.ports.rest)
            .unwrap();
        for path in ["snapshot/server", "csr?service=tomcat", "anything"] {
            let path = format!("{}/{path}", web::BASE);
            let reply = web::send(port, "GET", &path, &[], "").unwrap();
            assert_eq!(reply.status, 404, "{} {path}", place.node);
            assert!(reply.body.starts_with("<!DOCTYPE html>"), "{}", reply.body);
        }
        let services = answer(&lab, &place.cluster, &place.node, "utils service list");
        assert!(services.contains("Cisco Tomcat[STARTED]"), "{services}");
        assert!(!services.contains("Cisco AXL Tomcat"), "{services}");
    }
}

#[test]
fn every_product_is_renewed_by_command_before_release_14() {
    for (cluster, node, purpose, service) in [
        ("hq", PUBLISHER, "tomcat", "Cisco Tomcat"),
        ("hq", "imp1.hq.example.com", "cup-xmpp", "Cisco XCP Router"),
        (
            "hq-unity",
            "cuc-pub.hq.example.com",
            "tomcat",
            "Cisco Tomcat",
        ),
    ] {
        let lab = web::lab(before_14());
        for authority in ["root.pem", "issuing.pem"] {
            let pem = std::fs::read_to_string(lab.dir().join("ca").join(authority)).unwrap();
            let shown = import(&lab, cluster, node, &format!("trust {purpose}"), &pem);
            let there = shown.contains("already exists in the trust store");
            assert!(
                there || shown.contains("Successfully imported certificate for"),
                "{shown}"
            );
        }
        let made = answer(&lab, cluster, node, &format!("set csr gen {purpose}"));
        assert!(made.starts_with("Successfully Generated CSR"), "{made}");
        let request = answer(&lab, cluster, node, &format!("show csr own {purpose}"));
        let request = request.replace("SIGN REQUEST", "REQUEST").replace('\r', "");
        let pem = web::signed(&lab, &format!("{node}.{purpose}"), &request);
        let (leaf, _) = pem.split_once("-----END CERTIFICATE-----\n").unwrap();
        let leaf = format!("{leaf}-----END CERTIFICATE-----\n");
        let shown = import(&lab, cluster, node, &format!("own {purpose}"), &leaf);
        assert!(shown.contains("Successfully imported"), "{shown}");
        let face = Face::of(service).unwrap();
        let now = |of: fn(&reissue_lab::state::Node, Face) -> Option<String>| {
            lab.look(cluster, node, |node| of(node, face)).flatten()
        };
        let print = fingerprint(&X509::from_pem(leaf.as_bytes()).unwrap());
        assert_eq!(
            now(|node, face| node.stored(face.purpose())).as_ref(),
            Some(&print)
        );
        assert_ne!(now(reissue_lab::state::Node::served).as_ref(), Some(&print));
        answer(
            &lab,
            cluster,
            node,
            &format!("utils service restart {service}"),
        );
        let place = Place::new(cluster, node);
        until("the restart", || {
            lab.world().service_state(&place, service) == Some(ServiceState::Started)
        });
        assert_eq!(now(reissue_lab::state::Node::served), Some(print));
        assert_eq!(web::violations(&lab), Vec::<String>::new(), "{node}");
        let writes = lab.log().into_iter();
        let writes: Vec<String> = writes
            .filter(|entry| entry.kind == Kind::Write)
            .map(|entry| entry.what)
            .collect();
        assert_eq!(writes.len(), 5, "{writes:?}");
        assert_eq!(lab.changes(), 5);
    }
}

#[test]
fn requests_of_12_5_ask_for_the_usages_of_12_5() {
    let lab = web::lab(before_14());
    let asked = |cluster: &str, node: &str, purpose: &str| {
        answer(&lab, cluster, node, &format!("set csr gen {purpose}"));
        lab.look(cluster, node, |node| {
            let request = &node.pending[purpose].request;
            String::from_utf8(request.to_text().unwrap()).unwrap()
        })
        .unwrap()
    };
    let presence = "imp1.hq.example.com";
    for (cluster, node, purpose, enciphers, end_system) in [
        ("hq", PUBLISHER, "tomcat", true, false),
        ("hq", PUBLISHER, "tomcat-ECDSA", true, false),
        ("hq", PUBLISHER, "CallManager", true, false),
        ("hq", PUBLISHER, "ipsec", true, true),
        ("hq", presence, "cup", true, true),
        ("hq", presence, "ipsec", true, true),
        ("hq-unity", "cuc-pub.hq.example.com", "tomcat", true, false),
    ] {
        let text = asked(cluster, node, purpose);
        assert_eq!(text.contains("Key Encipherment"), enciphers, "{purpose}");
        // OpenSSL has a name for 1.3.6.1.5.5.7.3.5.
        assert_eq!(text.contains("IPSec End System"), end_system, "{text}");
        assert!(text.contains("Data Encipherment"), "{text}");
    }
    assert!(look(&lab, PUBLISHER, |node| node.pending.len()) == 4);
}
