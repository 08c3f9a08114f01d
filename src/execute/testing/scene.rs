//! The plan's issuer, and an executor over the plan.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::phones::{phone_plan, with_phones};
use super::plan::{ROOT, two_node_plan};
use super::{MemoryCluster, MemoryTime, Told, held};
use crate::clock::Clock;
use crate::driver::{Actuate, BoxFuture};
use crate::execute::{Executor, Limits, Outcome, Signer, Stop, Waits};
use crate::issue::{Ignored, IssueError, IssuedCertificates, Issuer};
use crate::journal::testing::MemoryDisk;
use crate::journal::{Event, Journal, JournalError, Opening};
use crate::model::{ClusterName, Fingerprint, SigningRequest};
use crate::plan::{ClusterPlan, Plan};

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
            limits: Limits::default(),
        }
    }

    /// One cluster with three phones, and a plan that renews what they hold: 10 steps, 6 of them changes.
    pub(in super::super) fn phones() -> Self {
        let mut scene = Self::new();
        with_phones(&scene.device);
        scene.plan = phone_plan(&scene.device);
        scene
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
        let minutes = |number: u64| Duration::from_mins(number);
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
            seen: Mutex::default(),
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
            limits: self.limits.clone(),
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
