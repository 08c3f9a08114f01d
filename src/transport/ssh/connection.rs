//! Opens an SSH session: reaches the node, proves its host key, logs in once. Blocking.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use ssh2::{HostKeyType, KeyboardInteractivePrompt, MethodType, Prompt, Session};

use crate::model::Fingerprint;
use crate::transport::logins::Attempt;
use crate::transport::text::excerpt;
use crate::transport::{Endpoint, Limits, Login, Network, TransportError};

/// What libssh2 reports when the node says no to a login.
const AUTHENTICATION_FAILED: ssh2::ErrorCode = ssh2::ErrorCode::Session(-18);

/// A connection whose handshake is done; nobody has been proved yet.
pub(super) struct Greeted {
    pub(super) session: Session,
    /// The same socket, to end a call that blocks.
    pub(super) cut: TcpStream,
    pub(super) key_type: String,
    pub(super) key: Fingerprint,
}

/// Connects and shakes hands, preferring these host key algorithms if any are given.
pub(super) fn greet(
    endpoint: &Endpoint,
    limits: &Limits,
    algorithms: &str,
) -> Result<Greeted, TransportError> {
    let failed = |cause: String| TransportError::NotSent {
        place: endpoint.place(),
        cause,
    };
    let until = Instant::now() + limits.connect;
    let tcp = connect(endpoint, until).map_err(failed)?;
    let cut = tcp.try_clone().map_err(|error| failed(error.to_string()))?;
    let mut session = Session::new().map_err(|error| failed(error.to_string()))?;
    if !algorithms.is_empty() {
        session
            .method_pref(MethodType::HostKey, algorithms)
            .map_err(|error| failed(format!("host key types `{algorithms}`: {error}")))?;
    }
    // Without it a silent peer would be waited for without end.
    session.set_timeout(milliseconds(
        until.saturating_duration_since(Instant::now()),
    ));
    session.set_tcp_stream(tcp);
    session
        .handshake()
        .map_err(|error| failed(format!("the SSH handshake failed: {}", plain(&error))))?;
    let (key_type, key) = {
        let (bytes, kind) = session
            .host_key()
            .ok_or_else(|| failed("the node showed no host key".to_owned()))?;
        (key_word(kind).to_owned(), Fingerprint::of(bytes))
    };
    Ok(Greeted {
        session,
        cut,
        key_type,
        key,
    })
}

/// Connects, proves the host key by the pin book, and logs in.
pub(super) fn log_in(
    network: &Network,
    endpoint: &Endpoint,
    login: &Login,
    attempt: Attempt,
) -> Result<Greeted, TransportError> {
    let unreadable = |cause| TransportError::Pins {
        place: endpoint.place(),
        cause,
    };
    let pinned = network
        .pins
        .of(&endpoint.node, endpoint.standard)
        .map_err(unreadable)?;
    let algorithms: Vec<_> = pinned.iter().map(|peer| algorithms(&peer.key)).collect();
    let greeted = greet(endpoint, &network.limits, &algorithms.join(","))?;
    network
        .pins
        .check(&endpoint.node, endpoint.standard, &greeted.key)
        .map_err(unreadable)?
        .map_err(|refusal| TransportError::NotTrusted {
            place: endpoint.place(),
            refusal,
        })?;
    authenticate(network, endpoint, login, &greeted.session, attempt)?;
    Ok(greeted)
}

/// Sends the password by exactly one method, so that a wrong one counts once.
fn authenticate(
    network: &Network,
    endpoint: &Endpoint,
    login: &Login,
    session: &Session,
    attempt: Attempt,
) -> Result<(), TransportError> {
    let no_login = |cause: String| TransportError::NotSent {
        place: endpoint.place(),
        cause: network.redactor.clean(&cause),
    };
    session.set_timeout(milliseconds(network.limits.request));
    let methods = match session.auth_methods(&login.user) {
        Ok(methods) => methods.to_owned(),
        Err(error) => {
            return Err(no_login(format!(
                "the node offers no login: {}",
                plain(&error)
            )));
        }
    };
    let offers = |method| methods.split(',').any(|offered| offered == method);
    let password = login.password.expose();
    // Some nodes refuse the plain method (cucm-rest-and-cli §4.1).
    let outcome = if offers("keyboard-interactive") {
        let mut answers = Answers {
            password,
            answered: false,
        };
        session.userauth_keyboard_interactive(&login.user, &mut answers)
    } else if offers("password") {
        session.userauth_password(&login.user, password)
    } else {
        return Err(no_login(format!(
            "expected a login by keyboard-interactive or password, found `{}`",
            excerpt(methods.as_bytes(), 100)
        )));
    };
    match outcome {
        Ok(()) if session.authenticated() => {
            attempt.accepted();
            Ok(())
        }
        Err(error) if error.code() != AUTHENTICATION_FAILED => Err(no_login(format!(
            "the login was cut off: {}",
            plain(&error)
        ))),
        Ok(()) | Err(_) => {
            let found = "SSH said that the login failed".to_owned();
            attempt.refused(&found);
            Err(TransportError::Unauthorized {
                place: endpoint.place(),
                account: login.account.to_string(),
                found,
            })
        }
    }
}

/// Answers the first questions with the password, and nothing else: a later round would be about a new password.
struct Answers<'a> {
    password: &'a str,
    answered: bool,
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        let answer = if self.answered { "" } else { self.password };
        // Some nodes send a round without questions first.
        self.answered |= !prompts.is_empty();
        prompts.iter().map(|_| answer.to_owned()).collect()
    }
}

fn connect(endpoint: &Endpoint, until: Instant) -> Result<TcpStream, String> {
    let addresses = (endpoint.host.as_str(), endpoint.port)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?;
    let mut last = "the name has no address".to_owned();
    for address in addresses {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

/// A duration as libssh2 takes it, where 0 would mean for ever.
pub(super) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis())
        .unwrap_or(u32::MAX)
        .max(1)
}

/// An error without control characters: its text can come from the peer.
fn plain(error: &ssh2::Error) -> String {
    excerpt(error.to_string().as_bytes(), 200)
}

/// A host key's type in the words of the pin book.
fn key_word(kind: HostKeyType) -> &'static str {
    match kind {
        HostKeyType::Rsa => "ssh-rsa",
        HostKeyType::Dss => "ssh-dss",
        HostKeyType::Ecdsa256 => "ecdsa-sha2-nistp256",
        HostKeyType::Ecdsa384 => "ecdsa-sha2-nistp384",
        HostKeyType::Ecdsa521 => "ecdsa-sha2-nistp521",
        HostKeyType::Ed25519 => "ssh-ed25519",
        HostKeyType::Unknown => "unknown",
    }
}

/// The algorithms that show a pinned key: a node with several keys then shows the one that is known.
fn algorithms(key: &str) -> &str {
    match key {
        "ssh-rsa" => "rsa-sha2-512,rsa-sha2-256,ssh-rsa",
        other => other,
    }
}
