//! The conversation with a shell at its prompt, whatever carries the bytes. Blocking.

use std::time::{Duration, Instant};

use crate::transport::text::excerpt;
use crate::transport::{Endpoint, Network, TransportError};

use super::Printed;
use super::change::{Exchange, Script};
use super::dialogue::{Dialect, Dialogue, Sight};

/// How long the line must be silent before a prompt ends a command: prompts are sometimes printed twice. One that
/// comes later does no harm, because the next command is only heard from its echo on.
const SETTLE: Duration = Duration::from_millis(20);

/// How long before a line in known words counts as a question.
const ASKED: Duration = Duration::from_millis(500);

/// How long before a line that only ends like a question counts as one.
const STUCK: Duration = Duration::from_secs(30);

/// Called with each line that a command prints.
pub(super) type Progress = Box<dyn FnMut(&str) + Send>;

/// Why a command gave no output. The session is over in every case.
pub(super) enum Broken {
    /// The connection was gone; `sent` says whether the command had been written.
    Gone { sent: bool, cause: String },
    /// Something to report.
    Failed(TransportError),
}

/// What carries the bytes.
pub(super) trait Wire {
    /// Writes all of a text within some time. Part of it may have gone out when it fails.
    fn say(&mut self, text: &[u8], limit: Duration) -> Result<(), String>;

    /// Waits some time for bytes.
    fn hear(&mut self, wait: Duration, buffer: &mut [u8]) -> Sound;
}

/// What a wire brought.
pub(super) enum Sound {
    /// So many bytes.
    Bytes(usize),
    /// Nothing in that time.
    Silence,
    /// The other side is gone, and why.
    Gone(String),
}

pub(super) fn not_sent(endpoint: &Endpoint, cause: String) -> TransportError {
    TransportError::NotSent {
        place: endpoint.place(),
        cause,
    }
}

/// A shell at its prompt.
pub(super) struct Live<W> {
    wire: W,
    dialect: Dialect,
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

impl<W: Wire> Live<W> {
    /// Waits for the prompt after a login.
    pub(super) fn greeted(
        wire: W,
        dialect: Dialect,
        endpoint: Endpoint,
        network: Network,
    ) -> Result<Self, TransportError> {
        let mut live = Self {
            wire,
            dialect,
            prompt: String::new(),
            endpoint,
            network,
        };
        live.prompt = live.await_prompt()?;
        Ok(live)
    }

    fn await_prompt(&mut self) -> Result<String, TransportError> {
        let limit = self.network.limits.shell_start;
        let started = Instant::now();
        let mut heard_last = started;
        let mut nudged = false;
        let mut dialogue = Dialogue::greeting(self.dialect, self.network.limits.body);
        loop {
            let silent = heard_last.elapsed();
            match dialogue.sight() {
                Sight::Prompt if silent >= SETTLE => return Ok(dialogue.prompt()),
                Sight::Pager => {
                    dialogue.turn_page();
                    // Failing to write shows at the next look.
                    let _said = self.wire.say(b" ", self.network.limits.idle);
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
                let _said = self.wire.say(b"\n", self.network.limits.idle);
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

    /// Types a line, answers the questions that are known, and listens until the prompt is back.
    pub(super) fn run(
        &mut self,
        script: &Script,
        limit: Duration,
        progress: &mut Progress,
    ) -> Result<Printed, Broken> {
        self.drain()?;
        let started = Instant::now();
        let line = &script.line;
        tracing::debug!(node = %self.endpoint.node, command = line, "typed");
        let limit_of_text = self.network.limits.body;
        let mut dialogue = Dialogue::command(self.dialect, line, &self.prompt, limit_of_text);
        let mut open: Vec<&Exchange> = script.exchanges.iter().collect();
        let mut acted = script.line_acts;
        self.type_in(&format!("{line}\n"))?;
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
                Heard::Gone(cause) => return Err(Broken::Gone { sent: true, cause }),
            }
            for printed in dialogue.new_lines() {
                progress(&self.shown(&printed));
            }
            let silent = heard_last.elapsed();
            let known = |exchange: &&Exchange| dialogue.asks(exchange.question);
            if silent >= SETTLE
                && let Some(known) = open.iter().position(known)
            {
                let exchange = open.swap_remove(known);
                acted = true;
                dialogue.answer();
                self.type_in(&exchange.reply)?;
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
                    let _said = self.wire.say(b" ", self.network.limits.idle);
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

    /// Types a line or an answer. Part of it may have gone out when it fails, and a release may act on a line without
    /// the question that others ask: so a cut leaves the outcome unknown, whatever was typed.
    fn type_in(&mut self, text: &str) -> Result<(), Broken> {
        self.wire
            .say(text.as_bytes(), self.network.limits.idle)
            .map_err(|cause| Broken::Gone { sent: true, cause })
    }

    /// Takes what is left on the line and finds out whether the connection still lives.
    fn drain(&mut self) -> Result<(), Broken> {
        let mut old = Dialogue::greeting(self.dialect, self.network.limits.body);
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
        let left = until.saturating_duration_since(Instant::now());
        let quiet = SETTLE.saturating_sub(heard_last.elapsed());
        let moment = if quiet.is_zero() { SETTLE } else { quiet };
        let mut buffer = [0_u8; 16 * 1024];
        match self.wire.hear(left.min(moment), &mut buffer) {
            Sound::Bytes(count) => {
                let fits = dialogue.feed(buffer.get(..count).unwrap_or_default());
                if fits { Heard::Bytes } else { Heard::Flood }
            }
            Sound::Silence => Heard::Silence,
            Sound::Gone(cause) => Heard::Gone(cause),
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

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
