//! The window's cipher, its credentials, its registrations and its return posts.

use base64::{Engine, engine::general_purpose::STANDARD};
use bolero::TypeGenerator;
use bonin_fuzz::{Bounds, Input, PLANTED, assert_tells_nothing, bounded};
use bonin_kcp::window::{Encrypted, Registration, ReturnPost, WindowCredentials};

use crate::TIME;

const ENC_KEY: &str = "QzPlantedQz77c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d42";

fn credentials() -> WindowCredentials {
    WindowCredentials::new("T0001", ENC_KEY).unwrap()
}

/// What comes instead of a message that we encrypted.
#[derive(Debug, Clone, TypeGenerator)]
enum Message {
    /// Two texts.
    Texts(Input, Input),
    /// A salt of another length or the right one, and a ciphertext of any bytes, well encoded.
    Bytes(Vec<u8>, [u8; 16], bool, Vec<u8>),
    /// One of ours with a byte changed.
    Tampered(Input, u16, u8),
}

#[test]
fn decrypt() {
    let salts = ["AAECAwQFBgcICQoLDA0ODw==", "AAECAwQFBgcICQoLDA0ODw"];
    let data = [
        "pjn+1TICiC+67t2m1udt3A==",
        "WwIRBc/5avKjG/aMj8HBBilfDhlv3pRjgpFDyd8YLx4=",
    ];
    let plain = [r#"{"res_cd":"0000","user_name":"QzPlantedQz77"}"#, ""];
    let credentials = credentials();
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Message>()
        .for_each(|message| {
            let sent = match message {
                Message::Texts(rv, data_) => Encrypted {
                    rv: rv.text_of(&salts),
                    data: data_.text_of(&data),
                },
                Message::Bytes(odd, right, is_right, data) => Encrypted {
                    rv: if *is_right {
                        STANDARD.encode(right)
                    } else {
                        STANDARD.encode(odd)
                    },
                    data: STANDARD.encode(data),
                },
                Message::Tampered(text, at, with) => {
                    let whole = credentials.encrypt(&text.text_of(&plain)).unwrap();
                    let mut data = STANDARD.decode(&whole.data).unwrap();
                    let at = usize::from(*at) % data.len();
                    data[at] ^= with;
                    Encrypted {
                        data: STANDARD.encode(data),
                        ..whole
                    }
                }
            };
            let read = bounded(Bounds::default(), message, || {
                credentials.decrypt(&sent.data, &sent.rv)
            });
            match read {
                // CBC without a mac: by chance it may be some text. It is never longer than what was sent.
                Ok(text) => assert!(text.expose().len() <= sent.data.len()),
                Err(error) => assert_tells_nothing(&error.to_string()),
            }
        });
}

#[test]
fn encrypt_and_decrypt() {
    let examples = [
        r#"{"site_cd":"T0001","ordr_idxx":"BN1","Ret_URL":"https://gateway.example/checkout/1/return/2"}"#,
        "홍길동",
    ];
    let credentials = credentials();
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let text = input.text_of(&examples);
            let back = bounded(Bounds::default(), input, || {
                let sent = credentials.encrypt(&text).unwrap();
                credentials.decrypt(&sent.data, &sent.rv).unwrap()
            });
            assert_eq!(back.expose(), text);
        });
}

#[test]
fn credentials_and_registrations() {
    let codes = ["T0001", "AO7F3"];
    let keys = [ENC_KEY];
    let addresses = ["https://gateway.example/checkout/1/return/QzPlantedQz77"];
    let orders = ["BN0123456789"];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<[Input; 4]>()
        .for_each(|inputs| {
            let [code, key, address, order] = inputs;
            let (code, key) = (code.text_of(&codes), key.text_of(&keys));
            match WindowCredentials::new(&code, &key) {
                Ok(credentials) => assert!(
                    !format!("{credentials:?}").contains(&ENC_KEY[..20]) || code.contains(PLANTED)
                ),
                Err(error) => assert_tells_nothing(&error.to_string()),
            }
            let registration = Registration {
                ordr_idxx: order.text_of(&orders),
                ret_url: address.text_of(&addresses).into(),
                web_siteid: Some(code),
                ..Registration::default()
            };
            match bounded(Bounds::default(), inputs, || registration.check()) {
                Ok(()) => {
                    let url = url::Url::parse(registration.ret_url.expose()).unwrap();
                    assert!(matches!(url.scheme(), "http" | "https"));
                }
                Err(error) => assert_tells_nothing(&error.to_string()),
            }
        });
}

#[test]
fn return_post() {
    let examples = [
        "res_cd=0000&res_msg=%25EC%25A0%2595%25EC%2583%2581&ordr_idxx=BN1&site_cd=T0001&param_opt_1=QzPlantedQz77&param_opt_2=&param_opt_3=c",
        "res_cd=9999&res_msg=%EC%B7%A8%EC%86%8C&res_msg=again&res_cd=0000",
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let body = input.of(&examples);
            let post = bounded(Bounds::default(), input, || ReturnPost::parse(&body));
            let code = post.res_cd.as_deref().unwrap_or("0000");
            assert!((1..=16).contains(&code.len()) && code.is_ascii());
            let message = post.res_msg.expose();
            assert!(message.chars().count() <= 500 && !message.contains(char::is_control));
            let fields = [
                ("res_cd", &post.res_cd),
                ("ordr_idxx", &post.ordr_idxx),
                ("site_cd", &post.site_cd),
                ("param_opt_1", &post.param_opt_1),
                ("param_opt_2", &post.param_opt_2),
                ("param_opt_3", &post.param_opt_3),
            ];
            let long: usize = fields
                .iter()
                .filter_map(|(_, v)| v.as_ref())
                .map(String::len)
                .sum();
            assert!(long <= body.len() * 3, "more came out than went in");
            // Written as a browser would write it, it reads the same.
            let given = fields
                .iter()
                .filter_map(|(name, v)| Some((*name, v.as_ref()?)));
            let written = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(given)
                .finish();
            if written.len() <= 16 * 1024 {
                let again = ReturnPost::parse(written.as_bytes());
                let silent = ReturnPost {
                    res_msg: "".into(),
                    ..post.clone()
                };
                assert_eq!(again, silent);
            }
            assert!(!format!("{:?}", post.res_msg).contains(PLANTED));
        });
}
