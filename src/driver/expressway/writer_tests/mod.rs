//! The write side against simulated peers over real TLS: each change is seen by reading back.

mod refusals;
mod renewal;

use std::sync::Arc;
use std::time::Duration;

use reissue_lab::expressway::{ExpresswayConfig, Peer};
use reissue_lab::{Kind, Lab, LabConfig};

use super::{ExpresswayAccess, ExpresswayReader, ExpresswayWriter, Undescribed};
use crate::clock::SystemClock;
use crate::driver::{Actuate as _, FactGroup, NodeAccess, Observe as _, Scope, Write, WriteError};
use crate::model::{
    AccountName, ControlPath, Distribution, Fingerprint, KeyAlgorithm, KeySpec, Listener, NodeName,
    NodeState, Port, Product, Purpose, Role, ServiceName, SigningRequest, Store, SubjectName,
    WHOLE_PEER,
};
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
