//! The platform shell over SSH: a client that can only look, and one that can also restart services.

mod command;
mod connection;
mod dialogue;
mod session;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::model::{Fingerprint, ServiceName};

use super::text::excerpt;
use super::{Endpoint, Limits, Login, Network, TransportError, WriteAccess};

use session::{Broken, Progress, Shell};

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
    endpoint: Endpoint,
    login: Login,
    shell: Mutex<Option<Shell>>,
}

impl ShellReader {
    /// Prepares a client; connects to nothing yet.
    pub fn new(network: &Network, endpoint: Endpoint, login: Login) -> Self {
        network.redactor.learn_login(&login.user, &login.password);
        Self {
            inner: Arc::new(Inner {
                network: network.clone(),
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
        // A look may be taken again whatever became of the first.
        let output = self
            .inner
            .run(&line, command.limit(), true, || Box::new(|_| {}))
            .await?;
        if output.trim() == NO_SUCH_COMMAND {
            return Err(TransportError::Malformed {
                place: self.inner.endpoint.place(),
                request: line,
                expected: "a command that this release has",
                found: NO_SUCH_COMMAND.to_owned(),
            });
        }
        Ok(output)
    }

    /// Ends the session, if one is open.
    pub async fn close(&self) {
        *self.inner.shell.lock().await = None;
    }
}

/// Restarts services of a node, over the same session as its reader.
#[derive(Debug)]
pub struct ShellWriter {
    inner: Arc<Inner>,
}

impl ShellWriter {
    /// Makes a client that can restart services out of one that cannot.
    pub fn new(reader: &ShellReader, _access: &WriteAccess) -> Self {
        Self {
            inner: Arc::clone(&reader.inner),
        }
    }

    /// Types `utils service restart …` once, passes on each line that it prints, and returns all of them when the prompt is
    /// back. That proves nothing: some nodes return while the service is still starting (cucm-rest-and-cli §4.3).
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::not_sent`] tells whether the restart can have begun.
    pub async fn restart_service(
        &self,
        service: &ServiceName,
        limit: Duration,
        on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<String, TransportError> {
        let line = command::restart_line(service).ok_or_else(|| TransportError::Forbidden {
            place: self.inner.endpoint.place(),
            request: excerpt(format!("utils service restart {service}").as_bytes(), 80),
            expected: "a service's name as a node prints it",
        })?;
        let on_line = Arc::new(std::sync::Mutex::new(on_line));
        let progress = || -> Progress {
            let on_line = Arc::clone(&on_line);
            Box::new(move |line| on_line.lock().unwrap_or_else(PoisonError::into_inner)(line))
        };
        self.inner.run(&line, limit, false, progress).await
    }
}

impl Inner {
    /// Runs a line in the open session, or in a new one. Once more in a new one if the old had died, and the line either
    /// had not been written or `harmless` to repeat.
    async fn run(
        &self,
        line: &str,
        limit: Duration,
        harmless: bool,
        progress: impl Fn() -> Progress,
    ) -> Result<String, TransportError> {
        let mut slot = self.shell.lock().await;
        let mut kept = slot.take();
        loop {
            let was_kept = kept.is_some();
            let shell = match kept.take() {
                Some(shell) => shell,
                None => Shell::open(&self.network, &self.endpoint, &self.login).await?,
            };
            match shell.run(line, limit, progress()).await {
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
                        request: line.to_owned(),
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
