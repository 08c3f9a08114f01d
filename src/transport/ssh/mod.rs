//! The platform shell over SSH: a client that can only look, and one that can also make the changes of a closed list.

mod change;
mod command;
mod connection;
mod dialogue;
mod live;
mod session;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::model::Fingerprint;

use super::text::excerpt;
use super::{Endpoint, Limits, Login, Network, TransportError, WriteAccess};

use change::Script;
use dialogue::{Dialect, FAILED};
use live::{Broken, Progress};
use session::Shell;

pub use change::WriteCommand;
pub use command::ReadCommand;

/// What the shell says to a command that it does not have (cucm-rest-and-cli §4.1).
const NO_SUCH_COMMAND: &str = "No valid command entered";

/// Looks at a node. One login, kept open and used for all commands, one after the other; opened again if it was cut
/// while idle.
#[derive(Clone, Debug)]
pub struct ShellReader {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    network: Network,
    dialect: Dialect,
    endpoint: Endpoint,
    login: Login,
    shell: Mutex<Option<Shell>>,
}

impl ShellReader {
    /// Prepares a client; connects to nothing yet.
    pub fn new(network: &Network, endpoint: Endpoint, login: Login) -> Self {
        Self::of(network, Dialect::Platform, endpoint, login)
    }

    /// Prepares a client for the command line of an Expressway peer; connects to nothing yet.
    pub fn expressway(network: &Network, endpoint: Endpoint, login: Login) -> Self {
        Self::of(network, Dialect::Expressway, endpoint, login)
    }

    fn of(network: &Network, dialect: Dialect, endpoint: Endpoint, login: Login) -> Self {
        network.redactor.learn_login(&login.user, &login.password);
        Self {
            inner: Arc::new(Inner {
                network: network.clone(),
                dialect,
                endpoint,
                login,
                shell: Mutex::new(None),
            }),
        }
    }

    /// Runs a command and returns what it printed: without echo, prompt, pages and colours.
    ///
    /// # Errors
    /// [`TransportError`]; after any of them the session is closed and the next command opens another.
    pub async fn run(&self, command: &ReadCommand) -> Result<String, TransportError> {
        let name = command.to_string();
        let line = command.line().ok_or_else(|| TransportError::Forbidden {
            place: self.inner.endpoint.place(),
            request: excerpt(name.as_bytes(), 80),
            expected: "a certificate purpose as a node prints it",
        })?;
        let script = Script::look(line.clone());
        // A look may be taken again whatever became of the first.
        let output = self
            .inner
            .run(&script, command.limit(), true, || Box::new(|_| {}))
            .await?
            .text;
        let refused = self.inner.dialect == Dialect::Expressway
            && output
                .lines()
                .next_back()
                .is_some_and(|line| line == FAILED);
        if output.trim() == NO_SUCH_COMMAND || refused {
            return Err(TransportError::Malformed {
                place: self.inner.endpoint.place(),
                request: line,
                expected: "a command that this release has",
                found: excerpt(output.trim().as_bytes(), 80),
            });
        }
        Ok(output)
    }

    /// Ends the session, if one is open.
    pub async fn close(&self) {
        *self.inner.shell.lock().await = None;
    }
}

/// What a change printed until the prompt was back. That proves nothing about the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Without echo of the command, prompt, pages and colours; after an answer, what followed it.
    pub text: String,
    /// Whether anything was typed by which the node acts.
    pub acted: bool,
}

/// Changes a node, over the same session as its reader.
#[derive(Debug)]
pub struct ShellWriter {
    inner: Arc<Inner>,
}

impl ShellWriter {
    /// Makes a client that can change a node out of one that cannot.
    pub fn new(reader: &ShellReader, _access: &WriteAccess) -> Self {
        Self {
            inner: Arc::clone(&reader.inner),
        }
    }

    /// Types a command once, answers the questions that are known, passes on each line that it prints, and returns
    /// them when the prompt is back. That proves nothing: some nodes return while a service is still starting
    /// (cucm-rest-and-cli §4.3).
    ///
    /// # Errors
    /// [`TransportError::Question`] if it asked anything that is not known; [`TransportError::not_sent`] tells whether
    /// the line was typed.
    pub async fn run(
        &self,
        command: &WriteCommand,
        limit: Duration,
        on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<Printed, TransportError> {
        let script = command.script().ok_or_else(|| TransportError::Forbidden {
            place: self.inner.endpoint.place(),
            request: excerpt(command.to_string().as_bytes(), 80),
            expected: "names as a node prints them, and one PEM block",
        })?;
        let on_line = Arc::new(std::sync::Mutex::new(on_line));
        let progress = || -> Progress {
            let on_line = Arc::clone(&on_line);
            Box::new(move |line| on_line.lock().unwrap_or_else(PoisonError::into_inner)(line))
        };
        self.inner.run(&script, limit, false, progress).await
    }
}

impl Inner {
    /// Runs a line in the open session, or in a new one. Once more in a new one if the old had died, and the line either
    /// had not been written or is `harmless` to repeat.
    async fn run(
        &self,
        script: &Script,
        limit: Duration,
        harmless: bool,
        progress: impl Fn() -> Progress,
    ) -> Result<Printed, TransportError> {
        let mut slot = self.shell.lock().await;
        let mut kept = slot.take();
        loop {
            let was_kept = kept.is_some();
            let shell = match kept.take() {
                Some(shell) => shell,
                None => {
                    Shell::open(&self.network, self.dialect, &self.endpoint, &self.login).await?
                }
            };
            match shell.run(script, limit, progress()).await {
                Ok(output) => {
                    *slot = Some(shell);
                    return Ok(output);
                }
                Err(Broken::Gone { sent, .. }) if was_kept && (harmless || !sent) => {}
                Err(Broken::Gone { sent: false, cause }) => {
                    return Err(TransportError::NotSent {
                        place: self.endpoint.place(),
                        cause,
                    });
                }
                Err(Broken::Gone { sent: true, cause }) => {
                    return Err(TransportError::Unknown {
                        place: self.endpoint.place(),
                        request: script.line.clone(),
                        cause: format!("the session was cut ({cause})"),
                    });
                }
                Err(Broken::Failed(error)) => return Err(error),
            }
        }
    }
}

/// The type and SHA-256 of the host key that a node shows, for a person to compare. Nothing is proved and nobody logs in.
///
/// # Errors
/// [`TransportError::NotSent`].
pub async fn host_key(
    endpoint: &Endpoint,
    limits: &Limits,
) -> Result<(String, Fingerprint), TransportError> {
    let place = endpoint.place();
    let (endpoint, limits) = (endpoint.clone(), *limits);
    let look = tokio::task::spawn_blocking(move || connection::greet(&endpoint, &limits, ""));
    let greeted = look.await.map_err(|error| TransportError::NotSent {
        place,
        cause: error.to_string(),
    })??;
    Ok((greeted.key_type, greeted.key))
}

#[cfg(test)]
mod tests;
