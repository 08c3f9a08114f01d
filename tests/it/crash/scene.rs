//! A run that is killed at chosen points and taken up again until it is done.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use reissue_lab::{Lab, When};

use crate::support;

/// Where a process is killed. Numbers count from 1, from the start of that process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// At a request or command to any node.
    Request(usize, When),
    /// At one that means to change something.
    Change(usize, When),
    /// At a write to the run's directory: `before`, `half` or `after`.
    Write(usize, &'static str),
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(number, when) => write!(formatter, "request {number} {when:?}"),
            Self::Change(number, when) => write!(formatter, "change {number} {when:?}"),
            Self::Write(number, place) => write!(formatter, "write {number} {place}"),
        }
    }
}

/// How one process ended.
pub struct End {
    /// Its exit code; `None` if it was killed.
    pub code: Option<i32>,
    pub says: String,
}

/// A lab with a plan for all of it.
pub struct Scene {
    pub lab: Lab,
    /// What each cluster stores before.
    pub before: BTreeMap<String, Vec<String>>,
    file: PathBuf,
    digest: String,
    /// The beliefs that its plan asks to be accepted.
    beliefs: Vec<String>,
}

/// How often a person tries again without being told to do something else.
const PATIENCE: usize = 3;

impl Scene {
    pub fn new(clusters: usize, subscribers: usize) -> Self {
        let lab = support::lab(|config| {
            config.clusters = clusters;
            config.subscribers = subscribers;
            // So long a change that was sent and not answered may still take effect.
            config.timers.insert("request".to_owned(), "3s".to_owned());
            // A twentieth of it passes before a node that shows no prompt is asked for one.
            config
                .timers
                .insert("shell_start".to_owned(), "6s".to_owned());
        });
        Self::on(lab, &[])
    }

    /// A plan, made with more words, for a lab as it is.
    #[track_caller]
    pub fn on(lab: Lab, more: &[&str]) -> Self {
        let (file, digest, beliefs) = support::plan_with(&lab, more);
        let before = clusters_of(&lab)
            .map(|name| (name.clone(), support::stored(&lab, &name)))
            .collect();
        Self {
            lab,
            before,
            file,
            digest,
            beliefs,
        }
    }

    /// Applies the plan and resumes it, killing the first processes at the points, until the run is done.
    /// Answers how many of them were struck before they ended by themselves.
    #[track_caller]
    pub fn survive(&self, points: &[Point]) -> usize {
        let mut points = points.iter();
        let (mut struck, mut tries) = (0, 0);
        let mut history = Vec::new();
        loop {
            let words = self.next_words();
            let point = points.next().copied();
            let end = self.run(&words, point);
            history.push(format!("{} → {:?}\n{}", words[0], end.code, end.says));
            match end.code {
                None => struck += 1,
                Some(0) => return struck,
                Some(1 | 6 | 130) if tries < PATIENCE => tries += 1,
                Some(_) => panic!("it does not go on:\n{}", history.join("\n")),
            }
        }
    }

    /// `apply`, until a run has begun; then `resume`.
    fn next_words(&self) -> Vec<String> {
        if self.journal().is_some() {
            vec!["resume".to_owned()]
        } else {
            self.apply()
        }
    }

    /// The words that begin the run.
    pub fn apply(&self) -> Vec<String> {
        let mut words = support::apply(&self.file, &self.digest);
        for belief in &self.beliefs {
            words.extend(["--accept", belief].map(str::to_owned));
        }
        words
    }

    /// The journal of the run, if one has begun.
    pub fn journal(&self) -> Option<PathBuf> {
        let runs = std::fs::read_dir(self.lab.dir().join("state/runs")).ok()?;
        runs.map(|run| run.expect("a run").path().join("journal"))
            .find(|journal| journal.is_file())
    }

    /// How often the run's directory was written to: the plan, the files for people, and each record.
    pub fn writes(&self) -> usize {
        let journal = self.journal().expect("a run");
        let records = std::fs::read_to_string(&journal)
            .expect("a journal")
            .lines()
            .count();
        let kept = std::fs::read_dir(journal.with_file_name("artifacts"))
            .expect("artifacts")
            .count();
        1 + kept + records
    }

    /// Judges, and says on failure what the run was, and where the lab's log is kept.
    #[track_caller]
    pub fn tell(&self, what: &str, judge: impl FnOnce()) {
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(judge)) {
            let name = what.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
            let kept = std::env::temp_dir().join(format!("crash-{name}.jsonl"));
            let copied = std::fs::copy(self.lab.dir().join("lab.jsonl"), &kept);
            println!(
                "killed at {what}; the lab's log is {} ({copied:?})",
                kept.display()
            );
            std::panic::resume_unwind(panic);
        }
    }

    /// Runs a command, and kills it at a point.
    pub fn run(&self, words: &[String], point: Option<Point>) -> End {
        let mut command = support::command(self.lab.estate(), words);
        let victim = Arc::new(Mutex::new(None::<Child>));
        let kill = {
            let victim = Arc::clone(&victim);
            Box::new(move || {
                let mut victim = victim.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(child) = victim.as_mut() {
                    child.kill().expect("it can be killed");
                    child.wait().expect("it dies");
                }
            })
        };
        match point {
            Some(Point::Request(number, when)) => {
                self.lab
                    .at_request(self.lab.requests() + number, when, kill);
            }
            Some(Point::Change(number, when)) => {
                self.lab.at_change(self.lab.changes() + number, when, kill);
            }
            Some(Point::Write(number, place)) => {
                command.env("REISSUE_KILL_AT_WRITE", format!("{number}:{place}"));
            }
            None => {}
        }
        let mut held = victim.lock().expect("nobody panicked");
        let mut child = command.spawn().expect("the program starts");
        let (out, err) = (child.stdout.take(), child.stderr.take());
        *held = Some(child);
        drop(held);
        let out = std::thread::spawn(move || {
            let mut text = Vec::new();
            out.expect("a pipe").read_to_end(&mut text).map(|_| text)
        });
        let mut says = Vec::new();
        err.expect("a pipe")
            .read_to_end(&mut says)
            .expect("it can be read");
        says.extend(out.join().expect("no panic").expect("it can be read"));
        let child = victim.lock().expect("nobody panicked").take();
        let status = child.expect("it was started").wait().expect("it ends");
        assert!(
            status.code().is_some() || status.signal() == Some(9),
            "{status}"
        );
        End {
            code: status.code(),
            says: String::from_utf8_lossy(&says).into_owned(),
        }
    }
}

/// The names of a lab's clusters of the platform; Expressways are none.
pub fn clusters_of(lab: &Lab) -> impl Iterator<Item = String> {
    let of_platform = |cluster: &str| lab.world().read_cluster(cluster, |_| ()).is_some();
    let mut places = lab.world().places();
    places.retain(|place| of_platform(&place.cluster));
    let names: std::collections::BTreeSet<String> =
        places.into_iter().map(|place| place.cluster).collect();
    names.into_iter()
}
