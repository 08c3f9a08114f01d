use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::nid::Nid;

use crate::model::Port;
use crate::transport::testing::{Answer, Identity, Server, login, network, pin, reply};

use super::*;

const CONTROL_CENTER: &str = "/controlcenterservice2/services/ControlCenterServices";

fn envelope(operation: &str) -> Vec<u8> {
    format!("<e:Envelope xmlns:e='s'><e:Body><a:{operation} xmlns:a='n'/></e:Body></e:Envelope>")
        .into_bytes()
}

fn body(inner: &str) -> String {
    format!("<s:Envelope xmlns:s='s'><s:Body>{inner}</s:Body></s:Envelope>")
}

fn xml(status: &str, text: &str) -> Answer {
    Answer::Keep(reply(status, "text/xml;charset=UTF-8", text))
}

fn pinned(
    handler: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> (tempfile::TempDir, Server, SoapReader) {
    let identity = Identity::ec(Nid::X9_62_PRIME256V1);
    let server = Server::start(identity.acceptor(), handler);
    let (folder, network) = network();
    let endpoint = server.endpoint(Port::Soap);
    pin(&network, &endpoint, "ecdsa", identity.leaf());
    let reader = SoapReader::new(&network, endpoint, login()).unwrap();
    (folder, server, reader)
}

#[tokio::test]
async fn a_reader_sends_reads_only() {
    let (_folder, server, reader) = pinned(|_| xml("200 OK", &body("<x/>")));
    for envelope in [
        envelope("soapDoControlServices"),
        envelope("executeSQLUpdate"),
        envelope("doEnterpriseParametersReset"),
        b"<getCCMVersion/>".to_vec(),
        body("<getCCMVersion/><soapDoControlServices/>").into_bytes(),
        b"not XML".to_vec(),
    ] {
        // The action is a label; what counts is what the envelope carries.
        let error = reader
            .call("/axl/", "getCCMVersion", envelope)
            .await
            .unwrap_err();
        assert!(matches!(error, TransportError::Forbidden { .. }), "{error}");
        assert!(error.not_sent());
    }
    let writer = SoapWriter::new(&reader, &WriteAccess::granted()).unwrap();
    let error = writer
        .control_services(CONTROL_CENTER, envelope("executeSQLUpdate"))
        .await;
    assert!(matches!(error, Err(TransportError::Forbidden { .. })));
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_is_the_element_in_the_body() {
    let (_folder, server, reader) = pinned(|_| {
        xml(
            "200 OK",
            &body(
                "<n:getCCMVersionResponse xmlns:n='n'><return>x</return></n:getCCMVersionResponse>",
            ),
        )
    });
    let action = "CUCM:DB ver=15.0 getCCMVersion";
    let answer = reader
        .call("/axl/", action, envelope("getCCMVersion"))
        .await
        .unwrap();
    assert_eq!(
        (answer.name.as_str(), answer.text_of("return")),
        ("getCCMVersionResponse", Some("x"))
    );
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /axl/ HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("soapaction: \"CUCM:DB ver=15.0 getCCMVersion\"\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn faults_are_told_apart() {
    let axl = body(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>Item not valid</faultstring>\
         <detail><axlError><axlcode>5007</axlcode><axlmessage>no such row</axlmessage></axlError></detail></s:Fault>",
    );
    let rate = body(
        "<s:Fault><faultcode>ns1:Server.RateControl</faultcode>\
         <faultstring>Exceeded allowed rate for Reatime information</faultstring></s:Fault>",
    );
    for (text, limited) in [(axl, false), (rate, true)] {
        let (_folder, _server, reader) = pinned(move |_| xml("500 Internal Server Error", &text));
        let error = reader
            .call("/axl/", "x", envelope("getCCMVersion"))
            .await
            .unwrap_err();
        let TransportError::Fault { fault, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(fault.is_rate_limit(), limited);
        if !limited {
            assert_eq!(fault.axl, Some(("5007".into(), "no such row".into())));
        }
    }
}

#[tokio::test]
async fn other_answers_are_no_answers() {
    type Check = fn(&TransportError) -> bool;
    let malformed: Check = |error| matches!(error, TransportError::Malformed { .. });
    let status: Check = |error| matches!(error, TransportError::Status { .. });
    let rows: [(&str, Answer, Check); 6] = [
        ("throttled", xml("503 Service Unavailable", ""), status),
        (
            "status without fault",
            xml("500 Internal Server Error", &body("<x/>")),
            status,
        ),
        ("empty body", xml("200 OK", &body("")), malformed),
        (
            "no envelope",
            xml("200 OK", "<x><Body><y/></Body></x>"),
            malformed,
        ),
        ("cut", xml("200 OK", "<Envelope><Body><x>"), malformed),
        (
            "login page",
            Answer::Keep(reply("200 OK", "text/html", "<html/>")),
            |error| matches!(error, TransportError::Html { .. }),
        ),
    ];
    for (name, answer, expected) in rows {
        let answer = Mutex::new(Some(answer));
        let (_folder, _server, reader) = pinned(move |_| {
            answer
                .lock()
                .unwrap()
                .take()
                .unwrap_or(Answer::Close(Vec::new()))
        });
        let error = reader
            .call("/axl/", "x", envelope("getCCMVersion"))
            .await
            .unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_session_is_used_until_it_expires() {
    for expired in ["404 Not Found", "401 Unauthorized"] {
        let turn = AtomicUsize::new(0);
        let (_folder, server, reader) = pinned(move |request| {
            let inner = body("<x/>");
            match turn.fetch_add(1, Ordering::SeqCst) {
                2 => xml(expired, ""),
                _ if request.contains("authorization: ") => Answer::Keep(
                    format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nSet-Cookie: JSESSIONIDSSO=ABC; Path=/; Secure\r\n\
                         Content-Length: {}\r\n\r\n{inner}",
                        inner.len()
                    )
                    .into_bytes(),
                ),
                _ => xml("200 OK", &inner),
            }
        });
        for _call in 0..3 {
            reader
                .call("/axl/", "x", envelope("getCCMVersion"))
                .await
                .unwrap();
        }
        // Another application does not get this one's session.
        reader
            .call(CONTROL_CENTER, "x", envelope("soapGetServiceStatus"))
            .await
            .unwrap();
        let shown: Vec<_> = server
            .requests()
            .iter()
            .map(|request| {
                (
                    request.contains("authorization: Basic "),
                    request.contains("cookie: JSESSIONIDSSO=ABC\r\n"),
                )
            })
            .collect();
        let password = (true, false);
        let session = (false, true);
        assert_eq!(
            shown,
            [password, session, session, password, password],
            "{expired}"
        );
    }
}

#[tokio::test]
async fn a_control_request_is_sent_once_whatever_happens() {
    let (_folder, server, reader) = pinned(|_| Answer::Close(Vec::new()));
    let writer = SoapWriter::new(&reader, &WriteAccess::granted()).unwrap();
    let error = writer
        .control_services(CONTROL_CENTER, envelope(CONTROL))
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Unknown { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
    let action = "CUCM:DB ver=14.0 resetDevicePool";
    let error = writer
        .reset_device_pool("/axl/", action, envelope(RESET))
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Unknown { .. }), "{error}");
    assert_eq!(server.requests().len(), 2);
    assert!(server.requests()[1].contains(&format!("soapaction: \"{action}\"\r\n")));
    let error = writer
        .reset_device_pool("/axl/", action, envelope("resetEnterpriseParameters"))
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Forbidden { .. }), "{error}");
    assert_eq!(server.requests().len(), 2);
}
