//! The window's cipher off the async threads.

use bonin_kcp::window::{CipherError, WindowCredentials};

use crate::Sandbox;
use crate::hub::Refusal;
use crate::world::Merchant;

/// Does something with a merchant's key, as many at once as there are cores.
pub(super) async fn with_key<T: Send + 'static>(
    sandbox: &Sandbox,
    merchant: &Merchant,
    work: impl FnOnce(WindowCredentials) -> Result<T, CipherError> + Send + 'static,
) -> Result<Result<T, CipherError>, Refusal> {
    let credentials = WindowCredentials::new(&merchant.site_cd, &merchant.enc_key)
        .map_err(|_| Refusal::Broken)?;
    let turn = sandbox.0.key_deriving.clone().acquire_owned().await;
    let turn = turn.map_err(|_| Refusal::Broken)?;
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work(credentials)
    })
    .await
    .map_err(|_| Refusal::Broken)
}
