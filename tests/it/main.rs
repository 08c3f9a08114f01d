//! One binary for all tests that look at the product from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    clippy::duration_suboptimal_units,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails is to say where"
)]

mod architecture;
mod authority;
mod claims;
#[cfg(unix)]
mod crash;
mod diagnosed;
mod disk;
mod disturbed;
mod edges;
mod estates;
#[cfg(unix)]
mod expressway;
mod expressway_lab;
mod expressway_steps;
mod faults;
mod files;
mod forge;
mod hostile;
#[cfg(unix)]
mod journeys;
mod linted;
mod logins;
mod looks;
mod matrix;
mod passes;
mod peers;
mod reads;
mod remote_access;
mod renewal;
#[path = "../scenes/mod.rs"]
mod scenes;
mod secrets;
mod support;
mod trial;
mod upload_errors;
mod watched;
