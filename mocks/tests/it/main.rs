//! The lab from outside: over its ports, its files and its own log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::format_push_string,
    reason = "a test that meets something unexpected fails, and that is what it is for"
)]

mod careless;
mod claims;
mod client;
mod expressway;
mod expressway_changes;
mod expressway_trust;
mod faults;
mod judgement;
mod operator;
mod phones;
mod presence;
mod presence_changes;
mod purposes;
mod renewal;
mod shell;
mod soap;
mod unity;
mod wire;
