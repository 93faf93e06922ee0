//! `/demo`: a small shop that has to know that its customer is an adult, and asks with the SDK. Its server side knows the
//! gateway as any merchant's does: over HTTP, with an API secret.

mod answer;
mod complete;
mod customer;
mod members;
mod page;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use super::{
    environment::STORES,
    landing::{Addresses, css, html, script},
};
use crate::failure::Failure;
use members::Members;

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// An id and what surrounds it.
const MAX_BODY: usize = 4 * 1024;

/// The shop's server side.
#[derive(Clone)]
struct Shop {
    http: reqwest::Client,
    gateway: Arc<str>,
    api_secret: &'static str,
    members: Arc<Mutex<Members>>,
}

pub(super) fn router(addresses: &Addresses) -> Result<Router, Failure> {
    let http = reqwest::Client::builder()
        .no_proxy()
        // Plain HTTP on this machine: no CA certificates are needed, and a machine may have none.
        .tls_certs_only([])
        .timeout(PATIENCE)
        .build()
        .map_err(Failure::while_doing("the demo cannot make its HTTP client"))?;
    let shop = Shop {
        http,
        gateway: addresses.gateway.as_str().into(),
        api_secret: STORES[0].api_secret,
        members: Arc::default(),
    };
    let policy = policy(addresses);
    let page = page::render(addresses);
    let shown = get(async move || html(&page, &policy));
    Ok(Router::new()
        .route("/demo", shown.clone())
        .route("/demo/return", shown)
        .route("/demo/complete", post(complete::complete))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route(
            "/demo/demo.css",
            get(async || css(include_str!("demo/demo.css"))),
        )
        .route(
            "/demo/shop.js",
            get(async || script(include_str!("demo/shop.js"))),
        )
        .route("/demo/verify.js", get(async || script(page::VERIFY)))
        .with_state(shop))
}

/// The shop's own files, the gateway's script and answers, and, for IFRAME, the pages of gateway and sandbox. The page may
/// be open under another name of this machine than the gateway's own.
fn policy(Addresses { gateway, sandbox }: &Addresses) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' {gateway}; \
         frame-src 'self' {gateway} {sandbox}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
