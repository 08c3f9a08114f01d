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
pub mod playbook;
pub mod yaml;

// Facts to findings, findings to a plan. Pure.
pub mod plan;

// Talking to devices.
pub mod driver;
