//! From where a page may call, and where a browser may be sent.

use bonin_store::{BrowserRules, StoreKind, StoreRow};
use url::{Host, Url};

/// The origin of the page that calls, as its browser names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Option<String>);

impl Origin {
    /// Reads an `Origin` header. `null`, a missing one and one that is none are no origin.
    pub fn parse(header: Option<&str>) -> Self {
        Self(header.and_then(|header| {
            let url = Url::parse(header).ok()?;
            // It goes into a content security policy, where `*`, `;` and `,` would mean something else.
            let plain = matches!(url.scheme(), "http" | "https")
                && url.host_str().is_some_and(is_plain_host);
            let origin = url.origin().ascii_serialization();
            (plain && origin == header).then_some(origin)
        }))
    }

    /// The origin, if there is one.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether pages from here may call for this store. A LIVE store names its origins; a TEST store need not.
    pub fn may_call(&self, store: &StoreRow) -> bool {
        let named = &store.browser.origins;
        match (&self.0, store.kind, named.is_empty()) {
            (Some(origin), _, false) => named.contains(origin),
            (None, StoreKind::Test, true) | (Some(_), StoreKind::Test, true) => true,
            (_, StoreKind::Live, true) | (None, _, false) => false,
        }
    }
}

fn is_plain_host(host: &str) -> bool {
    host.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
}

/// Schemes that run something, read something, or go nowhere.
const HOSTILE: [&str; 32] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "intent",
    "filesystem",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "mailto",
    "tel",
    "sms",
    "android-app",
    "content",
    "resource",
    "res",
    "jar",
    "mhtml",
    "smb",
    "search-ms",
    "search",
    "shell",
    "market",
    "livescript",
    "mocha",
    "wyciwyg",
    "cid",
    "mid",
    "itms-services",
];
/// How schemes of browsers and of Windows begin.
const HOSTILE_FAMILIES: [&str; 6] = ["ms-", "chrome", "moz-", "edge", "safari-", "opera"];

/// Where a browser goes in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectTarget(String);

impl RedirectTarget {
    /// Checks an address against the store's rules: http(s) to the calling page's own origin or to a host of the list, or
    /// an app's scheme. `None` where it is not acceptable.
    pub fn parse(address: &str, origin: &Origin, store: &StoreRow) -> Option<Self> {
        if address
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return None;
        }
        let url = Url::parse(address).ok()?;
        let rules = &store.browser;
        let may = match url.scheme() {
            "http" | "https" => {
                url.username().is_empty()
                    && url.password().is_none()
                    && url.host().is_some_and(|host| is_host(&host))
                    && (is_own(&url, origin) || may_go(&url, rules, store.kind))
            }
            scheme if is_hostile(scheme) => false,
            // An app's address says where in the app: `myapp://done`.
            scheme if !says_where(address, scheme) => false,
            scheme => {
                let named = &rules.redirect_schemes;
                let listed = named.iter().any(|known| known == scheme);
                listed || (store.kind == StoreKind::Test && named.is_empty())
            }
        };
        may.then(|| Self(address.to_owned()))
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a scheme runs something, reads something, or goes nowhere.
pub(crate) fn is_hostile(scheme: &str) -> bool {
    HOSTILE.contains(&scheme)
        || HOSTILE_FAMILIES
            .iter()
            .any(|family| scheme.starts_with(family))
}

fn says_where(address: &str, scheme: &str) -> bool {
    address
        .get(scheme.len()..)
        .and_then(|rest| rest.strip_prefix("://"))
        .is_some_and(|rest| !rest.is_empty())
}

fn is_host(host: &Host<&str>) -> bool {
    !matches!(host, Host::Domain(name) if name.is_empty())
}

fn is_own(url: &Url, origin: &Origin) -> bool {
    origin.as_str() == Some(url.origin().ascii_serialization().as_str())
}

fn may_go(url: &Url, rules: &BrowserRules, kind: StoreKind) -> bool {
    let named = &rules.redirect_hosts;
    if named.is_empty() {
        return kind == StoreKind::Test;
    }
    // What the result says of a person's verification does not travel in the clear.
    if kind == StoreKind::Live && url.scheme() != "https" {
        return false;
    }
    let Some(host) = url.host_str() else {
        return false;
    };
    let with_port = url.port().map(|port| format!("{host}:{port}"));
    let name = with_port.as_deref().unwrap_or(host);
    named.iter().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use bonin_core::StoreId;

    use super::*;

    fn store(kind: StoreKind, origins: &[&str], hosts: &[&str], schemes: &[&str]) -> StoreRow {
        let list = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        StoreRow {
            id: StoreId::parse("store-1").unwrap(),
            name: "상점".into(),
            kind,
            allow_test_channels: false,
            browser: BrowserRules {
                origins: list(origins),
                redirect_hosts: list(hosts),
                redirect_schemes: list(schemes),
            },
            limits: bonin_store::StoreLimits::default(),
            retention_days: None,
        }
    }

    #[test]
    fn a_live_store_names_its_origins_and_a_test_store_need_not() {
        let shop = Origin::parse(Some("https://shop.example.com"));
        let other = Origin::parse(Some("https://evil.example.com"));
        let none = Origin::parse(None);
        let live = store(StoreKind::Live, &["https://shop.example.com"], &[], &[]);
        assert!(shop.may_call(&live) && !other.may_call(&live) && !none.may_call(&live));
        let unnamed = store(StoreKind::Live, &[], &[], &[]);
        assert!(!shop.may_call(&unnamed) && !none.may_call(&unnamed));
        let test = store(StoreKind::Test, &[], &[], &[]);
        assert!(shop.may_call(&test) && none.may_call(&test));
        let strict = store(StoreKind::Test, &["https://shop.example.com"], &[], &[]);
        assert!(shop.may_call(&strict) && !other.may_call(&strict) && !none.may_call(&strict));
    }

    #[test]
    fn what_is_no_origin_is_none() {
        for wrong in [
            "null",
            "",
            "https://shop.example.com/",
            "https://shop.example.com/path",
            "shop.example.com",
            "javascript:alert(1)",
            "https://user@shop.example.com",
            "HTTPS://SHOP.EXAMPLE.COM",
            "file://",
            "https://shop.example.com:443",
            "https://*",
            "https://*.com",
            "https://a;sandbox",
            "https://a,b",
        ] {
            assert_eq!(Origin::parse(Some(wrong)).as_str(), None, "{wrong}");
        }
        assert!(
            Origin::parse(Some("http://127.0.0.1:5173"))
                .as_str()
                .is_some()
        );
    }

    #[test]
    fn hostile_redirect_targets_are_refused_by_every_store() {
        let origin = Origin::parse(Some("https://shop.example.com"));
        for kind in [StoreKind::Live, StoreKind::Test] {
            let store = store(kind, &["https://shop.example.com"], &[], &[]);
            for hostile in [
                "javascript:alert(1)",
                "JaVaScRiPt:alert(1)",
                "java\nscript:alert(1)",
                " javascript:alert(1)",
                "data:text/html,<script>",
                "vbscript:x",
                "file:///etc/passwd",
                "blob:https://shop.example.com/1",
                "about:blank",
                "intent://x#Intent;end",
                "//evil.example.com",
                "/path",
                "https://",
                "https://shop.example.com@evil.example.com/",
                "https:\\\\evil.example.com",
                "http:///evil",
                "https://user:pass@shop.example.com/",
                "android-app://x",
                "content://x",
                "jar:https://x!/",
                "smb://x",
                "chrome-extension://abc/x",
                "ms-msdt:/id",
                "search-ms:query=x",
                "shell:x",
                "market://d",
                "x:1",
                "x://",
                "view-source:https://shop.example.com",
                "",
            ] {
                let target = RedirectTarget::parse(hostile, &origin, &store);
                // `http:///evil` is the host `evil` to browsers and to us.
                if hostile == "http:///evil" && kind == StoreKind::Test {
                    continue;
                }
                assert_eq!(target, None, "{hostile}");
            }
        }
    }

    #[test]
    fn a_live_store_is_left_for_its_own_origin_its_hosts_and_its_schemes_only() {
        let origin = Origin::parse(Some("https://shop.example.com"));
        let live = store(
            StoreKind::Live,
            &["https://shop.example.com"],
            &["pay.example.com", "dev.example.com:8443"],
            &["myapp"],
        );
        for (address, may) in [
            ("https://shop.example.com/done?a=1", true),
            ("http://shop.example.com/done", false),
            ("https://shop.example.com:8443/done", false),
            ("https://pay.example.com/done", true),
            ("http://pay.example.com/done", false),
            ("https://dev.example.com:8443/", true),
            ("https://dev.example.com/", false),
            ("https://evil.example.com/", false),
            ("https://pay.example.com.evil.example/", false),
            ("myapp://done", true),
            ("otherapp://done", false),
        ] {
            let target = RedirectTarget::parse(address, &origin, &live);
            assert_eq!(target.is_some(), may, "{address}");
        }
        let test = store(StoreKind::Test, &[], &[], &[]);
        assert!(RedirectTarget::parse("portone://blank", &origin, &test).is_some());
        assert!(RedirectTarget::parse("http://localhost:3000/x", &origin, &test).is_some());
    }
}
