//! A merchant of the window and the browser of its customer, of the tests' own: JSON by hand, the cipher by the `openssl` program, pages
//! read as text. No type of `bonin-kcp`.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::client::{BIRTH, NAME, PHONE, World, text, with};

pub const SITE_CD: &str = "AO7F3";
pub const ENC_KEY: &str = "c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d4283a43385b1f8e";
pub const RET_URL: &str = "http://127.0.0.1:1/return?secret=1";

fn openssl(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    output.status.success().then_some(output.stdout)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn derive(secret: &str, salt: &[u8]) -> Vec<u8> {
    let (pass, salt) = (format!("pass:{secret}"), format!("hexsalt:{}", hex(salt)));
    let arguments = [
        "kdf",
        "-keylen",
        "32",
        "-binary",
        "-kdfopt",
        "digest:SHA256",
        "-kdfopt",
        &pass,
        "-kdfopt",
        &salt,
        "-kdfopt",
        "iter:10000",
        "PBKDF2",
    ];
    openssl(&arguments, b"").unwrap()
}

/// What a merchant of the window holds.
#[derive(Clone)]
pub struct Shop {
    pub site_cd: String,
    pub enc_key: String,
}

impl Shop {
    pub fn default_one() -> Self {
        Self {
            site_cd: SITE_CD.into(),
            enc_key: ENC_KEY.into(),
        }
    }

    fn cipher(&self, direction: &str, salt: &[u8], input: &[u8]) -> Option<Vec<u8>> {
        let key = hex(&derive(&self.enc_key, salt));
        let iv = hex(&derive(&self.site_cd, salt)[..16]);
        openssl(
            &["enc", "-aes-256-cbc", direction, "-K", &key, "-iv", &iv],
            input,
        )
    }

    /// `data` and `rv`.
    pub fn encrypt(&self, text: &str) -> (String, String) {
        let salt: [u8; 16] = std::array::from_fn(|index| index as u8 ^ text.len() as u8);
        let data = self.cipher("-e", &salt, text.as_bytes()).unwrap();
        (STANDARD.encode(data), STANDARD.encode(salt))
    }

    pub fn decrypt(&self, data: &str, rv: &str) -> Option<Value> {
        let (data, salt) = (STANDARD.decode(data).ok()?, STANDARD.decode(rv).ok()?);
        serde_json::from_slice(&self.cipher("-d", &salt, &data)?).ok()
    }

    /// A registration that is right.
    pub fn registration(&self, ordr_idxx: &str) -> Value {
        json!({
            "site_cd": self.site_cd, "ordr_idxx": ordr_idxx, "Ret_URL": RET_URL, "web_siteid": "",
            "param_opt_1": "", "param_opt_2": "", "param_opt_3": "",
        })
    }
}

impl World {
    /// The raw response to a registration with these headers.
    pub async fn register_raw(
        &self,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let mut request = self
            .http
            .post(format!("{}/api/reg/certDataReg.do", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body).send().await.unwrap()
    }

    pub async fn register(&self, shop: &Shop, registration: &Value) -> Value {
        let (data, rv) = shop.encrypt(&registration.to_string());
        let headers = [("site_cd", shop.site_cd.as_str()), ("rv", rv.as_str())];
        let response = self.register_raw(&headers, data).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Registers with changes over what is right, and expects this `res_cd`.
    pub async fn expect_registration(&self, shop: &Shop, changes: Value, res_cd: &str) -> Value {
        let registration = with(shop.registration(&format!("T{}", unique())), changes);
        let answer = self.register(shop, &registration).await;
        assert_eq!(answer["res_cd"], res_cd, "{registration} -> {answer}");
        assert!(!text(&answer, "res_msg").is_empty());
        with(answer, json!({"ordr_idxx": registration["ordr_idxx"]}))
    }

    pub async fn query(&self, shop: &Shop, reg_cert_key: &str, ordr_idxx: &str) -> Value {
        let body = json!({"reg_cert_key": reg_cert_key, "ordr_idxx": ordr_idxx});
        let request = self
            .http
            .post(format!("{}/api/query/getCertData.do", self.address));
        let request = request.header("site_cd", &shop.site_cd).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Queries and decrypts what must be a success.
    pub async fn window_result(&self, shop: &Shop, registered: &Value) -> Value {
        let answer = self
            .query(
                shop,
                &text(registered, "reg_cert_key"),
                &text(registered, "ordr_idxx"),
            )
            .await;
        assert_eq!(answer["res_cd"], "0000", "{answer}");
        shop.decrypt(&text(&answer, "enc_cert_data"), &text(&answer, "rv"))
            .unwrap()
    }

    /// A registration of the default merchant, opened.
    pub async fn open_window(&self) -> (Value, Browser) {
        let registered = self
            .expect_registration(&Shop::default_one(), json!({}), "0000")
            .await;
        let mut browser = Browser::new();
        browser.open(&registered).await;
        assert_eq!(browser.status, 200, "{}", browser.page);
        (registered, browser)
    }
}

/// A number that no other test of this run has used.
pub fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
}

/// A browser without script: reads forms, posts them, follows redirects.
pub struct Browser {
    http: reqwest::Client,
    pub address: String,
    pub status: u16,
    pub policy: String,
    pub page: String,
}

impl Browser {
    pub fn new() -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none());
        Self {
            http: http.build().unwrap(),
            address: String::new(),
            status: 0,
            policy: String::new(),
            page: String::new(),
        }
    }

    async fn follow(&mut self, mut response: Response) {
        while response.status() == StatusCode::SEE_OTHER {
            let next = response
                .url()
                .join(response.headers()[LOCATION].to_str().unwrap())
                .unwrap();
            response = self.http.get(next).send().await.unwrap();
        }
        self.address = response.url().to_string();
        self.status = response.status().as_u16();
        let policy = response.headers().get("content-security-policy");
        self.policy = policy.map_or_else(String::new, |it| it.to_str().unwrap().to_owned());
        self.page = response.text().await.unwrap();
    }

    pub async fn get(&mut self, address: &str) {
        let response = self.http.get(address).send().await.unwrap();
        self.follow(response).await;
    }

    pub async fn post(&mut self, address: &str, fields: &[(&str, &str)]) {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.http.post(address);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let response = request.send().await.unwrap();
        self.follow(response).await;
    }

    pub async fn open(&mut self, registered: &Value) {
        let fields = [
            ("reg_cert_key", text(registered, "reg_cert_key")),
            ("kcp_page_submit_yn", "Y".into()),
        ];
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        self.post(&text(registered, "call_url"), &fields).await;
    }

    /// The page's forms: their addresses and the fields that already have values.
    pub fn forms(&self) -> Vec<Form> {
        let forms = self.page.split("<form").skip(1);
        forms
            .map(|rest| {
                let rest = rest.split("</form").next().unwrap();
                let inputs = rest.split("<input").skip(1).filter_map(|input| {
                    let tag = input.split('>').next().unwrap();
                    Some((
                        attribute(tag, "name")?,
                        attribute(tag, "value").unwrap_or_default(),
                    ))
                });
                Form {
                    action: attribute(rest.split('>').next().unwrap(), "action").unwrap(),
                    fields: inputs.collect(),
                }
            })
            .collect()
    }

    /// The last part of the page's address.
    pub fn step(&self) -> &str {
        let path = self.address.split('?').next().unwrap();
        path.rsplit('/').next().unwrap()
    }

    /// Posts the page's own form whose address ends so, as a person would who fills in these fields.
    pub async fn submit(&mut self, ending: &str, fields: &[(&str, &str)]) {
        let forms = self.forms();
        let form = forms.iter().find(|form| form.action.ends_with(ending));
        let form = form
            .unwrap_or_else(|| panic!("no form to {ending} in {}", self.page))
            .clone();
        let mut values = form.fields;
        for (name, value) in fields {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let base = reqwest::Url::parse(&self.address).unwrap();
        self.post(base.join(&form.action).unwrap().as_str(), &values)
            .await;
    }

    /// From the first page to the person's.
    pub async fn walk_to_person(&mut self, operator: &str, method: &str) {
        self.submit("/operator", &[("operator", operator)]).await;
        assert_eq!(self.step(), "terms", "{}", self.page);
        // Every box of the page ticked: they come with their values.
        self.submit("/terms", &[]).await;
        assert_eq!(self.step(), "method", "{}", self.page);
        self.submit("/method", &[("method", method)]).await;
        assert_eq!(self.step(), "person", "{}", self.page);
    }

    /// Fills in the person of the constants.
    pub async fn fill_person(&mut self) {
        let fields = [
            ("name", NAME),
            ("birth", &BIRTH[2..]),
            ("digit", "1"),
            ("phone", PHONE),
        ];
        self.submit("/person", &fields).await;
    }

    /// From the first page to the last, the SMS or the PASS request sent.
    pub async fn walk_to_proof(&mut self, operator: &str, method: &str) {
        self.walk_to_person(operator, method).await;
        self.fill_person().await;
        assert_eq!(
            self.step(),
            if method == "SMS" { "number" } else { "pass" },
            "{}",
            self.page
        );
    }

    /// What the page would post to the merchant.
    pub fn return_post(&self) -> Form {
        assert_eq!(self.step(), "return", "{}", self.page);
        let [form] = &self.forms()[..] else {
            panic!("{}", self.page)
        };
        form.clone()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag[start..].split('"').next()?;
    let unescaped = value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    Some(unescaped.replace("&amp;", "&"))
}
