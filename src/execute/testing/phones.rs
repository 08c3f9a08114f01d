//! A plan for what phones hold.

use std::collections::BTreeSet;

use super::MemoryCluster;
use super::plan::{await_all, confirm, id, node, request, restarts, step, upload, whole};
use crate::clock::Clock as _;
use crate::model::{Fingerprint, Observed, TrustList};
use crate::plan::{Action, Condition, PhoneBaseline, Plan, Stage, Step};

/// The device pool of every phone.
pub(in super::super) const POOL: &str = "floor";

/// The step that resets them.
pub(in super::super) const RESET: &str = "hq-07";

/// The step that waits for them.
pub(in super::super) const GATE: &str = "hq-09";

/// The services that load the certificate.
const PUBLISHERS: &str = "Cisco CallManager";
const SUBSCRIBERS: &str = "Cisco TFTP";

fn names() -> BTreeSet<String> {
    ["SEP0A", "SEP0B", "SEP0C"].map(str::to_owned).into()
}

/// Gives the cluster phones, a certificate that they know and the services that load it.
pub(super) fn with_phones(device: &MemoryCluster) {
    let long_ago = "2026-05-01T00:00:00Z".parse().unwrap();
    assert!(long_ago < device.time.now());
    let mut truth = device.truth();
    for name in names() {
        truth.phones.insert(name, (POOL.to_owned(), long_ago));
    }
    for (at, service) in [("pub", PUBLISHERS), ("sub", SUBSCRIBERS)] {
        truth.since.insert((node(at), service.into()), long_ago);
    }
    let publisher = truth.state.nodes.get_mut(&node("pub")).unwrap();
    let old = Fingerprint::of(b"old");
    let purpose = "CallManager";
    publisher
        .identities
        .insert(purpose.into(), Observed::Present(old));
    publisher.pending.insert(purpose.into(), Observed::Absent);
    truth.state.ctl = Observed::Present(TrustList {
        modified: "long ago".to_owned(),
        records: Vec::new(),
    });
}

fn back(polls: u32) -> Vec<Condition> {
    let back = Condition::PhonesBack {
        resets: [RESET.into()].into(),
        polls,
    };
    vec![back, Condition::ReplicationGood {}]
}

/// The shared certificate of the cluster is renewed: stored, listed, loaded by both nodes, taken by the phones.
pub(super) fn phone_plan(device: &MemoryCluster) -> Plan {
    use crate::model::ControlPath::ControlCenter;
    let since = |at, service: &str| Condition::StartedSince {
        node: node(at),
        service: service.into(),
        step: id(3),
    };
    let list = Step {
        after: vec![Condition::TrustListHolds { step: id(1) }],
        ..step(4, Stage::Install, Some("pub"), Action::UpdateTrustList {})
    };
    let pool = POOL.to_owned();
    let reset = Step {
        after: vec![Condition::PhonesReset {
            pool: pool.clone(),
            step: id(7),
        }],
        ..step(
            7,
            Stage::Activate,
            Some("pub"),
            Action::ResetPhones { pool },
        )
    };
    let steps = vec![
        request(1, "pub", "CallManager"),
        step(2, Stage::Request, None, await_all([id(1)].into())),
        upload(3, "pub", "CallManager", 1),
        list,
        restarts(5, "pub", PUBLISHERS, ControlCenter),
        restarts(6, "sub", SUBSCRIBERS, ControlCenter),
        reset,
        confirm(
            8,
            Stage::Activate,
            None,
            vec![since("pub", PUBLISHERS), since("sub", SUBSCRIBERS)],
        ),
        confirm(9, Stage::Activate, None, back(3)),
        confirm(10, Stage::Verify, None, back(1)),
    ];
    let phones = PhoneBaseline {
        registered: [(POOL.to_owned(), names())].into(),
        ..PhoneBaseline::default()
    };
    whole(device, steps, Some(phones))
}
