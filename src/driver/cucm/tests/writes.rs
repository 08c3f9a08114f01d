use std::time::Instant;

use reissue_lab::{Kind, LabConfig};

use super::*;
use crate::driver::{Actuate as _, Write, WriteError};
use crate::model::{
    ControlPath, Distribution, Fingerprint, KeyAlgorithm, KeySpec, Listener, Purpose, ServiceName,
    ServiceStatus, Store, SubjectName,
};

fn tomcat() -> Purpose {
    Purpose::from("tomcat")
}

fn request(node: &str, distribution: Distribution, names: &[&str]) -> Write {
    Write::GenerateRequest {
        purpose: tomcat(),
        distribution,
        common_name: node.to_owned(),
        names: names.iter().map(|name| SubjectName::dns(name)).collect(),
        key: KeySpec {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        hash: "sha256".to_owned(),
    }
}

fn restart(service: &str, by: ControlPath) -> Write {
    Write::RestartService {
        service: ServiceName::from(service),
        by,
    }
}

impl Site {
    async fn pending(&self, node: &str) -> crate::model::SigningRequest {
        let state = self.look(&[FactGroup::Certificates]).await;
        let pending = &state.nodes[&NodeName::from(node)].pending[&tomcat()];
        pending
            .present()
            .unwrap_or_else(|| panic!("{pending:?}"))
            .clone()
    }

    async fn stores(&self, node: &str, leaf: &Fingerprint) -> bool {
        let state = self.look(&[FactGroup::Certificates]).await;
        state.nodes[&NodeName::from(node)].identities[&tomcat()].present() == Some(leaf)
    }

    async fn serves(&self, node: &str) -> Option<Fingerprint> {
        let state = self.look(&[FactGroup::Served]).await;
        let listener = Listener {
            port: Port::Rest,
            key: KeyAlgorithm::Rsa,
        };
        let served = &state.nodes[&NodeName::from(node)].served[&listener];
        served.present().map(|chain| chain.leaf.clone())
    }

    async fn upload_chain(&self, writer: &CucmWriter, node: &str) {
        let chain = std::fs::read(self.lab.dir().join("ca/corp-chain.pem")).unwrap();
        let chain = pki::read_bundle(&chain, "the chain").unwrap();
        let (name, store) = (NodeName::from(node), Store::from("tomcat-trust"));
        for authority in pki::order_chain(chain).unwrap() {
            let state = self.look(&[FactGroup::Certificates]).await;
            let sha256 = &authority.facts.sha256;
            if state.nodes[&name].trusts(&store, sha256) == Some(true) {
                continue;
            }
            let write = Write::UploadTrust {
                store: store.clone(),
                pem: authority.pem.clone(),
                description: authority.facts.title().to_owned(),
            };
            writer.perform(&name, &write).await.unwrap();
            let state = self.look(&[FactGroup::Certificates]).await;
            assert_eq!(state.nodes[&name].trusts(&store, sha256), Some(true));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_on_one_node_from_request_to_service() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let node = NodeName::from(FIRST);
    let before = site.serves(FIRST).await.unwrap();
    site.upload_chain(&writer, FIRST).await;

    writer
        .perform(&node, &request(FIRST, Distribution::ThisServer, &[FIRST]))
        .await
        .unwrap();
    let pending = site.pending(FIRST).await;
    assert_eq!(pending.names, [SubjectName::dns(FIRST)].into());
    assert_eq!(pending.common_name.as_deref(), Some(FIRST));
    assert_eq!(
        (pending.key.algorithm, pending.key.bits),
        (KeyAlgorithm::Rsa, 2048)
    );

    let issued = site.lab.authority().sign(pending.pem.as_bytes()).unwrap();
    let leaf = pki::choose_leaf(pki::read_bundle(&issued, "issued").unwrap())
        .unwrap()
        .0;
    let sha256 = leaf.facts.sha256.clone();
    writer
        .expect_leaf(&node, KeyAlgorithm::Rsa, &sha256)
        .unwrap();
    let write = Write::UploadIdentity {
        purpose: tomcat(),
        pem: leaf.pem,
    };
    writer.perform(&node, &write).await.unwrap();
    assert!(site.stores(FIRST, &sha256).await);
    assert_eq!(
        site.serves(FIRST).await,
        Some(before),
        "stored is not served"
    );

    writer
        .perform(&node, &restart("Cisco Tomcat", ControlPath::Shell))
        .await
        .unwrap();
    let begun = Instant::now();
    while site.serves(FIRST).await.as_ref() != Some(&sha256) {
        assert!(begun.elapsed() < Duration::from_secs(30), "never served");
    }
    writer.settle_leaf(&node, &sha256).unwrap();
    let pins = site
        .reader
        .access
        .network
        .pins
        .of(&node, Port::Rest)
        .unwrap();
    let rsa: Vec<_> = pins.iter().filter(|peer| peer.key == "rsa").collect();
    assert_eq!(rsa.len(), 1, "{pins:?}");
    assert_eq!(rsa[0].sha256, sha256);
    assert!(
        site.stores(FIRST, &sha256).await,
        "the node is read under its new certificate"
    );
    assert_eq!(
        site.lab.violations().len(),
        0,
        "{:?}",
        site.lab.violations()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_all_nodes_waits_on_all_nodes() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let names = [PUBLISHER, FIRST, SECOND];
    let write = request(
        "cucm-pub-ms.hq.example.com",
        Distribution::MultiServer,
        &names,
    );
    writer
        .perform(&NodeName::from(PUBLISHER), &write)
        .await
        .unwrap();
    let first = site.pending(PUBLISHER).await;
    for name in &names {
        assert!(
            first.names.contains(&SubjectName::dns(name)),
            "{:?}",
            first.names
        );
        assert_eq!(site.pending(name).await.sha256, first.sha256);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_restarts_by_control_center_and_is_younger_afterwards() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let node = NodeName::from(SECOND);
    let state = async |site: &Site| {
        let state = site.look(&[FactGroup::Services]).await;
        let services = state.nodes[&NodeName::from(SECOND)].services.clone();
        services.present().unwrap()[&ServiceName::from("Cisco Tftp")].clone()
    };
    let old = state(&site).await.up_seconds.unwrap();
    writer
        .perform(&node, &restart("Cisco Tftp", ControlPath::ControlCenter))
        .await
        .unwrap();
    let begun = Instant::now();
    loop {
        let now = state(&site).await;
        if now.status == ServiceStatus::Started {
            assert!(now.up_seconds.unwrap() < old, "{now:?} after {old}");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{now:?}");
    }
    let restarts = site
        .lab
        .log()
        .into_iter()
        .filter(|entry| entry.kind == Kind::Write)
        .count();
    assert_eq!(restarts, 1);
    let refused = writer
        .perform(&node, &restart("Cisco Tomcat", ControlPath::ControlCenter))
        .await;
    assert!(
        matches!(refused, Err(WriteError::Refused(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_cause_and_remedy_and_change_nothing() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let node = NodeName::from(FIRST);
    let state = site.look(&[FactGroup::Certificates]).await;
    let old = state.nodes[&node].identities[&tomcat()]
        .present()
        .unwrap()
        .clone();
    let pem = |bytes: &[u8]| {
        pki::choose_leaf(pki::read_bundle(bytes, "x").unwrap())
            .unwrap()
            .0
            .pem
    };

    writer
        .perform(&node, &request(FIRST, Distribution::ThisServer, &[FIRST]))
        .await
        .unwrap();
    let earlier = site.pending(FIRST).await;
    let outdated = pem(&site.lab.authority().sign(earlier.pem.as_bytes()).unwrap());
    let upload = |pem: String| Write::UploadIdentity {
        purpose: tomcat(),
        pem,
    };
    let refusal = async |write: Write| match writer.perform(&node, &write).await {
        Err(WriteError::Refused(text)) => text,
        other => panic!("{other:?}"),
    };
    writer
        .perform(&node, &request(FIRST, Distribution::ThisServer, &[FIRST]))
        .await
        .unwrap();
    site.upload_chain(&writer, FIRST).await;
    let text = refusal(upload(outdated)).await;
    assert!(text.contains("E4") && text.contains(FIRST), "{text}");
    let text = refusal(upload(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
    ))
    .await;
    assert!(
        text.contains("E7") || text.contains("E8") || text.contains("E9"),
        "{text}"
    );
    assert!(site.stores(FIRST, &old).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_is_not_sent() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let mut write = request(FIRST, Distribution::ThisServer, &[]);
    if let Write::GenerateRequest { names, .. } = &mut write {
        names.insert(SubjectName::Ip("10.0.0.1".parse().unwrap()));
    }
    let address = writer.perform(&NodeName::from(FIRST), &write).await;
    assert!(
        matches!(address, Err(WriteError::NotSent(_))),
        "{address:?}"
    );
    let nobody = writer
        .perform(
            &NodeName::from("x"),
            &restart("Cisco Tftp", ControlPath::Shell),
        )
        .await;
    assert!(matches!(nobody, Err(WriteError::NotSent(_))), "{nobody:?}");
    let hostile = restart("Cisco Tftp\nset cert regen tomcat", ControlPath::Shell);
    let hostile = writer.perform(&NodeName::from(FIRST), &hostile).await;
    assert!(
        matches!(hostile, Err(WriteError::NotSent(_))),
        "{hostile:?}"
    );
    let log = site.lab.log();
    assert!(log.iter().all(|entry| entry.kind != Kind::Write), "{log:?}");
}
