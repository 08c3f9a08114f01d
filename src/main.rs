//! The `reissue` command.

fn main() {}
