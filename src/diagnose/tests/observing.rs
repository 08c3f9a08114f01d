//! What an observation says of a log.

use std::collections::BTreeMap;

use super::now;
use crate::diagnose::{Checked, Examination};
use crate::model::{
    ClusterName, ClusterState, KeyAlgorithm, Listener, NodeName, NodeState, OBSERVATION_FORMAT,
    Observation, Observed, Port, Product, Role, ServedChain,
};
use crate::pki::link_all;
use crate::pki::testing::Recipe;

/// A node whose 8443 presents a signed certificate and whose 6972 a self-signed one.
fn observation() -> Observation {
    let root = Recipe::authority("Root").self_signed();
    let signed = root.sign(Recipe::leaf("cucm.example.com"));
    let own = Recipe::leaf("cucm-EC.example.com").self_signed();
    let mut parsed = vec![root.parsed, signed.parsed, own.parsed];
    link_all(&mut parsed);
    let mut node = NodeState::unasked(Role::Publisher);
    for (port, key, leaf) in [
        (Port::Soap, KeyAlgorithm::Rsa, 1),
        (Port::Tftp, KeyAlgorithm::Ec, 2),
    ] {
        let chain = ServedChain {
            leaf: parsed[leaf].facts.sha256.clone(),
            rest: Vec::new(),
        };
        node.served
            .insert(Listener { port, key }, Observed::Present(chain));
    }
    let mut cluster = ClusterState::unasked(Product::Cucm);
    cluster
        .nodes
        .insert(NodeName::from("cucm.example.com"), node);
    cluster.certificates = parsed
        .into_iter()
        .map(|each| (each.facts.sha256.clone(), each.facts))
        .collect();
    Observation {
        format: OBSERVATION_FORMAT,
        from: now(),
        to: now(),
        clusters: BTreeMap::from([(ClusterName::from("hq"), cluster)]),
    }
}

/// What is observed of a failure after a request to a port.
fn observed(name: &str, port: Option<u16>, failure: &str) -> Checked {
    use base64::Engine as _;
    let mut log = String::new();
    if let Some(port) = port {
        let path = base64::engine::general_purpose::STANDARD_NO_PAD
            .encode(format!("d/https/{name}/{port}"));
        log += &format!("2026-01-01T00:00:00Z c t: GET /{path}/x HTTP/1.1\n");
    }
    log += &format!(
        "2026-01-01T00:00:01Z c t: {}\n",
        failure.replace("NAME", name)
    );
    let mut examination = Examination::new().unwrap();
    examination.read("log", log.as_bytes());
    let mut report = examination.finish(Some(&observation()), now());
    report.diagnoses.pop().unwrap().observed.unwrap()
}

const SELF: &str = "Core server certificate verification failed for (NAME). Action=Terminate Error=self signed certificate server=NAME(10.0.0.1) depth=0";
const CHAIN: &str = "Core server certificate verification failed for (NAME). Action=Terminate Error=unable to get local issuer certificate server=NAME(10.0.0.1) depth=1";
const MISSING: &str = "SNI (NAME) not in certificate. Action=Terminate server=NAME(10.0.0.1)";
const DATES: &str = "Core server certificate verification failed for (NAME). Action=Terminate Error=certificate has expired server=NAME(10.0.0.1) depth=0";

#[test]
fn each_fault_is_compared_with_the_port() {
    let rows = [
        ("cucm.example.com", Some(6972), SELF, "confirmed"),
        ("CUCM", None, SELF, "confirmed"),
        ("cucm.example.com", Some(8443), SELF, "contradicted"),
        ("cucm.example.com", Some(8443), CHAIN, "confirmed"),
        ("cucm.example.com", Some(6972), CHAIN, "contradicted"),
        ("cucm.example.com", Some(6972), MISSING, "confirmed"),
        ("cucm.example.com", Some(8443), MISSING, "contradicted"),
        ("cucm.example.com", Some(8443), DATES, "contradicted"),
        ("cucm.example.com", Some(443), SELF, "not-checked"),
        ("cucm.example.com", Some(7443), SELF, "not-checked"),
        ("other.example.com", Some(8443), SELF, "not-checked"),
    ];
    for (name, port, failure, expected) in rows {
        let checked = observed(name, port, failure);
        let verdict = serde_json::to_value(&checked).unwrap()["verdict"].clone();
        assert_eq!(verdict, expected, "{name} {port:?} {failure}: {checked:?}");
    }
}
