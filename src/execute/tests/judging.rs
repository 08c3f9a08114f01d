//! Every condition: holding, failing, unknown.

use std::sync::Arc;
use std::time::Duration;

use crate::execute::testing::{MemoryCluster, MemoryTime, node};
use crate::execute::{Judgement, Look, judge};
use crate::journal::{Artifacts, IssuedLeaf, MadeRequest};
use crate::model::{
    BackupJob, ClusterState, Fingerprint, Observed, Purpose, ServedChain, SsoState, StepId, Store,
    TrustEntry,
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
        ended: ACTED.parse::<jiff::Timestamp>().unwrap() + Duration::from_secs(60),
        artifacts,
    }
}

/// When every step acted.
const ACTED: &str = "2026-06-01T00:00:00.4Z";

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
            pem: String::new(),
        },
    );
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
    bad.phones = Observed::Absent;
    if let Observed::Present(states) = &mut bad.replication {
        states.get_mut(&node("sub")).unwrap().words = "Broken".to_owned();
    }
    let mut dark = good.clone();
    for seen in dark.nodes.values_mut() {
        *seen = crate::model::NodeState::unasked(seen.role);
    }
    dark.replication = Observed::default();
    dark.phones = Observed::default();
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
            Condition::RequestOf { .. } | Condition::IdentityOf { .. } | Condition::Serves { .. }
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
