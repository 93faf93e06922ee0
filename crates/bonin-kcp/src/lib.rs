#![doc = include_str!("../README.md")]

pub mod codes;
pub mod hub;
mod sensitive;

pub use sensitive::Sensitive;
