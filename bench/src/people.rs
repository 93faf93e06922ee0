//! Persons that no other flow of the same run meets.

use serde_json::{Value, json};

/// The number that the sandbox sends, once it is told so.
pub(crate) const OTP: &str = "271828";

/// Somebody to be verified.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) phone: String,
    /// The first seven digits of the resident number.
    pub(crate) resident: &'static str,
    address: String,
}

impl Person {
    /// The nth of a run; `label` tells runs on one database apart.
    pub(crate) fn nth(label: &str, n: u64) -> Self {
        let (b, c, d) = ((n >> 16) & 255, (n >> 8) & 255, n & 255);
        Self {
            id: format!("{label}x{n}"),
            name: "홍길동",
            phone: format!("010{:08}", 20_000_000 + n % 70_000_000),
            resident: "9001011",
            address: format!("10.{b}.{c}.{d}"),
        }
    }

    /// The body of a `send` by SMS.
    pub(crate) fn send_body(&self, channel: &str) -> Vec<u8> {
        let body: Value = json!({
            "channelKey": channel,
            "customer": {
                "name": self.name,
                "phoneNumber": self.phone,
                "identityNumber": self.resident,
                "ipAddress": self.address,
            },
            "bypass": { "kcpV2": { "media_type": "MC01" } },
            "operator": "KT",
            "method": "SMS",
        });
        body.to_string().into_bytes()
    }

    /// The body of a `confirm`.
    pub(crate) fn confirm_body() -> Vec<u8> {
        json!({ "otp": OTP }).to_string().into_bytes()
    }

    /// The address of one of its steps: `/send`, `/confirm`, or nothing.
    pub(crate) fn path(&self, step: &str) -> String {
        format!("/identity-verifications/{}{step}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_a_run_share_a_phone_or_an_id() {
        let people: Vec<Person> = (0..5000).map(|n| Person::nth("a", n)).collect();
        let mut phones: Vec<_> = people.iter().map(|person| &person.phone).collect();
        phones.sort();
        phones.dedup();
        assert_eq!(phones.len(), 5000);
        assert_ne!(Person::nth("a", 1).id, Person::nth("b", 1).id);
        assert!(people.iter().all(|person| person.phone.len() == 11));
    }
}
