//! TLS as it is really spoken: proving a peer by its pin, and looking at what a port presents.

mod probe;
mod verify;

pub use probe::{ProbeError, probe};
pub(crate) use verify::{Rejected, client_config};
