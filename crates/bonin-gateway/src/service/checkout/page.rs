//! The page that takes the browser to the provider's window, and what the page that opened it may ask.

use std::net::IpAddr;

use bonin_api::WindowType;
use bonin_core::AttemptState;

use super::{Checkout, Failure, Progress};
use crate::{
    provider::WindowForm,
    service::{Error, Service},
};

/// The way to the provider's window.
#[derive(Debug)]
pub struct Departure {
    /// The form that opens it.
    pub form: WindowForm,
    /// The one page that may frame it.
    pub framed_by: Option<String>,
}

impl Service {
    /// The form that opens a try's window, while the try is live.
    pub async fn departure(&self, tx_id: &str, address: IpAddr) -> Result<Departure, Failure> {
        self.limits.checkout_step(address).map_err(Error::from)?;
        let window = self.window_try(tx_id).await?;
        let checkout = Checkout::of(&window)?;
        let now = self.now();
        let opens = window.attempt.state == AttemptState::Open
            && window.attempt.is_live(now)
            && !window.returned;
        let channel = self.channel_of(&window.channel_id).await?;
        let form = window
            .provider_state
            .as_ref()
            .filter(|_| opens)
            .and_then(|state| self.providers.of(&channel).window_form(state))
            .ok_or(Error::NotSent)?;
        let framed = checkout.window_type == WindowType::Iframe;
        Ok(Departure {
            form,
            framed_by: checkout.origin.filter(|_| framed),
        })
    }

    /// Where a try stands.
    pub async fn window_progress(&self, tx_id: &str, address: IpAddr) -> Result<Progress, Failure> {
        self.limits.checkout_step(address).map_err(Error::from)?;
        let window = self.window_try(tx_id).await?;
        Ok(Progress::of(&window))
    }
}
