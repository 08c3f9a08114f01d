use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use reissue_lab::{Channel, Fault, Kind, LabConfig, Mode};

use super::*;
use crate::clock::Clock as _;
use crate::driver::{Actuate as _, Write, WriteError};
use crate::model::{Observed, PhoneCensus, PhoneSecurity};

fn census(state: &ClusterState) -> &PhoneCensus {
    state
        .phones
        .present()
        .unwrap_or_else(|| panic!("{:?}", state.phones))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_phone_of_the_database_is_told_apart_from_the_registered() {
    let site = Site::start(LabConfig {
        absent_phones: 3,
        secure_phones: 2,
        ..LabConfig::default()
    });
    let state = site.look(&[FactGroup::Phones]).await;
    let census = census(&state);
    assert_eq!(census.registered.len(), 21);
    assert_eq!(census.absent().unwrap().len(), 3);
    let configured = census.configured.present().unwrap();
    assert_eq!(configured.len(), 24);
    let secure = configured.values().filter(|phone| {
        let tls = [PhoneSecurity::Authenticated, PhoneSecurity::Encrypted];
        tls.contains(&phone.security) && phone.lsc == Some(true)
    });
    assert_eq!(secure.count(), 2);
    let now = SystemClock.now().as_second();
    let recent = |at: &i64| (now - 30 * 86_400..=now + 60).contains(at);
    assert!(census.registered.values().all(recent), "{census:?}");
    for (name, phone) in configured {
        let pool = site.lab.look_cluster("hq", |cluster| {
            let same = cluster.phones.iter().find(|phone| phone.name == *name);
            same.map(|phone| phone.pool.clone())
        });
        assert_eq!(phone.pool, pool.unwrap(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_phones_alone_costs_one_counter_for_each_node_and_one_page() {
    let site = Site::start(LabConfig::default());
    site.look(&[FactGroup::Phones]).await;
    let before = site.lab.log().len();
    let state = site.look(&[FactGroup::Phones]).await;
    assert_eq!(census(&state).registered.len(), 24);
    let skew = &state.nodes[&NodeName::from(PUBLISHER)].clock_skew_seconds;
    assert!(
        skew.present().is_some_and(|skew| skew.abs() <= 1),
        "{skew:?}"
    );
    let log = site.lab.log().split_off(before);
    let mut asked = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.kind == Kind::Read) {
        *asked.entry(entry.channel).or_insert(0) += 1;
    }
    asked.remove(&Channel::Tls);
    assert_eq!(
        asked,
        BTreeMap::from([(Channel::Perfmon, 3), (Channel::Ris, 1)])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_read_leaves_only_its_facts_unknown() {
    let site = Site::start(LabConfig::default());
    site.lab
        .plant(Fault::new("executeSQLQuery", Mode::Status500));
    let state = site.look(&[FactGroup::Phones]).await;
    let configured = &census(&state).configured;
    assert!(
        configured
            .unknown()
            .is_some_and(|why| why.contains("executeSQLQuery")),
        "{configured:?}"
    );
    assert_eq!(census(&state).registered.len(), 24);
    // It is asked again, since nothing was learned.
    let again = site.look(&[FactGroup::Phones]).await;
    assert_eq!(
        census(&again).configured.present().map(BTreeMap::len),
        Some(24)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_of_a_pool_are_reset_and_come_back_later() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let publisher = NodeName::from(PUBLISHER);
    let state = site.look(&[FactGroup::Phones]).await;
    let before = census(&state).registered.clone();
    let configured = census(&state).configured.present().unwrap().clone();
    let pools: BTreeSet<String> = configured
        .values()
        .filter_map(|phone| phone.pool.clone())
        .collect();
    let pool = pools.into_iter().next().unwrap();
    let write = Write::ResetPhones { pool: pool.clone() };
    writer.perform(&publisher, &write).await.unwrap();
    let mine = |name: &String| configured[name].pool.as_ref() == Some(&pool);
    let begun = Instant::now();
    loop {
        let state = site.look(&[FactGroup::Phones]).await;
        let now = &census(&state).registered;
        let back = before
            .iter()
            .filter(|(name, _)| mine(name))
            .all(|(name, old)| now.get(name).is_some_and(|at| at > old));
        if back {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "never back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_or_a_list_that_cannot_be_is_not_sent_or_refused_in_the_nodes_words() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    let (publisher, first) = (NodeName::from(PUBLISHER), NodeName::from(FIRST));
    let reset = |pool: &str| Write::ResetPhones {
        pool: pool.to_owned(),
    };
    for (node, write) in [
        (&publisher, reset(" ")),
        (&first, reset("Default")),
        (&first, Write::UpdateTrustList),
    ] {
        let outcome = writer.perform(node, &write).await;
        assert!(
            matches!(outcome, Err(WriteError::NotSent(_))),
            "{outcome:?}"
        );
    }
    assert!(site.lab.log().iter().all(|entry| entry.kind != Kind::Write));
    let refused = writer.perform(&publisher, &reset("Nobody's pool")).await;
    assert!(
        matches!(refused, Err(WriteError::Refused(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_without_an_answer_is_unknown_and_sent_once() {
    let site = Site::start(LabConfig::default());
    let writer = site.writer();
    site.lab
        .plant(Fault::new("resetDevicePool", Mode::ActThenDrop).times(9));
    let state = site.look(&[FactGroup::Phones]).await;
    let configured = census(&state).configured.present().unwrap();
    let pool = configured
        .values()
        .find_map(|phone| phone.pool.clone())
        .unwrap();
    let outcome = writer
        .perform(&NodeName::from(PUBLISHER), &Write::ResetPhones { pool })
        .await;
    assert!(
        matches!(outcome, Err(WriteError::Unknown(_))),
        "{outcome:?}"
    );
    let log = site.lab.log();
    let sent = log.iter().filter(|entry| entry.kind == Kind::Write).count();
    assert_eq!(sent, 1, "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trust_list_is_read_written_anew_and_read_again() {
    let site = Site::start(LabConfig {
        mixed_mode: true,
        ..LabConfig::default()
    });
    let state = site
        .look(&[FactGroup::TrustList, FactGroup::Certificates])
        .await;
    let before = state
        .ctl
        .present()
        .unwrap_or_else(|| panic!("{:?}", state.ctl));
    let functions: BTreeSet<&str> = before
        .records
        .iter()
        .map(|record| record.function.as_str())
        .collect();
    assert!(
        functions.contains("CCM+TFTP") && functions.contains("CAPF"),
        "{functions:?}"
    );
    let capf = crate::model::Purpose::from("CAPF");
    let capf = state.identity(&NodeName::from(PUBLISHER), &capf).unwrap();
    assert!(before.lists(&capf.serial), "{} in {before:?}", capf.serial);
    let writer = site.writer();
    let publisher = NodeName::from(PUBLISHER);
    writer
        .perform(&publisher, &Write::UpdateTrustList)
        .await
        .unwrap();
    let state = site.look(&[FactGroup::TrustList]).await;
    assert_eq!(state.ctl.present().unwrap().records, before.records);
    site.lab
        .plant(Fault::new("ssh utils ctl update", Mode::SshCutActed).times(9));
    let outcome = writer.perform(&publisher, &Write::UpdateTrustList).await;
    assert!(
        matches!(outcome, Err(WriteError::Unknown(_))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mixed_mode_there_is_no_trust_list_and_none_is_written() {
    let site = Site::start(LabConfig::default());
    let state = site.look(&[FactGroup::TrustList]).await;
    assert_eq!(state.ctl, Observed::Absent);
}
