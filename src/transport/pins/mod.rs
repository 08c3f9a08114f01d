//! The pin book: which certificate or host key each node is known by.

mod file;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Fingerprint, KeyAlgorithm, NodeName, Port};

/// A file of pins. It is read again for every handshake, so that a change by another process holds at once;
/// a missing file is an empty book, never "no check".
#[derive(Clone, Debug)]
pub struct PinBook {
    path: PathBuf,
}

/// One known peer. Several for one node and port: any of them is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The node.
    pub node: NodeName,
    /// The standard port number: 443, 8443 or 22, whatever the node's own is.
    pub port: u16,
    /// The kind of key: `rsa`, `ecdsa`, or an SSH key type such as `ssh-ed25519`.
    pub key: String,
    /// SHA-256 of the leaf's DER, or of the raw SSH host key.
    pub sha256: Fingerprint,
    /// How a person or this program knows that it is the right one.
    pub proved: String,
    /// When it was added.
    pub at: Timestamp,
}

/// Why a peer was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The node and port are not in the book.
    Unknown {
        /// The node.
        node: NodeName,
        /// What it presented.
        found: Fingerprint,
    },
    /// The book has others for this node and port.
    Changed {
        /// The node.
        node: NodeName,
        /// What the book has.
        expected: BTreeSet<Fingerprint>,
        /// What it presented.
        found: Fingerprint,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { node, found } => write!(
                formatter,
                "this peer is not known yet: expected a pin, found none; it presented sha256:{found}. No password was \
                 sent. Compare that with what the node's own console shows, then type `reissue trust add {node}`."
            ),
            Self::Changed {
                node,
                expected,
                found,
            } => {
                let expected: Vec<_> = expected.iter().map(|pin| format!("sha256:{pin}")).collect();
                write!(
                    formatter,
                    "this peer is not the one that is known: expected {}, found sha256:{found}. No password was sent. \
                     Either somebody renewed the certificate or key outside this program, or this is another machine: find \
                     out which; only then type `reissue trust add {node}`.",
                    expected.join(" or ")
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// Why the book cannot be read or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The system refused.
    #[error(
        "the pin book {path} cannot be {doing}: {cause}. Check that the file and its folder belong to you.",
        path = path.display()
    )]
    Disk {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What it said.
        cause: String,
    },
    /// Somebody else can change it.
    #[error(
        "the pin book {path} is not safe: expected a file that only you can change, found {found}. Look through it with \
         `reissue trust list`, then type `chmod 600 {path}`.",
        path = path.display()
    )]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// It does not hold pins.
    #[error(
        "the pin book {path} cannot be understood: expected JSON of format {format}, found {found}. Restore it from a copy, \
         or move it away and add the peers again with `reissue trust add`.",
        path = path.display(), format = file::FORMAT
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
}

impl PinBook {
    /// The book in a file, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every peer, ordered by node, port and key.
    ///
    /// # Errors
    /// [`PinError`], if the file is there but cannot be trusted or read.
    pub fn peers(&self) -> Result<Vec<Peer>, PinError> {
        file::read(&self.path)
    }

    /// The peers of one node and port.
    ///
    /// # Errors
    /// As for [`Self::peers`].
    pub fn of(&self, node: &NodeName, port: Port) -> Result<Vec<Peer>, PinError> {
        let mut peers = self.peers()?;
        peers.retain(|peer| peer.node == *node && peer.port == port.standard());
        Ok(peers)
    }

    /// Judges what a node presented on a port.
    ///
    /// # Errors
    /// [`PinError`] if the book cannot be read; the inner result refuses an unknown or changed peer.
    pub fn check(
        &self,
        node: &NodeName,
        port: Port,
        found: &Fingerprint,
    ) -> Result<Result<(), Refusal>, PinError> {
        let expected: BTreeSet<_> = self
            .of(node, port)?
            .into_iter()
            .map(|peer| peer.sha256)
            .collect();
        Ok(if expected.contains(found) {
            Ok(())
        } else if expected.is_empty() {
            Err(Refusal::Unknown {
                node: node.clone(),
                found: found.clone(),
            })
        } else {
            Err(Refusal::Changed {
                node: node.clone(),
                expected,
                found: found.clone(),
            })
        })
    }

    /// Adds a peer that a person has proved. One of the same node, port and kind of key is replaced.
    ///
    /// # Errors
    /// [`PinError`]; the book is then unchanged.
    pub fn add(&self, peer: Peer) -> Result<(), PinError> {
        file::change(&self.path, |peers| {
            peers.retain(|old| {
                (&old.node, old.port, &old.key) != (&peer.node, peer.port, &peer.key)
            });
            peers.push(peer);
        })
    }

    /// Removes what is known of a node; only of one port, if given. Says how many were removed.
    ///
    /// # Errors
    /// [`PinError`]; the book is then unchanged.
    pub fn remove(&self, node: &NodeName, port: Option<Port>) -> Result<usize, PinError> {
        file::change(&self.path, |peers| {
            let before = peers.len();
            peers.retain(|peer| {
                peer.node != *node || port.is_some_and(|port| peer.port != port.standard())
            });
            before - peers.len()
        })
    }

    /// Accepts one more leaf on some ports of a node, beside the one it is known by: it was uploaded, and will
    /// be served after a restart. On disk when this returns.
    ///
    /// # Errors
    /// [`PinError`]; the book is then unchanged.
    pub fn expect_leaf(
        &self,
        node: &NodeName,
        ports: &[Port],
        key: KeyAlgorithm,
        leaf: &Fingerprint,
        at: Timestamp,
    ) -> Result<(), PinError> {
        file::change(&self.path, |peers| {
            for port in ports {
                let known = peers.iter().any(|peer| {
                    peer.node == *node && peer.port == port.standard() && peer.sha256 == *leaf
                });
                if !known {
                    peers.push(Peer {
                        node: node.clone(),
                        port: port.standard(),
                        key: word(key).to_owned(),
                        sha256: leaf.clone(),
                        proved: "uploaded by this program".to_owned(),
                        at,
                    });
                }
            }
        })
    }

    /// Accepts only this leaf among those of its kind of key, on some ports of a node: it was seen to be served.
    /// A twin with another kind of key stays known. A port on which the leaf was never expected is left alone.
    ///
    /// # Errors
    /// [`PinError`]; the book is then unchanged.
    pub fn settle_leaf(
        &self,
        node: &NodeName,
        ports: &[Port],
        leaf: &Fingerprint,
    ) -> Result<(), PinError> {
        file::change(&self.path, |peers| {
            for port in ports.iter().map(|port| port.standard()) {
                let here = |peer: &Peer| peer.node == *node && peer.port == port;
                let settled = peers
                    .iter()
                    .find(|peer| here(peer) && peer.sha256 == *leaf)
                    .map(|peer| peer.key.clone());
                if let Some(key) = settled {
                    peers.retain(|peer| !here(peer) || peer.key != key || peer.sha256 == *leaf);
                }
            }
        })
    }
}

/// A kind of key in the words of the file.
pub(crate) fn word(key: KeyAlgorithm) -> &'static str {
    match key {
        KeyAlgorithm::Rsa => "rsa",
        KeyAlgorithm::Ec => "ecdsa",
        KeyAlgorithm::Other => "other",
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
