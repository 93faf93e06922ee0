//! The console's own style and script. No page needs anything from elsewhere.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::{
    Router,
    extract::RawQuery,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};

use super::Console;

struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const STYLE: Asset = Asset {
    path: "/console/style.css",
    content_type: "text/css; charset=utf-8",
    text: include_str!("style.css"),
};

const SCRIPT: Asset = Asset {
    path: "/console/console.js",
    content_type: "text/javascript; charset=utf-8",
    text: include_str!("console.js"),
};

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| STYLE.address());
static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| SCRIPT.address());

/// Where the style is. It changes with the style: browsers may keep what they got.
pub(super) fn style() -> &'static str {
    &STYLE_ADDRESS
}

/// Where the script is.
pub(super) fn script() -> &'static str {
    &SCRIPT_ADDRESS
}

impl Asset {
    fn version(&self) -> String {
        let hash = digest::digest(&digest::SHA256, self.text.as_bytes());
        hash.as_ref()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn address(&self) -> String {
        format!("{}?v={}", self.path, self.version())
    }

    /// An old page may ask for a version that is not this one's: then the answer must not stick.
    fn answer(&self, address: &str, asked: Option<&str>) -> Response {
        let is_this_one = asked.is_some_and(|query| address.ends_with(&format!("?{query}")));
        let kept = if is_this_one {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(self.content_type)),
            (CACHE_CONTROL, HeaderValue::from_static(kept)),
        ];
        (headers, self.text).into_response()
    }
}

pub(super) fn routes() -> Router<Console> {
    Router::new()
        .route(
            STYLE.path,
            get(async |RawQuery(asked): RawQuery| STYLE.answer(style(), asked.as_deref())),
        )
        .route(
            SCRIPT.path,
            get(async |RawQuery(asked): RawQuery| SCRIPT.answer(script(), asked.as_deref())),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(asked: Option<&str>) -> String {
        let answer = STYLE.answer(style(), asked);
        answer.headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_asked_for_by_its_version_is_kept_and_nothing_else_is() {
        let version = format!("v={}", STYLE.version());
        assert!(kept(Some(&version)).contains("immutable"));
        for other in [None, Some(""), Some("v="), Some("v=0123"), Some("css")] {
            assert_eq!(kept(other), "no-cache", "{other:?}");
        }
    }
}
