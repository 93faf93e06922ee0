//! Bounds that hold for every input, however hostile.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// How much one input may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// CPU of the thread that works. A busy machine does not count against the code.
    pub cpu: Duration,
    /// Time on the wall, after which the process is ended: the work hangs.
    pub wall: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(2),
            wall: Duration::from_secs(60),
        }
    }
}

/// When what is under way must have ended.
static UNDER_WAY: Mutex<BTreeMap<u64, (Instant, String)>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);
static WATCHDOG: Once = Once::new();

/// Does the work on one input, and fails where it costs too much. Work that never ends takes the process down, with the
/// name of the target and the input on standard error: a test that hangs would say nothing.
pub fn bounded<T>(bounds: Bounds, input: impl std::fmt::Debug, work: impl FnOnce() -> T) -> T {
    WATCHDOG.call_once(|| {
        std::thread::spawn(watch);
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let target = std::thread::current().name().unwrap_or("?").to_owned();
    under_way().insert(number, (Instant::now() + bounds.wall, target));
    let before = cpu();
    let done = work();
    let took = cpu().saturating_sub(before);
    under_way().remove(&number);
    assert!(took <= bounds.cpu, "took {took:?} for {input:?}");
    done
}

fn under_way() -> std::sync::MutexGuard<'static, BTreeMap<u64, (Instant, String)>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch() {
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = Instant::now();
        if let Some((_, target)) = under_way().values().find(|(until, _)| now > *until) {
            let _ = writeln!(std::io::stderr(), "{target} hangs on an input");
            std::process::abort();
        }
    }
}

/// CPU that this thread has used so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}
