//! The console: Korean pages for the people who run the gateway. Rendered here, readable without a script; each page's routes
//! stand in its own module.

mod assets;
mod channels;
mod form;
mod inputs;
mod layout;
mod overview;
mod secrets;
mod shown;
mod stores;
mod visitor;

use axum::Router;

use crate::{admin::Admin, service::Service};

/// What the pages work with.
#[derive(Debug, Clone)]
struct Console {
    admin: Admin,
    service: Service,
}

/// The console's routes, all under `/console`. It wants `ConnectInfo<SocketAddr>` of each connection.
pub(super) fn routes(service: Service) -> Router {
    let console = Console {
        admin: service.admin(),
        service,
    };
    Router::new()
        .merge(assets::routes())
        .merge(overview::routes())
        .merge(stores::routes())
        .merge(channels::routes())
        .merge(secrets::routes())
        .with_state(console)
}
