//! The driver against a simulated cluster over real TLS, HTTP and SSH.

mod faults;
mod reads;
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

impl Site {
    fn start(config: LabConfig) -> Self {
        let lab = Lab::start(config).unwrap();
        let reader = Arc::new(CucmReader::new(access(&lab, "reissue")).unwrap());
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

fn access(lab: &Lab, platform_user: &str) -> ClusterAccess {
    let secret = |account: &str| {
        let path = lab.dir().join("secrets").join(account);
        Secret::new(std::fs::read_to_string(path).unwrap().trim().to_owned())
    };
    let login = |account: &str, user: &str| Login {
        account: AccountName::from(account),
        user: user.to_owned(),
        password: secret(account),
    };
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
        nodes: [PUBLISHER, FIRST, SECOND]
            .into_iter()
            .map(|name| node(lab, name))
            .collect(),
        platform: login("hq-platform", platform_user),
        application: login("hq-application", "axl-reader"),
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

fn node(lab: &Lab, name: &str) -> NodeAccess {
    let ports = lab.look("hq", name, |node| node.ports).unwrap();
    NodeAccess {
        name: NodeName::from(name),
        role: if name == PUBLISHER {
            Role::Publisher
        } else {
            Role::Subscriber
        },
        address: "127.0.0.1".to_owned(),
        ports: BTreeMap::from([
            (Port::Rest, ports.rest),
            (Port::Soap, ports.soap),
            (Port::Ssh, ports.ssh),
            (Port::Tftp, ports.tftp),
            (Port::Sip, ports.sip),
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
