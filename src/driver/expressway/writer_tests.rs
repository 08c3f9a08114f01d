//! The write side against simulated peers over real TLS: each change is seen by reading back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reissue_lab::expressway::{ExpresswayConfig, Peer};
use reissue_lab::state::Identity;
use reissue_lab::{Fault, Kind, Lab, LabConfig, Misbehaviour, Mode};

use super::{ExpresswayAccess, ExpresswayReader, ExpresswayWriter, Undescribed};
use crate::clock::SystemClock;
use crate::driver::{Actuate as _, FactGroup, NodeAccess, Observe as _, Scope, Write, WriteError};
use crate::model::{
    AccountName, ControlPath, Distribution, Fingerprint, KeyAlgorithm, KeySpec, Listener, NodeName,
    NodeState, Port, Product, Purpose, Role, ServiceName, SigningRequest, Store, SubjectName,
    WHOLE_PEER,
};
use crate::pki::testing::Recipe;
use crate::pki::{self, Parsed};
use crate::secrets::{Redactor, Secret};
use crate::transport::{Limits, Login, Network, PinBook, WriteAccess};

const EDGE: &str = "expe1.example.com";

/// A lab with one Expressway-C and one Expressway-E peer, and a writer for the latter's cluster.
struct Site {
    lab: Lab,
    reader: Arc<ExpresswayReader>,
}

impl Site {
    fn start(edges: usize) -> Self {
        let lab = Lab::start(LabConfig {
            subscribers: 0,
            time_scale: 0.0005,
            expressway: Some(ExpresswayConfig {
                core: 1,
                edge: edges,
                ..ExpresswayConfig::default()
            }),
            ..LabConfig::default()
        })
        .unwrap();
        let nodes = (1..=edges).map(|number| format!("expe{number}.example.com"));
        let nodes = nodes.map(|name| peer(&lab, &name)).collect();
        let password = lab.dir().join("secrets/edge-administrator");
        let limits = Limits {
            request: Duration::from_secs(10),
            ..Limits::default()
        };
        let book = PinBook::new(lab.dir().join("pins.json"));
        let access = ExpresswayAccess {
            product: Product::ExpresswayE,
            nodes,
            administrator: Login {
                account: AccountName::from("edge-administrator"),
                user: "admin".to_owned(),
                password: Secret::new(std::fs::read_to_string(password).unwrap().trim().into()),
            },
            shell: None,
            network: Network::new(book, Redactor::new(), limits),
            authorities: chain(&lab),
            clock: Arc::new(SystemClock),
        };
        let reader = Arc::new(ExpresswayReader::new(access).unwrap());
        Self { lab, reader }
    }

    fn writer(&self, undescribed: Undescribed) -> ExpresswayWriter {
        ExpresswayWriter::new(
            Arc::clone(&self.reader),
            WriteAccess::granted(),
            undescribed,
        )
    }

    async fn perform(&self, write: &Write) -> Result<(), WriteError> {
        let writer = self.writer(Undescribed::Held);
        writer.perform(&NodeName::from(EDGE), write).await
    }

    async fn look(&self) -> NodeState {
        let scope = Scope {
            nodes: None,
            groups: [
                FactGroup::Certificates,
                FactGroup::Served,
                FactGroup::Services,
            ]
            .into(),
        };
        let mut state = self.reader.observe(&scope).await;
        state.nodes.remove(&NodeName::from(EDGE)).unwrap()
    }

    async fn pending(&self) -> SigningRequest {
        let pending = self.look().await.pending[&server()].clone();
        pending.present().unwrap().clone()
    }

    async fn upload_chain(&self) {
        for authority in chain(&self.lab) {
            self.perform(&trust(&authority.pem)).await.unwrap();
        }
    }

    /// A certificate for the request that waits.
    async fn issued(&self) -> Parsed {
        let pending = self.pending().await;
        let issued = self.lab.authority().sign(pending.pem.as_bytes()).unwrap();
        let bundle = pki::read_bundle(&issued, "issued").unwrap();
        pki::choose_leaf(bundle).unwrap().0
    }

    fn peer<T>(&self, look: impl FnOnce(&Peer) -> T) -> T {
        self.lab.look_peer("edge", EDGE, look).unwrap()
    }

    fn writes(&self) -> usize {
        let log = self.lab.log();
        log.iter().filter(|entry| entry.kind == Kind::Write).count()
    }
}

fn peer(lab: &Lab, name: &str) -> NodeAccess {
    let ports = lab.look_peer("edge", name, |peer| peer.ports).unwrap();
    NodeAccess {
        name: NodeName::from(name),
        role: Role::Peer,
        address: "127.0.0.1".to_owned(),
        ports: [
            (Port::Rest, ports.rest),
            (Port::Zone, ports.traversal),
            (Port::Tunnel, ports.tunnel),
        ]
        .into(),
    }
}

/// Today's authorities, root first.
fn chain(lab: &Lab) -> Vec<Parsed> {
    let chain = std::fs::read(lab.dir().join("ca/corp-chain.pem")).unwrap();
    pki::order_chain(pki::read_bundle(&chain, "the chain").unwrap()).unwrap()
}

fn server() -> Purpose {
    Purpose::from("server")
}

fn trust(pem: &str) -> Write {
    Write::UploadTrust {
        store: Store::from("trusted-ca"),
        pem: pem.to_owned(),
        description: String::new(),
    }
}

fn identity(leaf: &Parsed) -> Write {
    Write::UploadIdentity {
        purpose: server(),
        pem: leaf.pem.clone(),
    }
}

fn request(bits: u32) -> Write {
    Write::GenerateRequest {
        purpose: server(),
        distribution: Distribution::ThisServer,
        common_name: EDGE.to_owned(),
        names: ["example.com", "collab-edge.example.com"]
            .map(SubjectName::dns)
            .into(),
        key: KeySpec {
            algorithm: KeyAlgorithm::Rsa,
            bits,
        },
        hash: "sha384".to_owned(),
    }
}

fn restart() -> Write {
    Write::RestartService {
        service: ServiceName::from(WHOLE_PEER),
        by: ControlPath::Peer,
    }
}

fn served(state: &NodeState) -> Option<&Fingerprint> {
    let listener = Listener {
        port: Port::Rest,
        key: KeyAlgorithm::Rsa,
    };
    state.served[&listener].present().map(|chain| &chain.leaf)
}

fn uptime(state: &NodeState) -> Option<u64> {
    state.services.present()?[&ServiceName::from(WHOLE_PEER)].up_seconds
}

#[track_caller]
fn refused(answer: Result<(), WriteError>, sentence: &str) {
    match answer {
        Err(WriteError::Refused(text)) => assert!(text.contains(sentence), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_on_one_peer_from_request_to_service() {
    let site = Site::start(2);
    let before = site.look().await;
    let old = served(&before).unwrap().clone();
    assert!(uptime(&before).unwrap() >= 3600);

    site.upload_chain().await;
    let listed = site.look().await;
    for authority in chain(&site.lab) {
        let store = Store::from("trusted-ca");
        assert_eq!(listed.trusts(&store, &authority.facts.sha256), Some(true));
    }
    site.perform(&request(2048)).await.unwrap();
    let pending = site.pending().await;
    assert_eq!(pending.common_name.as_deref(), Some("expe.example.com"));
    let names = [
        EDGE,
        "expe.example.com",
        "example.com",
        "collab-edge.example.com",
    ];
    assert_eq!(pending.names, names.map(SubjectName::dns).into());
    let key = (pending.key.algorithm, pending.key.bits);
    assert_eq!(key, (KeyAlgorithm::Rsa, 2048));

    let leaf = site.issued().await;
    let sha256 = leaf.facts.sha256.clone();
    let (node, writer) = (NodeName::from(EDGE), site.writer(Undescribed::Held));
    writer
        .expect_leaf(&node, KeyAlgorithm::Rsa, &sha256)
        .unwrap();
    site.perform(&identity(&leaf)).await.unwrap();
    let stored = site.look().await;
    assert_eq!(stored.identities[&server()].present(), Some(&sha256));
    assert_eq!(served(&stored), Some(&old), "stored is not served");

    site.perform(&restart()).await.unwrap();
    let begun = Instant::now();
    loop {
        let now = site.look().await;
        if served(&now) == Some(&sha256) && uptime(&now).is_some_and(|up| up < 3600) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "never served");
    }
    writer.settle_leaf(&node, &sha256).unwrap();
    let book = PinBook::new(site.lab.dir().join("pins.json"));
    let pins = book.of(&node, Port::Rest).unwrap();
    assert_eq!(pins.len(), 1, "{pins:?}");
    assert_eq!(pins[0].sha256, sha256);
    assert_eq!(site.peer(|peer| peer.restarts), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_repeats_the_subject_of_the_stored_certificate() {
    let site = Site::start(1);
    let mut recipe = Recipe::leaf(EDGE);
    let subject = [
        ("C", "BE"),
        ("ST", "Brussels"),
        ("L", "Évere"),
        ("O", "Example \"Telecom\", S.A."),
        ("OU", "Voice"),
        ("OU", "Second"),
        ("CN", EDGE),
        ("emailAddress", "voice@example.com"),
    ];
    recipe.subject = subject.map(|(kind, value)| (kind, value.to_owned())).into();
    let certificate = recipe.self_signed_library();
    let planted = site.lab.change_peer("edge", EDGE, |peer| {
        let key = peer.stored.key.clone();
        peer.stored = Identity { certificate, key };
    });
    assert!(planted);
    site.perform(&request(4096)).await.unwrap();
    let made = site.peer(|peer| Arc::clone(&peer.pending.as_ref().unwrap().request));
    let entries = made.subject_name().entries();
    let made: Vec<String> = entries
        .map(|entry| entry.data().to_string().unwrap())
        .collect();
    let mut expected: Vec<&str> = subject.map(|(_, value)| value).into();
    expected.retain(|value| *value != "Second");
    // The common name is the peer's own and comes last.
    expected.retain(|value| *value != EDGE);
    expected.push(EDGE);
    assert_eq!(made, expected);
    assert_eq!(site.pending().await.key.bits, 4096);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_carry_the_sentence_of_the_peer_and_change_nothing() {
    let site = Site::start(1);
    let old = site.peer(Peer::stored_sha256);
    site.perform(&request(2048)).await.unwrap();
    refused(
        site.perform(&request(2048)).await,
        "HTTP 409 with \"Conflict\"",
    );
    let leaf = site.issued().await;
    let sentence = "Invalid certificate: Unrecognized CA. This certificate is not currently trusted by the Expressway.";
    refused(site.perform(&identity(&leaf)).await, sentence);
    site.upload_chain().await;
    site.lab.misbehave(Misbehaviour::ServerAuthOnly);
    let without = site.issued().await;
    let sentence = "does not have the Client Authentication extended key usage";
    refused(site.perform(&identity(&without)).await, sentence);
    site.lab.misbehave(Misbehaviour::OtherKey);
    let other = site.issued().await;
    refused(site.perform(&identity(&other)).await, "\"Bad Request\"");
    assert_eq!(site.peer(Peer::stored_sha256), old);
    site.perform(&identity(&leaf)).await.unwrap();
    assert_ne!(site.peer(Peer::stored_sha256), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_peer_does_not_describe_is_held_unless_a_person_wants_it() {
    let site = Site::start(1);
    let planted = site.lab.change_expressways(|all| {
        "pem".clone_into(&mut all.edge.quirks.upload_part);
    });
    assert!(planted.is_some());
    let write = trust(&chain(&site.lab)[0].pem);
    let held = site.perform(&write).await.unwrap_err();
    assert!(matches!(held, WriteError::NotSent(_)), "{held}");
    for words in [EDGE, "POST /certs/root", "`pem`", "--write-undescribed"] {
        assert!(held.to_string().contains(words), "{words}: {held}");
    }
    assert_eq!(site.writes(), 0);
    site.perform(&request(2048)).await.unwrap();
    let sent = site.writer(Undescribed::Sent);
    let sent = sent.perform(&NodeName::from(EDGE), &write).await;
    refused(sent, "\"Bad Request\"");
    assert_eq!(site.writes(), 2);

    site.lab
        .plant(Fault::new("rest GET /api/raml", Mode::Status500));
    let held = site.perform(&restart()).await.unwrap_err();
    assert!(matches!(held, WriteError::NotSent(_)), "{held}");
    assert_eq!(site.peer(|peer| peer.restarts), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_leaves_the_outcome_unknown_and_is_sent_once() {
    let site = Site::start(1);
    site.lab
        .plant(Fault::new("rest POST restart", Mode::ActThenDrop));
    let dropped = site.perform(&restart()).await.unwrap_err();
    assert!(matches!(dropped, WriteError::Unknown(_)), "{dropped}");
    assert_eq!(site.peer(|peer| peer.restarts), 1);
    assert_eq!(site.writes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_account_is_tried_once() {
    let site = Site::start(1);
    site.lab
        .plant(Fault::new("rest POST restart", Mode::Status401));
    for _ in 0..2 {
        let error = site.perform(&restart()).await.unwrap_err();
        assert!(matches!(error, WriteError::Unauthorized(_)), "{error}");
    }
    assert_eq!(site.writes(), 1);
    assert_eq!(site.peer(|peer| peer.restarts), 0);

    let site = Site::start(1);
    site.lab
        .plant(Fault::new("rest POST restart", Mode::Html200));
    let page = site.perform(&restart()).await.unwrap_err();
    assert!(matches!(page, WriteError::Unauthorized(_)), "{page}");
    assert!(page.to_string().contains("login page"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_is_not_sent() {
    let site = Site::start(1);
    let changed = |change: fn(&mut Write)| {
        let mut write = request(2048);
        change(&mut write);
        write
    };
    let bad = [
        request(3072),
        changed(|write| {
            if let Write::GenerateRequest { names, .. } = write {
                names.insert(SubjectName::Ip("10.0.0.1".parse().unwrap()));
            }
        }),
        changed(|write| {
            if let Write::GenerateRequest { distribution, .. } = write {
                *distribution = Distribution::MultiServer;
            }
        }),
        changed(|write| {
            if let Write::GenerateRequest { hash, .. } = write {
                "sha1".clone_into(hash);
            }
        }),
        trust("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        trust(
            &chain(&site.lab)
                .iter()
                .map(|it| it.pem.clone())
                .collect::<String>(),
        ),
        Write::UploadTrust {
            store: Store::from("tomcat-trust"),
            pem: chain(&site.lab)[0].pem.clone(),
            description: String::new(),
        },
        Write::RestartService {
            service: ServiceName::from("Cisco Tomcat"),
            by: ControlPath::Peer,
        },
        Write::RestartService {
            service: ServiceName::from(WHOLE_PEER),
            by: ControlPath::Shell,
        },
        Write::UpdateTrustList,
    ];
    for write in bad {
        let error = site.perform(&write).await.unwrap_err();
        assert!(
            matches!(error, WriteError::NotSent(_)),
            "{write:?}: {error}"
        );
    }
    let writer = site.writer(Undescribed::Held);
    let nobody = writer.perform(&NodeName::from("x"), &restart()).await;
    assert!(matches!(nobody, Err(WriteError::NotSent(_))), "{nobody:?}");
    assert_eq!(site.writes(), 0);
}
