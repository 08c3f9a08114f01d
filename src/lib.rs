//! `reissue` plans, proves and carries out certificate renewals across Cisco collaboration estates.
//!
//! The modules below stand in the order in which data flows.

// Shared vocabulary.
pub mod model;

// The time of day, as an input.
pub mod clock;

// Facts to findings, findings to a plan. Pure.
pub mod assess;
pub mod plan;

// Talking to devices.
pub mod driver;

// Text for people.
pub mod render;
