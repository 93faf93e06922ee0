//! Load and cost of Bonin, each side by side with the limit it is held against: real processes, spoken to over loopback, in short
//! rounds that alternate with those of the limit, so that what else the machine does meets both.
//!
//! `docs/PERFORMANCE.md` says what is measured and how to read it. Linux only: figures of processes come from `/proc`.
#![cfg(target_os = "linux")]

mod bare;
mod cli;
mod data;
mod failure;
mod http;
mod installation;
mod instructions;
mod load;
mod machine;
mod pace;
mod people;
mod process;
mod report;
mod rounds;
mod scenario;
mod walk;

pub use cli::main;
