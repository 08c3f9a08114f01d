//! Answers in the shapes that the fact sheet shows, and hostile ones.

use super::certificates::{blocks, first};
use super::description::Description;
use super::settings::{domains, own_name, remote_access, servers, zones};
use super::status::status;
use crate::driver::expressway::requests::{Call, profile};
use crate::model::{Interface, Observed, Product, ZoneKind};

pub(in crate::driver::expressway) const STATUS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Status xmlns="http://www.tandberg.no/XML/CUIL/1.0" product="TANDBERG VCS" version="X14.2.5">
 <SystemUnit item="1">
  <Uptime item="1">86400</Uptime>
  <Software item="1"><Version item="1">X14.2.5</Version>
   <Configuration item="1"><Expressway item="1">False</Expressway></Configuration></Software>
 </SystemUnit>
 <Zones item="1">
  <Zone item="1"><Name item="1">UC</Name><Type item="1">TraversalClient</Type><Status item="1">Failed</Status>
   <Cause item="1">System unreachable</Cause>
   <TraversalClient item="1"><Peer item="1"><SIP item="1"><Status item="1">Failed</Status>
    <Cause item="1">Connect failed</Cause><Address item="1">expe1.example.com</Address></SIP></Peer></TraversalClient></Zone>
  <Zone item="2"><Name item="1">CEtls-cucm-pub</Name><Type item="1">Neighbor</Type><Status item="1">Address Resolvable</Status></Zone>
 </Zones>
 <Warnings item="1"><Warning item="1"><ID item="1">a-b</ID>
  <Reason item="1">Server certificate expires soon - The server certificate will expire in 10 days</Reason>
  <State item="1">Unacknowledged</State></Warning></Warnings>
 <CollaborationEdge item="1"><Tunnels item="1"/></CollaborationEdge>
</Status>"#;

#[test]
fn the_status_document_is_read_by_local_names() {
    let prefixed = STATUS
        .replace("xmlns=", "xmlns:t=")
        .replace("</", "</t:")
        .replace("<?xml", "\u{0}xml")
        .replace(" <", " \u{1}");
    let prefixed: String = {
        // Gives every start tag the prefix that its end tag has.
        let mut text = prefixed.replace('\u{1}', "<").replace('\u{0}', "<?");
        for name in [
            "Status",
            "SystemUnit",
            "Uptime",
            "Software",
            "Version",
            "Configuration",
            "Expressway",
            "Zones",
            "Zone",
            "Name",
            "Type",
            "Cause",
            "TraversalClient",
            "Peer",
            "SIP",
            "Address",
            "Warnings",
            "Warning",
            "ID",
            "Reason",
            "State",
            "CollaborationEdge",
            "Tunnels",
        ] {
            text = text.replace(&format!("<{name} "), &format!("<t:{name} "));
        }
        text
    };
    for text in [STATUS, prefixed.as_str()] {
        let read = status(text.as_bytes()).unwrap();
        assert_eq!(read.release.present().unwrap().as_str(), "X14.2.5");
        assert_eq!(read.up_seconds, Observed::Present(86400));
        assert_eq!(read.product, Observed::Present(Product::ExpresswayC));
        let zones = read.zones.present().unwrap();
        assert_eq!(zones.len(), 2);
        let (uc, neighbor) = (&zones[0], &zones[1]);
        assert_eq!((uc.name.as_str(), uc.kind), ("UC", ZoneKind::Traversal));
        assert_eq!(uc.status, Observed::Present("Failed".to_owned()));
        assert_eq!(uc.cause, "System unreachable");
        assert_eq!(uc.connections[0].address, "expe1.example.com");
        assert_eq!(uc.connections[0].cause, "Connect failed");
        assert_eq!(neighbor.kind, ZoneKind::Other);
        assert_eq!(read.tunnels, Observed::Present(vec![]));
        let alarms = read.alarms.present().unwrap();
        assert!(alarms[0].reason.starts_with("Server certificate expires"));
    }
}

#[test]
fn what_the_status_document_lacks_is_unknown_and_never_in_order() {
    let read = status(b"<Status/>").unwrap();
    assert!(read.release.unknown().is_some());
    assert!(read.up_seconds.unknown().is_some());
    assert!(read.product.unknown().is_some());
    assert!(read.zones.unknown().is_some());
    assert!(read.tunnels.unknown().is_some());
    assert!(read.alarms.unknown().is_some());
    let tunnels = |inside: &str| {
        let text = format!(
            "<Status><CollaborationEdge><Tunnels>{inside}</Tunnels></CollaborationEdge></Status>"
        );
        status(text.as_bytes()).unwrap().tunnels
    };
    let good = tunnels("<Tunnel><Peer>e1</Peer><Status>Active</Status></Tunnel>");
    assert_eq!(good.present().unwrap()[0].peer, "e1");
    assert!(
        tunnels("<Tunnel><Peer>e1</Peer></Tunnel>")
            .unknown()
            .is_some()
    );
    let none = tunnels("<Cause>No SSH tunnels have been established</Cause>");
    assert_eq!(none, Observed::Present(vec![]));
    let direct = status(b"<Status><SystemUnit><Expressway>True</Expressway></SystemUnit></Status>");
    assert_eq!(
        direct.unwrap().product,
        Observed::Present(Product::ExpresswayE)
    );
}

#[test]
fn hostile_status_documents_are_refused_with_the_reason() {
    let deep = format!("<Status>{}", "<a>".repeat(10_000));
    let rows: [(&str, &str); 6] = [
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><Status>&b;</Status>",
            "DOCTYPE",
        ),
        ("<html><title>Login</title></html>", "html"),
        ("<Status>", "ends inside"),
        ("", "no element"),
        ("{}", "outside"),
        (deep.as_str(), "deep"),
    ];
    for (text, word) in rows {
        let error = status(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let escape = "<Status><Warnings><Warning><Reason>\u{1b}[2J\u{202e}x</Reason></Warning></Warnings></Status>";
    // XML has no escape character; the reversing mark is one and must not reach a terminal.
    if let Ok(read) = status(escape.as_bytes()) {
        let reason = &read.alarms.present().unwrap()[0].reason;
        assert!(!reason.contains(['\u{1b}', '\u{202e}']), "{reason:?}");
    }
}

#[test]
fn zones_domains_and_servers_are_objects_or_arrays_of_them() {
    let path = "/zone";
    let kind = ZoneKind::UnifiedCommunications;
    let core = br#"[{"Name":"UC","Status":"Active","PeerAddress":["expe1.example.com","expe2.example.com"],"SIPPort":7001}]"#;
    let read = zones(path, core, kind).unwrap();
    assert_eq!(
        read[0].peer_addresses,
        ["expe1.example.com", "expe2.example.com"]
    );
    assert_eq!(read[0].status, Observed::Present("Active".to_owned()));
    assert_eq!(read[0].verify_name, None);
    let edge = br#"{"Name":"UC","SIPTLSVerifySubjectName":"expc.example.com"}"#;
    let read = zones(path, edge, kind).unwrap();
    assert_eq!(read[0].verify_name.as_deref(), Some("expc.example.com"));
    assert!(read[0].status.unknown().is_some());
    assert_eq!(zones(path, b"[]", kind).unwrap(), []);

    let read = domains(
        path,
        br#"[{"Name":"example.com","Sip":"Off","EdgeSip":"On","EdgeXmpp":"on"}]"#,
    );
    let read = &read.unwrap()[0];
    assert_eq!(
        (
            read.sip,
            read.edge_sip,
            read.edge_xmpp,
            read.xmpp_federation
        ),
        (Some(false), Some(true), Some(true), None)
    );
    let read = servers(path, br#"[{"Publisher":"10.0.1.11","TlsVerify":"Off"}]"#).unwrap();
    assert_eq!(
        (read[0].address.as_str(), read[0].verify),
        ("10.0.1.11", Some(false))
    );
    assert!(remote_access(path, br#"{"Enabled":"On","SSO":"Off"}"#).unwrap());
    for (body, name) in [
        (
            r#"{"SystemHostName":"ExpC1","DomainName":"Example.com"}"#,
            Observed::Present("expc1.example.com"),
        ),
        (
            r#"{"SystemHostName":"expc1.example.com","DomainName":"example.com"}"#,
            Observed::Present("expc1.example.com"),
        ),
        (r#"{"SystemHostName":"expc1"}"#, Observed::Present("expc1")),
        (r#"{"DomainName":"example.com"}"#, Observed::Absent),
    ] {
        let read = own_name(path, body.as_bytes()).unwrap();
        assert_eq!(read, name.map(str::to_owned), "{body}");
    }
}

#[test]
fn hostile_settings_are_refused_with_the_reason() {
    let deep = "[".repeat(100_000);
    let rows = [
        "",
        "null",
        "[1]",
        "\"text\"",
        "[[]]",
        "<html>",
        "{\"Name\":",
        "[{\"Name\":5}]",
        "[{\"Name\":\"\"}]",
        "[{}]",
        deep.as_str(),
    ];
    for body in rows {
        let error = zones("/zone", body.as_bytes(), ZoneKind::Traversal).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`/zone`"), "{text}");
        assert!(text.len() < 2_000, "{} bytes", text.len());
        assert!(remote_access("/mra", body.as_bytes()).is_err(), "{body}");
    }
}

const RAML: &str = "#%RAML 0.8
title: Cisco Expressway
baseUri: https://host/api
/provisioning:
  /certs:
    /server:
      get:
        description: The certificate
      post:
        body:
          multipart/form-data:
            formParameters:
              file:
                description: The certificate
                required: true
    /root:
      get:
      post:
    /generate_csr:
      get:
      post:
  /restart:
    post:
  /common:
    /domain:
      get:
    /mra:
      get:
    /dns:
      /dns:
        get:
  /edge:
    /zone:
      /unifiedcommunicationstraversal:
        get:
      /traversalserver:
        get:
";

#[test]
fn the_description_is_compared_with_the_profile() {
    let read = Description::parse(RAML.as_bytes()).unwrap();
    let profile_of_edge = profile(Product::ExpresswayE);
    assert_eq!(read.compared(&profile_of_edge), Interface::Matches);
    assert_eq!(read.client_certificate(), None);
    let Interface::Lacks(lacks) = read.compared(&profile(Product::ExpresswayC)) else {
        panic!("the description of an edge has the paths of a core")
    };
    assert_eq!(lacks.len(), 4, "{lacks:?}");
    let without = RAML.replace("    /root:\n      get:\n", "    /root:\n");
    let read = Description::parse(without.as_bytes()).unwrap();
    assert_eq!(
        read.compared(&profile_of_edge),
        Interface::Lacks(vec!["GET /certs/root".to_owned()])
    );
    let with = RAML.replace("    /root:", "    /client_cert:\n      get:\n    /root:");
    let read = Description::parse(with.as_bytes()).unwrap();
    assert_eq!(
        read.client_certificate().as_deref(),
        Some("/certs/client_cert")
    );
    let odd = RAML.replace(
        "    /root:",
        "    /client/../../reboot:\n      get:\n    /root:",
    );
    assert_eq!(
        Description::parse(odd.as_bytes())
            .unwrap()
            .client_certificate(),
        None
    );
}

#[test]
fn a_change_is_described_by_its_path_its_method_and_the_part_of_its_form() {
    let lacks = |text: &str, call: &Call| Description::parse(text.as_bytes()).unwrap().lacks(call);
    for call in &Call::CHANGES {
        assert_eq!(lacks(RAML, call), None, "{call}");
        assert!(!call.path.contains("cluster"), "{call}");
    }
    let part = RAML.replace("              file:", "              pem:");
    assert_eq!(
        lacks(&part, &Call::UPLOAD_SERVER).as_deref(),
        Some("POST /certs/server with a part `file` (it has `pem`)")
    );
    assert_eq!(lacks(&part, &Call::UPLOAD_TRUST), None);
    let elsewhere = RAML.replace("  /restart:", "  /controller/restart:");
    assert_eq!(
        lacks(&elsewhere, &Call::RESTART_PEER).as_deref(),
        Some("POST /restart")
    );
    let flat = "#%RAML 0.8\nbaseUri: https://{host}/api/provisioning\n/restart:\n  post:\n    headers:\n      X-CSRF-Header:\n";
    assert_eq!(lacks(flat, &Call::RESTART_PEER), None);
    assert!(lacks(flat, &Call::MAKE_REQUEST).is_some());
    let read_only = "#%RAML 0.8\n/restart:\n  get:\n/b:\n  post:\n";
    assert!(lacks(read_only, &Call::RESTART_PEER).is_some());
}

#[test]
fn hostile_descriptions_are_refused() {
    let deep: String = std::iter::once("#%RAML 0.8\n".to_owned())
        .chain((0..1000).map(|depth| format!("{}/a:\n", " ".repeat(depth))))
        .collect();
    for text in ["", "<html>", "{}", "raml", deep.as_str()] {
        assert!(Description::parse(text.as_bytes()).is_err(), "{text:.40}");
    }
    let empty = Description::parse(b"#%RAML 0.8\n").unwrap();
    assert!(matches!(
        empty.compared(&profile(Product::ExpresswayE)),
        Interface::Lacks(_)
    ));
}

#[test]
fn blocks_are_cut_out_whatever_the_line_ends() {
    let two = "O=Temporary CA\r\n-----BEGIN CERTIFICATE-----\r\nAAEC\r\n-----END CERTIFICATE-----\r\n\
               -----BEGIN CERTIFICATE-----\r\nAAED\r\n-----END CERTIFICATE-----\r\n";
    let read = blocks("/certs/root", two.as_bytes()).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(
        read[1],
        "-----BEGIN CERTIFICATE-----\nAAED\n-----END CERTIFICATE-----\n"
    );
    assert_eq!(blocks("/certs/root", b" \r\n").unwrap().len(), 0);
    assert!(first("/certs/server", b"").is_err());
    for text in [
        "<html>",
        "-----BEGIN CERTIFICATE-----\nAAEC\n",
        "-----BEGIN A-----\n-----BEGIN B-----\n-----END B-----\n",
    ] {
        assert!(blocks("/certs/root", text.as_bytes()).is_err(), "{text}");
    }
}
