//! The lab's command line.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use reissue_lab::expressway::{ExpresswayConfig, Trouble};
use reissue_lab::{Authority, Fault, Kind, Lab, LabConfig, LogEntry, Misbehaviour};

/// A simulated Cisco collaboration estate on this machine, to rehearse a change or to try the tool.
#[derive(Parser)]
#[command(name = "reissue-lab", version)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Start the estate and keep it running until Ctrl-C
    Up(Up),
    /// Sign one certificate request from standard input with the lab's authority, and print the certificate
    Sign {
        /// The directory of a lab
        #[arg(long, default_value = "lab")]
        dir: PathBuf,
        /// What the authority does wrong
        #[arg(long, value_name = "KIND", default_value = "honest")]
        misbehave: Misbehaviour,
    },
    /// Show what really happened in a lab, in the lab's own words
    Log {
        /// The directory of a lab
        #[arg(long, default_value = "lab")]
        dir: PathBuf,
        /// Only what no careful operator does
        #[arg(long)]
        violations: bool,
    },
}

#[derive(Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent conditions, each a switch"
)]
struct Up {
    /// Where the estate file, the secrets and the log go; an earlier lab there is replaced, with the runs made on it
    #[arg(long, default_value = "lab")]
    dir: PathBuf,
    /// How many clusters
    #[arg(long, default_value_t = 1)]
    clusters: usize,
    /// How many subscribers each cluster has
    #[arg(long, default_value_t = 2)]
    subscribers: usize,
    /// How many IM and Presence nodes each cluster has
    #[arg(long, default_value_t = 0)]
    presence: usize,
    /// How many nodes the Unity Connection cluster beside each cluster has; 0 for none
    #[arg(long, default_value_t = 0)]
    unity: usize,
    /// How many Expressway-C peers; with none on either side there is no Expressway
    #[arg(long, value_name = "N", default_value_t = 0)]
    core: usize,
    /// How many Expressway-E peers
    #[arg(long, value_name = "N", default_value_t = 0)]
    edge: usize,
    /// The release of the Expressways, such as X14.0, X14.2, X15.4 or X15.5
    #[arg(long, value_name = "RELEASE", default_value = "X14.2")]
    expressway_release: String,
    /// What is wrong between the Expressways and the nodes, such as core-lacks-root or elliptic-first
    #[arg(long, value_name = "TROUBLE")]
    trouble: Vec<Trouble>,
    /// The release: 12.5, 14, 15, or one as the platform prints it, such as 14.0.1.13900-155
    #[arg(long, default_value = "14")]
    release: String,
    /// What every duration is multiplied by; at 0.01 a restart of Cisco Tomcat takes three seconds
    #[arg(long, default_value_t = 0.01)]
    scale: f64,
    /// Ask for one certificate for each whole cluster
    #[arg(long)]
    multi_server: bool,
    /// Start with SAML single sign-on enabled
    #[arg(long)]
    sso: bool,
    /// What starts near its end and is to be renewed: tomcat, CallManager, their -ECDSA twins, ipsec, CAPF or TVS,
    /// and with presence nodes cup, cup-xmpp or cup-xmpp-s2s
    #[arg(long, value_name = "NAME", default_value = "tomcat")]
    purpose: Vec<String>,
    /// Start in mixed mode, with a CTL and secure phones among the others
    #[arg(long)]
    mixed_mode: bool,
    /// How many phones of each cluster are switched off
    #[arg(long, value_name = "N", default_value_t = 0)]
    absent_phones: usize,
    /// Let one multi-server tomcat certificate stand in for CallManager
    #[arg(long)]
    reuse: bool,
    /// Plant a fault, such as: node=cucm-sub1 on="rest POST csr" mode=act-then-drop skip=0 times=1
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,
    /// What the signing authority does wrong, such as san-dropped, other-key or pkcs7
    #[arg(long, value_name = "KIND", default_value = "honest")]
    misbehave: Misbehaviour,
}

fn main() -> ExitCode {
    let done = match Command::parse().action {
        Action::Up(up) => start(up),
        Action::Sign { dir, misbehave } => sign(&dir, misbehave),
        Action::Log { dir, violations } => show_log(&dir, violations),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = format!("reissue-lab: {error}\n");
            let mut cause = error.source();
            while let Some(below) = cause {
                text.extend(["  because: ", &below.to_string(), "\n"]);
                cause = below.source();
            }
            drop(io::stderr().write_all(text.as_bytes()));
            ExitCode::FAILURE
        }
    }
}

fn start(up: Up) -> Result<(), Box<dyn Error>> {
    let release = match up.release.as_str() {
        "12.5" => "12.5.1.11900-146".to_owned(),
        "14" => "14.0.1.13900-155".to_owned(),
        "15" => "15.0.1.12900-234".to_owned(),
        printed => printed.to_owned(),
    };
    let usual = LabConfig::default();
    let expressway = (up.core + up.edge > 0).then(|| ExpresswayConfig {
        core: up.core,
        edge: up.edge,
        release: up.expressway_release,
        troubles: up.trouble,
        ..ExpresswayConfig::default()
    });
    let lab = Lab::start(LabConfig {
        dir: Some(up.dir.clone()),
        clusters: up.clusters,
        subscribers: up.subscribers,
        presence: up.presence,
        unity: up.unity,
        release,
        time_scale: up.scale,
        multi_server: up.multi_server,
        sso: up.sso,
        purposes: up.purpose,
        mixed_mode: up.mixed_mode,
        absent_phones: up.absent_phones,
        secure_phones: if up.mixed_mode { usual.phones / 2 } else { 0 },
        reuse: up.reuse,
        expressway,
        misbehave: up.misbehave,
        faults: up.fault,
        ..usual
    })?;
    let estate = up.dir.join("estate.yaml");
    let places = lab.world().places();
    let clusters: BTreeSet<&String> = places.iter().map(|place| &place.cluster).collect();
    writeln!(
        io::stdout(),
        "The lab is up: {} cluster(s), {} node(s), all on 127.0.0.1.\n\
         Estate file:  {}\n\
         Its own log:  {}\n\n\
         Next, in another terminal:\n  reissue plan --estate {} -o plan.json\n\n\
         Ctrl-C stops the lab.",
        clusters.len(),
        places.len(),
        estate.display(),
        up.dir.join("lab.jsonl").display(),
        estate.display()
    )?;
    lab.wait_for_interrupt()?;
    Ok(())
}

fn sign(dir: &Path, misbehave: Misbehaviour) -> Result<(), Box<dyn Error>> {
    let authority = Authority::load(dir)?;
    authority.misbehave(misbehave);
    let mut request = Vec::new();
    io::stdin().read_to_end(&mut request)?;
    io::stdout().write_all(&authority.sign(&request)?)?;
    Ok(())
}

fn show_log(dir: &Path, violations: bool) -> Result<(), Box<dyn Error>> {
    let path = dir.join("lab.jsonl");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let mut out = io::stdout().lock();
    for line in text.lines() {
        let entry: LogEntry = serde_json::from_str(line)?;
        if violations && entry.kind != Kind::Violation {
            continue;
        }
        let kind = serde_json::to_value(entry.kind)?;
        let (kind, host) = (
            kind.as_str().unwrap_or_default(),
            entry.node.split('.').next().unwrap_or_default(),
        );
        let place = format!("{}/{host}", entry.cluster);
        let channel = entry.channel.word();
        let shown = writeln!(
            out,
            "{:>9.3}s {place:<16} {channel:<9} {kind:<9} {} {}",
            seconds(&entry),
            entry.what,
            entry.detail
        );
        match shown {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

fn seconds(entry: &LogEntry) -> f64 {
    std::time::Duration::from_millis(entry.at_ms).as_secs_f64()
}
