//! Faults on demand: they strike before the call is looked at, so that a call which was struck has changed nothing.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::Sandbox;
use crate::serve::Peer;
use crate::world::{Call, FaultKind};

/// Longer than any sensible client waits, but not for ever.
const SILENCE: Duration = Duration::from_secs(120);

/// What the client gets instead of an answer, if anything strikes this call.
pub(crate) async fn strike(sandbox: &Sandbox, peer: &Peer, call: Call) -> Option<Response> {
    let strike = sandbox.world().faults.strike(call);
    if let Some(latency) = strike.latency
        && !wait(sandbox, latency).await
    {
        return Some(hang_up(peer));
    }
    Some(match strike.fault? {
        // `strike` hands latencies out apart.
        FaultKind::Latency(_) => return None,
        FaultKind::Timeout => {
            wait(sandbox, SILENCE).await;
            hang_up(peer)
        }
        FaultKind::Drop => hang_up(peer),
        FaultKind::Http(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, "샌드박스가 일부러 돌려준 HTTP 상태입니다.").into_response()
        }
        FaultKind::Garbage => (
            [(CONTENT_TYPE, "text/html; charset=utf-8")],
            "<html><body>시스템 점검 중입니다.</body></html>",
        )
            .into_response(),
        FaultKind::ResCd(code) => {
            Json(json!({ "res_cd": code, "res_msg": "샌드박스가 일부러 돌려준 응답입니다." }))
                .into_response()
        }
    })
}

/// Waits, unless the sandbox stops meanwhile; says whether it waited to the end.
async fn wait(sandbox: &Sandbox, duration: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(duration) => true,
        () = sandbox.0.stopping.cancelled() => false,
    }
}

fn hang_up(peer: &Peer) -> Response {
    peer.sever();
    // Never seen: the connection carries nothing more.
    StatusCode::NO_CONTENT.into_response()
}
