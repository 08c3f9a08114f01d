//! `reissue` plans, proves and carries out certificate renewals across Cisco collaboration estates.
//!
//! The modules below stand in the order in which data flows.

// Shared vocabulary.
pub mod model;

// The time of day, as an input.
pub mod clock;

// Certificates and requests, and who signs them.
pub mod pki;

// What people write: the estate and the procedures.
pub mod estate;
// pub mod playbook;
pub mod yaml;

// Getting requests signed.
pub mod issue;

// Facts to findings, findings to a plan. Pure.
pub mod plan;

// Passwords, and keeping them out of every text.
pub mod secrets;

// Talking to devices: bytes first, meaning second.
pub mod transport;

pub mod driver;

// What every node holds, serves, trusts and runs.
pub mod observe;
