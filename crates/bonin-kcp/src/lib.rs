#![doc = include_str!("../README.md")]

pub mod call;
pub mod codes;
pub mod hub;
mod linkage;
mod sensitive;
pub mod window;
mod wire;

pub use sensitive::Sensitive;
