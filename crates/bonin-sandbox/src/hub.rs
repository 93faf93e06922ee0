//! `POST /gw/hub/v1/cert`: the hub. One address for seven calls; `tx_type` says which.

mod admission;
mod mvno;
pub(crate) mod name_check;
pub(crate) mod pass;
mod refusal;
mod rules;
pub(crate) mod sms;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use bonin_kcp::hub::RES_CD_SUCCESS;
use bonin_kcp::hub::message::TxType;
use serde_json::{Map, Value};

pub(crate) use self::refusal::{CANCELLED, Refusal};
use crate::Sandbox;
use crate::fields::Fields;
use crate::serve::Peer;
use crate::strike::strike;
use crate::world::Call;

/// What a call that succeeds answers beside `res_cd` and `res_msg`.
type Answer = Map<String, Value>;

pub(crate) async fn call(
    State(sandbox): State<Sandbox>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let refusal = Refusal::field("요청 본문이 너무 크거나 끝까지 오지 않았습니다.");
            return (rejection.status(), Json(refusal.to_json())).into_response();
        }
    };
    let fields = Fields::parse(&body);
    let tx_type = fields
        .as_ref()
        .ok()
        .and_then(|fields| fields.text("tx_type").ok()??.parse().ok());
    if let Some(response) = strike(&sandbox, &peer, Call::Hub(tx_type)).await {
        return response;
    }
    let result = fields
        .map_err(Refusal::from)
        .and_then(|fields| answer(&sandbox, fields));
    let answer = match result {
        Ok(mut answer) => {
            answer.insert("res_cd".into(), RES_CD_SUCCESS.into());
            answer.insert("res_msg".into(), "정상처리".into());
            Value::Object(answer)
        }
        Err(refusal) => {
            tracing::debug!(
                tx_type = tx_type.map(TxType::as_str),
                res_cd = refusal.code(),
                "hub call refused"
            );
            refusal.to_json()
        }
    };
    Json(answer).into_response()
}

fn answer(sandbox: &Sandbox, fields: Fields) -> Result<Answer, Refusal> {
    let tx_type = fields
        .required_text("tx_type")?
        .parse::<TxType>()
        .map_err(|unknown| Refusal::field(unknown.to_string()))?;
    match tx_type {
        TxType::SmsMvnoInquiry => mvno::before_sms(sandbox, fields),
        TxType::PassMvnoInquiry => mvno::before_pass(sandbox, fields),
        TxType::NameCheck => name_check::name_check(sandbox, fields),
        TxType::SendSms => sms::send(sandbox, fields),
        TxType::ConfirmOtp => sms::confirm(sandbox, fields),
        TxType::PushPass => pass::push(sandbox, fields),
        TxType::FetchPassResult => pass::fetch_result(sandbox, fields),
    }
}

/// An answer about this certification.
fn object(per_cert_no: &str, fields: Value) -> Answer {
    let mut answer = match fields {
        Value::Object(fields) => fields,
        _ => Answer::new(),
    };
    answer.insert("per_cert_no".into(), per_cert_no.into());
    answer
}
