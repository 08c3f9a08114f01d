//! Every condition: holding, failing, unknown.

use std::sync::Arc;
use std::time::Duration;

use crate::execute::testing::{MemoryCluster, MemoryTime, node};
use crate::execute::{Judgement, Look, judge};
use crate::journal::{Artifacts, IssuedLeaf, MadeRequest};
use crate::model::{
    BackupJob, ClusterState, Fingerprint, Observed, PhoneCensus, Purpose, ServedChain, SsoState,
    StepId, Store, TrustEntry, TrustList, TrustRecord,
};
use crate::pki::testing::Recipe;
use crate::plan::Condition;

fn leaf() -> Fingerprint {
    Fingerprint::of(b"leaf")
}

/// A look that ended a minute after [`ACTED`].
fn looked<'a>(state: &'a ClusterState, artifacts: &'a Artifacts) -> Look<'a> {
    Look {
        state,
        ended: ACTED.parse::<jiff::Timestamp>().unwrap() + Duration::from_mins(1),
        artifacts,
    }
}

/// When every step acted.
const ACTED: &str = "2026-06-01T00:00:00.4Z";

fn phones_reset() -> Condition {
    Condition::PhonesReset {
        pool: "floor".to_owned(),
        step: "hq-07".into(),
    }
}

fn phones_back() -> Condition {
    Condition::PhonesBack {
        resets: ["hq-07".into()].into(),
        polls: 3,
    }
}

/// A census in which each of these phones has changed its status so many seconds after [`ACTED`].
fn census(counted: u64, phones: &[(&str, i64)]) -> Observed<PhoneCensus> {
    let acted = ACTED.parse::<jiff::Timestamp>().unwrap().as_second();
    let registered = phones
        .iter()
        .map(|(name, after)| ((*name).to_owned(), acted + after));
    Observed::Present(PhoneCensus {
        counted: [(node("pub"), counted)].into(),
        registered: registered.collect(),
        configured: Observed::default(),
    })
}

fn conditions() -> Vec<Condition> {
    let (node, purpose, step) = (node("pub"), Purpose::from("tomcat"), StepId::from("hq-02"));
    let request = |step| Condition::RequestOf {
        node: node.clone(),
        purpose: purpose.clone(),
        step,
    };
    vec![
        Condition::Trusts {
            node: node.clone(),
            store: "tomcat-trust".into(),
            sha256: leaf(),
        },
        request(step.clone()),
        Condition::IdentityIs {
            node: node.clone(),
            purpose: purpose.clone(),
            sha256: leaf(),
        },
        Condition::IdentityOf {
            node: node.clone(),
            purpose: purpose.clone(),
            step: step.clone(),
        },
        Condition::Serves {
            node: node.clone(),
            listener: "8443/rsa".parse().unwrap(),
            step,
        },
        Condition::Runs {
            node: node.clone(),
            service: "Cisco Tomcat".into(),
        },
        Condition::Healthy {
            node: node.clone(),
            services: ["Cisco DRF Local".into()].into(),
        },
        Condition::SsoDisabled { node: node.clone() },
        Condition::BackupIdle { node: node.clone() },
        Condition::ReplicationGood {},
        Condition::PhonesAtLeast { count: 10 },
        Condition::StartedSince {
            node: node.clone(),
            service: "Cisco Tomcat".into(),
            step: "hq-05".into(),
        },
        Condition::TrustListHolds {
            step: "hq-02".into(),
        },
        phones_reset(),
        phones_back(),
    ]
}

/// A state and artifacts in which every condition above holds.
fn holding() -> (ClusterState, Artifacts) {
    let mut state = MemoryCluster::new(Arc::new(MemoryTime::new())).seen();
    let request = Recipe::leaf("pub").request();
    let mut artifacts = Artifacts::default();
    let made = MadeRequest {
        public_key: request.key.sha256.clone(),
        sha256: request.sha256.clone(),
        pem: request.pem.clone(),
    };
    artifacts.requests.insert("hq-02".into(), made);
    artifacts.leaves.insert(
        "hq-02".into(),
        IssuedLeaf {
            sha256: leaf(),
            pem: Recipe::leaf("pub").self_signed().parsed.pem,
        },
    );
    for step in ["hq-05", "hq-07"] {
        artifacts.acted.insert(step.into(), ACTED.parse().unwrap());
    }
    let pool = "floor".to_owned();
    let names = ["SEP0A", "SEP0B"].map(str::to_owned).into();
    artifacts.phones.registered.insert(pool.clone(), names);
    artifacts.resets.insert("hq-07".into(), pool);
    state.phones = census(10, &[("SEP0A", 0), ("SEP0B", 30)]);
    let record = TrustRecord {
        function: "CCM+TFTP".to_owned(),
        subject: "CN=pub".to_owned(),
        serial: Recipe::leaf("pub").self_signed().parsed.facts.serial,
    };
    state.ctl = Observed::Present(TrustList {
        modified: "today".to_owned(),
        records: vec![record],
    });
    let seen = state.nodes.get_mut(&node("pub")).unwrap();
    let entry = TrustEntry {
        file: "leaf".to_owned(),
        sha256: leaf(),
    };
    seen.trust
        .insert(Store::from("tomcat-trust"), Observed::Present(vec![entry]));
    seen.pending
        .insert("tomcat".into(), Observed::Present(request));
    seen.identities
        .insert("tomcat".into(), Observed::Present(leaf()));
    let chain = ServedChain {
        leaf: leaf(),
        rest: Vec::new(),
    };
    seen.served
        .insert("8443/rsa".parse().unwrap(), Observed::Present(chain));
    seen.backup_job = Observed::Present(BackupJob::Idle);
    if let Observed::Present(services) = &mut seen.services {
        let tomcat = services.get_mut(&"Cisco Tomcat".into()).unwrap();
        tomcat.up_seconds = Some(10);
    }
    (state, artifacts)
}

#[test]
fn a_condition_holds_fails_or_is_unknown_by_what_was_seen() {
    let (good, artifacts) = holding();
    let mut bad = MemoryCluster::new(Arc::new(MemoryTime::new())).seen();
    let seen = bad.nodes.get_mut(&node("pub")).unwrap();
    seen.services = Observed::Present(std::collections::BTreeMap::new());
    seen.sso = Observed::Present(SsoState::Enabled);
    seen.backup_job = Observed::Present(BackupJob::Running("60 %".to_owned()));
    bad.phones = census(0, &[("SEP0A", -1), ("SEP0B", 30)]);
    bad.ctl = Observed::Absent;
    if let Observed::Present(states) = &mut bad.replication {
        states.get_mut(&node("sub")).unwrap().words = "Broken".to_owned();
    }
    let mut dark = good.clone();
    for seen in dark.nodes.values_mut() {
        *seen = crate::model::NodeState::unasked(seen.role);
    }
    dark.replication = Observed::default();
    dark.phones = Observed::default();
    dark.ctl = Observed::default();
    for condition in conditions() {
        let judged = |state| judge(&condition, looked(state, &artifacts));
        assert_eq!(judged(&good), Judgement::Holds, "{condition:?}");
        assert!(
            matches!(judged(&bad), Judgement::Fails { .. }),
            "{condition:?}: {:?}",
            judged(&bad)
        );
        assert!(
            matches!(judged(&dark), Judgement::Unknown { .. }),
            "{condition:?}: {:?}",
            judged(&dark)
        );
    }
}

#[test]
fn no_request_and_single_sign_on_are_the_other_way_round() {
    let (state, artifacts) = holding();
    let none = |name: &str| Condition::NoRequest {
        node: node(name),
        purpose: "tomcat".into(),
    };
    let judged = |condition| judge(&condition, looked(&state, &artifacts));
    assert!(matches!(judged(none("pub")), Judgement::Fails { .. }));
    assert_eq!(judged(none("sub")), Judgement::Holds);
    assert!(matches!(judged(none("other")), Judgement::Unknown { .. }));
    assert!(matches!(
        judged(Condition::SsoEnabled { node: node("pub") }),
        Judgement::Fails { .. }
    ));
}

#[test]
fn what_this_run_did_not_record_is_unknown() {
    let (state, _) = holding();
    for condition in conditions() {
        let rests_on_artifacts = matches!(
            condition,
            Condition::RequestOf { .. }
                | Condition::IdentityOf { .. }
                | Condition::Serves { .. }
                | Condition::StartedSince { .. }
                | Condition::TrustListHolds { .. }
                | Condition::PhonesReset { .. }
        );
        if rests_on_artifacts {
            let judged = judge(&condition, looked(&state, &Artifacts::default()));
            assert!(matches!(judged, Judgement::Unknown { .. }), "{condition:?}");
        }
    }
}

#[test]
fn a_call_processing_node_without_a_replication_line_is_unknown() {
    let (mut state, artifacts) = holding();
    if let Observed::Present(states) = &mut state.replication {
        states.remove(&node("sub"));
    }
    let judged = judge(&Condition::ReplicationGood {}, looked(&state, &artifacts));
    assert!(matches!(judged, Judgement::Unknown { .. }));
}

#[test]
fn a_phone_counts_by_its_time_stamp_on_the_operators_clock() {
    use Judgement::Holds;
    let (mut state, mut artifacts) = holding();
    let names = |count: usize| (0..count).map(|at| format!("SEP{at:02}"));
    artifacts.phones.registered = [("floor".to_owned(), names(12).collect())].into();
    let said = |state: &ClusterState, artifacts: &Artifacts| {
        [phones_reset(), phones_back()].map(|condition| judge(&condition, looked(state, artifacts)))
    };
    let all = |after: i64| names(12).map(|name| (name, after)).collect::<Vec<_>>();
    let shown = |phones: &[(String, i64)]| {
        let phones: Vec<_> = phones
            .iter()
            .map(|(name, after)| (name.as_str(), *after))
            .collect();
        census(10, &phones)
    };
    state.phones = shown(&all(0));
    assert_eq!(
        said(&state, &artifacts),
        [Holds, Holds],
        "the second in which the reset began"
    );

    // The publisher is an hour ahead: the same time stamps are of an hour ago.
    state
        .nodes
        .get_mut(&node("pub"))
        .unwrap()
        .clock_skew_seconds = Observed::Present(3600);
    for judged in said(&state, &artifacts) {
        let Judgement::Fails { found, .. } = judged else {
            panic!("{judged:?}");
        };
        assert!(
            found.contains("SEP00, SEP01") && found.ends_with("SEP09 and 2 more"),
            "{found}"
        );
    }
    state.phones = shown(&all(3600));
    assert_eq!(said(&state, &artifacts), [Holds, Holds]);

    // A phone that is gone has been reset, and is not back; a waived one is neither asked for.
    state.phones = shown(&all(3600)[1..]);
    let [reset, back] = said(&state, &artifacts);
    assert_eq!(reset, Holds);
    assert!(matches!(back, Judgement::Fails { .. }), "{back:?}");
    artifacts.waived.insert("SEP00".to_owned());
    assert_eq!(said(&state, &artifacts), [Holds, Holds]);

    // A pool that no step resets, and a clock that is not known, are unknown.
    artifacts.resets.clear();
    let [_, back] = said(&state, &artifacts);
    assert!(matches!(back, Judgement::Unknown { .. }), "{back:?}");
    state
        .nodes
        .get_mut(&node("pub"))
        .unwrap()
        .clock_skew_seconds = Observed::default();
    let [reset, _] = said(&state, &artifacts);
    assert!(matches!(reset, Judgement::Unknown { .. }), "{reset:?}");
    artifacts.waived.extend(names(12));
    state.phones = Observed::default();
    assert_eq!(
        said(&state, &artifacts),
        [Holds, Holds],
        "nobody is left to ask for"
    );
}

#[test]
fn a_service_counts_from_when_it_began_to_run() {
    let (mut state, artifacts) = holding();
    let started = |service: &str, step: &str| Condition::StartedSince {
        node: node("pub"),
        service: service.into(),
        step: step.into(),
    };
    let mut judged = |up| {
        let seen = state.nodes.get_mut(&node("pub")).unwrap();
        if let Observed::Present(services) = &mut seen.services {
            services.get_mut(&"Cisco Tomcat".into()).unwrap().up_seconds = up;
        }
        judge(
            &started("Cisco Tomcat", "hq-05"),
            looked(&state, &artifacts),
        )
    };
    // The look ended a minute after the upload.
    assert_eq!(judged(Some(60)), Judgement::Holds);
    assert!(matches!(judged(Some(61)), Judgement::Fails { .. }));
    assert!(matches!(judged(None), Judgement::Unknown { .. }));
}
