//! The driver against a simulated cluster over real TLS, HTTP and SSH.

mod faults;
mod phones;
mod products;
mod reads;
mod rows;
mod shell;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reissue_lab::{Lab, LabConfig};

use super::{ClusterAccess, CucmReader, CucmWriter, NodeAccess};
use crate::clock::SystemClock;
use crate::driver::{FactGroup, Observe as _, Scope};
use crate::model::{AccountName, ClusterState, NodeName, Port, Product, Role};
use crate::pki;
use crate::secrets::{Redactor, Secret};
use crate::transport::{Limits, Login, Network, PinBook, WriteAccess};

/// A running cluster of three nodes and a reader for it.
struct Site {
    lab: Lab,
    reader: Arc<CucmReader>,
}

const PUBLISHER: &str = "cucm-pub.hq.example.com";
const FIRST: &str = "cucm-sub1.hq.example.com";
const SECOND: &str = "cucm-sub2.hq.example.com";
const PRESENCE: [&str; 2] = ["imp1.hq.example.com", "imp2.hq.example.com"];
const UNITY: [&str; 2] = ["cuc-pub.hq.example.com", "cuc-sub.hq.example.com"];

impl Site {
    fn start(config: LabConfig) -> Self {
        let lab = Lab::start(config).unwrap();
        let reader = Arc::new(CucmReader::new(access(&lab, "reissue")).unwrap());
        Self { lab, reader }
    }

    /// A cluster with an IM and Presence database publisher and another IM and Presence node.
    fn with_presence(config: LabConfig) -> Self {
        let lab = Lab::start(LabConfig {
            presence: 2,
            ..config
        })
        .unwrap();
        let mut access = access(&lab, "reissue");
        access
            .nodes
            .extend(PRESENCE.map(|name| node(&lab, "hq", name, Role::ImPresence)));
        let reader = Arc::new(CucmReader::new(access).unwrap());
        Self { lab, reader }
    }

    /// A Unity Connection cluster of two nodes.
    fn unity() -> Self {
        let lab = Lab::start(LabConfig {
            subscribers: 0,
            unity: 2,
            ..LabConfig::default()
        })
        .unwrap();
        let [publisher, subscriber] = UNITY;
        let nodes = vec![
            node(&lab, "hq-unity", publisher, Role::Publisher),
            node(&lab, "hq-unity", subscriber, Role::Subscriber),
        ];
        let access = ClusterAccess {
            product: Product::UnityConnection,
            nodes,
            platform: login(&lab, "hq-unity-platform", "reissue"),
            application: login(&lab, "hq-unity-application", "axl-reader"),
            ..access(&lab, "reissue")
        };
        let reader = Arc::new(CucmReader::new(access).unwrap());
        Self { lab, reader }
    }

    fn writer(&self) -> CucmWriter {
        CucmWriter::new(Arc::clone(&self.reader), WriteAccess::granted())
    }

    async fn look(&self, groups: &[FactGroup]) -> ClusterState {
        let scope = Scope {
            nodes: None,
            groups: groups.iter().copied().collect(),
        };
        self.reader.observe(&scope).await
    }

    fn platform_logins(&self) -> usize {
        self.lab
            .log()
            .iter()
            .filter(|entry| entry.kind == reissue_lab::Kind::Login)
            .count()
    }
}

fn login(lab: &Lab, account: &str, user: &str) -> Login {
    let path = lab.dir().join("secrets").join(account);
    let password = std::fs::read_to_string(path).unwrap().trim().to_owned();
    Login {
        account: AccountName::from(account),
        user: user.to_owned(),
        password: Secret::new(password),
    }
}

fn access(lab: &Lab, platform_user: &str) -> ClusterAccess {
    let chain = std::fs::read(lab.dir().join("ca/corp-chain.pem")).unwrap();
    let limits = Limits {
        connect: Duration::from_secs(5),
        request: Duration::from_secs(5),
        idle: Duration::from_secs(3),
        ..Limits::default()
    };
    ClusterAccess {
        product: Product::Cucm,
        device_queries_per_minute: 12,
        nodes: [
            (PUBLISHER, Role::Publisher),
            (FIRST, Role::Subscriber),
            (SECOND, Role::Subscriber),
        ]
        .into_iter()
        .filter(|(name, _)| lab.look("hq", name, |_| ()).is_some())
        .map(|(name, role)| node(lab, "hq", name, role))
        .collect(),
        platform: login(lab, "hq-platform", platform_user),
        application: login(lab, "hq-application", "axl-reader"),
        network: Network::new(
            PinBook::new(lab.dir().join("pins.json")),
            Redactor::new(),
            limits,
        ),
        authorities: pki::read_bundle(&chain, "the corporate chain").unwrap(),
        restart_limit: Duration::from_secs(30),
        clock: Arc::new(SystemClock),
    }
}

fn node(lab: &Lab, cluster: &str, name: &str, role: Role) -> NodeAccess {
    let ports = lab.look(cluster, name, |node| node.ports).unwrap();
    NodeAccess {
        name: NodeName::from(name),
        role,
        address: "127.0.0.1".to_owned(),
        ports: BTreeMap::from([
            (Port::Rest, ports.rest),
            (Port::Soap, ports.soap),
            (Port::Ssh, ports.ssh),
            (Port::Tftp, ports.tftp),
            (Port::Sip, ports.sip),
            (Port::Tvs, ports.tvs),
            (Port::Xmpp, ports.xmpp),
        ]),
    }
}

/// Every fact of a state that is unknown, with where it is.
fn unknowns(state: &ClusterState) -> Vec<String> {
    fn search(place: &str, value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, inside) in members {
                    if name == "unknown" {
                        found.push(format!("{place}: {inside}"));
                    }
                    search(&format!("{place}/{name}"), inside, found);
                }
            }
            serde_json::Value::Array(list) => {
                for inside in list {
                    search(place, inside, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    search("", &serde_json::to_value(state).unwrap(), &mut found);
    found
}
