//! A simulated Cisco collaboration estate on loopback, over real TLS, HTTP and SSH.
//!
//! It knows nothing of the tool that is tried on it: it is written from `playbooks/claims.yaml` alone, keeps its own
//! log of what really happened, and judges by it.

mod agenda;
mod certificates;
mod fault;
mod hooks;
mod http;
mod judge;
mod log;
mod login;
mod pki;
mod rest;
mod restart;
mod shell;
mod soap;
pub mod ssh;
pub mod state;
mod tls;
mod trust;
mod upload;
pub mod world;

pub use certificates::RequestWanted;
pub use fault::{Fault, FaultError, Mode};
pub use hooks::When;
pub use log::{Channel, Kind, Log, LogEntry, Place};
pub use restart::{Ending, RestartRefusal, Restarting, ServiceView};
pub use upload::Refusal;
