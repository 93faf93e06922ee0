#![doc = include_str!("../README.md")]

pub mod admin;
mod clock;
mod config;
pub mod http;
pub mod ids;
pub mod metrics;
mod particles;
mod problems;
pub mod provider;
pub mod service;
pub mod telemetry;

/// How every client is made, whomever it asks: the use cases may not know that KCP's is, too.
pub use bonin_kcp::call::client as outbound_client;
pub use clock::Clock;
pub use config::{
    ConsoleConfig, GatewayConfig, KcpConfig, LimitsConfig, MetricsAccess, Rate, WebhookConfig,
};
pub use ipnet::IpNet;
pub use problems::{Problem, Problems};
pub use service::{Readiness, Service, SetupError};
