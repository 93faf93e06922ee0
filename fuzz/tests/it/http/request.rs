//! Requests: a route that there is, spoilt, or anything at all.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Uri, header},
};
use bolero::TypeGenerator;
use bonin_fuzz::Input;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::world::{API_SECRET, World};

/// What is typed into the fields of secrets, and nowhere else.
const TYPED: &str = "QtTypedQt-1234567890";

/// Fields whose values no page may show again.
const SECRET_FIELDS: [&str; 10] = [
    "encKey",
    "certificate",
    "privateKey",
    "privateKeyPassword",
    "credentials",
    "password",
    "repeated",
    "current",
    "ci",
    "code",
];

#[derive(Debug, Clone, TypeGenerator)]
pub struct Call {
    route: u8,
    /// Another method than the route's.
    method: Option<u8>,
    /// What stands in the address where ids stand.
    ids: [Id; 2],
    query: Option<Input>,
    authorization: Authorization,
    cookie: Cookie,
    #[generator(bolero::generator::produce::<Vec<(u8, Input)>>().with().len(0..=3usize))]
    headers: Vec<(u8, Input)>,
    /// Whether a form carries its token.
    #[generator(0..=7u8)]
    token: u8,
    body: Input,
    /// What KCP answers, if it is asked.
    pub kcp: Input,
}

#[derive(Debug, Clone, TypeGenerator)]
enum Id {
    Known,
    StillKnown,
    AgainKnown,
    Any(Input),
}

#[derive(Debug, Clone, TypeGenerator)]
enum Authorization {
    None,
    Right,
    StillRight,
    Any(Input),
}

#[derive(Debug, Clone, TypeGenerator)]
enum Cookie {
    None,
    /// Most of what there is to break is behind the door.
    Owner,
    StillOwner,
    AgainOwner,
    OnceMoreOwner,
    Stranger,
    Any(Input),
}

struct Route(&'static str, &'static str, &'static [&'static str]);

const SEND: &str = r#"{"channelKey":"channel-key-1","customer":{"name":"홍길동","phoneNumber":"01012345678","ipAddress":"127.0.0.1","identityNumber":"9003151"},"operator":"SKT","method":"SMS","customData":"{}","bypass":{"kcpV2":{"media_type":"MC01"}}}"#;
const SEND_APP: &str = r#"{"channelKey":"channel-key-1","customer":{"name":"홍길동","phoneNumber":"01012345678","ipAddress":"127.0.0.1"},"operator":"KT","method":"APP","bypass":{"kcpV2":{"media_type":"MC02"}}}"#;
const LIST: &str = r#"{"page":{"number":0,"size":10},"sort":{"by":"STATUS_UPDATED_AT","order":"ASC"},"filter":{"isTest":true,"statuses":["READY"],"carriers":["SKT"],"from":"2026-01-31T09:00:00+09:00","until":"2999-02-28T00:00:00Z","customer":{"name":"홍길동","birthYear":"1990","phoneNumber":"01012345678"}}}"#;
const CHECKOUT: &str = r#"{"storeId":"store-1","identityVerificationId":"iv2","channelKey":"channel-key-1","windowType":"POPUP","redirectUrl":"https://shop.example/done","customer":{"fullName":"홍길동","phoneNumber":"01012345678"}}"#;
const RETURN: &str =
    "res_cd=0000&res_msg=%25EC%25A0%2595&ordr_idxx=BN1&site_cd=T0001&param_opt_1=a";
const STORE: &str = "name=%EC%83%81%EC%A0%90&kind=TEST&allowTestChannels=1&origins=https%3A%2F%2Fshop.example%0D%0Ahttp%3A%2F%2F127.0.0.1%3A3000&redirectHosts=pay.example&redirectSchemes=myapp&phoneMessages=10&dailyTries=100&retentionDays=30";
const CHANNEL: &str = "store=store-1&name=%EC%B1%84%EB%84%90&kind=TEST&siteCd=T0001&encKey=QtTypedQt-1234567890&hubUrl=&windowUrl=http%3A%2F%2F127.0.0.1%3A1";
const CHANNEL_HUB: &str = "store=store-1&name=c&kind=LIVE&siteCd=T0001&certificate=QtTypedQt-1234567890&privateKey=-----BEGIN%20ENCRYPTED%20PRIVATE%20KEY-----QtTypedQt-1234567890&privateKeyPassword=QtTypedQt-1234567890";
const CHANNEL_JSON: &str =
    "store=store-1&name=c&kind=TEST&credentials=%7B%22siteCd%22%3A%22QtTypedQt-1234567890%22%7D";
const PASSWORDS: &str = "username=owner&code=QtTypedQt-1234567890&current=QtTypedQt-1234567890&password=QtTypedQt-1234567890&repeated=QtTypedQt-12345678901";
const LOOK: &str = "store=store-1&status=READY&operator=SKT&way=SMS&channel=channel-1&field=REQUESTED_AT&from=2026-01-01&until=2026-12-31&id=iv1&txId=t&pgTxId=p&pgMerchantId=T0001&page=1&name=%ED%99%8D%EA%B8%B8%EB%8F%99&phone=01012345678";
const ERASE: &str =
    "store=store-1&ci=QtTypedQt-1234567890&phone=01012345678&reason=%EC%9A%94%EC%B2%AD&sure=on";
const REASON: &str = "reason=%EC%9A%94%EC%B2%AD&linking=on&sure=on";

const ROUTES: &[Route] = &[
    Route(
        "POST",
        "/login/api-secret",
        &[r#"{"apiSecret":"QtTypedQt-1234567890"}"#],
    ),
    Route(
        "POST",
        "/token/refresh",
        &[r#"{"refreshToken":"QtTypedQt-1234567890"}"#],
    ),
    Route(
        "POST",
        "/identity-verifications/{iv}/send",
        &[SEND, SEND_APP],
    ),
    Route(
        "POST",
        "/identity-verifications/{iv}/confirm",
        &[r#"{"otp":"012345"}"#, "{}"],
    ),
    Route("POST", "/identity-verifications/{iv}/resend", &[""]),
    Route("GET", "/identity-verifications/{iv}", &[""]),
    Route("GET", "/identity-verifications", &[LIST, "{}"]),
    Route("POST", "/checkout/identity-verifications", &[CHECKOUT]),
    Route("OPTIONS", "/checkout/identity-verifications", &[""]),
    Route("GET", "/checkout/{tx}", &[""]),
    Route("GET", "/checkout/{tx}/status", &[""]),
    Route("POST", "/checkout/{tx}/return/{tx}", &[RETURN]),
    Route("GET", "/", &[""]),
    Route("GET", "/docs", &[""]),
    Route("GET", "/openapi.json", &[""]),
    Route("GET", "/health/ready", &[""]),
    Route("GET", "/v2/browser-sdk.js", &[""]),
    Route("GET", "/console", &[""]),
    Route("GET", "/console/style.css", &[""]),
    Route("GET", "/console/verifications", &[""]),
    Route("POST", "/console/verifications", &[LOOK]),
    Route("GET", "/console/verifications/{store}/{iv}", &[""]),
    Route(
        "POST",
        "/console/verifications/{store}/{iv}/reveal",
        &[REASON],
    ),
    Route(
        "POST",
        "/console/verifications/{store}/{iv}/erase",
        &[REASON],
    ),
    Route("GET", "/console/stores", &[""]),
    Route("GET", "/console/stores/new", &[""]),
    Route("POST", "/console/stores/new", &[STORE]),
    Route("GET", "/console/stores/{store}", &[""]),
    Route("POST", "/console/stores/{store}", &[STORE]),
    Route("GET", "/console/channels", &[""]),
    Route("GET", "/console/channels/new", &[""]),
    Route(
        "POST",
        "/console/channels/new",
        &[CHANNEL, CHANNEL_HUB, CHANNEL_JSON],
    ),
    Route("GET", "/console/channels/{channel}", &[""]),
    Route(
        "POST",
        "/console/channels/{channel}/name",
        &["name=%EC%83%88"],
    ),
    Route(
        "POST",
        "/console/channels/{channel}/credentials",
        &[CHANNEL, CHANNEL_HUB],
    ),
    Route("POST", "/console/channels/{channel}/test", &[""]),
    Route("POST", "/console/channels/{channel}/retire", &[""]),
    Route("POST", "/console/channels/{channel}/restore", &[""]),
    Route("GET", "/console/secrets", &[""]),
    Route("GET", "/console/secrets/new", &[""]),
    Route(
        "POST",
        "/console/secrets/new",
        &["name=s&store=store-1&otherStores=store-1&expiresIn=90"],
    ),
    Route("GET", "/console/secrets/{secret}", &[""]),
    Route("POST", "/console/secrets/{secret}/name", &["name=s"]),
    Route("POST", "/console/secrets/{secret}/revoke", &["sure=on"]),
    Route("GET", "/console/users", &[""]),
    Route(
        "POST",
        "/console/users/new",
        &["username=operator&role=OPERATOR"],
    ),
    Route("GET", "/console/users/{user}", &[""]),
    Route("POST", "/console/users/{user}/role", &["role=VIEWER"]),
    Route("POST", "/console/users/{user}/password", &[""]),
    Route("POST", "/console/users/{user}/disable", &[""]),
    Route("GET", "/console/audit", &[""]),
    Route("POST", "/console/audit/verify", &["head=42%3A0011", ""]),
    Route("POST", "/console/audit/head", &[""]),
    Route("GET", "/console/settings", &[""]),
    Route("POST", "/console/settings/password", &[PASSWORDS]),
    Route("POST", "/console/settings/totp", &[PASSWORDS]),
    Route("POST", "/console/settings/totp/confirm", &["code=012345"]),
    Route("POST", "/console/settings/sessions/end", &[""]),
    Route("POST", "/console/settings/sessions/{tx}/end", &[""]),
    Route("GET", "/console/login", &[""]),
    Route("POST", "/console/login", &[PASSWORDS]),
    Route("POST", "/console/login/code", &["code=012345"]),
    Route("POST", "/console/setup", &[PASSWORDS]),
    Route("POST", "/console/password", &[PASSWORDS]),
    Route("POST", "/console/logout", &[""]),
    Route("GET", "/console/erasure", &[""]),
    Route("POST", "/console/erasure", &[ERASE]),
    Route("GET", "/{tx}/{tx}", &[""]),
];

const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "QZ",
];

const HEADERS: [&str; 10] = [
    "origin",
    "content-type",
    "x-forwarded-for",
    "x-request-id",
    "host",
    "sec-fetch-site",
    "accept-language",
    "content-length",
    "if-none-match",
    "x-qz",
];
const HEADER_VALUES: [&str; 8] = [
    "https://shop.example",
    "text/plain",
    "203.0.113.9, 10.0.0.1",
    "0123456789abcdef",
    "null",
    "same-origin",
    "\"abc\"",
    "17",
];
const ID_TEXTS: [&str; 5] = [
    "iv1",
    "..",
    "%00",
    "store-1",
    "0123456789abcdef0123456789abcdef",
];
const QUERIES: [&str; 4] = [
    "storeId=store-1",
    "requestBody=%7B%22filter%22%3A%7B%22isTest%22%3Atrue%7D%7D",
    "store=store-1&status=READY&from=2026-01-01&page=2&action=store.create&before=3",
    "ended",
];

impl Call {
    fn route(&self) -> &'static Route {
        &ROUTES[usize::from(self.route) % ROUTES.len()]
    }

    /// Whether it asks for the API reference, which anyone may keep.
    pub fn is_reference(&self) -> bool {
        matches!(self.route().1, "/docs" | "/openapi.json")
    }

    /// The request, with what was typed into it that no answer may hold. `None` where no HTTP server would let it through.
    pub fn request(&self, world: &World) -> Option<(Request<Body>, Vec<String>)> {
        let Route(method, path, examples) = self.route();
        let method = match self.method {
            Some(which) if which % 4 == 0 => METHODS[usize::from(which / 4) % METHODS.len()],
            _ => method,
        };
        let uri = self.uri(path, world)?;
        let is_console = path.starts_with("/console");
        let mut body = self.body.of(examples);
        let (cookie, token) = match &self.cookie {
            Cookie::None => (None, ""),
            Cookie::Owner | Cookie::StillOwner | Cookie::AgainOwner | Cookie::OnceMoreOwner => {
                (Some(world.owner.0.clone()), &*world.owner.1)
            }
            Cookie::Stranger => (Some(world.stranger.0.clone()), &*world.stranger.1),
            Cookie::Any(input) => {
                let known = [&*world.owner.0, &*world.stranger.0, "a=b; bonin_console="];
                (Some(input.text_of(&known)), "")
            }
        };
        if is_console && self.token > 0 {
            body.splice(0..0, format!("csrf={token}&").into_bytes());
        }
        let authorization = match &self.authorization {
            Authorization::None => None,
            Authorization::Right | Authorization::StillRight => {
                Some(format!("PortOne {API_SECRET}"))
            }
            Authorization::Any(input) => {
                let known = ["Bearer a.b.c", "PortOne bonin_sk_x", "portone  "];
                Some(input.text_of(&known))
            }
        };
        let mut request = Request::new(Body::from(body.clone()));
        *request.uri_mut() = uri;
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        let mut headers: Vec<(HeaderName, String)> = Vec::new();
        headers.extend(cookie.map(|value| (header::COOKIE, value)));
        headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        for (which, value) in &self.headers {
            let name = HEADERS[usize::from(*which) % HEADERS.len()];
            headers.push((HeaderName::from_static(name), value.text_of(&HEADER_VALUES)));
        }
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                request.headers_mut().append(name, value);
            }
        }
        let typed = if is_console {
            typed(&body)
        } else {
            whole(&body)
        };
        Some((request, typed))
    }

    fn uri(&self, path: &str, world: &World) -> Option<Uri> {
        let mut ids = self.ids.iter();
        let mut built = String::new();
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            built.push_str(before);
            match ids.next() {
                Some(Id::Any(input)) => {
                    let text = input.of(&ID_TEXTS);
                    let text = &text[..text.len().min(2000)];
                    let encoded = percent_encoding::percent_encode(text, NON_ALPHANUMERIC);
                    built.push_str(&encoded.to_string());
                }
                _ => built.push_str(match name {
                    "iv" => "iv1",
                    "store" => &world.store,
                    "channel" => &world.channel,
                    "secret" => &world.secret,
                    "user" => &world.user,
                    _ => "0123456789abcdef0123456789abcdef",
                }),
            }
            rest = after;
        }
        built.push_str(rest);
        if let Some(query) = &self.query {
            let query = query.text_of(&QUERIES);
            let raw = format!("{built}?{query}");
            if let Ok(uri) = raw.parse() {
                return Some(uri);
            }
            // What cannot stand in an address as it is may stand there encoded.
            built.push('?');
            built.extend(utf8_percent_encode(
                &query[..query.floor_char_boundary(4000)],
                NON_ALPHANUMERIC,
            ));
        }
        built.parse().ok()
    }
}

/// The typed secret, where it stands in fields of secrets alone.
fn typed(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in form_urlencoded::parse(body) {
        let known = SECRET_FIELDS.contains(&&*name);
        if name.contains("QtTyped") || (!known && value.contains("QtTyped")) {
            return Vec::new();
        }
        if known && value.contains(TYPED) {
            found.push(TYPED.to_owned());
        }
    }
    found
}

/// The API never repeats anything of a secret.
fn whole(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let is_token = text.contains("apiSecret") || text.contains("refreshToken");
    (is_token && text.contains(TYPED))
        .then(|| TYPED.to_owned())
        .into_iter()
        .collect()
}
