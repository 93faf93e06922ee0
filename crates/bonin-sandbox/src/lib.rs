#![doc = include_str!("../README.md")]

mod access;
mod bounded;
mod control;
mod fields;
mod hub;
mod linkage;
mod number;
mod phone;
mod random;
mod router;
mod serve;
mod strike;
mod window;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::world::{Merchant, World};

/// How many phone pages may be open at once.
const MAX_PHONE_PAGES: usize = 64;

/// How a sandbox is set up.
#[derive(Debug, Clone, Default)]
pub struct SandboxConfig {
    /// Who may use the phone and the control API.
    pub control_access: ControlAccess,
    /// Where browsers reach the sandbox: scheme, host and port alone, as `https://kcp.example.com`. Without it the window opens where the
    /// registering merchant's `Host` says.
    pub public_url: Option<String>,
}

/// Who may use `/phone` and `/sandbox/*`, which show every message and hand out private keys. The hub is open to anyone who
/// reaches the port: it checks signatures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ControlAccess {
    /// Only callers from this machine that also name it in `Host` (a page elsewhere whose name was made to point here does not).
    #[default]
    LoopbackOnly,
    /// Anyone who reaches the port.
    Anyone,
}

/// The sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("샌드박스를 준비하지 못했습니다: {0}")]
pub struct SetupError(String);

/// A KCP of one's own: hub, phone, and the control over both.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    config: SandboxConfig,
    world: Mutex<World>,
    /// Ticks whenever what the phone shows has changed.
    phone_changes: watch::Sender<u64>,
    phone_pages: Arc<Semaphore>,
    /// One RSA key at a time: making one takes a core for a good part of a second.
    key_making: Semaphore,
    /// As many of the window's key derivations at once as there are cores: each takes one for about two milliseconds.
    key_deriving: Arc<Semaphore>,
    /// Ends what would otherwise wait: open phone pages, calls that a fault keeps waiting.
    stopping: CancellationToken,
}

impl Sandbox {
    /// Sets up a sandbox with its default merchant. Makes an RSA key, which takes a core for a good part of a second.
    pub fn new(mut config: SandboxConfig) -> Result<Self, SetupError> {
        if let Some(url) = config.public_url.as_deref() {
            config.public_url = Some(window::origin(url).ok_or_else(|| {
                SetupError(
                    "공개 주소는 경로 없는 http 또는 https 주소여야 합니다. 예: https://kcp.example.com"
                        .into(),
                )
            })?);
        }
        let merchant = Merchant::default_one().map_err(|error| SetupError(error.to_string()))?;
        Ok(Self(Arc::new(Shared {
            config,
            world: Mutex::new(World::at_the_start(merchant)),
            phone_changes: watch::Sender::new(0),
            phone_pages: Arc::new(Semaphore::new(MAX_PHONE_PAGES)),
            key_making: Semaphore::new(1),
            key_deriving: Arc::new(Semaphore::new(
                available_parallelism().map_or(1, |cores| cores.get()),
            )),
            stopping: CancellationToken::new(),
        })))
    }

    /// The state. Held for a moment only, never across an await.
    fn world(&self) -> MutexGuard<'_, World> {
        // Nothing panics while it holds the lock; if it ever did, the state is still whole enough for a sandbox.
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn phone_changed(&self) {
        self.0
            .phone_changes
            .send_modify(|version| *version = version.wrapping_add(1));
    }
}
