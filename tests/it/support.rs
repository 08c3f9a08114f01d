//! A lab and the real program on it: what every journey needs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reissue_lab::{Kind, Lab, LabConfig};
use serde_json::Value;

/// How much shorter than on a real node everything takes.
pub const SCALE: f64 = 0.0005;

/// A lab with a directory of its own.
pub fn lab(change: impl FnOnce(&mut LabConfig)) -> Lab {
    let mut config = LabConfig {
        time_scale: SCALE,
        ..LabConfig::default()
    };
    change(&mut config);
    Lab::start(config).expect("the lab starts")
}

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    fn from(
        Output {
            status,
            stdout,
            stderr,
        }: Output,
    ) -> Self {
        Self {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Fails with everything it said unless it ended with a code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.out, self.err
        );
        self
    }

    /// The data of its JSON envelope.
    #[track_caller]
    pub fn data(&self) -> Value {
        let envelope: Value = serde_json::from_str(&self.out).unwrap_or_else(|error| {
            panic!(
                "no JSON envelope ({error})\n--- stdout\n{}\n--- stderr\n{}",
                self.out, self.err
            )
        });
        assert_eq!(envelope["format"], 1);
        envelope["data"].clone()
    }
}

/// The program with an estate file, in an environment without a keyring, a proxy or a home.
pub fn command<I: AsRef<OsStr>>(estate: &Path, arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reissue"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("REISSUE_ESTATE", estate)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command on a lab to its end.
pub fn reissue<I: AsRef<OsStr>>(lab: &Lab, arguments: impl IntoIterator<Item = I>) -> Ended {
    Ended::from(
        command(lab.estate(), arguments)
            .output()
            .expect("the program starts"),
    )
}

/// Starts a command on a lab.
pub fn start<I: AsRef<OsStr>>(lab: &Lab, arguments: impl IntoIterator<Item = I>) -> Child {
    command(lab.estate(), arguments)
        .spawn()
        .expect("the program starts")
}

/// Waits for a started command.
pub fn finish(child: Child) -> Ended {
    Ended::from(child.wait_with_output().expect("the program ends"))
}

/// Makes a plan and gives its file and digest.
#[track_caller]
pub fn plan(lab: &Lab) -> (PathBuf, String) {
    let file = lab.dir().join("plan.json");
    let ended = reissue(
        lab,
        [
            "plan".as_ref(),
            "--json".as_ref(),
            "-o".as_ref(),
            file.as_os_str(),
        ],
    )
    .expect(0);
    let digest = ended.data()["digest"]
        .as_str()
        .expect("something to do")
        .to_owned();
    (file, digest)
}

/// Makes a plan with more words, and gives its file, its digest, and the beliefs that it asks to be accepted.
#[track_caller]
pub fn plan_with(lab: &Lab, more: &[&str]) -> (PathBuf, String, Vec<String>) {
    let file = lab.dir().join("plan.json");
    let words = ["plan", "-o"].map(OsStr::new);
    let more = more.iter().map(OsStr::new);
    let ended = reissue(lab, words.into_iter().chain([file.as_os_str()]).chain(more)).expect(0);
    let after = |word: &str| -> Vec<String> {
        let mut words = ended.err.split_whitespace();
        let mut found = Vec::new();
        while words.any(|it| it == word) {
            found.extend(words.next().map(str::to_owned));
        }
        found
    };
    let digest = after("--approve").pop().expect("something to do");
    (file, digest, after("--accept"))
}

/// The words of `apply` for a plan.
pub fn apply(file: &Path, digest: &str) -> Vec<String> {
    ["apply", &file.display().to_string(), "--approve", digest]
        .map(str::to_owned)
        .to_vec()
}

/// How often the lab's log says that something was asked of or done by a node.
pub fn count(lab: &Lab, kind: Kind, what: &str) -> usize {
    lab.log()
        .iter()
        .filter(|entry| entry.kind == kind && entry.what.contains(what))
        .count()
}

/// Everything the lab saw that no careful operator does.
#[track_caller]
pub fn no_violation(lab: &Lab) {
    let violations: Vec<String> = lab
        .violations()
        .iter()
        .map(|entry| format!("{} {} {}", entry.node, entry.what, entry.detail))
        .collect();
    assert!(
        violations.is_empty(),
        "the lab saw:\n{}",
        violations.join("\n")
    );
}

/// Every node stores and serves one certificate for tomcat, and it is not one of those given.
#[track_caller]
pub fn renewed(lab: &Lab, cluster: &str, before: &[String]) {
    for node in tomcat(lab, cluster) {
        assert!(
            !before.contains(&node.stored),
            "{} still stores the old certificate",
            node.name
        );
        assert_eq!(
            node.rest.as_ref(),
            Some(&node.stored),
            "{}: 443 does not serve what is stored",
            node.name
        );
    }
}

/// A node's tomcat certificate, stored and served.
pub struct Tomcat {
    pub name: String,
    pub stored: String,
    pub rest: Option<String>,
}

/// The tomcat certificates of a cluster.
pub fn tomcat(lab: &Lab, cluster: &str) -> Vec<Tomcat> {
    let nodes = lab.world().read_cluster(cluster, |cluster| {
        cluster
            .nodes
            .iter()
            .map(|node| Tomcat {
                name: node.name.clone(),
                stored: node.stored("tomcat").expect("a tomcat certificate"),
                rest: node.served(reissue_lab::state::Face::Web),
            })
            .collect::<Vec<_>>()
    });
    nodes.expect("the cluster exists")
}

/// The fingerprints that a cluster stores for tomcat.
pub fn stored(lab: &Lab, cluster: &str) -> Vec<String> {
    tomcat(lab, cluster)
        .into_iter()
        .map(|node| node.stored)
        .collect()
}

/// The belief that every plan rests on and no source supports.
pub const BELIEF: &str = "VOS-SSO-STATUS";

/// A lab of publishers only, where the order of nodes does not matter.
pub fn small(change: impl FnOnce(&mut LabConfig)) -> Lab {
    lab(|config| {
        config.subscribers = 0;
        change(config);
    })
}

/// The words of `apply` for a plan whose beliefs are accepted, and more words.
pub fn apply_with(file: &Path, digest: &str, more: &[&str]) -> Vec<String> {
    let mut words = apply(file, digest);
    words.extend(
        ["--accept", BELIEF]
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned()),
    );
    words
}

/// Waits until something has come about, for at most a minute.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(
            Instant::now() < deadline,
            "a minute has passed without: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
