//! A simulated Cisco collaboration estate on loopback, over real TLS, HTTP and SSH.
//!
//! It knows nothing of the tool that is tried on it: it is written from `playbooks/claims.yaml` alone, keeps its own
//! log of what really happened, and judges by it.
//!
//! * `found` builds the estate, [`state`] is what it is made of, [`world`] holds it under one lock with the clock.
//! * `certificates`, `upload`, `install`, `consequences`, `trust`, `restart`, `agenda`, `phones` and `login` are what nodes do.
//! * `listen`, `http`, `rest`, `soap`, `tls`, `ssh` and `shell` are how they are talked to.
//! * [`expressway`] is Expressway-C and Expressway-E, whole, in the same world.
//! * `judge` says what no careful operator does; [`Lab`] is the whole, running.

mod agenda;
mod authority;
mod certificates;
mod clock;
mod consequences;
mod estate;
pub mod expressway;
mod fault;
mod files;
mod found;
mod hooks;
mod http;
mod install;
mod judge;
mod lab;
mod listen;
mod log;
mod login;
mod phones;
mod pki;
mod rest;
mod restart;
mod scope;
mod shell;
mod soap;
mod ssh;
pub mod state;
mod tls;
mod trust;
mod upload;
pub mod world;

pub use authority::{Authority, AuthorityError, Misbehaviour};
pub use certificates::RequestWanted;
pub use fault::{Fault, FaultError, Mode};
pub use files::FileError;
pub use found::{LabConfig, TomcatStart};
pub use hooks::When;
pub use lab::{Lab, LabError};
pub use log::{Channel, Kind, Log, LogEntry, Place};
pub use restart::{Ending, RestartRefusal, Restarting, ServiceView};
pub use upload::Refusal;
