//! A plan for the cluster, its issuer, and an executor over both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use jiff::SignedDuration;

use super::device::listener;
use super::{MemoryCluster, MemoryTime, Told, held};
use crate::clock::Clock;
use crate::driver::{Actuate, BoxFuture};
use crate::execute::{Executor, Limits, Outcome, Signer, Stop, Waits};
use crate::issue::{Ignored, IssueError, IssuedCertificates, Issuer};
use crate::journal::testing::MemoryDisk;
use crate::journal::{Event, Journal, JournalError, Opening};
use crate::model::{
    ClusterName, ControlPath, Distribution, Fingerprint, NodeName, Product, Release, ServiceName,
    SigningRequest, StepId, SubjectName,
};
use crate::pki::testing::{Issued, Recipe};
use crate::plan::{
    Action, ClusterPlan, Condition, IssueTerms, PLAN_FORMAT, Plan, Reversal, Stage, Step, basis,
};

static ROOT: LazyLock<Issued> = LazyLock::new(|| {
    Recipe {
        serial: 1,
        ..Recipe::authority("Corp Root")
    }
    .self_signed()
});

pub(in super::super) fn node(name: &str) -> NodeName {
    NodeName::new(format!("{name}.hq.example.com"))
}

fn id(number: usize) -> StepId {
    StepId::new(format!("hq-{number:02}"))
}

fn step(number: usize, stage: Stage, at: Option<&str>, action: Action) -> Step {
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

fn request(number: usize, at: &str) -> Step {
    let (node, purpose) = (node(at), "tomcat".into());
    let action = Action::GenerateRequest {
        purpose,
        distribution: Distribution::ThisServer,
        nodes: [node.clone()].into(),
        common_name: node.to_string(),
        names: [SubjectName::dns(node.as_str())].into(),
        key: "rsa-2048".parse().unwrap(),
        hash: "SHA256".to_owned(),
    };
    let made = Condition::RequestOf {
        node,
        purpose: "tomcat".into(),
        step: id(number),
    };
    Step {
        after: vec![made],
        ..step(number, Stage::Request, Some(at), action)
    }
}

fn upload(number: usize, at: &str, request: usize) -> Step {
    let (node, purpose) = (node(at), "tomcat");
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
        before: trusts()
            .into_iter()
            .chain([pending, Condition::ReplicationGood {}])
            .collect(),
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

fn restart(number: usize, at: &str, service: &str, by: ControlPath, request: usize) -> Step {
    let service = ServiceName::from(service);
    let action = Action::RestartService {
        service: service.clone(),
        by,
    };
    let stored = Condition::IdentityOf {
        node: node(at),
        purpose: "tomcat".into(),
        step: id(request),
    };
    Step {
        before: vec![stored],
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

fn confirm(number: usize, stage: Stage, at: Option<&str>, after: Vec<Condition>) -> Step {
    let action = Action::Confirm {
        what: "the new certificate is served".to_owned(),
    };
    Step {
        after,
        ..step(number, stage, at, action)
    }
}

/// Trust, two requests, two certificates, and each node restarted and proved: 13 steps, 9 of them changes.
fn two_node_plan(device: &MemoryCluster) -> Plan {
    use ControlPath::{ControlCenter, Shell};
    let root = &ROOT.parsed;
    let trust = Action::UploadTrust {
        store: "tomcat-trust".into(),
        sha256: root.facts.sha256.clone(),
        title: "Corp Root".to_owned(),
        pem: root.pem.clone(),
    };
    let terms = IssueTerms {
        chain: vec![root.facts.sha256.clone()],
        key_usage: ["digitalSignature".to_owned()].into(),
        extended_usage: ["serverAuth".to_owned()].into(),
        at_least: SignedDuration::from_hours(24),
    };
    let wait = Action::AwaitCertificates {
        issuer: "corp".into(),
        requests: [id(2), id(3)].into(),
        terms,
    };
    let everything: Vec<Condition> = [proof("pub", 2), proof("sub", 3)].concat();
    let phones = [Condition::PhonesAtLeast { count: 10 }];
    let steps = vec![
        Step {
            after: trusts(),
            ..step(1, Stage::Prepare, Some("pub"), trust)
        },
        request(2, "pub"),
        request(3, "sub"),
        step(4, Stage::Request, None, wait),
        upload(5, "pub", 2),
        upload(6, "sub", 3),
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
    let cluster = ClusterPlan {
        product: Product::Cucm,
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
    }
}

/// Signs what the nodes of some clusters asked for, when it is told to.
pub(in super::super) struct MemoryIssuer {
    devices: Mutex<Vec<Arc<MemoryCluster>>>,
    pub(in super::super) signs: Mutex<bool>,
    /// A name that it puts into certificates by itself.
    pub(in super::super) adds_name: Mutex<Option<String>>,
}

impl Issuer for MemoryIssuer {
    fn submit<'a>(
        &'a self,
        _name: &'a str,
        _request: &'a SigningRequest,
    ) -> BoxFuture<'a, Result<(), IssueError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn collect<'a>(
        &'a self,
        wanted: &'a BTreeMap<Fingerprint, String>,
    ) -> BoxFuture<'a, Result<IssuedCertificates, IssueError>> {
        let mut issued = IssuedCertificates::new();
        for device in held(&self.devices).iter().filter(|_| *held(&self.signs)) {
            let truth = device.truth();
            for (key, recipe) in truth
                .recipes
                .iter()
                .filter(|(key, _)| wanted.contains_key(*key))
            {
                let mut recipe = recipe.clone();
                recipe.names.extend(
                    held(&self.adds_name)
                        .iter()
                        .map(|name| format!("dns:{name}")),
                );
                issued.insert(key.clone(), vec![ROOT.sign(recipe).parsed]);
            }
        }
        Box::pin(std::future::ready(Ok(issued)))
    }

    fn ignored(&self) -> Vec<Ignored> {
        Vec::new()
    }
}

/// Everything a test needs: one cluster, `hq`, unless more are added.
pub(in super::super) struct Scene {
    pub(in super::super) time: Arc<MemoryTime>,
    pub(in super::super) device: Arc<MemoryCluster>,
    pub(in super::super) devices: BTreeMap<ClusterName, Arc<MemoryCluster>>,
    pub(in super::super) disk: Arc<MemoryDisk>,
    pub(in super::super) plan: Plan,
    pub(in super::super) issuer: Arc<MemoryIssuer>,
    pub(in super::super) told: Arc<Told>,
    pub(in super::super) stop: Stop,
    pub(in super::super) limits: Limits,
}

impl Scene {
    pub(in super::super) fn new() -> Self {
        let time = Arc::new(MemoryTime::new());
        let device = Arc::new(MemoryCluster::new(Arc::clone(&time)));
        let issuer = MemoryIssuer {
            devices: Mutex::new(vec![Arc::clone(&device)]),
            signs: Mutex::new(true),
            adds_name: Mutex::new(None),
        };
        Self {
            time,
            plan: two_node_plan(&device),
            devices: [("hq".into(), Arc::clone(&device))].into(),
            device,
            disk: Arc::default(),
            issuer: Arc::new(issuer),
            told: Arc::default(),
            stop: Stop::default(),
            limits: Limits {
                until: None,
                parallel_clusters: 1,
                max_failures: None,
            },
        }
    }

    /// Adds a cluster like the first one.
    pub(in super::super) fn add(&mut self, name: &str) -> Arc<MemoryCluster> {
        let device = Arc::new(MemoryCluster::new(Arc::clone(&self.time)));
        held(&self.issuer.devices).push(Arc::clone(&device));
        let text = serde_json::to_string(&two_node_plan(&device).clusters[&"hq".into()]).unwrap();
        let cluster = serde_json::from_str(&text.replace("\"hq-", &format!("\"{name}-"))).unwrap();
        self.plan.clusters.insert(name.into(), cluster);
        self.devices.insert(name.into(), Arc::clone(&device));
        device
    }

    pub(in super::super) fn sign(&self, signs: bool, adds_name: Option<&str>) {
        *held(&self.issuer.signs) = signs;
        *held(&self.issuer.adds_name) = adds_name.map(str::to_owned);
    }

    /// Opens the run, or takes it up again if it is there, as the command line does.
    pub(in super::super) fn journal(&self) -> Result<Arc<Journal>, JournalError> {
        let disk = || Arc::<MemoryDisk>::clone(&self.disk);
        let clock = || -> Arc<dyn Clock> { Arc::<MemoryTime>::clone(&self.time) };
        let state = Path::new("/state");
        let mut unused = "first";
        for id in ["first", "second"] {
            match Journal::open(disk(), clock(), state, id.into()) {
                Ok((journal, _)) => {
                    let (tool, operator) = ("0.1.0".to_owned(), "kim".to_owned());
                    journal.record(Event::Resumed { tool, operator })?;
                    return Ok(Arc::new(journal));
                }
                Err(JournalError::NeverBegan { .. }) => unused = "second",
                Err(JournalError::NoSuchRun { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let ids = |cluster: &ClusterPlan| cluster.steps.iter().map(|it| it.id.clone()).collect();
        let opening = Opening {
            operator: "kim".to_owned(),
            tool: "0.1.0".to_owned(),
            plan: Fingerprint::of(b"plan"),
            plan_file: Vec::new(),
            steps: self
                .plan
                .clusters
                .iter()
                .map(|(name, it)| (name.clone(), ids(it)))
                .collect(),
        };
        Journal::create(disk(), clock(), state, unused.into(), opening).map(Arc::new)
    }

    pub(in super::super) fn executor(&self, journal: Arc<Journal>) -> Executor {
        let minutes = |number: u64| Duration::from_secs(60 * number);
        let device = |(name, device): (&ClusterName, &Arc<MemoryCluster>)| {
            (
                name.clone(),
                Arc::<MemoryCluster>::clone(device) as Arc<dyn Actuate>,
            )
        };
        let signer = Signer {
            issuer: Arc::<MemoryIssuer>::clone(&self.issuer),
            chain: vec![ROOT.parsed.clone()],
        };
        Executor {
            plan: self.plan.clone(),
            journal,
            devices: self.devices.iter().map(device).collect(),
            signers: [("corp".into(), signer)].into(),
            clock: Arc::<MemoryTime>::clone(&self.time),
            timer: Arc::<MemoryTime>::clone(&self.time),
            waits: Waits {
                tomcat_restart: minutes(20),
                service_restart: minutes(10),
                served: minutes(5),
                replication: minutes(5),
                issue: Some(minutes(1)),
                phones_back: minutes(45),
                settle: minutes(2),
                poll: Duration::from_secs(5),
            },
            watch: Arc::<Told>::clone(&self.told),
            stop: self.stop.clone(),
            limits: self.limits,
        }
    }

    /// One life of the process: opens or resumes, and goes on until the end.
    pub(in super::super) fn run(&self) -> Result<Outcome, JournalError> {
        let executor = self.executor(self.journal()?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        Ok(runtime.block_on(executor.run()))
    }

    /// What happened to the first cluster.
    pub(in super::super) fn effects(&self) -> Vec<String> {
        self.device.truth().effects.clone()
    }
}
