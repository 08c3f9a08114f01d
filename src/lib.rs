//! `reissue` plans, proves and carries out certificate renewals across Cisco collaboration estates.
//!
//! The modules below stand in the order in which data flows: what people write becomes an [`estate::Estate`], a device's
//! answers become a [`model::Observation`], [`assess`] turns both into findings, [`plan`] into ordered steps, [`simulate`]
//! proves them, and what happens to them is in the [`journal`].

// Shared vocabulary.
pub mod model;

// The time of day, as an input.
pub mod clock;

// Certificates and requests, and who signs them.
pub mod issue;
pub mod pki;

// What people write: the estate and the procedures.
pub mod estate;
pub mod playbook;
pub mod yaml;

// Passwords, and keeping them out of every text.
pub mod secrets;

// Talking to devices: bytes first, meaning second.
pub mod transport;

pub mod driver;

pub mod observe;

// Facts to findings, findings to a plan, a plan to its proof. Pure.
pub mod assess;
pub mod plan;
pub mod simulate;

// Who relies on which certificate, seen from the end that verifies. Pure.
pub mod edges;

// Files without a node: logs and certificates as people send them.
pub mod diagnose;

// Carrying it out: on disk before anything else happens.
pub mod journal;

pub mod execute;

// For people.
pub mod render;

pub mod cli;
