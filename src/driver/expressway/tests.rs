//! The driver against a small server over real TLS, which answers as the fact sheet says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use super::decode::tests::STATUS;
use super::requests::{RESTART, profile};
use super::{ExpresswayAccess, ExpresswayReader};
use crate::clock::FrozenClock;
use crate::driver::{FactGroup, NodeAccess, Observe as _, ProblemKind, Scope};
use crate::model::{
    ClusterState, Expressway, Interface, KeyAlgorithm, Listener, NodeName, NodeState, Observed,
    Port, Product, Purpose, Role, Store, ZoneKind,
};
use crate::pki::testing::Recipe;
use crate::transport::Network;
use crate::transport::testing::{
    Answer, Identity, Server, closed_port, login, network, ok, pin, reply,
};

const PEER: &str = "expc1.example.com";

/// What a peer answers, by path.
type Answers = BTreeMap<String, (String, String, String)>;

/// A good Expressway-C, whose server certificate was signed by an authority that it trusts.
fn answers() -> Answers {
    let root = Recipe::authority("Corp Root").self_signed();
    let leaf = root.sign(Recipe::leaf(PEER)).parsed.pem;
    let other = Recipe::authority("Other Root").self_signed().parsed.pem;
    let description: String = profile(Product::ExpresswayC)
        .iter()
        .map(|call| format!("/provisioning{}:\n  {}:\n", call.path, call.verb.key()))
        .collect();
    let mut answers = Answers::new();
    let mut say = |path: &str, kind: &str, body: String| {
        answers.insert(path.into(), ("200 OK".into(), kind.into(), body));
    };
    say(
        "/api/raml",
        "text/plain",
        format!("#%RAML 0.8\n{description}"),
    );
    say("/status.xml", "text/xml", STATUS.into());
    let api = |path: &str| format!("/api/provisioning{path}");
    let crlf = |pem: &str| pem.replace('\n', "\r\n");
    say(&api("/certs/server"), "text/html", crlf(&leaf));
    let store = crlf(&format!("{}{other}", root.parsed.pem));
    say(&api("/certs/root"), "text/html; charset=utf-8", store);
    let json = "application/json";
    let dns = r#"{"SystemHostName":"expc1","DomainName":"example.com"}"#;
    say(&api("/common/dns/dns"), json, dns.into());
    say(&api("/common/mra"), json, r#"{"Enabled":"On"}"#.into());
    let domain = r#"[{"Name":"example.com","EdgeSip":"On"}]"#;
    say(&api("/common/domain"), json, domain.into());
    let zone = r#"[{"Name":"UC","PeerAddress":["expe1.example.com"]}]"#;
    let uc = api("/controller/zone/unifiedcommunicationstraversal");
    say(&uc, json, zone.into());
    say(&api("/controller/zone/traversalclient"), json, "[]".into());
    let server = r#"[{"Publisher":"cucm-pub.example.com","TlsVerify":"On"}]"#;
    say(&api("/controller/server/cucm"), json, server.into());
    say(&api("/controller/server/imp"), json, "[]".into());
    answers
}

/// A peer that answers, and a reader for it.
struct Site {
    _folder: tempfile::TempDir,
    server: Server,
    reader: ExpresswayReader,
}

impl Site {
    fn start(answers: Answers) -> Self {
        let identity = Identity::quick();
        let answers = Mutex::new(answers);
        let server = Server::start(identity.acceptor(), move |request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            let known = answers.lock().unwrap().get(path).cloned();
            Answer::Keep(match known {
                Some((status, kind, body)) => reply(&status, &kind, &body),
                None => reply(
                    "404 Not Found",
                    "application/json",
                    r#"{"Message":"Not Found"}"#,
                ),
            })
        });
        let (folder, network) = network();
        let node = node(PEER, server.port);
        pin(
            &network,
            &node.endpoint(Port::Rest),
            "ecdsa",
            identity.leaf(),
        );
        let reader = reader(&network, Product::ExpresswayC, vec![node]);
        Self {
            _folder: folder,
            server,
            reader,
        }
    }

    async fn observe(&self) -> ClusterState {
        self.reader.observe(&Scope::everything()).await
    }
}

fn node(name: &str, port: u16) -> NodeAccess {
    NodeAccess {
        name: NodeName::from(name),
        role: Role::Peer,
        address: "127.0.0.1".to_owned(),
        ports: [(Port::Rest, port)].into(),
    }
}

fn reader(network: &Network, product: Product, nodes: Vec<NodeAccess>) -> ExpresswayReader {
    let access = ExpresswayAccess {
        product,
        nodes,
        administrator: login(),
        shell: None,
        network: network.clone(),
        authorities: Vec::new(),
        clock: Arc::new(FrozenClock(Timestamp::UNIX_EPOCH)),
    };
    ExpresswayReader::new(access).unwrap()
}

fn peer(state: &ClusterState) -> (&NodeState, &Expressway) {
    let node = &state.nodes[&NodeName::from(PEER)];
    (node, node.expressway.present().unwrap())
}

#[tokio::test]
async fn a_peer_is_read_whole_and_only_by_get() {
    let site = Site::start(answers());
    let state = site.observe().await;
    let (node, told) = peer(&state);
    assert_eq!(node.reported_name, Observed::Present(PEER.to_owned()));
    assert_eq!(node.release.present().unwrap().level(), (14, 2, 5));
    assert_eq!(node.inventory, Observed::Present(()));
    let server = state.identity(&PEER.into(), &"server".into()).unwrap();
    assert_eq!(server.common_name.as_deref(), Some(PEER));
    assert!(!server.signed_by.is_empty());
    assert_eq!(node.pending[&Purpose::from("server")], Observed::Absent);
    let store = node.trust[&Store::from("trusted-ca")].present().unwrap();
    let titles: Vec<&str> = store
        .iter()
        .map(|entry| state.certificates[&entry.sha256].title())
        .collect();
    assert_eq!(titles, ["Corp Root", "Other Root"]);
    let listener = Listener {
        port: Port::Rest,
        key: KeyAlgorithm::Ec,
    };
    assert!(node.served[&listener].present().is_some());
    assert_eq!(node.sso, Observed::Absent);

    assert_eq!(told.interface, Observed::Present(Interface::Matches));
    assert_eq!(told.remote_access, Observed::Present(true));
    assert_eq!(told.up_seconds, Observed::Present(86400));
    let zones = told.zones.present().unwrap();
    assert_eq!(zones.len(), 2);
    assert_eq!(zones[0].kind, ZoneKind::UnifiedCommunications);
    assert_eq!(zones[0].status, Observed::Present("Failed".to_owned()));
    assert_eq!(zones[0].connections[0].cause, "Connect failed");
    assert_eq!(zones[1].kind, ZoneKind::Other);
    let servers = told.call_managers.present().unwrap();
    assert_eq!(servers[0].address, "cucm-pub.example.com");
    assert!(told.verifies_origin.unknown().is_some());
    assert!(told.cluster_name.unknown().is_some());
    assert!(site.reader.problems().is_empty());

    let requests = site.server.requests();
    assert!(requests.iter().all(|request| request.starts_with("GET ")));
    let asked = |path: &str| {
        let line = format!("GET {path} ");
        requests.iter().filter(|it| it.starts_with(&line)).count()
    };
    assert_eq!(asked("/api/raml"), 1);
    for call in profile(Product::ExpresswayC) {
        let asked = asked(&format!("/api/provisioning{}", call.path));
        let reads = call.path != RESTART;
        assert_eq!(asked == 1, reads, "{call}");
    }
    let json = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<ClusterState>(&json).unwrap(), state);
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again_on_this_peer_or_another() {
    let identity = Identity::quick();
    let refusing = || {
        Server::start(identity.acceptor(), |_| {
            Answer::Keep(reply("401 Unauthorized", "text/html", "<html>Login</html>"))
        })
    };
    let (first, second) = (refusing(), refusing());
    let (_folder, network) = network();
    let nodes = vec![
        node(PEER, first.port),
        node("expc2.example.com", second.port),
    ];
    for node in &nodes {
        pin(
            &network,
            &node.endpoint(Port::Rest),
            "ecdsa",
            identity.leaf(),
        );
    }
    let reader = reader(&network, Product::ExpresswayC, nodes);
    let state = reader.observe(&Scope::everything()).await;
    let again = reader.observe(&Scope::everything()).await;
    let sent = first.requests().len() + second.requests().len();
    assert_eq!(sent, 1, "{:?} {:?}", first.requests(), second.requests());
    for node in state.nodes.values().chain(again.nodes.values()) {
        assert!(node.inventory.unknown().is_some());
        assert!(node.release.unknown().is_some());
    }
    let problems = reader.problems();
    let kinds: Vec<ProblemKind> = problems.iter().map(|problem| problem.kind).collect();
    assert!(kinds.contains(&ProblemKind::Unauthorized), "{problems:?}");
    assert!(kinds.contains(&ProblemKind::HeldBack), "{problems:?}");
}

#[tokio::test]
async fn a_login_page_is_no_answer() {
    let mut pages = answers();
    for (status, kind, body) in pages.values_mut() {
        *status = "200 OK".into();
        *kind = "text/html".into();
        *body = "<!DOCTYPE html><html><head><title>Login</title></head></html>".into();
    }
    let site = Site::start(pages);
    let state = site.observe().await;
    let (node, told) = peer(&state);
    for why in [
        node.inventory.unknown(),
        node.release.unknown(),
        told.zones.unknown(),
        told.interface.unknown(),
    ] {
        assert!(why.unwrap().contains("web page"), "{why:?}");
    }
    assert!(node.identities.is_empty());
}

#[tokio::test]
async fn what_one_question_cannot_tell_leaves_the_others() {
    let mut odd = answers();
    let api = |path: &str| format!("/api/provisioning{path}");
    let html = ("404 Not Found".into(), "text/html".into(), "<html/>".into());
    odd.insert(api("/certs/generate_csr"), html);
    odd.remove(&api("/controller/server/imp"));
    let doctype = "<!DOCTYPE a><Status/>".to_owned();
    odd.insert(
        "/status.xml".into(),
        ("200 OK".into(), "text/xml".into(), doctype),
    );
    let failing = |body: &str| {
        (
            "503 Service Unavailable".to_owned(),
            "application/json".to_owned(),
            body.to_owned(),
        )
    };
    odd.insert(api("/common/mra"), failing("{}"));
    let site = Site::start(odd);
    let state = site.observe().await;
    let (node, told) = peer(&state);
    assert_eq!(node.inventory, Observed::Present(()));
    assert!(node.pending[&Purpose::from("server")].unknown().is_some());
    assert!(node.release.unknown().unwrap().contains("DOCTYPE"));
    assert!(told.tunnels.unknown().unwrap().contains("DOCTYPE"));
    assert!(told.presence.unknown().unwrap().contains("404"));
    assert!(told.remote_access.unknown().unwrap().contains("503"));
    assert_eq!(told.zones.present().unwrap().len(), 1);
    assert_eq!(told.domains.present().unwrap().len(), 1);
}

#[tokio::test]
async fn the_client_certificate_is_read_where_the_description_names_it() {
    let newer = |described: bool| {
        let mut answers = answers();
        let status = STATUS.replace("X14.2.5", "X15.5.0");
        answers.get_mut("/status.xml").unwrap().2 = status;
        if described {
            let description = &mut answers.get_mut("/api/raml").unwrap().2;
            description.push_str("/provisioning/certs/client:\n  get:\n");
            let pem = Recipe::leaf("client").self_signed().parsed.pem;
            let answer = ("200 OK".into(), "text/html".into(), pem);
            answers.insert("/api/provisioning/certs/client".into(), answer);
        }
        answers
    };
    let client = Purpose::from("client");
    let state = Site::start(newer(true)).observe().await;
    assert!(state.identity(&PEER.into(), &client).is_some());
    let state = Site::start(newer(false)).observe().await;
    let why = peer(&state).0.identities[&client].unknown().unwrap();
    assert!(why.contains("names no path"), "{why}");
    let state = Site::start(answers()).observe().await;
    assert!(!peer(&state).0.identities.contains_key(&client));
}

#[tokio::test]
async fn a_silent_peer_is_asked_once_and_an_edge_has_its_own_paths() {
    let (_folder, network) = network();
    let closed = reader(
        &network,
        Product::ExpresswayC,
        vec![node(PEER, closed_port())],
    );
    let state = closed.observe(&Scope::everything()).await;
    let (node_state, told) = peer(&state);
    assert_eq!(told.zones.unknown(), node_state.inventory.unknown());
    assert_eq!(closed.problems().len(), 1);

    let identity = Identity::quick();
    let server = Server::start(identity.acceptor(), |_| {
        Answer::Keep(ok("application/json", "[]"))
    });
    let access = node(PEER, server.port);
    pin(
        &network,
        &access.endpoint(Port::Rest),
        "ecdsa",
        identity.leaf(),
    );
    let edge = reader(&network, Product::ExpresswayE, vec![access]);
    let mut scope = Scope::everything();
    scope.groups.remove(&FactGroup::Served);
    let state = edge.observe(&scope).await;
    assert_eq!(peer(&state).1.call_managers, Observed::Absent);
    assert_eq!(peer(&state).1.verifies_origin, Observed::Absent);
    let requests = server.requests().concat();
    assert!(requests.contains("/edge/zone/traversalserver"));
    assert!(!requests.contains("/controller/"));
}
