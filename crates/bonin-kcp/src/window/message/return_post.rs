use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::Sensitive;
use crate::call::is_res_cd;

/// A return post has a few short fields; what is longer is not one, and nothing of it is read.
const MAX_LEN: usize = 16 * 1024;
/// More pairs than any return post has.
const MAX_PAIRS: usize = 64;
const MAX_MESSAGE_LEN: usize = 500;

/// What KCP makes the user's browser post to `Ret_URL`. Anyone can forge it: it says only that it is time to ask.
///
/// Whatever was posted reads as one; a field that is missing, too long or no text is absent, and of a repeated field the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnPost {
    /// The code: 1 to 16 ASCII letters, digits, `-` or `_`. `0000` is success, `9999` the user's cancel.
    pub res_cd: Option<String>,
    /// The message, decoded; empty if there is none. At most 500 characters.
    pub res_msg: Sensitive,
    /// The merchant's order number.
    pub ordr_idxx: Option<String>,
    /// KCP's code for the merchant.
    pub site_cd: Option<String>,
    /// As registered.
    pub param_opt_1: Option<String>,
    /// As registered.
    pub param_opt_2: Option<String>,
    /// As registered.
    pub param_opt_3: Option<String>,
}

impl ReturnPost {
    /// Reads an `application/x-www-form-urlencoded` body.
    pub fn parse(body: &[u8]) -> Self {
        let mut post = Self::default();
        if body.len() > MAX_LEN {
            return post;
        }
        let mut has_message = false;
        for (name, value) in form_urlencoded::parse(body).take(MAX_PAIRS) {
            let (field, limit) = match &*name {
                "res_cd" if is_res_cd(&value) => (&mut post.res_cd, usize::MAX),
                "ordr_idxx" => (&mut post.ordr_idxx, 50),
                "site_cd" => (&mut post.site_cd, 20),
                "param_opt_1" => (&mut post.param_opt_1, usize::MAX),
                "param_opt_2" => (&mut post.param_opt_2, usize::MAX),
                "param_opt_3" => (&mut post.param_opt_3, usize::MAX),
                "res_msg" if !has_message => {
                    has_message = true;
                    post.res_msg = decode(&value);
                    continue;
                }
                _ => continue,
            };
            if field.is_none() && value.chars().count() <= limit {
                *field = Some(value.into_owned());
            }
        }
        post
    }
}

/// KCP URL-encodes the message, and the browser's form encodes that once more. One that was not encoded stays as it is.
fn decode(message: &str) -> Sensitive {
    let spaced = message.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8();
    text.as_deref()
        .unwrap_or(message)
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_MESSAGE_LEN)
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_return_post_is_read_with_its_message_decoded() {
        let post = ReturnPost::parse(
            b"res_cd=9999&res_msg=%25EC%25B7%25A8%25EC%2586%258C%2B%2521&ordr_idxx=B1&site_cd=AO7F3&param_opt_1=a%26b&param_opt_2=&new=1",
        );
        assert_eq!(
            post,
            ReturnPost {
                res_cd: Some("9999".into()),
                res_msg: "취소 !".into(),
                ordr_idxx: Some("B1".into()),
                site_cd: Some("AO7F3".into()),
                param_opt_1: Some("a&b".into()),
                param_opt_2: Some(String::new()),
                param_opt_3: None,
            }
        );
    }

    #[test]
    fn a_message_that_was_encoded_once_or_not_at_all_is_read_too() {
        for body in [
            "res_msg=%EC%B7%A8%EC%86%8C",
            "res_msg=취소",
            "res_msg=%25EC%25B7%25A8%25EC%2586%258C",
        ] {
            assert_eq!(ReturnPost::parse(body.as_bytes()).res_msg.expose(), "취소");
        }
        // Another charset than UTF-8 stays as it came.
        let post = ReturnPost::parse(b"res_msg=%25C3%25EB%25BC%25D2");
        assert_eq!(post.res_msg.expose(), "%C3%EB%BC%D2");
    }

    #[test]
    fn what_is_no_field_of_a_return_post_is_absent() {
        assert_eq!(ReturnPost::parse(b""), ReturnPost::default());
        assert_eq!(
            ReturnPost::parse(&[b'a'; MAX_LEN + 1]),
            ReturnPost::default()
        );
        let (order, site) = ("x".repeat(51), "x".repeat(21));
        let body =
            format!("res_cd=0000%0a&res_cd=0001&res_cd=0000&ordr_idxx={order}&site_cd={site}");
        assert_eq!(
            ReturnPost::parse(body.as_bytes()),
            ReturnPost {
                res_cd: Some("0001".into()),
                ..ReturnPost::default()
            }
        );
    }

    proptest! {
        #[test]
        fn any_bytes_read_as_a_return_post(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let post = ReturnPost::parse(&body);
            prop_assert!(post.res_msg.expose().chars().count() <= MAX_MESSAGE_LEN);
        }
    }
}
