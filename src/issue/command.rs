//! An authority behind a program: the request goes to its standard input, the certificate comes from its
//! standard output.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::folder::{aside, read_issued, write_whole};
use super::{FolderIssuer, Ignored, IssueError, IssuedCertificates, Issuer, file_name};
use crate::model::{Fingerprint, SigningRequest};
use crate::pki::{FILE_LIMIT, printable, read_bundle};

/// How much of its standard error is shown, in bytes.
const SHOWN: usize = 2048;

/// Runs a program for each request and keeps what it answers in a folder, so that a resumed run finds it and
/// does not ask the authority twice. To have a request signed once more, remove its file there.
#[derive(Debug)]
pub struct CommandIssuer {
    command: Vec<String>,
    timeout: Duration,
    kept: PathBuf,
    folder: FolderIssuer,
}

impl CommandIssuer {
    /// `command` is the program and its arguments, run without a shell; it finds the request's name in
    /// `REISSUE_REQUEST`. `kept` is the folder for its answers, made when it is needed.
    pub fn new(command: Vec<String>, timeout: Duration, kept: impl Into<PathBuf>) -> Self {
        let kept = kept.into();
        Self {
            command,
            timeout,
            folder: FolderIssuer::new(&kept, &kept),
            kept,
        }
    }

    fn program(&self) -> String {
        printable(self.command.first().map_or("", String::as_str))
    }

    async fn issue(&self, name: &str, request: &SigningRequest) -> Result<(), IssueError> {
        let path = self.kept.join(format!(
            "{}.{}.pem",
            file_name(name)?,
            request.key.sha256.short()
        ));
        let (kept, key) = (self.kept.clone(), request.key.sha256.clone());
        let there = aside(path.clone(), move || already_kept(&kept, &key)).await?;
        if there {
            return Ok(());
        }
        let answer = self.run(name, request.pem.as_bytes()).await?;
        let program = self.program();
        let read = read_bundle(&answer, "its output").map_err(|reason| IssueError::Answer {
            program: program.clone(),
            name: printable(name),
            reason: Box::new(reason),
        })?;
        if read
            .iter()
            .all(|certificate| certificate.facts.key.sha256 != request.key.sha256)
        {
            let key = request.key.sha256.short().to_owned();
            return Err(IssueError::OtherKey {
                program,
                name: printable(name),
                key,
            });
        }
        let pem: String = read
            .iter()
            .map(|certificate| certificate.pem.as_str())
            .collect();
        let kept = self.kept.clone();
        aside(path.clone(), move || {
            write_whole(&kept, &path, pem.as_bytes()).map_err(|reason| IssueError::File {
                doing: "write",
                path,
                reason,
            })
        })
        .await
    }

    /// Runs the program once. Its standard output, whole, if it ended well.
    async fn run(&self, name: &str, request: &[u8]) -> Result<Vec<u8>, IssueError> {
        let mut child = self.start(name).map_err(|reason| IssueError::NotStarted {
            program: self.program(),
            reason,
        })?;
        let Ok(ended) = tokio::time::timeout(self.timeout, converse(&mut child, request)).await
        else {
            stop(&mut child).await;
            return Err(IssueError::TimedOut {
                program: self.program(),
                name: printable(name),
                after: self.timeout,
            });
        };
        let failed = |status: String, said: &[u8]| IssueError::Failed {
            program: self.program(),
            name: printable(name),
            status,
            said: last_words(said),
        };
        match ended {
            Ok((status, answer, _)) if status.success() => Ok(answer),
            Ok((status, _, said)) => Err(failed(status.to_string(), &said)),
            Err(error) => Err(failed(format!("an input or output error ({error})"), b"")),
        }
    }

    fn start(&self, name: &str) -> io::Result<Child> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no command is given"))?;
        let mut command = Command::new(program);
        // A group of its own: Ctrl-C reaches this program, which then waits for the answer.
        #[cfg(unix)]
        command.process_group(0);
        command
            .args(arguments)
            .env("REISSUE_REQUEST", name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

impl Issuer for CommandIssuer {
    fn submit<'a>(
        &'a self,
        name: &'a str,
        request: &'a SigningRequest,
    ) -> BoxFuture<'a, Result<(), IssueError>> {
        Box::pin(self.issue(name, request))
    }

    fn collect<'a>(
        &'a self,
        wanted: &'a BTreeMap<Fingerprint, String>,
    ) -> BoxFuture<'a, Result<IssuedCertificates, IssueError>> {
        self.folder.collect(wanted)
    }

    fn ignored(&self) -> Vec<Ignored> {
        self.folder.ignored()
    }
}

/// Kills the program with what it started, and waits until it is gone.
async fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()) {
        let group = rustix::process::Pid::from_raw(group);
        // It may have ended by itself in this moment.
        let _ =
            group.map(|id| rustix::process::kill_process_group(id, rustix::process::Signal::KILL));
    }
    drop(child.kill().await);
}

fn already_kept(folder: &Path, key: &Fingerprint) -> Result<bool, IssueError> {
    fs::create_dir_all(folder).map_err(|reason| IssueError::File {
        doing: "make",
        path: folder.to_owned(),
        reason,
    })?;
    let (found, _) = read_issued(folder, &[key.clone()].into())?;
    Ok(!found.is_empty())
}

/// Writes the request while it reads both outputs, so that neither side waits for the other.
async fn converse(
    child: &mut Child,
    request: &[u8],
) -> io::Result<(std::process::ExitStatus, Vec<u8>, Vec<u8>)> {
    let (input, output, error) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut input) = input {
            // A program that does not read it all may still answer; its exit status decides.
            drop(input.write_all(request).await);
        }
    };
    let ((), output, error) = tokio::join!(write, beginning(output), ending(error));
    Ok((child.wait().await?, output?, error?))
}

/// All that is written; more than a certificate file can have is an error.
async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream
            .take(FILE_LIMIT as u64 + 1)
            .read_to_end(&mut bytes)
            .await?;
    }
    if bytes.len() > FILE_LIMIT {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it wrote more than 1 MiB",
        ));
    }
    Ok(bytes)
}

/// The last bytes that are written, however much comes.
async fn ending(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else {
        return Ok(kept);
    };
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(kept);
        }
        kept.extend(buffer.iter().take(count));
        let surplus = kept.len().saturating_sub(SHOWN);
        kept.drain(..surplus);
    }
}

/// What the program said, in one printable line.
fn last_words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(printable)
        .collect();
    if lines.is_empty() {
        "nothing".to_owned()
    } else {
        lines.join(" / ")
    }
}
