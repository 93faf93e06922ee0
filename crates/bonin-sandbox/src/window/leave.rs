//! The way back to the merchant.

use axum::extract::State;
use axum::response::Response;
use bonin_kcp::window::{RES_CD_CANCELLED, RES_CD_SUCCESS};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::page;
use super::visit::{Step, Visit};
use crate::Sandbox;
use crate::hub::CANCELLED;
use crate::world::End;

/// What the browser posts to `Ret_URL`.
pub(super) struct ReturnForm {
    pub(super) action: String,
    pub(super) fields: [(&'static str, String); 7],
    pub(super) is_success: bool,
}

/// `POST …/cancel`, from any page.
pub(crate) async fn cancel(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    sandbox.world().windows.end(&visit.id, End::Cancelled);
    visit.go(Step::Return)
}

/// `GET …/return`: posts the user's browser back to the merchant.
pub(crate) async fn back(State(sandbox): State<Sandbox>, visit: Visit) -> Response {
    if let Err(elsewhere) = visit.at(&sandbox.world(), Step::Return) {
        return *elsewhere;
    }
    let is_success = matches!(visit.registration.end, Some(End::Verified(_)));
    let (res_cd, res_msg) = if is_success {
        (RES_CD_SUCCESS, "정상처리")
    } else {
        (RES_CD_CANCELLED, CANCELLED)
    };
    let registration = &visit.registration;
    let [one, two, three] = registration.param_opts.clone();
    let form = ReturnForm {
        action: registration.ret_url.clone(),
        fields: [
            ("res_cd", res_cd.to_owned()),
            (
                "res_msg",
                utf8_percent_encode(res_msg, NON_ALPHANUMERIC).to_string(),
            ),
            ("ordr_idxx", registration.ordr_idxx.clone()),
            ("site_cd", registration.site_cd.clone()),
            ("param_opt_1", one),
            ("param_opt_2", two),
            ("param_opt_3", three),
        ],
        is_success,
    };
    page::back(&visit, &form)
}
