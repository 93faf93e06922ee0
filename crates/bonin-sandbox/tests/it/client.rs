//! A hub client of the tests' own: JSON by hand, signatures by hand, no type of `bonin-kcp`.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bonin_sandbox::{Sandbox, SandboxConfig};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Document;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const PHONE: &str = "01012345678";
pub const NAME: &str = "홍길동";
pub const BIRTH: &str = "19900101";
pub const OPERATORS: [&str; 6] = ["SKT", "KTF", "LGT", "SKM", "KTM", "LGM"];

/// A running sandbox, and everything a test does with it.
pub struct World {
    pub address: String,
    pub http: reqwest::Client,
    pub merchant: Merchant,
}

/// What a merchant holds.
pub struct Merchant {
    pub site_cd: String,
    pub certificate_line: String,
    pub key: KeyPair,
}

impl Merchant {
    pub fn open(credentials: &Value) -> Self {
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let pem = text("privateKeyPem");
        let (label, der) = Document::from_pem(&pem).unwrap();
        assert_eq!(label, "ENCRYPTED PRIVATE KEY");
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(der.as_bytes()).unwrap();
        let plain = encrypted.decrypt(text("privateKeyPassword")).unwrap();
        Self {
            site_cd: text("siteCd"),
            certificate_line: text("certificatePem").replace('\n', ""),
            key: KeyPair::from_pkcs8(plain.as_bytes()).unwrap(),
        }
    }

    /// `kcp_sign_data` over these values, joined by `^`.
    pub fn sign(&self, values: &[&str]) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                values.join("^").as_bytes(),
                &mut signature,
            )
            .unwrap();
        STANDARD.encode(signature)
    }
}

/// A merged copy: `changes` over `base`.
pub fn with(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(SandboxConfig::default()).await
    }

    pub async fn start_with(config: SandboxConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sandbox = tokio::task::spawn_blocking(move || Sandbox::new(config).unwrap())
            .await
            .unwrap();
        tokio::spawn(sandbox.serve(listener, std::future::pending()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let credentials = format!("{address}/sandbox/merchants/AO7F3/credentials");
        let credentials = http
            .get(credentials)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        Self {
            address,
            http,
            merchant: Merchant::open(&credentials),
        }
    }

    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self.control(Method::GET, path, None).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.control(Method::POST, path, Some(body)).await;
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }

    pub async fn settings(&self, body: Value) {
        let response = self
            .control(Method::PUT, "/sandbox/settings", Some(body))
            .await;
        assert_eq!(response.status(), 200);
    }

    /// The raw response to a hub call.
    pub async fn hub_raw(&self, body: &Value) -> reqwest::Result<Response> {
        self.http
            .post(format!("{}/gw/hub/v1/cert", self.address))
            .json(body)
            .send()
            .await
    }

    pub async fn hub(&self, body: &Value) -> Value {
        let response = self.hub_raw(body).await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Calls and expects this `res_cd`.
    pub async fn expect(&self, body: &Value, res_cd: &str) -> Value {
        let answer = self.hub(body).await;
        assert_eq!(answer["res_cd"], res_cd, "{body:#} -> {answer:#}");
        assert!(!answer["res_msg"].as_str().unwrap().is_empty());
        answer
    }

    pub fn common(&self, merchant: &Merchant, tx_type: &str) -> Value {
        json!({
            "site_cd": merchant.site_cd, "kcp_cert_info": merchant.certificate_line, "pay_method": "CERT:PERSON",
            "tx_type": tx_type, "kcp_web_yn": "N", "cust_ip": "",
        })
    }

    /// 2400 or 2700, for the person of the constants.
    pub fn inquiry(&self, tx_type: &str, comm_id: &str) -> Value {
        let merchant = &self.merchant;
        with(
            self.common(merchant, tx_type),
            json!({
                "ordr_idxx": "ORDER1", "cert_type": "01", "phone_no": PHONE, "comm_id": comm_id, "user_name": NAME,
                "birth_day": BIRTH, "local_code": "01", "sex_code": "01", "web_siteid": "",
                "kcp_sign_data": merchant.sign(&[PHONE, BIRTH, NAME, "01", "01"]),
            }),
        )
    }

    /// 2100, for the person of the constants.
    pub fn name_check(&self, comm_id: &str, per_cert_no: &str) -> Value {
        self.name_check_by(&self.merchant, comm_id, per_cert_no, PHONE, NAME, BIRTH)
    }

    pub fn name_check_by(
        &self,
        merchant: &Merchant,
        comm_id: &str,
        per_cert_no: &str,
        phone: &str,
        name: &str,
        birth: &str,
    ) -> Value {
        with(
            self.common(merchant, "2100"),
            json!({
                "ordr_idxx": "ORDER1", "cert_type": "01", "phone_no": phone, "comm_id": comm_id, "user_name": name,
                "birth_day": birth, "local_code": "01", "sex_code": "01", "web_siteid": "", "media_type": "MC01",
                "per_cert_no": per_cert_no, "cp_sms_msg": "", "cp_callback": "",
                "kcp_sign_data": merchant.sign(&[phone, birth, name, "01", "01"]),
            }),
        )
    }

    pub fn send_sms(&self, per_cert_no: &str, comm_id: &str) -> Value {
        with(
            self.common(&self.merchant, "2200"),
            json!({"per_cert_no": per_cert_no, "comm_id": comm_id}),
        )
    }

    pub fn confirm(&self, per_cert_no: &str, comm_id: &str, otp: &str) -> Value {
        with(
            self.common(&self.merchant, "2300"),
            json!({"per_cert_no": per_cert_no, "comm_id": comm_id, "otp_no": otp, "adl_agree_yn": "N"}),
        )
    }

    pub fn push(&self, comm_id: &str, per_cert_no: &str) -> Value {
        let merchant = &self.merchant;
        with(
            self.common(merchant, "2500"),
            json!({
                "ordr_idxx": "ORDER1", "phone_no": PHONE, "comm_id": comm_id, "user_name": NAME, "media_type": "MC02",
                "web_siteid": "", "per_cert_no": per_cert_no, "kcp_sign_data": merchant.sign(&[PHONE, NAME]),
            }),
        )
    }

    pub fn result(&self, pushed: &Value) -> Value {
        let mut call = with(
            self.common(&self.merchant, "2600"),
            json!({"per_cert_no": pushed["per_cert_no"], "comm_id": pushed["comm_id"]}),
        );
        if let Some(auth_tx_id) = pushed.get("auth_tx_id") {
            call["auth_tx_id"] = auth_tx_id.clone();
        }
        call
    }

    /// 2100 for an operator whose SMS leaves with it; gives `per_cert_no`.
    pub async fn sms_sent(&self) -> String {
        let checked = self.expect(&self.name_check("SKT", ""), "0000").await;
        assert_eq!(checked["sms_snd_yn"], "Y");
        text(&checked, "per_cert_no")
    }

    /// The number in the newest SMS.
    pub async fn newest_otp(&self) -> String {
        text(
            &self.get(&format!("/sandbox/messages?phone={PHONE}")).await[0],
            "otp",
        )
    }

    /// The newest PASS request's id.
    pub async fn newest_pass_request(&self) -> String {
        text(
            &self
                .get(&format!("/sandbox/pass-requests?phone={PHONE}"))
                .await[0],
            "id",
        )
    }

    pub async fn decide(&self, id: &str, decision: &str) -> Response {
        self.control(
            Method::POST,
            &format!("/sandbox/pass-requests/{id}/{decision}"),
            None,
        )
        .await
    }

    /// Another merchant, made by the sandbox.
    pub async fn another_merchant(&self, body: Value) -> Merchant {
        let made = self.post("/sandbox/merchants", body).await;
        let path = format!("/sandbox/merchants/{}/credentials", text(&made, "siteCd"));
        Merchant::open(&self.get(&path).await)
    }
}

pub fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value:#}"))
        .to_owned()
}

/// A number that is not this one.
pub fn wrong(otp: &str) -> String {
    if otp == "000000" {
        "000001".to_owned()
    } else {
        "000000".to_owned()
    }
}
