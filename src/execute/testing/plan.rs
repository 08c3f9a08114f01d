//! A plan for the cluster.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::SignedDuration;

use super::MemoryCluster;
use super::truth::listener;
use crate::clock::Clock as _;
use crate::model::{
    ControlPath, Distribution, NodeName, Product, Release, ServiceName, StepId, SubjectName,
};
use crate::pki::testing::{Issued, Recipe};
use crate::plan::{
    Action, ClusterPlan, Condition, IssueTerms, PLAN_FORMAT, PhoneBaseline, Plan, Reversal, Stage,
    Step, basis,
};

pub(super) static ROOT: LazyLock<Issued> = LazyLock::new(|| {
    Recipe {
        serial: 1,
        ..Recipe::authority("Corp Root")
    }
    .self_signed()
});

pub(in super::super) fn node(name: &str) -> NodeName {
    NodeName::new(format!("{name}.hq.example.com"))
}

pub(super) fn id(number: usize) -> StepId {
    StepId::new(format!("hq-{number:02}"))
}

pub(super) fn step(number: usize, stage: Stage, at: Option<&str>, action: Action) -> Step {
    Step {
        id: id(number),
        stage,
        node: at.map(node),
        action,
        before: Vec::new(),
        after: Vec::new(),
        disruption: None,
        takes: SignedDuration::from_mins(1),
        reversal: Reversal::Nothing {},
        because: BTreeSet::new(),
        why: String::new(),
        sources: Vec::new(),
        rests_on: BTreeSet::new(),
    }
}

fn trusts() -> Vec<Condition> {
    let one = |name| Condition::Trusts {
        node: node(name),
        store: "tomcat-trust".into(),
        sha256: ROOT.parsed.facts.sha256.clone(),
    };
    vec![one("pub"), one("sub")]
}

pub(super) fn request(number: usize, at: &str, purpose: &str) -> Step {
    let node = node(at);
    let action = Action::GenerateRequest {
        purpose: purpose.into(),
        distribution: Distribution::ThisServer,
        nodes: [node.clone()].into(),
        common_name: node.to_string(),
        names: [SubjectName::dns(node.as_str())].into(),
        key: "rsa-2048".parse().unwrap(),
        hash: "SHA256".to_owned(),
    };
    let made = Condition::RequestOf {
        node,
        purpose: purpose.into(),
        step: id(number),
    };
    Step {
        after: vec![made],
        ..step(number, Stage::Request, Some(at), action)
    }
}

pub(super) fn upload(number: usize, at: &str, purpose: &str, request: usize) -> Step {
    let node = node(at);
    let action = Action::UploadIdentity {
        purpose: purpose.into(),
        request: id(request),
        nodes: [node.clone()].into(),
    };
    let pending = Condition::RequestOf {
        node: node.clone(),
        purpose: purpose.into(),
        step: id(request),
    };
    Step {
        before: vec![pending, Condition::ReplicationGood {}],
        after: vec![
            Condition::IdentityOf {
                node: node.clone(),
                purpose: purpose.into(),
                step: id(request),
            },
            Condition::NoRequest {
                node,
                purpose: purpose.into(),
            },
        ],
        ..step(number, Stage::Install, Some(at), action)
    }
}

fn trusting(mut step: Step) -> Step {
    step.before.extend(trusts());
    step
}

fn restart(number: usize, at: &str, service: &str, by: ControlPath, request: usize) -> Step {
    let stored = Condition::IdentityOf {
        node: node(at),
        purpose: "tomcat".into(),
        step: id(request),
    };
    Step {
        before: vec![stored],
        ..restarts(number, at, service, by)
    }
}

pub(super) fn restarts(number: usize, at: &str, service: &str, by: ControlPath) -> Step {
    let service = ServiceName::from(service);
    let action = Action::RestartService {
        service: service.clone(),
        by,
    };
    Step {
        after: vec![Condition::Runs {
            node: node(at),
            service,
        }],
        ..step(number, Stage::Activate, Some(at), action)
    }
}

fn proof(at: &str, request: usize) -> Vec<Condition> {
    let services = ["Cisco Tomcat", "Cisco DRF Local"].map(ServiceName::from);
    vec![
        Condition::Serves {
            node: node(at),
            listener: listener(),
            step: id(request),
        },
        Condition::Healthy {
            node: node(at),
            services: services.into(),
        },
    ]
}

pub(super) fn confirm(
    number: usize,
    stage: Stage,
    at: Option<&str>,
    after: Vec<Condition>,
) -> Step {
    let action = Action::Confirm {
        what: "the new certificate is served".to_owned(),
    };
    Step {
        after,
        ..step(number, stage, at, action)
    }
}

pub(super) fn await_all(requests: BTreeSet<StepId>) -> Action {
    let terms = IssueTerms {
        chain: vec![ROOT.parsed.facts.sha256.clone()],
        key_usage: ["digitalSignature".to_owned()].into(),
        extended_usage: ["serverAuth".to_owned()].into(),
        at_least: SignedDuration::from_hours(24),
    };
    Action::AwaitCertificates {
        issuer: "corp".into(),
        requests,
        terms,
    }
}

/// Trust, two requests, two certificates, and each node restarted and proved: 13 steps, 9 of them changes.
pub(super) fn two_node_plan(device: &MemoryCluster) -> Plan {
    use ControlPath::{ControlCenter, Shell};
    let root = &ROOT.parsed;
    let trust = Action::UploadTrust {
        store: "tomcat-trust".into(),
        sha256: root.facts.sha256.clone(),
        title: "Corp Root".to_owned(),
        pem: root.pem.clone(),
    };
    let wait = await_all([id(2), id(3)].into());
    let everything: Vec<Condition> = [proof("pub", 2), proof("sub", 3)].concat();
    let phones = [Condition::PhonesAtLeast { count: 10 }];
    let steps = vec![
        Step {
            after: trusts(),
            ..step(1, Stage::Prepare, Some("pub"), trust)
        },
        request(2, "pub", "tomcat"),
        request(3, "sub", "tomcat"),
        step(4, Stage::Request, None, wait),
        trusting(upload(5, "pub", "tomcat", 2)),
        trusting(upload(6, "sub", "tomcat", 3)),
        restart(7, "pub", "Cisco Tomcat", Shell, 2),
        restart(8, "pub", "Cisco DRF Local", ControlCenter, 2),
        confirm(9, Stage::Activate, Some("pub"), proof("pub", 2)),
        restart(10, "sub", "Cisco Tomcat", Shell, 3),
        restart(11, "sub", "Cisco DRF Local", ControlCenter, 3),
        confirm(12, Stage::Activate, Some("sub"), proof("sub", 3)),
        confirm(
            13,
            Stage::Verify,
            None,
            everything.into_iter().chain(phones).collect(),
        ),
    ];
    whole(device, steps, None)
}

/// A plan of some steps for the cluster as it is now.
pub(super) fn whole(
    device: &MemoryCluster,
    steps: Vec<Step>,
    phones: Option<PhoneBaseline>,
) -> Plan {
    let cluster = ClusterPlan {
        product: Product::Cucm,
        phones,
        release: Release::parse("14.0.1.13900-155").unwrap(),
        nodes: vec![node("pub"), node("sub")],
        steps,
        edges: Vec::new(),
        basis: basis(&device.seen()),
        findings: Vec::new(),
        reminders: Vec::new(),
    };
    let made = device.time.now();
    Plan {
        format: PLAN_FORMAT,
        made,
        valid_until: made + SignedDuration::from_hours(24),
        clusters: [("hq".into(), cluster)].into(),
        links: Vec::new(),
    }
}
