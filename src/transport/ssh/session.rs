//! One logged-in shell on a thread of its own, because the SSH library blocks.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use ssh2::{Channel, Session};
use tokio::sync::oneshot;

use crate::transport::logins::Attempt;
use crate::transport::text::excerpt;
use crate::transport::{Endpoint, Login, Network, TransportError};

use super::Printed;
use super::change::Script;
use super::connection::{log_in, milliseconds};
use super::dialogue::Dialect;
use super::live::{Broken, Live, Progress, Sound, Wire, not_sent};

/// Columns and rows: long lines must not wrap, and a tall screen needs no pager (cucm-rest-and-cli §4.1).
const SCREEN: (u32, u32) = (200, 1000);

/// A command to run.
pub(super) struct Job {
    pub(super) script: Script,
    pub(super) limit: Duration,
    pub(super) progress: Progress,
    pub(super) reply: oneshot::Sender<Result<Printed, Broken>>,
}

/// The handle to a running session. Dropping it cuts the connection.
#[derive(Debug)]
pub(super) struct Shell {
    jobs: mpsc::Sender<Job>,
    cut: TcpStream,
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The node may have closed first.
        let _closed = self.cut.shutdown(Shutdown::Both);
    }
}

impl Shell {
    /// Connects, logs in and waits for the prompt.
    pub(super) async fn open(
        network: &Network,
        dialect: Dialect,
        endpoint: &Endpoint,
        login: &Login,
    ) -> Result<Self, TransportError> {
        let attempt = network.logins.attempt(endpoint, login).await?;
        let (jobs, queue) = mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let opening = Opening {
            network: network.clone(),
            dialect,
            endpoint: endpoint.clone(),
            login: login.clone(),
        };
        std::thread::Builder::new()
            .name(format!("ssh {}", endpoint.node.short()))
            .spawn(move || opening.run(attempt, ready, &queue))
            .map_err(|error| not_sent(endpoint, error.to_string()))?;
        let cut = opened.await.map_err(|_| {
            not_sent(endpoint, "the session ended while it was opened".to_owned())
        })??;
        Ok(Self { jobs, cut })
    }

    /// Runs one command.
    pub(super) async fn run(
        &self,
        script: &Script,
        limit: Duration,
        progress: Progress,
    ) -> Result<Printed, Broken> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            script: script.clone(),
            limit,
            progress,
            reply,
        };
        let gone = |sent| Broken::Gone {
            sent,
            cause: "the session had ended".to_owned(),
        };
        self.jobs.send(job).map_err(|_| gone(false))?;
        answer.await.unwrap_or_else(|_| Err(gone(true)))
    }
}

struct Opening {
    network: Network,
    dialect: Dialect,
    endpoint: Endpoint,
    login: Login,
}

impl Opening {
    /// The thread: opens, then serves commands until one breaks the session or nobody can send any more.
    fn run(
        self,
        attempt: Attempt,
        ready: oneshot::Sender<Result<TcpStream, TransportError>>,
        jobs: &mpsc::Receiver<Job>,
    ) {
        let (mut live, cut) = match self.open(attempt) {
            Ok(opened) => opened,
            Err(error) => {
                // Nobody may wait any more; then nobody needs to know.
                let _heard = ready.send(Err(error));
                return;
            }
        };
        if ready.send(Ok(cut)).is_err() {
            return;
        }
        while let Ok(mut job) = jobs.recv() {
            let outcome = live.run(&job.script, job.limit, &mut job.progress);
            let over = outcome.is_err();
            let _heard = job.reply.send(outcome);
            if over {
                return;
            }
        }
    }

    fn open(self, attempt: Attempt) -> Result<(Live<Line>, TcpStream), TransportError> {
        let greeted = log_in(&self.network, &self.endpoint, &self.login, attempt)?;
        tracing::debug!(node = %self.endpoint.node, port = self.endpoint.port, "logged in by SSH");
        let channel = shell_channel(&greeted.session)
            .map_err(|error| not_sent(&self.endpoint, format!("no shell was opened: {error}")))?;
        let line = Line {
            session: greeted.session,
            channel,
        };
        let live = Live::greeted(line, self.dialect, self.endpoint, self.network)?;
        Ok((live, greeted.cut))
    }
}

fn shell_channel(session: &Session) -> Result<Channel, ssh2::Error> {
    let mut channel = session.channel_session()?;
    channel.request_pty("vt100", None, Some((SCREEN.0, SCREEN.1, 0, 0)))?;
    channel.shell()?;
    Ok(channel)
}

/// The wire of a real session.
struct Line {
    session: Session,
    channel: Channel,
}

impl Wire for Line {
    fn say(&mut self, text: &[u8], limit: Duration) -> Result<(), String> {
        self.session.set_timeout(milliseconds(limit));
        self.channel
            .write_all(text)
            .map_err(|error| error.to_string())
    }

    fn hear(&mut self, wait: Duration, buffer: &mut [u8]) -> Sound {
        // Per call, not for the whole conversation: so it is set again each time.
        self.session.set_timeout(milliseconds(wait));
        match self.channel.read(buffer) {
            Ok(0) if self.channel.eof() => Sound::Gone("the node closed the session".to_owned()),
            Ok(0) => Sound::Silence,
            Ok(count) => Sound::Bytes(count),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                Sound::Silence
            }
            Err(error) => Sound::Gone(excerpt(error.to_string().as_bytes(), 200)),
        }
    }
}
