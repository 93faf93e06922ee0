//! What browsers reach without a credential: the script's endpoints, and the pages on the way to the window and back.

mod cors;
mod failure;
mod page;
mod script;
mod view;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::ORIGIN},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bonin_api::CheckoutBody;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use super::{body::RawBody, caller::Address};
use crate::service::{
    Error, Service,
    checkout::{Code, Failure, Origin, Progress},
};

/// The routes. They are not in the OpenAPI document: that is the contract of servers.
pub(super) fn routes() -> OpenApiRouter<Service> {
    let endpoints = Router::new()
        .route(
            "/checkout/identity-verifications",
            post(open).options(cors::preflight),
        )
        .route(
            "/checkout/{tx_id}/status",
            get(status).options(cors::preflight),
        )
        .layer(axum::middleware::map_response(cors::allow_any));
    let pages = Router::new()
        .route("/checkout/{tx_id}", get(page::departure))
        .route("/checkout/{tx_id}/return/{secret}", post(page::arrival))
        .route("/v2/browser-sdk.js", get(script::classic))
        .route("/v2/browser-sdk.mjs", get(script::module))
        .route("/v2/browser-sdk.d.ts", get(script::types));
    endpoints.merge(pages).into()
}

/// `POST /checkout/identity-verifications`: the script asks for a window.
async fn open(
    State(service): State<Service>,
    Address(address): Address,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Value>, Failure> {
    let body = CheckoutBody::parse(&body).map_err(Error::from)?;
    let origin = Origin::parse(headers.get(ORIGIN).and_then(|value| value.to_str().ok()));
    let opened = service.open_window(&body, &origin, address).await?;
    Ok(Json(
        json!({ "txId": opened.tx_id.as_str(), "url": opened.url }),
    ))
}

/// `GET /checkout/{txId}/status`: how it stands. Status and codes, never a person.
async fn status(
    State(service): State<Service>,
    Address(address): Address,
    Path(tx_id): Path<String>,
) -> Response {
    match service.window_progress(&tx_id, address).await {
        Ok(Progress::Ready { returned }) => {
            Json(json!({ "status": "READY", "returned": returned })).into_response()
        }
        Ok(Progress::Verified) => Json(json!({ "status": "VERIFIED" })).into_response(),
        Ok(Progress::Failed(failed)) => {
            let mut told = failure::told(&failed);
            told["status"] = json!("FAILED");
            Json(told).into_response()
        }
        Err(failed) => {
            let unknown = failed.code == Code::InvalidEntityState;
            let mut response = failed.into_response();
            if unknown {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            response
        }
    }
}
