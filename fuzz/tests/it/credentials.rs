//! What an administrator enters: certificates, encrypted keys, and the JSON text that holds all of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use bolero::TypeGenerator;
use bonin_fuzz::{Bounds, Input, PLANTED, assert_tells_nothing, bounded};
use bonin_gateway::provider::EnteredCredentials;
use bonin_kcp::hub::{HubCertificate, HubCredentials, HubKey, SignText};

use crate::{
    TIME,
    merchant::{Merchant, PASSWORD},
};

/// A PEM text that is spoilt, or one whose bytes are: those are behind the base64, where changes to the text do not get.
#[derive(Debug, Clone, TypeGenerator)]
enum Pem {
    Text(Input),
    Der {
        example: u8,
        #[generator(bolero::generator::produce::<Vec<(u16, u8)>>().with().len(0..=4usize))]
        changes: Vec<(u16, u8)>,
        cut: Option<u16>,
    },
}

impl Pem {
    fn text(&self, label: &str, examples: &[&str]) -> String {
        match self {
            Self::Text(input) => input.text_of(examples),
            Self::Der {
                example,
                changes,
                cut,
            } => {
                let example = examples[usize::from(*example) % examples.len()];
                let body: String = example.lines().filter(|l| !l.starts_with('-')).collect();
                let mut der = STANDARD.decode(body.trim()).unwrap();
                for (at, with) in changes {
                    // What is said about a key stands at its beginning, before what is encrypted.
                    let within = if at % 2 == 0 { der.len() } else { 120 };
                    let at = usize::from(*at) % within.min(der.len());
                    der[at] = *with;
                }
                if let Some(cut) = cut {
                    der.truncate(usize::from(*cut) % (der.len() + 1));
                }
                let body = STANDARD.encode(der);
                format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
            }
        }
    }
}

#[test]
fn certificate() {
    let merchant = Merchant::one();
    let one_line = merchant.certificate.replace(['\r', '\n'], "");
    let examples = [&*merchant.certificate, &*merchant.key];
    let texts = [&*merchant.certificate, &one_line, &merchant.plain_key];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<(Pem, Input)>()
        .for_each(|(pem, signature)| {
            let text = match pem {
                Pem::Text(_) => pem.text("CERTIFICATE", &texts),
                Pem::Der { .. } => pem.text("CERTIFICATE", &examples),
            };
            match bounded(Bounds::default(), pem, || HubCertificate::parse(&text)) {
                Ok(read) => {
                    assert_eq!(HubCertificate::parse(&read.to_one_line()).unwrap(), read);
                    let signed = SignText::of(&[("phone_no", "01012345678")]).unwrap();
                    let signature = signature.text_of(&["AAAA", "====", ""]);
                    assert!(!read.verifies(&signed, &signature));
                }
                Err(error) => assert_tells_nothing(&error.to_string()),
            }
        });
}

#[test]
fn private_key() {
    let merchant = Merchant::one();
    let examples = [&*merchant.key, &*merchant.scrypt_key];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<(Pem, Input, bool)>()
        .for_each(|(pem, password, right)| {
            let text = pem.text("ENCRYPTED PRIVATE KEY", &examples);
            let password = match right {
                true => PASSWORD.to_owned(),
                false => password.text_of(&[PASSWORD, ""]),
            };
            match bounded(Bounds::default(), pem, || HubKey::open(&text, &password)) {
                Ok(key) => assert_eq!(format!("{key:?}"), "HubKey"),
                Err(error) => assert_tells_nothing(&error.to_string()),
            }
        });
}

#[test]
fn hub_credentials() {
    let merchant = Merchant::one();
    let codes = ["T0001", PLANTED];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<(Input, Pem, Pem)>()
        .for_each(|given| {
            let (code, certificate, key) = given;
            let code = code.text_of(&codes);
            let certificate = certificate.text("CERTIFICATE", &[&merchant.certificate]);
            let key = key.text("ENCRYPTED PRIVATE KEY", &[&merchant.key]);
            let read = bounded(Bounds::default(), given, || {
                HubCredentials::parse(&code, &certificate, &key, PASSWORD)
            });
            match read {
                Ok(credentials) => {
                    assert!(!format!("{credentials:?}").contains("BEGIN"));
                    let text = SignText::of(&[("phone_no", "01012345678")]).unwrap();
                    let signature = credentials.sign(&text).unwrap();
                    assert!(credentials.certificate().verifies(&text, &signature));
                }
                Err(error) => assert_tells_nothing(&error.to_string()),
            }
        });
}

#[test]
fn credentials_json() {
    let merchant = Merchant::one();
    let whole = serde_json::json!({
        "siteCd": "T0001", "encKey": PLANTED, "certificatePem": merchant.certificate,
        "privateKeyPem": PLANTED, "privateKeyPassword": PASSWORD,
    })
    .to_string();
    let examples = [
        &*whole,
        r#"{"siteCd":"T0001","encKey":null,"more":"QzPlantedQz77"}"#,
    ];
    bolero::check!()
        .with_test_time(TIME)
        .with_type::<Input>()
        .for_each(|input| {
            let text = input.text_of(&examples);
            let read = bounded(Bounds::default(), input, || {
                EnteredCredentials::from_json(&text)
            });
            match read {
                Ok(entered) => {
                    // The merchant's code is no secret; the rest is.
                    let shown = format!(
                        "{:?}",
                        EnteredCredentials {
                            site_cd: String::new(),
                            ..entered
                        }
                    );
                    assert!(!shown.contains(PLANTED), "{shown}");
                }
                Err(problems) => {
                    for problem in problems.0 {
                        assert_tells_nothing(&problem.message);
                    }
                }
            }
        });
}
