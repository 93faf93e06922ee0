//! Reading the OpenAPI document: schemas flattened to rows, unions, errors.

use maud::{Markup, html};
use serde_json::Value;

/// How deep objects in objects are unfolded; the contract needs four.
const MAX_DEPTH: usize = 8;

/// From this many on, the values of an enum are folded away.
const MANY_VALUES: usize = 12;

/// Errors that Bonin has beyond PortOne's schema.
const ADDITIONS: [&str; 5] = [
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "PAYLOAD_TOO_LARGE",
    "TOO_MANY_REQUESTS",
    "SERVICE_UNAVAILABLE",
];

/// The members of a JSON object; of anything else, none.
pub fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The name at the end of `#/components/schemas/{name}`.
fn name_of(location: &Value) -> Option<&str> {
    location.as_str()?.strip_prefix("#/components/schemas/")
}

/// One field of an object, or one parameter.
#[derive(Debug)]
pub struct Row {
    path: String,
    kind: Markup,
    required: bool,
    description: String,
    values: Vec<String>,
}

impl Row {
    #[cfg(test)]
    pub fn told(&self) -> (&str, bool, String) {
        let kind = self.kind.clone().into_string();
        (&self.path, self.required, kind)
    }
}

/// A kind of error, as its schema tells it.
pub struct ErrorKind<'a> {
    pub name: &'a str,
    pub status: u64,
    pub type_name: &'a str,
    pub meaning: &'a str,
}

impl ErrorKind<'_> {
    pub fn is_addition(&self) -> bool {
        ADDITIONS.contains(&self.type_name)
    }
}

/// The document, and what is asked of it again and again.
pub struct Document<'a> {
    openapi: &'a Value,
}

impl<'a> Document<'a> {
    pub const fn new(openapi: &'a Value) -> Self {
        Self { openapi }
    }

    pub fn schema(&self, name: &str) -> &'a Value {
        &self.openapi["components"]["schemas"][name]
    }

    /// The description of a way to authorize.
    pub fn scheme(&self, name: &str) -> &'a str {
        self.openapi["components"]["securitySchemes"][name]["description"]
            .as_str()
            .unwrap_or_default()
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        name_of(&schema["$ref"]).map_or(schema, |name| self.schema(name))
    }

    /// The unions that are no unions of errors.
    pub fn unions(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        entries(&self.openapi["components"]["schemas"]).filter(|(_, schema)| {
            schema["oneOf"].is_array() && schema["discriminator"]["propertyName"] != "type"
        })
    }

    /// The shapes of a union by the discriminator's value.
    pub fn members(&self, union: &'a Value) -> Vec<(&'a str, &'a str)> {
        entries(&union["discriminator"]["mapping"])
            .filter_map(|(value, location)| Some((value, name_of(location)?)))
            .collect()
    }

    /// A link to the section about a union or one of its shapes, where the schema is a reference to one.
    pub fn link_to(&self, schema: &Value) -> Option<Markup> {
        let name = name_of(&schema["$ref"])?;
        let told = self.unions().any(|(union, schema)| {
            union == name
                || self
                    .members(schema)
                    .iter()
                    .any(|(_, member)| *member == name)
        });
        told.then(|| html! { a href={ "#" (name) } { code { (name) } } })
    }

    fn error(&self, name: &'a str) -> Option<ErrorKind<'a>> {
        let schema = self.schema(name);
        Some(ErrorKind {
            name,
            status: schema["x-portone-status-code"].as_u64()?,
            type_name: schema["properties"]["type"]["enum"][0].as_str()?,
            meaning: schema["description"].as_str().unwrap_or_default(),
        })
    }

    /// All errors, by status.
    pub fn errors(&self) -> Vec<ErrorKind<'a>> {
        let mut errors: Vec<_> = entries(&self.openapi["components"]["schemas"])
            .filter_map(|(name, _)| self.error(name))
            .collect();
        errors.sort_by_key(|error| (error.status, error.is_addition()));
        errors
    }

    /// The errors that an answer of this schema and status may be.
    pub fn errors_of(&self, schema: &'a Value, status: &str) -> Vec<ErrorKind<'a>> {
        let own = name_of(&schema["$ref"]);
        let members =
            list(&self.resolve(schema)["oneOf"]).filter_map(|member| name_of(&member["$ref"]));
        own.into_iter()
            .chain(members)
            .filter_map(|name| self.error(name))
            .filter(|error| error.status.to_string() == status)
            .collect()
    }

    /// Whether a call may answer an error.
    pub fn raises(&self, operation: &'a Value, error: &str) -> bool {
        entries(&operation["responses"]).any(|(status, response)| {
            let schema = &response["content"]["application/json"]["schema"];
            self.errors_of(schema, status)
                .iter()
                .any(|kind| kind.name == error)
        })
    }

    /// The parameters of a call. One that holds JSON is followed by the fields of that JSON, unless the call takes the
    /// same as its body.
    pub fn parameters(&self, operation: &'a Value) -> Vec<Row> {
        list(&operation["parameters"])
            .map(|parameter| {
                let json = &parameter["content"]["application/json"]["schema"];
                let schema = if json.is_object() { json } else { &parameter["schema"] };
                let place = parameter["in"].as_str().unwrap_or_default();
                let kind = self.kind(schema);
                Row {
                    path: parameter["name"].as_str().unwrap_or_default().to_owned(),
                    kind: html! { @if json.is_object() { "JSON " } @else { (kind) " " } "· " (place) },
                    required: parameter["required"] == true,
                    description: parameter["description"].as_str().unwrap_or_default().to_owned(),
                    values: self.values(schema),
                }
            })
            .collect()
    }

    /// The fields of an object, objects within it unfolded to dotted paths.
    pub fn fields(&self, schema: &'a Value) -> Vec<Row> {
        let mut rows = Vec::new();
        self.unfold(self.resolve(schema), "", 0, &mut rows);
        rows
    }

    fn unfold(&self, object: &'a Value, prefix: &str, depth: usize, rows: &mut Vec<Row>) {
        // What PortOne's schema leaves open, ours tells by an extension: the contents of `bypass`.
        let mut properties: Vec<_> = entries(&object["properties"])
            .chain(entries(&object["x-bonin-properties"]))
            .collect();
        let required = |name: &str| list(&object["required"]).any(|required| required == name);
        // What must be there first; the order is stable.
        properties.sort_by_key(|(name, _)| !required(name));
        for (name, property) in properties {
            let path = format!("{prefix}{name}");
            let resolved = self.resolve(property);
            let description = property["description"]
                .as_str()
                .or(resolved["description"].as_str());
            rows.push(Row {
                kind: self.kind(property),
                required: required(name),
                description: description.unwrap_or_default().to_owned(),
                values: self.values(property),
                path: path.clone(),
            });
            if depth < MAX_DEPTH && self.link_to(property).is_none() {
                self.unfold(resolved, &format!("{path}."), depth + 1, rows);
            }
        }
    }

    /// The type in words.
    fn kind(&self, schema: &'a Value) -> Markup {
        if let Some(link) = self.link_to(schema) {
            return link;
        }
        let schema = self.resolve(schema);
        let words = match (
            schema["type"].as_str().unwrap_or_default(),
            schema["format"].as_str(),
        ) {
            ("array", _) => return html! { (self.kind(&schema["items"])) " 배열" },
            ("string", Some("date-time")) => "문자열 (RFC 3339 시각)",
            ("string", Some("date")) => "문자열 (날짜)",
            ("string", _) => "문자열",
            ("integer", _) => "정수",
            ("number", _) => "수",
            ("boolean", _) => "참/거짓",
            ("object", _) => "객체",
            (other, _) => other,
        };
        html! { (words) }
    }

    fn values(&self, schema: &'a Value) -> Vec<String> {
        let schema = self.resolve(schema);
        let schema = if schema["items"].is_object() {
            self.resolve(&schema["items"])
        } else {
            schema
        };
        list(&schema["enum"])
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
            .collect()
    }
}

/// What a schema is called: the first sentence of its description.
pub fn title<'a>(name: &'a str, schema: &'a Value) -> &'a str {
    schema["description"]
        .as_str()
        .and_then(|description| description.split(['.', '\n']).next())
        .filter(|title| !title.is_empty())
        .unwrap_or(name)
}

/// Rows as a table.
pub fn table(rows: &[Row]) -> Markup {
    html! {
        table.fields {
            thead { tr { th scope="col" { "항목" } th scope="col" { "설명" } } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" {
                            code { (row.path) }
                            @if row.required { " " span.required { "필수" } }
                            span.kind { (row.kind) }
                        }
                        td {
                            @if !row.description.is_empty() { p { (rich(&row.description)) } }
                            @if row.values.len() >= MANY_VALUES {
                                details { summary { "가능한 값 " (row.values.len()) "개" } (values(&row.values)) }
                            } @else if !row.values.is_empty() {
                                (values(&row.values))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn values(values: &[String]) -> Markup {
    html! {
        ul.values aria-label="가능한 값" {
            @for value in values { li { code { (value) } } }
        }
    }
}

/// A description: what stands in backticks is code, a line break is one.
pub fn rich(text: &str) -> Markup {
    html! {
        @for (number, line) in text.lines().enumerate() {
            @if number > 0 { br; }
            @for (index, part) in line.split('`').enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

/// The paragraphs of a description, without one that only repeats the heading.
pub fn paragraphs(text: &str, heading: &str) -> Markup {
    html! {
        @for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty() && *paragraph != heading) {
            p { (rich(paragraph)) }
        }
    }
}
