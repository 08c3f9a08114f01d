//! The command line of a node: banner, prompt, commands. It knows bytes and the [`World`], not SSH.

mod certificates;
mod command;
mod imports;
mod listings;
pub(crate) mod terminal;
mod trust_lists;
mod writes;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use tokio::io::{AsyncRead, AsyncWrite};

use self::command::Command;
use self::terminal::{Terminal, Typed};
use crate::fault::Mode;
use crate::state::Quirks;
use crate::world::{Account, Channel, Kind, Place, Request, World};

/// How long the shell takes to start, before scaling.
///
/// claim: VOS-START-SLOW
const START: Duration = Duration::from_secs(20);

/// How long a slow answer waits after each letter; long enough for any deadline to pass within one answer.
const SLOW_LETTER: Duration = Duration::from_millis(50);

/// claim: VOS-PROMPT
const PROMPT: &str = "admin:";

/// Where a shell runs.
pub(crate) struct Seat {
    /// The simulated estate.
    pub(crate) world: Arc<World>,
    /// The node whose command line it is.
    pub(crate) place: Place,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The user left.
    Quit,
    /// A planted fault asks for the connection to be cut without a word.
    Cut,
}

impl Seat {
    /// Whether the command line is that of an Expressway peer.
    pub(crate) fn is_peer(&self) -> bool {
        self.world.read_peer(&self.place, |_, _, _| ()).is_some()
    }

    /// The host key of the node or peer.
    pub(crate) fn host_key(&self) -> Option<Arc<PrivateKey>> {
        let of_peer = || {
            self.world
                .read_peer(&self.place, |_, peer, _| Arc::clone(&peer.host_key))
        };
        self.world
            .read(&self.place, |_, node, _| Arc::clone(&node.host_key))
            .or_else(of_peer)
    }

    /// Whether these credentials open the account for the command line.
    pub(crate) fn login(&self, user: &str, password: &str) -> bool {
        if self.is_peer() {
            return self
                .world
                .login_peer(&self.place, user, password, Channel::Ssh);
        }
        self.world
            .login(&self.place, Account::Platform, user, password, Channel::Ssh)
    }

    /// In what this node differs from others.
    pub(crate) fn quirks(&self) -> Quirks {
        self.world
            .read(&self.place, |_, node, _| node.quirks)
            .unwrap_or_default()
    }

    /// Counts and logs a command. A line that holds a password is not repeated in the log.
    fn begin(&self, line: &str, command: &Command) -> Request {
        let words: Vec<&str> = line.split_whitespace().collect();
        let what: String = words.join(" ").chars().take(200).collect();
        let secret = self.world.read(&self.place, |cluster, _, _| {
            [&cluster.accounts.platform, &cluster.accounts.application]
                .iter()
                .any(|account| what.contains(&account.password))
        });
        let what = if secret.unwrap_or(false) {
            "(a line with a password)"
        } else {
            &what
        };
        let kind = if command.writes() {
            Kind::Write
        } else {
            Kind::Read
        };
        self.world.begin(&self.place, Channel::Ssh, kind, what, "")
    }
}

/// Runs a session on a terminal of `rows` lines until the user leaves or a fault cuts it.
pub(crate) async fn interact<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    rows: u32,
    seat: &Seat,
) -> Ended {
    let mut shell = Shell {
        terminal: Terminal::new(stream, rows),
        seat,
        quirks: seat.quirks(),
    };
    // A client that has gone away is an ordinary end.
    shell.run().await.unwrap_or(Ended::Quit)
}

/// Prints the banner and ends: what a client without a terminal gets.
///
/// claim: VOS-SHELL-PTY
pub(crate) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(stream: S, seat: &Seat) -> Ended {
    let mut shell = Shell {
        terminal: Terminal::new(stream, 0),
        seat,
        quirks: seat.quirks(),
    };
    seat.world.note(
        &seat.place,
        Channel::Ssh,
        Kind::Read,
        "no terminal",
        "answered with the banner",
    );
    let _gone = shell.banner().await;
    Ended::Quit
}

struct Shell<'a, S> {
    terminal: Terminal<S>,
    seat: &'a Seat,
    quirks: Quirks,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Shell<'_, S> {
    async fn run(&mut self) -> io::Result<Ended> {
        self.banner().await?;
        if self.quirks.prompt_needs_newline {
            self.terminal.read_line().await?;
        }
        loop {
            self.prompt().await?;
            let line = match self.terminal.read_line().await? {
                Typed::Line(line) => line,
                Typed::Interrupt => continue,
                Typed::End => return Ok(Ended::Quit),
            };
            match Command::parse(&line) {
                Command::Nothing => {}
                Command::Quit => return Ok(Ended::Quit),
                command => {
                    if self.obey(&line, &command).await? == Next::Cut {
                        return Ok(Ended::Cut);
                    }
                }
            }
        }
    }

    /// claim: VOS-BANNER, VOS-START-SLOW
    async fn banner(&mut self) -> io::Result<()> {
        self.terminal
            .write("Command Line Interface is starting up, please wait...\n")
            .await?;
        self.terminal.wait(self.seat.world.scaled(START)).await?;
        self.terminal
            .write(concat!(
                "\n   Welcome to the Platform Command Line Interface\n",
                "\nVMware Installation:\n",
                "\t2 vCPU: simulated processor\n",
                "\tDisk 1: 110GB, Partitions aligned\n",
                "\t8192 Mbytes RAM\n\n",
            ))
            .await
    }

    /// claim: VOS-PROMPT
    async fn prompt(&mut self) -> io::Result<()> {
        if self.quirks.doubled_prompt {
            self.terminal
                .raw(&format!("\x1b[0m{PROMPT}\r\n\r{PROMPT}"))
                .await
        } else {
            self.terminal.raw(PROMPT).await
        }
    }

    async fn obey(&mut self, line: &str, command: &Command) -> io::Result<Next> {
        let request = self.seat.begin(line, command);
        if cuts_before(request.fault) {
            return Ok(Next::Cut);
        }
        if command.writes() {
            return self.write(command, &request).await;
        }
        let text = self.answer(command);
        self.seat.world.acted(&request);
        self.show(&text, request.fault).await
    }

    /// The answer of a command that changes nothing on the node.
    fn answer(&mut self, command: &Command) -> String {
        match command {
            Command::SetPagination(on) => {
                self.terminal.pagination = *on;
                // claim: VOS-PAGINATION-OFF
                format!(
                    "Automatic pagination is turned {}\n",
                    if *on { "on" } else { "off" }
                )
            }
            Command::ShowPagination => {
                format!(
                    "Automatic Pagination : {}.\n",
                    if self.terminal.pagination {
                        "On"
                    } else {
                        "Off"
                    }
                )
            }
            command => self
                .seat
                .world
                .read(&self.seat.place, |cluster, node, now| {
                    listings::answer(command, cluster, node, now)
                })
                .unwrap_or_default(),
        }
    }

    /// Prints an answer as the planted fault wants it.
    async fn show(&mut self, text: &str, fault: Option<Mode>) -> io::Result<Next> {
        match fault {
            Some(Mode::ActThenDrop | Mode::SshCutActed) => return Ok(Next::Cut),
            Some(Mode::Truncated) => {
                let half: String = text.chars().take(text.chars().count() / 2).collect();
                self.terminal.write(&half).await?;
                return Ok(Next::Cut);
            }
            Some(Mode::SlowBody) => {
                for letter in text.chars() {
                    self.terminal.write(letter.encode_utf8(&mut [0; 4])).await?;
                    self.terminal.wait(SLOW_LETTER).await?;
                }
            }
            // Ends when the client goes away.
            Some(Mode::HugeBody) => loop {
                self.terminal
                    .write(&"more of the same\n".repeat(1000))
                    .await?;
            },
            _ => self.terminal.page(text).await?,
        }
        Ok(Next::Prompt)
    }
}

/// What follows a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Prompt,
    Cut,
}

/// Whether a fault takes the connection away before anything is done. What a web server would answer with an error
/// of its own has no other shape on a command line.
fn cuts_before(fault: Option<Mode>) -> bool {
    fault.is_some_and(|mode| !mode.acts() && mode != Mode::SuccessNotApplied)
}

#[cfg(test)]
pub(crate) mod tests;
