//! Calls to the hub, noted for the timeline as they are made.

use std::time::Instant;

use bonin_core::Redacted;
use bonin_kcp::hub::{CallError, Outcome, RES_CD_SUCCESS, Reply, message::HubRequest};
use bonin_store::{CallNote, PgAnswer};
use tracing::{Instrument, field};

use super::{Hub, explain::about_settings, redacted};
use crate::{Clock, metrics::KcpMetrics, telemetry::TRACE_TARGET};

/// Our own codes, for where KCP did not answer properly.
pub(super) const TIMEOUT: &str = "TIMEOUT";
pub(super) const UNREACHABLE: &str = "UNREACHABLE";
pub(super) const INVALID_RESPONSE: &str = "INVALID_RESPONSE";

/// Why a sequence of calls came to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// KCP decided: no.
    Refused { code: String, message: Redacted },
    /// KCP did not answer properly.
    NoAnswer {
        code: &'static str,
        message: String,
        /// Whether KCP may have acted all the same.
        may_have_acted: bool,
    },
}

impl Stop {
    /// An answer that came, but is not what the protocol says.
    fn invalid(why: &str) -> Self {
        Self::NoAnswer {
            code: INVALID_RESPONSE,
            message: format!("KCP의 응답이 올바르지 않습니다: {why}"),
            may_have_acted: true,
        }
    }

    /// The code.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::NoAnswer { code, .. } => code,
        }
    }

    /// What the caller is told.
    pub(super) fn answer(&self) -> PgAnswer {
        PgAnswer {
            code: self.code().to_owned(),
            message: match self {
                Self::Refused { message, .. } => message.clone(),
                Self::NoAnswer { message, .. } => Redacted::new(message.clone()),
            },
        }
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self::NoAnswer {
            code: match error {
                CallError::Timeout => TIMEOUT,
                CallError::InvalidResponse(_) => INVALID_RESPONSE,
                _ => UNREACHABLE,
            },
            may_have_acted: error.may_have_left(),
            message: error.to_string(),
        }
    }
}

/// The calls of one step.
pub(super) struct Calls<'a> {
    hub: &'a Hub,
    notes: Notes,
}

impl<'a> Calls<'a> {
    pub(super) fn new(hub: &'a Hub) -> Self {
        Self {
            hub,
            notes: Notes::counted_by(&hub.metrics),
        }
    }

    /// Makes one call. It is never made twice.
    pub(super) async fn make<R: HubRequest>(
        &mut self,
        request: &R,
    ) -> Result<(R::Answer, Redacted), Stop> {
        let hub = self.hub;
        let reply = hub.client.call(&hub.url, &hub.credentials, request);
        self.notes.ask(R::TX_TYPE.as_str(), reply).await
    }

    /// An answer that came with success, but is not what the protocol says: the timeline tells it as what it was.
    pub(super) fn unusable(&mut self, why: &str) -> Stop {
        self.notes.unusable(why)
    }

    pub(super) fn notes(self) -> Vec<CallNote> {
        self.notes.calls
    }
}

/// What the timeline will tell of calls.
pub(super) struct Notes {
    pub(super) calls: Vec<CallNote>,
    metrics: KcpMetrics,
}

impl Notes {
    pub(super) fn counted_by(metrics: &KcpMetrics) -> Self {
        Self {
            calls: Vec::new(),
            metrics: metrics.clone(),
        }
    }

    /// Makes a call, in a span of its own, and notes what came of it.
    pub(super) async fn ask<A>(
        &mut self,
        call: &'static str,
        reply: impl Future<Output = Result<Reply<A>, CallError>>,
    ) -> Result<(A, Redacted), Stop> {
        let span = tracing::debug_span!(
            target: TRACE_TARGET,
            "kcp",
            otel.name = format!("KCP {call}"),
            otel.kind = "client",
            otel.status_code = field::Empty,
            kcp.call = call,
            kcp.code = field::Empty,
            kcp.millis = field::Empty,
        );
        let began = Instant::now();
        let reply = reply.instrument(span.clone()).await;
        let took = began.elapsed();
        if reply.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        let result = Self::told(reply);
        let code = result.as_ref().err().map_or(RES_CD_SUCCESS, Stop::code);
        let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        span.record("kcp.code", code);
        span.record("kcp.millis", millis);
        drop(span);
        self.metrics.asked(call, code, took);
        tracing::info!(call, code, millis, "asked KCP");
        if let Some(explanation) = about_settings(code) {
            tracing::warn!(code, explanation, "KCP refused for a setting");
        }
        self.calls.push(CallNote {
            at: Clock.now(),
            call: call.to_owned(),
            code: code.to_owned(),
            millis,
        });
        result
    }

    fn told<A>(reply: Result<Reply<A>, CallError>) -> Result<(A, Redacted), Stop> {
        match reply {
            Ok(Reply {
                outcome: Outcome::Success(answer),
                raw,
            }) => Ok((answer, redacted(&raw))),
            Ok(Reply {
                outcome: Outcome::Refused { res_cd, res_msg },
                ..
            }) => Err(Stop::Refused {
                code: res_cd,
                message: redacted(&res_msg),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The last call's answer came with success, but is not what the protocol says.
    pub(super) fn unusable(&mut self, why: &str) -> Stop {
        let stop = Stop::invalid(why);
        if let Some(note) = self.calls.last_mut() {
            note.code = stop.code().to_owned();
        }
        tracing::warn!(why, "an answer of KCP is of no use");
        stop
    }
}
