//! A person in KCP's window without a browser: reads each page's forms and posts one of them.

use std::net::SocketAddr;

use url::Url;

use crate::{
    failure::{Failure, Result, ensure},
    http::{Client, Kept, request},
    people::{OTP, Person},
};

/// A form of a page: where it goes and what it sends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
    /// All names it knows, those of boxes that are not ticked among them.
    names: Vec<String>,
}

/// Attributes of a tag, `name` or `name="value"`.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=' || c == '/')
            .unwrap_or(rest.len());
        if end == 0 {
            return found;
        }
        let (name, after) = rest.split_at(end);
        match after
            .strip_prefix("=\"")
            .and_then(|after| after.split_once('"'))
        {
            Some((value, after)) => {
                found.push((name.to_owned(), plain(value)));
                rest = after;
            }
            None => {
                found.push((name.to_owned(), String::new()));
                rest = after.strip_prefix('=').unwrap_or(after);
            }
        }
    }
}

fn plain(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (entity, plain)| {
        text.replace(entity, plain)
    })
}

/// Every form of a page.
pub(crate) fn forms_of(page: &str) -> Vec<Form> {
    let forms = page.split("<form").skip(1);
    let whole = forms.filter_map(|form| form.split_once("</form>")?.0.split_once('>'));
    whole.map(|(tag, inside)| form(tag, inside)).collect()
}

fn form(tag: &str, inside: &str) -> Form {
    let of = |attributes: &[(String, String)], wanted: &str| {
        let found = attributes.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let mut form = Form {
        action: of(&attributes(tag), "action").unwrap_or_default(),
        fields: Vec::new(),
        names: Vec::new(),
    };
    let inputs = inside.split('<').filter_map(|part| {
        let (tag, _) = part.split_once('>')?;
        tag.strip_prefix("input")
            .or_else(|| tag.strip_prefix("button"))
    });
    for input in inputs {
        let input = attributes(input);
        let Some(name) = of(&input, "name") else {
            continue;
        };
        let kind = of(&input, "type").unwrap_or_default();
        let optional = matches!(kind.as_str(), "checkbox" | "radio" | "submit");
        if !optional || of(&input, "checked").is_some() {
            form.fields
                .push((name.clone(), of(&input, "value").unwrap_or_default()));
        }
        form.names.push(name);
    }
    form
}

impl Form {
    fn with(mut self, fields: &[(&str, &str)]) -> Self {
        for (name, value) in fields {
            self.fields.retain(|(known, _)| known != name);
            self.fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        self
    }

    /// Its fields as they are posted.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(&self.fields);
        encoded.finish().into_bytes()
    }
}

/// A browser that stands on one page.
#[derive(Debug)]
pub(crate) struct Browser {
    client: Client,
    at: Url,
    page: Kept,
}

impl Browser {
    /// Posts a form whose action is an address of this machine.
    async fn begin(form: &Form) -> Result<Self> {
        let at = Url::parse(&form.action)?;
        let addresses = at.socket_addrs(|| None)?;
        let address: Option<&SocketAddr> = addresses.first();
        let address = address.ok_or_else(|| Failure::new("the window is nowhere"))?;
        let mut browser = Self {
            client: Client::connect(*address).await?,
            at,
            page: Kept {
                status: 0,
                headers: Vec::new(),
                body: String::new(),
            },
        };
        browser.post(form).await?;
        Ok(browser)
    }

    async fn post(&mut self, form: &Form) -> Result<()> {
        self.at = self.at.join(&form.action)?;
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let asked = request("POST", self.at.path(), &headers, Some(&form.encoded()));
        self.page = self.client.ask(&asked).await?.kept()?;
        while matches!(self.page.status, 302 | 303) {
            let named = self
                .page
                .headers
                .iter()
                .find(|(name, _)| name == "location");
            let Some((_, location)) = named else { break };
            self.at = self.at.join(location)?;
            let asked = request("GET", self.at.path(), &[], None);
            self.page = self.client.ask(&asked).await?.kept()?;
        }
        self.page.expect(200).map(|_| ())
    }

    fn form_to(&self, ending: &str) -> Result<Form> {
        let found = forms_of(&self.page.body).into_iter().find(|form| {
            let path = form.action.split('?').next().unwrap_or_default();
            path.ends_with(ending)
        });
        found.ok_or_else(|| Failure::new(format!("no form to {ending} on the page at {}", self.at)))
    }

    async fn submit(&mut self, ending: &str, fields: &[(&str, &str)]) -> Result<()> {
        let form = self.form_to(ending)?.with(fields);
        self.post(&form).await
    }
}

/// Goes from the gateway's page of departure through the sandbox's window by SMS. Gives the form that the browser would post back
/// to the gateway.
pub(crate) async fn walk_through(departure: &str, person: &Person) -> Result<Form> {
    let forms = forms_of(departure);
    let go = forms
        .first()
        .ok_or_else(|| Failure::new("the page of departure has no form"))?;
    let mut browser = Browser::begin(go).await?;
    browser.submit("/operator", &[("operator", "KTF")]).await?;
    let terms = browser.form_to("/terms")?.names;
    let agreed: Vec<(&str, &str)> = terms.iter().map(|name| (name.as_str(), "Y")).collect();
    browser.submit("/terms", &agreed).await?;
    browser.submit("/method", &[("method", "SMS")]).await?;
    let (birth, digit) = person.resident.split_at(6);
    let who = [
        ("name", person.name),
        ("phone", person.phone.as_str()),
        ("birth", birth),
        ("digit", digit),
    ];
    browser.submit("/person", &who).await?;
    browser.submit("/number", &[("otp", OTP)]).await?;
    let back = forms_of(&browser.page.body)
        .into_iter()
        .find(|form| form.action.contains("/return/"));
    let back = back.ok_or_else(|| Failure::new("the window does not lead back"))?;
    ensure(!back.fields.is_empty(), || {
        "nothing is posted back".to_owned()
    })?;
    Ok(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_with_what_they_send_by_themselves() {
        let page = r#"<p>가</p><form method="post" action="/a?b=1&amp;c=2"><input type="hidden" name="k" value="&lt;v&gt;">
            <input type="checkbox" name="t1"><input type="checkbox" name="t2" value="Y" checked><input name="otp" required>
            <button type="submit" name="go" value="1">가기</button></form><form action="/z"></form>"#;
        let forms = forms_of(page);
        assert_eq!(forms.len(), 2);
        assert_eq!(forms[0].action, "/a?b=1&c=2");
        let fields: Vec<(&str, &str)> = forms[0]
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(fields, [("k", "<v>"), ("t2", "Y"), ("otp", "")]);
        assert_eq!(forms[0].names, ["k", "t1", "t2", "otp", "go"]);
        let posted = forms[0].clone().with(&[("otp", "1 2")]).encoded();
        assert_eq!(String::from_utf8(posted).unwrap(), "k=%3Cv%3E&t2=Y&otp=1+2");
    }

    #[test]
    fn a_page_without_forms_has_none() {
        assert!(forms_of("<p>form</p>").is_empty());
    }
}
