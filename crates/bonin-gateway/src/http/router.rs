//! Every route there is.

use std::sync::Arc;

use axum::{Extension, Router, http::StatusCode, response::Redirect, routing::get};
use bonin_api::{ApiErrorKind, ErrorBody};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{OpenApi, openapi::Server};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    checkout, console,
    error::{come_back, respond},
    identity_verification as verification,
    metrics::{self, Guard},
    observe, pages,
    peer::TrustedHops,
    token,
};
use crate::{MetricsAccess, metrics::Metrics, service::Service};
use bonin_core::Redacted;

/// What the document says of itself.
#[derive(OpenApi)]
#[openapi(info(
    title = "Bonin API",
    description = "포트원 V2 본인인증 API와 같은 모양의 API입니다. PG사는 NHN KCP입니다.",
    license(name = "MIT OR Apache-2.0"),
))]
struct Document;

/// The endpoints of the contract, each with its entry in the OpenAPI document.
fn endpoints() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(verification::send::send))
        .routes(routes!(verification::resend::resend))
        .routes(routes!(verification::confirm::confirm))
        .routes(routes!(verification::get::get))
        .routes(routes!(verification::list::list))
        .routes(routes!(token::login))
        .routes(routes!(token::refresh))
}

/// The OpenAPI document, generated from the code, of a gateway at this address.
pub fn openapi(public_url: &str) -> Result<Value, serde_json::Error> {
    let (_, document) = endpoints().split_for_parts();
    complete(document, public_url)
}

fn complete(
    mut document: utoipa::openapi::OpenApi,
    public_url: &str,
) -> Result<Value, serde_json::Error> {
    document.servers = Some(vec![Server::new(public_url)]);
    bonin_api::openapi::complete(document)
}

/// The whole service over HTTP, with the console or without it. It wants `ConnectInfo<SocketAddr>` of each connection.
pub fn router(service: Service, with_console: bool) -> Result<Router, serde_json::Error> {
    let (endpoints, document) = endpoints().split_for_parts();
    let pages = pages::Pages::new(&complete(document, service.public_url())?);
    let console = if with_console {
        console::routes(service.clone())
    } else {
        Router::new()
    };
    let routes = endpoints
        .route("/", get(pages::home))
        .merge(checkout::routes())
        .route("/docs", get(pages::docs))
        .route("/openapi.json", get(pages::openapi))
        .layer(Extension(pages))
        .merge(health())
        .merge(match service.metrics_access() {
            MetricsAccess::Closed => Router::new(),
            MetricsAccess::Token(token) => figures(Some(token.clone())),
            MetricsAccess::Open => figures(None),
        });
    let counted = service.metrics().clone();
    let routes = routes.with_state(service).merge(console);
    Ok(observed(routes, counted))
}

/// The console on a listener of its own, behind so many trusted proxies: whoever reaches it past the gateway's own proxies
/// could otherwise write any address into the audit. It wants `ConnectInfo<SocketAddr>` of each connection.
pub fn console_router(service: Service, trusted_hops: usize) -> Router {
    let counted = service.metrics().clone();
    let routes = Router::new()
        .route("/", get(async || Redirect::temporary("/console")))
        .merge(health())
        .with_state(service.clone())
        .merge(console::routes(service))
        .layer(Extension(TrustedHops(trusted_hops)));
    observed(routes, counted)
}

/// `/metrics` on a listener of its own, to whoever reaches it, or to whoever shows this token. It wants
/// `ConnectInfo<SocketAddr>` of each connection.
pub fn metrics_router(service: Service, token: Option<Redacted>) -> Router {
    let counted = service.metrics().clone();
    let routes = figures(token).merge(health()).with_state(service);
    observed(routes.layer(Extension(TrustedHops(0))), counted)
}

fn figures(token: Option<Redacted>) -> Router<Service> {
    Router::new()
        .route("/metrics", get(metrics::metrics))
        .layer(Extension(Guard(token)))
}

fn health() -> Router<Service> {
    Router::new()
        .route("/health/live", get(pages::live))
        .route("/health/ready", get(pages::ready))
}

/// What holds for every route.
fn observed(routes: Router, metrics: Arc<Metrics>) -> Router {
    routes
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::map_response(come_back))
        .layer(axum::middleware::from_fn_with_state(
            metrics,
            observe::observe,
        ))
}

async fn unknown_path() -> axum::response::Response {
    respond(
        &ErrorBody::new(
            ApiErrorKind::NotFound,
            "요청한 경로가 없습니다. 주소와 철자를 확인해야 합니다. API 레퍼런스는 /docs에 있습니다.",
        ),
        None,
    )
}

async fn unknown_method() -> axum::response::Response {
    respond(
        &ErrorBody::new(
            ApiErrorKind::MethodNotAllowed,
            "이 경로는 요청한 HTTP 메서드를 받지 않습니다. API 레퍼런스(/docs)의 메서드로 요청해야 합니다.",
        ),
        None,
    )
}

/// A panic is our defect: the caller is told to come back, and the log says where it was, without its message.
fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    tracing::error!("a request handler panicked");
    let mut response = respond(
        &ErrorBody::new(
            ApiErrorKind::ServiceUnavailable,
            "요청을 처리하지 못했습니다. 잠시 뒤 다시 요청해야 합니다.",
        ),
        Some(5),
    );
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
