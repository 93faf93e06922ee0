//! Short texts from forms, headers, the shell and the configuration: keys, heads of the audit, origins, ids, people.

use bonin_core::*;
use bonin_fuzz::{Bounds, Input, PLANTED, bounded};
use bonin_gateway::service::checkout::{Origin, RedirectTarget};
use bonin_store::{AuditHead, BrowserRules, Keyring, StoreKind, StoreLimits, StoreRow};

use crate::TIME;

#[test]
fn keyring() {
    let examples = [
        "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "# old\n2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n",
        "1:QzPlantedQz77==",
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let text = input.text_of(&examples);
            match bounded(Bounds::default(), input, || Keyring::parse(&text)) {
                Ok(keyring) => {
                    let ids = keyring.key_ids();
                    assert!(!ids.is_empty());
                    assert_eq!(keyring.token_keys().len(), ids.len());
                    assert!(!format!("{keyring:?}").contains("AAEC"));
                }
                Err(error) => {
                    let message = format!("{error} {error:?}");
                    assert!(!message.contains(PLANTED) && !message.contains("AAEC"));
                }
            }
        });
}

#[test]
fn audit_head() {
    let examples = [
        "42:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "0:",
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let text = input.text_of(&examples);
            if let Ok(head) = bounded(Bounds::default(), input, || text.parse::<AuditHead>()) {
                assert_eq!(head.to_string().parse::<AuditHead>().unwrap(), head);
            }
        });
}

fn shop(kind: StoreKind) -> StoreRow {
    StoreRow {
        id: StoreId::parse("store-1").unwrap(),
        name: "a shop".into(),
        kind,
        allow_test_channels: true,
        browser: BrowserRules {
            origins: vec!["https://shop.example".into()],
            redirect_hosts: vec!["pay.example".into()],
            redirect_schemes: vec!["myapp".into()],
        },
        limits: StoreLimits::default(),
        retention_days: None,
    }
}

/// Where a browser may be sent. What is let through must never run anything, nor lead somewhere that is not listed.
#[test]
fn redirects() {
    let addresses = [
        "https://shop.example/done?a=b#c",
        "https://pay.example:443/",
        "myapp://done",
        "https://shop.example@evil.example/",
        "javascript:alert(1)",
    ];
    let origins = ["https://shop.example", "http://127.0.0.1:3000", "null"];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<(Input, Input, bool)>()
        .for_each(|given| {
            let (address, origin, live) = given;
            let (address, origin) = (address.text_of(&addresses), origin.text_of(&origins));
            let store = shop(if *live {
                StoreKind::Live
            } else {
                StoreKind::Test
            });
            let origin = bounded(Bounds::default(), given, || Origin::parse(Some(&origin)));
            if let Some(origin) = origin.as_str() {
                // It goes into a content security policy.
                assert!(!origin.contains([';', ',', '*', ' ', '\'', '"', '\n']));
            }
            let target = bounded(Bounds::default(), given, || {
                RedirectTarget::parse(&address, &origin, &store)
            });
            let Some(target) = target else { return };
            assert_eq!(target.as_str(), address);
            assert!(!address.contains(|c: char| c.is_control() || c.is_whitespace()));
            let url = url::Url::parse(&address).unwrap();
            if *live {
                let host = url.host_str().unwrap_or_default();
                let listed = match url.scheme() {
                    "http" | "https" => {
                        host == "pay.example"
                            || Some(&*url.origin().ascii_serialization()) == origin.as_str()
                    }
                    scheme => scheme == "myapp",
                };
                assert!(listed, "a LIVE store's browser would go to {address}");
            }
            assert!(!matches!(
                url.scheme(),
                "javascript" | "data" | "vbscript" | "file" | "blob"
            ));
        });
}

/// Found while `people_and_ids` was written: the spaces of a name are shown, and hid nothing.
#[test]
fn a_name_of_two_letters_with_a_space_between_them_is_masked() {
    assert_eq!(PersonName::parse("김 동").unwrap().masked(), "김 *");
    assert_eq!(PersonName::parse(" A  B ").unwrap().masked(), "A  *");
}

#[test]
fn people_and_ids() {
    let examples = [
        "홍길동",
        "김 동",
        "01012345678",
        "9003151",
        "19900315",
        "012345",
        "QzPlantedQz77",
        "store-1",
        "J+DzI2A4zQ6S9jz2Qm4n7n0M0m9w8v7u6t5s4r3q2p1o0nAbCdEfGhIjKlMnOpQrStUvWxYz0123456789==",
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let text = input.text_of(&examples);
            let silent = |shown: String| {
                assert!(!shown.contains(PLANTED) && shown.len() < 300, "{shown}");
            };
            bounded(Bounds::default(), input, || {
                match PersonName::parse(&*text) {
                    Ok(name) => {
                        silent(format!("{name:?}"));
                        let masked = name.masked();
                        assert_eq!(masked.chars().count(), text.trim().chars().count());
                        assert!(masked.contains('*'), "nothing is masked of {text}");
                    }
                    Err(error) => silent(error.to_string()),
                }
                match PhoneNumber::parse(&*text) {
                    Ok(phone) => {
                        silent(format!("{phone:?}"));
                        assert!(phone.masked().contains('*'));
                    }
                    Err(error) => silent(error.to_string()),
                }
                match BirthDate::parse_compact(&text) {
                    Ok(date) => {
                        assert_eq!(date.compact(), text);
                        silent(format!("{date:?}{}", date.masked()));
                    }
                    Err(error) => silent(error.to_string()),
                }
                match ResidentNumberPrefix::parse(&text) {
                    Ok(prefix) => silent(format!("{prefix:?}")),
                    Err(error) => silent(error.to_string()),
                }
                for error in [
                    Otp::parse(&*text).err(),
                    Ci::parse(&*text).err(),
                    Di::parse(&*text).err(),
                ] {
                    silent(error.map(|error| error.to_string()).unwrap_or_default());
                }
                for (kept, error) in [
                    (StoreId::parse(&*text).map(|id| id.to_string()), "StoreId"),
                    (TxId::parse(&*text).map(|id| id.to_string()), "TxId"),
                    (
                        OrderNumber::parse(&*text).map(|id| id.to_string()),
                        "OrderNumber",
                    ),
                    (UserId::parse(&*text).map(|id| id.to_string()), "UserId"),
                    (
                        ChannelKey::parse(&*text).map(|id| id.to_string()),
                        "ChannelKey",
                    ),
                    (
                        IdentityVerificationId::parse(&*text).map(|id| id.to_string()),
                        "IdentityVerificationId",
                    ),
                ] {
                    match kept {
                        Ok(kept) => assert!(kept == text && text.is_ascii(), "{error}"),
                        Err(refused) => silent(refused.to_string()),
                    }
                }
            });
        });
}
