//! Where a password comes from. Never from a flag, an argument or the environment.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::model::AccountName;

use super::{Keyring, Secret, SecretError};

/// The longest line that is taken for a password, in bytes. Platform passwords end far below.
const LONGEST: u64 = 4096;

/// How long a helper program may take: some of them talk to a vault over the network.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);

/// A place that holds an account's password.
#[derive(Clone, Debug)]
pub enum PasswordSource {
    /// The operating system's keyring.
    Keyring,
    /// The first line of a file that only its owner can read.
    File(PathBuf),
    /// The first line that a program prints. Started directly, without a shell.
    Command(Vec<String>),
    /// Already read, from standard input or a terminal.
    Given(Secret),
}

impl PasswordSource {
    /// Reads the password. Blocks: up to 30 seconds for a program, longer if a keyring asks its owner.
    ///
    /// # Errors
    /// [`SecretError`] with the account, what was found and what to do.
    pub fn read(&self, account: &AccountName) -> Result<Secret, SecretError> {
        match self {
            Self::Keyring => Keyring::native()?.read(account),
            Self::File(path) => read_file(account, path),
            Self::Command(words) => run_command(account, words, COMMAND_LIMIT),
            Self::Given(secret) => Ok(secret.clone()),
        }
    }
}

/// Reads the first line of a stream, such as standard input.
///
/// # Errors
/// [`SecretError::Unusable`] if there is no such line or it cannot be a password.
pub fn read_line(account: &AccountName, from: impl Read) -> Result<Secret, SecretError> {
    first_line(account, "standard input", from)
}

/// Asks on the terminal without showing what is typed.
///
/// # Errors
/// [`SecretError::Terminal`] if there is no terminal.
pub fn prompt(account: &AccountName) -> Result<Secret, SecretError> {
    let typed = rpassword::prompt_password(format!("Password for {account}: "))
        .map_err(SecretError::Terminal)?;
    first_line(account, "the terminal", Zeroizing::new(typed).as_bytes())
}

fn read_file(account: &AccountName, path: &Path) -> Result<Secret, SecretError> {
    let unreadable = |cause| SecretError::FileUnreadable {
        account: account.to_string(),
        path: path.to_owned(),
        cause,
    };
    let not_safe = |found| SecretError::FileUnsafe {
        account: account.to_string(),
        path: path.to_owned(),
        found,
    };
    let named = std::fs::symlink_metadata(path).map_err(unreadable)?;
    if named.is_symlink() {
        return Err(not_safe("a symbolic link".to_owned()));
    }
    // Before it is opened, because opening a pipe would wait for its other end.
    if !named.is_file() {
        return Err(not_safe("something that is not a file".to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, so that it cannot be exchanged in between.
    if let Some(found) = exposed(&file.metadata().map_err(unreadable)?) {
        return Err(not_safe(found));
    }
    first_line(account, &format!("the file {}", path.display()), file)
}

/// Says in what way others than the owner could read a file.
#[cfg(unix)]
fn exposed(facts: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    if facts.uid() != rustix::process::geteuid().as_raw() {
        Some("a file that another user owns".to_owned())
    } else if facts.mode() & 0o077 != 0 {
        Some(format!("mode {:04o}", facts.mode() & 0o7777))
    } else {
        None
    }
}

/// Elsewhere the folder's access list protects the file; there is no mode to look at.
#[cfg(not(unix))]
fn exposed(_facts: &std::fs::Metadata) -> Option<String> {
    None
}

fn run_command(
    account: &AccountName,
    words: &[String],
    limit: Duration,
) -> Result<Secret, SecretError> {
    let failed = |found: String| SecretError::Command {
        account: account.to_string(),
        program: words.first().cloned().unwrap_or_default(),
        found,
    };
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| failed("is an empty list".to_owned()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|cause| failed(format!("cannot be started: {cause}")))?;
    let until = Instant::now() + limit;
    let line = output_until(&mut child, until);
    let status = exit_until(&mut child, until);
    let (Some(line), Some(status)) = (line, status) else {
        return Err(SecretError::CommandSlow {
            account: account.to_string(),
            program: program.clone(),
            limit,
        });
    };
    if !status.success() {
        return Err(failed(format!("failed ({status})")));
    }
    first_line(
        account,
        &format!("the program `{program}`"),
        line.as_slice(),
    )
}

/// What the program printed until it closed its output; `None` if it did not in time.
fn output_until(child: &mut Child, until: Instant) -> Option<Zeroizing<Vec<u8>>> {
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut printed = Zeroizing::new(Vec::new());
        let outcome = output.take(LONGEST * 2).read_to_end(&mut printed);
        // Nobody listens any more once the limit has passed.
        let _heard = outcome.is_ok() && sender.send(printed).is_ok();
    });
    receiver
        .recv_timeout(until.saturating_duration_since(Instant::now()))
        .ok()
}

/// How the program ended; it is stopped, and `None`, if it did not in time.
fn exit_until(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= until {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // It may have ended by itself meanwhile; either way it is gone afterwards.
    if child.kill().is_ok() {
        let _status = child.wait();
    }
    None
}

fn first_line(account: &AccountName, origin: &str, from: impl Read) -> Result<Secret, SecretError> {
    let unusable = |found: &str| SecretError::Unusable {
        account: account.to_string(),
        origin: origin.to_owned(),
        found: found.to_owned(),
    };
    let mut line = Zeroizing::new(Vec::new());
    io::BufReader::new(from.take(LONGEST + 1))
        .read_until(b'\n', &mut line)
        .map_err(|cause| unusable(&cause.to_string()))?;
    if line.len() as u64 > LONGEST {
        return Err(unusable("a line of more than 4096 bytes"));
    }
    let text = std::str::from_utf8(&line).map_err(|_| unusable("bytes that are not UTF-8"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(unusable("an empty first line"))
    } else if text.chars().any(char::is_control) {
        Err(unusable("control characters"))
    } else {
        Ok(Secret::new(text.to_owned()))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
