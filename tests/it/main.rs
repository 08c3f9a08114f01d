//! One binary for all tests that look at the product from outside.

mod architecture;
#[cfg(unix)]
mod crash;
mod support;
