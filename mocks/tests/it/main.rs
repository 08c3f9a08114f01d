//! The lab from outside: over its ports, its files and its own log.

mod client;
mod faults;
mod judgement;
mod renewal;
mod wire;
