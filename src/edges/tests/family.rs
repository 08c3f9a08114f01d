//! The edges that an observation shows.

use super::*;
use crate::model::{Listener, Observation, Port, Product, Role, ServedChain, TrustEntry};
use crate::plan::testing::{FIRST, PRESENCE, PUBLISHER, Scene};

fn judged(observation: &Observation) -> Vec<Judged> {
    judge(&Site::of(observation), &graph(observation), now())
}

fn says(observation: &Observation) -> Vec<String> {
    let judged = judged(observation);
    judged
        .iter()
        .map(|each| format!("{}: {}", each.edge, each.verdict))
        .collect()
}

fn entry(title: &str) -> TrustEntry {
    TrustEntry {
        file: title.to_owned(),
        sha256: fingerprint(title),
    }
}

#[test]
fn nodes_of_a_cluster_verify_each_other() {
    let scene = Scene::of(&[(PUBLISHER, Role::Publisher), (FIRST, Role::Subscriber)]);
    assert_eq!(
        says(&scene.observation),
        [
            format!(
                "{PUBLISHER} to {FIRST} on 8443 (web services, RSA; {PUBLISHER} verifies with tomcat-trust): verifies"
            ),
            format!(
                "{FIRST} to {PUBLISHER} on 8443 (web services, RSA; {FIRST} verifies with tomcat-trust): verifies"
            ),
        ]
    );
}

#[test]
fn backups_are_between_the_publisher_and_the_others() {
    let mut scene = Scene::three_nodes();
    for node in scene.cluster().nodes.values_mut() {
        let held = Observed::Present(fingerprint("own ipsec"));
        node.identities.insert("ipsec".into(), held);
    }
    let own = certificate("own ipsec", "own ipsec");
    scene.cluster().certificates.insert(own.sha256.clone(), own);
    let backups = judged(&scene.observation);
    let backups: Vec<_> = backups
        .iter()
        .filter(|each| each.edge.leg == Leg::Backup)
        .collect();
    assert_eq!(backups.len(), 4);
    assert!(backups.iter().all(|each| each.verdict.is_broken()));
    for node in scene.cluster().nodes.values_mut() {
        let entries = Observed::Present(vec![entry("own ipsec")]);
        node.trust.insert("ipsec-trust".into(), entries);
    }
    let after = judged(&scene.observation);
    assert!(after.iter().all(|each| each.verdict.holds()), "{after:#?}");
}

#[test]
fn calls_and_presence_trust_each_other_by_their_own_stores() {
    let mut scene = Scene::of(&[(PUBLISHER, Role::Publisher), (PRESENCE, Role::ImPresence)]);
    for (node, name) in [(PUBLISHER, "call signer"), (PRESENCE, "cup signer")] {
        let chain = ServedChain {
            leaf: fingerprint(name),
            rest: Vec::new(),
        };
        let listener = Listener {
            port: Port::Sip,
            key: KeyAlgorithm::Rsa,
        };
        scene
            .node(node)
            .served
            .insert(listener, Observed::Present(chain));
        let made = certificate(name, name);
        scene
            .cluster()
            .certificates
            .insert(made.sha256.clone(), made);
    }
    let sip = |scene: &Scene| -> Vec<(String, bool)> {
        let all = judged(&scene.observation).into_iter();
        let sip = all.filter(|each| each.edge.leg == Leg::Sip);
        sip.map(|each| (each.edge.store.to_string(), each.verdict.holds()))
            .collect()
    };
    let pairs = |holds: bool| {
        [
            ("cup-trust".to_owned(), holds),
            ("CallManager-trust".to_owned(), holds),
        ]
    };
    assert_eq!(sip(&scene), pairs(false));
    scene.node(PUBLISHER).trust.insert(
        "CallManager-trust".into(),
        Observed::Present(vec![entry("cup signer")]),
    );
    scene.node(PRESENCE).trust.insert(
        "cup-trust".into(),
        Observed::Present(vec![entry("call signer")]),
    );
    assert_eq!(sip(&scene), pairs(true));
}

#[test]
fn an_ecdsa_edge_is_never_called_broken() {
    let mut scene = Scene::of(&[(PUBLISHER, Role::Publisher), (FIRST, Role::Subscriber)]);
    let own = certificate("pub-EC", "pub-EC");
    let chain = ServedChain {
        leaf: own.sha256.clone(),
        rest: Vec::new(),
    };
    let listener = Listener {
        port: Port::Soap,
        key: KeyAlgorithm::Ec,
    };
    scene
        .node(PUBLISHER)
        .served
        .insert(listener, Observed::Present(chain));
    scene.cluster().certificates.insert(own.sha256.clone(), own);
    let judged = judged(&scene.observation);
    let ecdsa: Vec<_> = judged
        .iter()
        .filter(|each| each.edge.key == KeyAlgorithm::Ec)
        .collect();
    let [one] = ecdsa.as_slice() else {
        panic!("{ecdsa:#?}")
    };
    let says = one.verdict.to_string();
    assert!(
        says.starts_with("unknown: the two ends may agree on RSA"),
        "{says}"
    );
    assert!(
        says.ends_with("pub-EC is self-signed and not in the store (depth 0)"),
        "{says}"
    );
}

#[test]
fn what_was_not_read_is_unknown() {
    let mut scene = Scene::of(&[(PUBLISHER, Role::Publisher), (FIRST, Role::Subscriber)]);
    let node = scene.node(FIRST);
    node.trust.clear();
    node.inventory = Observed::Unknown("login refused".to_owned());
    let found = says(&scene.observation);
    assert!(found.iter().any(|line| line.ends_with(&format!("unknown: tomcat-trust of {FIRST}: login refused"))), "{found:#?}");
    let backup = |line: &&String| line.contains("backup");
    assert!(
        found
            .iter()
            .filter(backup)
            .all(|line| line.contains("unknown: ")),
        "{found:#?}"
    );
    assert_eq!(found.iter().filter(backup).count(), 1);
}

#[test]
fn unity_connection_is_joined_by_field_knowledge() {
    let mut scene = Scene::of(&[(PUBLISHER, Role::Publisher)]);
    let mut mail = Scene::of(&[("cuc.hq.example.com", Role::Publisher)]);
    mail.cluster().product = Product::UnityConnection;
    let state = mail.cluster().clone();
    scene.observation.clusters.insert("mail".into(), state);
    let judged = judged(&scene.observation);
    assert_eq!(judged.len(), 2);
    assert!(judged.iter().all(
        |each| matches!(each.edge.basis, Basis::Assumed(why) if why.contains("field knowledge"))
    ));
    let stores: Vec<&str> = judged.iter().map(|each| each.edge.store.as_str()).collect();
    assert_eq!(stores, ["tomcat-trust", "CallManager-trust"]);
    let verdicts: Vec<String> = judged.iter().map(|each| each.verdict.to_string()).collect();
    let [web, sip] = verdicts.as_slice() else {
        panic!("{verdicts:?}")
    };
    assert_eq!(web, "verifies");
    assert!(sip.starts_with("unknown: field knowledge"), "{sip}");
}
