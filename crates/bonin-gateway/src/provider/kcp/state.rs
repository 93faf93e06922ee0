//! What the adapter wants to find again at the next step of a try. It is sealed in the database.

use bonin_core::Redacted;
use bonin_kcp::{Sensitive, codes::CommId};
use bonin_store::{Claimed, ProviderState};
use serde::{Deserialize, Serialize};

use crate::provider::Unprepared;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HubState {
    pub comm_id: CommId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_tx_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cp_sms_msg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cp_callback: Option<String>,
    /// What the operator knows of the person, from the answer to a PASS push (KCP hub, tx_type 2500).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_day: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex_code: Option<Sensitive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_code: Option<Sensitive>,
}

impl HubState {
    pub(super) fn of(claimed: &Claimed) -> Result<Self, Unprepared> {
        claimed
            .provider_state
            .as_ref()
            .and_then(|state| serde_json::from_str(state.0.expose()).ok())
            .ok_or_else(lost)
    }

    /// For the store. A struct of strings always serializes.
    pub(super) fn kept(&self) -> Option<ProviderState> {
        let text = serde_json::to_string(self).ok()?;
        Some(ProviderState(Redacted::new(text)))
    }

    /// KCP's number of the try.
    pub(super) fn per_cert_no(&self, claimed: &Claimed) -> Result<String, Unprepared> {
        claimed.pg_tx_id.clone().ok_or_else(lost)
    }
}

fn lost() -> Unprepared {
    Unprepared::ChannelUnusable(
        "이 시도의 KCP 정보를 읽을 수 없습니다. 본인인증을 처음부터 다시 요청해야 합니다.".into(),
    )
}
