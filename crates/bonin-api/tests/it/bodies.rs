//! Bodies that follow the rules, as starting points.

use serde_json::{Value, json};

/// A `send` by SMS with every field.
pub fn send() -> Value {
    json!({
        "storeId": "store-1",
        "channelKey": "channel-key-1",
        "customer": {
            "id": "customer-1",
            "name": "홍길동",
            "phoneNumber": "01012345678",
            "identityNumber": "9001011",
            "ipAddress": "203.0.113.7"
        },
        "customData": "주문 1\n주문 2",
        "bypass": {"kcpV2": {
            "media_type": "MC01",
            "web_siteid": "J01234567890",
            "cp_sms_msg": "[TEST SHOP]이용자번호는[000000]입니다.",
            "cp_callback": "02-1670-5176"
        }},
        "operator": "SKT",
        "method": "SMS"
    })
}

/// A list request with every field.
pub fn list() -> Value {
    json!({
        "page": {"number": 0, "size": 20},
        "sort": {"by": "VERIFIED_AT", "order": "ASC"},
        "filter": {
            "storeId": "store-1",
            "timeRangeField": "VERIFIED_AT",
            "from": "2026-01-01T00:00:00+09:00",
            "until": "2026-01-31T09:30:00.123456789Z",
            "identityVerificationId": "iv1",
            "identityVerificationTxId": "tx1",
            "isTest": true,
            "statuses": ["READY", "VERIFIED"],
            "pgTxId": "pg1",
            "pgMerchantId": "AO7F3",
            "pgProviders": ["KCP_V2"],
            "pgCompanies": ["KCP"],
            "carriers": ["SKT_MVNO"],
            "version": "V2",
            "customer": {
                "name": "홍길동",
                "birthYear": "1990",
                "birthMonth": "1",
                "birthDay": "01",
                "phoneNumber": "01012345678",
                "gender": "MALE"
            }
        }
    })
}

/// The body with one value replaced (or added, or with `None` taken out), by its path: `/customer/name`.
pub fn with(mut body: Value, pointer: &str, value: impl Into<Option<Value>>) -> Vec<u8> {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value.into() {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    body.to_string().into_bytes()
}
