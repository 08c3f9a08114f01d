//! Plans by hand: the good one, as the procedure says, and the one that everybody writes first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::model::*;
use crate::plan::*;

use super::super::build::built;
use super::super::scene::{FIRST, ISSUING, PLAIN, PUBLISHER, ROOT, fingerprint, now, pem};
use super::estate::{CORE, CORE_NAME, CORES, DOMAIN, EDGE, EDGES};

/// One cluster's steps while they are written.
struct Writer {
    cluster: &'static str,
    steps: Vec<Step>,
}

fn step(id: StepId, stage: Stage, node: Option<&str>, action: Action) -> Step {
    let lasts = SignedDuration::from_mins(5);
    let restarts = matches!(action, Action::RestartService { .. });
    Step {
        id,
        stage,
        node: node.map(NodeName::from),
        action,
        before: vec![],
        after: vec![],
        disruption: restarts.then(|| Disruption {
            service: "something".into(),
            loses: "something".to_owned(),
            lasts,
        }),
        takes: lasts,
        reversal: Reversal::Nothing {},
        because: BTreeSet::new(),
        why: "because".to_owned(),
        sources: vec![],
        rests_on: BTreeSet::new(),
    }
}

fn upload(id: StepId, at: &str, store: &str, title: &str, seen: &[&str]) -> Step {
    let action = Action::UploadTrust {
        store: store.into(),
        sha256: fingerprint(title),
        title: title.to_owned(),
        pem: pem(title),
    };
    Step {
        after: seen.iter().map(|node| trusts(node, store, title)).collect(),
        ..step(id, Stage::Prepare, Some(at), action)
    }
}

fn trusts(node: &str, store: &str, title: &str) -> Condition {
    Condition::Trusts {
        node: node.into(),
        store: store.into(),
        sha256: fingerprint(title),
    }
}

fn restart(id: StepId, node: &str, service: &str, by: ControlPath) -> Step {
    let action = Action::RestartService {
        service: service.into(),
        by,
    };
    let runs = Condition::Runs {
        node: node.into(),
        service: service.into(),
    };
    Step {
        after: vec![runs],
        ..step(id, Stage::Activate, Some(node), action)
    }
}

fn confirm(id: StepId, node: &str, services: &[&str], more: Vec<Condition>) -> Step {
    let action = Action::Confirm {
        what: "it".to_owned(),
    };
    let healthy = Condition::Healthy {
        node: node.into(),
        services: services.iter().map(|it| ServiceName::from(*it)).collect(),
    };
    Step {
        after: more.into_iter().chain([healthy]).collect(),
        ..step(id, Stage::Activate, Some(node), action)
    }
}

impl Writer {
    fn id(&self) -> StepId {
        StepId::new(format!("{}-{:02}", self.cluster, self.steps.len() + 1))
    }

    fn push(&mut self, step: Step) -> StepId {
        let id = step.id.clone();
        self.steps.push(step);
        id
    }

    fn round(&mut self, node: &str, since: &StepId, request: Option<&StepId>) {
        let mut restart = restart(self.id(), node, WHOLE_PEER, ControlPath::Peer);
        restart.before = request
            .map(|step| Condition::IdentityOf {
                node: node.into(),
                purpose: "server".into(),
                step: step.clone(),
            })
            .into_iter()
            .collect();
        self.push(restart);
        let ports: &[Port] = match (request, self.cluster == EDGE) {
            (None, _) => &[],
            (Some(_), false) => &[Port::Rest],
            (Some(_), true) => &[Port::Rest, Port::Zone],
        };
        let serves = ports.iter().map(|port| Condition::Serves {
            node: node.into(),
            listener: Listener {
                port: *port,
                key: KeyAlgorithm::Rsa,
            },
            step: request.unwrap().clone(),
        });
        let started = Condition::StartedSince {
            node: node.into(),
            service: WHOLE_PEER.into(),
            step: since.clone(),
        };
        let traverses = Condition::Traverses {
            node: node.into(),
            zones: ["UC".to_owned()].into(),
            tunnels: 0,
        };
        let more = serves.chain([started, traverses]).collect();
        let confirm = confirm(self.id(), node, &[WHOLE_PEER], more);
        self.push(confirm);
    }
}

/// The renewal of one cluster of peers; `rounds`: lists are loaded by a restart before anything else changes.
fn of_peers(
    cluster: &'static str,
    nodes: [&'static str; 2],
    more: &str,
    rounds: bool,
) -> ClusterPlan {
    let mut writer = Writer {
        cluster,
        steps: vec![],
    };
    let mut last = BTreeMap::new();
    for node in nodes {
        for title in [ROOT, ISSUING] {
            let step = upload(writer.id(), node, "trusted-ca", title, &[node]);
            last.insert(node, writer.push(step));
        }
    }
    let mut requests = BTreeMap::new();
    for node in nodes {
        let id = writer.id();
        let action = Action::GenerateRequest {
            purpose: "server".into(),
            distribution: Distribution::ThisServer,
            nodes: [node.into()].into(),
            common_name: node.to_owned(),
            names: [node, more].map(SubjectName::dns).into(),
            key: "rsa-2048".parse().unwrap(),
            hash: "sha256".to_owned(),
        };
        let (node_name, purpose) = (NodeName::from(node), Purpose::from("server"));
        let mut asks = step(id.clone(), Stage::Request, Some(node), action);
        asks.before = vec![Condition::NoRequest {
            node: node_name.clone(),
            purpose: purpose.clone(),
        }];
        asks.after = vec![Condition::RequestOf {
            node: node_name,
            purpose,
            step: id,
        }];
        requests.insert(node, writer.push(asks));
    }
    let waits = Action::AwaitCertificates {
        issuer: "corp".into(),
        requests: requests.values().cloned().collect(),
        terms: IssueTerms {
            chain: vec![fingerprint(ROOT), fingerprint(ISSUING)],
            key_usage: Usages::new(),
            extended_usage: ["serverAuth", "clientAuth"].map(str::to_owned).into(),
            at_least: SignedDuration::from_hours(1),
        },
    };
    let waits = step(writer.id(), Stage::Request, None, waits);
    writer.push(waits);
    if rounds {
        for node in nodes {
            writer.round(node, &last[node], None);
        }
    }
    for node in nodes {
        let request = &requests[node];
        let (name, purpose) = (NodeName::from(node), Purpose::from("server"));
        let action = Action::UploadIdentity {
            purpose: purpose.clone(),
            request: request.clone(),
            nodes: [name.clone()].into(),
        };
        let mut stores = step(writer.id(), Stage::Install, Some(node), action);
        let of = Condition::RequestOf {
            node: name.clone(),
            purpose: purpose.clone(),
            step: request.clone(),
        };
        let chain = [ROOT, ISSUING].map(|title| trusts(node, "trusted-ca", title));
        stores.before = [of].into_iter().chain(chain).collect();
        stores.after = vec![Condition::IdentityOf {
            node: name,
            purpose,
            step: request.clone(),
        }];
        last.insert(node, writer.push(stores));
    }
    for node in nodes {
        writer.round(node, &last[node], Some(&requests[node]));
    }
    ClusterPlan {
        product: if cluster == CORE {
            Product::ExpresswayC
        } else {
            Product::ExpresswayE
        },
        release: Release::parse("X14.2.5").unwrap(),
        nodes: nodes.map(NodeName::from).into(),
        steps: writer.steps,
        edges: vec![],
        basis: BTreeMap::new(),
        phones: None,
        findings: vec![],
        reminders: vec![],
    }
}

/// What a CUCM node of the estate runs.
fn services(observation: &Observation, node: &str) -> Vec<String> {
    let hq = &observation.clusters[&ClusterName::from("hq")];
    let services = hq.nodes[&NodeName::from(node)].services.present().unwrap();
    services.keys().map(ToString::to_string).collect()
}

/// What CUCM needs of Expressway-C's chain beside its own renewal, before its first identity.
fn let_core_in(plan: &mut Plan, observation: &Observation) {
    let hq = plan.clusters.get_mut(&"hq".into()).unwrap();
    let both = [PUBLISHER, FIRST];
    let uploads = [ROOT, ISSUING].map(|title| {
        let id = StepId::new(format!("hq-{}", title.replace(' ', "-")));
        upload(id, PUBLISHER, "CallManager-trust", title, &both)
    });
    let mut rounds = Vec::new();
    for node in both {
        let short = node.split('.').next().unwrap();
        let (id, path) = (
            StepId::new(format!("hq-load-{short}")),
            ControlPath::ControlCenter,
        );
        rounds.push(restart(id, node, "Cisco CallManager", path));
        let services = services(observation, node);
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        rounds.push(confirm(
            StepId::new(format!("hq-loaded-{short}")),
            node,
            &services,
            vec![],
        ));
    }
    let first = place(hq, |step| {
        matches!(step.action, Action::UploadIdentity { .. })
    });
    hq.steps.splice(first..first, rounds);
    let first = place(hq, |step| step.stage != Stage::Prepare);
    hq.steps.splice(first..first, uploads);
}

pub(super) fn place(plan: &ClusterPlan, wanted: impl Fn(&Step) -> bool) -> usize {
    plan.steps.iter().position(wanted).expect("such a step")
}

pub(super) fn is_round(step: &Step) -> bool {
    matches!(&step.action, Action::RestartService { service, .. } if service.as_str() == WHOLE_PEER)
}

/// The places of the restarts of a cluster of peers: two of the trust round, two of the identity round.
fn rounds(plan: &ClusterPlan) -> Vec<usize> {
    let steps = plan.steps.iter().enumerate();
    let rounds = steps.filter(|(_, step)| is_round(step));
    rounds.map(|(place, _)| place).collect()
}

fn link(plan: &Plan, (of, first): (&str, usize), (to, then): (&str, usize), why: &str) -> Edge {
    let id = |cluster: &str, place: usize| {
        let steps = &plan.clusters[&ClusterName::from(cluster)].steps;
        steps[place].id.clone()
    };
    Edge {
        first: id(of, first),
        then: id(to, then),
        why: why.to_owned(),
    }
}

/// Everybody trusts before anybody changes, and one peer restarts at a time.
pub(super) fn good(observation: &Observation) -> Plan {
    let mut plan = unlinked(true);
    let_core_in(&mut plan, observation);
    let of = |name: &str| &plan.clusters[&ClusterName::from(name)];
    let (core, edge) = (rounds(of(CORE)), rounds(of(EDGE)));
    let first = |name: &str| {
        place(of(name), |step| {
            matches!(step.action, Action::UploadIdentity { .. })
        })
    };
    let loaded = place(of("hq"), |step| step.id.as_str() == "hq-loaded-sub1");
    let links = vec![
        link(
            &plan,
            (CORE, core[1] + 1),
            ("hq", first("hq")),
            "core has loaded the chain of tomcat",
        ),
        link(
            &plan,
            ("hq", loaded),
            (CORE, first(CORE)),
            "CUCM has loaded the chain of core",
        ),
        link(
            &plan,
            (EDGE, edge[1] + 1),
            (CORE, core[0]),
            "one peer at a time",
        ),
        link(
            &plan,
            (CORE, core[1] + 1),
            (EDGE, edge[2]),
            "one peer at a time",
        ),
        link(
            &plan,
            (EDGE, edge[3] + 1),
            (CORE, core[2]),
            "one peer at a time",
        ),
    ];
    plan.links = links;
    plan
}

/// Each cluster by itself: own chain, request, upload, restart.
pub(super) fn naive() -> Plan {
    unlinked(false)
}

fn unlinked(rounds: bool) -> Plan {
    let mut plan = built(&PLAIN);
    plan.made = now();
    let core = of_peers(CORE, CORES, CORE_NAME, rounds);
    let edge = of_peers(EDGE, EDGES, DOMAIN, rounds);
    plan.clusters.insert(CORE.into(), core);
    plan.clusters.insert(EDGE.into(), edge);
    plan
}
