//! The demonstration: a simulated cluster is observed, assessed, planned, proved and renewed; the program
//! is killed in the middle and resumed; the result is verified, and the lab's own log is the judge.
//!
//! `cargo demo` runs it. `cargo demo --clusters 3` renews three clusters at once.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a demonstration talks"
)]

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use reissue_lab::{Kind, Lab, LabConfig, LogEntry};

/// By this first argument the demonstration starts itself as the program that it demonstrates.
const AS_PROGRAM: &str = "--as-reissue";

/// How much shorter than on a real cluster everything takes: five minutes become 0.6 seconds.
const SCALE: f64 = 0.002;

/// How long any one command may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The kill comes when so many services have begun to restart.
const RESTARTS_BEFORE_THE_KILL: usize = 4;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == AS_PROGRAM) {
        arguments.remove(1);
        return reissue::cli::run(arguments);
    }
    match clusters(&arguments).and_then(demonstrate) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nThe demonstration failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn clusters(arguments: &[OsString]) -> Result<usize, Failure> {
    let words: Vec<&str> = arguments
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .collect();
    match words.as_slice() {
        [] => Ok(1),
        ["--clusters", number] => match number.parse() {
            Ok(number @ 1..=8) => Ok(number),
            _ => Err(format!("--clusters takes a number from 1 to 8, found {number}").into()),
        },
        _ => Err("usage: cargo demo [--clusters N]".into()),
    }
}

fn demonstrate(clusters: usize) -> Result<(), Failure> {
    say(
        "A lab starts: a publisher and two subscribers on release 14, over real TLS, HTTP and SSH on this machine.",
    );
    let lab = Lab::start(LabConfig {
        clusters,
        time_scale: SCALE,
        ..LabConfig::default()
    })?;
    let plan = lab.dir().join("plan.json");
    let plan = plan
        .to_str()
        .ok_or("the temporary directory has no printable name")?;

    say("What is wrong? (reissue assess)");
    run(&lab, &["assess"], 0)?;
    say("What would be done, in which order, and is it safe? (reissue plan)");
    run(&lab, &["plan", "-o", plan], 0)?;
    let digest = digest(Path::new(plan))?;

    say("It is carried out, and killed in the middle without warning. (reissue apply)");
    killed(
        &lab,
        &[
            "apply",
            plan,
            "--approve",
            &digest,
            "--accept",
            "VOS-SSO-STATUS",
        ],
    )?;
    say("Where does it stand? (reissue runs)");
    run(&lab, &["runs"], 0)?;
    say("It is taken up again: what is in doubt is settled by looking. (reissue resume)");
    run(&lab, &["resume"], 0)?;
    say("Is it true? Every node is asked again. (reissue verify)");
    run(&lab, &["verify"], 0)?;
    say("Is anything left to do? (reissue plan)");
    run(&lab, &["plan", "--check"], 0)?;
    judge(&lab)
}

/// Starts the program on the lab.
fn start(lab: &Lab, arguments: &[&str]) -> Result<Child, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg(AS_PROGRAM)
        .args(arguments)
        .env("REISSUE_ESTATE", lab.estate())
        .stdin(Stdio::null());
    Ok(command.spawn()?)
}

/// Runs a command to its end and checks how it ended.
fn run(lab: &Lab, arguments: &[&str], code: i32) -> Result<(), Failure> {
    let mut child = start(lab, arguments)?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            return Err(format!("`reissue {}` did not end", arguments.join(" ")).into());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    };
    if status.code() == Some(code) {
        return Ok(());
    }
    Err(format!(
        "`reissue {}` ended with {status}, expected exit code {code}",
        arguments.join(" ")
    )
    .into())
}

/// Runs a command and kills it while services restart.
fn killed(lab: &Lab, arguments: &[&str]) -> Result<(), Failure> {
    let mut child = start(lab, arguments)?;
    let deadline = Instant::now() + PATIENCE;
    while restarts(lab) < RESTARTS_BEFORE_THE_KILL {
        if let Some(status) = child.try_wait()? {
            return Err(format!("it ended by itself with {status}").into());
        }
        if Instant::now() > deadline {
            child.kill()?;
            return Err("it never came to the restarts".into());
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    println!("Killed.");
    Ok(())
}

fn restarts(lab: &Lab) -> usize {
    count(&lab.log(), Kind::Effect, "restart-begin")
}

fn count(entries: &[LogEntry], kind: Kind, what: &str) -> usize {
    entries
        .iter()
        .filter(|entry| entry.kind == kind && entry.what.contains(what))
        .count()
}

/// The digest that a plan file names.
fn digest(plan: &Path) -> Result<String, Failure> {
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(plan)?)?;
    let digest = value.get("digest").and_then(serde_json::Value::as_str);
    Ok(digest.ok_or("the plan file names no digest")?.to_owned())
}

/// What the lab saw.
fn judge(lab: &Lab) -> Result<(), Failure> {
    say("The lab's own log:");
    let entries = lab.log();
    println!(
        "  signing requests made   {}",
        count(&entries, Kind::Write, "POST csr")
    );
    println!(
        "  identities uploaded     {}",
        count(&entries, Kind::Write, "POST identity")
    );
    println!("  restarts begun          {}", restarts(lab));
    println!("  violations              {}", lab.violations().len());
    for place in lab.world().places() {
        let serves = lab.look(&place.cluster, &place.node, |node| {
            node.serves_stored(reissue_lab::state::Face::Web)
                && node.serves_stored(reissue_lab::state::Face::Tftp)
        });
        println!(
            "  {:<36} {}",
            place.node,
            if serves == Some(true) {
                "serves its new certificate"
            } else {
                "DOES NOT serve it"
            }
        );
        if serves != Some(true) {
            return Err(format!("{} does not serve what it stores", place.node).into());
        }
    }
    if let Some(first) = lab.violations().first() {
        return Err(format!(
            "the lab saw {} on {}: {}",
            first.what, first.node, first.detail
        )
        .into());
    }
    println!(
        "\nDone: every node serves its new certificate, and the lab saw nothing that no careful operator does."
    );
    Ok(())
}

fn say(text: &str) {
    println!("\n=== {text}\n");
}
