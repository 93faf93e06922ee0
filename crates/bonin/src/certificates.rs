//! Warns in the log of certificates that end soon: at the start, and every day.

use std::time::Duration;

use bonin_gateway::admin::Admin;
use tokio_util::sync::CancellationToken;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Watches until stopped.
pub(crate) async fn watch(admin: Admin, stop: CancellationToken) {
    loop {
        warn(&admin).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(A_DAY) => {}
        }
    }
}

async fn warn(admin: &Admin) {
    match admin.expiring_channels().await {
        Ok(channels) => {
            for channel in channels {
                let ends_at = channel.certificate.map(|(at, _)| at.to_string());
                tracing::warn!(
                    channel = channel.id.as_str(),
                    store = channel.store.as_str(),
                    ends_at,
                    "a channel's certificate has ended or ends within 30 days; get a new one from KCP and replace its credentials"
                );
            }
        }
        Err(error) => tracing::warn!(%error, "the channels' certificates could not be looked at"),
    }
}
