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

use crate::shell::{self, Ended, Seat};
use crate::world::{Place, World};

/// How many bytes may wait between the socket and the SSH session.
const BUFFER: usize = 64 * 1024;

/// How often one connection may try to log in.
const ATTEMPTS: usize = 6;

/// Makes an Ed25519 host key.
#[must_use]
pub fn new_host_key() -> PrivateKey {
    Ed25519Keypair::from_seed(&rand::random()).into()
}

/// SHA-256 of a host key's public blob, as 64 hex digits.
#[must_use]
pub fn host_key_sha256(key: &PrivateKey) -> String {
    hex::encode(Sha256::digest(key.public_key_bytes()))
}

/// Serves a node's shell on `listener` until the task is dropped. A place that is no node is not served.
pub async fn serve(listener: TcpListener, world: Arc<World>, place: Place) {
    let seat = Arc::new(Seat { world, place });
    let Some(config) = configuration(&seat).map(Arc::new) else { return };
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
    let key = seat.world.read(&seat.place, |_, node, _| Arc::clone(&node.host_key))?;
    Some(Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-OpenSSH_8.0")),
        methods: methods(seat),
        auth_rejection_time: Duration::from_millis(10),
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: ATTEMPTS,
        keys: vec![PrivateKey::clone(&key)],
        nodelay: true,
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
    let (mut outside, inside) = tokio::io::duplex(BUFFER);
    let cut = Arc::new(Notify::new());
    let visit = Visit { seat, cut: Arc::clone(&cut), opened: BTreeMap::new() };
    let session = async {
        if let Ok(session) = russh::server::run_stream(config, inside, visit).await {
            // An ended session needs no word: the client has seen how.
            drop(session.await);
        }
    };
    let pipe = tokio::io::copy_bidirectional(&mut socket, &mut outside);
    tokio::select! {
        (_, copied) = async { tokio::join!(session, pipe) } => drop(copied),
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
        if self.seat.login(user, password) { Auth::Accept } else { self.refuse() }
    }

    fn refuse(&self) -> Auth {
        Auth::Reject { proceed_with_methods: Some(methods(&self.seat)), partial_success: false }
    }

    /// Starts the shell, or says the banner and goodbye where there is no terminal.
    ///
    /// claim: VOS-SHELL-PTY
    fn start(&mut self, id: ChannelId, session: &Session, interactive: bool) {
        let Some(opened) = self.opened.remove(&id) else { return };
        let (seat, cut, handle) = (Arc::clone(&self.seat), Arc::clone(&self.cut), session.handle());
        tokio::spawn(async move {
            let stream = opened.channel.into_stream();
            let ended = if interactive && opened.terminal {
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
        let opened = Opened { channel, rows: 0, terminal: false };
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
mod tests {
    use russh::ChannelMsg;
    use russh::client::{self, KeyboardInteractiveAuthResponse as Reply};
    use russh::keys::PublicKeyOrCertificate;

    use super::*;
    use crate::fault::{Fault, Mode};
    use crate::shell::tests::{PASSWORD, place, world};
    use crate::world::Kind;

    /// A client that accepts one host key only.
    struct Visitor {
        pin: String,
    }

    impl client::Handler for Visitor {
        type Error = russh::Error;

        async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
            let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
            Ok(hex::encode(Sha256::digest(key.public_key_bytes())) == self.pin)
        }
    }

    async fn visit(world: &Arc<World>, node: &str) -> client::Handle<Visitor> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let pin = world.read(&place(node), |_, node, _| host_key_sha256(&node.host_key)).unwrap();
        tokio::spawn(serve(listener, Arc::clone(world), place(node)));
        client::connect(Arc::default(), address, Visitor { pin }).await.unwrap()
    }

    async fn answers_the_prompt(handle: &mut client::Handle<Visitor>, password: &str) -> bool {
        let asked = handle.authenticate_keyboard_interactive_start("operator", None).await.unwrap();
        assert!(matches!(&asked, Reply::InfoRequest { prompts, .. } if prompts.len() == 1), "{asked:?}");
        let answered = handle.authenticate_keyboard_interactive_respond(vec![password.into()]).await.unwrap();
        matches!(answered, Reply::Success)
    }

    /// Everything shown until the channel or the connection ends, and the exit status if there was one.
    async fn read_to_end(channel: &mut Channel<client::Msg>) -> (String, Option<u32>) {
        let (mut shown, mut status) = (Vec::new(), None);
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => shown.extend_from_slice(&data),
                ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                _ => {}
            }
        }
        (String::from_utf8(shown).unwrap(), status)
    }

    async fn logged_in(world: &Arc<World>, node: &str) -> client::Handle<Visitor> {
        let mut handle = visit(world, node).await;
        assert!(answers_the_prompt(&mut handle, PASSWORD).await);
        handle
    }

    async fn shell(handle: &client::Handle<Visitor>, rows: u32, typed: &str) -> (String, Option<u32>) {
        let mut channel = handle.channel_open_session().await.unwrap();
        channel.request_pty(true, "vt100", 200, rows, 0, 0, &[]).await.unwrap();
        channel.request_shell(true).await.unwrap();
        channel.data_bytes(typed.as_bytes().to_vec()).await.unwrap();
        read_to_end(&mut channel).await
    }

    #[tokio::test]
    async fn a_terminal_gets_a_shell_of_its_own_height() {
        let world = world();
        let handle = logged_in(&world, "pub").await;
        let (shown, status) = shell(&handle, 10, "utils service list\rqquit\r").await;
        assert_eq!(shown.matches("Press <enter>").count(), 1, "{shown}");
        assert!(shown.ends_with("admin:quit\r\n"), "{shown}");
        assert_eq!(status, Some(0));
        let (tall, _) = shell(&handle, 1000, "utils service list\rquit\r").await;
        assert!(tall.contains("System Application Agent[STARTED]") && !tall.contains("Press"), "{tall}");
    }

    #[tokio::test]
    async fn a_command_without_a_terminal_gets_the_banner_only() {
        let world = world();
        let handle = logged_in(&world, "pub").await;
        let mut channel = handle.channel_open_session().await.unwrap();
        channel.exec(true, "utils service restart Cisco Tomcat").await.unwrap();
        let (shown, _) = read_to_end(&mut channel).await;
        assert!(shown.contains("Welcome") && !shown.contains("admin:"), "{shown}");
        assert_eq!(world.requests(), 0);
    }

    #[tokio::test]
    async fn plain_passwords_are_taken_where_the_node_takes_them() {
        let world = world();
        for (node, taken) in [("pub", true), ("sub2", false)] {
            let mut handle = visit(&world, node).await;
            let answer = handle.authenticate_password("operator", PASSWORD).await.unwrap();
            assert_eq!(answer.success(), taken, "{node}");
        }
    }

    #[tokio::test]
    async fn three_wrong_passwords_lock_the_account_on_that_node() {
        let world = world();
        let mut handle = visit(&world, "pub").await;
        for _ in 0..3 {
            assert!(!answers_the_prompt(&mut handle, "wrong").await);
        }
        assert!(!answers_the_prompt(&mut handle, PASSWORD).await, "the account is not locked");
        logged_in(&world, "sub2").await;
        let logins: Vec<String> =
            world.entries().into_iter().filter(|entry| entry.kind == Kind::Login).map(|entry| entry.what).collect();
        assert_eq!(logins, ["failed", "failed", "failed", "refused, the account is locked", "ok"]);
    }

    #[tokio::test]
    async fn a_cut_ends_the_connection_without_a_word() {
        let world = world();
        world.plant(Fault::new("utils service restart", Mode::SshCutActed));
        let handle = logged_in(&world, "pub").await;
        let (shown, status) = shell(&handle, 24, "utils service restart Cisco Tftp\r").await;
        assert!(!shown.contains("[STOPPING]"), "{shown}");
        assert_eq!(status, None);
        assert!(handle.channel_open_session().await.is_err(), "the connection still stands");
        assert!(world.entries().iter().any(|entry| entry.what == "restart-begin"));
    }
}
