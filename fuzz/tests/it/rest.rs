//! REST bodies, and what stands in addresses.

use bonin_api::{
    CheckoutBody, ConfirmIdentityVerificationBody, GetIdentityVerificationsBody, InvalidRequest,
    LoginViaApiSecretBody, RefreshTokenBody, SendIdentityVerificationBody, StoreIdQuery,
    check_identity_verification_id,
};
use bonin_fuzz::{Bounds, Input, PLANTED, assert_tells_nothing, bounded};
use jiff::Timestamp;

use crate::TIME;

/// Gives an input to a parser, within bounds, and holds its refusal to what refusals promise.
fn read<T>(input: &Input, parse: impl FnOnce() -> Result<T, InvalidRequest>) -> Option<T> {
    match bounded(Bounds::default(), input, parse) {
        Ok(read) => Some(read),
        Err(refused) => {
            assert_tells_nothing(&refused.to_string());
            assert_tells_nothing(&format!("{refused:?}"));
            None
        }
    }
}

#[test]
fn send() {
    let examples = [
        r#"{"channelKey":"channel-key-1","customer":{"name":"QzPlantedQz77","phoneNumber":"01012345678","ipAddress":"127.0.0.1","id":"QzPlantedQz77","identityNumber":"9003151"},"operator":"SKT","method":"SMS","storeId":"store-1","customData":"QzPlantedQz77","bypass":{"kcpV2":{"media_type":"MC01","web_siteid":"J1","cp_sms_msg":"인증번호 [000000]","cp_callback":"02-1670-5176"}}}"#,
        r#"{"channelKey":"c","customer":{"name":"홍길동","phoneNumber":"01012345678","ipAddress":"2001:db8::1"},"operator":"KT_MVNO","method":"APP","bypass":"{\"kcp_v2\":{\"media_type\":\"MC02\"}}"}"#,
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let body = input.of(&examples);
            let parse = || SendIdentityVerificationBody::parse(&body);
            let Some(read) = read(input, parse) else {
                return;
            };
            // All of it is about a person.
            assert!(!format!("{:?}", read.customer).contains(PLANTED));
            if let Err(refused) = read.kcp_v2() {
                assert_tells_nothing(&refused.to_string());
            }
            // `010` is sent as a text and stays one: what was read is written as something that reads the same.
            let written = serde_json::to_vec(&read).unwrap();
            let again = SendIdentityVerificationBody::parse(&written).unwrap();
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
        });
}

#[test]
fn confirm() {
    let examples = [
        r#"{"storeId":"store-1","otp":"012345"}"#,
        r#"{"otp":"QzPlantedQz77"}"#,
        "{}",
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let body = input.of(&examples);
            let parse = || ConfirmIdentityVerificationBody::parse(&body);
            let Some(read) = read(input, parse) else {
                return;
            };
            assert!(!format!("{:?}", read.otp).contains(|c: char| c.is_ascii_digit()));
            let written = serde_json::to_vec(&read).unwrap();
            let again = ConfirmIdentityVerificationBody::parse(&written).unwrap();
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
        });
}

#[test]
fn tokens() {
    let examples = [
        r#"{"apiSecret":"bonin_sk_QzPlantedQz77"}"#,
        r#"{"refreshToken":"bonin_rt_QzPlantedQz77"}"#,
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let body = input.of(&examples);
            if let Some(login) = read(input, || LoginViaApiSecretBody::parse(&body)) {
                assert!(!format!("{login:?}").contains(PLANTED));
                let written = serde_json::to_vec(&login).unwrap();
                let again = LoginViaApiSecretBody::parse(&written).unwrap();
                assert_eq!(again.api_secret.expose(), login.api_secret.expose());
            }
            if let Some(refresh) = read(input, || RefreshTokenBody::parse(&body)) {
                assert!(!format!("{refresh:?}").contains(PLANTED));
                let written = serde_json::to_vec(&refresh).unwrap();
                let again = RefreshTokenBody::parse(&written).unwrap();
                assert_eq!(again.refresh_token.expose(), refresh.refresh_token.expose());
            }
        });
}

#[test]
fn checkout() {
    let examples = [
        r#"{"storeId":"store-1","identityVerificationId":"iv1","channelKey":"c","windowType":"POPUP","redirectUrl":"https://shop.example/done?QzPlantedQz77","forceRedirect":true,"customer":{"customerId":"QzPlantedQz77","fullName":"QzPlantedQz77","phoneNumber":"01012345678","birthYear":"1990","birthMonth":"03","birthDay":"15","gender":"MALE"},"customData":"QzPlantedQz77","bypass":{"kcpV2":{"web_siteid":"J1"}}}"#,
        r#"{"storeId":"s","identityVerificationId":"i","channelKey":"c","windowType":"REDIRECTION","bypass":"{\"kcp_v2\":{\"web_siteid\":\"J1\"}}"}"#,
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let body = input.of(&examples);
            let Some(read) = read(input, || CheckoutBody::parse(&body)) else {
                return;
            };
            assert!(!format!("{:?}", read.customer).contains(PLANTED));
            assert!(!format!("{:?}", read.custom_data).contains(PLANTED));
            assert!(!read.redirect_url.unwrap_or_default().contains('\n'));
        });
}

/// The filter as a body and as a parameter, with whatever else stands in the address.
#[test]
fn list_filter() {
    let examples = [
        r#"{"page":{"number":0,"size":10},"sort":{"by":"REQUESTED_AT","order":"DESC"},"filter":{"storeId":"store-1","timeRangeField":"REQUESTED_AT","from":"2026-01-31T09:00:00+09:00","until":"2026-02-28T00:00:00.123456789Z","identityVerificationId":"iv1","identityVerificationTxId":"t","isTest":true,"statuses":["READY","VERIFIED","FAILED"],"pgTxId":"p","pgMerchantId":"AO7F3","pgProviders":["KCP_V2"],"pgCompanies":["KCP"],"carriers":["SKT","KT_MVNO"],"version":"V2","customer":{"name":"QzPlantedQz77","birthYear":"1990","birthMonth":"7","birthDay":"07","phoneNumber":"01012345678","gender":"FEMALE"}}}"#,
        r#"{"filter":{"until":"1970-01-01T00:00:00Z"}}"#,
        "{}",
    ];
    let now: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<(Input, bool)>()
        .for_each(|(input, as_parameter)| {
            let body = input.of(&examples);
            let parameter: String = form_urlencoded::byte_serialize(&body).collect();
            let query = format!("requestBody={parameter}");
            let read = read(input, || {
                if *as_parameter {
                    GetIdentityVerificationsBody::from_request(Some(&query), b"")
                } else {
                    GetIdentityVerificationsBody::from_request(None, &body)
                }
            });
            let Some(read) = read else { return };
            assert!(read.page_number() >= 0 && (1..=100).contains(&read.page_size()));
            match read.time_range(now) {
                Ok(range) => assert!(range.from <= range.until),
                Err(refused) => assert_tells_nothing(&refused.to_string()),
            }
            let customer = read.filter.as_ref().and_then(|f| f.customer.as_ref());
            assert!(!format!("{customer:?}").contains(PLANTED));
            let written = serde_json::to_vec(&read).unwrap();
            let again = GetIdentityVerificationsBody::parse(&written).unwrap();
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
        });
}

#[test]
fn addresses() {
    let examples = [
        "storeId=store-1",
        "requestBody=%7B%7D&storeId=QzPlantedQz77%0A",
        "iv20261123",
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let query = input.text_of(&examples);
            if let Some(read) = read(input, || StoreIdQuery::parse(Some(&query))) {
                let id = read.store_id.unwrap_or_default();
                assert!(id.chars().count() <= 200 && !id.chars().any(char::is_control));
            }
            let _ = read(input, || {
                GetIdentityVerificationsBody::from_request(Some(&query), b"")
            });
            if read(input, || check_identity_verification_id(&query)).is_some() {
                assert!(query.len() <= 70);
            }
        });
}
