use serde::{Deserialize, Serialize};

use crate::Sensitive;
use crate::linkage::Linkage;
use crate::wire::tolerant;

/// The body of a query, plain JSON.
#[derive(Serialize)]
pub(in crate::window) struct Query<'a> {
    pub(in crate::window) reg_cert_key: &'a str,
    pub(in crate::window) ordr_idxx: &'a str,
}

/// What a query answers before it is decrypted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::window) struct EncryptedAnswer {
    #[serde(deserialize_with = "tolerant")]
    pub(in crate::window) enc_cert_data: Option<String>,
    #[serde(deserialize_with = "tolerant")]
    pub(in crate::window) rv: Option<String>,
}

/// Who verified in the window, as KCP tells the merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CertData {
    /// KCP's number for this verification.
    #[serde(deserialize_with = "tolerant")]
    pub per_cert_no: Option<String>,
    /// The name.
    #[serde(deserialize_with = "tolerant")]
    pub user_name: Option<Sensitive>,
    /// The birth date, `YYYYMMDD`.
    #[serde(deserialize_with = "tolerant")]
    pub birth_day: Option<Sensitive>,
    /// The phone number that was verified.
    #[serde(deserialize_with = "tolerant")]
    pub phone_no: Option<Sensitive>,
    /// The operator; see [`CommId`](crate::codes::CommId).
    #[serde(deserialize_with = "tolerant")]
    pub comm_id: Option<String>,
    /// `01` male, `02` female; see [`SexCode`](crate::codes::SexCode).
    #[serde(deserialize_with = "tolerant")]
    pub sex_code: Option<Sensitive>,
    /// `01` Korean, `02` foreigner; see [`LocalCode`](crate::codes::LocalCode).
    #[serde(deserialize_with = "tolerant")]
    pub local_code: Option<Sensitive>,
    #[serde(flatten)]
    linkage: Linkage,
}

impl CertData {
    /// CI, in whatever spelling it came; absent where the merchant's contract has none.
    pub fn ci(&self) -> Option<Sensitive> {
        self.linkage.ci()
    }

    /// DI, in whatever spelling it came.
    pub fn di(&self) -> Option<Sensitive> {
        self.linkage.di()
    }
}
