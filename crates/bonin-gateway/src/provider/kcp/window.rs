//! The window: registered, opened by the browser, asked about when the browser is back.

use async_trait::async_trait;
use bonin_core::{ConfirmOutcome, FailureReason, PersonName, PhoneNumber, Redacted, SendOutcome};
use bonin_kcp::{
    Sensitive,
    hub::RES_CD_SUCCESS,
    window::{
        OPEN_KEY_FIELD, OPEN_SUBMIT_FIELD,
        message::{CertData, Registration, ReturnPost},
    },
};
use bonin_store::{PgAnswer, ProviderState, VerifiedPerson, WindowTry};
use serde::{Deserialize, Serialize};

use super::{
    Confirmed, PreparedSend, Sent, Unprepared, Window, WindowForm, WindowOrder, WindowReturn,
    calls::{Notes, Stop},
    person::{self, Unusable},
};

/// What the adapter wants to find again. It is sealed in the database.
#[derive(Serialize, Deserialize)]
struct WindowState {
    call_url: String,
    reg_cert_key: Sensitive,
}

impl WindowState {
    fn of(state: &ProviderState) -> Option<Self> {
        serde_json::from_str(state.0.expose()).ok()
    }
}

/// A registration that was checked and only has to be sent.
pub(super) struct WindowSend {
    window: Window,
    registration: Registration,
}

impl WindowSend {
    pub(super) fn new(window: Window, order: WindowOrder) -> Result<Self, Unprepared> {
        let registration = Registration {
            ordr_idxx: order.order_number.to_string(),
            ret_url: order.return_url.expose().into(),
            web_siteid: order.web_siteid,
            ..Registration::default()
        };
        registration
            .check()
            .map_err(|error| Unprepared::ChannelUnusable(error.to_string()))?;
        Ok(Self {
            window,
            registration,
        })
    }
}

#[async_trait]
impl PreparedSend for WindowSend {
    async fn carry_out(&self) -> Sent {
        let window = &self.window;
        let mut notes = Notes::counted_by(&window.metrics);
        let reply = window
            .client
            .register(&window.url, &window.credentials, &self.registration);
        match notes.ask("register", reply).await {
            Ok((registered, _)) => {
                let state = WindowState {
                    call_url: registered.call_url.to_string(),
                    reg_cert_key: registered.reg_cert_key,
                };
                let kept = serde_json::to_string(&state).ok();
                Sent {
                    outcome: SendOutcome::Sent,
                    pg_tx_id: None,
                    state: kept.map(|text| ProviderState(Redacted::new(text))),
                    answer: None,
                    calls: notes.calls,
                }
            }
            // A registration reaches nobody: whatever came of it, the person saw nothing.
            Err(stop) => Sent {
                outcome: SendOutcome::Failed(match stop {
                    Stop::Refused { .. } => FailureReason::Refused,
                    Stop::NoAnswer { .. } => FailureReason::NothingSent,
                }),
                pg_tx_id: None,
                state: None,
                answer: Some(stop.answer()),
                calls: notes.calls,
            },
        }
    }
}

/// `kcp_page_submit_yn` = Y: the page moves, since our script opens the popup itself (KCP window V2, open).
pub(super) fn form(state: &ProviderState) -> Option<WindowForm> {
    let state = WindowState::of(state)?;
    Some(WindowForm {
        action: state.call_url,
        fields: vec![
            (OPEN_KEY_FIELD, Redacted::new(state.reg_cert_key.expose())),
            (OPEN_SUBMIT_FIELD, Redacted::new("Y")),
        ],
    })
}

pub(super) fn read_return(form: &[u8]) -> WindowReturn {
    let post = ReturnPost::parse(form);
    let failure = post
        .res_cd
        .as_deref()
        .filter(|code| *code != RES_CD_SUCCESS)
        .map(|code| PgAnswer {
            code: code.to_owned(),
            message: Redacted::new(post.res_msg.expose()),
        });
    let again = post
        .res_cd
        .iter()
        .map(|code| ("res_cd", Redacted::new(code.as_str())));
    WindowReturn {
        failure,
        again: again
            .chain([("res_msg", Redacted::new(post.res_msg.expose()))])
            .collect(),
        code: post.res_cd,
    }
}

/// Asks KCP who was verified (`getCertData.do`).
pub(super) async fn ask(window: &Window, tried: &WindowTry) -> Confirmed {
    let mut notes = Notes::counted_by(&window.metrics);
    let outcome = match tried.provider_state.as_ref().and_then(WindowState::of) {
        Some(state) => {
            let order = tried.order_number.as_str();
            let key = state.reg_cert_key.expose();
            let reply = window
                .client
                .query(&window.url, &window.credentials, key, order);
            match notes.ask("query", reply).await {
                Ok((data, raw)) => verified(&data)
                    .map(|(person, pg_tx_id)| (person, pg_tx_id, raw))
                    .map_err(|why| notes.unusable(why)),
                Err(stop) => Err(stop),
            }
        }
        // Begun, but never registered: there is no window to ask about.
        None => Err(Stop::Refused {
            code: "NOT_REGISTERED".to_owned(),
            message: Redacted::new("KCP에 등록되지 않은 시도입니다."),
        }),
    };
    match outcome {
        Ok((person, pg_tx_id, raw)) => Confirmed {
            outcome: ConfirmOutcome::Verified,
            verified: Some((person, raw)),
            pg_tx_id: Some(pg_tx_id),
            answer: None,
            calls: notes.calls,
        },
        Err(stop) => Confirmed {
            outcome: match stop {
                Stop::Refused { .. } => ConfirmOutcome::Failed(FailureReason::Refused),
                Stop::NoAnswer { .. } => ConfirmOutcome::StaysOpen,
            },
            verified: None,
            pg_tx_id: None,
            answer: Some(stop.answer()),
            calls: notes.calls,
        },
    }
}

/// The person, all of whom KCP tells.
fn verified(data: &CertData) -> Result<(VerifiedPerson, String), Unusable> {
    let text = |told: &Option<Sensitive>| told.clone().unwrap_or_default();
    let pg_tx_id = data
        .per_cert_no
        .clone()
        .filter(|number| !number.is_empty() && number.len() <= 100)
        .ok_or("per_cert_no가 없습니다")?;
    let person = VerifiedPerson {
        name: PersonName::parse(text(&data.user_name).expose())
            .map_err(|_| "user_name이 없거나 이름이 아닙니다")?,
        phone: PhoneNumber::parse(text(&data.phone_no).expose())
            .map_err(|_| "phone_no가 없거나 휴대전화 번호가 아닙니다")?,
        birth_date: person::birth_date(&data.birth_day)?,
        gender: person::gender(&data.sex_code)?,
        is_foreigner: person::is_foreigner(&data.local_code)?,
        operator: person::operator(data.comm_id.as_deref())?,
        ci: person::ci(data.ci())?,
        di: person::di(data.di())?,
    };
    Ok((person, pg_tx_id))
}
