//! Expressway-C and Expressway-E: their own state beside the platform's clusters, in the same world.
//!
//! * [`cluster`], [`peer`], [`release`] and [`settings`] are what they are made of; [`config`] and [`trouble`] how they start.
//! * `verify`, [`edges`] and `traffic` say who trusts whom; `request`, `upload` and `actions` what peers do.
//! * `listen`, `rest`, `status`, `shell` and `access` are how they are talked to.

mod access;
mod actions;
pub mod cluster;
pub mod config;
pub mod edges;
pub(crate) mod estate;
mod lab;
mod listen;
pub mod peer;
pub mod release;
mod request;
mod rest;
pub mod settings;
mod shell;
mod status;
mod traffic;
pub mod trouble;
mod upload;
pub mod verify;

pub use access::ZoneView;
pub(crate) use actions::PeerPoint;
pub use cluster::{Deployment, ExpresswayCluster, PeerQuirks, Side};
pub use config::ExpresswayConfig;
pub(crate) use edges::Watched;
pub use edges::{Edge, EdgeFault, Edges, Link};
pub(crate) use listen::{PeerBound, bind, serve};
pub use peer::{Peer, PeerPorts, PeerState};
pub use release::ExpresswayRelease;
pub(crate) use request::{PeerRequest, own_names};
pub(crate) use shell::interact;
pub use trouble::{Trouble, TroubleError};
pub use upload::PeerRefusal;

/// The name of the traversal zone on both sides.
pub(crate) const ZONE: &str = "UC-Traversal";
