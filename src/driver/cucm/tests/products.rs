use std::collections::BTreeSet;

use reissue_lab::{Channel, Kind, LabConfig};

use super::*;
use crate::model::{BackupJob, Observed, SecurityMode};

fn ports(state: &ClusterState, node: &str) -> BTreeSet<Port> {
    let node = &state.nodes[&NodeName::from(node)];
    node.served.keys().map(|listener| listener.port).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_nodes_are_asked_for_what_they_have() {
    let site = Site::with_presence(LabConfig {
        subscribers: 0,
        ..LabConfig::default()
    });
    let state = site.reader.observe(&Scope::everything()).await;
    assert_eq!(unknowns(&state), Vec::<String>::new());
    assert_eq!(site.reader.problems(), []);
    let [first, second] = PRESENCE;
    assert_eq!(
        state.presence_publisher,
        Observed::Present(NodeName::from(first))
    );
    assert_eq!(state.security.present(), Some(&SecurityMode::NonSecure));
    let listed = state.listed.present().unwrap();
    assert_eq!(listed[&NodeName::from(second)], Role::ImPresence);
    for name in PRESENCE {
        let asked = [Port::Rest, Port::Soap, Port::Sip, Port::Xmpp];
        assert_eq!(ports(&state, name), asked.into(), "{name}");
        let node = &state.nodes[&NodeName::from(name)];
        let xmpp = node
            .served
            .iter()
            .find(|(listener, _)| listener.port == Port::Xmpp);
        let (_, chain) = xmpp.unwrap();
        let leaf = &chain.present().unwrap().leaf;
        assert!(state.certificates.contains_key(leaf), "{name}");
        // The publisher's backup master speaks for every node of the cluster.
        assert_eq!(node.backup_job.present(), Some(&BackupJob::Idle), "{name}");
    }
    assert!(ports(&state, PUBLISHER).contains(&Port::Tvs));
    let backups = site.lab.log().into_iter().filter(|entry| {
        entry.channel == Channel::Ssh
            && entry.kind == Kind::Read
            && format!("{} {}", entry.what, entry.detail).contains("disaster_recovery")
    });
    let asked: BTreeSet<String> = backups.map(|entry| entry.node).collect();
    assert_eq!(asked, [PUBLISHER.to_owned()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn unity_connection_is_asked_no_database_and_has_no_phones() {
    let site = Site::unity();
    let state = site.reader.observe(&Scope::everything()).await;
    assert_eq!(unknowns(&state), Vec::<String>::new());
    assert_eq!(site.reader.problems(), []);
    assert_eq!(state.product, Product::UnityConnection);
    let [publisher, subscriber] = UNITY.map(NodeName::from);
    let listed = state.listed.present().unwrap();
    assert_eq!(listed[&publisher], Role::Publisher);
    assert_eq!(listed[&subscriber], Role::Subscriber);
    assert_eq!(state.security, Observed::Absent);
    assert_eq!(state.phones, Observed::Absent);
    assert_eq!(state.ctl, Observed::Absent);
    assert_eq!(state.presence_publisher, Observed::Absent);
    for name in UNITY {
        assert_eq!(
            ports(&state, name),
            [Port::Rest, Port::Soap].into(),
            "{name}"
        );
        let node = &state.nodes[&NodeName::from(name)];
        assert!(node.services.present().is_some(), "{name}");
    }
    let log = site.lab.log();
    let database = [Channel::Axl, Channel::Ris, Channel::Perfmon];
    assert!(log.iter().all(|entry| !database.contains(&entry.channel)));
}
