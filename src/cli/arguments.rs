//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::graph::GraphArguments;

/// Plans, proves and carries out certificate renewals on Cisco collaboration clusters.
///
/// Read commands cannot write to a device. Only `apply`, `resume` and `mark` can.
#[derive(Debug, Parser)]
#[command(
    name = "reissue",
    version,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(super) struct Arguments {
    /// Flags that every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The estate file
    #[arg(
        long,
        global = true,
        default_value = "estate.yaml",
        env = "REISSUE_ESTATE",
        value_name = "FILE"
    )]
    pub estate: PathBuf,
    /// Where runs, locks and pins are kept (default: as the estate file says, or the user's state directory)
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Procedures to use instead of the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pub playbooks: Option<PathBuf>,
    /// The moment at which validity is judged, instead of now; for assess, plan, lint and diagnose
    #[arg(long, global = true, value_name = "RFC3339")]
    pub at: Option<Timestamp>,
    /// Read the password of this account from the first line of standard input
    #[arg(long, global = true, value_name = "ACCOUNT")]
    pub password_stdin: Option<String>,
    /// One JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// More about what is asked and answered, on standard error; repeat for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a starter estate file
    Init {
        /// Where to write it; refused if the file exists
        #[arg(default_value = "estate.yaml")]
        file: PathBuf,
    },
    /// Check configuration, secrets, reachability, pins and clocks; changes nothing
    Doctor,
    /// Keep passwords in the keyring of the operating system
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Know peers by their TLS certificate and SSH host key
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Every certificate, stored and served, worst first
    Status(Check),
    /// Ask every node and write down what it holds, serves and trusts
    Observe {
        /// Where to write the observation
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Compare with the desired state
    Assess {
        /// Assess this observation instead of asking the nodes
        #[arg(long, value_name = "FILE")]
        observation: Option<PathBuf>,
        /// Exit code 3 on findings.
        #[command(flatten)]
        check: Check,
    },
    /// The long text of a finding's code; without a code, all of them
    Explain {
        /// The code
        code: Option<String>,
    },
    /// Plan the change and prove it; changes nothing
    Plan {
        /// Where to write the plan
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Plan from this observation instead of asking the nodes
        #[arg(long, value_name = "FILE")]
        observation: Option<PathBuf>,
        /// Only these clusters, nodes or purposes; refused if what is left would not be safe
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Not these clusters, nodes or purposes; refused if what is left would not be safe
        #[arg(long, value_name = "NAME")]
        except: Vec<String>,
        /// The named variant of a procedure where vendor documents disagree
        #[arg(long, value_name = "NAME")]
        variant: Option<String>,
        /// Renew what the estate file names even if it is not due
        #[arg(long)]
        force: bool,
        /// Phones that are not registered and need not come back: names, @FILE with one name a line, or all
        #[arg(long, num_args = 1.., value_name = "NAME|@FILE|all", requires = "why")]
        waive: Vec<String>,
        /// Why those phones are waived; kept in the plan
        #[arg(long, value_name = "TEXT", requires = "waive")]
        why: Option<String>,
        /// End with a step that lists what may be cleared from trust stores; a run waits at it for `mark --done`
        #[arg(long)]
        tidy: bool,
        /// Plan for an Expressway although its own description of its interface lacks a call; `apply` needs the same
        #[arg(long)]
        write_undescribed: bool,
        /// Exit code 3 if there is something to do.
        #[command(flatten)]
        check: Check,
    },
    /// Show a plan
    Show {
        /// The plan
        plan: PathBuf,
        /// As what
        #[arg(long, value_enum, default_value_t = ShowFormat::Text)]
        format: ShowFormat,
    },
    /// Prove a plan again, against an observation or the nodes as they are
    Simulate {
        /// The plan
        plan: PathBuf,
        /// Prove against this observation instead of asking the nodes
        #[arg(long, value_name = "FILE")]
        observation: Option<PathBuf>,
    },
    /// Draw a plan's order, or who relies on which certificate
    Graph(GraphArguments),
    /// Carry a plan out
    Apply {
        /// The plan
        plan: PathBuf,
        /// How to carry it out.
        #[command(flatten)]
        options: RunOptions,
    },
    /// Go on with a run that stopped, waits, or was killed
    Resume {
        /// The run; the latest unfinished one if not named
        run: Option<String>,
        /// How to carry it out.
        #[command(flatten)]
        options: RunOptions,
    },
    /// List runs, or close one
    Runs {
        /// What to do with them; a list without one
        #[command(subcommand)]
        command: Option<RunsCommand>,
    },
    /// Record what a person decided or did about a step
    Mark {
        /// The step, such as hq-07
        step: String,
        /// The run; the latest unfinished one if not named
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// The step is done
        #[arg(long, group = "decision", required_unless_present_any = ["failed", "waive"])]
        done: bool,
        /// The step failed and may be tried again
        #[arg(long, group = "decision")]
        failed: bool,
        /// The gate may open without these phones: names, or @FILE with one name a line
        #[arg(long, num_args = 1.., value_name = "NAME|@FILE", group = "decision")]
        waive: Vec<String>,
        /// Why; kept in the journal
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Look again, by independent paths, whether every node holds and serves what a run installed
    Verify {
        /// The run; the latest one if not named
        run: Option<String>,
    },
    /// The record of a run for a change board
    Report {
        /// The run; the latest one if not named
        run: Option<String>,
        /// As what
        #[arg(long, value_enum, default_value_t = ShowFormat::Markdown)]
        format: ShowFormat,
    },
    /// Check an issued certificate before anybody uploads it; needs no node
    Lint {
        /// The certificate: PEM, DER or PKCS#7
        certificate: PathBuf,
        /// The request it answers
        #[arg(long, value_name = "FILE")]
        csr: Option<PathBuf>,
        /// The authorities above it
        #[arg(long, value_name = "FILE")]
        chain: Option<PathBuf>,
        /// The purpose whose usages are demanded
        #[arg(long, default_value = "tomcat", value_name = "PURPOSE")]
        profile: String,
    },
    /// Tell what is wrong from Expressway logs and certificate files; needs no node
    Diagnose {
        /// Diagnostic logs, also packed, or certificates in any form; `-` for standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Compare what a log tells with this observation
        #[arg(long, value_name = "FILE")]
        observation: Option<PathBuf>,
    },
    /// Schemas of the files that a person writes
    Schema {
        /// Which
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Procedures: what is done, where, and where that comes from
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page
    Man,
}

/// Exit code 3 when there is something to see.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Exit code 3 if there is something to see
    #[arg(long)]
    pub check: bool,
}

/// How a plan is carried out.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// Stop after this stage
    #[arg(long, value_enum, value_name = "STAGE")]
    pub until: Option<Until>,
    /// How many clusters of a wave are worked on at once, instead of what the estate file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub parallel_clusters: Option<u32>,
    /// Begin no further cluster once so many have failed, instead of what the estate file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_failures: Option<u32>,
    /// How long to wait for a cluster that another run holds
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub lock_timeout: String,
    /// Begin without asking, if the plan has no point of no return
    #[arg(long)]
    pub yes: bool,
    /// Begin this plan and no other, points of no return included: the first 12 or more digits of its digest
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,
    /// Accept a belief about the devices that no source supports, by its claim identifier
    #[arg(long, value_name = "CLAIM")]
    pub accept: Vec<String>,
    /// Send a change to an Expressway although its own description of its interface does not name the call
    #[arg(long)]
    pub write_undescribed: bool,
}

/// A stage to stop after.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Until {
    /// Trust is spread
    Prepare,
    /// Requests are signed
    Request,
    /// Certificates are uploaded
    Install,
    /// Services are restarted
    Activate,
    /// Everything is read again; only what may be cleared away is left
    Verify,
}

/// As what a plan or report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ShowFormat {
    /// Plain text
    Text,
    /// Markdown
    Markdown,
    /// One HTML file
    Html,
    /// JSON
    Json,
}

/// Which schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    /// The estate file
    Estate,
    /// A playbook
    Playbook,
}

/// Procedures.
#[derive(Debug, Subcommand)]
pub(super) enum PlaybookCommand {
    /// List the procedures
    List,
    /// Show what one procedure does, in order, and where every line comes from
    Show {
        /// The kind of node: cucm, im-presence or unity-connection
        product: String,
        /// The purpose, as the platform prints it
        purpose: String,
        /// Only what holds for this release, such as 12.5, 14SU3 or 14.0.1.13900-155
        #[arg(long)]
        release: Option<String>,
        /// Only this restart set
        #[arg(long, value_name = "NAME")]
        variant: Option<String>,
    },
    /// Check the files of a directory
    Check {
        /// The directory
        directory: PathBuf,
    },
}

/// Runs.
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// Give an unfinished run up, so that a new plan may be applied; it cannot be resumed afterwards
    Close {
        /// The run
        run: String,
        /// Why; kept in the journal
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

/// Passwords.
#[derive(Debug, Subcommand)]
pub(super) enum SecretCommand {
    /// Keep the password of an account
    Set {
        /// The account, as the estate file names it
        account: String,
        /// Read it from standard input instead of asking
        #[arg(long)]
        stdin: bool,
    },
    /// Say which accounts have a password, and where from
    List,
    /// Forget the password of an account
    Remove {
        /// The account
        account: String,
    },
}

/// Known peers.
#[derive(Debug, Subcommand)]
pub(super) enum TrustCommand {
    /// Look at a node's certificates and host key, show them, and keep them after a yes
    Add {
        /// The node; all nodes of the estate if not named
        node: Option<String>,
        /// Accept only this SHA-256; may be repeated. Without a terminal this is the only way
        #[arg(long, value_name = "SHA256")]
        fingerprint: Vec<String>,
    },
    /// List known peers
    List,
    /// Forget a node
    Remove {
        /// The node
        node: String,
    },
}
