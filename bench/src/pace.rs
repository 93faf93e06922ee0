//! When a request should leave, whatever became of those before it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{AcquireError, Semaphore};

use crate::failure::Result;

/// A fixed rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    start: Instant,
    nanos: f64,
    count: u64,
}

impl Schedule {
    /// So many a second, for so long.
    pub(crate) fn new(start: Instant, per_second: f64, duration: Duration) -> Self {
        let per_second = per_second.max(0.1);
        Self {
            start,
            nanos: 1e9 / per_second,
            count: (per_second * duration.as_secs_f64()).round().max(1.0) as u64,
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// When this one should leave, counted from 0.
    pub(crate) fn due(&self, n: u64) -> Instant {
        self.start + Duration::from_nanos((self.nanos * n as f64) as u64)
    }
}

/// Lets requests leave as they are due. tokio's own timers wait in milliseconds, as long as a request takes or longer: a thread
/// waits instead.
#[derive(Debug)]
pub(crate) struct Pacer(Arc<Semaphore>);

impl Pacer {
    /// Lets all of a schedule leave, and then as many more as there are takers, who see by their number that it is over.
    pub(crate) fn start(schedule: Schedule, takers: usize) -> Result<Self> {
        let due = Arc::new(Semaphore::new(0));
        let pacer = Self(due.clone());
        thread::Builder::new().spawn(move || {
            // Fifty microseconds by default, which would be seen.
            rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)).ok();
            for n in 0..schedule.count() {
                if due.is_closed() {
                    return;
                }
                thread::sleep(schedule.due(n).saturating_duration_since(Instant::now()));
                due.add_permits(1);
            }
            due.add_permits(takers);
        })?;
        Ok(pacer)
    }

    /// Waits until one more is due.
    pub(crate) async fn next(&self) -> std::result::Result<(), AcquireError> {
        self.0.acquire().await.map(|permit| permit.forget())
    }
}

impl Drop for Pacer {
    /// Ends the thread, should a request have failed.
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_a_fixed_rate_whatever_happened_before() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 400.0, Duration::from_millis(2500));
        assert_eq!(schedule.count(), 1000);
        assert_eq!(schedule.due(0), start);
        assert_eq!(schedule.due(1), start + Duration::from_micros(2500));
        assert_eq!(schedule.due(999), start + Duration::from_micros(2_497_500));
        // The error of one interval does not add up.
        let thirds = Schedule::new(start, 3.0, Duration::from_secs(3000));
        assert_eq!(thirds.due(9000) - start, Duration::from_secs(3000));
    }

    #[test]
    fn a_rate_of_nothing_still_asks_once() {
        let schedule = Schedule::new(Instant::now(), 0.0, Duration::from_millis(1));
        assert_eq!(schedule.count(), 1);
    }

    #[tokio::test]
    async fn no_request_leaves_before_it_is_due_and_all_of_them_do() {
        let schedule = Schedule::new(Instant::now(), 10_000.0, Duration::from_millis(20));
        let pacer = Pacer::start(schedule, 3).unwrap();
        for n in 0..schedule.count() {
            pacer.next().await.unwrap();
            assert!(Instant::now() >= schedule.due(n));
        }
        for _ in 0..3 {
            pacer.next().await.unwrap();
        }
        let more = tokio::time::timeout(Duration::from_millis(20), pacer.next()).await;
        assert!(more.is_err(), "nothing leaves after the end");
    }
}
