use std::time::Instant;

use bonin_kcp::codes::CommId;
use jiff::Timestamp;

use super::{Merchant, Person, World};
use crate::hub::Refusal;
use crate::random;

/// One verification at KCP, known by its `per_cert_no`.
pub(crate) struct Certification {
    pub(crate) site_cd: String,
    pub(crate) operator: CommId,
    pub(crate) person: Person,
    /// The site that DI is for, where the merchant named one.
    pub(crate) web_siteid: Option<String>,
    pub(crate) stage: Stage,
}

/// By which way a verification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Sms,
    Pass,
}

/// How far a verification has come. Each call is right at one stage only.
pub(crate) enum Stage {
    /// 2400 or 2700 has answered; 2100 or 2500 may follow.
    MvnoKnown(Way),
    /// 2100 has answered with the name alone; nothing may follow.
    NameOnly,
    /// 2100 has answered; an SMS may leave, or has.
    Sms {
        cp_sms_msg: Option<String>,
        cp_callback: Option<String>,
        otp: Option<Otp>,
        wrong_numbers: u32,
    },
    /// 2500 has answered; the request is on the phone.
    Pass {
        request_id: String,
        auth_tx_id: Option<String>,
    },
    /// 2300 has confirmed the person; nothing may follow.
    Confirmed,
}

/// The number that an SMS carried.
pub(crate) struct Otp {
    pub(crate) digits: String,
    pub(crate) sent_at: Instant,
}

impl World {
    /// Begins a verification and gives it its `per_cert_no`: the time, then digits that nobody can guess.
    pub(crate) fn certify(&mut self, certification: Certification) -> Result<String, Refusal> {
        let per_cert_no = format!(
            "{}{}",
            Timestamp::now().strftime("%y%m%d%H%M%S"),
            random::digits(8)?
        );
        self.certifications
            .insert(per_cert_no.clone(), certification);
        Ok(per_cert_no)
    }

    /// The verification that a merchant speaks of. Another merchant's is as unknown as one that never was.
    pub(crate) fn certification(
        &self,
        merchant: &Merchant,
        per_cert_no: &str,
        operator: CommId,
    ) -> Result<&Certification, Refusal> {
        self.certifications
            .get(per_cert_no)
            .ok_or(UNKNOWN)
            .and_then(|it| {
                it.check(merchant, operator)?;
                Ok(it)
            })
    }

    pub(crate) fn certification_mut(
        &mut self,
        merchant: &Merchant,
        per_cert_no: &str,
        operator: CommId,
    ) -> Result<&mut Certification, Refusal> {
        self.certifications
            .get_mut(per_cert_no)
            .ok_or(UNKNOWN)
            .and_then(|it| {
                it.check(merchant, operator)?;
                Ok(it)
            })
    }
}

const UNKNOWN: Refusal = Refusal::Order("per_cert_no: 이 가맹점에서 시작한 인증이 아닙니다.");

impl Certification {
    fn check(&self, merchant: &Merchant, operator: CommId) -> Result<(), Refusal> {
        if self.site_cd != merchant.site_cd {
            return Err(UNKNOWN);
        }
        if self.operator != operator {
            return Err(Refusal::Order(
                "comm_id: 이 인증을 시작할 때의 통신사와 다릅니다.",
            ));
        }
        Ok(())
    }
}
