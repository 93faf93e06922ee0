//! `call_url`: the user's browser posts the merchant's `reg_cert_key` here, and the window opens.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bonin_kcp::window::{OPEN_KEY_FIELD, OPEN_SUBMIT_FIELD};

use super::form::Form;
use super::page;
use super::visit::{Gone, hosts};
use crate::Sandbox;
use crate::world::NoWindow;

pub(crate) async fn open(State(sandbox): State<Sandbox>, form: Form) -> Result<Response, Gone> {
    let key = form.get(OPEN_KEY_FIELD);
    let mut world = sandbox.world();
    let ttl = world.settings.registration_ttl;
    let site_cd = world
        .windows
        .known(key)
        .map(|registration| registration.site_cd.clone());
    let hosts = site_cd.map_or_else(Vec::new, |site_cd| hosts(&world, &site_cd));
    if !matches!(form.get(OPEN_SUBMIT_FIELD), "Y" | "N") {
        return Ok(page::wrong_form(&hosts));
    }
    match world.windows.open(key, ttl) {
        Ok(Ok(id)) => Ok(Redirect::to(&format!("/window/{id}/operator")).into_response()),
        Ok(Err(_)) => Err(Gone {
            why: NoWindow::Unknown,
            hosts,
        }),
        Err(why) => Err(Gone { why, hosts }),
    }
}

/// Somebody typed or reloaded the address: there is nothing to show without a form.
pub(crate) async fn by_hand() -> Response {
    page::wrong_form(&[])
}
