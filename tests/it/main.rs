//! One binary for all tests that look at the product from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails is to say where"
)]

mod architecture;
mod authority;
#[cfg(unix)]
mod crash;
mod disk;
mod faults;
mod files;
mod hostile;
mod linted;
mod logins;
mod looks;
mod peers;
mod reads;
mod secrets;
mod support;
mod trial;
mod watched;
