//! The `bonin` command.

fn main() {}
