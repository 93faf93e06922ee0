//! The console: Korean pages for the people who run the gateway. Rendered here, readable without a script; each page's routes
//! stand in its own module.

mod account;
mod assets;
mod audit;
mod channels;
mod chart;
mod entrance;
mod erasure;
mod form;
mod inputs;
mod layout;
mod overview;
mod secrets;
mod shown;
mod stores;
mod users;
mod verifications;
mod visitor;
mod webhooks;
mod words;

use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;

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
        .merge(entrance::routes())
        .merge(account::routes())
        .merge(users::routes())
        .merge(assets::routes())
        .merge(overview::routes())
        .merge(verifications::routes())
        .merge(stores::routes())
        .merge(channels::routes())
        .merge(secrets::routes())
        .merge(webhooks::routes())
        .merge(audit::routes())
        .merge(erasure::routes())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::REFERRER_POLICY,
            // With `no-referrer` browsers would keep from us, too, where a form comes from.
            HeaderValue::from_static("same-origin"),
        ))
        .with_state(console)
}
