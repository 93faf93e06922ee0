//! Plain request rates, counted in this process. What guards against guessing and message bombing is counted in the database.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use bonin_core::SecretId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use jiff::Timestamp;

use crate::{
    LimitsConfig, Rate,
    metrics::{Limit, LimitMetrics},
};

/// A limit was reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LimitReached {
    /// Which.
    pub limit: Limit,
    /// The same in Korean.
    pub message: &'static str,
    /// In how many seconds the caller may come back; at least one.
    pub retry_after: u64,
}

impl LimitReached {
    /// A limit that ends at a time.
    pub fn until(limit: Limit, message: &'static str, until: Timestamp, now: Timestamp) -> Self {
        let wait = until.duration_since(now).as_secs_f64().ceil();
        Self {
            limit,
            message,
            retry_after: (wait as u64).max(1),
        }
    }
}

/// One kind of requests, counted by key.
#[derive(Debug)]
struct Counter<K: Clone + Hash + Eq> {
    limiter: DefaultKeyedRateLimiter<K>,
    limit: Limit,
    message: &'static str,
    metrics: LimitMetrics,
}

impl<K: Clone + Hash + Eq> Counter<K> {
    fn new(rate: Rate, limit: Limit, message: &'static str, metrics: &LimitMetrics) -> Self {
        let period = rate.within / rate.count.get();
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(rate.count);
        Self {
            limiter: RateLimiter::keyed(quota),
            limit,
            message,
            metrics: metrics.clone(),
        }
    }

    fn count(&self, key: &K) -> Result<(), LimitReached> {
        self.limiter.check_key(key).map_err(|not_until| {
            self.metrics.reached(self.limit);
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            LimitReached {
                limit: self.limit,
                message: self.message,
                retry_after: (wait.as_secs_f64().ceil() as u64).max(1),
            }
        })
    }
}

const TOO_MANY_FROM_HERE: &str =
    "이 주소에서 짧은 시간에 너무 많이 요청했습니다. 잠시 뒤 다시 시도해야 합니다.";

/// All of them.
#[derive(Debug)]
pub(super) struct Limits {
    customers: Counter<IpAddr>,
    secrets: Counter<SecretId>,
    failed_logins: Counter<IpAddr>,
    checkouts: Counter<IpAddr>,
    checkout_steps: Counter<IpAddr>,
}

impl Limits {
    pub(super) fn new(config: &LimitsConfig, metrics: &LimitMetrics) -> Self {
        Self {
            customers: Counter::new(
                config.customer,
                Limit::Customer,
                "customer.ipAddress: 이 주소의 고객이 짧은 시간에 너무 많이 요청했습니다. Retry-After의 초만큼 기다린 뒤 다시 요청해야 합니다.",
                metrics,
            ),
            secrets: Counter::new(
                config.secret,
                Limit::Secret,
                "이 API 시크릿으로 짧은 시간에 너무 많이 요청했습니다. Retry-After의 초만큼 기다린 뒤 다시 요청해야 합니다.",
                metrics,
            ),
            failed_logins: Counter::new(
                config.failed_login,
                Limit::FailedLogin,
                "이 주소에서 잘못된 인증 정보로 너무 많이 요청했습니다. Retry-After의 초만큼 기다린 뒤 올바른 인증 정보로 요청해야 합니다.",
                metrics,
            ),
            checkouts: Counter::new(
                config.checkout,
                Limit::Checkout,
                TOO_MANY_FROM_HERE,
                metrics,
            ),
            checkout_steps: Counter::new(
                config.checkout_step,
                Limit::CheckoutStep,
                TOO_MANY_FROM_HERE,
                metrics,
            ),
        }
    }

    /// A customer's request.
    pub(super) fn customer(&self, address: IpAddr) -> Result<(), LimitReached> {
        self.customers.count(&network(address))
    }

    /// A request with a secret, or with a token made from it.
    pub(super) fn secret(&self, secret: &SecretId) -> Result<(), LimitReached> {
        self.secrets.count(secret)
    }

    /// A failed authentication.
    pub(super) fn failed_login(&self, address: IpAddr) -> Result<(), LimitReached> {
        self.failed_logins.count(&network(address))
    }

    /// A window that a browser asks for.
    pub(super) fn checkout(&self, address: IpAddr) -> Result<(), LimitReached> {
        self.checkouts.count(&network(address))
    }

    /// A step of a window.
    pub(super) fn checkout_step(&self, address: IpAddr) -> Result<(), LimitReached> {
        self.checkout_steps.count(&network(address))
    }

    /// Forgets those who have been quiet, so that memory stays bounded.
    pub(super) fn forget_quiet(&self) {
        self.customers.limiter.retain_recent();
        self.secrets.limiter.retain_recent();
        self.failed_logins.limiter.retain_recent();
        self.checkouts.limiter.retain_recent();
        self.checkout_steps.limiter.retain_recent();
    }
}

/// One household of IPv6 has a whole /64: counting single addresses would count nothing.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lets_its_count_through_at_once_and_then_says_when_to_come_back() {
        let rate = Rate {
            count: NonZeroU32::new(3).unwrap(),
            within: Duration::from_secs(3600),
        };
        let metrics = LimitMetrics::default();
        let counter: Counter<IpAddr> = Counter::new(rate, Limit::Customer, "많습니다", &metrics);
        let address: IpAddr = "203.0.113.7".parse().unwrap();
        for _ in 0..3 {
            counter.count(&address).unwrap();
        }
        let reached = counter.count(&address).unwrap_err();
        assert!((1..=1200).contains(&reached.retry_after), "{reached:?}");
        counter.count(&"203.0.113.8".parse().unwrap()).unwrap();
    }

    #[test]
    fn one_ipv6_network_counts_as_one_customer() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:203.0.113.7"), network("203.0.113.7"));
    }
}
