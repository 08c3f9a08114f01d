//! What is around the work: the log, the starter file, schemas, completions, the manual page.

use std::path::Path;

use clap::CommandFactory as _;
use tracing_subscriber::filter::LevelFilter;

use crate::estate;
use crate::playbook;
use crate::secrets::Redactor;

use super::arguments::{Arguments, SchemaOf};
use super::exit::{CliError, Exit};
use super::output::Output;

/// Starts the log on standard error: nothing, then warnings and notes, then every exchange, then everything.
/// Each line goes through the redactor.
pub(super) fn start(verbose: u8, redactor: &Redactor) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let redactor = redactor.clone();
    let made = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(move || CleanWriter {
            redactor: redactor.clone(),
            line: Vec::new(),
        })
        .try_init();
    // A second start in one process keeps the first log.
    drop(made);
}

/// Collects one line and writes it without secrets.
struct CleanWriter {
    redactor: Redactor,
    line: Vec<u8>,
}

impl std::io::Write for CleanWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let text = self.redactor.clean(&String::from_utf8_lossy(&self.line));
        self.line.clear();
        std::io::stderr().lock().write_all(text.as_bytes())
    }
}

impl Drop for CleanWriter {
    fn drop(&mut self) {
        drop(std::io::Write::flush(self));
    }
}

/// `init FILE`.
pub(super) fn init(output: Output, file: &Path) -> Result<Exit, CliError> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| {
        CliError::new(
            Exit::Usage,
            format!("{} cannot be written: {error}", file.display()),
        )
        .hint("name another file: `reissue init FILE`; an existing one is never replaced")
    };
    let mut created = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .map_err(failed)?;
    created
        .write_all(estate::starter().as_bytes())
        .map_err(failed)?;
    created.sync_all().map_err(failed)?;
    Ok(output.result(Exit::Done, &file, || {
        format!(
            "{} is written. Name your nodes, accounts and issuer in it, then:\n  \
             reissue secret set ACCOUNT   for each account\n  \
             reissue trust add            compare every node's certificate and host key, once\n  \
             reissue doctor\n",
            file.display()
        )
    }))
}

/// `schema estate`, `schema playbook`.
pub(super) fn schema(output: Output, of: SchemaOf) -> Exit {
    let schema = match of {
        SchemaOf::Estate => estate::schema(),
        SchemaOf::Playbook => playbook::schema(),
    };
    output.result(Exit::Done, &schema, || format!("{schema:#}\n"))
}

/// `completions SHELL`.
pub(super) fn completions(output: Output, shell: clap_complete::Shell) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "reissue", &mut text);
    output.text(String::from_utf8_lossy(&text).into_owned())
}

/// `man`.
pub(super) fn man(output: Output) -> Result<Exit, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut page)
        .map_err(|error| CliError::new(Exit::Failed, error))?;
    Ok(output.text(String::from_utf8_lossy(&page).into_owned()))
}
