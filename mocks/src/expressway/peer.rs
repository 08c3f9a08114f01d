//! One peer of an Expressway cluster, and what belongs to it alone.

use std::sync::Arc;

use openssl::x509::X509;
use russh::keys::PrivateKey;

use super::release::ExpresswayRelease;
use super::verify;
use crate::state::{Identity, Lockout, Moment, PendingRequest, Presented, Web, fingerprint};

/// The loopback ports of a peer, in place of the standard ones; 0 where its side has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerPorts {
    /// In place of 443.
    pub rest: u16,
    /// In place of 8443, where a peer resets what comes; clients that know no peers want it to differ.
    pub soap: u16,
    /// In place of 22.
    pub ssh: u16,
    /// In place of 5061.
    pub sip: u16,
    /// In place of 7001, on Expressway-E.
    pub traversal: u16,
    /// In place of 2222, on Expressway-E.
    pub tunnel: u16,
}

/// How far a peer is with its restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Everything answers.
    Up,
    /// Every port refuses.
    Down,
    /// The ports answer; traversal connections are not back yet.
    Connecting,
}

/// One peer. Every condition a test may want to plant is a public field.
pub struct Peer {
    /// The fully qualified name.
    pub name: String,
    /// Where it listens.
    pub ports: PeerPorts,
    /// The server certificate that was uploaded last.
    pub stored: Identity,
    /// The client certificate that was uploaded last; of use from X15.5 on.
    pub client: Identity,
    /// What it shows to those who connect: the server certificate of its last restart.
    pub served: Arc<Presented>,
    /// What it shows to those it connects to, likewise.
    pub offered: Arc<Presented>,
    /// The trusted authorities, in order of upload.
    pub trusted: Vec<X509>,
    /// Those of its last restart, which verify.
    pub loaded: Vec<X509>,
    /// The request that waits for its certificate.
    pub pending: Option<PendingRequest>,
    /// How far it is with its restart.
    pub state: PeerState,
    /// How many restarts it has begun.
    pub restarts: u64,
    /// The last restart that it is through with.
    pub restarted: u64,
    /// When it came up, in milliseconds since the lab's start; negative before it.
    pub started_ms: i64,
    /// Failed logins.
    pub failures: Lockout,
    /// What its traffic server wrote down.
    pub traffic: String,
    /// The SSH host key.
    pub host_key: Arc<PrivateKey>,
}

impl Peer {
    /// The name before the first dot.
    #[must_use]
    pub fn host(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    /// Whether a word names this peer, fully or by its host name.
    #[must_use]
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name || self.host() == name
    }

    /// The fingerprint of the server certificate that was uploaded last.
    #[must_use]
    pub fn stored_sha256(&self) -> String {
        fingerprint(&self.stored.certificate)
    }

    /// The fingerprint of the server certificate that is served.
    #[must_use]
    pub fn served_sha256(&self) -> String {
        fingerprint(&self.served.identity.certificate)
    }

    /// How far its web server is.
    pub(crate) fn web(&self) -> Web {
        match self.state {
            PeerState::Down => Web::Refused,
            PeerState::Up | PeerState::Connecting => Web::Up,
        }
    }

    /// Seconds since it came up.
    pub(crate) fn uptime(&self, now: Moment) -> u64 {
        let ms = i64::try_from(now.ms).unwrap_or(i64::MAX);
        u64::try_from(ms.saturating_sub(self.started_ms) / 1000).unwrap_or(0)
    }

    /// Takes what is stored into use, as a restart does.
    ///
    /// claim: EXPRESSWAY-ACTIVE-AFTER-RESTART, EXPRESSWAY-TRUST-AFTER-RESTART, EXPRESSWAY-CLIENT-STORE
    pub(crate) fn load(&mut self, release: ExpresswayRelease) {
        let shown = |identity: &Identity, trusted: &[X509]| {
            let chain = verify::authorities_above(&identity.certificate, trusted);
            Arc::new(Presented::new(identity.clone(), None, chain))
        };
        self.loaded.clone_from(&self.trusted);
        self.served = shown(&self.stored, &self.trusted);
        self.offered = if release.has_client_store() {
            shown(&self.client, &self.trusted)
        } else {
            Arc::clone(&self.served)
        };
    }
}
