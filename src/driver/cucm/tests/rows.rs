//! A database whose list of phones is too long for one answer.

use super::*;
use crate::transport::testing::{Answer, Identity, Server, login, network, pin, reply};

fn envelope(status: &str, inner: &str) -> Answer {
    let text = format!("<s:Envelope xmlns:s='s'><s:Body>{inner}</s:Body></s:Envelope>");
    Answer::Keep(reply(status, "text/xml;charset=UTF-8", &text))
}

/// The number behind some words of a query.
fn number(request: &str, words: &str) -> Option<usize> {
    let (_, rest) = request.split_once(words)?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Answers as a publisher with these phones that gives fewer than three rows at once.
fn publisher(phones: Vec<&'static str>) -> impl Fn(&str) -> Answer + Send + Sync + 'static {
    const TOO_LARGE: &str = "<s:Fault><faultcode>s:Server</faultcode><faultstring>Query request too large. Total \
        rows matched: 5 rows. Suggestive Row Fetch: less than 3 rows</faultstring></s:Fault>";
    move |request| {
        if request.contains("getCCMVersion") {
            let version =
                "<componentVersion><version>14.0.1.13900-155</version></componentVersion>";
            return envelope("200 OK", &format!("<r><return>{version}</return></r>"));
        }
        if request.contains("selectCmDevice") {
            let none = "<TotalDevicesFound>0</TotalDevicesFound><CmNodes/>";
            let result = format!("<SelectCmDeviceResult>{none}</SelectCmDeviceResult>");
            let answer = format!("<r><selectCmDeviceReturn>{result}</selectCmDeviceReturn></r>");
            return envelope("200 OK", &answer);
        }
        if request.contains("perfmonCollectCounterData") {
            let name = r"\\cucm-pub\Cisco CallManager\RegisteredHardwarePhones";
            let counter = format!("<Name>{name}</Name><Value>0</Value><CStatus>1</CStatus>");
            let member = "perfmonCollectCounterDataReturn";
            return envelope("200 OK", &format!("<r><{member}>{counter}</{member}></r>"));
        }
        let (Some(skip), Some(first)) = (number(request, "skip "), number(request, "first "))
        else {
            return envelope("500 Internal Server Error", TOO_LARGE);
        };
        let rows = phones.iter().skip(skip).take(first);
        let rows: String = rows
            .map(|name| format!("<row><name>{name}</name><pool>HQ</pool></row>"))
            .collect();
        envelope("200 OK", &format!("<r><return>{rows}</return></r>"))
    }
}

async fn configured(phones: Vec<&'static str>) -> (Result<Vec<String>, String>, usize) {
    let identity = Identity::rsa(2048);
    let server = Server::start(identity.acceptor(), publisher(phones));
    let (_folder, network) = network();
    pin(
        &network,
        &server.endpoint(Port::Soap),
        "rsa",
        identity.leaf(),
    );
    let access = ClusterAccess {
        product: Product::Cucm,
        device_queries_per_minute: 12,
        nodes: vec![NodeAccess {
            name: NodeName::from(PUBLISHER),
            role: Role::Publisher,
            address: "127.0.0.1".to_owned(),
            ports: BTreeMap::from([(Port::Soap, server.port)]),
        }],
        platform: login(),
        application: login(),
        network,
        authorities: Vec::new(),
        restart_limit: Duration::from_secs(1),
        clock: Arc::new(SystemClock),
    };
    let reader = CucmReader::new(access).unwrap();
    let scope = Scope {
        nodes: None,
        groups: [FactGroup::Phones].into(),
    };
    let first = reader.observe(&scope).await;
    let asked = |server: &Server| {
        let requests = server.requests();
        requests
            .iter()
            .filter(|request| request.contains("executeSQLQuery"))
            .count()
    };
    let count = asked(&server);
    let again = reader.observe(&scope).await;
    let census = first.phones.present().unwrap();
    if census.configured.present().is_some() {
        assert_eq!(asked(&server), count, "it is asked once");
        assert_eq!(again.phones, first.phones);
    }
    let names = match &census.configured {
        crate::model::Observed::Present(phones) => Ok(phones.keys().cloned().collect()),
        other => Err(other.unknown().unwrap_or("absent").to_owned()),
    };
    (names, count)
}

#[tokio::test]
async fn a_list_that_is_too_long_is_read_piece_by_piece_and_once() {
    let five = vec!["SEP1", "SEP2", "SEP3", "SEP4", "SEP5"];
    let (names, asked) = configured(five.clone()).await;
    assert_eq!(names.unwrap(), five);
    assert_eq!(asked, 4, "whole, then two, two and one");
    // The last piece is full: only an empty one tells that it was the last.
    let (names, asked) = configured(five[..4].to_vec()).await;
    assert_eq!((names.unwrap().len(), asked), (4, 4));
}

#[tokio::test]
async fn a_phone_in_two_pieces_leaves_the_list_unknown() {
    let (names, _) = configured(vec!["SEP1", "SEP2", "SEP2", "SEP3"]).await;
    assert!(names.unwrap_err().contains("each phone once"));
}
