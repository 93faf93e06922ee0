#![doc = include_str!("../README.md")]

pub mod admin;
mod clock;
mod config;
pub mod http;
pub mod ids;
pub mod provider;
pub mod service;

pub use clock::Clock;
pub use config::{GatewayConfig, KcpConfig, LimitsConfig, Rate};
pub use service::{Service, SetupError};
