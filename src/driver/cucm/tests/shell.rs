//! Release 12.5, where certificates are read and changed in the shell.

use std::collections::BTreeSet;

use reissue_lab::{Channel, Fault, Kind, LabConfig, Mode};

use super::*;
use crate::driver::{Actuate as _, Write, WriteError};
use crate::model::{Distribution, KeyAlgorithm, KeySpec, Observed, Purpose, Store, SubjectName};

fn old() -> LabConfig {
    LabConfig {
        release: "12.5.1.14900-11".to_owned(),
        subscribers: 1,
        ..LabConfig::default()
    }
}

fn tomcat() -> Purpose {
    Purpose::from("tomcat")
}

fn request(distribution: Distribution) -> Write {
    Write::GenerateRequest {
        purpose: tomcat(),
        distribution,
        common_name: FIRST.to_owned(),
        names: [SubjectName::dns(FIRST)].into(),
        key: KeySpec {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        hash: "sha256".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_tells_as_much_as_the_certificate_interface_over_one_login() {
    let site = Site::start(old());
    let state = site.reader.observe(&Scope::everything()).await;
    assert_eq!(unknowns(&state), Vec::<String>::new());
    assert_eq!(site.reader.problems(), []);
    for (name, node) in &state.nodes {
        let host = name.short();
        assert!(
            node.reported_name.present().unwrap().starts_with(host),
            "{name}"
        );
        assert!(
            node.clock_skew_seconds.present().unwrap().abs() <= 1,
            "{name}"
        );
        let (held, stores) = site
            .lab
            .look("hq", name.as_str(), |node| {
                let held: BTreeSet<String> = node.identities.keys().cloned().collect();
                let stores = node.trusts.iter();
                let stores = stores.map(|(store, entries)| (store.clone(), entries.len()));
                (held, stores.collect::<Vec<_>>())
            })
            .unwrap();
        let told = node.identities.keys().map(ToString::to_string);
        assert_eq!(told.collect::<BTreeSet<_>>(), held, "{name}");
        for (store, entries) in stores {
            let told = node.trust.get(&Store::new(store.clone()));
            let told = told.map_or(0, |entries| entries.present().unwrap().len());
            assert_eq!(told, entries, "{store} of {name}");
        }
        let rsa = crate::model::Listener {
            port: Port::Rest,
            key: KeyAlgorithm::Rsa,
        };
        let served = &node.served[&rsa].present().unwrap().leaf;
        assert_eq!(node.identities[&tomcat()].present(), Some(served), "{name}");
    }
    let log = site.lab.log();
    assert!(
        log.iter().all(|entry| entry.channel != Channel::Rest),
        "{log:?}"
    );
    let logins: Vec<_> = log
        .iter()
        .filter(|entry| entry.kind == Kind::Login && entry.channel == Channel::Ssh)
        .map(|entry| entry.node.as_str())
        .collect();
    assert_eq!(logins.len(), 2, "{logins:?}");
    // What is known of the release is not asked again for a look at certificates alone.
    let before = site.lab.log().len();
    site.look(&[FactGroup::Certificates]).await;
    let after = site.lab.log().split_off(before);
    assert!(
        after
            .iter()
            .all(|entry| !format!("{entry:?}").contains("show version")),
        "{after:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_in_the_shell_from_request_to_store() {
    let site = Site::start(old());
    let writer = site.writer();
    let node = NodeName::from(FIRST);
    writer
        .perform(&node, &request(Distribution::ThisServer))
        .await
        .unwrap();
    let state = site.look(&[FactGroup::Certificates]).await;
    let pending = &state.nodes[&node].pending[&tomcat()];
    let pending = pending.present().unwrap_or_else(|| panic!("{pending:?}"));
    assert_eq!(pending.names, [SubjectName::dns(FIRST)].into());
    assert_eq!(pending.common_name.as_deref(), Some(FIRST));

    let issued = site.lab.authority().sign(pending.pem.as_bytes()).unwrap();
    let issued = pki::read_bundle(&issued, "issued").unwrap();
    let leaf = pki::choose_leaf(issued).unwrap().0;
    let upload = Write::UploadIdentity {
        purpose: tomcat(),
        pem: leaf.pem.clone(),
    };
    let early = writer.perform(&node, &upload).await;
    assert!(
        matches!(&early, Err(WriteError::Refused(text)) if text.contains("E1:")),
        "{early:?}"
    );
    let chain = std::fs::read(site.lab.dir().join("ca/corp-chain.pem")).unwrap();
    let chain = pki::read_bundle(&chain, "the chain").unwrap();
    let store = Store::from("tomcat-trust");
    for authority in pki::order_chain(chain).unwrap() {
        let state = site.look(&[FactGroup::Certificates]).await;
        if state.nodes[&node].trusts(&store, &authority.facts.sha256) == Some(true) {
            continue;
        }
        let write = Write::UploadTrust {
            store: store.clone(),
            pem: authority.pem.clone(),
            description: String::new(),
        };
        writer.perform(&node, &write).await.unwrap();
        let state = site.look(&[FactGroup::Certificates]).await;
        let stored = state.nodes[&node].trusts(&store, &authority.facts.sha256);
        assert_eq!(stored, Some(true));
    }
    writer.perform(&node, &upload).await.unwrap();
    let state = site.look(&[FactGroup::Certificates]).await;
    let stored = &state.nodes[&node];
    assert_eq!(
        stored.identities[&tomcat()].present(),
        Some(&leaf.facts.sha256)
    );
    assert!(!matches!(
        stored.pending.get(&tomcat()),
        Some(Observed::Present(_))
    ));
    let again = writer.perform(&node, &upload).await;
    assert!(matches!(again, Err(WriteError::Refused(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shell_cannot_choose_is_not_sent() {
    let site = Site::start(old());
    let outcome = site
        .writer()
        .perform(&NodeName::from(FIRST), &request(Distribution::MultiServer))
        .await;
    assert!(
        matches!(outcome, Err(WriteError::NotSent(_))),
        "{outcome:?}"
    );
    assert!(site.lab.log().iter().all(|entry| entry.kind != Kind::Write));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_while_a_request_is_made_is_unknown_and_not_typed_again() {
    for mode in [Mode::SshCut, Mode::SshCutActed] {
        let site = Site::start(old());
        site.look(&[FactGroup::Certificates]).await;
        site.lab.plant(Fault::new("ssh set csr gen", mode).times(9));
        let outcome = site
            .writer()
            .perform(&NodeName::from(FIRST), &request(Distribution::ThisServer))
            .await;
        assert!(
            matches!(outcome, Err(WriteError::Unknown(_))),
            "{mode:?}: {outcome:?}"
        );
        let log = site.lab.log();
        let typed = log.iter().filter(|entry| entry.kind == Kind::Write).count();
        assert!(typed <= 1, "{mode:?}: {typed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_is_cut_leaves_the_inventory_unknown_and_the_rest_known() {
    let site = Site::start(old());
    site.lab.plant(
        Fault::new("ssh show cert list trust", Mode::SshCut)
            .at(FIRST)
            .times(9),
    );
    let state = site
        .look(&[FactGroup::Certificates, FactGroup::Services])
        .await;
    let first = &state.nodes[&NodeName::from(FIRST)];
    assert!(first.inventory.unknown().is_some(), "{first:?}");
    assert!(first.identities.is_empty() && first.trust.is_empty());
    assert!(first.services.present().is_some());
    let publisher = &state.nodes[&NodeName::from(PUBLISHER)];
    assert!(publisher.inventory.present().is_some());
}
