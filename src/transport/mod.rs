//! Moves bytes to and from nodes: proves the peer, logs in once, and bounds every exchange. Knows nothing of
//! certificates to be renewed, services or phones.
//!
//! Three habits hold for every channel. The peer is proved inside the handshake against the [`PinBook`], before
//! anything secret is sent. A refused password is never sent again ([`LoginGuard`]). And an error says whether
//! anything can have reached the device: see [`TransportError::not_sent`].

mod error;
mod http;
mod logins;
mod pins;
mod reply;
#[cfg(test)]
pub(crate) mod testing;
mod text;

pub mod rest;
pub mod soap;
pub mod ssh;
pub mod tls;

use std::time::Duration;

use crate::model::{AccountName, NodeName, Port};
use crate::secrets::{Redactor, Secret};

pub use error::{Place, TransportError};
pub use logins::LoginGuard;
pub use pins::{Peer, PinBook, PinError, Refusal};
pub use reply::Reply;
pub(crate) use text::{excerpt, letters};

/// Where a node's channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The node, by the name under which it is pinned.
    pub node: NodeName,
    /// Host name or IP address.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// What answers there; pins are kept by its standard number.
    pub standard: Port,
}

impl Endpoint {
    pub(crate) fn place(&self) -> Place {
        Place::of(self)
    }
}

/// An account on a node.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account as the estate file names it.
    pub account: AccountName,
    /// The user name to send.
    pub user: String,
    /// The password to send.
    pub password: Secret,
}

/// What bounds an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first packet to the end of the TLS or SSH handshake.
    pub connect: Duration,
    /// From the request to the last byte of its answer, and for one SSH login.
    pub request: Duration,
    /// Between two bytes of an answer.
    pub idle: Duration,
    /// From an SSH login to the shell's first prompt. Slow nodes take 10 to 60 s and more
    /// (cucm-rest-and-cli §4.1).
    pub shell_start: Duration,
    /// The largest answer, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_mins(1),
            idle: Duration::from_secs(30),
            shell_start: Duration::from_mins(2),
            // AXL itself cuts answers at 8 MB (cucm-soap §2.1).
            body: 8 * 1024 * 1024,
        }
    }
}

/// What all connections of this process share. Clones share it, too.
#[derive(Clone, Debug)]
pub struct Network {
    /// The known peers.
    pub pins: PinBook,
    /// Which logins were refused.
    pub logins: LoginGuard,
    /// Keeps secrets out of texts.
    pub redactor: Redactor,
    /// What bounds every exchange.
    pub limits: Limits,
}

impl Network {
    /// A network that trusts the peers of a book and nobody else.
    pub fn new(pins: PinBook, redactor: Redactor, limits: Limits) -> Self {
        Self {
            pins,
            logins: LoginGuard::default(),
            redactor,
            limits,
        }
    }
}

/// Permission to change devices. A client that can write is only made with one of these, and only the commands
/// that carry out a plan make one.
#[derive(Debug)]
pub struct WriteAccess(());

impl WriteAccess {
    /// For `apply` and `resume` only.
    pub(crate) fn granted() -> Self {
        Self(())
    }
}
