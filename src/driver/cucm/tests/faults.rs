use std::time::Instant;

use reissue_lab::{Fault, Kind, LabConfig, Mode};

use super::*;
use crate::driver::cucm::ProblemKind;
use crate::driver::{Actuate as _, Write, WriteError};
use crate::model::{
    ControlPath, Distribution, KeyAlgorithm, KeySpec, Observed, Purpose, ServiceName,
};

fn request() -> Write {
    Write::GenerateRequest {
        purpose: Purpose::from("tomcat"),
        distribution: Distribution::ThisServer,
        common_name: FIRST.to_owned(),
        names: [].into(),
        key: KeySpec {
            algorithm: KeyAlgorithm::Rsa,
            bits: 2048,
        },
        hash: "sha256".to_owned(),
    }
}

/// What the writer says, and how often the node carried the request out.
async fn write(mode: Mode) -> (Result<(), WriteError>, usize) {
    let site = Site::start(LabConfig::default());
    site.lab
        .plant(Fault::new("rest POST csr", mode).at(FIRST).times(9));
    let outcome = site
        .writer()
        .perform(&NodeName::from(FIRST), &request())
        .await;
    let sent = site
        .lab
        .log()
        .iter()
        .filter(|entry| entry.kind == Kind::Write)
        .count();
    (outcome, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_write_is_told_apart_and_nothing_is_sent_twice() {
    let cases = [
        (Mode::DropBefore, "unknown"),
        (Mode::ActThenDrop, "unknown"),
        (Mode::Status500, "unknown"),
        (Mode::Status503, "unknown"),
        (Mode::Internal, "broken"),
        (Mode::InternalActed, "broken"),
        (Mode::Status401, "unauthorized"),
        (Mode::Html200, "unknown"),
        (Mode::Truncated, "unknown"),
        (Mode::SlowBody, "unknown"),
        (Mode::SuccessNotApplied, "done"),
    ];
    for (mode, expected) in cases {
        let (outcome, sent) = write(mode).await;
        let kind = match &outcome {
            Ok(()) => "done",
            Err(WriteError::NotSent(_)) => "not sent",
            Err(WriteError::Refused(_)) => "refused",
            Err(WriteError::Unknown(_)) => "unknown",
            Err(WriteError::Broken(_)) => "broken",
            Err(WriteError::Unauthorized(_)) => "unauthorized",
            Err(WriteError::NotTrusted(_)) => "not trusted",
        };
        assert_eq!(kind, expected, "{mode:?}: {outcome:?}");
        assert!(sent <= 1, "{mode:?}: sent {sent} times");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_whose_session_is_cut_is_unknown() {
    for mode in [Mode::SshCut, Mode::SshCutActed] {
        let site = Site::start(LabConfig::default());
        site.lab
            .plant(Fault::new("ssh utils service restart", mode).at(FIRST));
        let write = Write::RestartService {
            service: ServiceName::from("Cisco Tftp"),
            by: ControlPath::Shell,
        };
        let outcome = site.writer().perform(&NodeName::from(FIRST), &write).await;
        assert!(
            matches!(outcome, Err(WriteError::Unknown(_))),
            "{mode:?}: {outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_read_leaves_its_facts_unknown_with_the_reason() {
    let modes = [
        Mode::ActThenDrop,
        Mode::Status500,
        Mode::Status503,
        Mode::Html200,
        Mode::Truncated,
        Mode::HugeBody,
        Mode::SlowBody,
    ];
    for mode in modes {
        let site = Site::start(LabConfig::default());
        site.lab
            .plant(Fault::new("rest GET", mode).at(FIRST).times(9));
        let state = site.look(&[FactGroup::Certificates]).await;
        let node = &state.nodes[&NodeName::from(FIRST)];
        let why = node
            .inventory
            .unknown()
            .unwrap_or_else(|| panic!("{mode:?}: {node:?}"));
        assert!(why.contains(FIRST), "{mode:?}: {why}");
        assert!(
            node.identities.is_empty() && node.pending.is_empty(),
            "{mode:?}"
        );
        assert!(
            state.nodes[&NodeName::from(SECOND)]
                .inventory
                .present()
                .is_some(),
            "{mode:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_account_is_tried_once_and_named() {
    let lab = Lab::start(LabConfig::default()).unwrap();
    let reader = Arc::new(CucmReader::new(access(&lab, "nobody")).unwrap());
    let site = Site { lab, reader };
    let state = site.reader.observe(&Scope::everything()).await;
    for node in state.nodes.values() {
        assert!(
            node.inventory
                .unknown()
                .is_some_and(|why| why.contains("hq-platform")),
            "{node:?}"
        );
        assert!(
            node.services.present().is_some(),
            "the other account still works"
        );
    }
    let problems = site.reader.problems();
    assert!(
        problems.iter().all(|problem| matches!(
            problem.kind,
            ProblemKind::Unauthorized | ProblemKind::HeldBack
        )),
        "{problems:?}"
    );
    let again = site.reader.observe(&Scope::everything()).await;
    assert!(again.release_unknown_everywhere());
    let failed = site
        .lab
        .log()
        .into_iter()
        .filter(|entry| {
            entry.kind == Kind::Login
                && format!("{} {}", entry.what, entry.detail).contains("nobody")
        })
        .count();
    assert!(
        failed <= 1,
        "{failed} failed logins; a node locks an account after three"
    );
}

impl ClusterState {
    fn release_unknown_everywhere(&self) -> bool {
        self.nodes
            .values()
            .all(|node| node.release.unknown().is_some())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_peer_is_told_apart_and_gets_nothing() {
    let lab = Lab::start(LabConfig::default()).unwrap();
    let mut access = access(&lab, "reissue");
    let empty = lab.dir().join("empty-pins.json");
    access.network.pins = PinBook::new(empty);
    let site = Site {
        reader: Arc::new(CucmReader::new(access).unwrap()),
        lab,
    };
    let state = site.reader.observe(&Scope::everything()).await;
    let problems = site.reader.problems();
    assert!(
        problems
            .iter()
            .all(|problem| problem.kind == ProblemKind::NotTrusted),
        "{problems:?}"
    );
    assert_eq!(
        problems
            .iter()
            .map(|problem| &problem.node)
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        3
    );
    assert!(
        state
            .nodes
            .values()
            .all(|node| node.inventory.unknown().is_some())
    );
    assert_eq!(site.platform_logins(), 0);
    let outcome = site
        .writer()
        .perform(&NodeName::from(FIRST), &request())
        .await;
    assert!(
        matches!(outcome, Err(WriteError::NotTrusted(_))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_tomcat_restarts_reads_say_so_at_once() {
    let site = Site::start(LabConfig {
        time_scale: 0.02,
        ..LabConfig::default()
    });
    // Control Center and the release are asked once while they are there.
    let groups = [FactGroup::Topology, FactGroup::Services];
    let before = site.look(&groups).await;
    assert!(
        before.nodes[&NodeName::from(FIRST)]
            .services
            .present()
            .is_some()
    );
    let write = Write::RestartService {
        service: ServiceName::from("Cisco Tomcat"),
        by: ControlPath::Shell,
    };
    let (writer, name) = (site.writer(), NodeName::from(FIRST));
    let mut restart = Box::pin(writer.perform(&name, &write));
    let mut gone = 0;
    loop {
        tokio::select! {
            outcome = &mut restart => { outcome.unwrap(); break; }
            state = site.look(&[FactGroup::Certificates, FactGroup::Served]) => {
                let node = &state.nodes[&name];
                gone += usize::from(matches!(node.inventory, Observed::Unknown(_)));
            }
        }
    }
    assert!(gone > 0, "the interface was never seen to be away");
    let begun = Instant::now();
    loop {
        let state = site.look(&[FactGroup::Certificates]).await;
        if state.nodes[&name].inventory.present().is_some() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "never back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_questions_are_no_smaller_number_of_phones() {
    let site = Site::start(LabConfig::default());
    site.lab.plant(Fault::new("ris", Mode::RateLimited));
    let state = site.look(&[FactGroup::Phones]).await;
    assert!(
        state
            .phones
            .unknown()
            .is_some_and(|why| why.contains("too often")),
        "{:?}",
        state.phones
    );
    let again = site.look(&[FactGroup::Phones]).await;
    assert_eq!(
        again.phones.present().map(|phones| phones.registered.len()),
        Some(24)
    );
}
