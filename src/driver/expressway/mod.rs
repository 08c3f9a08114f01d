//! Expressway-C and Expressway-E.
//!
//! Each peer is asked over HTTPS under one administrator account: the documented interface (`/api/provisioning`), its
//! description of itself (`/api/raml`), and `/status.xml`. What its TLS ports present is looked at without an account.
//! Every question is a `GET`. What is known of the answers is in `playbooks/claims.yaml`; comments name the claims.
//!
//! A reader holds only clients that cannot write. [`ExpresswayWriter`] is made of one and a
//! [`WriteAccess`](crate::transport::WriteAccess). It sends four calls and no others ([`requests::Call::CHANGES`]), and each
//! only if the peer's own description names it, or a person wants it all the same.

mod answers;
mod ask;
mod changes;
mod command_line;
pub mod decode;
mod peer;
mod reader;
pub mod requests;
mod writer;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer_tests;

use std::sync::Arc;

use super::NodeAccess;
use crate::clock::Clock;
use crate::model::Product;
use crate::pki::Parsed;
use crate::transport::{Login, Network};

pub use reader::ExpresswayReader;
pub use writer::{ExpresswayWriter, Undescribed};

/// Everything that is needed to ask one cluster.
#[derive(Clone)]
pub struct ExpresswayAccess {
    /// Expressway-C or Expressway-E.
    pub product: Product,
    /// The declared peers.
    pub nodes: Vec<NodeAccess>,
    /// An administrator account with API access.
    // claim: EXPRESSWAY-ACCOUNT
    pub administrator: Login,
    /// An account of the command line; without one, what only that tells stays unknown.
    pub shell: Option<Login>,
    /// Pins, login memory, limits.
    pub network: Network,
    /// Every certificate of the estate's issuers, so that what a peer holds can be linked to them.
    pub authorities: Vec<Parsed>,
    /// Our clock, for the difference to the peers' clocks.
    pub clock: Arc<dyn Clock>,
}
