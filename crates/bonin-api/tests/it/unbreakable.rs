//! Whatever is sent, reading it ends in a value or in a message.

use bonin_api::{
    ConfirmIdentityVerificationBody, GetIdentityVerificationsBody, LoginViaApiSecretBody,
    RefreshTokenBody, SendIdentityVerificationBody, StoreIdQuery,
};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::bodies;

/// Reads the bytes as everything; a message must be there where it is refused.
fn read_as_everything(bytes: &[u8]) {
    let refusals = [
        SendIdentityVerificationBody::parse(bytes).err(),
        ConfirmIdentityVerificationBody::parse(bytes).err(),
        GetIdentityVerificationsBody::parse(bytes).err(),
        LoginViaApiSecretBody::parse(bytes).err(),
        RefreshTokenBody::parse(bytes).err(),
    ];
    for refusal in refusals.into_iter().flatten() {
        assert!(refusal.to_string().ends_with('.'), "{refusal}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,12}".prop_map(Value::from),
        "(MC01|SMS|SKT|READY|KCP_V2|V2|MALE)".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|\\+[0-9]{2}:[0-9]{2})"
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z_]{1,8}", inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place in a body, the body itself excepted.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    if let Value::Object(map) = value {
        for (name, value) in map {
            let place = format!("{at}/{name}");
            places(value, &place, found);
            found.push(place);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        read_as_everything(json.to_string().as_bytes());
    }

    #[test]
    fn a_good_body_with_anything_in_one_place_is_read_or_refused(
        list in any::<bool>(), place in any::<prop::sample::Index>(), json in any_json(),
    ) {
        let body = if list { bodies::list() } else { bodies::send() };
        let mut found = Vec::new();
        places(&body, "", &mut found);
        read_as_everything(&bodies::with(body, place.get(&found).as_str(), json));
    }

    #[test]
    fn a_good_body_cut_or_bent_anywhere_is_read_or_refused(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = bodies::send().to_string().into_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        read_as_everything(&bytes);
    }

    #[test]
    fn any_query_is_read_or_refused(query in any::<String>(), json in any_json()) {
        let _ = StoreIdQuery::parse(Some(&query));
        let _ = GetIdentityVerificationsBody::from_request(Some(&query), b"");
        let _ = GetIdentityVerificationsBody::from_request(Some(&format!("requestBody={json}")), b"");
    }

    #[test]
    fn any_text_without_nul_comes_back_as_custom_data(text in any::<String>()) {
        let body = bodies::with(bodies::send(), "/customData", Value::from(text.clone()));
        match SendIdentityVerificationBody::parse(&body) {
            Ok(body) => prop_assert_eq!(body.custom_data.unwrap().into_inner(), text),
            Err(_) => prop_assert!(text.contains('\0')),
        }
    }
}
