//! The steps of a peer's renewal, carried out by the real program: a plan that is written by hand, in a run that is
//! taken up where its journal begins. What makes and proves such plans is tested elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reissue::clock::{Clock as _, SystemClock};
use reissue::journal::{Journal, Opening, RealDisk, run_id};
use reissue::model::{
    Certificate, ClusterState, ControlPath, Distribution, NodeName, Observation, Product, Purpose,
    ServiceName, StepId, Store, SubjectName, WHOLE_PEER,
};
use reissue::plan::{
    Action, ClusterPlan, Condition, IssueTerms, PLAN_FORMAT, Plan, Reversal, Stage, Step, basis,
    file,
};
use reissue_lab::expressway::{ExpresswayConfig, Peer};
use reissue_lab::{Fault, Kind, Lab, Mode, TomcatStart};

use crate::support::{self, count, no_violation, reissue};

const PEER: &str = "expe1.example.com";

/// A lab whose Expressway-C trusts the authority that signs today.
fn lab() -> Lab {
    let lab = support::lab(|config| {
        config.subscribers = 0;
        config.tomcat = vec![TomcatStart::Expiring(200)];
        config.expressway = Some(ExpresswayConfig::default());
    });
    let chain = std::fs::read(lab.dir().join("ca/corp-chain.pem")).unwrap();
    let chain = openssl::x509::X509::stack_from_pem(&chain).unwrap();
    lab.change_expressways(|all| {
        for peer in &mut all.core.peers {
            peer.trusted.extend(chain.iter().cloned());
            peer.loaded.extend(chain.iter().cloned());
        }
    });
    lab
}

fn observed(lab: &Lab) -> ClusterState {
    let path = lab.dir().join("observation.json");
    reissue(lab, ["observe", "-o", path.to_str().unwrap()]).expect(0);
    let text = std::fs::read_to_string(path).unwrap();
    let seen: Observation = serde_json::from_str(&text).unwrap();
    seen.clusters[&"edge".into()].clone()
}

fn id(number: usize) -> StepId {
    StepId::new(format!("edge-{number:02}"))
}

fn step(number: usize, stage: Stage, action: Action) -> Step {
    Step {
        id: id(number),
        stage,
        node: Some(NodeName::from(PEER)),
        action,
        before: Vec::new(),
        after: Vec::new(),
        disruption: None,
        takes: jiff::SignedDuration::from_mins(5),
        reversal: Reversal::Nothing {},
        because: ["expiring".to_owned()].into(),
        why: "the server certificate ends soon".to_owned(),
        sources: Vec::new(),
        rests_on: BTreeSet::new(),
    }
}

fn confirmed() -> Vec<Condition> {
    let node = NodeName::from(PEER);
    let service = ServiceName::from(WHOLE_PEER);
    let serves = |listener: &str| Condition::Serves {
        node: node.clone(),
        listener: listener.parse().unwrap(),
        step: id(2),
    };
    vec![
        serves("443/rsa"),
        serves("7001/rsa"),
        Condition::StartedSince {
            node: node.clone(),
            service: service.clone(),
            step: id(4),
        },
        Condition::Healthy {
            node: node.clone(),
            services: [service].into(),
        },
        Condition::Traverses {
            node: node.clone(),
            zones: ["UC-Traversal".to_owned()].into(),
            tunnels: 2,
        },
    ]
}

/// Trust, request, certificate, upload, restart, proof.
fn steps(chain: &[Certificate], pem: &str) -> Vec<Step> {
    let (node, server) = (NodeName::from(PEER), Purpose::from("server"));
    let issuing = chain.last().unwrap();
    let trusts = Condition::Trusts {
        node: node.clone(),
        store: Store::from("trusted-ca"),
        sha256: issuing.sha256.clone(),
    };
    let waits = Condition::RequestOf {
        node: node.clone(),
        purpose: server.clone(),
        step: id(2),
    };
    let trust = Action::UploadTrust {
        store: Store::from("trusted-ca"),
        sha256: issuing.sha256.clone(),
        title: issuing.title().to_owned(),
        pem: pem.to_owned(),
    };
    let request = Action::GenerateRequest {
        purpose: server.clone(),
        distribution: Distribution::ThisServer,
        nodes: [node.clone()].into(),
        common_name: PEER.to_owned(),
        names: [PEER, "example.com", "collab-edge.example.com"]
            .map(SubjectName::dns)
            .into(),
        key: "rsa-2048".parse().unwrap(),
        hash: "sha256".to_owned(),
    };
    let certificates = Action::AwaitCertificates {
        issuer: "corp".into(),
        requests: [id(2)].into(),
        terms: IssueTerms {
            chain: chain.iter().map(|it| it.sha256.clone()).collect(),
            key_usage: BTreeSet::new(),
            extended_usage: BTreeSet::new(),
            at_least: jiff::SignedDuration::from_hours(24),
        },
    };
    let upload = Action::UploadIdentity {
        purpose: server.clone(),
        request: id(2),
        nodes: [node.clone()].into(),
    };
    let restart = Action::RestartService {
        service: ServiceName::from(WHOLE_PEER),
        by: ControlPath::Peer,
    };
    let confirm = Action::Confirm {
        what: "the new certificate is served".to_owned(),
    };
    let mut steps = vec![
        step(1, Stage::Prepare, trust),
        step(2, Stage::Request, request),
        step(3, Stage::Request, certificates),
        step(4, Stage::Install, upload),
        step(5, Stage::Activate, restart),
        step(6, Stage::Activate, confirm.clone()),
        step(7, Stage::Verify, confirm),
    ];
    steps[0].after = vec![trusts.clone()];
    steps[1].before = vec![Condition::NoRequest {
        node: node.clone(),
        purpose: server.clone(),
    }];
    steps[1].after = vec![waits.clone()];
    steps[3].before = vec![waits, trusts];
    steps[3].after = vec![Condition::IdentityOf {
        node,
        purpose: server,
        step: id(2),
    }];
    steps[5].after = confirmed();
    steps[6].after = confirmed();
    steps
}

/// Begins a run whose journal has nothing but the plan.
fn begin(lab: &Lab) {
    let state = observed(lab);
    let pem = std::fs::read_to_string(lab.dir().join("ca/issuing.pem")).unwrap();
    let chain = std::fs::read(lab.dir().join("ca/corp-chain.pem")).unwrap();
    let chain = reissue::pki::read_bundle(&chain, "the chain").unwrap();
    let chain: Vec<Certificate> = reissue::pki::order_chain(chain)
        .unwrap()
        .into_iter()
        .map(|it| it.facts)
        .collect();
    let peer = &state.nodes[&NodeName::from(PEER)];
    let cluster = ClusterPlan {
        product: Product::ExpresswayE,
        release: peer.release.present().unwrap().clone(),
        nodes: state.nodes.keys().cloned().collect(),
        steps: steps(&chain, &pem),
        edges: Vec::new(),
        basis: basis(&state),
        phones: None,
        findings: Vec::new(),
        reminders: Vec::new(),
    };
    let now = SystemClock.now();
    let plan = Plan {
        format: PLAN_FORMAT,
        made: now,
        valid_until: now + jiff::SignedDuration::from_hours(1),
        clusters: BTreeMap::from([("edge".into(), cluster)]),
        links: Vec::new(),
    };
    let digest = file::digest(&plan).unwrap();
    let steps = plan.clusters.iter().map(|(name, cluster)| {
        let steps = cluster.steps.iter().map(|step| step.id.clone());
        (name.clone(), steps.collect())
    });
    let opening = Opening {
        operator: "operator".to_owned(),
        tool: "test".to_owned(),
        steps: steps.collect(),
        plan: digest.clone(),
        plan_file: file::save(&plan).unwrap().into_bytes(),
    };
    let state = lab.dir().join("state");
    let id = run_id(&RealDisk, &state, SystemClock.now(), &digest);
    Journal::create(
        Arc::new(RealDisk),
        Arc::new(SystemClock),
        &state,
        id,
        opening,
    )
    .unwrap();
}

#[track_caller]
fn renewed(lab: &Lab) {
    let (stored, served, restarts) = lab
        .look_peer("edge", PEER, |peer: &Peer| {
            (peer.stored_sha256(), peer.served_sha256(), peer.restarts)
        })
        .unwrap();
    assert_eq!(stored, served);
    assert_eq!(restarts, 1);
    let pins = std::fs::read_to_string(lab.dir().join("pins.json")).unwrap();
    assert!(pins.contains(&stored), "{pins}");
    no_violation(lab);
}

#[test]
fn a_peer_is_renewed_step_by_step() {
    let lab = lab();
    begin(&lab);
    reissue(&lab, ["resume"]).expect(0);
    assert_eq!(count(&lab, Kind::Write, "POST"), 4);
    renewed(&lab);
}

#[test]
fn answers_that_never_come_are_settled_by_looking() {
    let lab = lab();
    for path in [
        "certs/root",
        "certs/generate_csr",
        "certs/server",
        "restart",
    ] {
        lab.plant(Fault::new(&format!("rest POST {path}"), Mode::ActThenDrop));
    }
    begin(&lab);
    reissue(&lab, ["resume"]).expect(0);
    assert_eq!(count(&lab, Kind::Write, "POST"), 4);
    renewed(&lab);
}

#[test]
fn a_call_that_the_peer_does_not_describe_is_sent_only_if_a_person_wants_it() {
    let lab = lab();
    let renamed = lab.change_expressways(|all| {
        "pem".clone_into(&mut all.edge.quirks.upload_part);
    });
    assert!(renamed.is_some());
    begin(&lab);
    let held = reissue(&lab, ["resume"]).expect(1);
    for words in ["POST /certs/root", "`pem`", "--write-undescribed"] {
        assert!(held.out.contains(words), "{words}\n{}", held.out);
    }
    assert_eq!(count(&lab, Kind::Write, "POST"), 0);
    let sent = reissue(&lab, ["resume", "--write-undescribed"]).expect(1);
    assert!(sent.out.contains("\"Bad Request\""), "{}", sent.out);
    assert_eq!(count(&lab, Kind::Write, "POST"), 1);
}
