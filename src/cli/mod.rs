//! The command line: one file for each group of commands. Errors end here, as an exit code and a text.

mod accounts;
mod approval;
mod arguments;
mod carry;
mod diagnose;
mod doctor;
mod exit;
mod files;
mod graph;
mod lint;
mod look;
mod means;
mod output;
mod peers;
mod planning;
mod playbooks;
mod records;
mod session;
mod signals;
mod surroundings;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::execute::Mark;
use crate::secrets::Redactor;

use arguments::{Arguments, Command, Common, SecretCommand, TrustCommand};
use exit::{CliError, Exit};
use output::Output;
use session::Session;

/// Runs one command line, program name first, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            drop(error.print());
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return ExitCode::from(code.code());
        }
    };
    let redactor = Redactor::new();
    surroundings::start(arguments.common.verbose, &redactor);
    let output = Output::new(name_of(&arguments.command), arguments.common.json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(&arguments, output, &redactor));
            // A thread that still waits for a device must not keep the process.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(CliError::new(
            Exit::Failed,
            format!("threads cannot be started: {error}"),
        )),
    };
    let exit = result.unwrap_or_else(|error| {
        let error = CliError {
            says: redactor.clean(&error.says),
            ..error
        };
        output.failure(&error)
    });
    ExitCode::from(exit.code())
}

async fn dispatch(
    arguments: &Arguments,
    output: Output,
    redactor: &Redactor,
) -> Result<Exit, CliError> {
    let common = &arguments.common;
    let open = || Session::open(common, redactor);
    match &arguments.command {
        Command::Init { file } => surroundings::init(output, file),
        Command::Doctor => doctor::doctor(&open()?, output).await,
        Command::Secret(command) => secret(&open()?, output, command),
        Command::Trust(command) => trust(&open()?, output, command).await,
        Command::Status(check) => look::status(&open()?, output, check.check).await,
        Command::Observe { output: file } => look::observe(&open()?, output, file).await,
        Command::Assess { observation, check } => {
            look::assess_command(&open()?, output, observation.as_deref(), check.check).await
        }
        Command::Explain { code } => look::explain_command(output, code.as_deref()),
        Command::Plan {
            output: file,
            observation,
            only,
            except,
            variant,
            force,
            waive,
            why,
            tidy,
            write_undescribed,
            check,
        } => {
            let wish = planning::Wish {
                output: file.as_deref(),
                observation: observation.as_deref(),
                only,
                except,
                variant: variant.as_deref(),
                force: *force,
                waive,
                why: why.as_deref().unwrap_or_default(),
                tidy: *tidy,
                write_undescribed: *write_undescribed,
                check: check.check,
            };
            planning::plan_command(&open()?, output, wish).await
        }
        Command::Show { plan, format } => planning::show(
            &session::library(common.playbooks.as_deref())?,
            output,
            plan,
            *format,
        ),
        Command::Simulate { plan, observation } => {
            planning::simulate(&open()?, output, plan, observation.as_deref()).await
        }
        Command::Graph(arguments) => graph::graph(open, output, arguments).await,
        Command::Apply { plan, options } => carry::apply(&open()?, output, plan, options).await,
        Command::Resume { run, options } => {
            carry::resume(&open()?, output, run.as_deref(), options).await
        }
        Command::Runs { command } => records::runs(&open()?, output, command.as_ref()),
        Command::Mark {
            step,
            run,
            done,
            waive,
            why,
            ..
        } => {
            if !waive.is_empty() {
                return records::waive(&open()?, output, run.as_deref(), step, waive, why);
            }
            let decision = if *done { Mark::Done } else { Mark::Failed };
            records::mark(&open()?, output, run.as_deref(), step, decision, why).await
        }
        Command::Verify { run } => records::verify(&open()?, output, run.as_deref()).await,
        Command::Report { run, format } => {
            records::report(&open()?, output, run.as_deref(), *format)
        }
        Command::Lint {
            certificate,
            csr,
            chain,
            profile,
        } => {
            let files = lint::Files {
                certificate,
                csr: csr.as_deref(),
                chain: chain.as_deref(),
                profile,
            };
            lint::lint(common, output, &files)
        }
        other => without_devices(common, output, other),
    }
}

/// Commands that need neither an estate nor a device.
fn without_devices(common: &Common, output: Output, command: &Command) -> Result<Exit, CliError> {
    match command {
        Command::Diagnose { files, observation } => {
            diagnose::diagnose(common, output, files, observation.as_deref())
        }
        Command::Schema { of } => Ok(surroundings::schema(output, *of)),
        Command::Playbook(command) => playbooks::playbooks(common, output, command),
        Command::Completions { shell } => Ok(surroundings::completions(output, *shell)),
        _ => surroundings::man(output),
    }
}

async fn trust(
    session: &Session,
    output: Output,
    command: &TrustCommand,
) -> Result<Exit, CliError> {
    match command {
        TrustCommand::Add { node, fingerprint } => {
            peers::add(session, output, node.as_deref(), fingerprint).await
        }
        TrustCommand::List => peers::list(session, output),
        TrustCommand::Remove { node } => peers::remove(session, output, node),
    }
}

fn secret(session: &Session, output: Output, command: &SecretCommand) -> Result<Exit, CliError> {
    match command {
        SecretCommand::Set { account, stdin } => accounts::set(session, output, account, *stdin),
        SecretCommand::List => Ok(accounts::list(session, output)),
        SecretCommand::Remove { account } => accounts::remove(session, output, account),
    }
}

fn name_of(command: &Command) -> &'static str {
    match command {
        Command::Init { .. } => "init",
        Command::Doctor => "doctor",
        Command::Secret(_) => "secret",
        Command::Trust(_) => "trust",
        Command::Status(_) => "status",
        Command::Observe { .. } => "observe",
        Command::Assess { .. } => "assess",
        Command::Explain { .. } => "explain",
        Command::Plan { .. } => "plan",
        Command::Show { .. } => "show",
        Command::Simulate { .. } => "simulate",
        Command::Graph(_) => "graph",
        Command::Apply { .. } => "apply",
        Command::Resume { .. } => "resume",
        Command::Runs { .. } => "runs",
        Command::Mark { .. } => "mark",
        Command::Verify { .. } => "verify",
        Command::Report { .. } => "report",
        Command::Lint { .. } => "lint",
        Command::Diagnose { .. } => "diagnose",
        Command::Schema { .. } => "schema",
        Command::Playbook(_) => "playbook",
        Command::Completions { .. } => "completions",
        Command::Man => "man",
    }
}
