//! Reaching the person: name check and SMS, or the push to the PASS app.

use async_trait::async_trait;
use bonin_api::{InvalidRequest, KcpV2Bypass};
use bonin_core::{FailureReason, Gender, Method, ResidentNumberPrefix, SendOutcome};
use bonin_kcp::{
    Sensitive,
    codes::{CommId, LocalCode, MediaType, SexCode},
    hub::message::{
        NameCheck, PassMvnoInquiry, PushPass, SendSms, SmsMvnoInquiry, SmsSent, Subject,
    },
};

use super::{
    Calls, Hub, HubState, PreparedSend, SendOrder, Sent,
    calls::Stop,
    comm_id,
    person::{self, Unusable},
};

pub(super) struct HubSend {
    hub: Hub,
    order: SendOrder,
    options: KcpV2Bypass,
    comm_id: CommId,
    media_type: MediaType,
}

/// How far a send came.
struct Reached {
    per_cert_no: String,
    state: HubState,
}

/// Where a send stopped, and whether KCP may have reached the person all the same.
struct Stopped {
    stop: Stop,
    reason: FailureReason,
    per_cert_no: Option<String>,
}

impl Stopped {
    /// A call before anything is sent to the person (KCP hub, tx_type 2400, 2700).
    fn before_sending(stop: Stop) -> Self {
        Self {
            reason: match stop {
                Stop::Refused { .. } => FailureReason::Refused,
                Stop::NoAnswer { .. } => FailureReason::NothingSent,
            },
            stop,
            per_cert_no: None,
        }
    }

    /// A call that may reach the person (2100, 2200, 2500).
    fn while_sending(stop: Stop) -> Self {
        Self {
            reason: match stop {
                Stop::Refused { .. } => FailureReason::Refused,
                Stop::NoAnswer {
                    may_have_acted: false,
                    ..
                } => FailureReason::NothingSent,
                Stop::NoAnswer { .. } => FailureReason::OutcomeUnknown,
            },
            stop,
            per_cert_no: None,
        }
    }

    /// With KCP's number, as far as it is known.
    fn of(self, per_cert_no: &str) -> Self {
        self.of_some(Some(per_cert_no))
    }

    fn of_some(mut self, per_cert_no: Option<&str>) -> Self {
        self.per_cert_no = per_cert_no.map(str::to_owned);
        self
    }
}

impl HubSend {
    pub(super) fn new(hub: Hub, order: SendOrder) -> Result<Self, InvalidRequest> {
        let options = order.bypass.kcp_v2.clone().ok_or_else(|| {
            InvalidRequest::new(
                "bypass.kcpV2",
                "KCP 채널이면 필수 항목입니다 (예: {\"kcpV2\": {\"media_type\": \"MC01\"}}).",
            )
        })?;
        if order.method == Method::Sms && order.resident.is_none() {
            return Err(InvalidRequest::new(
                "customer.identityNumber",
                "method가 SMS이면 필수 항목입니다. 주민등록번호 앞 7자리를 적어야 합니다.",
            ));
        }
        Ok(Self {
            comm_id: comm_id(order.operator),
            media_type: match options.media_type {
                bonin_api::MediaType::Pc => MediaType::Pc,
                bonin_api::MediaType::Mobile => MediaType::Mobile,
            },
            hub,
            order,
            options,
        })
    }

    fn subject(&self, resident: &ResidentNumberPrefix) -> Subject {
        Subject {
            ordr_idxx: self.order.order_number.to_string(),
            phone_no: self.order.phone.expose().into(),
            comm_id: self.comm_id,
            user_name: self.order.name.expose().into(),
            birth_day: resident.birth_date.compact().into(),
            local_code: if resident.is_foreigner {
                LocalCode::Foreigner
            } else {
                LocalCode::Korean
            },
            sex_code: match resident.gender {
                Gender::Male => SexCode::Male,
                Gender::Female => SexCode::Female,
            },
            web_siteid: self.options.web_siteid.clone(),
            cust_ip: self.cust_ip(),
        }
    }

    fn cust_ip(&self) -> Option<Sensitive> {
        Some(self.order.ip_address.to_string().into())
    }

    fn state(&self) -> HubState {
        HubState {
            comm_id: self.comm_id,
            auth_tx_id: None,
            cp_sms_msg: self.options.cp_sms_msg.clone(),
            cp_callback: self.options.cp_callback.clone(),
            birth_day: None,
            sex_code: None,
            local_code: None,
        }
    }

    async fn sms(
        &self,
        calls: &mut Calls<'_>,
        resident: &ResidentNumberPrefix,
    ) -> Result<Reached, Stopped> {
        let subject = self.subject(resident);
        let mut per_cert_no = None;
        if self.comm_id.needs_mvno_inquiry() {
            let inquiry = SmsMvnoInquiry(subject.clone());
            let (mvno, _) = calls
                .make(&inquiry)
                .await
                .map_err(Stopped::before_sending)?;
            let number = number_of(mvno.per_cert_no);
            per_cert_no = Some(number.map_err(|why| Stopped::before_sending(calls.unusable(why)))?);
        }
        let check = NameCheck {
            subject,
            media_type: self.media_type,
            per_cert_no,
            cp_sms_msg: self.options.cp_sms_msg.clone(),
            cp_callback: self.options.cp_callback.clone(),
        };
        let inquired = check.per_cert_no.clone();
        let (checked, _) = calls
            .make(&check)
            .await
            .map_err(|stop| Stopped::while_sending(stop).of_some(inquired.as_deref()))?;
        let sent = checked.is_sms_sent();
        let per_cert_no = number_of(checked.per_cert_no)
            .map_err(|why| Stopped::while_sending(calls.unusable(why)))?;
        // A name check alone (`iden_only_yn` = Y) proves nothing about who holds the phone: its CI and DI are not read,
        // and the try is open only once an SMS has left.
        if !sent {
            let send = SendSms {
                per_cert_no: per_cert_no.clone(),
                comm_id: self.comm_id,
                cp_sms_msg: self.options.cp_sms_msg.clone(),
                cp_callback: self.options.cp_callback.clone(),
                cust_ip: self.cust_ip(),
            };
            let stopped = |stop| Stopped::while_sending(stop).of(&per_cert_no);
            let (sent, _) = calls.make(&send).await.map_err(stopped)?;
            has_left(&sent, &per_cert_no).map_err(|why| stopped(calls.unusable(why)))?;
        }
        Ok(Reached {
            per_cert_no,
            state: self.state(),
        })
    }

    async fn push(&self, calls: &mut Calls<'_>) -> Result<Reached, Stopped> {
        let mut per_cert_no = None;
        // The inquiry's signature needs the birth date; without it the push goes alone, with an empty `per_cert_no`.
        if let (true, Some(resident)) = (self.comm_id.needs_mvno_inquiry(), &self.order.resident) {
            let inquiry = PassMvnoInquiry(self.subject(resident));
            let (mvno, _) = calls
                .make(&inquiry)
                .await
                .map_err(Stopped::before_sending)?;
            let number = number_of(mvno.per_cert_no);
            per_cert_no = Some(number.map_err(|why| Stopped::before_sending(calls.unusable(why)))?);
        }
        let push = PushPass {
            ordr_idxx: self.order.order_number.to_string(),
            phone_no: self.order.phone.expose().into(),
            comm_id: self.comm_id,
            user_name: self.order.name.expose().into(),
            media_type: self.media_type,
            web_siteid: self.options.web_siteid.clone(),
            per_cert_no,
            cust_ip: self.cust_ip(),
        };
        let inquired = push.per_cert_no.clone();
        let (pushed, _) = calls
            .make(&push)
            .await
            .map_err(|stop| Stopped::while_sending(stop).of_some(inquired.as_deref()))?;
        // Birth date, sex and nationality are taken from this answer: it must be about this phone.
        let own = pushed.phone_no.as_ref().map(Sensitive::expose)
            == Some(self.order.phone.expose())
            && pushed.comm_id.as_deref() == Some(self.comm_id.as_str());
        let per_cert_no = number_of(pushed.per_cert_no)
            .and_then(|number| {
                own.then_some(number)
                    .ok_or("phone_no나 comm_id가 요청과 다릅니다")
            })
            .map_err(|why| Stopped::while_sending(calls.unusable(why)))?;
        // Told now, before the person taps for nothing.
        person::birth_date(&pushed.birth_day)
            .and(person::gender(&pushed.sex_code).map(drop))
            .and(person::is_foreigner(&pushed.local_code).map(drop))
            .map_err(|why| Stopped::while_sending(calls.unusable(why)).of(&per_cert_no))?;
        Ok(Reached {
            per_cert_no,
            state: HubState {
                auth_tx_id: pushed.auth_tx_id,
                birth_day: pushed.birth_day,
                sex_code: pushed.sex_code,
                local_code: pushed.local_code,
                ..self.state()
            },
        })
    }
}

#[async_trait]
impl PreparedSend for HubSend {
    async fn carry_out(&self) -> Sent {
        let mut calls = Calls::new(&self.hub);
        let reached = match (self.order.method, &self.order.resident) {
            (Method::Sms, Some(resident)) => self.sms(&mut calls, resident).await,
            _ => self.push(&mut calls).await,
        };
        match reached {
            Ok(reached) => Sent {
                outcome: SendOutcome::Sent,
                pg_tx_id: Some(reached.per_cert_no),
                state: reached.state.kept(),
                answer: None,
                calls: calls.notes(),
            },
            Err(stopped) => Sent {
                outcome: SendOutcome::Failed(stopped.reason),
                pg_tx_id: stopped.per_cert_no,
                state: None,
                answer: Some(stopped.stop.answer()),
                calls: calls.notes(),
            },
        }
    }
}

/// Whether an answer to 2200 says that the SMS of this very try has left.
pub(super) fn has_left(sent: &SmsSent, per_cert_no: &str) -> Result<(), Unusable> {
    if sent.sms_snd_yn.as_deref().is_some_and(|yes| yes != "Y") {
        return Err("2200이 성공이라면서 sms_snd_yn이 Y가 아닙니다");
    }
    match sent.per_cert_no.as_deref() {
        Some(number) if number != per_cert_no => Err("per_cert_no가 요청과 다릅니다"),
        _ => Ok(()),
    }
}

fn number_of(per_cert_no: Option<String>) -> Result<String, Unusable> {
    per_cert_no
        .filter(|number| !number.is_empty() && number.len() <= 100)
        .ok_or("per_cert_no가 없습니다")
}
