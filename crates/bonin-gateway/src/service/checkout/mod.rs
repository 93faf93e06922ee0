//! The SDK way: a browser opens the provider's window, and comes back.

mod open;
mod origin;
mod outcome;
mod page;
mod way_back;

pub use open::Opened;
pub(crate) use origin::is_hostile;
pub use origin::{Origin, RedirectTarget};
pub use outcome::{Code, Failure, Progress};
pub use page::Departure;
pub use way_back::Arrival;
pub(super) use way_back::AskedWindows;

use bonin_api::WindowType;
use bonin_core::{Redacted, TxId};
use bonin_store::WindowTry;
use serde::{Deserialize, Serialize};

use super::{Error, Service};

/// What the way back needs. It is sealed with the try, so that any instance can take the next step.
#[derive(Serialize, Deserialize)]
struct Checkout {
    /// The page that asked, as its browser named it; `null` and absent are none.
    origin: Option<String>,
    window_type: WindowType,
    redirect_url: Option<String>,
    force_redirect: bool,
    /// What the return address carries: 128 random bits.
    return_secret: String,
}

impl Checkout {
    fn of(window: &WindowTry) -> Result<Self, Error> {
        window
            .checkout
            .as_ref()
            .and_then(|text| serde_json::from_str(text.expose()).ok())
            .ok_or(Error::Unavailable)
    }

    fn kept(&self) -> Result<Redacted, Error> {
        let text = serde_json::to_string(self).map_err(|_| Error::Unavailable)?;
        Ok(Redacted::new(text))
    }

    /// The page that may be told, and may frame us: the one that asked, unless the browser is to be redirected.
    fn listener(&self) -> Option<&str> {
        let tells = match self.window_type {
            WindowType::Popup | WindowType::Iframe => true,
            WindowType::Redirection => false,
        };
        self.origin.as_deref().filter(|_| tells)
    }
}

impl Service {
    async fn window_try(&self, tx_id: &str) -> Result<WindowTry, Error> {
        let tx_id = TxId::parse(tx_id).map_err(|_| Error::NotFound)?;
        self.store.window_try(&tx_id).await?.ok_or(Error::NotFound)
    }
}
