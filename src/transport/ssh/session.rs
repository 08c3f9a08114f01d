//! One logged-in shell on a thread of its own, because the SSH library blocks.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ssh2::{Channel, Session};
use tokio::sync::oneshot;

use crate::transport::logins::Attempt;
use crate::transport::text::excerpt;
use crate::transport::{Endpoint, Login, Network, TransportError};

use super::Printed;
use super::change::{Exchange, Script};
use super::connection::{log_in, milliseconds};
use super::dialogue::{Dialogue, Sight};

/// How long the line must be silent before a prompt ends a command: prompts are sometimes printed twice. One that
/// comes later does no harm, because the next command is only heard from its echo on.
const SETTLE: Duration = Duration::from_millis(20);

/// How long before a line in known words counts as a question.
const ASKED: Duration = Duration::from_millis(500);

/// How long before a line that only ends like a question counts as one.
const STUCK: Duration = Duration::from_secs(30);

/// Columns and rows: long lines must not wrap, and a tall screen needs no pager (cucm-rest-and-cli §4.1).
const SCREEN: (u32, u32) = (200, 1000);

/// Called with each line that a command prints.
pub(super) type Progress = Box<dyn FnMut(&str) + Send>;

/// A command to run.
pub(super) struct Job {
    pub(super) script: Script,
    pub(super) limit: Duration,
    pub(super) progress: Progress,
    pub(super) reply: oneshot::Sender<Result<Printed, Broken>>,
}

/// Why a command gave no output. The session is over in every case.
pub(super) enum Broken {
    /// The connection was gone; `sent` says whether anything had been written on which the node acts.
    Gone { sent: bool, cause: String },
    /// Something to report.
    Failed(TransportError),
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
        endpoint: &Endpoint,
        login: &Login,
    ) -> Result<Self, TransportError> {
        let attempt = network.logins.attempt(endpoint, login).await?;
        let (jobs, queue) = mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let opening = Opening {
            network: network.clone(),
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

fn not_sent(endpoint: &Endpoint, cause: String) -> TransportError {
    TransportError::NotSent {
        place: endpoint.place(),
        cause,
    }
}

struct Opening {
    network: Network,
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

    fn open(self, attempt: Attempt) -> Result<(Live, TcpStream), TransportError> {
        let greeted = log_in(&self.network, &self.endpoint, &self.login, attempt)?;
        tracing::debug!(node = %self.endpoint.node, port = self.endpoint.port, "logged in by SSH");
        let channel = shell_channel(&greeted.session)
            .map_err(|error| not_sent(&self.endpoint, format!("no shell was opened: {error}")))?;
        let mut live = Live {
            session: greeted.session,
            channel,
            prompt: String::new(),
            endpoint: self.endpoint,
            network: self.network,
        };
        live.prompt = live.await_prompt()?;
        Ok((live, greeted.cut))
    }
}

fn shell_channel(session: &Session) -> Result<Channel, ssh2::Error> {
    let mut channel = session.channel_session()?;
    channel.request_pty("vt100", None, Some((SCREEN.0, SCREEN.1, 0, 0)))?;
    channel.shell()?;
    Ok(channel)
}

/// A shell at its prompt.
struct Live {
    session: Session,
    channel: Channel,
    prompt: String,
    endpoint: Endpoint,
    network: Network,
}

/// What one look at the line brought.
enum Heard {
    Bytes,
    Silence,
    Flood,
    Gone(String),
}

impl Live {
    fn await_prompt(&mut self) -> Result<String, TransportError> {
        let limit = self.network.limits.shell_start;
        let started = Instant::now();
        let mut heard_last = started;
        let mut nudged = false;
        let mut dialogue = Dialogue::greeting(self.network.limits.body);
        loop {
            let silent = heard_last.elapsed();
            match dialogue.sight() {
                Sight::Prompt if silent >= SETTLE => return Ok(dialogue.prompt()),
                Sight::Pager => {
                    dialogue.turn_page();
                    // Failing to write shows at the next look.
                    let _written = self.channel.write_all(b" ");
                }
                Sight::Question if silent >= ASKED => {
                    return Err(self.asked("the login", &dialogue, false));
                }
                Sight::Prompt | Sight::Question | Sight::Doubtful | Sight::Running => {}
            }
            // Some nodes show the prompt only after a line (cucm-rest-and-cli §4.1); never typed into a question.
            let quiet_enough = silent >= (limit / 20).min(Duration::from_secs(5));
            if !nudged
                && quiet_enough
                && dialogue.is_welcomed()
                && dialogue.sight() == Sight::Running
            {
                nudged = true;
                let _written = self.channel.write_all(b"\n");
            }
            if started.elapsed() >= limit {
                return Err(TransportError::NoPrompt {
                    place: self.endpoint.place(),
                    waited: limit,
                    last: self.shown(&dialogue.last_line()),
                });
            }
            match self.listen(&mut dialogue, started + limit, heard_last) {
                Heard::Bytes => heard_last = Instant::now(),
                Heard::Silence => {}
                Heard::Flood => {
                    return Err(not_sent(
                        &self.endpoint,
                        "the greeting did not end".to_owned(),
                    ));
                }
                Heard::Gone(cause) => {
                    return Err(not_sent(
                        &self.endpoint,
                        format!("closed before the prompt: {cause}"),
                    ));
                }
            }
        }
    }

    fn run(
        &mut self,
        script: &Script,
        limit: Duration,
        progress: &mut Progress,
    ) -> Result<Printed, Broken> {
        self.drain()?;
        let started = Instant::now();
        let line = &script.line;
        tracing::debug!(node = %self.endpoint.node, command = line, "typed");
        let mut dialogue = Dialogue::command(line, &self.prompt, self.network.limits.body);
        let mut open: Vec<&Exchange> = script.exchanges.iter().collect();
        let mut acted = script.line_acts;
        self.type_in(&format!("{line}\n"), acted)?;
        let mut heard_last = started;
        loop {
            match self.listen(&mut dialogue, started + limit, heard_last) {
                Heard::Bytes => heard_last = Instant::now(),
                Heard::Silence => {}
                Heard::Flood => {
                    return Err(Broken::Failed(TransportError::TooLarge {
                        place: self.endpoint.place(),
                        request: line.clone(),
                        limit: self.network.limits.body,
                    }));
                }
                Heard::Gone(cause) => return Err(Broken::Gone { sent: acted, cause }),
            }
            for printed in dialogue.new_lines() {
                progress(&self.shown(&printed));
            }
            let silent = heard_last.elapsed();
            let known = open
                .iter()
                .position(|exchange| dialogue.asks(exchange.question));
            if let Some(known) = known.filter(|_| silent >= SETTLE) {
                let exchange = open.swap_remove(known);
                acted = true;
                dialogue.answer();
                self.type_in(&exchange.reply, acted)?;
                heard_last = Instant::now();
                continue;
            }
            match dialogue.sight() {
                Sight::Prompt if silent >= SETTLE => {
                    let text = dialogue.output();
                    let ms = started.elapsed().as_millis();
                    tracing::debug!(node = %self.endpoint.node, command = line, bytes = text.len(), ms, "prompt is back");
                    return Ok(Printed { text, acted });
                }
                Sight::Pager => {
                    dialogue.turn_page();
                    let _written = self.channel.write_all(b" ");
                }
                Sight::Question if silent >= ASKED => {
                    return Err(Broken::Failed(self.asked(line, &dialogue, acted)));
                }
                Sight::Doubtful if silent >= STUCK => {
                    return Err(Broken::Failed(self.asked(line, &dialogue, acted)));
                }
                Sight::Prompt | Sight::Question | Sight::Doubtful | Sight::Running => {}
            }
            if started.elapsed() >= limit {
                return Err(Broken::Failed(self.no_prompt(line, &dialogue, limit)));
            }
        }
    }

    /// Types a line or an answer. Part of it may have gone out when it fails.
    fn type_in(&mut self, text: &str, acts: bool) -> Result<(), Broken> {
        self.session
            .set_timeout(milliseconds(self.network.limits.idle));
        let typed = self.channel.write_all(text.as_bytes());
        typed.map_err(|error| Broken::Gone {
            sent: acts,
            cause: error.to_string(),
        })
    }

    /// Takes what is left on the line and finds out whether the connection still lives.
    fn drain(&mut self) -> Result<(), Broken> {
        let mut old = Dialogue::greeting(self.network.limits.body);
        loop {
            match self.listen(&mut old, Instant::now(), Instant::now()) {
                Heard::Bytes => {}
                Heard::Silence => return Ok(()),
                Heard::Flood => {
                    return Err(Broken::Gone {
                        sent: false,
                        cause: "it printed without end while nothing was asked".to_owned(),
                    });
                }
                Heard::Gone(cause) => return Err(Broken::Gone { sent: false, cause }),
            }
        }
    }

    /// Waits for bytes: a moment, not beyond a deadline, and no longer than the line takes to have been silent
    /// for [`SETTLE`].
    fn listen(&mut self, dialogue: &mut Dialogue, until: Instant, heard_last: Instant) -> Heard {
        // Per call, not for the whole conversation: so it is set again each time.
        let left = until.saturating_duration_since(Instant::now());
        let quiet = SETTLE.saturating_sub(heard_last.elapsed());
        let moment = if quiet.is_zero() { SETTLE } else { quiet };
        self.session.set_timeout(milliseconds(left.min(moment)));
        let mut buffer = [0_u8; 16 * 1024];
        match self.channel.read(&mut buffer) {
            Ok(0) if self.channel.eof() => Heard::Gone("the node closed the session".to_owned()),
            Ok(0) => Heard::Silence,
            Ok(count) => {
                let fits = dialogue.feed(buffer.get(..count).unwrap_or_default());
                if fits { Heard::Bytes } else { Heard::Flood }
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                Heard::Silence
            }
            Err(error) => Heard::Gone(excerpt(error.to_string().as_bytes(), 200)),
        }
    }

    fn asked(&self, request: &str, dialogue: &Dialogue, acted: bool) -> TransportError {
        TransportError::Question {
            place: self.endpoint.place(),
            request: request.to_owned(),
            question: self.shown(&dialogue.last_line()),
            acted,
        }
    }

    fn no_prompt(&self, request: &str, dialogue: &Dialogue, limit: Duration) -> TransportError {
        TransportError::Unknown {
            place: self.endpoint.place(),
            request: request.to_owned(),
            cause: format!(
                "no prompt within {} s, the last line was `{}`",
                limit.as_secs(),
                self.shown(&dialogue.last_line())
            ),
        }
    }

    /// A line of the node's, fit for a person.
    fn shown(&self, line: &str) -> String {
        excerpt(self.network.redactor.clean(line).as_bytes(), 200)
    }
}
