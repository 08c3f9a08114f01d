use std::collections::BTreeSet;

use reissue_lab::{Channel, Fault, Kind, LabConfig, Mode};

use super::*;
use crate::model::{
    BackupJob, KeyAlgorithm, Listener, Observed, Purpose, SecurityMode, ServiceName, ServiceStatus,
    SsoState, Store,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_cluster_leaves_nothing_unknown() {
    let site = Site::start(LabConfig::default());
    let state = site.reader.observe(&Scope::everything()).await;
    assert_eq!(unknowns(&state), Vec::<String>::new());
    assert_eq!(site.reader.problems(), []);

    let names: BTreeSet<NodeName> = [PUBLISHER, FIRST, SECOND].map(NodeName::from).into();
    assert_eq!(state.nodes.keys().cloned().collect::<BTreeSet<_>>(), names);
    let listed = state.listed.present().unwrap();
    assert_eq!(listed.keys().cloned().collect::<BTreeSet<_>>(), names);
    assert_eq!(listed[&NodeName::from(PUBLISHER)], Role::Publisher);
    assert_eq!(listed[&NodeName::from(SECOND)], Role::Subscriber);
    let network = state.network.present().unwrap();
    assert_eq!(network.keys().cloned().collect::<BTreeSet<_>>(), names);
    assert!(network.values().all(|authenticated| *authenticated));
    assert_eq!(state.security.present(), Some(&SecurityMode::NonSecure));
    let replication = state.replication.present().unwrap();
    assert_eq!(replication.keys().cloned().collect::<BTreeSet<_>>(), names);
    assert!(replication.values().all(crate::model::Replication::is_good));
    let phones = state.phones.present().unwrap();
    assert_eq!(phones.registered.len(), 24);
    assert_eq!(phones.counted.values().sum::<u64>(), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_node_tells_what_it_stores_serves_and_runs() {
    let site = Site::start(LabConfig::default());
    let state = site.reader.observe(&Scope::everything()).await;
    let tomcat = Purpose::from("tomcat");
    for (name, node) in &state.nodes {
        assert_eq!(
            node.release.present().unwrap().level(),
            (14, 0, 3),
            "{name}"
        );
        let host = name.short();
        assert!(
            node.reported_name.present().unwrap().starts_with(host),
            "{name}"
        );
        assert!(
            node.clock_skew_seconds.present().unwrap().abs() <= 1,
            "{name}"
        );
        let stored = node.identities[&tomcat].present().unwrap();
        assert_eq!(node.pending[&tomcat], Observed::Absent, "{name}");
        assert!(
            node.trust.contains_key(&Store::from("tomcat-trust")),
            "{name}"
        );
        let port = |port| Listener {
            port,
            key: KeyAlgorithm::Rsa,
        };
        for listener in [port(Port::Rest), port(Port::Soap)] {
            assert_eq!(
                &node.served[&listener].present().unwrap().leaf,
                stored,
                "{name} {listener}"
            );
        }
        assert!(state.certificates.contains_key(stored), "{name}");
        let services = node.services.present().unwrap();
        let service = &services[&ServiceName::from("Cisco Tomcat")];
        assert_eq!(service.status, ServiceStatus::Started, "{name}");
        assert!(service.up_seconds.is_some(), "{name}");
        assert_eq!(node.sso.present(), Some(&SsoState::Disabled), "{name}");
        assert_eq!(node.backup_job.present(), Some(&BackupJob::Idle), "{name}");
    }
    let publisher = state.identity(&NodeName::from(PUBLISHER), &tomcat).unwrap();
    assert!(publisher.is_self_signed());
    let second = state.identity(&NodeName::from(SECOND), &tomcat).unwrap();
    let signer = second.signed_by.iter().next().unwrap();
    assert!(
        state.certificates[signer].authority,
        "the issuers' chains are known, too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observation_asks_nothing_twice_and_writes_nothing() {
    let site = Site::start(LabConfig::default());
    let _state = site.reader.observe(&Scope::everything()).await;
    let log = site.lab.log();
    assert!(
        log.iter()
            .all(|entry| entry.kind != Kind::Write && entry.kind != Kind::Effect)
    );
    let mut asked = BTreeSet::new();
    for entry in log
        .iter()
        .filter(|entry| entry.kind == Kind::Read && entry.channel != Channel::Tls)
    {
        let question = (entry.node.clone(), entry.what.clone(), entry.detail.clone());
        assert!(asked.insert(question), "asked twice: {entry:?}");
    }
    assert!(asked.len() > 10, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_asked_nodes_and_groups_are_asked() {
    let site = Site::start(LabConfig::default());
    let scope = Scope {
        nodes: Some([NodeName::from(FIRST)].into()),
        groups: [FactGroup::Services].into(),
    };
    let state = site.reader.observe(&scope).await;
    assert!(
        state.nodes[&NodeName::from(FIRST)]
            .services
            .present()
            .is_some()
    );
    assert_eq!(
        state.nodes[&NodeName::from(SECOND)].services.unknown(),
        Some("not asked")
    );
    assert_eq!(state.listed.unknown(), Some("not asked"));
    let log = site.lab.log();
    assert!(
        log.iter()
            .all(|entry| entry.node.is_empty() || entry.node == FIRST),
        "{log:?}"
    );
    assert!(log.iter().any(|entry| entry.channel == Channel::Control));
    assert!(
        log.iter()
            .all(|entry| entry.channel != Channel::Rest && entry.channel != Channel::Ssh)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_phones_are_asked_for_by_name() {
    let config = LabConfig {
        phones: 1200,
        ..LabConfig::default()
    };
    let site = Site::start(config);
    let state = site.look(&[FactGroup::Phones]).await;
    let phones = state.phones.present().unwrap();
    assert_eq!(phones.registered.len(), 1200);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_that_cannot_all_be_named_are_unknown() {
    let config = LabConfig {
        phones: 1200,
        faults: vec![Fault::new("executeSQLQuery", Mode::Status500)],
        ..LabConfig::default()
    };
    let site = Site::start(config);
    let state = site.look(&[FactGroup::Phones]).await;
    let why = state.phones.unknown();
    assert!(
        why.is_some_and(|why| why.contains("executeSQLQuery")),
        "{why:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_the_platform_is_read_as_it_is() {
    let config = LabConfig {
        sso: true,
        ..LabConfig::default()
    };
    let site = Site::start(config);
    assert!(site.lab.change("hq", SECOND, |node| {
        node.replication = 4;
    }));
    let state = site.look(&[FactGroup::Platform]).await;
    let second = &state.nodes[&NodeName::from(SECOND)];
    assert_eq!(second.sso.present(), Some(&SsoState::Enabled));
    let replication = &state.replication.present().unwrap()[&NodeName::from(SECOND)];
    assert!(!replication.is_good(), "{replication:?}");
    assert_eq!(second.inventory.unknown(), Some("not asked"));
}
