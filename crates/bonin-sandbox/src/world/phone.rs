use jiff::Timestamp;
use serde_json::{Value, json};

/// An SMS on the phone.
#[derive(Clone)]
pub(crate) struct Sms {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) otp: String,
    pub(crate) per_cert_no: String,
    pub(crate) sent_at: Timestamp,
}

impl Sms {
    /// As `GET /sandbox/messages` shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "to": self.to,
            "from": self.from,
            "text": self.text,
            "otp": self.otp,
            "perCertNo": self.per_cert_no,
            "sentAt": self.sent_at.to_string(),
        })
    }
}

/// A request in the PASS app.
#[derive(Clone)]
pub(crate) struct PassRequest {
    pub(crate) id: String,
    pub(crate) phone: String,
    pub(crate) name: String,
    pub(crate) per_cert_no: String,
    pub(crate) state: PassState,
    pub(crate) requested_at: Timestamp,
}

/// What the user did with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassState {
    Pending,
    Approved,
    Rejected,
}

impl PassState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl PassRequest {
    /// As `GET /sandbox/pass-requests` shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "phone": self.phone,
            "name": self.name,
            "perCertNo": self.per_cert_no,
            "state": self.state.as_str(),
            "requestedAt": self.requested_at.to_string(),
        })
    }
}
