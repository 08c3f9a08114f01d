//! A renewal that is disturbed, and the judgement of what came of it: by the lab, never by the tool's own word.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reissue_lab::Place;
use reissue_lab::state::{Node, Service};
use reissue_lab::{Channel, Ending, Fault, Kind, Lab, LabConfig};

use crate::support::{self, Ended, no_violation, reissue, renewed, stored};

/// The belief that every plan for release 14 rests on.
const BELIEF: &str = "VOS-SSO-STATUS";

/// How long a condition of the lab may take to come about.
const PATIENCE: Duration = Duration::from_secs(20);

/// A lab of a publisher and one subscriber whose waits are so short that a fault is found out soon.
pub fn lab(change: impl FnOnce(&mut LabConfig)) -> Lab {
    support::lab(|config| {
        config.subscribers = 1;
        let timers = [
            ("request", "3s"),
            ("settle", "500ms"),
            ("issue", "1s"),
            ("tomcat_restart", "4s"),
            ("service_restart", "4s"),
            ("served", "4s"),
            ("replication", "3s"),
            ("shell_start", "5s"),
        ];
        config.timers = timers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        change(config);
    })
}

/// A lab, a plan for it, and what its nodes held before.
pub struct Trial {
    pub lab: Lab,
    pub plan: PathBuf,
    pub digest: String,
    before: Vec<String>,
}

impl Trial {
    /// An undisturbed beginning.
    pub fn new() -> Self {
        Self::on(lab(|_| {}))
    }

    /// Plans on a lab as it is.
    #[track_caller]
    pub fn on(lab: Lab) -> Self {
        let before = stored(&lab, "hq");
        let (plan, digest) = support::plan(&lab);
        Self {
            lab,
            plan,
            digest,
            before,
        }
    }

    /// The words of `apply`.
    pub fn words(&self) -> Vec<String> {
        let plan = self.plan.display().to_string();
        [
            "apply",
            &plan,
            "--approve",
            &self.digest,
            "--accept",
            BELIEF,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// Carries the plan out.
    pub fn apply(&self) -> Ended {
        reissue(&self.lab, self.words())
    }

    /// Goes on, after whatever disturbed it is gone.
    pub fn resume(&self) -> Ended {
        reissue(&self.lab, ["resume"])
    }

    /// Every node stores and serves a new certificate, by the lab's state and log.
    #[track_caller]
    pub fn renewed(&self) {
        renewed(&self.lab, "hq", &self.before);
        self.harmless();
    }

    /// No node holds anything new.
    #[track_caller]
    pub fn untouched(&self) {
        assert_eq!(
            stored(&self.lab, "hq"),
            self.before,
            "a certificate was replaced"
        );
        self.harmless();
    }

    /// Nothing happened that no careful operator does, and nothing that took effect was done again.
    #[track_caller]
    pub fn harmless(&self) {
        no_violation(&self.lab);
        let twice: Vec<String> = effects(&self.lab)
            .into_iter()
            .filter(|(_, times)| *times > 1)
            .map(|(effect, times)| format!("{times} times: {effect}"))
            .collect();
        assert!(
            twice.is_empty(),
            "done again though it had taken effect:\n{}",
            twice.join("\n")
        );
    }

    /// What must hold after a disturbed `apply`, and after the `resume` that follows once the cause is gone.
    #[track_caller]
    pub fn ends_well(&self, what: &str) {
        let ended = self.apply();
        eprintln!("{what}: exit {}", ended.code);
        self.honest(&ended);
        if ended.code == 0 {
            return;
        }
        self.lab.clear_faults();
        start_stuck_services(&self.lab);
        let resumed = self.resume();
        eprintln!("{what}: then exit {}", resumed.code);
        resumed.expect(0);
        self.renewed();
    }

    /// Done means renewed; anything else has an exit code of its own and says what to do next.
    #[track_caller]
    pub fn honest(&self, ended: &Ended) {
        let said = format!("\n--- stdout\n{}\n--- stderr\n{}", ended.out, ended.err);
        assert!(!ended.err.contains("panicked"), "{said}");
        match ended.code {
            0 => self.renewed(),
            1 | 6 | 7 | 8 => {
                assert!(ended.out.contains("next: "), "no next step{said}");
                self.harmless();
            }
            code => panic!("exit {code}{said}"),
        }
    }
}

/// How often each change took effect, by node and what it was; what a person did in the lab does not count.
pub fn effects(lab: &Lab) -> BTreeMap<String, usize> {
    const CHANGES: [&str; 4] = [
        "request-made",
        "identity-stored",
        "restart-begin",
        "trust-upload",
    ];
    let mut times = BTreeMap::new();
    for entry in lab.log() {
        let mine = entry.kind == Kind::Effect && entry.channel != Channel::Lab;
        if mine && CHANGES.contains(&entry.what.as_str()) {
            // An upload's log line ends in what became of it, which differs the second time.
            let object = entry
                .detail
                .rsplit_once(": ")
                .map_or(entry.detail.as_str(), |(object, _)| object);
            *times
                .entry(format!("{} {} {object}", entry.node, entry.what))
                .or_default() += 1;
        }
    }
    times
}

/// How many requests that mean to change something have reached a node.
pub fn writes(lab: &Lab) -> usize {
    lab.log()
        .iter()
        .filter(|entry| entry.kind == Kind::Write)
        .count()
}

/// Plants a fault that strikes once.
pub fn plant(lab: &Lab, on: &str, mode: reissue_lab::Mode) {
    lab.plant(Fault::new(on, mode));
}

/// What a person does about a service that hangs: starts it by hand, and waits until it runs.
fn start_stuck_services(lab: &Lab) {
    let stuck = |node: &Node| -> Vec<String> {
        let hangs = |(_, service): &(&String, &Service)| service.in_transition();
        node.services
            .iter()
            .filter(hangs)
            .map(|(name, _)| name.clone())
            .collect()
    };
    for place in lab.world().places() {
        let names = lab
            .look(&place.cluster, &place.node, stuck)
            .unwrap_or_default();
        for name in names {
            let begun = lab
                .world()
                .restart_service(&place, &name, Ending::Started, Channel::Lab);
            assert!(begun.is_ok(), "{name}: {begun:?}");
        }
        wait(&format!("services of {}", place.node), || {
            lab.look(&place.cluster, &place.node, stuck)
                .is_some_and(|left| left.is_empty())
        });
    }
}

/// Tries several things at the same time and fails with all that failed.
#[track_caller]
pub fn together<T: Sync + std::fmt::Debug>(things: &[T], attempt: impl Fn(&T) + Sync) {
    let failed: Vec<String> = std::thread::scope(|scope| {
        let attempt = &attempt;
        let running: Vec<_> = things
            .iter()
            .map(|thing| (thing, scope.spawn(move || attempt(thing))))
            .collect();
        let failed = running
            .into_iter()
            .filter_map(|(thing, thread)| Some((thing, thread.join().err()?)));
        failed
            .map(|(thing, why)| format!("{thing:?}: {}", words(&*why)))
            .collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

/// Waits for a condition of the lab.
#[track_caller]
pub fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The publisher of the first cluster.
pub fn publisher() -> Place {
    Place::new("hq", "cucm-pub.hq.example.com")
}
