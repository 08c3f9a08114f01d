//! SSH in front of every node's shell: host key, login, one shell a channel, and cuts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKeyBase64};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty, SshId};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::expressway;
use crate::shell::{self, Ended, Seat};
use crate::world::{Place, World};

/// How many bytes may wait between the socket and the SSH session.
const BUFFER: usize = 64 * 1024;

/// How often one connection may try to log in.
const ATTEMPTS: usize = 6;

/// Makes an Ed25519 host key.
pub(crate) fn new_host_key() -> PrivateKey {
    Ed25519Keypair::from_seed(&rand::random()).into()
}

/// SHA-256 of a host key's public blob, as 64 hex digits.
pub(crate) fn host_key_sha256(key: &PrivateKey) -> String {
    hex::encode(Sha256::digest(key.public_key_bytes()))
}

/// Serves a node's shell on `listener` until the task is dropped. A place that is no node is not served.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>, place: Place) {
    let seat = Arc::new(Seat { world, place });
    let Some(config) = configuration(&seat).map(Arc::new) else {
        return;
    };
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                tokio::spawn(connection(socket, Arc::clone(&config), Arc::clone(&seat)));
            }
            // Out of descriptors: the next accept may find one.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

fn configuration(seat: &Seat) -> Option<Config> {
    let key = seat.host_key()?;
    Some(Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-OpenSSH_8.0")),
        methods: methods(seat),
        auth_rejection_time: Duration::from_millis(10),
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: ATTEMPTS,
        keys: vec![PrivateKey::clone(&key)],
        ..Config::default()
    })
}

/// claim: VOS-AUTH
fn methods(seat: &Seat) -> MethodSet {
    let mut methods = MethodSet::from([MethodKind::KeyboardInteractive].as_slice());
    if !seat.quirks().keyboard_interactive_only {
        methods.push(MethodKind::Password);
    }
    methods
}

/// Runs one connection. The session sits behind a pipe, so that a cut takes the socket away at once, with nothing said.
async fn connection(mut socket: TcpStream, config: Arc<Config>, seat: Arc<Seat>) {
    // Without it every answer waits for the acknowledgement of its echo; a socket that refuses is only slower.
    let _slower = socket.set_nodelay(true);
    let (mut outside, inside) = tokio::io::duplex(BUFFER);
    let cut = Arc::new(Notify::new());
    let visit = Visit {
        seat,
        cut: Arc::clone(&cut),
        opened: BTreeMap::new(),
    };
    let session = async {
        if let Ok(session) = russh::server::run_stream(config, inside, visit).await {
            // An ended session needs no word: the client has seen how.
            drop(session.await);
        }
    };
    // It owns both ends, so that the session ends with it.
    let pipe = async move { tokio::io::copy_bidirectional(&mut socket, &mut outside).await };
    tokio::select! {
        ((), copied) = async { tokio::join!(session, pipe) } => drop(copied),
        () = cut.notified() => {}
    }
}

/// A channel that waits for its shell.
struct Opened {
    channel: Channel<Msg>,
    rows: u32,
    terminal: bool,
}

/// What a client has done on one connection so far.
struct Visit {
    seat: Arc<Seat>,
    cut: Arc<Notify>,
    opened: BTreeMap<ChannelId, Opened>,
}

impl Visit {
    fn login(&self, user: &str, password: &str) -> Auth {
        if self.seat.login(user, password) {
            Auth::Accept
        } else {
            self.refuse()
        }
    }

    fn refuse(&self) -> Auth {
        Auth::Reject {
            proceed_with_methods: Some(methods(&self.seat)),
            partial_success: false,
        }
    }

    /// Starts the shell, or says the banner and goodbye where there is no terminal.
    ///
    /// claim: VOS-SHELL-PTY, EXPRESSWAY-CLI-PTY
    fn start(&mut self, id: ChannelId, session: &Session, interactive: bool) {
        let Some(opened) = self.opened.remove(&id) else {
            return;
        };
        let (seat, cut, handle) = (
            Arc::clone(&self.seat),
            Arc::clone(&self.cut),
            session.handle(),
        );
        tokio::spawn(async move {
            let stream = opened.channel.into_stream();
            let ended = if seat.is_peer() {
                expressway::interact(stream, opened.terminal, &seat).await
            } else if interactive && opened.terminal {
                shell::interact(stream, opened.rows, &seat).await
            } else {
                shell::greet(stream, &seat).await
            };
            match ended {
                Ended::Cut => cut.notify_one(),
                // A client that went away hears no goodbye.
                Ended::Quit => {
                    let _gone = handle.exit_status_request(id, 0).await;
                    let _gone = handle.close(id).await;
                }
            }
        });
    }
}

impl Handler for Visit {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        if self.seat.quirks().keyboard_interactive_only {
            return Ok(self.refuse());
        }
        Ok(self.login(user, password))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut answers) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)]),
            });
        };
        let answer = answers.next().unwrap_or_default();
        Ok(self.login(user, &String::from_utf8_lossy(&answer)))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let opened = Opened {
            channel,
            rows: 0,
            terminal: false,
        };
        self.opened.insert(opened.channel.id(), opened);
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(opened) = self.opened.get_mut(&channel) {
            opened.rows = rows;
            opened.terminal = true;
        }
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        self.start(channel, session, true);
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        self.start(channel, session, false);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
