//! `bonin-bench`: see the crate's own page, `lib.rs`.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    bonin_bench::main()
}

/// Elsewhere there is no `/proc` to read figures from.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::from(2)
}
